package import ExportCore

/// The columns of all events of one run, the same for all of its databases. It begins with what the export's files have
/// had so far and grows with what the run's rows hold.
///
/// A run makes one pass over its rows after another. In the first all rows that fit are written. A row that has a
/// property without a column, or a value that its column cannot hold, makes its event grow: from then on the pass only
/// looks at the event's rows, and the next one writes them all. Events whose names are the same in file names count
/// their files together and so grow together.
///
/// It belongs to one task at a time.
package final class EventCatalogue {
  package let need: ColumnNeed
  /// Properties that every event has whatever its rows hold, in this order.
  private let seeds: [String]
  private var names = NameTable()
  private var safeNames = NameTable()
  /// For each safe name, an event that has it.
  private var members: [Int] = []
  /// Each lies where it is as long as the catalogue does, so that a series keeps its address.
  private var columns: [UnsafeMutablePointer<EventColumns>] = []
  private let noColumns: UnsafeMutablePointer<EventColumns>
  /// 0 before the first one.
  private var pass = 0
  private var memory = 0
  /// Whether anything was known before the run's first row.
  package private(set) var isEmpty = true

  /// The most properties that one event may have.
  static let propertyLimit = 100_000
  /// How much memory all columns may take, in bytes.
  static let memoryLimit = 48 << 20

  /// - Parameter revision: of the run.
  package init(_ revision: Revision) {
    need = ColumnNeed(revision.definition)
    seeds = need == .nothing ? [] : revision.source.events?.properties.names ?? []
    noColumns = .allocate(capacity: 1)
    noColumns.initialize(to: EventColumns(number: 0, use: .writing))
  }

  deinit {
    for columns in columns + [noColumns] {
      columns.deinitialize(count: 1)
      columns.deallocate()
    }
  }

  /// Takes up a column that the ledger knows; in the order of positions.
  package func add(_ column: CataloguedProperty) throws(ExportError) {
    isEmpty = false
    var name = column.eventName
    let columns = name.withUTF8 { self.columns(of: UnsafeRawBufferPointer($0), seeded: false) }
    columns.pointee.add(column, isFresh: false)
    try count(columns)
  }

  // MARK: Passes

  /// Begins the next pass: what has grown is written now, what was written is finished.
  package func beginPass() {
    pass += 1
    for columns in columns {
      columns.pointee.use =
        switch columns.pointee.use {
        case .looking: .writing
        case .writing, .finished: pass == 1 ? .writing : .finished
        }
      columns.pointee.rejections.last = 0
    }
  }

  /// Whether rows that cannot be converted are put down in this pass. They are in the first, which sees all.
  var collectsRejected: Bool { pass <= 1 }

  /// Names of the events that the pass has only looked at: the next one writes them. Before the first one, those that
  /// have columns which the ledger does not know.
  package var grown: [String] {
    columns.filter { $0.pointee.use == .looking && (pass > 0 || $0.pointee.hasFresh) }
      .map { name(of: $0.pointee.number) }
  }

  func isGrown(_ eventName: String) -> Bool {
    var eventName = eventName
    guard need != .nothing, let number = eventName.withUTF8({ names.find(UnsafeRawBufferPointer($0)) })
    else { return false }
    return columns[Int(number)].pointee.use == .looking
  }

  /// A row of an event did not fit, and its columns have been widened for it.
  /// - Parameter drop: called for every event of which this pass now only looks at rows, to throw away what it has
  ///   written of it.
  /// - Throws: ``ExportError`` when there are more properties than files can have columns.
  func grow(
    _ columns: UnsafeMutablePointer<EventColumns>, drop: (_ number: Int) -> Void
  ) throws(ExportError) {
    try count(columns)
    guard columns.pointee.use == .writing else { return }
    var member = columns.pointee.number
    repeat {
      self.columns[member].pointee.use = .looking
      drop(member)
      member = self.columns[member].pointee.sibling
    } while member != columns.pointee.number
  }

  /// Takes note of a row that cannot be converted.
  /// - Parameter key: that tells it from all other rows of the run.
  func reject(_ eventName: UnsafeRawBufferPointer, _ key: UInt64) {
    guard need != .nothing, !eventName.isEmpty else { return }
    let columns = columns(of: eventName)
    if collectsRejected {
      columns.pointee.rejections.first &+= key
    } else if columns.pointee.use == .writing {
      columns.pointee.rejections.last &+= key
    }
  }

  /// After a pass that read rows once more.
  /// - Throws: ``ExportError`` when other rows could not be converted than in the first: some would be in no file, or
  ///   in two.
  package func checkRejected() throws(ExportError) {
    guard pass > 1 else { return }
    for columns in columns
    where columns.pointee.use == .writing
      && columns.pointee.rejections.first != columns.pointee.rejections.last
    {
      throw ExportError(
        .source, .passing, object: "event \(name(of: columns.pointee.number))",
        problem: "rows were changed while they were read", hint: "they are read anew with the next attempt")
    }
  }

  // MARK: Changes

  /// The columns that the ledger does not know as they are, made one by one because there may be very many.
  /// - Parameter grownOnly: of events that have grown in this pass.
  package func changes(ofGrown grownOnly: Bool) -> AnySequence<CataloguedProperty> {
    AnySequence { [self] in
      var number = 0
      var some: [CataloguedProperty] = []
      return AnyIterator {
        while some.isEmpty, number < self.columns.count {
          let isWanted = !grownOnly || self.columns[number].pointee.use == .looking
          if isWanted { some = self.fresh(number).reversed() }
          number += 1
        }
        return some.popLast()
      }
    }
  }

  private func fresh(_ number: Int) -> [CataloguedProperty] {
    let eventName = name(of: number)
    var fresh: [CataloguedProperty] = []
    let columns = columns[number]
    columns.pointee.properties.forEachFresh {
      fresh.append(columns.pointee.properties.catalogued($0, .eventProps, of: eventName))
    }
    columns.pointee.session.forEachFresh {
      fresh.append(columns.pointee.session.catalogued($0, .sessionProps, of: eventName))
    }
    return fresh
  }

  /// The ledger knows the columns of events that have grown in this pass.
  package func setRecorded() {
    for columns in columns where columns.pointee.use == .looking {
      columns.pointee.properties.setRecorded()
      columns.pointee.session.setRecorded()
    }
  }

  // MARK: Events

  /// The columns of an event, made when it is new. They stay where they are.
  func columns(of eventName: UnsafeRawBufferPointer) -> UnsafeMutablePointer<EventColumns> {
    need == .nothing ? noColumns : columns(of: eventName, seeded: true)
  }

  private func columns(
    of eventName: UnsafeRawBufferPointer, seeded: Bool
  ) -> UnsafeMutablePointer<EventColumns> {
    let number = Int(names.number(of: eventName))
    if number == columns.count { add(eventName, number, seeded: seeded) }
    return columns[number]
  }

  private func add(_ eventName: UnsafeRawBufferPointer, _ number: Int, seeded: Bool) {
    // Before the first pass rows are only looked at, and a name that turns up in a later one belongs to a row that has
    // been changed: it is in its file.
    var new = EventColumns(number: number, use: pass == 0 ? .looking : pass == 1 ? .writing : .finished)
    var safe = SafeEventName(eventName).text
    let safeNumber = Int(safe.withUTF8 { safeNames.number(of: UnsafeRawBufferPointer($0)) })
    if safeNumber == members.count {
      members.append(number)
    } else {
      let other = columns[members[safeNumber]]
      new.sibling = other.pointee.sibling
      new.use = other.pointee.use
      other.pointee.sibling = number
    }
    if seeded {
      for name in seeds {
        var name = name
        name.withUTF8 { new.properties.add(UnsafeRawBufferPointer($0), .unknown, isFresh: true) }
      }
    }
    let place = UnsafeMutablePointer<EventColumns>.allocate(capacity: 1)
    place.initialize(to: new)
    columns.append(place)
  }

  private func name(of number: Int) -> String { String(decoding: names[UInt32(number)], as: UTF8.self) }

  private func count(_ columns: UnsafeMutablePointer<EventColumns>) throws(ExportError) {
    let bytes = columns.pointee.bytes
    memory += bytes - columns.pointee.countedBytes
    columns.pointee.countedBytes = bytes
    let count = columns.pointee.properties.count + columns.pointee.session.count
    guard count <= EventCatalogue.propertyLimit, memory <= EventCatalogue.memoryLimit else {
      throw ColumnLimit.exceeded(
        count > EventCatalogue.propertyLimit ? "event \(name(of: columns.pointee.number))" : "all events",
        need, limit: EventCatalogue.propertyLimit)
    }
  }
}

extension PropertyMapping {
  /// The names that every record has, as far as the configuration says it.
  var names: [String] {
    if case .expressions(let properties) = self { properties.map(\.name) } else { [] }
  }
}
