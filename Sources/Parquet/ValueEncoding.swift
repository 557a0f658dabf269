/// How the values of a data page are encoded (parquet.thrift, `Encoding`).
enum ValueEncoding: Int32, CaseIterable {
  case plain = 0
  case deltaBinaryPacked = 5
  case deltaLengthByteArray = 6
  case deltaByteArray = 7
  case dictionary = 8

  /// That of levels.
  static let levels: Int32 = 3
}

/// Which encodings a file may have. Some readers do not know all of them.
public enum EncodingSet: Hashable, Sendable {
  /// PLAIN and RLE_DICTIONARY, and DELTA_BINARY_PACKED where the differences in a chunk lie within 28 bits: fastparquet
  /// knows no other delta encoding, and reads wider differences wrong.
  case common
  /// Those, and DELTA_LENGTH_BYTE_ARRAY and DELTA_BYTE_ARRAY.
  case all
}
