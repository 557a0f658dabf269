import ExportCore
import Testing
import TimeZones

@Suite struct FileNameTests {
  static func names(
    prefix: String = "", dataType: DataType = .events, format: Format = .json,
    codec: Compression.Codec = .none
  ) throws -> RunFileNames {
    RunFileNames(
      account: "100000000", export: "charged-to-lake", requestId: 1_690_283_492, runTimestamp: 1_690_300_000,
      date: LocalDate(iso: "2023-07-26")!, dataType: dataType, format: format, codec: codec,
      prefix: try PrefixTemplate(prefix))
  }

  static let day = LocalDate(iso: "2023-07-25")!

  @Test(arguments: [
    ("Charged", "Charged"),
    ("App Launched", "App-Launched"),
    ("a\tb/c\\d\0e", "a-b-c-d-e"),
    ("a\u{A0}b\u{2003}c\u{2028}d\u{3000}e\u{85}f\r\n", "a-b-c-d-e-f--"),
    ("\u{1}bell\u{7}\u{1B}[0m\u{7F}\u{9F}", "?bell??[0m??"),
    ("../../etc/passwd", "..-..-etc-passwd"),
    ("..", ".."),
    ("", ""),
    ("नमस्ते 👩‍👩‍👧 é", "नमस्ते-👩‍👩‍👧-é"),
    ("zero\u{200B}width\u{202E}bidi", "zero\u{200B}width\u{202E}bidi"),
    ("\u{FFFD}\u{10FFFF}\u{FEFF}", "\u{FFFD}\u{10FFFF}\u{FEFF}"),
    (String(repeating: "x", count: 121), String(repeating: "x", count: 120)),
    ("x" + String(repeating: "é", count: 100), "x" + String(repeating: "é", count: 59)),
    (String(repeating: "👍", count: 31), String(repeating: "👍", count: 30)),
    ("xxx" + String(repeating: "👍", count: 31), "xxx" + String(repeating: "👍", count: 29)),
    (String(repeating: "\u{2003}", count: 500), String(repeating: "-", count: 120)),
  ])
  func eventNamesBecomeSafe(name: String, expected: String) {
    let safe = SafeEventName(name)
    // Bytes, because String's == takes canonically equivalent texts for the same.
    #expect(Array(safe.text.utf8) == Array(expected.utf8))
    #expect(safe == SafeEventName(Array(name.utf8)))
  }

  @Test func invalidUTF8BecomesAReplacementCharacter() {
    #expect(SafeEventName([0x61, 0xFF, 0x62]).text == "a\u{FFFD}b")
  }

  @Test func filesOfARun() throws {
    let names = try Self.names()
    #expect(
      names.event(SafeEventName("App Launched"), date: Self.day, index: 0, databaseId: "7")
        == "1690283492-1690300000-App-Launched-20230725-0-7.json")
    #expect(names.rejected(databaseId: "7") == "1690283492-1690300000-rejected-7.jsonl")
    #expect(names.manifest == "1690283492-1690300000-manifest.json")
    for name in [names.rejected(databaseId: "7"), names.manifest] { #expect(name.hasPrefix(names.stem)) }
  }

  @Test(arguments: [
    (Format.json, Compression.Codec.none, "json"), (.json, .gzip, "json.gz"), (.csv, .none, "csv"),
    (.csv, .gzip, "csv.gz"), (.xml, .none, "xml"), (.xml, .gzip, "xml.gz"), (.parquet, .none, "parquet"),
    (.parquet, .gzip, "parquet.gzip"), (.parquet, .zstd, "parquet.zstd"),
  ])
  func extensions(format: Format, codec: Compression.Codec, expected: String) throws {
    #expect(try Self.names(format: format, codec: codec).fileExtension == expected)
  }

  @Test(arguments: [
    (Format.json, Compression.Codec.gzip, "json.gz"), (.csv, .gzip, "csv.gz"), (.xml, .gzip, "xml.gz"),
    (.parquet, .none, "parquet"), (.parquet, .gzip, "parquet.gzip"), (.parquet, .zstd, "parquet.zstd"),
  ])
  func filesOfProfiles(format: Format, codec: Compression.Codec, ending: String) throws {
    let names = try Self.names(format: format, codec: codec)
    let stem = "100000000-1690283492-1690300000-7"
    #expect(names.profiles(index: 0, databaseId: "7") == "\(stem)-\(ending)")
    #expect(names.profiles(index: 1, databaseId: "7") == "\(stem)-1-\(ending)")
    #expect(names.profiles(index: 12, databaseId: "7") == "\(stem)-12-\(ending)")
  }

  @Test(arguments: ["", "{account}/{databaseId}/"])
  func everyNameOfARunOfProfilesBeginsWithOneOfItsStems(prefix: String) throws {
    let names = try Self.names(prefix: prefix, dataType: .profiles, codec: .gzip)
    #expect(names.stems == ["1690283492-1690300000-", "100000000-1690283492-1690300000-"])
    let all = [
      names.manifest, names.rejected(databaseId: "7"), names.profiles(index: 0, databaseId: "7"),
      names.profiles(index: 3, databaseId: "7"),
    ]
    for name in all {
      let last = name.split(separator: "/").last!
      #expect(names.stems.count { last.hasPrefix($0) } == 1, "\(name)")
    }
    #expect(try Self.names(prefix: prefix).stems == [names.stem])
  }

  @Test func profileFilesOfDifferentDatabasesNeverShareAName() throws {
    let names = try Self.names(codec: .gzip)
    var seen: Set<String> = [names.manifest]
    for database in ["0", "1", "7", "12", "7_1", "json", "rejected"] {
      #expect(seen.insert(names.rejected(databaseId: database)).inserted)
      for index in [0, 1, 2, 7, 12] {
        let name = names.profiles(index: index, databaseId: database)
        #expect(seen.insert(name).inserted, "\(name) twice")
      }
    }
  }

  @Test func theLongestNameFitsAFileSystem() throws {
    let names = RunFileNames(
      account: "a", export: "e", requestId: .max, runTimestamp: .max, date: Self.day, dataType: .events,
      format: .parquet, codec: .gzip, prefix: .none)
    let longest = names.event(
      SafeEventName(String(repeating: "x", count: 1000)), date: Self.day, index: .max,
      databaseId: String(repeating: "d", count: 32))
    #expect(longest.utf8.count <= 255)
    let profiles = RunFileNames(
      account: String(repeating: "a", count: 32), export: "e", requestId: .max, runTimestamp: .max,
      date: Self.day, dataType: .profiles, format: .parquet, codec: .gzip, prefix: .none
    ).profiles(index: .max, databaseId: String(repeating: "d", count: 32))
    #expect(profiles.utf8.count <= 255)
  }

  @Test func differentSeriesNeverShareAName() throws {
    let names = try Self.names()
    // Event names that try to look like the rest of a file name.
    let tricks = [
      "X", "X-20230725", "X-20230725-0", "X-20230725-0-7", "rejected", "manifest", "X-20230725-1",
    ]
    var seen: Set<String> = [
      names.manifest, names.rejected(databaseId: "7"), names.rejected(databaseId: "0"),
    ]
    for trick in tricks {
      for index in [0, 1, 7, 20_230_725] {
        for database in ["0", "7", "20230725", "json"] {
          let name = names.event(SafeEventName(trick), date: Self.day, index: index, databaseId: database)
          #expect(seen.insert(name).inserted, "\(name) twice")
        }
      }
    }
  }
}

@Suite struct PrefixTemplateTests {
  @Test(arguments: [
    ("", "", ""),
    ("raw/", "raw/", "raw/"),
    ("raw", "raw/", "raw/"),
    (
      "{account}/{export}/{requestId}/{runTimestamp}/{date}/{dataType}/",
      "100000000/charged-to-lake/1690283492/1690300000/2023-07-26/events/",
      "100000000/charged-to-lake/1690283492/1690300000/2023-07-26/events/"
    ),
    ("{account}/{eventDate}/{eventName}/", "100000000/2023-07-25/App-Launched/", "100000000/"),
    ("raw/db={databaseId}/dt={eventDate}", "raw/db=7/dt=2023-07-25/", "raw/"),
    ("{eventName}/x/{account}/", "App-Launched/x/100000000/", ""),
    ("a/b-{account}-{eventName}-c/d/", "a/b-100000000-App-Launched-c/d/", "a/"),
    ("täglich/{date}/", "täglich/2023-07-26/", "täglich/2023-07-26/"),
  ])
  func expansion(template: String, forEvents: String, forManifest: String) throws {
    let names = try FileNameTests.names(prefix: template)
    let event = names.event(SafeEventName("App Launched"), date: FileNameTests.day, index: 0, databaseId: "7")
    #expect(event == forEvents + "1690283492-1690300000-App-Launched-20230725-0-7.json")
    #expect(names.manifest == forManifest + "1690283492-1690300000-manifest.json")
    #expect(names.rejected(databaseId: "7") == forManifest + "1690283492-1690300000-rejected-7.jsonl")
  }

  @Test(arguments: [
    ("raw/{dataType}/{date}", "raw/events/2023-07-26/"), ("db={databaseId}/{account}/", "db=7/100000000/"),
    ("", ""),
  ])
  func expansionForProfiles(template: String, expected: String) throws {
    let name = try FileNameTests.names(prefix: template).profiles(index: 3, databaseId: "7")
    #expect(name == expected + "100000000-1690283492-1690300000-7-3-json.gz")
  }

  @Test(arguments: [
    ("{eventName}/", "..", "--/"), ("{eventName}/", ".", "-/"), ("{eventName}/", "", "-/"),
    (".{eventName}/", ".", "--/"), ("a/{eventName}.", ".", "a/--/"),
    ("{eventName}/", "../../etc", "..-..-etc/"),
    ("{eventName}/", "/etc", "-etc/"), ("{eventName}/", "...", ".../"),
  ])
  func noValueLeadsAstray(template: String, name: String, expected: String) throws {
    let event = try FileNameTests.names(prefix: template)
      .event(SafeEventName(name), date: FileNameTests.day, index: 0, databaseId: "0")
    #expect(event.hasPrefix(expected + "1690283492-"))
    for level in event.split(separator: "/", omittingEmptySubsequences: false) {
      #expect(![".", "..", ""].contains(level))
    }
  }

  @Test(arguments: [
    ("/raw/", "must not begin with '/'"),
    ("/", "must not begin with '/'"),
    ("a//b/", "'//' makes a level without a name"),
    ("a//", "'//' makes a level without a name"),
    ("a/../b", "'..' is not allowed as a level"),
    ("..", "'..' is not allowed as a level"),
    ("./a", "'.' is not allowed as a level"),
    (
      "{eventDat}/",
      "{eventDat} is not a variable: use one of {account}, {export}, {requestId}, "
        + "{runTimestamp}, {date}, {eventDate}, {eventName}, {databaseId}, {dataType}"
    ),
    ("{account", "'{' has no '}' behind it"),
    ("account}", "'}' has no '{' before it"),
    ("a\u{0}b/", "control characters are not allowed"),
    ("{eventName}{eventName}{eventName}/", "a level must fit 255 bytes with its longest values"),
  ])
  func refusals(template: String, message: String) {
    let error = #expect(throws: PrefixTemplateError.self) { try PrefixTemplate(template) }
    #expect(error?.description == message)
  }
}
