import ExportCore
import Foundation

/// The profiles of the files that AWS's own tools share ("Shared config and credentials files" in the AWS SDKs and Tools
/// Reference Guide).
struct SharedProfiles {
  /// For messages.
  let files: [String]
  private var sections: [String: [String: String]] = [:]

  /// Reads both files as far as they are there.
  /// - Throws: ``ExportError`` for one that is there and cannot be read.
  init(_ environment: [String: String]) throws(ExportError) {
    let home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 }
    func place(_ variable: String, _ name: String) -> String? {
      if let path = environment[variable], !path.isEmpty {
        return path.hasPrefix("~/") ? home.map { $0 + path.dropFirst() } ?? path : path
      }
      return home.map { "\($0)/.aws/\(name)" }
    }
    let config = place("AWS_CONFIG_FILE", "config")
    let credentials = place("AWS_SHARED_CREDENTIALS_FILE", "credentials")
    files = [credentials, config].compactMap { $0 }
    for (path, isConfig) in [(config, true), (credentials, false)] {
      guard let path, let text = try Self.text(of: path) else { continue }
      // What stands in the credentials file counts where both say something.
      for (section, values) in Self.sections(text) {
        guard let profile = Self.profile(section, isConfig) else { continue }
        sections[profile, default: [:]].merge(values) { $1 }
      }
    }
  }

  /// The settings of a profile, names in lower case; nil when no file has it.
  subscript(profile: String) -> [String: String]? { sections[profile] }

  private static func text(of path: String) throws(ExportError) -> String? {
    do {
      return String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    } catch CocoaError.fileReadNoSuchFile {
      return nil
    } catch {
      throw ExportError(
        .destination, .lasting, object: path, problem: "cannot be read",
        hint:
          "let the user that exportd runs as read it, or name another by AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE"
      )
    }
  }

  /// In the config file all but the default have `profile` before their name, and other kinds of sections lie beside them.
  private static func profile(_ section: String, _ isConfig: Bool) -> String? {
    guard isConfig, section != "default" else { return section }
    let words = section.split(maxSplits: 1, whereSeparator: \.isWhitespace)
    return words.count == 2 && words[0] == "profile" ? String(words[1]) : nil
  }

  private static func sections(_ text: String) -> [String: [String: String]] {
    var sections: [String: [String: String]] = [:]
    var section: String?
    for line in text.split(whereSeparator: \.isNewline) {
      // An indented line goes on with the setting above it; none of ours has several lines.
      guard let first = line.first, !first.isWhitespace, first != "#", first != ";" else { continue }
      if first == "[" {
        section = line.firstIndex(of: "]").map { line[line.index(after: line.startIndex)..<$0].trimmed }
      } else if let section, let equals = line.firstIndex(of: "=") {
        var value = line[line.index(after: equals)...]
        if let comment = value.firstRange(of: /\s[#;]/) { value = value[..<comment.lowerBound] }
        sections[section, default: [:]][line[..<equals].trimmed.lowercased()] = value.trimmed
      }
    }
    return sections
  }
}

extension Substring {
  fileprivate var trimmed: String { trimmingCharacters(in: .whitespaces) }
}
