import Foundation
import Glibc

/// A program that a test runs beside itself. `Foundation.Process` looks through the list of open descriptors before it starts one, and
/// reads beyond its end now and then when they are very many (swift-corelibs-foundation, pull request 5472), as they are while
/// all tests run.
package struct ChildProgram: Sendable {
  private let id: pid_t

  /// Starts it.
  /// - Parameters:
  ///   - arguments: its path, or a name to be looked for in `PATH`, and what it gets.
  ///   - environment: nil is this process's own.
  ///   - input: becomes its standard input.
  ///   - output: becomes its standard output.
  /// - Throws: when there is no such program.
  package init(
    _ arguments: [String], environment: [String: String]? = nil, input: Int32, output: Int32
  ) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    let environment = environment ?? ProcessInfo.processInfo.environment
    let code = Self.withStrings(arguments) { arguments in
      Self.withStrings(environment.map { "\($0)=\($1)" }) { environment in
        var id: pid_t = 0
        let code = posix_spawnp(&id, arguments[0]!, &actions, nil, arguments, environment)
        return (id, code)
      }
    }
    guard code.1 == 0 else { throw Failure(program: arguments[0], code: code.1) }
    id = code.0
  }

  /// Waits for its end.
  /// - Returns: its exit status, or 128 and the signal that ended it.
  package func wait() -> Int32 {
    var status: Int32 = 0
    while waitpid(id, &status, 0) < 0, errno == EINTR {}
    return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
  }

  /// Runs a program to its end.
  /// - Returns: its exit status as ``wait()`` has it, and what it printed.
  package static func run(_ arguments: [String], input: [UInt8] = []) throws -> (
    status: Int32, output: [UInt8]
  ) {
    let given = try temporaryFile(input)
    let printed = try temporaryFile([])
    defer {
      close(given)
      close(printed)
    }
    let status = try ChildProgram(arguments, input: given, output: printed).wait()
    let handle = FileHandle(fileDescriptor: printed, closeOnDealloc: false)
    try handle.seek(toOffset: 0)
    return (status, Array(try handle.readToEnd() ?? Data()))
  }

  /// A file without a name, to be read from its beginning.
  private static func temporaryFile(_ bytes: [UInt8]) throws -> Int32 {
    let path = NSTemporaryDirectory() + "exportd-\(UUID().uuidString)"
    let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw Failure(program: path, code: errno) }
    unlink(path)
    let handle = FileHandle(fileDescriptor: file, closeOnDealloc: false)
    try handle.write(contentsOf: Data(bytes))
    try handle.seek(toOffset: 0)
    return file
  }

  private static func withStrings<Result>(
    _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
  ) -> Result {
    let copies = strings.map { strdup($0) } + [nil]
    defer { for copy in copies { free(copy) } }
    return body(copies)
  }

  package struct Failure: Error, CustomStringConvertible {
    let program: String
    let code: Int32
    package var description: String { "\(program) cannot be started: \(String(cString: strerror(code)))" }
  }
}
