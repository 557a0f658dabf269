import ExportCore
import ExportTesting
import Foundation
import Formats
import Testing
import TimeZones
import ZoneTesting

/// What exactly stands in JSON files and in the file of rejected rows.
@Suite struct JSONEventTests {
  static let json = FormatConformance(format: .json, codec: .none, reader: "")

  /// Name and content of every file.
  static func files(
    _ events: [SampleEvent], _ variation: FormatConformance.Case = .init(), rejected: [RejectedRow] = []
  ) throws -> [String: String] {
    try withTemporaryDirectory { directory in
      let files = try json.eventFiles(variation, in: directory)
      try files.append(EventBatch(events, rejected: rejected))
      var contents: [String: String] = [:]
      while case let some = try files.finish(), !some.isEmpty {
        for file in some {
          contents[file.file.name] = try String(contentsOfFile: file.staged.path, encoding: .utf8)
        }
      }
      return contents
    }
  }

  static func event(_ properties: String? = nil, name: String = "Charged", sequence: Int64 = 1) -> SampleEvent
  {
    SampleEvent(
      ts: Instant("2026-11-24T05:30:07Z").seconds * 1000 + 999, sequence: sequence, name: name,
      properties: properties)
  }

  static let file = "1690283492-1690300000-Charged-20261124-0-7.json"
  static let rejectedFile = "1690283492-1690300000-rejected-7.jsonl"

  @Test func everyKeyInItsPlace() throws {
    var event = Self.event(#"{"Amount": 59.990, "Items": [1, {"x": null}], "Paid": true}"#)
    event.identity = "i"
    event.objectId = "o"
    event.allIdentities = #"["i", "e"]"#
    event.platform = "Web"
    event.phone = "+91"
    event.profileName = "Zoë \"Z\"\n"
    event.email = "e@x"
    event.pushToken = "t"
    event.device = #"{"make": "Fairphone", "dimensions": {"width": 3.0}}"#
    event.session = #"{"utm": "a b"}"#
    event.controlGroup = "g"
    var variation = FormatConformance.Case()
    variation.timeZone = "Asia/Kolkata"
    #expect(
      try Self.files([event], variation) == [
        Self.file: #"""
        "Charged"
        {"profile":{"identity":"i","objectId":"o","all_identities":["i","e"],"platform":"Web","phone":"+91",\#
        "name":"Zoë \"Z\"\n","email":"e@x","push_token":"t"},"ts":20261124110007,\#
        "deviceInfo":{"make":"Fairphone","dimensions":{"width":3.0}},\#
        "eventProps":{"Amount":59.990,"Items":[1,{"x":null}],"Paid":true},"session_props":{"utm":"a b"},\#
        "controlGroupName":"g"}

        """#
      ])
  }

  @Test func whatIsAbsentIsLeftOut() throws {
    #expect(try Self.files([Self.event()]) == [Self.file: "\"Charged\"\n{\"ts\":20261124053007}\n"])
    #expect(try Self.files([Self.event("{}")]).values.first?.hasSuffix(",\"eventProps\":{}}\n") == true)
    #expect(
      try Self.files([Self.event(" null ")]).values.first?.hasSuffix("{\"ts\":20261124053007}\n") == true)
    #expect(try Self.files([]) == [:])
  }

  static func properties(_ text: String, asString: Bool) throws -> String? {
    var variation = FormatConformance.Case()
    variation.asString = asString
    let content = try #require(try files([event(text)], variation)[file])
    let start = try #require(content.range(of: "\"eventProps\":")).upperBound
    return String(content[start...].dropLast(2))
  }

  @Test(arguments: [
    (
      #"{"n":-0.10e+02,"i":123456789012345678901234567890}"#,
      #"{"n":"-0.10e+02","i":"123456789012345678901234567890"}"#
    ),
    (#"{"t":true,"f":false,"z":null,"s":"x\ny"}"#, #"{"t":"true","f":"false","z":null,"s":"x\ny"}"#),
    (
      #"{"o":{"a":"b\"c\\","e":[]},"l":["\ud800"]}"#,
      #"{"o":"{\"a\":\"b\\\"c\\\\\",\"e\":[]}","l":"[\"\\ud800\"]"}"#
    ),
    (#"{"a":1,"b":2,"a":{"x":1,"x":2}}"#, #"{"b":"2","a":"{\"x\":2}"}"#),
  ])
  func valuesAsTheyAreAndAsStrings(text: String, asStrings: String) throws {
    // Only what occurs twice is changed without asString.
    let plain = text.replacing(#"{"a":1,"b":2,"a":{"x":1,"x":2}}"#, with: #"{"b":2,"a":{"x":2}}"#)
    #expect(try Self.properties(text, asString: false) == plain)
    #expect(try Self.properties(text, asString: true) == asStrings)
    let spaced = "\n" + text.replacing(",", with: " ,\t").replacing(":", with: "\r: ") + " "
    #expect(try Self.properties(spaced, asString: false) == plain)
    #expect(try Self.properties(spaced, asString: true) == asStrings)
  }

  @Test(arguments: [
    (#"{"a":1,"\u0061":2}"#, #"{"\u0061":2}"#),
    (#"{"a":{"b":1,"b":2},"c":[{"d":1,"d":2}],"a":3}"#, #"{"c":[{"d":2}],"a":3}"#),
    (#"{"a":1,"a":2,"a":3,"b":0}"#, #"{"a":3,"b":0}"#),
    (#"{"\ud800":1,"\ud801":2,"\ufffd":3}"#, #"{"\ud800":1,"\ud801":2,"\ufffd":3}"#),
    (#"{"\ud800":1,"\uD800":2,"\u0061\udc00":3,"a\uDC00":4}"#, #"{"\uD800":2,"a\uDC00":4}"#),
    (#"{"\ufffd":1,"\ud800":2,"\uFFFD":3}"#, #"{"\ud800":2,"\uFFFD":3}"#),
    (#"{"":1,"":2}"#, #"{"":2}"#),
    (
      #"{"same beginning a same end":1,"same beginning b same end":2}"#,
      #"{"same beginning a same end":1,"same beginning b same end":2}"#
    ),
  ])
  func theLastOfEqualNamesWins(text: String, expected: String) throws {
    #expect(try Self.properties(text, asString: false) == expected)
  }

  @Test func veryManyNamesInOneObject() throws {
    let names = (0..<5000).map { "\"name \($0)\":\($0)" }
    let text = "{" + names.joined(separator: ",") + ",\"name 4000\":\"last\"}"
    let expected =
      "{" + names.filter { !$0.hasPrefix("\"name 4000\"") }.joined(separator: ",")
      + ",\"name 4000\":\"last\"}"
    #expect(try Self.properties(text, asString: false) == expected)
  }

  @Test func theFirstIdentifierWithAValueIsTheIdentity() throws {
    func identity(_ identifiers: [Identifier], _ change: (inout SampleEvent) -> Void) throws -> String? {
      var event = Self.event()
      change(&event)
      var variation = FormatConformance.Case()
      variation.identifiers = identifiers
      let content = try #require(try Self.files([event], variation)[Self.file])
      return content.firstMatch(of: /"identity":"([^"]*)"/).map { String($0.1) }
    }
    #expect(try identity([.identity, .email]) { ($0.identity, $0.email) = ("i", "e") } == "i")
    #expect(try identity([.email, .identity]) { ($0.identity, $0.email) = ("i", "e") } == "e")
    #expect(try identity([.identity, .email]) { $0.email = "e" } == "e")
    #expect(try identity([.identity, .email]) { ($0.identity, $0.email) = ("", "e") } == "e")
    #expect(try identity([.identity]) { $0.email = "e" } == nil)
    #expect(try identity([.phone, .email, .identity]) { $0.identity = "i" } == "i")
  }

  @Test func theObjectIdCanBeLeftOut() throws {
    var event = Self.event()
    event.objectId = "o"
    var variation = FormatConformance.Case()
    variation.includeObjectId = false
    #expect(try Self.files([event], variation)[Self.file] == "\"Charged\"\n{\"ts\":20261124053007}\n")
  }

  @Test func eventsFallOnTheirLocalDates() throws {
    var variation = FormatConformance.Case()
    variation.timeZone = "Europe/Berlin"
    let times = [
      "2026-10-24T21:59:59Z", "2026-10-24T22:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z",
      "2026-10-25T23:00:00Z",
    ]
    let events = times.enumerated().map { number, time in
      SampleEvent(ts: Instant(rfc3339: time)!.seconds * 1000, sequence: Int64(number), name: "E")
    }
    let files = try Self.files(events, variation)
    #expect(
      files.mapValues { $0.matches(of: /"ts":(\d+)/).map { String($0.1) } } == [
        "1690283492-1690300000-E-20261024-0-7.json": ["20261024235959"],
        // 02:30 happens twice on this day.
        "1690283492-1690300000-E-20261025-0-7.json": ["20261025000000", "20261025023000", "20261025023000"],
        "1690283492-1690300000-E-20261026-0-7.json": ["20261026000000"],
      ])
  }

  @Test(arguments: [
    (0, "19700101000000"), (-1, "19691231235959"), (253_402_300_799_999, "99991231235959"),
    (-62_167_219_200_000, "00000101000000"),
  ])
  func yearsOfFourDigits(milliseconds: Int64, expected: String) throws {
    let event = SampleEvent(ts: milliseconds, sequence: 1, name: "E")
    let content = try Self.files([event]).values.first
    #expect(content?.contains("\"ts\":\(Int(expected)!)}") == true)
  }

  @Test(arguments: [253_402_300_800_000, -62_167_219_200_001, .max, .min])
  func otherYearsAreRejected(milliseconds: Int64) throws {
    let files = try Self.files([SampleEvent(ts: milliseconds, sequence: 1, name: "E")])
    #expect(
      files == [
        Self.rejectedFile: """
        {"key":{"pass":0,"order":0,"sequence":1},"eventName":"E",\
        "reason":"ts lies outside of the years 1970 to 9999"}

        """
      ])
  }

  @Test func rejectedRowsInTheOrderOfTheirKeys() throws {
    var events = [
      Self.event(#"{"a":1"#, sequence: 2), Self.event(#"{"a":1}"#, sequence: 4),
      Self.event(#"{"price": 12 "x"}"#, sequence: 6), Self.event("", sequence: 8),
    ]
    events[2].id = "id\n6"
    events[3].session = "[]"
    events[3].properties = nil
    let fromSource = [3, 5, 9].map {
      RejectedRow(
        key: ReadKey(pass: 0, order: 0, sequence: $0), id: nil, name: nil, reason: "no ts", value: "x\u{1}")
    }
    let files = try Self.files(events, rejected: fromSource)
    #expect(files.keys.sorted() == [Self.file, Self.rejectedFile])
    #expect(
      files[Self.rejectedFile] == #"""
        {"key":{"pass":0,"order":0,"sequence":2},"eventName":"Charged","reason":"properties is not a JSON object: \#
        expected ',' or '}' after a value at byte 6","value":"{\"a\":1"}
        {"key":{"pass":0,"order":0,"sequence":3},"reason":"no ts","value":"x\u0001"}
        {"key":{"pass":0,"order":0,"sequence":5},"reason":"no ts","value":"x\u0001"}
        {"key":{"pass":0,"order":0,"sequence":6},"id":"id\n6","eventName":"Charged","reason":"properties is not \#
        a JSON object: expected ',' or '}' after a value at byte 13","value":"{\"price\": 12 \"x\"}"}
        {"key":{"pass":0,"order":0,"sequence":8},"eventName":"Charged","reason":"session is not a JSON object: \#
        it is an array","value":"[]"}
        {"key":{"pass":0,"order":0,"sequence":9},"reason":"no ts","value":"x\u0001"}

        """#)
  }

  @Test(arguments: [
    ("properties", "", "properties is not a JSON object: the text is empty"),
    ("properties", "\"x\"", "properties is not a JSON object: it is a string"),
    ("device", "7", "device is not a JSON object: it is a number"),
    ("session", "true", "session is not a JSON object: it is true"),
    ("allIdentities", "{}", "allIdentities is not a JSON array: it is an object"),
    ("allIdentities", "[1,]", "allIdentities is not a JSON array: expected a value at byte 3"),
  ])
  func reasons(field: String, text: String, reason: String) throws {
    var event = Self.event()
    switch field {
    case "properties": event.properties = text
    case "device": event.device = text
    case "session": event.session = text
    default: event.allIdentities = text
    }
    let content = try #require(try Self.files([event])[Self.rejectedFile])
    #expect(content.contains("\"reason\":\"\(reason)\""))
  }

  @Test func atMostFourKibibytesOfAValueAreKept() throws {
    let text = "[" + String(repeating: "é", count: 4000)
    let content = try #require(try Self.files([Self.event(text)])[Self.rejectedFile])
    let value = try #require(content.firstMatch(of: /"value":"([^"]*)"/)).1
    #expect(value == "[" + String(repeating: "é", count: 2047))
  }
}
