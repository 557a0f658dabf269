import Crypto
import ExportCore
import Foundation

/// A finished file of a test, with a name as those of runs have it.
func stagedFile(in directory: String, bytes: Int, seed: UInt8 = 0) throws -> StagedFile {
  let content = (0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 9) ^ seed }
  let path = "\(directory)/\(TemporaryFileName.of("1-1-\(UUID().uuidString)"))"
  try Data(content).write(to: URL(fileURLWithPath: path))
  return StagedFile(path: path, bytes: bytes, sha256: SHA256.hash(data: content).hexadecimal)
}
