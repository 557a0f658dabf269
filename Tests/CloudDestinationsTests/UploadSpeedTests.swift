import Crypto
import ExportCore
import ExportTesting
import Foundation
import Testing

@testable import CloudDestinations

/// How fast a large file goes to each cloud's server on this machine, beside the vendor's own client with the same file, parts of
/// the same size and as many of them at a time: `make bench-upload`.
@Suite(.serialized) struct UploadSpeedTests {
  private static let bytes = ProcessInfo.processInfo.environment["UPLOAD_BYTES"].flatMap { Int($0) }

  @Test(.enabled(if: bytes != nil)) func besideBoto3() async throws {
    try await withTemporaryDirectory { staging in
      try await TestBucket.at(.rclone, staging: staging) { test in
        try await race(test.bucket, staging, "boto3, to rclone") { path in
          try Self.time(
            """
            import boto3
            from boto3.s3.transfer import TransferConfig
            s3 = boto3.client("s3", endpoint_url=sys.argv[2], region_name="us-east-1", aws_access_key_id=sys.argv[3],
                              aws_secret_access_key=sys.argv[4])
            config = TransferConfig(multipart_chunksize=8 << 20, max_concurrency=int(sys.argv[6]))
            upload = lambda: s3.upload_file(path, sys.argv[5], "theirs", Config=config)
            """, path,
            [
              test.running.endpoint, test.running.credentials.accessKeyId,
              test.running.credentials.secretAccessKey, test.configuration.bucket,
              "\(S3Layout().partsUnderWay)",
            ])
        }
      }
    }
  }

  @Test(.enabled(if: bytes != nil)) func besideGoogleCloudStorage() async throws {
    try await withTemporaryDirectory { staging in
      try await TestGCSBucket.at(.server, staging: staging) { test in
        try await race(test.bucket, staging, "google-cloud-storage") { path in
          try Self.time(
            """
            from google.auth.credentials import AnonymousCredentials
            from google.cloud import storage
            client = storage.Client(project="test", credentials=AnonymousCredentials(),
                                    client_options={"api_endpoint": sys.argv[2]})
            blob = client.bucket(sys.argv[3]).blob("theirs", chunk_size=16 << 20)
            upload = lambda: blob.upload_from_filename(path, checksum="crc32c")
            """, path, [test.endpoint, test.name])
        }
      }
    }
  }

  @Test(.enabled(if: bytes != nil)) func besideAzureStorageBlob() async throws {
    let key = try await AzurePeer.account().key
    try await withTemporaryDirectory { staging in
      try await TestAzureContainer.made(staging: staging) { test in
        try await race(test.container, staging, "azure-storage-blob") { path in
          try Self.time(
            """
            from azure.storage.blob import BlobServiceClient
            endpoint, key, container, workers = sys.argv[2:]
            service = BlobServiceClient(f"{endpoint}/testaccount", max_block_size=8 << 20, max_single_put_size=16 << 20,
                                        credential={"account_name": "testaccount", "account_key": key})
            blob = service.get_blob_client(container, "theirs")

            def upload():
                with open(path, "rb") as file:
                    blob.upload_blob(file, overwrite=True, max_concurrency=int(workers), validate_content=True)
            """, path, [test.endpoint, key, test.name, "\(AzureLayout().blocksUnderWay)"])
        }
      }
    }
  }

  /// Three rounds, each of both.
  private func race(
    _ destination: CloudDestination, _ staging: String, _ name: String,
    _ theirs: (_ path: String) throws -> String
  ) async throws {
    let bytes = try #require(Self.bytes)
    for round in 1...3 {
      let file = try Self.stage(bytes, in: staging)
      let copy = staging + "/copy"
      try FileManager.default.linkItem(atPath: file.path, toPath: copy)
      let start = ContinuousClock.now
      try await destination.deliver(file, as: "ours")
      let took = (ContinuousClock.now - start) / .seconds(1)
      let peak =
        try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        .split(separator: "\n").first { $0.hasPrefix("VmHWM") } ?? ""
      let said = try theirs(copy)
      let digest = try await destination.digest("ours")
      #expect(digest?.sha256 == file.sha256)
      print(
        "round \(round): exportd \(Int(Double(bytes) / 1e6 / took)) MB/s (\(took) s, \(peak)), \(name) \(said)"
      )
      try await destination.delete("ours")
      try await destination.delete("theirs")
      try FileManager.default.removeItem(atPath: copy)
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
  /// - Parameter program: defines `upload`, of the file at `path`.
  private static func time(_ program: String, _ path: String, _ arguments: [String]) throws -> String {
    try Python.run(
      """
      import re, sys, time
      path = sys.argv[1]
      \(program)
      start = time.monotonic()
      upload()
      seconds = time.monotonic() - start
      # Not ru_maxrss, which begins with that of whoever started it.
      peak = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]
      print(f"{seconds:.2f} s, peak {peak} kB", end="")
      """, arguments: [path] + arguments, needsReaders: true)
  }
}
