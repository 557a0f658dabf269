extension String {
  /// With all but the unreserved characters of RFC 3986 (section 2.3) percent-encoded, which every cloud understands in paths,
  /// queries and forms, and which signatures ask for.
  /// - Parameter kept: ASCII characters that stay as well.
  func percentEncoded(except kept: String = "") -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(utf8.count)
    for byte in utf8 {
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        bytes.append(byte)
      case _ where kept.utf8.contains(byte): bytes.append(byte)
      default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension [String: String] {
  /// As a query or as `application/x-www-form-urlencoded` has them, in the order of their names.
  var percentEncoded: String {
    sorted { $0.key < $1.key }.map { "\($0.key.percentEncoded())=\($0.value.percentEncoded())" }
      .joined(separator: "&")
  }
}
