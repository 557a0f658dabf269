/// A place in a text as people and editors count it.
package struct TextPosition: Hashable, Comparable, Sendable {
  /// From 1.
  package let line: Int
  /// From 1, in Unicode scalars.
  package let column: Int

  package init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  package static func < (a: TextPosition, b: TextPosition) -> Bool { (a.line, a.column) < (b.line, b.column) }
}

/// A text of lines, in which byte offsets become positions.
struct TextLines: Sendable {
  let bytes: [UInt8]
  /// Offset of each line's first byte.
  private let starts: [Int]

  /// - Parameter bytes: UTF-8. Other bytes do no harm but count as they come.
  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    starts = [0] + bytes.indices.lazy.filter { bytes[$0] == UInt8(ascii: "\n") }.map { $0 + 1 }
  }

  /// The position of the scalar that begins at `offset`, which may be the end of the text.
  func position(of offset: Int) -> TextPosition {
    var low = 0
    var high = starts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= offset { low = middle } else { high = middle }
    }
    // Every scalar has one byte that does not continue another.
    let before = bytes[starts[low]..<min(offset, bytes.count)].count { $0 & 0xC0 != 0x80 }
    return TextPosition(line: low + 1, column: before + 1)
  }
}
