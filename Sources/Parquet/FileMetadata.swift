/// What a file holds, once it is whole.
public struct FileMetadata: Hashable, Sendable {
  /// Of all row groups.
  public var rows: Int
  /// In the order of the file.
  public var rowGroups: [RowGroupMetadata]
  /// The size of the file.
  public var bytes: Int
}

/// What a row group holds.
public struct RowGroupMetadata: Hashable, Sendable {
  /// How many there are.
  public var rows: Int
  /// Where in the file it begins.
  public var offset: Int64
  /// Bytes of all its pages with their headers, before compression.
  public var plainBytes: Int
  /// The same as stored.
  public var storedBytes: Int
}
