package import ExportCore

/// An event as a test writes it down; JSON fields hold raw text, broken or not.
package struct SampleEvent: Codable, Sendable {
  package var ts: Int64
  package var key: ReadKey
  package var name: String?
  package var id: String?
  package var objectId: String?
  package var identity: String?
  package var email: String?
  package var phone: String?
  package var profileName: String?
  package var platform: String?
  package var pushToken: String?
  package var allIdentities: String?
  package var device: String?
  package var session: String?
  package var controlGroup: String?
  package var properties: String?

  package init(ts: Int64, sequence: Int64, name: String?, properties: String? = nil) {
    self.ts = ts
    self.name = name
    self.properties = properties
    key = ReadKey(pass: 0, order: 0, sequence: sequence)
  }
}

extension EventBatch {
  package init(_ events: some Sequence<SampleEvent>, rejected: [RejectedRow] = []) {
    self.init()
    for event in events { append(event) }
    self.rejected = rejected
    lastKey = rows.last?.key
  }

  private mutating func append(_ event: SampleEvent) {
    var row = EventRow(ts: event.ts, key: event.key)
    row.name = range(event.name)
    row.id = range(event.id)
    row.objectId = range(event.objectId)
    row.identity = range(event.identity)
    row.email = range(event.email)
    row.phone = range(event.phone)
    row.profileName = range(event.profileName)
    row.platform = range(event.platform)
    row.pushToken = range(event.pushToken)
    row.allIdentities = range(event.allIdentities)
    row.device = range(event.device)
    row.session = range(event.session)
    row.controlGroup = range(event.controlGroup)
    row.properties = range(event.properties)
    rows.append(row)
  }

  private mutating func range(_ text: String?) -> ByteRange {
    guard let text else { return .absent }
    let offset = bytes.count
    bytes.append(contentsOf: text.utf8)
    return ByteRange(offset: UInt32(offset), count: UInt32(bytes.count - offset))
  }
}

/// Random events with everything that sources hold: odd Unicode, wide numbers, loose and broken JSON.
package struct SampleEvents<Random: RandomNumberGenerator> {
  private var random: Random
  private var sequence: Int64 = 0

  package init(random: Random) { self.random = random }

  package mutating func next() -> SampleEvent {
    sequence += Int64.random(in: 1...3, using: &random)
    // Five days around the end of daylight saving time in Europe in 2026.
    let ts = 1_792_000_000_000 + Int64.random(in: 0..<5 * 86_400_000, using: &random)
    var event = SampleEvent(ts: ts, sequence: sequence, name: Self.names.randomElement(using: &random))
    event.id = maybe { $0.text() }
    event.objectId = maybe { $0.text() }
    event.identity = maybe { $0.text() }
    event.email = maybe { $0.text() }
    event.phone = maybe { $0.text() }
    event.profileName = maybe { $0.text() }
    event.platform = maybe { $0.text() }
    event.pushToken = maybe { $0.text() }
    event.controlGroup = maybe { $0.text() }
    event.allIdentities = maybe { $0.perhapsBroken { $0.array(depth: 1) } }
    event.device = maybe { $0.perhapsBroken { $0.object(depth: 1) } }
    event.session = maybe { $0.perhapsBroken { $0.object(depth: 2) } }
    event.properties = maybe { $0.perhapsBroken { $0.object(depth: 4) } }
    return event
  }

  private static var names: [String] {
    [
      "Charged", "App Launched", "App-Launched", "../../etc/passwd", "नमस्ते\n\"x\"", "tab\t\u{7}\u{2028}", "",
      "👩‍👩‍👧",
    ]
  }

  private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

  private mutating func maybe(_ make: (inout Self) -> String) -> String? {
    chance(70) ? make(&self) : nil
  }

  /// A piece of text, not escaped.
  private mutating func text() -> String {
    let pieces = [
      "", "a", "key", "Zoë", "\"", "\\", "\n\r\t", "\u{1}\u{1F}\u{7F}", "/", "👍🏽", "\u{FFFD}", "名前",
      "plain text that is longer than a word",
    ]
    return (0..<Int.random(in: 0...3, using: &random)).map { _ in pieces.randomElement(using: &random)! }
      .joined()
  }

  /// Mostly as it is, sometimes with one character lost, doubled or put in.
  private mutating func perhapsBroken(_ make: (inout Self) -> String) -> String {
    if chance(2) {
      return ["null", " null ", "", "[]", "{}", "\"text\"", "1"].randomElement(using: &random)!
    }
    var json = Array(make(&self))
    guard chance(6), let place = json.indices.randomElement(using: &random) else { return String(json) }
    switch Int.random(in: 0..<3, using: &random) {
    case 0: json.remove(at: place)
    case 1: json.insert(json[place], at: place)
    default:
      json.insert(
        ["\"", "\\", ",", "{", "]", ":", "0", "\u{1}", "\u{A0}"].randomElement(using: &random)!, at: place)
    }
    return String(json)
  }

  private mutating func space() -> String {
    chance(10) ? [" ", "\n", "\t", "\r", "  \n"].randomElement(using: &random)! : ""
  }

  private mutating func string() -> String {
    var json = ""
    for scalar in text().unicodeScalars {
      switch scalar {
      case "\"", "\\": json += "\\\(scalar)"
      case _ where scalar.value < 0x20:
        json += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: json.unicodeScalars.append(scalar)
      }
    }
    if chance(10) {
      json += ["\\u00e9", "\\ud83d\\ude00", "\\ud800", "\\uDFFFx", "\\b\\f\\/", "\\u0000"].randomElement(
        using: &random)!
    }
    return "\"\(json)\""
  }

  private mutating func value(depth: Int) -> String {
    switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &random) {
    case 0: ["true", "false", "null"].randomElement(using: &random)!
    case 1, 2:
      [
        "0", "-0", "12", "1.0", "1E400", "-1.5e-7", "123456789012345678901234567890",
        "0.1000000000000000000001",
      ]
      .randomElement(using: &random)!
    case 3, 4, 5: string()
    case 6: array(depth: depth - 1)
    default: object(depth: depth - 1)
    }
  }

  private mutating func array(depth: Int) -> String {
    let elements = (0..<Int.random(in: 0...3, using: &random)).map { _ in
      space() + value(depth: depth) + space()
    }
    return elements.isEmpty ? "[" + space() + "]" : "[" + elements.joined(separator: ",") + "]"
  }

  private mutating func object(depth: Int) -> String {
    // Few names, so that some occur twice, also in different spellings.
    let members = (0..<Int.random(in: 0...6, using: &random)).map { _ in
      let name =
        chance(70)
        ? ["\"a\"", "\"\\u0061\"", "\"Amount\"", "\"Product name\"", "\"\""].randomElement(using: &random)!
        : string()
      return space() + name + space() + ":" + space() + value(depth: depth) + space()
    }
    return space() + (members.isEmpty ? "{" + space() + "}" : "{" + members.joined(separator: ",") + "}")
      + space()
  }
}
