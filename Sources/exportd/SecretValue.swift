import ExportCore
import Foundation

extension Secret {
  /// The secret itself, read anew each time: a file may have changed since. White space around it does not count: files
  /// end with a newline.
  /// - Parameter key: of the configuration, for messages. None of them repeats the value.
  func value(of key: String) throws(ExportError) -> String {
    let text: String?
    let hint: String
    switch self {
    case .literal(let value):
      text = value
      hint = "write it into the configuration"
    case .file(let path):
      text = Self.content(of: path)
      hint = "check that it is there and that the user of exportd may read it"
    case .environment(let name):
      text = ProcessInfo.processInfo.environment[name]
      hint = "set it for the daemon: `systemctl edit exportd`, and in [Service] EnvironmentFile="
    case .credential(let name):
      let directory = ProcessInfo.processInfo.environment["CREDENTIALS_DIRECTORY"]
      text = directory.flatMap { Self.content(of: "\($0)/\(name)") }
      hint = "`systemctl edit exportd`, and in [Service] LoadCredential=\(name):PATH, then restart it"
    }
    let value = text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
    guard !value.isEmpty else {
      throw ExportError(
        .configuration, .lasting, object: "\(key), \(self)",
        problem: text == nil ? "cannot be read" : "is empty", hint: hint)
    }
    return value
  }

  private static func content(of path: String) -> String? {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
  }
}
