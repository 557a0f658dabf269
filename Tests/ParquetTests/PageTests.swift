import Testing

@testable import Parquet

/// How levels are kept, and how chunks are cut into pages.
@Suite struct PageTests {
  @Test func runsKeepEveryEntry() {
    var runs = LevelRuns()
    var random = SeededRandom(state: 3)
    var expected: [UInt8] = []
    for _ in 0..<500 {
      let levels = UInt8(truncatingIfNeeded: random.next() % 4)
      let count = Int.random(in: 1...5, using: &random)
      if count > 3 {
        for _ in 0..<count { _ = runs.append(levels) }
      } else {
        _ = runs.append(levels, count: count)
      }
      expected += Array(repeating: levels, count: count)
    }
    #expect(runs.finish().flatMap { Array(repeating: $0.levels, count: $0.count) } == expected)
  }

  @Test func moreThanARunCanCount() {
    var runs = LevelRuns()
    let begun = runs.append(1, count: 40_000_000)
    #expect(begun == 3)
    let beginsAnother = runs.append(1)
    #expect(!beginsAnother)
    #expect(runs.finish().reduce(0) { $0 + $1.count } == 40_000_001)
  }

  /// Pages that hold all rows, one after another.
  static func pages(_ buffer: inout ColumnBuffer, rows: Int, _ limits: PageLimits) -> [Page] {
    var cutter = PageCutter(buffer, runs: buffer.finish(rows: rows), rows: rows, limits: limits)
    var pages: [Page] = []
    while let page = cutter.next() {
      #expect(page.firstRow == pages.reduce(0) { $0 + $1.rows } && page.rows > 0)
      #expect(page.values.lowerBound == pages.last?.values.upperBound ?? 0)
      #expect(page.bytes.lowerBound == pages.last?.bytes.upperBound ?? 0)
      pages.append(page)
    }
    #expect(pages.reduce(0) { $0 + $1.rows } == rows)
    #expect(pages.last?.values.upperBound ?? 0 == buffer.valueCount)
    #expect(pages.last?.bytes.upperBound ?? 0 == buffer.values.count)
    return pages
  }

  static func column(_ field: Field) throws -> ColumnBuffer { ColumnBuffer(try Schema([field]).columns[0]) }

  @Test func requiredRowsAreCutByCountAndBytes() throws {
    var buffer = try Self.column(Field("a", .required, .int64))
    for row in 0..<100 { _ = buffer.append(Int64(row), as: .int64, row: row, repetition: 0) }
    #expect(Self.pages(&buffer, rows: 100, PageLimits(rows: 30)).map(\.rows) == [30, 30, 30, 10])
    #expect(Self.pages(&buffer, rows: 100, PageLimits(bytes: 320)).map(\.rows) == [40, 40, 20])
    #expect(Self.pages(&buffer, rows: 100, PageLimits(bytes: 1)).count == 100)
  }

  @Test func absentRowsCountAsRows() throws {
    var buffer = try Self.column(Field("a", .optional, .int32))
    for row in [0, 1, 50] { _ = buffer.append(Int32(row), as: .int32, row: row, repetition: 0) }
    let pages = Self.pages(&buffer, rows: 100, PageLimits(rows: 40))
    #expect(pages.map(\.rows) == [40, 40, 20])
    #expect(pages.map(\.nulls) == [38, 39, 20])
  }

  @Test func aRowOfManyElementsStaysWhole() throws {
    var buffer = try Self.column(.list("l", .optional, of: .int64))
    for row in 0..<20 {
      for i in 0..<7 { _ = buffer.append(Int64(i), as: .int64, row: row, repetition: i == 0 ? 0 : 1) }
    }
    for limits in [PageLimits(rows: 3), PageLimits(bytes: 8), PageLimits(rows: 2, bytes: 100)] {
      for page in Self.pages(&buffer, rows: 20, limits) { #expect(page.entries == 7 * page.rows) }
    }
  }

  @Test func longValuesEndAPage() throws {
    var buffer = try Self.column(Field("a", .required, .bytes))
    let long = [UInt8](repeating: 7, count: 1000)
    for row in 0..<10 {
      long.withUnsafeBytes {
        _ = buffer.append(
          UnsafeRawBufferPointer(rebasing: $0[..<(row == 4 ? 1000 : 10)]), row: row, repetition: 0)
      }
    }
    #expect(Self.pages(&buffer, rows: 10, PageLimits(bytes: 100)).map(\.rows) == [5, 5])
  }
}
