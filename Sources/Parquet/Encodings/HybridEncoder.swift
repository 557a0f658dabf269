/// Runs of equal numbers, and groups of eight packed bit by bit, whichever is shorter (Encodings.md, RLE = 3): how
/// levels and dictionary indices are stored.
struct HybridEncoder {
  /// Bits of a number, 1 to 32.
  private let width: Int
  private let valueBytes: Int
  /// Numbers that do not make a group of eight yet: at most seven.
  private var pending: (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32) = (
    0, 0, 0, 0, 0, 0, 0, 0
  )
  private var pendingCount = 0
  /// Where the header of the packed run that is open lies; its groups follow. -1 when none is open.
  private var header = -1
  private var groups = 0

  /// What one byte of header can count.
  private static let maxGroups = 63

  init(width: Int) {
    precondition((1...32).contains(width))
    self.width = width
    valueBytes = (width + 7) / 8
  }

  /// How many bits the numbers up to `max` take; one at least, because some readers do not know of none.
  static func width(of max: Int) -> Int { Swift.max(1, Int.bitWidth - max.leadingZeroBitCount) }

  /// Appends `count` times the same number.
  @inline(__always)
  mutating func append(_ value: UInt32, count: Int, to out: inout Bytes) {
    var left = count
    if pendingCount > 0 {
      left -= fill(value, count: left, &out)
      guard left > 0 else { return }
    }
    // A run ends a packed one, and the next one pays for a header again.
    let packed = left / 8 * width
    if left >= 8, packed > 1 + valueBytes + (header >= 0 ? 1 : 0) {
      return appendRun(value, count: left, to: &out)
    }
    while left > 0 { left -= fill(value, count: left, &out) }
  }

  /// Puts what has room into the group of eight; how many that were.
  @inline(__always)
  private mutating func fill(_ value: UInt32, count: Int, _ out: inout Bytes) -> Int {
    let taken = min(count, 8 - pendingCount)
    withUnsafeMutableBytes(of: &pending) { bytes in
      let slots = bytes.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt32.self)
      for i in 0..<taken { slots[pendingCount + i] = value }
    }
    pendingCount += taken
    if pendingCount == 8 { pack(&out) }
    return taken
  }

  private mutating func appendRun(_ value: UInt32, count: Int, to out: inout Bytes) {
    closePacked(&out)
    out.append(varint: UInt64(count) << 1)
    appendValue(value, &out)
  }

  private func appendValue(_ value: UInt32, _ out: inout Bytes) {
    for byte in 0..<valueBytes { out.append(UInt8(truncatingIfNeeded: value >> UInt32(8 * byte))) }
  }

  /// Writes the eight pending numbers as a group.
  private mutating func pack(_ out: inout Bytes) {
    if header < 0 {
      header = out.count
      out.append(0 as UInt8)
    }
    withUnsafeBytes(of: &pending) { bytes in
      BitPacking.append(bytes.assumingMemoryBound(to: UInt32.self), width: width, to: &out)
    }
    pendingCount = 0
    groups += 1
    if groups == HybridEncoder.maxGroups { closePacked(&out) }
  }

  private mutating func closePacked(_ out: inout Bytes) {
    guard header >= 0 else { return }
    out.replace(at: header, with: UInt8(groups << 1 | 1))
    header = -1
    groups = 0
  }

  /// Appends the numbers one by one.
  mutating func append(_ values: UnsafeBufferPointer<UInt32>, to out: inout Bytes) {
    var i = 0
    while i < values.count {
      let value = values[i]
      var end = i + 1
      while end < values.count, values[end] == value { end += 1 }
      append(value, count: end - i, to: &out)
      i = end
    }
  }

  /// Writes what is pending, filled up with zeros that readers leave out because they know the count.
  mutating func finish(_ out: inout Bytes) {
    if pendingCount > 0 {
      // A short run of one number is shorter than a group of eight.
      if header < 0, valueBytes + 1 < width + 1, isPendingRun {
        out.append(varint: UInt64(pendingCount) << 1)
        appendValue(pending.0, &out)
        pendingCount = 0
      } else {
        _ = fill(0, count: 8 - pendingCount, &out)
      }
    }
    closePacked(&out)
  }

  private var isPendingRun: Bool {
    withUnsafeBytes(of: pending) { bytes in
      bytes.assumingMemoryBound(to: UInt32.self).prefix(pendingCount).allSatisfy { $0 == pending.0 }
    }
  }
}

/// Numbers packed bit by bit, the lowest bit first (Encodings.md, RLE and DELTA_BINARY_PACKED).
enum BitPacking {
  /// Appends a multiple of eight numbers of `width` bits each; all others of their bits must be zero.
  @inline(__always)
  static func append(_ values: UnsafeBufferPointer<UInt32>, width: Int, to out: inout Bytes) {
    pack(values.count, width: width, to: &out) { UInt64(values[$0]) }
  }

  /// Appends a multiple of eight numbers that `value` gives, of `width` bits each, 0 to 64.
  @inline(__always)
  static func pack(_ count: Int, width: Int, to out: inout Bytes, _ value: (Int) -> UInt64) {
    assert(count % 8 == 0)
    var word: UInt64 = 0
    var filled = 0
    for i in 0..<count {
      let number = value(i)
      word |= number << UInt64(filled)
      filled += width
      if filled >= 64 {
        out.append(word)
        filled -= 64
        // Shifts by 64 give 0, as they should when the number ended with the word.
        word = filled == 0 ? 0 : number >> UInt64(width - filled)
      }
    }
    while filled > 0 {
      out.append(UInt8(truncatingIfNeeded: word))
      word >>= 8
      filled -= 8
    }
  }
}
