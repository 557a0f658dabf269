import Testing

@testable import Parquet

/// Bounds as statistics have them: true, and of text and bytes never long.
@Suite struct BoundsTests {
  /// The bounds of some byte arrays; of the largest nil when there is none.
  static func bounds(_ values: [[UInt8]], _ type: ValueType) -> (
    smallest: [UInt8], largest: [UInt8]?, exact: [Bool?]
  ) {
    var column = Bytes()
    column.append(byteArrays: values)
    let finder = BoundsFinder(type: type, values: column.bytes)
    guard case .bounds(let bounds) = finder.find(0..<column.count) else {
      fatalError("byte arrays have bounds")
    }
    var smallest = Bytes()
    var largest = Bytes()
    let isSmallestExact = finder.appendSmallest(bounds, to: &smallest)
    let isLargestExact = finder.appendLargest(bounds, to: &largest)
    return (smallest.array, isLargestExact == nil ? nil : largest.array, [isSmallestExact, isLargestExact])
  }

  static func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test func shortOnesAreTheValues() {
    let found = Self.bounds(["b", "", "ab", "a", "\u{FF}"].map(Self.utf8), .string)
    #expect(found.smallest == [] && found.largest == Self.utf8("\u{FF}") && found.exact == [true, true])
  }

  @Test func longTextEndsWithAWholeCharacter() {
    let text = String(repeating: "x", count: 63) + "é" + "tail"
    let found = Self.bounds([Self.utf8(text)], .string)
    #expect(found.smallest == Array(repeating: UInt8(ascii: "x"), count: 63))
    #expect(found.largest == Array(repeating: UInt8(ascii: "x"), count: 62) + [UInt8(ascii: "y")])
    #expect(found.exact == [false, false])
  }

  @Test func theLastCharacterThatCanGrowDoes() {
    func largest(_ text: String) -> String? {
      Self.bounds([Self.utf8(text)], .string).largest.map { String(decoding: $0, as: UTF8.self) }
    }
    let end = String(repeating: "\u{10FFFF}", count: 20)
    #expect(largest("a" + end) == "b")
    #expect(largest("a\u{D7FF}" + end) == "a\u{E000}")
    #expect(largest("\u{7F}" + end) == "\u{80}")
    #expect(largest(end) == nil)
  }

  @Test func bytesGrowByBytes() {
    let ones = Array(repeating: 0xFF as UInt8, count: 100)
    #expect(Self.bounds([[7] + ones], .bytes).largest == [8])
    #expect(Self.bounds([ones], .bytes).largest == nil)
    // Text that is none has no bound above it, but one below.
    let broken = Self.bounds([[0xC3] + ones], .string)
    #expect(broken.largest == nil && broken.smallest.count == 64)
  }

  @Test func everyBoundHolds() {
    var random = SeededRandom(state: 5)
    let alphabet = ["a", "b", "\u{7F}", "é", "\u{7FF}", "\u{D7FF}", "\u{FFFF}", "😀", "\u{10FFFF}"]
    for _ in 0..<2000 {
      let values = (0..<3).map { _ in
        Self.utf8(
          (0..<Int.random(in: 0...40, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
            .joined())
      }
      for type in [ValueType.string, .bytes] {
        let found = Self.bounds(values, type)
        for value in values {
          #expect(!value.lexicographicallyPrecedes(found.smallest))
          if let largest = found.largest { #expect(!largest.lexicographicallyPrecedes(value)) }
        }
        #expect(found.smallest.count <= 64 && found.largest?.count ?? 0 <= 65)
        if type == .string {
          #expect(String(validating: found.smallest, as: UTF8.self) != nil)
          #expect(found.largest.map { String(validating: $0, as: UTF8.self) != nil } ?? true)
        }
      }
    }
  }

  @Test func zerosHaveBothSignsAndNotANumberHasNoPlace() {
    func find(_ values: [Double]) -> BoundsFinder.Found {
      values.withUnsafeBytes { BoundsFinder(type: .double, values: $0).find(0..<$0.count) }
    }
    guard case .bounds(let zero) = find([0.0]), case .bounds(let other) = find([-0.0]) else {
      Issue.record("zeros have bounds")
      return
    }
    for bounds in [zero, other] {
      #expect(bounds.smallest == (-0.0).bitPattern && bounds.largest == (0.0).bitPattern)
    }
    guard case .unordered(let count) = find([1, .nan, 2, .nan]) else {
      Issue.record("what is not a number has no place")
      return
    }
    #expect(count == 2)
    guard case .bounds(let infinite) = find([.infinity, -.infinity, 5]) else {
      Issue.record("infinities have bounds")
      return
    }
    #expect(
      infinite.smallest == (-Double.infinity).bitPattern && infinite.largest == Double.infinity.bitPattern)
  }
}
