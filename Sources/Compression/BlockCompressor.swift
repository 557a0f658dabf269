/// Compresses buffers, each whole and independently of all others, so that one compressor with its working memory
/// serves any number of files. The same bytes give the same bytes. It belongs to one task at a time.
public protocol BlockCompressor: AnyObject {
  /// The most bytes that compressing `count` bytes takes.
  func bound(_ count: Int) -> Int

  /// Compresses all of `bytes`; none give a block too.
  /// - Parameter room: has at least as many bytes as ``bound(_:)`` says.
  /// - Returns: how many bytes it wrote, from the beginning of `room`.
  func compress(_ bytes: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) -> Int
}
