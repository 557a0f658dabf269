/// What happened, line by line: for whoever reads a failing history, and to see that a seed always leads to the same.
package final class Trace: @unchecked Sendable {
  package private(set) var lines: [String] = []
  private let isOn: Bool

  package init(isOn: Bool) { self.isOn = isOn }

  package func note(_ text: () -> String) { if isOn { lines.append(text()) } }
}
