import ExportCore
import Formats
import Glibc
import Ledger
import TimeZones

/// Carries finished files from the staging directory to the destination while further rows are read and
/// encoded: a name is written down, sent, and then recorded as delivered. Few are under way at once, so that
/// a slow destination holds up the reading rather than filling the disk.
struct Delivery: Sendable {
  let run: RunId
  let revision: Int
  let destination: any Destination
  let ledger: Ledger
  let control: AttemptControl

  /// Files that share the two transactions around their delivery.
  private static let groupLimit = 64
  private static let groupsUnderWay = 2
  private static let filesUnderWay = 4

  /// Reads one database to its end and delivers everything that comes of it.
  func deliver(_ writer: EventFileWriter, from source: any Source, _ read: EventRead) async throws {
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        var underWay = 0
        try await source.read(read) { batch in
          control.moved(rows: batch.rows.count)
          try writer.write(batch)
          try await send(writer.takeCompleted(), &group, &underWay)
        }
        try writer.finish()
        try await send(writer.takeCompleted(), &group, &underWay)
        try await group.waitForAll()
      }
    } catch {
      writer.abandon()
      throw error
    }
  }

  private func send(
    _ files: [CompletedFile], _ group: inout ThrowingTaskGroup<Void, any Error>, _ underWay: inout Int
  ) async throws {
    var rest = files[...]
    while !rest.isEmpty {
      if underWay == Self.groupsUnderWay {
        try await group.next()
        underWay -= 1
      }
      let files = rest.prefix(Self.groupLimit)
      rest = rest.dropFirst(Self.groupLimit)
      // In order and before any of them is sent: a delivered file then never lies behind an unknown one.
      try ledger.announce(files.map { FileRecord($0, revision: revision) }, of: run)
      group.addTask { try await deliver(files) }
      underWay += 1
    }
  }

  private func deliver(_ files: ArraySlice<CompletedFile>) async throws {
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (index, file) in files.enumerated() {
          if index >= Self.filesUnderWay { try await group.next() }
          group.addTask {
            try await destination.deliver(file.staged, as: file.name)
            control.moved()
          }
        }
        try await group.waitForAll()
      }
    } catch {
      for file in files { unlink(file.staged.path) }
      throw error
    }
    // What lies at the destination is recorded even when the attempt was told to end meanwhile.
    try ledger.delivered(files.map(\.name), of: run, revision: revision)
  }
}

extension FileRecord {
  init(_ file: CompletedFile, revision: Int) {
    self.init(
      name: file.name, kind: file.kind == .data ? .data : .rejected, databaseId: file.databaseId,
      eventName: file.eventName, date: file.date?.description, fileIndex: file.index, rows: file.rows,
      bytes: file.staged.bytes, sha256: file.staged.sha256, firstKey: file.firstKey, lastKey: file.lastKey,
      revision: revision)
  }
}
