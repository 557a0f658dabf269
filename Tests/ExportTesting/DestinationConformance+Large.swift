import Crypto
import ExportCore
import Foundation
import Testing

/// Files that a destination may send in parts.
extension DestinationConformance {
  /// A mebibyte of a linear congruential generator.
  private static let noise: Data = {
    var state: UInt64 = 1
    let words = (0..<(1 << 17)).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state
    }
    return words.withUnsafeBytes { Data($0) }
  }()

  /// A file of made-up content: no mebibyte of it is like another, nor like one of a file of another seed.
  private func stage(bytes: Int, seed: UInt64, _ label: String) throws -> StagedFile {
    let path = "\(staging)/\(TemporaryFileName.of(stem + label))"
    try Data().write(to: URL(fileURLWithPath: path))
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    var (digest, left) = (SHA256(), bytes)
    while left > 0 {
      var piece = Self.noise
      withUnsafeBytes(of: (seed, left)) { piece.replaceSubrange(0..<$0.count, with: $0) }
      piece = piece.prefix(left)
      try file.write(contentsOf: piece)
      digest.update(data: piece)
      left -= piece.count
    }
    try file.close()
    return StagedFile(path: path, bytes: bytes, sha256: digest.finalize().hexadecimal)
  }

  private func deliver(_ file: StagedFile, as name: String) async throws {
    try await destination.deliver(file, as: name)
    let digest = try await destination.digest(name)
    #expect(digest?.bytes == file.bytes)
    #expect(digest?.sha256 == file.sha256, "\(file.bytes) bytes")
    #expect(try await unfinished() == [])
  }

  func takesEverySize() async throws {
    try await destination.removeLeftovers(stem: stem)
    var sizes = [0, 1]
    for parts in 1...3 { sizes += [parts * part - 1, parts * part, parts * part + 1] }
    for size in sizes {
      try await deliver(try stage(bytes: size, seed: UInt64(size), "size"), as: "a/\(stem)\(size)")
    }
    #expect(try await names() == sizes.map { "a/\(stem)\($0)" }.sorted())
  }

  func takesLargeFiles() async throws {
    try await destination.removeLeftovers(stem: stem)
    let name = "a b+c/\(stem)100% #1?-0.json"
    try await deliver(try stage(bytes: 150_000_000, seed: 1, "large"), as: name)
    // The same content again is harmless; other content takes its place.
    try await deliver(try stage(bytes: 2 * part + 7, seed: 2, "other"), as: name)
    try await deliver(try stage(bytes: 2 * part + 7, seed: 2, "other"), as: name)
    #expect(try await names() == [name])
  }

  func showsNothingBeforeItIsWhole() async throws {
    try await destination.removeLeftovers(stem: stem)
    let file = try stage(bytes: 5 * part, seed: 3, "whole")
    let looking = Task {
      var seen: Set<Int> = []
      while !Task.isCancelled {
        for object in try await destination.list(prefix: "", stem: "") { seen.insert(object.bytes) }
      }
      return seen
    }
    try await deliver(file, as: "\(stem)whole")
    looking.cancel()
    if case .success(let seen) = await looking.result { #expect(seen.isSubset(of: [file.bytes])) }
  }

  func canBeCancelledInMidDelivery() async throws {
    try await destination.removeLeftovers(stem: stem)
    for pause in [0, 3, 10, 30, 60, 100, 200] {
      let name = "\(stem)\(pause)"
      let file = try stage(bytes: 5 * part, seed: UInt64(pause), "\(pause)")
      let delivery = Task { try await destination.deliver(file, as: name) }
      try await Task.sleep(for: .milliseconds(pause))
      let busy = Task { await Self.busyTime() }
      let began = ContinuousClock.now
      delivery.cancel()
      let result = await delivery.result
      let took = began.duration(to: .now)
      busy.cancel()
      #expect(took - (await busy.value) < .seconds(10), "cancelled after \(pause) ms")
      let digest = try await destination.digest(name)
      switch result {
      case .success: #expect(digest?.sha256 == file.sha256)
      case .failure(let error):
        #expect(error is CancellationError)
        #expect(FileManager.default.fileExists(atPath: file.path))
        // It may have been told too late; then it is whole.
        #expect(digest == nil || digest!.sha256 == file.sha256)
        try FileManager.default.removeItem(atPath: file.path)
      }
      var left = try await unfinished()
      for _ in 0..<30 where !left.isEmpty {
        try await Task.sleep(for: .milliseconds(100))
        left = try await unfinished()
      }
      #expect(left == [], "cancelled after \(pause) ms")
    }
  }

  /// For how long, until it is cancelled, this process had no thread for somebody who only sleeps: other tests run beside.
  private static func busyTime() async -> Duration {
    var total = Duration.zero
    while !Task.isCancelled {
      let began = ContinuousClock.now
      try? await Task.sleep(for: .milliseconds(10))
      total += max(.zero, began.duration(to: .now) - .milliseconds(20))
    }
    return total
  }
}
