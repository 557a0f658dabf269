import ExportConfig
import Testing

/// A sound definition with some keys set to other JSON, or left out → everything that is said about it.
private struct Broken: CustomTestStringConvertible, Sendable {
  let changes: KeyValuePairs<String, String?>
  let complaints: [String]

  init(_ changes: KeyValuePairs<String, String?>, _ complaints: [String]) {
    self.changes = changes
    self.complaints = complaints
  }

  /// One key a line.
  var text: String {
    var members: [(key: String, value: String)] = [
      ("source", #""main""#), ("destination", #""local""#), ("data", #"{"events": "all"}"#),
      ("frequency", #"{"everyHours": 6}"#), ("format", #""json""#),
    ]
    for (key, value) in changes {
      let place = members.firstIndex { $0.key == key } ?? members.endIndex
      if place < members.endIndex { members.remove(at: place) }
      if let value { members.insert((key, value), at: place) }
    }
    return "{\n\(members.map { "  \"\($0.key)\": \($0.value)" }.joined(separator: ",\n"))\n}"
  }

  var testDescription: String { changes.map { "\($0): \($1 ?? "left out")" }.joined(separator: ", ") }
}

@Suite struct DefinitionErrorTests {
  @Test(arguments: [
    Broken(
      ["source": nil, "destination": nil, "data": nil, "frequency": nil, "format": nil],
      [
        #"1:1: error: the key "source" is missing"#,
        #"1:1: error: the key "destination" is missing"#,
        #"1:1: error: the key "data" is missing"#,
        #"1:1: error: the key "frequency" is missing"#,
        #"1:1: error: the key "format" is missing"#,
      ]),
    Broken(
      ["source": #""mian""#, "destination": #""locl""#, "format": #""jsn""#],
      [
        #"2:13: error: $.source: unknown source "mian"; did you mean "main"? allowed here: "clicks", "main""#,
        #"3:18: error: $.destination: unknown destination "locl"; did you mean "local"? allowed here: "lake", "local""#,
        #"6:13: error: $.format: unknown format "jsn"; did you mean "json"? allowed here: "json", "csv", "xml", "parquet""#,
      ]),
    Broken(
      ["source": "4", "destination": "\"\""],
      [
        "2:13: error: $.source: must be the name of a source; found the number 4",
        "3:18: error: $.destination: must be the name of a destination; found an empty string",
      ]),
    Broken(
      ["source": #""clicks""#, "data": #"{"profiles": "all"}"#],
      [
        #"2:13: error: $.source: the source "clicks" maps no profiles: it has no key "profiles""#
      ]),
    Broken(
      ["destination": #""lake""#, "data": #"{"profiles": "all"}"#],
      [
        #"3:18: error: $.destination: the prefix of the destination "lake" has {eventName}, which profile exports have no value for"#
      ]),
    Broken(
      ["data": #"{"events": "Charged"}"#],
      [
        #"4:22: error: $.data.events: must be "all" or a list of event names; found the string "Charged""#
      ]),
    Broken(
      ["data": #"{"event": "all"}"#],
      [
        #"4:12: error: $.data.event: unknown key "event"; did you mean "events"? allowed here: "events", "profiles""#
      ]),
    Broken(
      ["data": "{}"],
      [
        #"4:11: error: $.data: the key "events" or "profiles" is missing"#
      ]),
    Broken(
      ["data": #""all""#],
      [
        #"4:11: error: $.data: must be {"events": "all"}, {"events": [names]} or {"profiles": "all"}; found the string "all""#
      ]),
    Broken(
      ["data": #"{"events": []}"#],
      [
        #"4:22: error: $.data.events: must be "all" or a list of event names; found an empty list"#
      ]),
    Broken(
      ["data": #"{"events": ["a", "a", "", 5]}"#],
      [
        #"4:28: error: $.data.events[1]: must be in the list only once; found the string "a" again"#,
        "4:33: error: $.data.events[2]: must be the name of an event; found an empty string",
        "4:37: error: $.data.events[3]: must be the name of an event; found the number 5",
      ]),
    Broken(
      ["data": #"{"events": ["a"], "profiles": "al"}"#],
      [
        #"4:29: error: $.data.profiles: "profiles" does not go with "events": an export carries one of them"#,
        #"4:41: error: $.data.profiles: unknown value "al"; did you mean "all"? allowed here: "all""#,
      ]),
    Broken(
      ["data": #"{"events": ["a"]}"#, "identifiers": #"["email"]"#],
      [
        #"7:18: error: $.identifiers: "identifiers" needs "data" to be {"events": "all"} or {"profiles": "all"}"#
      ]),
    Broken(
      ["identifiers": #"["phone", "emial", "email", "email"]"#],
      [
        #"7:19: error: $.identifiers[0]: "phone" is none of the account's identifiers; allowed here: "identity", "email""#,
        #"7:28: error: $.identifiers[1]: unknown identifier "emial"; did you mean "email"? allowed here: "identity", "email""#,
        #"7:46: error: $.identifiers[3]: must be in the list only once; found the string "email" again"#,
      ]),
    Broken(
      ["identifiers": "[]"],
      [
        "7:18: error: $.identifiers: must be a list of identifiers; found an empty list"
      ]),
    Broken(
      ["frequency": #"{"everyHour": 6}"#],
      [
        #"5:17: error: $.frequency.everyHour: unknown key "everyHour"; did you mean "everyHours"? allowed here: "everyHours", "from", "at", "until", "delayMinutes", "once""#
      ]),
    Broken(
      ["frequency": "{}"],
      [
        #"5:16: error: $.frequency: the key "everyHours" or "once" is missing"#
      ]),
    Broken(
      ["frequency": "6"],
      [
        "5:16: error: $.frequency: must be an object; found the number 6"
      ]),
    Broken(
      [
        "frequency":
          #"{"everyHours": 3, "from": "2026-02-30", "at": "24:00", "until": "x", "delayMinutes": 241}"#
      ],
      [
        "5:31: error: $.frequency.everyHours: must be a whole number from 4 to 24; found the number 3",
        #"5:42: error: $.frequency.from: must be a day of the calendar, written as in "2026-11-24"; found the string "2026-02-30""#,
        #"5:62: error: $.frequency.at: must be a time of day from "00:00" to "23:59"; found the string "24:00""#,
        #"5:80: error: $.frequency.until: must be a day of the calendar, written as in "2026-11-24"; found the string "x""#,
        "5:101: error: $.frequency.delayMinutes: must be a whole number from 0 to 240; found the number 241",
      ]),
    Broken(
      ["frequency": #"{"everyHours": 4.5}"#],
      [
        "5:31: error: $.frequency.everyHours: must be a whole number from 4 to 24; found the number 4.5"
      ]),
    Broken(
      ["frequency": #"{"everyHours": "6"}"#],
      [
        #"5:31: error: $.frequency.everyHours: must be a whole number from 4 to 24; found the string "6""#
      ]),
    Broken(
      ["frequency": #"{"everyHours": 25, "from": "24.11.2026", "at": "6:00"}"#],
      [
        "5:31: error: $.frequency.everyHours: must be a whole number from 4 to 24; found the number 25",
        #"5:43: error: $.frequency.from: must be a day of the calendar, written as in "2026-11-24"; found the string "24.11.2026""#,
        #"5:63: error: $.frequency.at: must be a time of day from "00:00" to "23:59"; found the string "6:00""#,
      ]),
    Broken(
      ["frequency": #"{"everyHours": 6, "from": "2026-11-02", "until": "2026-11-01"}"#],
      [
        #"5:65: error: $.frequency.until: must not lie before "from", 2026-11-02; found 2026-11-01"#
      ]),
    Broken(
      ["frequency": #"{"everyHours": 6, "profiles": "full"}"#],
      [
        #"5:34: error: $.frequency.profiles: "profiles" is for profile exports; this one carries events"#
      ]),
    Broken(
      [
        "data": #"{"profiles": "all"}"#, "frequency": #"{"everyHours": 6, "profiles": "fulll"}"#,
        "compression": #""gzip""#,
      ],
      [
        #"5:46: error: $.frequency.profiles: unknown mode "fulll"; did you mean "full"? allowed here: "changed", "compared", "full""#
      ]),
    Broken(
      ["frequency": #"{"once": "today", "everyHours": 6, "from": "2026-11-02"}"#],
      [
        #"5:34: error: $.frequency.everyHours: "everyHours" does not go with "once""#,
        #"5:51: error: $.frequency.from: "from" does not go with "once""#,
      ]),
    Broken(
      ["frequency": #"{"onec": "today"}"#],
      [
        #"5:17: error: $.frequency.onec: unknown key "onec"; did you mean "once"? allowed here: "everyHours", "from", "at", "until", "delayMinutes", "once""#
      ]),
    Broken(
      ["frequency": #"{"once": "tody"}"#],
      [
        #"5:25: error: $.frequency.once: unknown period "tody"; did you mean "today"? allowed here: "today", "yesterday", "currentWeek", "previousWeek", "currentMonth", "previousMonth", {"day": DATE}, {"from": DATE, "to": DATE}, {"lastDays": NUMBER}"#
      ]),
    Broken(
      ["frequency": #"{"once": "now"}"#],
      [
        #"5:25: error: $.frequency.once: "now" is for profile exports; this one carries events; allowed here: "today", "yesterday", "currentWeek", "previousWeek", "currentMonth", "previousMonth", {"day": DATE}, {"from": DATE, "to": DATE}, {"lastDays": NUMBER}"#
      ]),
    Broken(
      ["frequency": #"{"once": 30}"#],
      [
        #"5:25: error: $.frequency.once: must be one of "today", "yesterday", "currentWeek", "previousWeek", "currentMonth", "previousMonth", {"day": DATE}, {"from": DATE, "to": DATE}, {"lastDays": NUMBER}; found the number 30"#
      ]),
    Broken(
      ["frequency": #"{"once": {}}"#],
      [
        #"5:25: error: $.frequency.once: the key "day" or "from" or "lastDays" is missing"#
      ]),
    Broken(
      ["frequency": #"{"once": {"dya": "2026-11-02"}}"#],
      [
        #"5:26: error: $.frequency.once.dya: unknown key "dya"; did you mean "day"? allowed here: "day", "from", "to", "lastDays""#
      ]),
    Broken(
      ["frequency": #"{"once": {"from": "2026-11-02"}}"#],
      [
        #"5:25: error: $.frequency.once: the key "to" is missing"#
      ]),
    Broken(
      ["frequency": #"{"once": {"to": "2026-11-02"}}"#],
      [
        #"5:25: error: $.frequency.once: the key "from" is missing"#
      ]),
    Broken(
      ["frequency": #"{"once": {"from": "2026-11-02", "to": "2026-11-01"}}"#],
      [
        #"5:54: error: $.frequency.once.to: must not lie before "from", 2026-11-02; found 2026-11-01"#
      ]),
    Broken(
      ["frequency": #"{"once": {"day": "2026-11-02", "to": "2026-11-01"}}"#],
      [
        #"5:47: error: $.frequency.once.to: "to" does not go with "day""#
      ]),
    Broken(
      ["frequency": #"{"once": {"lastDays": 61}}"#],
      [
        "5:38: error: $.frequency.once.lastDays: must be a whole number from 1 to 60; found the number 61"
      ]),
    Broken(
      ["frequency": #"{"once": {"lastDays": 0}}"#],
      [
        "5:38: error: $.frequency.once.lastDays: must be a whole number from 1 to 60; found the number 0"
      ]),
    Broken(
      ["compression": #""zstd""#],
      [
        #"7:18: error: $.compression: "zstd" does not go with "json"; allowed here: "none", "gzip", {"codec": NAME, "level": NUMBER}"#
      ]),
    Broken(
      ["compression": #""gzp""#],
      [
        #"7:18: error: $.compression: unknown compression "gzp"; did you mean "gzip"? allowed here: "none", "gzip", {"codec": NAME, "level": NUMBER}"#
      ]),
    Broken(
      ["compression": "7"],
      [
        #"7:18: error: $.compression: must be one of "none", "gzip", {"codec": NAME, "level": NUMBER}; found the number 7"#
      ]),
    Broken(
      ["compression": #"{"codec": "none", "level": 1}"#],
      [
        #"7:36: error: $.compression.level: "level" does not go with the codec "none""#
      ]),
    Broken(
      ["compression": #"{"codec": "gzip", "level": 10}"#],
      [
        "7:45: error: $.compression.level: must be a whole number from 1 to 9; found the number 10"
      ]),
    Broken(
      ["compression": #"{"codecc": "gzip"}"#],
      [
        #"7:19: error: $.compression.codecc: unknown key "codecc"; did you mean "codec"? allowed here: "codec", "level""#
      ]),
    Broken(
      ["compression": #"{"level": 5}"#],
      [
        #"7:18: error: $.compression: the key "codec" is missing"#
      ]),
    Broken(
      ["data": #"{"profiles": "all"}"#, "format": #""csv""#, "compression": #""none""#],
      [
        #"7:18: error: $.compression: "none" does not go with "csv" profiles; allowed here: "gzip", {"codec": NAME, "level": NUMBER}"#
      ]),
    Broken(
      ["format": #""parquet""#, "compression": #"{"codec": "zstd", "level": 23}"#],
      [
        "7:45: error: $.compression.level: must be a whole number from 1 to 22; found the number 23"
      ]),
    Broken(
      ["maxFileBytes": "0", "asString": #""yes""#, "includeObjectId": "null"],
      [
        "7:19: error: $.maxFileBytes: must be a whole number from 1 upwards; found the number 0",
        #"8:15: error: $.asString: must be true or false; found the string "yes""#,
        "9:22: error: $.includeObjectId: must be true or false; found null",
      ]),
    Broken(
      ["maxFileBytes": #""100MB""#],
      [
        #"7:19: error: $.maxFileBytes: must be a whole number from 1 upwards; found the string "100MB""#
      ]),
    Broken(
      ["csv": #"{"guardFormulas": true}"#],
      [
        #"7:3: warning: $.csv: "csv" has no effect with the format "json""#
      ]),
    Broken(
      ["csv": #"{"guardFormula": true}"#, "format": #""csv""#],
      [
        #"7:11: error: $.csv.guardFormula: unknown key "guardFormula"; did you mean "guardFormulas"? allowed here: "guardFormulas""#
      ]),
    Broken(
      ["stopRecurring": "true"],
      [
        #"7:3: error: $.stopRecurring: "stopRecurring" is for one-time profile exports"#
      ]),
    Broken(
      [
        "data": #"{"profiles": "all"}"#, "frequency": #"{"everyHours": 6}"#, "stopRecurring": "true",
        "resumeRecurring": "true",
      ],
      [
        #"7:3: error: $.stopRecurring: "stopRecurring" is for one-time profile exports"#,
        #"8:3: error: $.resumeRecurring: "resumeRecurring" is for one-time profile exports"#,
      ]),
    Broken(
      ["data": #"{"profiles": "all"}"#, "frequency": #"{"once": "now"}"#, "resumeRecurring": "true"],
      [
        #"7:3: warning: $.resumeRecurring: "resumeRecurring" has no effect without "stopRecurring": true"#
      ]),
    Broken(
      ["timeZone": #""Mars/Olympus""#],
      [
        #"7:15: error: $.timeZone: unknown time zone "Mars/Olympus"; allowed here: IANA names as in "Europe/Berlin""#
      ]),
    Broken(
      ["timeZone": #""europe/berlin""#],
      [
        #"7:15: error: $.timeZone: unknown time zone "europe/berlin"; did you mean "Europe/Berlin"? allowed here: IANA names as in "Europe/Berlin""#
      ]),
    Broken(
      ["maxfilebytes": "1"],
      [
        #"7:3: error: $.maxfilebytes: unknown key "maxfilebytes"; did you mean "maxFileBytes"? allowed here: "source", "destination", "data", "identifiers", "frequency", "format", "asString", "includeObjectId", "compression", "maxFileBytes", "csv", "stopRecurring", "resumeRecurring", "timeZone""#
      ]),
    Broken(
      ["évènement": "\"\u{202E}\\u001b[31m\""],
      [
        #"7:3: error: $["évènement"]: unknown key "évènement"; allowed here: "source", "destination", "data", "identifiers", "frequency", "format", "asString", "includeObjectId", "compression", "maxFileBytes", "csv", "stopRecurring", "resumeRecurring", "timeZone""#
      ]),
  ])
  private func says(_ broken: Broken) throws {
    try check(broken, .all)
  }

  /// What the configuration knows and the first version cannot do.
  @Test(arguments: [
    Broken(
      ["format": #""csv""#],
      [
        #"6:13: error: $.format: "csv" is not available in this version; allowed here: "json""#
      ]),
    Broken(
      ["format": #""xlm""#],
      [
        #"6:13: error: $.format: unknown format "xlm"; allowed here: "json""#
      ]),
    Broken(
      ["data": #"{"profiles": "all"}"#],
      [
        #"4:12: error: $.data.profiles: "profiles" is not available in this version; allowed here: "events""#
      ]),
    Broken(
      ["data": #"{"events": "all", "profiles": "all"}"#],
      [
        #"4:29: error: $.data.profiles: "profiles" is not available in this version; allowed here: "events""#
      ]),
    Broken(
      ["data": #"{"event": "all"}"#],
      [
        #"4:12: error: $.data.event: unknown key "event"; did you mean "events"? allowed here: "events""#
      ]),
    Broken(
      ["destination": #""lake""#],
      [
        #"3:18: error: $.destination: the destination "lake" is of the type "s3", which is not available in this version; allowed here: "directory""#
      ]),
  ])
  private func saysInTheFirstVersion(_ broken: Broken) throws {
    try check(broken, .first)
  }

  @Test func theTextThatIsBrokenAboveIsSound() throws {
    let folder = try ConfigurationFolder(definitions: ["x.json": Broken([:], []).text])
    #expect(folder.complaints(.first) == [])
    #expect(folder.load(.first).definitions.map(\.name) == ["x"])
  }

  private func check(_ broken: Broken, _ capabilities: Capabilities) throws {
    let folder = try ConfigurationFolder(definitions: ["x.json": broken.text])
    #expect(folder.complaints(capabilities) == broken.complaints.map { "exports.d/x.json:\($0)" })
    let loaded = folder.load(capabilities)
    let hasErrors = broken.complaints.contains { $0.contains(": error: ") }
    #expect(loaded.definitions.map(\.name) == (hasErrors ? [] : ["x"]))
    #expect(loaded.broken.map(\.name) == (hasErrors ? ["x"] : []))
    #expect(loaded.configuration != nil)
  }
}
