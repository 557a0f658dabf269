/// Why there is no compressor.
public enum CompressionError: Error, Hashable {
  /// Only these levels exist.
  case level(Int, allowed: ClosedRange<Int>)
  /// There was no memory for a compressor; in words.
  case outOfMemory(String)
  /// The program was built without the trait `Fast`.
  case zstdIsNotBuiltIn
}
