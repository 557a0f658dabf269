import Compression
import ExportCore

extension ExportCore.Compression {
  /// Nil when a definition asks for nothing.
  var format: CompressionFormat? {
    switch codec {
    case .none: nil
    case .gzip: .gzip(level: level)
    case .zstd: .zstd(level: level)
    }
  }

  /// What compresses as a definition asks for; nil when it asks for nothing.
  /// - Throws: ``ExportError`` for a level that the codec does not have, for a codec that is not part of this build, or
  ///   when there is no memory.
  func makeCompressor() throws(ExportError) -> (any BlockCompressor)? {
    guard let format else { return nil }
    do {
      return try format.makeCompressor()
    } catch {
      throw switch error {
      case .level(let level, let allowed):
        ExportError(
          .configuration, .lasting, object: "compression",
          problem: "\(codec.rawValue) has no level \(level)",
          hint: "use a level from \(allowed.lowerBound) to \(allowed.upperBound)")
      case .outOfMemory(let problem):
        ExportError(.encoding, .passing, object: "compression", problem: problem)
      case .zstdIsNotBuiltIn:
        ExportError(
          .configuration, .lasting, object: "compression", problem: "this exportd was built without zstd",
          hint: "use gzip, or build with --traits Fast, as the Makefile does")
      }
    }
  }
}
