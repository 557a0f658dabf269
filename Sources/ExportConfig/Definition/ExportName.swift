/// The rule for names of exports: `[a-z0-9][a-z0-9-]{0,62}`. They stand in file names, commands and prefixes.
package enum ExportName {
  /// In words, as in "must be …".
  package static let rule = "1 to 63 lower-case letters, digits and hyphens, not a hyphen first"

  package static func isValid(_ name: String) -> Bool {
    (1...63).contains(name.utf8.count) && name.utf8.first != UInt8(ascii: "-")
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}
