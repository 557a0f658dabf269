import ExportCore
import ExportTesting
import Foundation
import Formats
import Testing
import ZoneTesting

/// What exactly stands in JSON files of profiles, and in the file of those that were rejected.
@Suite struct JSONProfileTests {
  static let json = FormatConformance(format: .json, codec: .gzip, reader: "")
  static let file = "1-1690283492-1690300000-7-json.gz"
  static let rejectedFile = "1690283492-1690300000-rejected-7.jsonl"

  /// Name and content of every file, unpacked by Python.
  static func files(
    _ batches: [ProfileBatch], _ variation: FormatConformance.Case = .init()
  ) throws -> [String: String] {
    try withTemporaryDirectory { directory in
      let files = try json.profileFiles(variation, in: directory)
      for batch in batches { try files.append(batch) }
      var contents: [String: String] = [:]
      while case let some = try files.finish(), !some.isEmpty {
        for file in some {
          contents[file.file.name] = try Python.run(
            "import sys, gzip\nd = open(sys.argv[1], 'rb').read()\n"
              + "sys.stdout.buffer.write(gzip.decompress(d) if d[:2] == b'\\x1f\\x8b' else d)",
            arguments: [file.staged.path])
        }
      }
      return contents
    }
  }

  static func files(
    _ profiles: [SampleProfile], _ variation: FormatConformance.Case = .init()
  ) throws -> [String: String] {
    try files([ProfileBatch(profiles)], variation)
  }

  /// The only record of a profile.
  static func record(
    _ variation: FormatConformance.Case = .init(), _ change: (inout SampleProfile) -> Void
  ) throws -> String {
    var profile = SampleProfile(sequence: 1)
    change(&profile)
    let files = try files([profile], variation)
    #expect(Array(files.keys) == [file], "\(files)")
    return try #require(files[file])
  }

  static var wholeProfile: SampleProfile {
    var profile = SampleProfile(sequence: 1, objectId: "o")
    profile.identity = "Zoë \"Z\"\n"
    profile.email = "e@x"
    profile.allIdentities = #"["i", "e@x"]"#
    profile.device = #"{"token": ["t1"]}"#
    profile.communication =
      #"{"MSG-push": true, "MSG-email": false, "subscriptionGroups": ["news", {"id": 7.0}]}"#
    profile.properties = #"{"Plan": "gold", "Spent": 59.990, "Since": {"year": 2024}, "Phone": null}"#
    return profile
  }

  @Test func everyKeyInItsPlace() throws {
    #expect(
      try Self.files([Self.wholeProfile]) == [
        Self.file: #"""
        {"identity":"Zoë \"Z\"\n","all_identities":["i","e@x"],"objectId":"o","device":{"token":["t1"]},\#
        "MSG-push":true,"MSG-email":false,"subscriptionGroups":["news",{"id":7.0}],\#
        "Plan":"gold","Spent":59.990,"Since":{"year":2024},"Phone":null}

        """#
      ])
  }

  @Test func asStringIsForPropertiesOnly() throws {
    var variation = FormatConformance.Case()
    variation.asString = true
    let record = try Self.record(variation) { $0 = Self.wholeProfile }
    #expect(
      record.hasSuffix(
        #"""
        "MSG-push":true,"MSG-email":false,"subscriptionGroups":["news",{"id":7.0}],\#
        "Plan":"gold","Spent":"59.990","Since":"{\"year\":2024}","Phone":null}

        """#))
  }

  @Test func whatIsAbsentIsLeftOut() throws {
    #expect(try Self.record { _ in } == "{\"objectId\":\"o\"}\n")
    #expect(
      try Self.record {
        ($0.properties, $0.communication, $0.allIdentities) = ("{ }", "{}", " null ")
      } == "{\"objectId\":\"o\"}\n")
    var variation = FormatConformance.Case()
    variation.includeObjectId = false
    #expect(try Self.record(variation) { $0.properties = "{\"a\":1}" } == "{\"a\":1}\n")
    #expect(try Self.record(variation) { _ in } == "{}\n")
    #expect(try Self.files([SampleProfile]()) == [:])
  }

  @Test func numbersKeepEveryDigit() throws {
    let numbers = #"{"a":123456789012345678901234567890,"b":-0.10e+02,"c":1E400,"d":-0}"#
    #expect(
      try Self.record { $0.properties = numbers } == "{\"objectId\":\"o\"," + numbers.dropFirst() + "\n")
  }

  @Test func theIdentityIsTheFirstIdentifierWithAValue() throws {
    var variation = FormatConformance.Case()
    variation.identifiers = [.phone, .email, .identity]
    #expect(
      try Self.record(variation) { ($0.identity, $0.email, $0.phone) = ("i", "e", "") }
        == "{\"identity\":\"e\",\"objectId\":\"o\"}\n")
  }

  @Test(
    arguments: [
      // The record's own keys, present or not.
      (nil, #"{"identity":1,"device":{}}"#, #""profileProps.identity":1,"profileProps.device":{}"#),
      (
        nil, #"{"all_identities":[],"objectId":2,"deleted":true}"#,
        #""profileProps.all_identities":[],"profileProps.objectId":2,"profileProps.deleted":true"#
      ),
      (
        nil, #"{"\u0064eleted":true,"ide\u006etity":0}"#,
        #""profileProps.\u0064eleted":true,"profileProps.ide\u006etity":0"#
      ),
      (nil, #"{"Identity":1,"devices":2,"delete":3}"#, #""Identity":1,"devices":2,"delete":3"#),
      (#"{"device":1,"MSG-push":2}"#, nil, #""commPrefs.device":1,"MSG-push":2"#),
      // Members of the other group.
      (
        #"{"MSG-push":true}"#, #"{"a":1,"MSG-push":2,"MSG-sms":3}"#,
        #""MSG-push":true,"a":1,"profileProps.MSG-push":2,"MSG-sms":3"#
      ),
      (
        #"{"MSG-\u0070ush":true}"#, #"{"\u004dSG-push":2}"#,
        #""MSG-\u0070ush":true,"profileProps.\u004dSG-push":2"#
      ),
      (nil, #"{"MSG-push":2}"#, #""MSG-push":2"#),
      (#"{"device":1}"#, #"{"device":2}"#, #""commPrefs.device":1,"profileProps.device":2"#),
      // Names that look like ones that were moved.
      (
        nil, #"{"profileProps.identity":1,"identity":2}"#,
        #""profileProps.profileProps.identity":1,"profileProps.identity":2"#
      ),
      (
        #"{"device":1,"commPrefs.device":2}"#, #"{"commPrefs.device":3,"profileProps\u002edevice":4}"#,
        #""commPrefs.device":1,"commPrefs.commPrefs.device":2,"profileProps.commPrefs.device":3,"#
          + #""profileProps.profileProps\u002edevice":4"#
      ),
      (nil, #"{"profileProps":1,"commPrefs":{}}"#, #""profileProps":1,"commPrefs":{}"#),
      // Only the last of equal names is left to move.
      (nil, #"{"device":1,"b":2,"device":3}"#, #""b":2,"profileProps.device":3"#),
    ] as [(String?, String?, String)])
  func noNameStandsTwiceAndNoneIsLost(communication: String?, properties: String?, members: String) throws {
    #expect(
      try Self.record { ($0.communication, $0.properties) = (communication, properties) }
        == "{\"objectId\":\"o\",\(members)}\n")
    // With white space, member by member.
    #expect(
      try Self.record {
        $0.communication = communication?.replacing(",", with: " ,\n")
        $0.properties = properties?.replacing(":", with: " :\t")
      } == "{\"objectId\":\"o\",\(members)}\n")
  }

  @Test func veryManyNamesInBothGroups() throws {
    let names = (0..<3000).map { "\"n\($0)\":\($0)" }.joined(separator: ",")
    #expect(
      try Self.record { ($0.communication, $0.properties) = ("{\(names)}", "{\(names)}") }
        == "{\"objectId\":\"o\",\(names),\(names.replacing("\"n", with: "\"profileProps.n"))}\n")
  }

  /// What moved in one profile moves in no other.
  @Test func eachProfileHasItsOwnNames() throws {
    var profiles = (1...3).map { SampleProfile(sequence: $0, properties: #"{"device":1,"x":2}"#) }
    profiles[0].communication = #"{"x":1}"#
    profiles[1].properties = #"{"x":2}"#
    profiles[2].properties = nil
    #expect(
      try Self.files(profiles)[Self.file] == #"""
        {"objectId":"o","x":1,"profileProps.device":1,"profileProps.x":2}
        {"objectId":"o","x":2}
        {"objectId":"o"}

        """#)
  }

  @Test(arguments: [true, false])
  func aDeletedProfileIsNamedAndNothingElse(includeObjectId: Bool) throws {
    var variation = FormatConformance.Case()
    variation.includeObjectId = includeObjectId
    #expect(
      try Self.record(variation) {
        $0 = Self.wholeProfile
        $0.identity = "i"
        $0.isDeleted = true
        // Nothing of it is told, so nothing in it matters.
        $0.device = "{"
      } == #"{"identity":"i","objectId":"o","deleted":true}"# + "\n")
    #expect(try Self.record(variation) { $0.isDeleted = true } == #"{"objectId":"o","deleted":true}"# + "\n")
  }

  @Test(arguments: [
    ("properties", "", "properties is not a JSON object: the text is empty"),
    ("properties", "[]", "properties is not a JSON object: it is an array"),
    ("communication", "\"x\"", "communication is not a JSON object: it is a string"),
    ("device", "{\"a\" 1}", "device is not a JSON object: expected ':' after the name at byte 5"),
    ("allIdentities", "{}", "allIdentities is not a JSON array: it is an object"),
  ])
  func reasons(field: String, text: String, reason: String) throws {
    var profile = SampleProfile(sequence: 7, objectId: "o\"7")
    switch field {
    case "properties": profile.properties = text
    case "communication": profile.communication = text
    case "device": profile.device = text
    default: profile.allIdentities = text
    }
    let value = text.replacing("\"", with: "\\\"")
    #expect(
      try Self.files([profile]) == [
        Self.rejectedFile: """
        {"key":{"pass":0,"order":0,"sequence":7},"id":"o\\"7","reason":"\(reason)","value":"\(value)"}

        """
      ])
  }

  /// What the source rejected, with a row and without, and what cannot be converted here.
  @Test func rejectedProfilesInTheOrderOfTheirKeys() throws {
    var profiles = (1...8).map { SampleProfile(sequence: $0, objectId: "o\($0)") }
    profiles[1].rejection = "updatedAt cannot be read"
    profiles[3].objectId = nil
    profiles[4].properties = "["
    profiles[6].rejection = "updatedAt cannot be read"
    profiles[7].objectId = nil
    for cuts in [[8], [4, 4], [3, 2, 3], [1, 1, 1, 1, 1, 1, 1, 1]] {
      var rest = profiles[...]
      let batches = cuts.map { count in
        defer { rest = rest.dropFirst(count) }
        return ProfileBatch(rest.prefix(count))
      }
      let files = try Self.files(batches)
      #expect(files[Self.file] == "{\"objectId\":\"o1\"}\n{\"objectId\":\"o3\"}\n{\"objectId\":\"o6\"}\n")
      let rejected = try #require(files[Self.rejectedFile]).split(separator: "\n")
      #expect(rejected.map { $0.firstMatch(of: /"sequence":(\d+)/)?.1 } == ["2", "4", "5", "7", "8"])
      #expect(
        rejected[0]
          == #"{"key":{"pass":0,"order":0,"sequence":2},"id":"o2","reason":"updatedAt cannot be read"}"#)
    }
  }
}
