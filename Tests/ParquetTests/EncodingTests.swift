import Testing

@testable import Parquet

/// Every encoding read back by a decoder that knows only the format's document.
@Suite struct EncodingTests {
  @Test(arguments: 1...32) func runsAndPackedGroupsReadBack(width: Int) {
    var random = SeededRandom(state: UInt64(width))
    for length in [0, 1, 7, 8, 9, 100, 503, 504, 505, 3000] {
      for longest in [1, 3, 40, 2000] {
        var values: [UInt32] = []
        while values.count < length {
          let value = UInt32(truncatingIfNeeded: random.next() & (1 << UInt64(width) - 1))
          values += Array(repeating: value, count: Int.random(in: 1...longest, using: &random))
        }
        values = Array(values.prefix(length))
        var out = Bytes()
        var encoder = HybridEncoder(width: width)
        values.withUnsafeBufferPointer { encoder.append($0, to: &out) }
        encoder.finish(&out)
        var reader = ByteReader(out.array)
        #expect(reader.hybrid(length, width: width) == values)
        #expect(reader.offset == out.count)
        // Never much longer than all numbers packed.
        #expect(out.count <= (length + 7) / 8 * width + length / 500 + 2)
      }
    }
  }

  @Test func aLongRunTakesFewBytes() {
    var out = Bytes()
    var encoder = HybridEncoder(width: 1)
    encoder.append(1, count: 1_000_000, to: &out)
    encoder.finish(&out)
    #expect(out.array == [0x80, 0x89, 0x7A, 1])
  }

  @Test func packedNumbersAreThoseOfTheDocument() {
    // Encodings.md packs the numbers 0 to 7 in three bits each.
    var out = Bytes()
    BitPacking.pack(8, width: 3, to: &out) { UInt64($0) }
    #expect(out.array == [0b1000_1000, 0b1100_0110, 0b1111_1010])
  }

  static let lengths = [1, 2, 31, 32, 33, 128, 129, 130, 257, 1000]

  @Test(arguments: lengths) func differencesOf64BitsReadBack(length: Int) {
    var random = SeededRandom(state: UInt64(length))
    let shapes: [(Int) -> Int64] = [
      { Int64($0) * 3 }, { _ in 7 }, { _ in .random(in: .min ... .max, using: &random) },
      { $0 % 2 == 0 ? .min : .max }, { Int64($0) << 40 }, { -Int64($0 * $0) },
    ]
    for shape in shapes {
      let values = (0..<length).map(shape)
      var out = Bytes()
      values.withUnsafeBufferPointer { DeltaEncoder.append($0, to: &out) }
      var reader = ByteReader(out.array)
      #expect(reader.delta(bits: 64) == values)
      #expect(reader.offset == out.count)
    }
  }

  @Test(arguments: lengths) func differencesOf32BitsReadBack(length: Int) {
    var random = SeededRandom(state: UInt64(length))
    let shapes: [(Int) -> Int32] = [
      { Int32($0) }, { _ in .random(in: .min ... .max, using: &random) }, { $0 % 2 == 0 ? .min : .max },
    ]
    for shape in shapes {
      let values = (0..<length).map(shape)
      var out = Bytes()
      values.withUnsafeBufferPointer { DeltaEncoder.append($0, to: &out) }
      var reader = ByteReader(out.array)
      #expect(reader.delta(bits: 32) == values.map { Int64($0) })
      #expect(reader.offset == out.count)
    }
  }

  @Test func theDocumentsExampleOfDifferences() {
    // Encodings.md, example 2: 7, 5, 3, 1, 2, 3, 4, 5 begins with 7, its smallest difference is -2.
    let values: [Int64] = [7, 5, 3, 1, 2, 3, 4, 5]
    var out = Bytes()
    values.withUnsafeBufferPointer { DeltaEncoder.append($0, to: &out) }
    #expect(out.array.prefix(6) == [0x80, 0x01, 4, 8, 14, 3])
    #expect(out.array[6..<10] == [2, 0, 0, 0])
    #expect(out.array[10..<12] == [0b1100_0000, 0b0011_1111])
  }

  @Test func whetherDifferencesFit() {
    func fits(_ values: [Int64]) -> Bool {
      values.withUnsafeBufferPointer { DeltaEncoder.fits($0, bits: 28) }
    }
    #expect(fits([]) && fits([5]) && fits([0, 1 << 40, 1 << 41]))
    #expect(fits([0, 0, 1 << 28 - 1]))
    #expect(!fits([0, 0, 1 << 28]))
    #expect(!fits([.min, .max]) && !fits([0, .max, 0]))
  }

  @Test func byteArraysReadBack() {
    var random = SeededRandom(state: 1)
    for length in [1, 2, 129, 1000] {
      let values: [[UInt8]] = (0..<length).map { i in
        let shared = Array("https://shop.example/".utf8.prefix(Int.random(in: 0...21, using: &random)))
        return i % 9 == 0 ? [] : shared + Array("\(random.next() % 1000)".utf8)
      }
      var column = Bytes()
      column.append(byteArrays: values)
      var scratch = Bytes()
      var out = Bytes()
      DeltaEncoder.appendLengths(ByteArrays(column.bytes), scratch: &scratch, to: &out)
      var reader = ByteReader(out.array)
      #expect(reader.deltaLengths() == values)
      #expect(reader.offset == out.count)
      out.removeAll()
      DeltaEncoder.appendPrefixes(ByteArrays(column.bytes), scratch: &scratch, to: &out)
      reader = ByteReader(out.array)
      #expect(reader.deltaByteArrays() == values)
      #expect(reader.offset == out.count)
    }
  }

  @Test func aDictionaryHoldsEachValueOnceInOrder() {
    var dictionary = ValueDictionary()
    let words = (0..<5000).map { "word \($0 * $0 % 1009)" }
    var distinct: [String] = []
    for word in words where !distinct.contains(word) { distinct.append(word) }
    var column = Bytes()
    column.append(byteArrays: words.map { Array($0.utf8) })
    let isWithinLimit = dictionary.number(ByteArrays(column.bytes), limit: 1 << 20)
    #expect(isWithinLimit)
    #expect(dictionary.count == distinct.count)
    #expect(ByteArrays(dictionary.values.bytes).map { String(decoding: $0, as: UTF8.self) } == distinct)
    #expect(dictionary.indices.values(as: UInt32.self).map { distinct[Int($0)] } == words)
    // The same object serves the next chunk.
    let numbers: [UInt64] = (0..<5000).map { UInt64($0 % 3) << 40 }
    let fits = numbers.withUnsafeBufferPointer { dictionary.number($0, limit: 24) }
    #expect(fits)
    #expect(dictionary.count == 3)
    #expect(dictionary.indices.values(as: UInt32.self).map { UInt64($0) << 40 } == numbers)
    let fitsInLess = numbers.withUnsafeBufferPointer { dictionary.number($0, limit: 23) }
    #expect(!fitsInLess)
  }
}
