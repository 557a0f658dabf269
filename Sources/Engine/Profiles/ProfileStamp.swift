/// What is remembered of a profile that was sent: which version it was, or a digest of all that it held.
struct ProfileStamp: Hashable {
  var high: UInt64
  var low: UInt64

  /// Of a profile that is deleted, where digests are remembered.
  static let deleted = ProfileStamp(high: 0, low: 0)

  static let byteCount = 16

  func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try withUnsafeBytes(of: (high.littleEndian, low.littleEndian), body)
  }

  init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// From ``byteCount`` bytes.
  init(bytes: UnsafeRawPointer) {
    high = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    low = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
  }
}
