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

/// Random events with everything that sources hold.
package struct SampleEvents<Random: RandomNumberGenerator> {
  private var wild: WildValues<Random>
  private var sequence: Int64 = 0

  package init(random: Random) { wild = WildValues(random: random) }

  package mutating func next() -> SampleEvent {
    sequence += Int64.random(in: 1...3, using: &wild.random)
    // Five days around the end of daylight saving time in Europe in 2026.
    let ts = 1_792_000_000_000 + Int64.random(in: 0..<5 * 86_400_000, using: &wild.random)
    var event = SampleEvent(ts: ts, sequence: sequence, name: Self.names.randomElement(using: &wild.random))
    event.id = wild.maybe { $0.text() }
    event.objectId = wild.maybe { $0.text() }
    event.identity = wild.maybe { $0.text() }
    event.email = wild.maybe { $0.text() }
    event.phone = wild.maybe { $0.text() }
    event.profileName = wild.maybe { $0.text() }
    event.platform = wild.maybe { $0.text() }
    event.pushToken = wild.maybe { $0.text() }
    event.controlGroup = wild.maybe { $0.text() }
    event.allIdentities = wild.maybe { $0.perhapsBroken { $0.array(depth: 1) } }
    event.device = wild.maybe { $0.perhapsBroken { $0.object(depth: 1) } }
    event.session = wild.maybe { $0.perhapsBroken { $0.object(depth: 2) } }
    event.properties = wild.maybe { $0.perhapsBroken { $0.object(depth: 4) } }
    return event
  }

  private static var names: [String] {
    [
      "Charged", "App Launched", "App-Launched", "../../etc/passwd", "नमस्ते\n\"x\"", "tab\t\u{7}\u{2028}", "",
      "👩‍👩‍👧",
    ]
  }
}
