package import ExportCore
import Foundation
package import GRDB
package import TimeZones

/// Something only the process that holds the state directory can do, asked for by a command.
package enum Wish: Hashable, Sendable, Codable {
  /// Take the configuration anew, whole or not at all.
  case reload
  /// One attempt at every open window of the export, now.
  case run(RequestId, restart: Bool, rebase: Bool)
  /// Hold what was delivered against what the ledger and the source say: of one complete run, or of all.
  case verify(RequestId, run: RunId?, source: Bool)
  /// Query the sources and try out the destinations of the configuration as it stands in its files.
  case probe
}

/// A wish as it stands in the ledger.
package struct WishRecord: Hashable, Sendable {
  package var id: Int64
  package var wish: Wish
}

/// How a wish was answered.
package struct Answer: Hashable, Sendable {
  package var succeeded: Bool
  /// Whether a rule or another process stood in the way: later it may go.
  package var isRefused: Bool
  /// For a person, or JSON where the wish asks for data.
  package var text: String

  package init(succeeded: Bool, text: String) {
    (self.succeeded, isRefused, self.text) = (succeeded, false, text)
  }

  /// Of what could not be done.
  package init(_ error: ExportError) {
    (succeeded, isRefused, text) = (false, error.kind == .refused, error.description)
  }
}

/// The process that holds, or last held, the state directory.
package struct DaemonRecord: Hashable, Sendable, Codable, FetchableRecord {
  package var bootId: String
  package var pid: Int32
  package var version: String
  package var startedAt: Instant
  /// Why the newest configuration was not taken; nil when it was.
  package var reloadError: String?
  package var reloadedAt: Instant?

  package static var databaseColumnDecodingStrategy: DatabaseColumnDecodingStrategy { .convertFromSnakeCase }
}

/// Verbs with which commands and the daemon talk.
extension Ledger {
  /// Writes a wish down; the daemon acts on it within a second or two.
  package func wish(_ wish: Wish, now: Instant) throws(ExportError) -> Int64 {
    try write { database in
      // Answers have been read by then; some are long.
      try database.cachedStatement(sql: "DELETE FROM wish WHERE answered_at < ?")
        .execute(arguments: [now + -86400])
      try database.cachedStatement(sql: "INSERT INTO wish (wish, created_at) VALUES (?, ?)").execute(
        arguments: [try Self.json(wish), now])
      return database.lastInsertedRowID
    }
  }

  /// Takes every wish that nobody alive has taken.
  package func takeWishes(bootId: String) throws(ExportError) -> [WishRecord] {
    let isAny = try read {
      try Bool.fetchOne(
        $0.cachedStatement(
          sql: "SELECT EXISTS (SELECT 1 FROM wish WHERE answered_at IS NULL AND taken_by IS NOT ?)"),
        arguments: [bootId])!
    }
    guard isAny else { return [] }
    return try write { database in
      let rows = try Row.fetchAll(
        database.cachedStatement(
          sql: """
            UPDATE wish SET taken_by = ?1 WHERE answered_at IS NULL AND taken_by IS NOT ?1 RETURNING id, wish
            """), arguments: [bootId])
      return try rows.map { WishRecord(id: $0["id"], wish: try Self.parse(Wish.self, $0["wish"])) }
        .sorted { $0.id < $1.id }
    }
  }

  /// Takes a wish back unless somebody has taken it.
  /// - Returns: whether it is gone.
  package func withdraw(_ id: Int64) throws(ExportError) -> Bool {
    try write {
      try $0.cachedStatement(sql: "DELETE FROM wish WHERE id = ? AND taken_by IS NULL").execute(arguments: [
        id
      ])
      return $0.changesCount == 1
    }
  }

  /// Answers the wishes for runs of an export that has just been stopped or deleted: what was asked for before that is not
  /// wanted any more, also by a process that comes later.
  static func refuseRunWishes(of id: RequestId, reason: String, now: Instant, _ database: Database) throws {
    try database.cachedStatement(
      sql: """
        UPDATE wish SET answered_at = ?, succeeded = 0, refused = 1, answer = ?
        WHERE answered_at IS NULL AND json_extract(wish, '$.run._0') = ?
        """
    ).execute(arguments: [now, "the export was stopped meanwhile: \(reason)", id])
  }

  package func answer(_ id: Int64, _ answer: Answer, now: Instant) throws(ExportError) {
    try write {
      try $0.cachedStatement(
        sql: """
          UPDATE wish SET answered_at = ?, succeeded = ?, refused = ?, answer = ?
          WHERE id = ? AND answered_at IS NULL
          """
      ).execute(arguments: [now, answer.succeeded, answer.isRefused, answer.text, id])
    }
  }

  /// The answer to a wish, once there is one.
  package func answer(to id: Int64) throws(ExportError) -> Answer? {
    try read { database in
      try Row.fetchOne(
        database.cachedStatement(
          sql: "SELECT succeeded, refused, answer FROM wish WHERE id = ? AND answered_at IS NOT NULL"),
        arguments: [id]
      ).map {
        var answer = Answer(succeeded: $0["succeeded"], text: $0["answer"] ?? "")
        answer.isRefused = $0["refused"]
        return answer
      }
    }
  }

  /// Says who holds the state directory from now on.
  package func register(bootId: String, pid: Int32, version: String, now: Instant) throws(ExportError) {
    try write {
      try $0.cachedStatement(
        sql: """
          INSERT INTO daemon (id, boot_id, pid, version, started_at) VALUES (1, ?, ?, ?, ?)
          ON CONFLICT DO UPDATE SET boot_id = excluded.boot_id, pid = excluded.pid,
            version = excluded.version, started_at = excluded.started_at, reload_error = NULL, reloaded_at = NULL
          """
      ).execute(arguments: [bootId, pid, version, now])
    }
  }

  /// Remembers the outcome of a reload; `error` nil when the configuration was taken.
  package func reloaded(error: String?, now: Instant) throws(ExportError) {
    try write {
      try $0.cachedStatement(sql: "UPDATE daemon SET reload_error = ?, reloaded_at = ? WHERE id = 1").execute(
        arguments: [error, now])
    }
  }

  package func daemon() throws(ExportError) -> DaemonRecord? {
    try read { try DaemonRecord.fetchOne($0.cachedStatement(sql: "SELECT * FROM daemon WHERE id = 1")) }
  }

  static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  static func parse<T: Decodable>(_ type: T.Type, _ text: String) throws -> T {
    try JSONDecoder().decode(type, from: Data(text.utf8))
  }
}
