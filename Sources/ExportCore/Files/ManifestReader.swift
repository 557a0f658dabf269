import TimeZones

extension Manifest {
  /// Reads what ``encoded`` wrote. Keys that a later version may add are passed over.
  /// - Throws: ``ManifestError`` for what is not a whole manifest of ``version``, also when its totals are not
  ///   the sums over its files.
  package init(_ bytes: [UInt8]) throws(ManifestError) {
    let reader = try ManifestReader(bytes)
    let root = try reader.object(0, at: "the manifest")
    let version: Int = try root.integer("manifestVersion")
    guard version == Manifest.version else {
      throw ManifestError("manifestVersion is \(version), only \(Manifest.version) can be read")
    }
    let window = try root.object("window")
    var totals = Totals()
    totals.rows = try root.integer("rows")
    totals.bytes = try root.integer("bytes")
    totals.rejected = try root.integer("rejected")
    header = Header(
      requestId: try root.integer("requestId"), export: try root.string("export"),
      account: try root.string("account"), runTimestamp: try root.integer("runTimestamp"),
      dataType: try root.value("dataType", DataType.init(rawValue:)),
      format: try root.value("format", Format.init(rawValue:)),
      window: Span(
        from: try window.isNull("from") ? nil : try window.value("from", Instant.init(rfc3339:)),
        to: try window.value("to", Instant.init(rfc3339:))),
      timeZone: try root.string("timeZone"), definitionRevision: try root.integer("definitionRevision"),
      totals: totals)
    let dataType = header.dataType
    files = try root.objects("files") { file throws(ManifestError) in try File(file, dataType: dataType) }
    guard totals == Totals(files) else {
      throw ManifestError("rows, bytes or rejected are not the sums over its files")
    }
  }
}

extension Manifest.File {
  fileprivate init(_ object: ManifestReader.Object, dataType: DataType) throws(ManifestError) {
    let content: Content
    switch (try object.string("kind"), dataType) {
    case ("rejected", _): content = .rejected
    case ("data", .profiles): content = .profiles(index: try object.integer("index"))
    case ("data", .events):
      content = .events(
        name: try object.string("eventName"), date: try object.value("date", LocalDate.init(iso:)),
        index: try object.integer("index"))
    case (let kind, _): throw ManifestError("\(object.path).kind is \"\(kind)\", not data or rejected")
    }
    self.init(
      name: try object.string("name"), content: content, databaseId: try object.string("databaseId"),
      rows: try object.integer("rows"), bytes: try object.integer("bytes"),
      sha256: try object.string("sha256"))
  }
}

/// Why bytes are no manifest that can be read: a clause.
package struct ManifestError: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}

/// A JSON text and its tokens, asked by name.
private struct ManifestReader {
  let bytes: [UInt8]
  let tokens: [JSONToken]

  init(_ bytes: [UInt8]) throws(ManifestError) {
    var json = JSONTokens()
    let outcome = bytes.withUnsafeBytes { text in
      Result { () throws(JSONSyntaxError) in try json.read(text) }
    }
    if case .failure(let error) = outcome {
      throw ManifestError("not JSON, at byte \(error.offset): \(error.problem)")
    }
    self.bytes = bytes
    tokens = Array(json.tokens)
  }

  /// The members of the object whose token has this index.
  func object(_ index: Int, at path: String) throws(ManifestError) -> Object {
    guard tokens[index].kind == .object else { throw ManifestError("\(path) is not an object") }
    var members: [String: Int] = [:]
    var name = index + 1
    while name < Int(tokens[index].next) {
      members[text(tokens[name])] = name + 1
      name = Int(tokens[name + 1].next)
    }
    return Object(reader: self, path: path, members: members)
  }

  func text(_ token: JSONToken) -> String {
    var text: [UInt8] = []
    bytes.withUnsafeBytes {
      JSONText.unescape(UnsafeRawBufferPointer(rebasing: $0[Int(token.start)..<Int(token.end)]), into: &text)
    }
    return String(decoding: text, as: UTF8.self)
  }

  struct Object {
    let reader: ManifestReader
    let path: String
    let members: [String: Int]

    private func index(_ name: String) throws(ManifestError) -> Int {
      guard let index = members[name] else { throw ManifestError("\(path) has no \(name)") }
      return index
    }

    func isNull(_ name: String) throws(ManifestError) -> Bool {
      reader.tokens[try index(name)].kind == .null
    }

    func string(_ name: String) throws(ManifestError) -> String {
      let token = reader.tokens[try index(name)]
      guard token.kind == .string else { throw ManifestError("\(path).\(name) is not a string") }
      return reader.text(token)
    }

    func value<Value>(_ name: String, _ parse: (String) -> Value?) throws(ManifestError) -> Value {
      let text = try string(name)
      guard let value = parse(text) else {
        throw ManifestError("\(path).\(name) is \"\(text)\", which is not understood")
      }
      return value
    }

    func integer<Integer: FixedWidthInteger>(_ name: String) throws(ManifestError) -> Integer {
      let token = reader.tokens[try index(name)]
      guard token.kind == .number, let value = Integer(reader.text(token)) else {
        throw ManifestError("\(path).\(name) is not a whole number")
      }
      return value
    }

    func object(_ name: String) throws(ManifestError) -> Object {
      try reader.object(try index(name), at: "\(path).\(name)")
    }

    /// What `parse` makes of each object in an array.
    func objects<Value>(
      _ name: String, _ parse: (Object) throws(ManifestError) -> Value
    ) throws(ManifestError) -> [Value] {
      let array = try index(name)
      guard reader.tokens[array].kind == .array else {
        throw ManifestError("\(path).\(name) is not an array")
      }
      var values: [Value] = []
      var element = array + 1
      while element < Int(reader.tokens[array].next) {
        values.append(try parse(try reader.object(element, at: "\(path).\(name)[\(values.count)]")))
        element = Int(reader.tokens[element].next)
      }
      return values
    }
  }
}
