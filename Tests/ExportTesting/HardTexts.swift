/// Texts that formats fail on, in every field that is not JSON.
enum HardTexts {
  private static let all = [
    "", " ", "a", "\u{FEFF}", "\u{FEFF}a", "a\u{0}b", "\u{1}\u{8}\u{B}\u{C}\u{1F}\u{7F}\u{85}", "\t", "\n",
    "\r", "\r\n",
    "\n\na\r", "\"", "\"\"", "'", "a,b", ";", "\\", "\\u0041", "=1+1", "+1", "-1", "@a",
    "<a href=\"b\">&amp;</a>", "]]>",
    "<![CDATA[", "&#13;", "null", "true", "12", "e\u{301}", "\u{E9}", "👩‍👩‍👧", "\u{10FFFF}", "\u{FFFE}\u{FFFF}",
    "\u{FFFD}",
    "\u{2028}\u{2029}", String(repeating: "long, \"quoted\" & <marked>\r\n", count: 3_000),
  ]

  /// Each text in each field, every other field absent.
  static var events: [SampleEvent] {
    let fields: [WritableKeyPath<SampleEvent, String?>] = [
      \.objectId, \.identity, \.phone, \.profileName, \.email, \.platform, \.pushToken, \.controlGroup,
    ]
    let pairs = all.flatMap { text in fields.map { (text, $0) } }
    return pairs.enumerated().map { number, pair in
      var event = SampleEvent(ts: 1_792_000_000_000, sequence: Int64(number), name: "Charged")
      event[keyPath: pair.1] = pair.0
      return event
    }
  }

  static var profiles: [SampleProfile] {
    all.enumerated().flatMap { number, text in
      var withIdentity = SampleProfile(sequence: Int64(2 * number))
      withIdentity.identity = text
      return [withIdentity, SampleProfile(sequence: Int64(2 * number + 1), objectId: text)]
    }
  }
}
