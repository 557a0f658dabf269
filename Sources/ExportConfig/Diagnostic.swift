/// Something in a configuration file that a person should mend: where it stands, what was found there and
/// what would be allowed. Carries no secret.
package struct Diagnostic: Error, Hashable, Sendable {
  package enum Severity: String, Hashable, Sendable, Codable { case error, warning }

  package var severity: Severity
  /// The file as a path, or what stands for it: `standard input`.
  package var file: String
  /// Nil when it is about the file as a whole, which may not even be there.
  package var position: TextPosition?
  package var path: JSONPath
  /// A sentence or two, without a full stop.
  package var message: String

  package init(
    _ severity: Severity = .error, file: String, position: TextPosition? = nil, path: JSONPath = .root,
    message: String
  ) {
    self.severity = severity
    self.file = file
    self.position = position
    self.path = path
    self.message = message
  }
}

extension Diagnostic: CustomStringConvertible {
  /// `FILE:LINE:COLUMN: error: PATH: MESSAGE`, the form that editors jump to.
  package var description: String {
    let place = position.map { "\(file.printable):\($0.line):\($0.column)" } ?? file.printable
    let subject = path.isRoot ? "" : "\(path): "
    return "\(place): \(severity.rawValue): \(subject)\(message)"
  }
}

extension Sequence<Diagnostic> {
  package var errors: [Diagnostic] { filter { $0.severity == .error } }
  package var warnings: [Diagnostic] { filter { $0.severity == .warning } }
}
