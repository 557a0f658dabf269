import ExportCore
import ExportTesting
import Testing
import TimeZones
import ZoneTesting

@testable import SQLiteSource

/// Random tables, read back and compared with what was put into them: each row once, in the order of the bytes of its
/// objectId, whatever the column makes of them.
@Suite struct ProfileOrderTests {
  struct Shape: Sendable, CustomStringConvertible {
    var description: String
    /// `%` is where the definition of the column stands.
    var objectId: String
    var values: Set<Kind>
    var from = "profiles"
    var options = ""
    var encoding = "UTF-8"
    var isUnique = false
  }

  enum Kind: CaseIterable { case null, integer, real, text, oddText, blob }

  static let shapes: [Shape] = [
    Shape(description: "any values", objectId: "", values: Set(Kind.allCases)),
    Shape(description: "any values, an index", objectId: "BLOB", values: Set(Kind.allCases), options: index),
    Shape(description: "texts", objectId: "TEXT", values: [.null, .text, .oddText, .integer]),
    Shape(
      description: "texts, an index", objectId: "TEXT", values: [.null, .text, .oddText], options: index),
    Shape(
      description: "texts and BLOBs, an index", objectId: "TEXT", values: [.text, .oddText, .blob],
      options: index),
    Shape(
      description: "a key of texts", objectId: "TEXT PRIMARY KEY",
      values: [.null, .text, .oddText, .integer],
      isUnique: true),
    Shape(
      description: "a key of texts and BLOBs", objectId: "TEXT PRIMARY KEY",
      values: [.text, .oddText, .blob],
      isUnique: true),
    Shape(
      description: "WITHOUT ROWID", objectId: "TEXT PRIMARY KEY", values: [.text, .oddText],
      options: " WITHOUT ROWID", isUnique: true),
    Shape(
      description: "integers as the primary key", objectId: "INTEGER PRIMARY KEY", values: [.integer],
      isUnique: true),
    Shape(description: "integers", objectId: "INTEGER", values: [.null, .integer, .blob], options: index),
    Shape(description: "reals", objectId: "REAL UNIQUE", values: [.real], isUnique: true),
    Shape(
      description: "texts whose case does not count", objectId: "TEXT COLLATE NOCASE",
      values: [.null, .text], options: index),
    Shape(
      description: "UTF-16", objectId: "TEXT", values: [.null, .text], options: index, encoding: "UTF-16be"),
    Shape(
      description: "a view", objectId: "TEXT", values: [.text, .oddText, .blob],
      options: "; CREATE VIEW seen AS SELECT * FROM profiles"
    ).reading("seen"),
    Shape(description: "a SELECT", objectId: "", values: Set(Kind.allCases)).reading(
      "(SELECT * FROM profiles WHERE 1)"),
  ]

  private static let index = "; CREATE INDEX i ON profiles (object_id)"

  @Test(arguments: shapes, UInt64(1)...(Effort.isLong ? 40 : 6))
  func rowsComeInTheOrderOfTheirBytesAndThenOfTheirContent(_ shape: Shape, _ seed: UInt64) async throws {
    var random = SeededRandom(seed: seed)
    let rows = (0..<220).map { _ in Row(shape, &random) }.uniqued(shape.isUnique)
    let first = try await read(rows, shape)
    let second = try await read(rows.shuffled(using: &random), shape)

    let keys = first.profiles.map(\.objectKey)
    let expectedKeys = rows.map(\.objectId.key).filter { !$0.isEmpty }.sorted {
      $0.lexicographicallyPrecedes($1)
    }
    #expect(keys == expectedKeys)
    #expect(first.rejected.count == rows.count - expectedKeys.count)
    #expect(
      first.profiles.map(Content.init).sorted() == rows.compactMap(Content.init).sorted(),
      "every row arrives with its own content")
    #expect(
      first.profiles.map(Content.init) == second.profiles.map(Content.init),
      "the order in which rows were written does not count")
    #expect(first.profiles.map(\.key.sequence) == first.profiles.map(\.key.sequence).sorted())
  }

  private func read(_ rows: [Row], _ shape: Shape) async throws -> ProfileResult {
    let database = try TestDatabase(
      "CREATE TABLE profiles (object_id \(shape.objectId), identity, email, note)\(shape.options)", wal: true,
      encoding: shape.encoding)
    try database.insert(
      "INSERT INTO profiles VALUES (?, ?, ?, ?)",
      rows.map { [$0.objectId, $0.identity, $0.email, $0.note] })
    var limits = ReadLimits.standard
    limits.rowsPerBatch = 16
    let source = SQLiteDatabases(
      database, events: nil,
      profiles: ProfileMapping(
        from: shape.from, properties: .expressions([.init(name: "note", expression: "note")])), limits: limits
    )
    return try await source.readAll(ProfileRead(databaseId: "0", span: .everything, readsVersions: false))
  }
}

extension ProfileOrderTests.Shape {
  fileprivate func reading(_ from: String) -> Self {
    var shape = self
    shape.from = from
    return shape
  }
}

/// A row as it is written.
private struct Row {
  var objectId: SQLiteTestValue
  var identity: SQLiteTestValue
  var email: SQLiteTestValue
  var note: SQLiteTestValue

  init(_ shape: ProfileOrderTests.Shape, _ random: inout SeededRandom) {
    objectId = Row.objectId(shape.values, &random)
    identity = Row.content(&random)
    email = Row.content(&random)
    note = Row.content(&random)
  }

  private static func objectId(
    _ kinds: Set<ProfileOrderTests.Kind>, _ random: inout SeededRandom
  ) -> SQLiteTestValue {
    let kind = ProfileOrderTests.Kind.allCases.filter(kinds.contains).randomElement(using: &random)!
    // Few of each, so that many are equal or nearly so.
    return switch kind {
    case .null: .null
    case .integer:
      .integer([0, 7, -7, 10, 9, 100, .max, .min, Int64.random(in: -99...99, using: &random)].pick(&random))
    case .real:
      .real(
        [0.5, 7, -7, 1e300, -0.1, 1.0 / 3, .infinity, Double.random(in: 0...9, using: &random)].pick(&random))
    case .text: .text(["", "7", "a", "A", "aa", "é", "\u{FF5E}", "\u{10000}", "z", "ab", "aB"].pick(&random))
    case .oddText:
      .rawText(
        [[0xFF], [0x61, 0x00], [0x61, 0x00, 0x62], [0xC3], [0x00], [0xED, 0xA0, 0x80]].pick(&random))
    case .blob: .blob([[], [0x37], [0x61], [0xFF], [0x00], [0xC3, 0xA9]].pick(&random))
    }
  }

  /// Values that SQLite takes for equal, and that are written differently.
  private static func content(_ random: inout SeededRandom) -> SQLiteTestValue {
    [.null, .integer(1), .real(1), .integer(0), .real(-0.0), .text("1"), .text("a"), .text("A"), .text("")]
      .pick(&random)
  }
}

/// What arrives of a row, comparable.
private struct Content: Equatable, Comparable {
  var key: [UInt8]
  var texts: [String]

  init(_ profile: ReadProfile) {
    key = profile.objectKey
    texts = ["objectId", "identity", "email", "properties"].map { profile.fields[$0] ?? "absent" }
  }

  init?(_ row: Row) {
    key = row.objectId.key
    guard !key.isEmpty else { return nil }
    let note = row.note.json.map { "{\"note\":\($0)}" }
    texts = [
      String(decoding: key, as: UTF8.self), row.identity.written ?? "absent", row.email.written ?? "absent",
      note ?? "absent",
    ]
  }

  static func < (a: Content, b: Content) -> Bool {
    a.key == b.key ? a.texts.lexicographicallyPrecedes(b.texts) : a.key.lexicographicallyPrecedes(b.key)
  }
}

extension Array {
  fileprivate func pick(_ random: inout SeededRandom) -> Element { randomElement(using: &random)! }
}

extension [Row] {
  /// Without those whose value another has, where the table allows none.
  fileprivate func uniqued(_ isUnique: Bool) -> [Row] {
    guard isUnique else { return self }
    var seen: Set<String> = []
    return filter { row in
      switch row.objectId {
      case .null: true
      case .blob(let bytes): seen.insert("blob \(bytes)").inserted
      default: seen.insert("\(row.objectId.key)").inserted
      }
    }
  }
}

extension SQLiteTestValue {
  /// Its bytes as text; empty for NULL.
  fileprivate var key: [UInt8] {
    switch self {
    case .rawText(let bytes), .blob(let bytes): bytes
    default: Array((written ?? "").utf8)
    }
  }

  fileprivate var written: String? {
    switch self {
    case .null: nil
    case .integer(let value): "\(value)"
    case .real(let value): "\(value)"
    case .text(let text): text
    case .rawText(let bytes), .blob(let bytes): String(decoding: bytes, as: UTF8.self)
    }
  }

  fileprivate var json: String? {
    if case .text(let text) = self { return "\"\(text)\"" }
    return written
  }
}
