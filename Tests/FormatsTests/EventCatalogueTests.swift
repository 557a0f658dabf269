import ExportCore
import ExportTesting
import Foundation
import Testing
import TimeZones
import ZoneTesting

@testable import Formats

/// How a run's columns grow, and what becomes of files meanwhile.
@Suite struct EventCatalogueTests {
  static let csv = FormatConformance(format: .csv, codec: .none, reader: "")

  private func event(_ sequence: Int64, _ name: String, _ properties: String, day: Int64 = 0) -> SampleEvent {
    SampleEvent(ts: day * 86_400_000, sequence: sequence, name: name, properties: properties)
  }

  private func catalogue(
    _ stored: [(String, String)] = [], mapping: PropertyMapping = .defaultColumn, format: Format = .csv
  ) throws -> EventCatalogue {
    var revision = Self.csv.revision(.init(), path: "/")
    revision.definition.format = format
    revision.source = .sqlite(
      SQLiteSourceConfiguration(
        databases: [], events: EventMapping(from: "e", properties: mapping), profiles: nil))
    let catalogue = EventCatalogue(revision)
    for (index, (event, name)) in stored.enumerated() {
      try catalogue.add(
        CataloguedProperty(
          eventName: event, group: .eventProps, name: name, position: index, type: .unknown))
    }
    return catalogue
  }

  /// One pass of one database: names of files with their content, and what stays in the directory.
  private func pass(
    _ catalogue: EventCatalogue, _ events: [SampleEvent], _ variation: FormatConformance.Case = .init(),
    delivered: [DeliveredEventFile] = []
  ) throws -> [String: String] {
    try withTemporaryDirectory { directory in
      catalogue.beginPass()
      let files = try Self.csv.eventFiles(variation, in: directory, catalogue, delivered: delivered)
      var completed: [CompletedFile] = []
      for event in events {
        try files.append(EventBatch([event]))
        completed += files.takeCompleted()
      }
      while case let some = try files.finish(), !some.isEmpty { completed += some }
      completed = files.valid(completed)
      let left = try FileManager.default.contentsOfDirectory(atPath: directory)
      #expect(left.count == completed.count, "left in the staging directory: \(left)")
      return try Dictionary(
        uniqueKeysWithValues: completed.map { file in
          let data = try Data(contentsOf: URL(fileURLWithPath: file.staged.path))
          return (
            String(file.file.name.dropFirst("1690283492-1690300000-".count)),
            String(decoding: data, as: UTF8.self)
          )
        })
    }
  }

  /// The part of a header behind the columns that every event has.
  private func columns(_ csv: String?) -> String? {
    csv?.prefix { $0 != "\n" }.split(separator: "controlGroupName").dropFirst().first.map {
      String($0.dropFirst())
    }
  }

  @Test func anOrdinaryDayNeedsOnePass() throws {
    let catalogue = try catalogue([("A", "x"), ("A", "y")])
    let files = try pass(catalogue, [event(1, "A", #"{"y":1}"#), event(2, "A", #"{"x":2,"y":null}"#)])
    #expect(catalogue.grown.isEmpty)
    #expect(Array(catalogue.changes(ofGrown: false)).isEmpty)
    #expect(columns(files["A-19700101-0-7.csv"]) == "eventProps.x,eventProps.y")
    #expect(files["A-19700101-0-7.csv"]?.hasSuffix(",,1\n19700101000000,A,,,,,,,,,,,,,,,,,,,,2,\n") == true)
  }

  @Test func anEventThatGrowsIsWrittenInTheNextPass() throws {
    let events = [
      event(1, "A", #"{"x":1}"#), event(2, "B", #"{"p":1}"#), event(3, "A", #"{"x":1}"#, day: 1),
      event(4, "A", #"{"y":1,"x":2}"#), event(5, "A", #"{"z":1}"#),
    ]
    let catalogue = try catalogue([("A", "x"), ("B", "p")])
    let first = try pass(catalogue, events)
    #expect(Set(first.keys) == ["B-19700101-0-7.csv"])
    #expect(catalogue.grown == ["A"])
    #expect(Array(catalogue.changes(ofGrown: true)).map(\.name) == ["y", "z"])
    #expect(Array(catalogue.changes(ofGrown: true)).map(\.position) == [1, 2])
    catalogue.setRecorded()
    #expect(Array(catalogue.changes(ofGrown: false)).isEmpty)
    let second = try pass(catalogue, events)
    #expect(Set(second.keys) == ["A-19700101-0-7.csv", "A-19700102-0-7.csv"])
    #expect(catalogue.grown.isEmpty)
    for file in second.values { #expect(columns(file) == "eventProps.x,eventProps.y,eventProps.z") }
    try catalogue.checkRejected()
  }

  /// However far the first pass had got when the row came that did not fit.
  @Test func nothingStaysOfAnEventThatGrows() throws {
    var variation = FormatConformance.Case()
    for (size, memory) in [(300, 256 << 10), (1_000_000, 256 << 10), (60_000, EventFiles.memory)] {
      (variation.maxFileBytes, variation.memory) = (size, memory)
      var events = (0..<3000).map { event($0, $0 % 3 == 0 ? "B" : "A", #"{"x":\#($0)}"#) }
      events.append(event(9000, "A", #"{"late":1}"#))
      let catalogue = try catalogue([("A", "x"), ("B", "x")])
      let first = try pass(catalogue, events, variation)
      #expect(first.keys.allSatisfy { $0.hasPrefix("B-") } && !first.isEmpty)
      let second = try pass(catalogue, events, variation)
      #expect(second.keys.allSatisfy { $0.hasPrefix("A-") })
      #expect(second.values.allSatisfy { columns($0) == "eventProps.x,eventProps.late" })
      #expect(second.values.reduce(0) { $0 + $1.split(separator: "\n").count - 1 } == 2001)
      #expect(
        (first.merging(second) { $1 }).values.allSatisfy {
          $0.utf8.count <= size || $0.split(separator: "\n").count == 2
        })
    }
  }

  /// Their files are numbered together, so the numbers hang on the rows of both.
  @Test func eventsThatShareFileNamesGrowTogether() throws {
    let events = [
      event(1, "a b", #"{"x":1}"#), event(2, "a/b", #"{"x":1}"#), event(3, "C", #"{"x":1}"#),
      event(4, "a b", #"{"x":1,"y":1}"#),
    ]
    let interrupted = try catalogue([("a b", "x"), ("a/b", "x"), ("C", "x")])
    #expect(Set(try pass(interrupted, events).keys) == ["C-19700101-0-7.csv"])
    #expect(interrupted.grown == ["a b", "a/b"])
    let second = try pass(interrupted, events)
    // As in a run that had known the column from the beginning.
    let known = try pass(try catalogue([("a b", "x"), ("a b", "y"), ("a/b", "x"), ("C", "x")]), events)
    #expect(second == known.filter { !$0.key.hasPrefix("C") })
    #expect(columns(second["a-b-19700101-0-7.csv"]) == "eventProps.x,eventProps.y")
    #expect(columns(second["a-b-19700101-1-7.csv"]) == "eventProps.x")
  }

  @Test func aRowThatIsRejectedAddsNoColumn() throws {
    let catalogue = try catalogue([("A", "x")])
    var broken = event(1, "A", #"{"y":1}"#)
    broken.device = "{"
    let files = try pass(catalogue, [broken, event(2, "A", #"{"x":1}"#)])
    #expect(catalogue.grown.isEmpty)
    #expect(Set(files.keys) == ["A-19700101-0-7.csv", "rejected-7.jsonl"])
  }

  @Test func rejectedRowsStandInTheFirstPassOnly() throws {
    let catalogue = try catalogue()
    let events = [event(1, "A", "{"), event(2, "A", #"{"x":1}"#), event(3, "A", "[]")]
    #expect(Set(try pass(catalogue, events).keys) == ["rejected-7.jsonl"])
    #expect(Set(try pass(catalogue, events).keys) == ["A-19700101-0-7.csv"])
    try catalogue.checkRejected()
  }

  /// A row that is mended between two passes would be in both files, one that is broken in none.
  @Test func aSourceThatChangesBetweenPassesIsReadAnew() throws {
    for change in [#"{"x":1}"#, "{"] {
      let catalogue = try catalogue()
      let events = [event(1, "A", "{"), event(2, "A", #"{"x":1}"#)]
      _ = try pass(catalogue, events)
      var changed = events
      changed[change == "{" ? 1 : 0].properties = change
      _ = try pass(catalogue, changed)
      let error = #expect(throws: ExportError.self) { try catalogue.checkRejected() }
      #expect(error?.kind == .passing)
    }
  }

  @Test func aPropertyThatComesBetweenPassesIsReadOnceMore() throws {
    let catalogue = try catalogue()
    _ = try pass(catalogue, [event(1, "A", #"{"x":1}"#)])
    let changed = [event(1, "A", #"{"y":1}"#), event(2, "New", #"{"y":1}"#)]
    #expect(try pass(catalogue, changed).isEmpty)
    #expect(catalogue.grown == ["A"])
    #expect(columns(try pass(catalogue, changed)["A-19700101-0-7.csv"]) == "eventProps.x,eventProps.y")
  }

  /// What an earlier attempt has delivered is not read again, as long as its columns are those of the run.
  @Test func deliveredFilesStayWhereTheyAre() throws {
    let events = (1...4).map { event($0, "A", #"{"x":1}"#) }
    let delivered = DeliveredEventFile(
      eventName: "A", date: .init(daysSinceEpoch: 0), index: 0,
      keys: ReadKey(pass: 0, order: 0, sequence: 1)...ReadKey(pass: 0, order: 0, sequence: 2))
    let files = try pass(try catalogue([("A", "x")]), events, delivered: [delivered])
    #expect(files.keys.sorted() == ["A-19700101-1-7.csv"])
    #expect(files.values.first?.split(separator: "\n").count == 3)
  }

  @Test func namesThatAreMappedAreKnown() throws {
    let mapping = PropertyMapping.expressions([
      .init(name: "b", expression: "b"), .init(name: "a", expression: "a"),
    ])
    let catalogue = try catalogue(mapping: mapping)
    let files = try pass(catalogue, [event(1, "A", #"{"a":1}"#)])
    #expect(columns(files["A-19700101-0-7.csv"]) == "eventProps.b,eventProps.a")
    #expect(catalogue.grown.isEmpty)
    #expect(Array(catalogue.changes(ofGrown: false)).map(\.name) == ["b", "a"])
  }

  @Test func lookingAheadCountsRows() throws {
    let rows = (0..<10).map { event($0, "A", "{\"p\($0)\":1}") }
    for size in [1, 3, 10] {
      let catalogue = try catalogue()
      let look = EventLookAhead(
        catalogue, revision: Self.csv.revision(.init(), path: "/"), zone: .utc, rows: 7)
      var isEnough = false
      for start in stride(from: 0, to: 10, by: size) where !isEnough {
        isEnough = try look.append(EventBatch(rows[start..<min(start + size, 10)]))
      }
      #expect(isEnough)
      #expect(Array(catalogue.changes(ofGrown: true)).map(\.name) == (0..<7).map { "p\($0)" })
    }
  }

  /// Their files, delivered by an earlier attempt, have all the columns there are.
  @Test func lookingAheadAtEventsWithoutPropertiesAddsNothing() throws {
    let catalogue = try catalogue()
    let look = EventLookAhead(
      catalogue, revision: Self.csv.revision(.init(), path: "/"), zone: .utc, rows: 7)
    _ = try look.append(EventBatch([event(1, "A", "{}"), event(2, "B", #"{"x":1}"#)]))
    #expect(catalogue.grown == ["B"])
  }

  @Test func moreThanFilesCanHaveIsAnError() throws {
    let catalogue = try catalogue()
    let members = (0...EventCatalogue.propertyLimit).map { "\"id-\($0)\":1" }.joined(separator: ",")
    catalogue.beginPass()
    try withTemporaryDirectory { directory in
      let files = try Self.csv.eventFiles(.init(), in: directory, catalogue)
      let error = #expect(throws: ExportError.self) {
        try files.append(EventBatch([event(1, "A", "{\(members)}")]))
      }
      #expect(error?.object == "event A")
      #expect(error?.hint?.hasPrefix("use json") == true)
    }
  }

  @Test func typesGrowToo() throws {
    let catalogue = try catalogue(format: .parquet)
    #expect(catalogue.need == .types)
    let look = EventLookAhead(
      catalogue, revision: Self.csv.revision(.init(), path: "/"), zone: .utc, rows: 100)
    _ = try look.append(
      EventBatch([
        event(1, "A", #"{"i":1,"d":1,"b":true,"s":1,"n":null,"big":12345678901234567890,"o":{}}"#),
        event(2, "A", #"{"i":9007199254740993,"d":0.5,"b":false,"s":"x","n":null,"l":1e400}"#),
      ]))
    #expect(
      Array(catalogue.changes(ofGrown: true)).map { "\($0.name) \($0.type.rawValue)" } == [
        "i INT64", "d DOUBLE", "b BOOLEAN", "s STRING", "n UNKNOWN", "big STRING", "o STRING", "l STRING",
      ])
  }

  /// Random objects, in any order and with any keys: each value stands in the column of its name.
  @Test func valuesStandInTheirColumns() throws {
    var random = SeededRandom(seed: 20_261_126)
    var group = ColumnGroup()
    var field = JSONField()
    var members = MemberNames()
    var order: [String] = []
    for round in 0..<2000 {
      let names = (0..<Int.random(in: 0...12, using: &random)).map { _ in
        ["a", "b", "Amount", "n\(Int.random(in: 0..<300, using: &random))", "é", "\\u0061", ""].randomElement(
          using: &random)!
      }
      var json = "{" + names.enumerated().map { "\"\($1)\":\($0)" }.joined(separator: ",") + "}"
      var wanted: [String: Int] = [:]
      for (index, name) in names.enumerated() { wanted[name == "\\u0061" ? "a" : name] = index }
      try json.withUTF8 {
        try field.load(UnsafeRawBufferPointer($0), kind: .object, names: &members)
        let before = group.count
        let fits = group.place(field, typed: false)
        #expect(fits == (group.count == before))
        for column in order.count..<group.count {
          order.append(String(decoding: group.name(of: column), as: UTF8.self))
        }
        #expect(Set(order).count == order.count && wanted.keys.allSatisfy(order.contains))
        field.withValue { object in
          for (column, name) in order.enumerated() {
            let cell = group.cell(column)
            let text = cell == 0 ? nil : String(decoding: object.bytes(object.range(of: cell)), as: UTF8.self)
            #expect(text == wanted[name].map(String.init), "round \(round), \(name)")
          }
        }
      }
    }
  }
}
