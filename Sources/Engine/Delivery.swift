import ExportCore
import Formats
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

  /// Reads the events of one database to their end and delivers everything that comes of them. Where reading holds a
  /// snapshot, nothing is sent before it is over: a slow destination must not keep it open.
  /// - Parameter countsRows: false for rows that have been counted already, with what they hold.
  func deliver(
    _ files: EventFiles, from source: any Source, _ read: EventRead, countsRows: Bool
  ) async throws {
    let holdsSnapshot = read.cut.bound == nil
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        var underWay = 0
        var held: [CompletedFile] = []
        try await source.read(read) { batch in
          control.moved(rows: countsRows ? batch.rows.count : 0)
          try files.append(batch)
          let completed = files.takeCompleted()
          if holdsSnapshot {
            held += completed
          } else {
            try await send(completed, &group, &underWay)
          }
        }
        if countsRows { control.replaced(members: files.replacedMembers) }
        try await send(files.valid(held), &group, &underWay)
        while true {
          let completed = try files.finish(atMost: Self.groupLimit)
          guard !completed.isEmpty else { break }
          try await send(completed, &group, &underWay)
        }
        try await group.waitForAll()
      }
    } catch {
      files.abandon()
      throw error
    }
  }

  /// Reads the profiles of one database as they are at one moment, and delivers those that `delta` lets through once
  /// all have been read; nothing when they do not fit in the columns of `catalogue`, which then has grown.
  func deliver(
    _ files: ProfileFiles, _ catalogue: ProfileCatalogue, from source: any Source, _ read: ProfileRead,
    _ delta: ProfileDelta, countsRows: Bool
  ) async throws {
    do {
      var held: [CompletedFile] = []
      try await source.readProfiles(read) { batch in
        var batch = batch
        try delta.filter(&batch)
        control.moved(rows: countsRows ? batch.rows.count : 0)
        try files.append(batch)
        held += files.takeCompleted()
      }
      try files.append(delta.rest())
      held += files.takeCompleted()
      if countsRows { control.replaced(members: files.replacedMembers) }
      if catalogue.isGrown { return files.abandon() }
      while true {
        let completed = try files.finish(atMost: Self.groupLimit)
        guard !completed.isEmpty else { break }
        held += completed
      }
      try await withThrowingTaskGroup(of: Void.self) { group in
        var underWay = 0
        try await send(held, &group, &underWay)
        try await group.waitForAll()
      }
    } catch {
      files.abandon()
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
    var delivered: [String] = []
    var failure: (any Error)?
    await withTaskGroup(of: Result<String, any Error>.self) { group in
      func take(_ result: Result<String, any Error>) {
        switch result {
        case .success(let name): delivered.append(name)
        case .failure(let error):
          failure = failure ?? error
          group.cancelAll()
        }
      }
      for (index, file) in files.enumerated() where failure == nil {
        if index >= Self.filesUnderWay, let result = await group.next() { take(result) }
        group.addTask {
          do {
            try await DeliveryProgress.$current.withValue(DeliveryProgress { control.moved() }) {
              try await destination.deliver(file.staged, as: file.file.name)
            }
            control.moved()
            return .success(file.file.name)
          } catch {
            return .failure(error)
          }
        }
      }
      for await result in group { take(result) }
    }
    // What lies at the destination is recorded also when others failed or the attempt was told to end: the next one goes
    // on behind it.
    if !delivered.isEmpty { try ledger.delivered(delivered, of: run, revision: revision) }
    if let failure { throw failure }
  }
}

extension FileRecord {
  init(_ completed: CompletedFile, revision: Int) {
    let file = completed.file
    var kind = Kind.data
    var event: (name: String, date: String)?
    var index: Int?
    switch file.content {
    case .events(let name, let date, let number): (event, index) = ((name, date.description), number)
    case .profiles(let number): index = number
    case .rejected: kind = .rejected
    }
    self.init(
      name: file.name, kind: kind, databaseId: file.databaseId, eventName: event?.name, date: event?.date,
      fileIndex: index, rows: file.rows, bytes: file.bytes, sha256: file.sha256,
      firstKey: completed.keys.lowerBound, lastKey: completed.keys.upperBound, revision: revision)
  }

  /// What the next attempt leaves out; nil for anything but event data.
  var delivered: DeliveredEventFile? {
    guard kind == .data, let eventName, let date = date.flatMap(LocalDate.init(iso:)), let fileIndex,
      let firstKey,
      let lastKey
    else { return nil }
    return DeliveredEventFile(eventName: eventName, date: date, index: fileIndex, keys: firstKey...lastKey)
  }
}
