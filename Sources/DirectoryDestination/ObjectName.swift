import ExportCore

/// A relative name that cannot lead out of the destination: no level is empty, `.` or `..`.
struct ObjectName: Sendable {
  let text: String
  /// The directories it lies in, from the outermost on.
  let levels: [String]
  let last: String

  /// - Throws: ``ExportError`` for a name that is none.
  init(_ text: String) throws(ExportError) {
    var parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    for part in parts {
      guard part != "", part != ".", part != "..", !part.utf8.contains(0), part.utf8.count <= 255 else {
        throw ExportError(
          .destination, .lasting, object: text, problem: "\"\(part)\" cannot be a level of a file's name")
      }
    }
    self.text = text
    last = parts.removeLast()
    levels = parts
  }
}
