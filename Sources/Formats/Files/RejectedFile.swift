import Crypto
import ExportCore

/// The rows of one database that could not be converted, one JSON object a line: `key`, `id`, `eventName`,
/// `reason`, `value`, absent ones left out. There is no file until there is a row.
struct RejectedFile: ~Copyable {
  private let name: String
  private let databaseId: String
  private let staging: StagingArea
  private var pending = OutputBytes()
  private var digest = SHA256()
  private var file: UInt32?
  private var written = 0
  private var keys: ClosedRange<ReadKey>?
  private(set) var rows = 0

  private static let chunkBytes = 64 << 10

  /// - Parameter name: of the finished file.
  init(name: String, databaseId: String, staging: StagingArea) {
    self.name = name
    self.databaseId = databaseId
    self.staging = staging
  }

  /// Rows come in ascending order of their keys.
  mutating func append(_ row: RejectedRow) throws(ExportError) {
    pending.append(literal: "{\"key\":{\"pass\":")
    pending.append(decimal: Int(row.key.pass))
    pending.append(literal: ",\"order\":")
    pending.append(decimal: Int(row.key.order))
    pending.append(literal: ",\"sequence\":")
    pending.append(decimal: Int(row.key.sequence))
    pending.append(literal: "}")
    append(",\"id\":", row.id)
    append(",\"eventName\":", row.name)
    append(",\"reason\":", row.reason)
    append(",\"value\":", row.value)
    pending.append(literal: "}\n")
    rows += 1
    keys = (keys?.lowerBound ?? row.key)...row.key
    if pending.count >= RejectedFile.chunkBytes { try flush() }
  }

  private mutating func append(_ key: StaticString, _ text: String?) {
    guard var text else { return }
    pending.append(literal: key)
    text.withUTF8 { pending.append(jsonString: UnsafeRawBufferPointer($0)) }
  }

  private mutating func flush() throws(ExportError) {
    let file = self.file ?? staging.newFile()
    self.file = file
    try staging.append(pending.bytes, to: file, create: written == 0)
    digest.update(bufferPointer: pending.bytes)
    written += pending.count
    pending.removeAll()
  }

  /// The whole file, once; nil without a row.
  mutating func finish() throws(ExportError) -> CompletedFile? {
    guard let keys else { return nil }
    if pending.count > 0 { try flush() }
    guard let file else { return nil }
    let sha256 = digest.finalize().hexadecimal
    self.keys = nil
    return CompletedFile(
      staged: StagedFile(path: staging.path(of: file), bytes: written, sha256: sha256),
      file: Manifest.File(
        name: name, content: .rejected, databaseId: databaseId, rows: rows, bytes: written, sha256: sha256),
      keys: keys)
  }
}
