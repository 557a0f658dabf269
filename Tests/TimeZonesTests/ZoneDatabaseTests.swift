import Foundation
import Testing
import TimeZones

@Suite struct ZoneDatabaseTests {
  /// A database of its own, with Berlin's file under the name Test/Zone.
  private struct Directory: ~Copyable {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("zones-\(UUID().uuidString)")

    init() throws {
      try FileManager.default.createDirectory(
        at: url.appendingPathComponent("Test"), withIntermediateDirectories: true)
      try put("Europe/Berlin", as: "Test/Zone")
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func put(_ system: String, as name: String) throws {
      let content = try Data(contentsOf: URL(fileURLWithPath: "/usr/share/zoneinfo/\(system)"))
      try content.write(to: url.appendingPathComponent(name), options: .atomic)
    }

    var database: ZoneDatabase { ZoneDatabase(directory: url.path) }
  }

  private func problem(_ database: ZoneDatabase, _ name: String) -> ZoneError.Problem? {
    do throws(ZoneError) {
      _ = try database.zone(named: name)
      return nil
    } catch { return error.problem }
  }

  @Test func theSystemsZonesAreAllReadable() throws {
    let database = ZoneDatabase()
    let names = database.names()
    #expect(names.count > 300)
    #expect(names.contains("Asia/Kolkata") && names.contains("America/Argentina/Buenos_Aires"))
    #expect(names == names.sorted())
    #expect(!names.contains { $0.hasPrefix("right/") || $0.hasPrefix("posix/") || $0.hasSuffix(".tab") })
    for name in names { #expect(try database.zone(named: name).name == name) }
  }

  @Test(arguments: [
    "", "/etc/passwd", "../../etc/passwd", "Europe/../Europe/Berlin", "Europe//Berlin", "Europe/", "/", ".",
    "./Europe/Berlin", "Europe/Berlin\0", "Europe/Berlin ", "Europe\\Berlin", "-Europe/Berlin",
    "Europe/Bérlin",
    "Europe/Berlin\n", String(repeating: "a", count: 65),
  ])
  func malformedNames(name: String) {
    #expect(problem(ZoneDatabase(), name) == .malformedName)
  }

  @Test func namesThatAreNoZones() throws {
    let database = ZoneDatabase()
    for name in ["Asia/Kolkatta", "Europe", "europe/berlin", "Europe/Berlin/Mitte", "Mars/Olympus"] {
      #expect(problem(database, name) == .unknown(directory: "/usr/share/zoneinfo"), "\(name)")
    }
    guard case .damaged = problem(database, "tzdata.zi") ?? problem(database, "zone.tab") else {
      Issue.record("a table was taken for a zone")
      return
    }
  }

  @Test func utcNeedsNoDatabase() throws {
    let nowhere = ZoneDatabase(directory: "/nonexistent/zones")
    #expect(try nowhere.zone(named: "UTC") == .utc)
    #expect(nowhere.names() == ["UTC"])
    #expect(problem(nowhere, "Europe/Berlin") == .databaseMissing(directory: "/nonexistent/zones"))
    #expect(Zone.utc.abbreviation(at: Instant(seconds: 0)) == "UTC")
  }

  @Test func aChangedFileIsFollowed() throws {
    let directory = try Directory()
    let database = directory.database
    let summer = Instant(seconds: 1_782_864_000)
    let berlin = try database.zone(named: "Test/Zone")
    #expect(berlin.offset(at: summer) == 7200)
    #expect(try database.zone(named: "Test/Zone") == berlin)

    try directory.put("Asia/Kolkata", as: "Test/Zone")
    let kolkata = try database.zone(named: "Test/Zone")
    #expect(kolkata.offset(at: summer) == 19800)
    #expect(kolkata != berlin)
    #expect(berlin.offset(at: summer) == 7200)

    // A broken or missing file is an error, and gone when it is whole again.
    try Data("TZif".utf8).write(to: directory.url.appendingPathComponent("Test/Zone"))
    guard case .damaged = problem(database, "Test/Zone") else {
      Issue.record("a broken file was taken")
      return
    }
    try FileManager.default.removeItem(at: directory.url.appendingPathComponent("Test/Zone"))
    #expect(problem(database, "Test/Zone") == .unknown(directory: directory.url.path))
    try directory.put("Europe/Berlin", as: "Test/Zone")
    #expect(try database.zone(named: "Test/Zone") == berlin)
  }

  @Test func symbolicLinksStayInside() throws {
    let directory = try Directory()
    let database = directory.database
    let manager = FileManager.default
    func link(_ name: String, to target: String) throws {
      try manager.createSymbolicLink(
        atPath: directory.url.appendingPathComponent(name).path, withDestinationPath: target)
    }
    try link("Inside", to: "Test/Zone")
    try link("Outside", to: "/usr/share/zoneinfo/Europe/Berlin")
    try link("Folder", to: "/usr/share/zoneinfo/Europe")
    try link("Loop", to: "Loop")
    #expect(try database.zone(named: "Inside").offset(at: Instant(seconds: 0)) == 3600)
    #expect(problem(database, "Outside") == .unknown(directory: directory.url.path))
    #expect(problem(database, "Folder/Berlin") == .unknown(directory: directory.url.path))
    guard case .unreadable = problem(database, "Loop") else {
      Issue.record("a link to itself led somewhere")
      return
    }
    let moved = directory.url.appendingPathComponent("moved").path
    try manager.createSymbolicLink(atPath: moved, withDestinationPath: directory.url.path)
    #expect(try ZoneDatabase(directory: moved).zone(named: "Test/Zone").name == "Test/Zone")
  }

  @Test func hugeFilesAndPipesAreNotRead() throws {
    let directory = try Directory()
    let huge = directory.url.appendingPathComponent("Huge").path
    try Data().write(to: URL(fileURLWithPath: huge))
    try #require(FileHandle(forWritingAtPath: huge)).truncate(atOffset: 1 << 40)
    guard case .damaged = problem(directory.database, "Huge") else {
      Issue.record("a huge file was taken")
      return
    }
    try #require(mkfifo(directory.url.appendingPathComponent("Pipe").path, 0o644) == 0)
    #expect(problem(directory.database, "Pipe") == .unknown(directory: directory.url.path))
    #expect(directory.database.names() == ["Test/Zone", "UTC"])
  }

  @Test func errorsSayWhatToDo() {
    func words(_ problem: ZoneError.Problem) -> String { "\(ZoneError(zone: "A\nB", problem: problem))" }
    #expect(words(.malformedName) == #""A\nB" is not a time zone name: use an IANA name like Europe/Berlin"#)
    #expect(words(.unknown(directory: "/z")).contains("not known in /z"))
    #expect(words(.databaseMissing(directory: "/z")).hasSuffix("apt-get install tzdata"))
    #expect(words(.unreadable(path: "/z/A", reason: "Permission denied")).contains("/z/A: Permission denied"))
    #expect(words(.damaged(reason: "cut short")).hasSuffix("(cut short): apt-get install --reinstall tzdata"))
  }
}
