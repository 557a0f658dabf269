package import ExportCore
import Foundation
package import Ledger

/// Queries sources and writes to, reads from and deletes at destinations, for `exportd check`. Done by whoever has the
/// credentials: the daemon when it is up.
package struct Probe: Sendable {
  private let configuration: Configuration
  private let parts: Parts

  /// What was found out, as JSON in the answer to a wish.
  package struct Report: Hashable, Sendable, Codable {
    /// The absolute path of the `exportd.json` that was gone by.
    package var file: String
    package var findings: [Finding]
  }

  package struct Finding: Hashable, Sendable, Codable {
    package enum Severity: String, Hashable, Sendable, Codable { case note, warning, error }
    package var severity: Severity
    /// `source main`, `destination lake`.
    package var object: String
    /// A clause, or a sentence or two, without a full stop at the end.
    package var message: String
  }

  package init(_ configuration: Configuration, parts: Parts) {
    self.configuration = configuration
    self.parts = parts
  }

  /// One after the other: two that lead to the same place would find each other's objects.
  package func findings(sources: Set<String>, destinations: Set<String>) async -> [Finding] {
    var findings: [Finding] = []
    for name in sources.sorted() { findings += await query(name) }
    for name in destinations.sorted() { findings += await tryOut(name) }
    return findings
  }

  private func query(_ name: String) async -> [Finding] {
    guard let source = configuration.sources[name] else { return [] }
    let object = "source \(name)"
    do {
      return try await parts.source(source).check().map { finding in
        let severity: Finding.Severity =
          switch finding.severity {
          case .note: .note
          case .warning: .warning
          case .error: .error
          }
        return Finding(severity: severity, object: object, message: finding.message)
      }
    } catch {
      return [Finding(severity: .error, object: object, message: "\(error)")]
    }
  }

  private func tryOut(_ name: String) async -> [Finding] {
    guard let destination = configuration.destinations[name] else { return [] }
    let object = "destination \(name)"
    do {
      try await parts.destination(name, destination).probe()
      return [Finding(severity: .note, object: object, message: "an object was written, read and deleted")]
    } catch {
      return [Finding(severity: .error, object: object, message: "\(error)")]
    }
  }
}

extension Probe.Report {
  package init(file: String, _ findings: [Probe.Finding]) {
    self.file = file
    self.findings = findings
  }

  /// For a command that waits.
  package var answer: Answer {
    let json = (try? JSONEncoder().encode(self)).map { String(decoding: $0, as: UTF8.self) }
    return json.map { Answer(succeeded: true, text: $0) }
      ?? Answer(succeeded: false, text: "the report could not be written down")
  }
}
