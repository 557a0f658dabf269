import Foundation
import Glibc
import Synchronization

/// A server that a test needs, run by the Python that the Makefile installs readers and servers for. It ends with this
/// process, however that ends.
package final class PythonServer: Sendable {
  /// On 127.0.0.1.
  package let port: UInt16
  private let process: Mutex<Process>

  /// Returns when it takes connections.
  /// - Parameters:
  ///   - command: a program of `.venv/bin` and its arguments; `PORT` stands for the port, `DIRECTORY` for a directory of its
  ///     own that goes with it.
  ///   - environment: beside the process's own.
  package init(_ command: [String], environment: [String: String] = [:]) async throws {
    let port = try Self.freePort()
    self.port = port
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Python.programs + "/python")
    process.arguments =
      ["-c", Self.keeper, String(port), Python.programs + "/" + command[0]]
      + command.dropFirst().map { $0.replacing("PORT", with: String(port)) }
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    self.process = Mutex(process)
    // Kept open: its end is the server's.
    _ = dup(input.fileHandleForWriting.fileDescriptor)
    let said = await Self.line(output.fileHandleForReading)
    guard said.hasPrefix("ready") else { throw Failure(command: command, said: said) }
  }

  /// Starts the server, tells when it answers, and ends it when nobody holds its input any more.
  private static let keeper = """
    import os, shutil, socket, subprocess, sys, tempfile, time
    port, folder = int(sys.argv[1]), tempfile.mkdtemp(prefix="exportd-test-server-")
    os.mkdir(f"{folder}/data")
    log = open(f"{folder}/log", "w+")
    command = [part.replace("DIRECTORY", f"{folder}/data") for part in sys.argv[2:]]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        for _ in range(600):
            if server.poll() is not None:
                print(open(log.name).read(), flush=True)
                sys.exit(1)
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        print("ready", flush=True)
        sys.stdin.read()
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(folder)
    """

  private static func line(_ handle: FileHandle) async -> String {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(returning: String(decoding: handle.availableData, as: UTF8.self))
      }
    }
  }

  private static func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard isBound else { throw Failure(command: ["bind"], said: String(cString: strerror(errno))) }
    return UInt16(bigEndian: address.sin_port)
  }

  private struct Failure: Error, CustomStringConvertible {
    let command: [String]
    let said: String
    var description: String { "\(command[0]) does not start (make readers installs it): \(said)" }
  }
}
