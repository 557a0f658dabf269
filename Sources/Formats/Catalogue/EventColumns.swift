import ExportCore

/// The columns of one event's properties, and what becomes of its rows.
struct EventColumns: ~Copyable {
  /// In one pass over the source.
  enum Use {
    /// Rows are written in these columns.
    case writing
    /// A row did not fit, or what rows there are is still to be found out: keys and types are looked at, and a later pass
    /// writes.
    case looking
    /// All rows have been written.
    case finished
  }

  /// Of the event's name in its catalogue.
  let number: Int
  var properties = ColumnGroup()
  var session = ColumnGroup()
  var use: Use
  /// The next event whose name is the same in file names, in a ring.
  var sibling: Int
  /// What it had when its memory was last counted, in bytes.
  var countedBytes = 0
  /// A digest of the rows that were rejected, in the first pass and in the one that wrote.
  var rejections: (first: UInt64, last: UInt64) = (0, 0)

  init(number: Int, use: Use) {
    self.number = number
    self.use = use
    sibling = number
  }

  /// Finds the column of each property of a row.
  /// - Returns: whether all of them had one.
  @inline(__always)
  mutating func place(_ event: borrowing EventRecord, typed: Bool) -> Bool {
    let properties = self.properties.place(event.properties, typed: typed)
    let session = self.session.place(event.session, typed: typed)
    return properties && session
  }

  mutating func add(_ column: CataloguedProperty, isFresh: Bool) {
    var name = column.name
    name.withUTF8 {
      let name = UnsafeRawBufferPointer($0)
      if column.group == .sessionProps {
        session.add(name, column.type, isFresh: isFresh)
      } else {
        properties.add(name, column.type, isFresh: isFresh)
      }
    }
  }

  /// Whether there are columns that the ledger does not know as they are.
  var hasFresh: Bool { properties.hasFresh || session.hasFresh }

  /// How much memory it takes, about, in bytes.
  var bytes: Int { MemoryLayout<EventColumns>.size + properties.bytes + session.bytes }
}
