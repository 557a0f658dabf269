/// Gathers what is wrong in one file while it is decoded: a decoder never stops at the first.
final class Report {
  let document: JSONDocument
  private var found: [Diagnostic]

  init(_ document: JSONDocument) {
    self.document = document
    found = document.repeatedNames
  }

  /// - Parameter offset: of the first byte of what it is about.
  func add(_ severity: Diagnostic.Severity = .error, at offset: Int, _ path: JSONPath, _ message: String) {
    found.append(
      Diagnostic(
        severity, file: document.file, position: document.position(of: offset), path: path, message: message))
  }

  /// In the order of the text; of the same place, in the order in which they were found.
  var diagnostics: [Diagnostic] {
    found.enumerated().sorted { a, b in
      guard let first = a.element.position, let second = b.element.position, first != second else {
        return a.offset < b.offset
      }
      return first < second
    }.map(\.element)
  }

  var hasErrors: Bool { found.contains { $0.severity == .error } }
}
