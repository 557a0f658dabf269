import ExportCore

/// The texts of the row at hand, which lie in the bytes of its batch.
struct RowText {
  private let bytes: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// Of no row.
  static var none: RowText { RowText(UnsafeRawBufferPointer(start: nil, count: 0)) }

  @inline(__always)
  subscript(range: ByteRange) -> UnsafeRawBufferPointer? {
    guard !range.isAbsent else { return nil }
    return UnsafeRawBufferPointer(rebasing: bytes[Int(range.offset)..<Int(range.offset) + Int(range.count)])
  }

  /// At most as much of the text as a rejected row keeps, cut between two scalars.
  func excerpt(_ range: ByteRange) -> String? {
    guard let text = self[range] else { return nil }
    var end = min(text.count, RejectedRow.valueLimit)
    if end < text.count { while end > 0, text[end] & 0xC0 == 0x80 { end -= 1 } }
    return String(decoding: text[..<end], as: UTF8.self)
  }
}
