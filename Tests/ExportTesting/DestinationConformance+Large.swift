import Crypto
package import ExportCore
import Foundation
import Testing

/// Files that a destination may send in parts.
extension DestinationConformance {
  /// A file of made-up content, written a mebibyte at a time.
  private func stage(bytes: Int, seed: UInt64, _ label: String) throws -> StagedFile {
    let path = "\(staging)/\(TemporaryFileName.of(stem + label))"
    FileManager.default.createFile(atPath: path, contents: nil)
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    var (digest, state, left) = (SHA256(), seed | 1, bytes)
    while left > 0 {
      let words = (0..<(1 << 17)).map { _ in
        // A linear congruential generator: two files are never the same, nor are two parts of one.
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state
      }
      let piece = words.withUnsafeBytes { Data($0.prefix(left)) }
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
      let began = ContinuousClock.now
      delivery.cancel()
      let result = await delivery.result
      #expect(began.duration(to: .now) < .seconds(2))
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
}
