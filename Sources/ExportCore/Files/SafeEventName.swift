/// An event name as it stands in file names and prefixes: it cannot add a level to a path, hold a control
/// character or grow beyond ``byteLimit``. Different names may become equal.
package struct SafeEventName: Hashable, Sendable, CustomStringConvertible {
  package let text: String

  /// The most bytes that a name takes.
  package static let byteLimit = 120

  /// - Parameter name: UTF-8; whitespace (the Unicode property White_Space), `/`, `\` and NUL become `-`, other
  ///   control characters (general category Cc) `?`. What is too long is cut between two scalars, so that
  ///   the outcome hangs on no version of Unicode's tables.
  package init(_ name: some Collection<UInt8>) {
    var text = String.UnicodeScalarView()
    var bytes = 0
    // A scalar that shrinks takes 3 bytes at most, so what lies behind these can no longer have room.
    for scalar in String(decoding: name.prefix(Self.byteLimit * 4), as: UTF8.self).unicodeScalars {
      let safe = Self.replacement(for: scalar) ?? scalar
      bytes += UTF8.width(safe)
      if bytes > Self.byteLimit { break }
      text.append(safe)
    }
    self.text = String(text)
  }

  package init(_ name: String) { self.init(name.utf8) }

  package var description: String { text }

  private static func replacement(for scalar: Unicode.Scalar) -> Unicode.Scalar? {
    switch scalar.value {
    case 0x00, 0x09...0x0D, 0x20, 0x2F, 0x5C, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F,
      0x205F, 0x3000:
      "-"
    case 0x01...0x1F, 0x7F...0x9F: "?"
    default: nil
    }
  }
}
