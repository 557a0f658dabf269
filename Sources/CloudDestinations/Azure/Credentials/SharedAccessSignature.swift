import ExportCore
import Foundation

/// A shared access signature: a query that opens a container or an account for some time ("Create a service SAS", "Create an account
/// SAS" and "Create a user delegation SAS" in the Storage services documentation).
struct SharedAccessSignature: Sendable {
  /// As it goes out, without `?`.
  let query: String
  private let fields: [String: String]

  /// - Parameters:
  ///   - token: with `?` before it or without.
  ///   - object: what messages call the destination.
  /// - Throws: ``ExportError`` for what is no such token.
  init(_ token: String, of object: String) throws(ExportError) {
    var text = token.trimmingCharacters(in: .whitespacesAndNewlines)[...]
    if text.hasPrefix("?") { text = text.dropFirst() }
    var fields: [String: String] = [:]
    for field in text.split(separator: "&") {
      let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { continue }
      fields[String(parts[0])] = String(parts[1]).removingPercentEncoding ?? String(parts[1])
    }
    let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }
    guard isPlain, fields["sig"] != nil, fields["sv"] != nil else {
      throw ExportError(
        .configuration, .lasting, object: "\(object), sasToken",
        problem: "is not a shared access signature: it has no \"sv\" and \"sig\"",
        hint: "copy the SAS token (not the key, nor the whole URL) as it was given out")
    }
    query = String(text)
    self.fields = fields
  }

  /// Why it cannot be used at this time: a clause and what to do; nil when it can.
  func problem(at now: Date) -> (problem: String, hint: String)? {
    if let text = fields["se"], let end = Self.date(text), end <= now {
      return ("the SAS token expired at \(text)", "put a new one in its place")
    }
    if let text = fields["st"], let start = Self.date(text), start > now {
      return (
        "the SAS token is not valid before \(text)",
        "wait until then, or make one that begins earlier; if it should hold by now, the clock of this machine is wrong"
      )
    }
    return nil
  }

  /// Whether its permissions, as far as they are written in it, leave out a letter.
  func lacks(_ permission: AzureCall.Permission) -> Bool {
    guard let letters = fields["sp"] else { return false }
    // Creating is enough for what is not there yet.
    return !letters.contains(permission.rawValue) && !(permission == .write && letters.contains("c"))
  }

  /// ISO 8601 in UTC: a date, or a time to the minute or the second.
  private static func date(_ text: String) -> Date? {
    let whole =
      switch text.count {
      case 10: text + "T00:00:00Z"
      case 17: "\(text.dropLast()):00Z"
      default: text
      }
    return try? Date(whole, strategy: .iso8601)
  }
}
