/// The encodings that store what sets a value apart from the one before it (Encodings.md, DELTA_BINARY_PACKED = 5,
/// DELTA_LENGTH_BYTE_ARRAY = 6, DELTA_BYTE_ARRAY = 7).
enum DeltaEncoder {
  /// Each block has its own smallest difference, each quarter of it its own width.
  private static let blockValues = 128
  private static let miniblocks = 4
  private static let miniblockValues = blockValues / miniblocks

  /// INT64, as DELTA_BINARY_PACKED.
  static func append(_ values: UnsafeBufferPointer<Int64>, to out: inout Bytes) {
    append(count: values.count, bits: 64, to: &out) { values[$0] }
  }

  /// INT32, as DELTA_BINARY_PACKED. Differences wrap around in 32 bits, so that none takes more.
  static func append(_ values: UnsafeBufferPointer<Int32>, to out: inout Bytes) {
    append(count: values.count, bits: 32, to: &out) { Int64(values[$0]) }
  }

  /// Whether all differences lie within so many bits, fewer than 62.
  static func fits<Value: FixedWidthInteger & SignedInteger>(
    _ values: UnsafeBufferPointer<Value>, bits: Int
  ) -> Bool {
    guard values.count > 1 else { return true }
    var (smallest, largest) = (Int64.max, Int64.min)
    for i in 1..<values.count {
      let (delta, overflow) = Int64(values[i]).subtractingReportingOverflow(Int64(values[i - 1]))
      if overflow { return false }
      smallest = min(smallest, delta)
      largest = max(largest, delta)
    }
    let (spread, overflow) = largest.subtractingReportingOverflow(smallest)
    return !overflow && spread < 1 << Int64(bits)
  }

  @inline(__always)
  private static func append(count: Int, bits: Int, to out: inout Bytes, _ value: (Int) -> Int64) {
    out.append(varint: UInt64(blockValues))
    out.append(varint: UInt64(miniblocks))
    out.append(varint: UInt64(count))
    guard count > 0 else { return out.append(zigzag: 0) }
    out.append(zigzag: value(0))
    withUnsafeTemporaryAllocation(of: Int64.self, capacity: blockValues) { deltas in
      var previous = value(0)
      var next = 1
      while next < count {
        let held = min(blockValues, count - next)
        var smallest = Int64.max
        for i in 0..<held {
          let current = value(next + i)
          var delta = current &- previous
          if bits == 32 { delta = Int64(Int32(truncatingIfNeeded: delta)) }
          deltas[i] = delta
          smallest = min(smallest, delta)
          previous = current
        }
        appendBlock(UnsafeBufferPointer(rebasing: deltas[..<held]), smallest: smallest, bits: bits, to: &out)
        next += held
      }
    }
  }

  private static func appendBlock(
    _ deltas: UnsafeBufferPointer<Int64>, smallest: Int64, bits: Int, to out: inout Bytes
  ) {
    let mask = bits == 32 ? UInt64(UInt32.max) : .max
    func above(_ i: Int) -> UInt64 {
      i < deltas.count ? UInt64(bitPattern: deltas[i] &- smallest) & mask : 0
    }
    out.append(zigzag: smallest)
    let widths = out.count
    for _ in 0..<miniblocks { out.append(0 as UInt8) }
    // Miniblocks without a value have width 0 and no bytes.
    for miniblock in 0..<(deltas.count + miniblockValues - 1) / miniblockValues {
      let start = miniblock * miniblockValues
      var all: UInt64 = 0
      for i in start..<start + miniblockValues { all |= above(i) }
      let width = 64 - all.leadingZeroBitCount
      out.replace(at: widths + miniblock, with: UInt8(width))
      BitPacking.pack(miniblockValues, width: width, to: &out) { above(start + $0) }
    }
  }

  /// Byte arrays that lie behind one another, each under its length in four bytes: lengths, then all bytes.
  static func appendLengths(_ values: ByteArrays, scratch: inout Bytes, to out: inout Bytes) {
    scratch.removeAll()
    for value in values { scratch.append(Int32(value.count)) }
    append(scratch.values(as: Int32.self), to: &out)
    for value in values { out.append(value) }
  }

  /// What each byte array shares with the beginning of the one before it, then the rest of each.
  static func appendPrefixes(_ values: ByteArrays, scratch: inout Bytes, to out: inout Bytes) {
    scratch.removeAll()
    var previous = UnsafeRawBufferPointer(start: nil, count: 0)
    for value in values {
      scratch.append(Int32(sharedPrefix(previous, value)))
      previous = value
    }
    append(scratch.values(as: Int32.self), to: &out)
    // The lengths of the rests take the place of the prefixes' in the scratch, one behind another.
    let prefixes = scratch.count / 4
    var i = 0
    for value in values {
      let prefix = Int(scratch.values(as: Int32.self)[i])
      scratch.append(Int32(value.count - prefix))
      i += 1
    }
    append(UnsafeBufferPointer(rebasing: scratch.values(as: Int32.self)[prefixes...]), to: &out)
    i = 0
    for value in values {
      let prefix = Int(scratch.values(as: Int32.self)[i])
      out.append(UnsafeRawBufferPointer(rebasing: value[prefix...]))
      i += 1
    }
  }

  private static func sharedPrefix(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
    let limit = min(a.count, b.count)
    guard limit > 0 else { return 0 }
    let (a, b) = (a.baseAddress.unsafelyUnwrapped, b.baseAddress.unsafelyUnwrapped)
    var i = 0
    while i + 8 <= limit {
      let different =
        a.loadUnaligned(fromByteOffset: i, as: UInt64.self)
        ^ b.loadUnaligned(fromByteOffset: i, as: UInt64.self)
      if different != 0 { return i + different.trailingZeroBitCount / 8 }
      i += 8
    }
    while i < limit, a.load(fromByteOffset: i, as: UInt8.self) == b.load(fromByteOffset: i, as: UInt8.self) {
      i += 1
    }
    return i
  }
}

/// Byte arrays as PLAIN has them: each under its length in four bytes.
struct ByteArrays: Sequence, IteratorProtocol {
  private var next_: UnsafeRawPointer?
  private let end: UnsafeRawPointer?

  init(_ bytes: UnsafeRawBufferPointer) {
    next_ = bytes.baseAddress
    end = next_.map { $0 + bytes.count }
  }

  @inline(__always)
  mutating func next() -> UnsafeRawBufferPointer? {
    guard let start = next_, start < end.unsafelyUnwrapped else { return nil }
    let count = Int(start.loadUnaligned(as: UInt32.self))
    next_ = start + 4 + count
    return UnsafeRawBufferPointer(start: start + 4, count: count)
  }
}
