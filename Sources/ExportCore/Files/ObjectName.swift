/// A relative name that cannot lead out of the destination: no level is empty, `.` or `..`.
package struct ObjectName: Hashable, Sendable {
  package let text: String
  /// The directory-like levels it lies in, from the outermost on.
  package let levels: [String]
  package let last: String

  /// - Throws: ``ExportError`` for a name that is none.
  package init(_ text: String) throws(ExportError) {
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
