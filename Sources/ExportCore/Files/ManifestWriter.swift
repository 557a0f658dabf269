import TimeZones

/// Writes a manifest file by file, so that a run of very many never holds them all: one JSON object, its
/// keys always in the same order, one file a line. The same values give the same bytes.
package struct ManifestWriter {
  private var json = JSONObjectWriter()

  package init(_ header: Manifest.Header) {
    json.open("{")
    json.member("manifestVersion", Manifest.version)
    json.member("requestId", header.requestId)
    json.member("export", header.export)
    json.member("account", header.account)
    json.member("runTimestamp", header.runTimestamp)
    json.member("dataType", header.dataType.rawValue)
    json.member("format", header.format.rawValue)
    json.name("window")
    json.open("{")
    json.member("from", header.window.from?.rfc3339)
    json.member("to", header.window.to.rfc3339)
    json.close("}")
    json.member("timeZone", header.timeZone)
    json.member("rows", header.totals.rows)
    json.member("bytes", header.totals.bytes)
    json.member("rejected", header.totals.rejected)
    json.member("definitionRevision", header.definitionRevision)
    json.name("files")
    json.open("[")
  }

  package mutating func append(_ file: Manifest.File) {
    json.element()
    json.bytes.append(UInt8(ascii: "\n"))
    json.open("{")
    json.member("name", file.name)
    json.member("kind", file.content.kind)
    json.member("databaseId", file.databaseId)
    switch file.content {
    case .events(let name, let date, let index):
      json.member("eventName", name)
      json.member("date", date.description)
      json.member("index", index)
    case .profiles(let index): json.member("index", index)
    case .rejected: break
    }
    json.member("rows", file.rows)
    json.member("bytes", file.bytes)
    json.member("sha256", file.sha256)
    json.close("}")
  }

  /// Ends the manifest; nothing can be appended behind it.
  package consuming func finish() -> [UInt8] {
    json.bytes.append(UInt8(ascii: "\n"))
    json.close("]")
    json.close("}")
    json.bytes.append(UInt8(ascii: "\n"))
    return json.bytes
  }
}

extension Manifest {
  /// The exact bytes that are delivered.
  package var encoded: [UInt8] {
    var writer = ManifestWriter(header)
    for file in files { writer.append(file) }
    return writer.finish()
  }
}

extension Manifest.File.Content {
  /// The value of the key `kind`.
  package var kind: String {
    switch self {
    case .events, .profiles: "data"
    case .rejected: "rejected"
    }
  }
}

/// Compact JSON in the order it is told, commas included.
private struct JSONObjectWriter {
  var bytes: [UInt8] = []
  private var needsComma = false

  mutating func open(_ bracket: Unicode.Scalar) {
    bytes.append(UInt8(ascii: bracket))
    needsComma = false
  }

  mutating func close(_ bracket: Unicode.Scalar) {
    bytes.append(UInt8(ascii: bracket))
    needsComma = true
  }

  /// Before each element of an array.
  mutating func element() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = false
  }

  mutating func name(_ name: String) {
    element()
    JSONText.appendString(name, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
  }

  mutating func member(_ name: String, _ value: some BinaryInteger) {
    self.name(name)
    bytes.append(contentsOf: String(value).utf8)
    needsComma = true
  }

  mutating func member(_ name: String, _ value: String?) {
    self.name(name)
    if let value { JSONText.appendString(value, to: &bytes) } else { bytes.append(contentsOf: "null".utf8) }
    needsComma = true
  }
}
