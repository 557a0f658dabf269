import Foundation
import ZoneTesting

/// Python 3, the independent reader of what the project writes.
package enum Python {
  /// Programs of the Python with the readers and servers that the Makefile installs.
  static let programs =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path + "/.venv/bin"

  /// Runs a program and gives what it printed.
  /// - Parameter needsReaders: whether it reads what Python alone does not.
  /// - Throws: when it did not end well; also when there is no Python, so that nothing is skipped in silence.
  package static func run(
    _ program: String, arguments: [String] = [], input: [UInt8] = [], needsReaders: Bool = false
  )
    throws -> String
  {
    try withTemporaryDirectory { folder in
      let script = URL(fileURLWithPath: "\(folder)/program.py")
      try Data(program.utf8).write(to: script)
      let (status, printed) = try ChildProgram.run(
        [needsReaders ? programs + "/python" : "python3", script.path] + arguments, input: input)
      let output = String(decoding: printed, as: UTF8.self)
      guard status == 0 else { throw Failure(status: status, output: output) }
      return output
    }
  }

  package struct Failure: Error, CustomStringConvertible {
    let status: Int32
    let output: String
    package var description: String {
      "python3 ended with \(status) (this test needs Python 3.9 or later: apt-get install python3; for Parquet: make readers)\n\(output)"
    }
  }
}

/// A directory of the test's own, removed afterwards.
package func withTemporaryDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
  let path = NSTemporaryDirectory() + "exportd-\(UUID().uuidString)"
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try body(path)
}

/// A directory of the test's own, removed afterwards.
package func withTemporaryDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
  let path = NSTemporaryDirectory() + "exportd-\(UUID().uuidString)"
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try await body(path)
}
