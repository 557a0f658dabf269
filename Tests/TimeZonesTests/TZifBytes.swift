/// Writes TZif files (RFC 9636), right and wrong ones, for zones that no system has.
struct TZifBytes {
  var version = UInt8(ascii: "2")
  var transitions: [(at: Int64, type: UInt8)] = []
  var types: [(offset: Int32, designation: UInt8)] = [(0, 0)]
  var designations = "UTC\0"
  var leapSeconds = 0
  var footer = "\nUTC0\n"

  var bytes: [UInt8] {
    // The block of 32-bit times is for old readers and may be empty but for one type.
    var bytes =
      header(transitions: 0, types: 1, designations: 1, leapSeconds: 0) + [UInt8](repeating: 0, count: 7)
    guard version != 0 else { return bytes }
    bytes += header(
      transitions: transitions.count, types: types.count, designations: designations.utf8.count,
      leapSeconds: leapSeconds)
    for transition in transitions { bytes += bigEndian(transition.at) }
    bytes += transitions.map(\.type)
    for type in types { bytes += bigEndian(type.offset) + [0, type.designation] }
    bytes += Array(designations.utf8)
    bytes += [UInt8](repeating: 0, count: leapSeconds * 12)
    return bytes + Array(footer.utf8)
  }

  private func header(transitions: Int, types: Int, designations: Int, leapSeconds: Int) -> [UInt8] {
    Array("TZif".utf8) + [version] + [UInt8](repeating: 0, count: 15)
      + [0, 0, leapSeconds, transitions, types, designations].flatMap { bigEndian(UInt32($0)) }
  }

  private func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
  }
}
