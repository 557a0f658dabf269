import Crypto
import ExportCore
import Glibc

/// A destination whose objects lie in the world: slow, failing and lying as the weather is, whole or not at all. The pond takes them
/// as clouds do, in uploads that nobody sees and that stay when a process dies.
struct SimulatedDestination: Destination {
  private let world: World
  private let life: Life
  private let name: String

  init(_ world: World, _ life: Life, name: String) {
    self.world = world
    self.life = life
    self.name = name
  }

  var stagingDirectory: String? { life.stagingDirectory }

  private var hasUploads: Bool { name == "pond" }
  private func upload(_ name: String) -> String { "\(self.name)/\(name)" }

  func deliver(_ file: StagedFile, as name: String) async throws {
    guard hasUploads else { return try await store(file, as: name) }
    do {
      try await call("begin \(name)") { world.uploads[upload(name)] = life.number }
      try await store(file, as: name)
    } catch {
      // Ended by a task of its own: cancelling does not reach it, dying does.
      if !life.isDead, world.weather.destination.fate(&world.random).ending == .answer {
        world.uploads[upload(name)] = nil
      }
      throw error
    }
  }

  private func store(_ file: StagedFile, as name: String) async throws {
    try await call("deliver \(name)") {
      guard let bytes = readFile(file.path) else {
        throw failure("the staged file \(file.path) is gone", .passing)
      }
      guard bytes.count == file.bytes, SHA256.hash(data: bytes).hexadecimal == file.sha256 else {
        throw failure("the staged file \(file.path) is not what it is said to be", .lasting)
      }
      world.put(bytes, as: name, at: self.name)
      world.uploads[upload(name)] = nil
      world.reach(.file, life)
    }
    unlink(file.path)
  }

  func put(_ bytes: [UInt8], as name: String) async throws {
    if name.hasSuffix("-manifest.json") { world.reach(.manifest, life) }
    try await call("put \(name)") { world.put(bytes, as: name, at: self.name) }
  }

  func delete(_ name: String) async throws {
    do {
      try await call("delete \(name)") {
        // One of a process before is found by its stem alone.
        if world.uploads[upload(name)] == life.number { world.uploads[upload(name)] = nil }
        world.remove(name, at: self.name)
      }
    } catch {
      if !life.isDead { world.unwilling.insert("\(self.name)/\(name)") }
      throw error
    }
  }

  func list(prefix: String, stem: String) async throws -> [StoredObject] {
    try await call("list \(prefix)\(stem)") {
      objects.compactMap { name, bytes in
        let last = name[(name.lastIndex(of: "/").map(name.index(after:)) ?? name.startIndex)...]
        return name.hasPrefix(prefix) && last.hasPrefix(stem)
          ? StoredObject(name: name, bytes: bytes.count) : nil
      }.sorted { $0.name < $1.name }
    }
  }

  func digest(_ name: String) async throws -> (bytes: Int, sha256: String)? {
    try await call("digest \(name)") {
      objects[name].map { ($0.count, SHA256.hash(data: $0).hexadecimal) }
    }
  }

  func contents(_ name: String, limit: Int) async throws -> [UInt8]? {
    try await call("contents \(name)") { objects[name] }
  }

  func removeLeftovers(stem: String) async throws {
    let meant = { (upload: String) in
      upload.hasPrefix(name + "/") && upload.split(separator: "/").last?.hasPrefix(stem) == true
    }
    do {
      try await call("clear \(stem)") {
        for file in fileNames(of: life.stagingDirectory) where TemporaryFileName.isOurs(file, stem: stem) {
          unlink("\(life.stagingDirectory)/\(file)")
        }
        for upload in world.uploads.keys.filter(meant) { world.uploads[upload] = nil }
      }
    } catch {
      if !life.isDead { world.unwilling.formUnion(world.uploads.keys.filter(meant)) }
      throw error
    }
  }

  func probe() async throws { try await call("probe") {} }

  // MARK: One call

  private var objects: [String: [UInt8]] { world.stores[name, default: [:]] }

  private func call<Value>(_ what: String, _ effect: () throws -> Value) async throws -> Value {
    guard world.pass(life) else { throw Dead() }
    try Task.checkCancellation()
    let fate = world.weather.destination.fate(&world.random)
    let isLasting = world.weather.destination.isLasting
    if fate.ending != .answer { world.note("\(name): \(what): \(fate.ending)") }
    try await world.clock.work(milliseconds: fate.ending == .hang ? nil : fate.before)
    guard world.pass(life) else { throw Dead() }
    if fate.ending == .failure { throw failure("is out of order", isLasting ? .lasting : .passing) }
    let value = try effect()
    guard world.pass(life) else { throw Dead() }
    if fate.after > 0 { try await world.clock.work(milliseconds: fate.after) }
    if fate.ending == .lostAnswer { throw failure("did not answer", .passing) }
    return value
  }

  private func failure(_ problem: String, _ kind: ExportError.Kind) -> ExportError {
    ExportError(.destination, kind, object: "destination \(name)", problem: problem)
  }
}

private func readFile(_ path: String) -> [UInt8]? {
  let file = open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { return nil }
  defer { close(file) }
  var status = stat()
  guard fstat(file, &status) == 0 else { return nil }
  let size = Int(status.st_size)
  return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
    count = max(0, read(file, buffer.baseAddress, size))
  }
}

extension Sequence<UInt8> {
  /// Lower case.
  var hexadecimal: String { map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}
