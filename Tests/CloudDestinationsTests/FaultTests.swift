import Crypto
import ExportCore
import ExportTesting
import Foundation
import NIOHTTP1
import Testing
import ZoneTesting

@testable import CloudDestinations

/// Schedules of faults, each from its seed, between a destination and a server that looks at everything, for each cloud. `make faults SEEDS=1000` plays
/// more of them, from FROM on.
@Suite struct FaultTests {
  private static let seeds: Range<Int> = {
    let environment = ProcessInfo.processInfo.environment
    let first = environment["FAULT_FROM"].flatMap { Int($0) } ?? 1
    return first..<first + (environment["FAULT_SEEDS"].flatMap { Int($0) } ?? 50)
  }()

  /// Schedules are bounded, and so is a test's patience.
  private static let retries: Retries = {
    var retries = Retries()
    retries.attempts = 4
    retries.firstPause = .milliseconds(2)
    retries.longestPause = .milliseconds(20)
    return retries
  }()

  @Test func atS3AnObjectIsWholeOrAbsent() async throws {
    let checking = try await CheckingServer(["--minimum-part", "\(FaultHistory.part)"])
    var layout = S3Layout()
    (layout.part, layout.largestSingle) = (FaultHistory.part, 2 * FaultHistory.part)
    let small = layout
    try await play("s3", port: checking.server.port) { staging, connections, proxy in
      let direct = try await checking.bucket(connections, staging: staging, named: "faults")
      return Sides(
        direct: direct,
        through: try checking.bucket(
          connections, staging: staging, named: "faults", port: proxy, layout: small, retries: Self.retries),
        unfinished: { prefix in try await direct.s3.uploads(prefix: prefix).map(\.key) })
    }
  }

  @Test func atCloudStorageAnObjectIsWholeOrAbsent() async throws {
    var layout = GCSLayout()
    // The service takes no smaller chunks.
    (layout.chunk, layout.largestSingle) = (256 << 10, FaultHistory.part)
    let small = layout
    try await withTemporaryDirectory { staging in
      try await TestGCSBucket.at(.server, staging: staging, layout: small, retries: impatient) { test in
        let port = try #require(URLComponents(string: test.endpoint)?.port)
        try await play("gcs", port: UInt16(port)) { staging, connections, proxy in
          var configuration = GCSConfiguration(bucket: test.name)
          configuration.endpoint = "http://127.0.0.1:\(proxy)"
          return Sides(
            direct: test.bucket,
            through: try .gcs(
              configuration, name: "lake", stagingDirectory: staging, connections: connections, layout: small,
              retries: Self.retries, environment: [:], serviceAccountKey: nil),
            // Nobody can list sessions, nor end those whose address nobody knows.
            unfinished: { _ in [] })
        }
      }
    }
  }

  @Test func atAzureABlobIsWholeOrAbsent() async throws {
    var layout = AzureLayout()
    (layout.block, layout.largestSingle) = (FaultHistory.part, 2 * FaultHistory.part)
    let small = layout
    try await withTemporaryDirectory { staging in
      try await TestAzureContainer.made(staging: staging, layout: small) { test in
        let port = try #require(URLComponents(string: test.endpoint)?.port)
        let account = try await AzurePeer.account()
        try await play("azure", port: UInt16(port)) { staging, connections, proxy in
          var configuration = AzureConfiguration(
            account: account.account, container: test.name, access: .managedIdentity)
          configuration.endpoint = "http://127.0.0.1:\(proxy)"
          return Sides(
            direct: test.container,
            through: try .azure(
              configuration, name: "lake", stagingDirectory: staging, connections: connections, layout: small,
              retries: Self.retries, environment: [:], entry: { .accountKey(account.key) }),
            unfinished: { prefix in try await test.unfinished().filter { $0.hasPrefix(prefix) } })
        }
      }
    }
  }

  /// - Parameters:
  ///   - cloud: what the proxy is to know of.
  ///   - port: of the server behind it.
  ///   - sides: given where files are staged, the connections, and the proxy's port.
  private func play(
    _ cloud: String, port: UInt16,
    _ sides: @escaping @Sendable (String, CloudConnections, UInt16) async throws -> Sides
  ) async throws {
    let proxy = try await PythonServer([
      "python", CheckingServer.folder + "/faults.py", "PORT", "\(port)", "--cloud", cloud,
    ])
    let connections = CloudConnections(environment: [:])
    let result = try await withTemporaryDirectory { staging in
      await Result { () async throws in
        let sides = try await sides(staging, connections, proxy.port)
        let control = CloudClient(connections, CloudOptions())
        for seed in Self.seeds {
          var history = FaultHistory(seed: seed, sides, staging: staging)
          let mistakes = try await history.play(proxy: "http://127.0.0.1:\(proxy.port)", control)
          if !mistakes.isEmpty {
            Issue.record(
              "\(cloud), seed \(seed) (make faults SEEDS=1 FROM=\(seed)):\n\(mistakes.joined(separator: "\n"))"
            )
          }
        }
      }
    }
    await connections.shutDown()
    try result.get()
  }
}

/// One bucket, seen from two sides.
private struct Sides: Sendable {
  /// Without faults: what is really there.
  let direct: CloudDestination
  /// With faults in between.
  let through: CloudDestination
  /// Names of what is on its way and not visible, of those that begin with a prefix.
  let unfinished: @Sendable (_ prefix: String) async throws -> [String]
}

/// What one seed does, and what is wrong with what came of it.
private struct FaultHistory {
  static let part = 1 << 16

  let seed: Int
  let sides: Sides
  let staging: String
  private var random: SeededRandom
  private var mistakes: [String] = []
  /// What was done, for whoever reads a failure.
  private var story: [String] = []

  init(seed: Int, _ sides: Sides, staging: String) {
    self.seed = seed
    self.sides = sides
    self.staging = staging
    random = SeededRandom(seed: UInt64(seed))
  }

  private var stem: String { "\(1_690_000_000 + seed)-1690300000-" }

  mutating func play(proxy: String, _ control: CloudClient) async throws -> [String] {
    _ = try await control.text(.POST, "\(proxy)/-/schedule?seed=\(seed)")
    for number in 0..<3 {
      let name = "seed \(seed)/\(stem)\(number)"
      let size = [0, 1, 1000, Self.part * 2, Self.part * 2 + 1, Self.part * 5 + 7].randomElement(
        using: &random)!
      let bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
      try await write(bytes, name)
      if Bool.random(using: &random) { try await list() }
      if Int.random(in: 0..<3, using: &random) == 0 { try await delete(name, bytes) }
    }
    try await removeLeftovers()
    if !mistakes.isEmpty {
      mistakes.append("what was done:\n  " + story.joined(separator: "\n  "))
      mistakes.append("what happened:\n" + (try await control.text(.GET, "\(proxy)/-/schedule")))
    }
    _ = try await control.text(.POST, "\(proxy)/-/end")
    return mistakes
  }

  /// - Returns: whether it reported success.
  private mutating func attempt(_ what: String, _ body: () async throws -> Void) async -> Bool {
    do {
      try await body()
      story.append("\(what): done")
      return true
    } catch let error as ExportError {
      story.append("\(what): \(error)")
      let text = error.description
      if text.contains("checking-secret") || text.contains("\n") || text.contains("Error Domain")
        || error.problem.isEmpty
      {
        mistakes.append("\(what) fails with what is no sentence, or tells a secret: \(text)")
      }
      return false
    } catch {
      mistakes.append("\(what) fails with \(type(of: error)): \(error)")
      return false
    }
  }

  private mutating func write(_ bytes: [UInt8], _ name: String) async throws {
    let isDelivered = Bool.random(using: &random)
    let path = "\(staging)/\(TemporaryFileName.of(stem + "0-1"))"
    let sha256 = SHA256.hash(data: bytes).hexadecimal
    if isDelivered { try Data(bytes).write(to: URL(fileURLWithPath: path)) }
    let file = StagedFile(path: path, bytes: bytes.count, sha256: sha256)
    let what = "\(isDelivered ? "deliver" : "put") \(bytes.count) bytes as \(name)"
    let through = sides.through
    let isDone = await attempt(what) {
      if isDelivered {
        try await through.deliver(file, as: name)
      } else {
        try await through.put(bytes, as: name)
      }
    }
    switch try await sides.direct.digest(name) {
    case nil: if isDone { mistakes.append("\(what) reports success, and nothing is there") }
    case let stored?:
      if stored.bytes != bytes.count || stored.sha256 != sha256 {
        mistakes.append("\(what) leaves something else: \(stored.bytes) bytes")
      }
    }
    if isDelivered, isDone == FileManager.default.fileExists(atPath: path) {
      mistakes.append("\(what): the staged file is \(isDone ? "still" : "not") there")
    }
  }

  private mutating func delete(_ name: String, _ bytes: [UInt8]) async throws {
    let through = sides.through
    let isDone = await attempt("delete \(name)") { try await through.delete(name) }
    let stored = try await sides.direct.digest(name)
    if isDone, stored != nil { mistakes.append("delete \(name) reports success, and it is still there") }
    if let stored, stored.bytes != bytes.count { mistakes.append("delete \(name) leaves a part of it") }
  }

  private mutating func list() async throws {
    let through = sides.through
    let directory = "seed \(seed)"
    var listed: [StoredObject] = []
    let isDone = await attempt("list") { listed = try await through.list(prefix: directory, stem: "") }
    let there = try await sides.direct.list(prefix: directory, stem: "")
    if isDone, Set(listed) != Set(there) { mistakes.append("list gives \(listed) where there is \(there)") }
  }

  /// A schedule is bounded: it succeeds at last.
  private mutating func removeLeftovers() async throws {
    let (through, stem) = (sides.through, stem)
    for _ in 0..<10 {
      if await attempt("removeLeftovers", { try await through.removeLeftovers(stem: stem) }) {
        let left = try await sides.unfinished("seed \(seed)/")
        if !left.isEmpty { mistakes.append("removeLeftovers leaves \(left)") }
        return
      }
      // Longer than connections are refused.
      try await Task.sleep(for: .milliseconds(200))
    }
    mistakes.append("removeLeftovers never succeeds")
  }
}
