/// Decides how the values of a column chunk are encoded, and encodes them. What it decides hangs on the chunk alone.
struct ChunkEncoder: ~Copyable {
  private let encodings: EncodingSet
  private(set) var dictionary = ValueDictionary()
  private var scratch = Bytes()
  private var trial = Bytes()

  /// So many values in the middle of a chunk, and about so many bytes, stand for all of it.
  private static let sampleValues = 4096
  private static let sampleBytes = 32 << 10
  /// What begins a page of its own for the dictionary, about.
  private static let pageOverhead = 24
  /// An encoding so many times larger than another before compression is not tried.
  private static let hopeless = 4
  /// Longer byte arrays on average do not gain from shorter lengths.
  private static let longByteArray = 1024

  init(_ encodings: EncodingSet) { self.encodings = encodings }

  /// Decides for a chunk; ``dictionary`` is filled when that is its encoding.
  /// - Parameter packer: what pages will be stored by.
  mutating func choose(
    _ buffer: borrowing ColumnBuffer, limits: PageLimits, _ packer: inout PagePacker
  ) -> ValueEncoding {
    guard buffer.valueCount > 0, buffer.type != .boolean else { return .plain }
    let sample = ChunkEncoder.sample(buffer)
    let scale = Double(buffer.valueCount) / Double(sample.values.count)

    // By sizes before compression: what is far from the smallest is left out.
    var candidates: [(encoding: ValueEncoding, size: Double)] = [(.plain, Double(buffer.values.count))]
    if number(buffer, limit: min(limits.bytes, buffer.values.count / 4 * 3)) {
      let indices = size(.dictionary, sample, of: buffer)
      let fixed = Double(dictionary.values.count + ChunkEncoder.pageOverhead)
      candidates.append((.dictionary, fixed + scale * Double(indices)))
    }
    for encoding in deltas(buffer) {
      candidates.append((encoding, scale * Double(size(encoding, sample, of: buffer))))
    }
    let smallest = candidates.map(\.size).min()!
    candidates.removeAll { $0.size > smallest * Double(ChunkEncoder.hopeless) }
    if packer.compresses, candidates.count > 1 {
      for i in candidates.indices {
        _ = size(candidates[i].encoding, sample, of: buffer)
        candidates[i].size = scale * Double(packer.size(trial.bytes))
        if candidates[i].encoding == .dictionary {
          candidates[i].size += Double(packer.size(dictionary.values.bytes) + ChunkEncoder.pageOverhead)
        }
      }
    }
    return ChunkEncoder.best(candidates)
  }

  /// The smallest; one of the delta encodings only if it saves at least a twentieth.
  private static func best(_ candidates: [(encoding: ValueEncoding, size: Double)]) -> ValueEncoding {
    func handicap(_ encoding: ValueEncoding) -> Double {
      switch encoding {
      case .plain, .dictionary: 1
      case .deltaBinaryPacked, .deltaLengthByteArray, .deltaByteArray: 1 / 0.95
      }
    }
    return candidates.min { $0.size * handicap($0.encoding) < $1.size * handicap($1.encoding) }!.encoding
  }

  private func deltas(_ buffer: borrowing ColumnBuffer) -> [ValueEncoding] {
    switch buffer.type {
    case .boolean, .double: []
    case .int32: isDeltaCommon(buffer.values.values(as: Int32.self)) ? [.deltaBinaryPacked] : []
    case .int64: isDeltaCommon(buffer.values.values(as: Int64.self)) ? [.deltaBinaryPacked] : []
    case .byteArray:
      encodings == .all && buffer.values.count / buffer.valueCount < ChunkEncoder.longByteArray
        ? [.deltaLengthByteArray, .deltaByteArray] : []
    }
  }

  private func isDeltaCommon<Value: FixedWidthInteger & SignedInteger>(
    _ values: UnsafeBufferPointer<Value>
  ) -> Bool {
    encodings == .all || DeltaEncoder.fits(values, bits: 28)
  }

  private mutating func number(_ buffer: borrowing ColumnBuffer, limit: Int) -> Bool {
    switch buffer.type {
    case .boolean: false
    case .int32: dictionary.number(buffer.values.values(as: UInt32.self), limit: limit)
    case .int64, .double: dictionary.number(buffer.values.values(as: UInt64.self), limit: limit)
    case .byteArray: dictionary.number(ByteArrays(buffer.values.bytes), limit: limit)
    }
  }

  private static func sample(_ buffer: borrowing ColumnBuffer) -> (values: Range<Int>, bytes: Range<Int>) {
    let count = buffer.valueCount
    let first = count <= sampleValues ? 0 : (count - sampleValues) / 2
    let width = buffer.type.width
    guard width == 0 else {
      let values = first..<min(count, first + min(sampleValues, sampleBytes / width))
      return (values, values.lowerBound * width..<values.upperBound * width)
    }
    var arrays = ByteArrays(buffer.values.bytes)
    var start = 0
    for _ in 0..<first { start += 4 + arrays.next()!.count }
    var end = start
    var last = first
    while last < count, last - first < sampleValues, end - start < sampleBytes {
      end += 4 + arrays.next()!.count
      last += 1
    }
    return (first..<last, start..<end)
  }

  /// What a part takes before compression; `trial` holds it then.
  private mutating func size(
    _ encoding: ValueEncoding, _ part: (values: Range<Int>, bytes: Range<Int>),
    of buffer: borrowing ColumnBuffer
  ) -> Int {
    var out = Bytes()
    swap(&out, &trial)
    out.removeAll()
    encode(buffer, values: part.values, bytes: part.bytes, encoding, to: &out)
    swap(&out, &trial)
    return trial.count
  }

  /// Appends values of a chunk as a data page has them.
  mutating func encode(
    _ buffer: borrowing ColumnBuffer, values: Range<Int>, bytes: Range<Int>, _ encoding: ValueEncoding,
    to out: inout Bytes
  ) {
    let raw = buffer.values.bytes(bytes)
    switch encoding {
    case .plain where buffer.type == .boolean: ChunkEncoder.append(booleans: raw, to: &out)
    case .plain: out.append(raw)
    case .dictionary:
      let indices = dictionary.indices.values(as: UInt32.self)
      ChunkEncoder.append(indices: UnsafeBufferPointer(rebasing: indices[values]), to: &out)
    case .deltaBinaryPacked where buffer.type == .int32:
      DeltaEncoder.append(raw.assumingMemoryBound(to: Int32.self), to: &out)
    case .deltaBinaryPacked: DeltaEncoder.append(raw.assumingMemoryBound(to: Int64.self), to: &out)
    case .deltaLengthByteArray: DeltaEncoder.appendLengths(ByteArrays(raw), scratch: &scratch, to: &out)
    case .deltaByteArray: DeltaEncoder.appendPrefixes(ByteArrays(raw), scratch: &scratch, to: &out)
    }
  }

  /// Under their width, which is that of the largest: the first pages know only the first values.
  private static func append(indices: UnsafeBufferPointer<UInt32>, to out: inout Bytes) {
    var largest: UInt32 = 0
    for index in indices { largest = max(largest, index) }
    var hybrid = HybridEncoder(width: HybridEncoder.width(of: Int(largest)))
    out.append(UInt8(HybridEncoder.width(of: Int(largest))))
    hybrid.append(indices, to: &out)
    hybrid.finish(&out)
  }

  /// A bit each, the lowest first.
  private static func append(booleans values: UnsafeRawBufferPointer, to out: inout Bytes) {
    var byte: UInt8 = 0
    for i in 0..<values.count {
      byte |= values[i] << UInt8(i & 7)
      if i & 7 == 7 {
        out.append(byte)
        byte = 0
      }
    }
    if values.count & 7 != 0 { out.append(byte) }
  }
}
