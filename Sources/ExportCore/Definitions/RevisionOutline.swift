import TimeZones

/// What a list of exports shows of a revision, and what its windows are planned by: all but what it is connected to.
package struct RevisionOutline: Hashable, Sendable {
  /// The name of the destination in the configuration.
  package var destination: String
  package var data: DataSelection
  /// Nil for a one-time export.
  package var recurrence: Recurrence?
  package var format: Format
  package var codec: Compression.Codec
  /// IANA name.
  package var timeZone: String
  package var timing: Revision.Timing

  package init(_ revision: Revision) {
    destination = revision.definition.destination
    data = revision.definition.data
    recurrence =
      if case .recurring(let recurrence) = revision.definition.frequency { recurrence } else { nil }
    format = revision.definition.format
    codec = revision.definition.compression.codec
    timeZone = revision.timeZone
    timing = revision.timing
  }

  /// Read straight from the JSON that a ``Revision`` is encoded as: decoding all of ten thousand takes a second.
  /// - Parameter tokens: used over and over.
  /// - Returns: nil where it is not found as expected; the revision is then to be decoded.
  package init?(encoded text: UnsafeRawBufferPointer, _ tokens: inout JSONTokens) {
    guard (try? tokens.read(text)) != nil else { return nil }
    let json = Members(tokens: tokens.tokens, text: text)
    let definition = json["definition", of: 0]
    let frequency = json["frequency", of: definition]
    guard let destination = json.string(json["destination", of: definition]),
      let data = json.data(json["data", of: definition]),
      let format = json.string(json["format", of: definition]).flatMap(Format.init(rawValue:)),
      let codec = json.string(json["codec", of: json["compression", of: definition]])
        .flatMap(Compression.Codec.init(rawValue:)),
      let timeZone = json.string(json["timeZone", of: 0]), let timing = json.timing(json["timing", of: 0])
    else { return nil }
    if let recurring = json["recurring", of: frequency] {
      guard let recurrence = json.recurrence(json["_0", of: recurring]) else { return nil }
      self.recurrence = recurrence
    } else if json["once", of: frequency] == nil {
      return nil
    }
    self.destination = destination
    self.data = data
    self.format = format
    self.codec = codec
    self.timeZone = timeZone
    self.timing = timing
  }
}

/// Members of objects by name, each a token's index; nil goes through, as what was not found.
private struct Members {
  let tokens: UnsafeBufferPointer<JSONToken>
  let text: UnsafeRawBufferPointer

  subscript(name: StaticString, of object: Int?) -> Int? {
    guard let object, tokens[object].kind == .object else { return nil }
    let wanted = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
    var index = object + 1
    while index < Int(tokens[object].next) {
      if bytes(index).elementsEqual(wanted) { return index + 1 }
      index = Int(tokens[index + 1].next)
    }
    return nil
  }

  private func bytes(_ index: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: text[Int(tokens[index].start)..<Int(tokens[index].end)])
  }

  func string(_ index: Int?) -> String? {
    guard let index, tokens[index].kind == .string else { return nil }
    guard tokens[index].hasEscapes else { return String(decoding: bytes(index), as: UTF8.self) }
    var spelled: [UInt8] = []
    JSONText.unescape(bytes(index), into: &spelled)
    return String(decoding: spelled, as: UTF8.self)
  }

  func number(_ index: Int?) -> Int64? {
    guard let index, tokens[index].kind == .number else { return nil }
    return Int64(String(decoding: bytes(index), as: UTF8.self))
  }

  func instant(_ index: Int?) -> Instant? { number(index).map(Instant.init(seconds:)) }

  func data(_ index: Int?) -> DataSelection? {
    if self["allEvents", of: index] != nil { return .allEvents }
    if self["profiles", of: index] != nil { return .profiles }
    guard let list = self["_0", of: self["events", of: index]], tokens[list].kind == .array else {
      return nil
    }
    var names: [String] = []
    var next = list + 1
    while next < Int(tokens[list].next) {
      guard let name = string(next) else { return nil }
      names.append(name)
      next = Int(tokens[next].next)
    }
    return .events(names)
  }

  func recurrence(_ index: Int?) -> Recurrence? {
    guard let everyHours = number(self["everyHours", of: index]),
      let at = string(self["at", of: index]).flatMap(LocalTime.init(iso:)),
      let profiles = string(self["profiles", of: index]).flatMap(ProfileMode.init(rawValue:))
    else { return nil }
    var recurrence = Recurrence(everyHours: Int(everyHours), at: at, profiles: profiles)
    if let from = self["from", of: index] {
      guard let date = string(from).flatMap(LocalDate.init(iso:)) else { return nil }
      recurrence.from = date
    }
    if let until = self["until", of: index] {
      guard let date = string(until).flatMap(LocalDate.init(iso:)) else { return nil }
      recurrence.until = date
    }
    if let delay = self["delayMinutes", of: index] {
      guard let minutes = number(delay) else { return nil }
      recurrence.delayMinutes = Int(minutes)
    }
    return recurrence
  }

  func timing(_ index: Int?) -> Revision.Timing? {
    if let recurring = self["recurring", of: index] {
      return string(self["from", of: recurring]).flatMap(LocalDate.init(iso:)).map { .recurring(from: $0) }
    }
    if let once = self["once", of: index] {
      let window = self["_0", of: once]
      guard let from = instant(self["from", of: window]), let to = instant(self["to", of: window]) else {
        return nil
      }
      return Window(from: from, to: to).map { .once($0) }
    }
    return instant(self["_0", of: self["onceNow", of: index]]).map { .onceNow($0) }
  }
}
