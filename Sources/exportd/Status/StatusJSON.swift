import Engine
import ExportCore
import Ledger
import TimeZones

// The JSON of `exportd status` (SPEC section 7): names and types are a contract.

extension Overview {
  var json: OrderedJSON {
    .object([
      (
        "daemon",
        .object([
          ("running", .bool(daemon != nil)),
          ("pid", .integer(daemon.map { Int64($0.pid) })),
          ("version", .text(daemon?.version)),
          ("startedAt", .time(daemon?.startedAt)),
        ])
      ),
      ("exports", .list(exports.map(\.json))),
    ])
  }
}

extension ExportView {
  var json: OrderedJSON { .object(members) }

  /// With the whole definition as it was written.
  var jsonWithDefinition: OrderedJSON { .object(members + [("definition", .verbatim(definition))]) }

  private var members: [(String, OrderedJSON)] {
    [
      ("name", .text(record.name)),
      ("requestId", .integer(record.id)),
      ("dataType", .text(record.dataType.rawValue)),
      ("frequency", .member("frequency", of: definition)),
      ("format", .text(outline.format.rawValue)),
      ("destination", .text(outline.destination)),
      ("state", .text(state.rawValue)),
      ("reason", .text(reason)),
      ("lastRun", lastRun?.json ?? .null),
      ("nextRunAt", .time(nextRunAt)),
    ]
  }
}

extension RunRecord {
  var json: OrderedJSON {
    .object([
      ("id", .integer(id)),
      ("runTimestamp", .integer(runTimestamp)),
      ("window", .object([("from", .time(span.from)), ("to", .time(span.to))])),
      ("state", .text(state.rawValue)),
      ("reason", .text(reason)),
      ("attempt", .integer(attempt)),
      ("scheduledAt", .time(scheduledAt)),
      ("startedAt", .time(startedAt)),
      ("finishedAt", .time(finishedAt)),
      ("rows", .integer(rows)),
      ("bytes", .integer(bytes)),
      ("files", .integer(files)),
      ("rejected", .integer(rejected)),
      ("error", .text(error)),
      ("nextAttemptAt", .time(nextAttemptAt)),
    ])
  }
}

extension Manifest.File {
  /// As in the manifest.
  var json: OrderedJSON {
    var members: [(String, OrderedJSON)] = [
      ("name", .text(name)), ("kind", .text(content.kind)), ("databaseId", .text(databaseId)),
    ]
    switch content {
    case .events(let name, let date, let index):
      members += [
        ("eventName", .text(name)), ("date", .text(date.description)), ("index", .integer(index)),
      ]
    case .profiles(let index): members.append(("index", .integer(index)))
    case .rejected: break
    }
    members += [("rows", .integer(rows)), ("bytes", .integer(bytes)), ("sha256", .text(sha256))]
    return .object(members)
  }
}
