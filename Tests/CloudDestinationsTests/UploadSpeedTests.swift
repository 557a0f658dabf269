import Crypto
import ExportCore
import ExportTesting
import Foundation
import Testing

@testable import CloudDestinations

/// How fast a large file goes to rclone, beside boto3 with the same file and as many parts at a time: `make bench-upload`.
@Suite struct UploadSpeedTests {
  private static let bytes = ProcessInfo.processInfo.environment["UPLOAD_BYTES"].flatMap { Int($0) }

  @Test(.enabled(if: bytes != nil)) func besideBoto3() async throws {
    let bytes = try #require(Self.bytes)
    let megabytes = Double(bytes) / 1e6
    try await withTemporaryDirectory { staging in
      for round in 1...3 {
        let file = try Self.stage(bytes, in: staging)
        try await TestBucket.at(.rclone, staging: staging) { test in
          let copy = staging + "/copy"
          try FileManager.default.linkItem(atPath: file.path, toPath: copy)
          let start = ContinuousClock.now
          try await test.bucket.deliver(file, as: "ours")
          let ours = (ContinuousClock.now - start) / .seconds(1)
          let peak =
            try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
            .split(separator: "\n").first { $0.hasPrefix("VmHWM") } ?? ""
          let theirs = try Self.boto3(test, copy)
          let digest = try await test.bucket.digest("ours")
          #expect(digest?.sha256 == file.sha256)
          print(
            "round \(round): exportd \(Int(megabytes / ours)) MB/s (\(ours) s, \(peak)), boto3 \(theirs)")
          try await test.bucket.delete("ours")
          try await test.bucket.delete("theirs")
          try FileManager.default.removeItem(atPath: copy)
        }
      }
    }
  }

  private static func stage(_ bytes: Int, in staging: String) throws -> StagedFile {
    let path = "\(staging)/\(TemporaryFileName.of("1690283492-1690300000-0-1"))"
    try Data().write(to: URL(fileURLWithPath: path))
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    var digest = SHA256()
    var left = bytes
    let piece = Data((0..<1 << 20).map { _ in UInt8.random(in: 0...255) })
    while left > 0 {
      let next = piece.prefix(left)
      digest.update(data: next)
      try handle.write(contentsOf: next)
      left -= next.count
    }
    try handle.close()
    return StagedFile(path: path, bytes: bytes, sha256: digest.finalize().hexadecimal)
  }

  /// Seconds, and the peak of its memory.
  private static func boto3(_ test: TestBucket, _ path: String) throws -> String {
    try Python.run(
      """
      import boto3, re, sys, time
      from boto3.s3.transfer import TransferConfig
      s3 = boto3.client("s3", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id=sys.argv[2],
                        aws_secret_access_key=sys.argv[3])
      start = time.monotonic()
      s3.upload_file(sys.argv[5], sys.argv[4], "theirs",
                     Config=TransferConfig(multipart_chunksize=8 << 20, max_concurrency=int(sys.argv[6])))
      seconds = time.monotonic() - start
      # Not ru_maxrss, which begins with that of whoever started it.
      peak = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]
      print(f"{seconds:.2f} s, peak {peak} kB", end="")
      """,
      arguments: [
        test.running.endpoint, test.running.credentials.accessKeyId, test.running.credentials.secretAccessKey,
        test.configuration.bucket, path, "\(S3Layout().partsUnderWay)",
      ], needsReaders: true)
  }
}
