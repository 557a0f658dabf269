import ExportConfig
import ExportCore

/// A sound text, taken apart so that single keys and values in it can be replaced.
struct MutatedText {
  enum Kind: Sendable { case configuration, definition }

  struct Member {
    var path: String
    var name: String
    /// Of the bytes, with the quotes.
    var nameRange: Range<Int>
    var valueRange: Range<Int>
    /// Of the opening brace around it.
    var objectOffset: Int
    /// Whether its author chose the name.
    var isFreeName: Bool
  }

  let kind: Kind
  let bytes: [UInt8]
  let members: [Member]

  init(_ kind: Kind, _ text: String) throws {
    self.kind = kind
    bytes = Array(text.utf8)
    var tokens = JSONTokens()
    try bytes.withUnsafeBytes { try tokens.read($0) }
    var members: [Member] = []
    Self.collect(Array(tokens.tokens), 0, "$", bytes, into: &members)
    self.members = members
  }

  private static func collect(
    _ tokens: [JSONToken], _ index: Int, _ path: String, _ bytes: [UInt8], into members: inout [Member]
  ) {
    let holder = tokens[index]
    var next = index + 1
    var element = 0
    while next < Int(holder.next) {
      if holder.kind == .array {
        collect(tokens, next, "\(path)[\(element)]", bytes, into: &members)
        element += 1
        next = Int(tokens[next].next)
        continue
      }
      let name = String(decoding: bytes[Int(tokens[next].start)..<Int(tokens[next].end)], as: UTF8.self)
      let parent = path.split(separator: ".").last ?? ""
      members.append(
        Member(
          path: "\(path).\(name)", name: name, nameRange: range(tokens[next]),
          valueRange: range(tokens[next + 1]),
          objectOffset: Int(holder.start),
          isFreeName: ["$.sources", "$.destinations"].contains(path)
            || ["properties", "tags"].contains(parent)))
      collect(tokens, next + 1, "\(path).\(name)", bytes, into: &members)
      next = Int(tokens[next + 1].next)
    }
  }

  private static func range(_ token: JSONToken) -> Range<Int> {
    let quote = token.kind == .string ? 1 : 0
    return Int(token.start) - quote..<Int(token.end) + quote
  }

  /// Everything that is said when these bytes are replaced.
  func diagnostics(replacing range: Range<Int>, with replacement: String) throws -> [Diagnostic] {
    var bytes = bytes
    bytes.replaceSubrange(range, with: replacement.utf8)
    let text = String(decoding: bytes, as: UTF8.self)
    return switch kind {
    case .configuration: try ConfigurationFolder(exportd: text).load().diagnostics
    case .definition: try ConfigurationFolder(definitions: ["x.json": text]).load().diagnostics
    }
  }

  /// Everything that is said when the member is left out with one of the commas around it.
  func diagnostics(without member: Member) throws -> [Diagnostic] {
    var range = member.nameRange.lowerBound..<member.valueRange.upperBound
    let comma = UInt8(ascii: ",")
    let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x0A }
    let after = bytes[range.upperBound...].firstIndex { !isSpace($0) }!
    let before = bytes[..<range.lowerBound].lastIndex { !isSpace($0) }!
    if bytes[after] == comma {
      range = range.lowerBound..<after + 1
    } else if bytes[before] == comma {
      range = before..<range.upperBound
    }
    return try diagnostics(replacing: range, with: "")
  }

  func position(_ offset: Int) -> TextPosition {
    let before = String(decoding: bytes[..<offset], as: UTF8.self).unicodeScalars
    let line = before.split(separator: "\n", omittingEmptySubsequences: false)
    return TextPosition(line: line.count, column: line.last!.count + 1)
  }
}

extension MutatedText {
  static func all() throws -> [MutatedText] {
    try configurations.map { try MutatedText(.configuration, $0) }
      + definitions.map { try MutatedText(.definition, $0) }
  }

  /// Between them they have every key that there is.
  private static let configurations = [
    #"""
    {
      "account": "acme", "timeZone": "Asia/Kolkata", "identifiers": ["identity"],
      "stateDirectory": "/state", "maxConcurrentRuns": 3, "stallTimeout": 60, "history": { "keepDays": 30 },
      "onFailure": { "webhook": "https://hooks.example.com/é", "command": ["/usr/bin/notify"] },
      "sources": {
        "main": {
          "type": "sqlite", "databases": [{ "id": "0", "path": "/é" }], "mayBlockWriters": true,
          "events": {
            "from": "events", "columns": { "ts": "t", "id": "i", "objectId": "o" }, "properties": { "é": "x" },
            "tsUnit": "iso8601", "tsTimeZone": "Europe/Berlin", "sequence": "rowid"
          },
          "profiles": {
            "from": "profiles", "columns": { "updatedAt": "u", "communication": "c" }, "properties": "*",
            "updatedAtUnit": "iso8601", "tsTimeZone": "UTC", "lookback": "30m"
          }
        }
      },
      "destinations": {
        "disk": { "type": "directory", "path": "/out", "prefix": "{date}/", "mode": "0600", "group": "staff" },
        "s3": {
          "type": "s3", "bucket": "lake", "region": "eu-west-1", "endpoint": "http://far:9000", "pathStyle": true,
          "accessKeyId": { "env": "ID" }, "secretAccessKey": { "file": "/key" },
          "sessionToken": { "credential": "token" }, "profile": "p", "roleArn": "r", "externalId": "e",
          "sse": "aws:kms", "kmsKeyId": "k", "storageClass": "STANDARD_IA", "tags": { "team": "é" },
          "caFile": "/ca.pem", "allowHTTP": true, "maxUploadBytesPerSecond": 1000000
        },
        "gcs": { "type": "gcs", "bucket": "b", "serviceAccountKey": { "env": "KEY" }, "storageClass": "X" },
        "client": {
          "type": "azure", "account": "acme", "container": "c", "clientId": { "env": "I" }, "tenantId": "t",
          "clientSecret": { "env": "S" }, "accessTier": "Cool"
        },
        "key": { "type": "azure", "account": "acme", "container": "c", "accountKey": { "env": "K" } },
        "sas": { "type": "azure", "account": "acme", "container": "c", "sasToken": { "env": "T" } }
      }
    }
    """#
  ]

  private static let definitions = [
    #"""
    {
      "source": "main", "destination": "local", "data": { "profiles": "all" }, "identifiers": ["email"],
      "frequency": {
        "everyHours": 6, "from": "2026-11-24", "at": "06:30", "until": "2026-12-24", "delayMinutes": 30,
        "profiles": "full"
      },
      "format": "csv", "asString": true, "includeObjectId": false, "compression": { "codec": "gzip", "level": 9 },
      "maxFileBytes": 1000, "csv": { "guardFormulas": true }, "timeZone": "Europe/Berlin"
    }
    """#,
    #"""
    {
      "source": "main", "destination": "local", "data": { "profiles": "all" }, "frequency": { "once": "now" },
      "format": "json", "stopRecurring": true, "resumeRecurring": true
    }
    """#,
    #"""
    {
      "source": "main", "destination": "local", "data": { "events": ["é"] }, "format": "json",
      "frequency": { "once": { "from": "2026-11-01", "to": "2026-11-10" } }, "compression": "gzip"
    }
    """#,
    #"""
    {
      "format": "json", "frequency": { "once": { "day": "2026-11-01" } }, "data": { "events": "all" },
      "destination": "lake", "source": "clicks"
    }
    """#,
    #"""
    {
      "source": "main", "destination": "local", "data": { "events": "all" },
      "frequency": { "once": { "lastDays": 30 } }, "format": "parquet", "compression": { "codec": "zstd" }
    }
    """#,
  ]
}
