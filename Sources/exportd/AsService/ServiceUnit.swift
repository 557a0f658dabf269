import Foundation
import Glibc

/// The unit that systemd starts the daemon from, as far as it decides which paths the daemon reaches.
struct ServiceUnit {
  static let name = "exportd.service"

  /// In the order of the unit and its drop-ins, since an empty value takes back what came before.
  private let settings: [(key: String, value: String)]

  /// As the files of the unit are now, whether systemd has taken them or not.
  /// - Throws: ``Failure`` where there is no systemd, or no such unit.
  init() throws {
    guard access("/run/systemd/system", F_OK) == 0 else {
      throw Failure(
        .failed,
        "systemd does not run here, so there is no service to check as; `exportd check`, typed by the daemon's user, "
          + "looks at the same paths without its sandbox")
    }
    let answer = try Program.run(["systemctl", "cat", "--no-pager", Self.name])
    guard answer.status == 0 else {
      throw Failure(
        .failed,
        "there is no unit \(Self.name) (\(answer.errors)); install systemd/exportd.service, then `systemctl daemon-reload`"
      )
    }
    settings = Self.settings(answer.output)
  }

  /// Whom the service runs as.
  var user: String { last("User") ?? "root" }
  var group: String { last("Group") ?? user }

  /// Whether the service is, also without the unit saying so.
  func isMember(of name: String) -> Bool {
    guard name != group, let wanted = Self.id(ofGroup: name) else { return name == group }
    var ids = [gid_t](repeating: 0, count: 65536)
    var count = Int32(ids.count)
    getgrouplist(user, Self.id(ofGroup: group) ?? 0, &ids, &count)
    return ids.prefix(Int(max(0, count))).contains(wanted)
  }

  private static func id(ofGroup name: String) -> gid_t? { getgrnam(name)?.pointee.gr_gid }

  /// Whether /home, /root and /run/user are hidden.
  var hidesHomes: Bool { ["yes", "true", "1", "on"].contains(last("ProtectHome") ?? "") }

  private func last(_ key: String) -> String? {
    settings.last { $0.key == key }.flatMap { $0.value.isEmpty ? nil : $0.value }
  }

  // MARK: In its sandbox

  /// What this binary prints when it runs as the service would if the drop-in were there: started by systemd, from a unit
  /// that is made for it and removed again.
  func run(_ arguments: [String], with dropIn: DropIn, input: Data = Data()) throws -> Data {
    let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let name = "exportd-check-\(UUID().uuidString.prefix(8)).service"
    let unit = "/run/systemd/system/\(name)"
    // Only root reads here; systemd opens the three files before it shuts the sandbox.
    let directory = try Self.makeDirectory()
    defer {
      unlink(unit)
      try? FileManager.default.removeItem(atPath: directory)
    }
    let lines =
      ["[Service]"] + (settings + dropIn.trial).map { "\($0.key)=\($0.value)" } + [
        "Type=oneshot", "TimeoutStartSec=300",
        "ExecStart=" + ([program] + arguments).map(Self.word).joined(separator: " "),
        "StandardInput=file:\(directory)/input", "StandardOutput=file:\(directory)/output",
        "StandardError=file:\(directory)/errors",
      ]
    do {
      try input.write(to: URL(filePath: "\(directory)/input"))
      try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: unit))
    } catch {
      throw Failure(.failed, "\(unit) cannot be written (\(error.localizedDescription))")
    }
    let start = try Program.run(["systemctl", "start", name])
    guard start.status == 0 else {
      let status = try Program.run(["systemctl", "show", "--property", "ExecMainStatus", "--value", name])
      _ = try Program.run(["systemctl", "reset-failed", name])
      let errors = FileManager.default.contents(atPath: "\(directory)/errors") ?? Data()
      throw Self.failure(
        Int32(status.output.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0,
        errors.isEmpty ? start.errors : String(decoding: errors, as: UTF8.self), program)
    }
    return FileManager.default.contents(atPath: "\(directory)/output") ?? Data()
  }

  private static func makeDirectory() throws -> String {
    var template = Array("/run/exportd-check-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw Failure(.failed, "no directory can be made in /run (\(String(cString: strerror(errno))))")
    }
    return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// As a word of a command line in a unit (systemd.service(5)).
  private static func word(_ text: String) -> String {
    let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("%", with: "%%")
      .replacing("$", with: "$$")
    return "\"\(escaped)\""
  }

  /// systemd's own exit codes (systemd.exec(5)) say at which step it could not start a process.
  private static func failure(_ status: Int32, _ errors: String, _ program: String) -> Failure {
    let reason =
      switch status {
      case 203: "\(program) cannot be executed there: install it as /usr/bin/exportd and type that"
      case 216, 217: "the user or a group of the unit does not exist: `systemd-sysusers`"
      case 226:
        "a path that the unit names is not there: `systemctl cat \(name)`, ReadWritePaths= and the like"
      default: errors.split(separator: "\n").joined(separator: " | ")
      }
    return Failure(.failed, "nothing can be run in the sandbox of \(name): \(reason)")
  }

  // MARK: Reading

  /// Those that decide who the service is and what it sees of the file system. What else a unit sets is nothing to a path.
  private static let decisive: Set<String> = [
    "User", "Group", "SupplementaryGroups", "DynamicUser", "CapabilityBoundingSet", "AmbientCapabilities",
    "NoNewPrivileges", "UMask", "RootDirectory", "RootImage", "ProtectSystem", "ProtectHome", "ProtectProc",
    "ProtectKernelTunables", "ProtectControlGroups", "ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths",
    "ExecPaths",
    "NoExecPaths", "BindPaths", "BindReadOnlyPaths", "TemporaryFileSystem", "PrivateTmp", "PrivateDevices",
    "PrivateUsers", "StateDirectory", "StateDirectoryMode", "LogsDirectory", "CacheDirectory",
    "ConfigurationDirectory", "Environment", "EnvironmentFile", "LoadCredential", "SetCredential",
  ]

  /// The lines of all [Service] sections (systemd.syntax(7)).
  private static func settings(_ text: String) -> [(key: String, value: String)] {
    var section = ""
    var settings: [(key: String, value: String)] = []
    for line in text.replacing("\\\n", with: " ").split(separator: "\n") {
      let line = line.trimmingCharacters(in: .whitespaces)
      if line.hasPrefix("[") {
        section = line
      } else if section == "[Service]", !line.hasPrefix("#"), !line.hasPrefix(";"),
        let equals = line.firstIndex(of: "=")
      {
        let key = line[..<equals].trimmingCharacters(in: .whitespaces)
        guard decisive.contains(key) else { continue }
        settings.append((key, line[line.index(after: equals)...].trimmingCharacters(in: .whitespaces)))
      }
    }
    return settings
  }
}

/// A program that is run to its end.
enum Program {
  struct Answer {
    var status: Int32
    var output: String
    /// What it says on stderr, on one line.
    var errors: String
  }

  /// - Parameter command: a program, looked for in PATH, and its arguments.
  static func run(_ command: [String]) throws -> Answer {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = command
    let (output, errors) = (Pipe(), Pipe())
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = errors
    do {
      try process.run()
    } catch {
      throw Failure(.failed, "\(command[0]) cannot be started (\(error.localizedDescription))")
    }
    // What comes second is far less than a pipe holds.
    let text = (try? output.fileHandleForReading.readToEnd()) ?? Data()
    let complaints = (try? errors.fileHandleForReading.readToEnd()) ?? Data()
    process.waitUntilExit()
    return Answer(
      status: process.terminationReason == .exit ? process.terminationStatus : 128,
      output: String(decoding: text, as: UTF8.self),
      errors: String(decoding: complaints, as: UTF8.self).split(separator: "\n").joined(separator: " | "))
  }
}
