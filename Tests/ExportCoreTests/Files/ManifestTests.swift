import ExportCore
import Foundation
import Testing
import TimeZones
import ZoneTesting

@Suite struct ManifestTests {
  static func sample(files: [Manifest.File] = ManifestTests.files) -> Manifest {
    Manifest(
      header: Manifest.Header(
        requestId: 1_690_283_492, export: "charged-to-lake", account: "100000000",
        runTimestamp: 1_690_300_000, dataType: .events, format: .json,
        window: Manifest.Span(from: Instant(seconds: 0), to: Instant(seconds: 86_400)),
        timeZone: "Asia/Kolkata", definitionRevision: 3, totals: Manifest.Totals(files)),
      files: files)
  }

  static let files = [
    Manifest.File(
      name: "raw/1-2-A\"b-20230725-0-0.json",
      content: .events(name: "A\"b\n é", date: LocalDate(iso: "2023-07-25")!, index: 0), databaseId: "0",
      rows: 5, bytes: 100, sha256: String(repeating: "a", count: 64)),
    Manifest.File(
      name: "raw/1-2-rejected-0.jsonl", content: .rejected, databaseId: "0", rows: 2, bytes: 30,
      sha256: String(repeating: "b", count: 64)),
  ]

  @Test func exactBytes() {
    let expected = """
      {"manifestVersion":1,"requestId":1690283492,"export":"charged-to-lake","account":"100000000",\
      "runTimestamp":1690300000,"dataType":"events","format":"json",\
      "window":{"from":"1970-01-01T00:00:00Z","to":"1970-01-02T00:00:00Z"},"timeZone":"Asia/Kolkata",\
      "rows":5,"bytes":100,"rejected":2,"definitionRevision":3,"files":[
      {"name":"raw/1-2-A\\"b-20230725-0-0.json","kind":"data","databaseId":"0","eventName":"A\\"b\\n é",\
      "date":"2023-07-25","index":0,"rows":5,"bytes":100,\
      "sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
      {"name":"raw/1-2-rejected-0.jsonl","kind":"rejected","databaseId":"0","rows":2,"bytes":30,\
      "sha256":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}
      ]}

      """
    #expect(String(decoding: Self.sample().encoded, as: UTF8.self) == expected)
  }

  @Test func anEmptyWindowHasAManifestToo() throws {
    let empty = Self.sample(files: [])
    #expect(String(decoding: empty.encoded, as: UTF8.self).hasSuffix("\"files\":[\n]}\n"))
    #expect(try Manifest(empty.encoded) == empty)
  }

  @Test func readsBackWhatItWrote() throws {
    #expect(try Manifest(Self.sample().encoded) == Self.sample())
    var profiles = Self.sample(files: [
      Manifest.File(
        name: "p", content: .profiles(index: 1), databaseId: "0", rows: 1, bytes: 2, sha256: "c")
    ])
    profiles.header.dataType = .profiles
    profiles.header.window.from = nil
    #expect(try Manifest(profiles.encoded) == profiles)
  }

  @Test func anIndependentReaderUnderstandsIt() throws {
    let program = [
      "python3", "-c",
      """
      import json, sys
      m = json.load(sys.stdin)
      print(*m); print(*m["files"][0]); print(*m["files"][1]); print(ascii(m["files"][0]["eventName"]))
      """,
    ]
    let (status, output) = try ChildProgram.run(program, input: Self.sample().encoded)
    #expect(status == 0)
    let text = String(decoding: output, as: UTF8.self)
    #expect(
      text.split(separator: "\n") == [
        """
        manifestVersion requestId export account runTimestamp dataType format window timeZone rows bytes \
        rejected definitionRevision files
        """,
        "name kind databaseId eventName date index rows bytes sha256",
        "name kind databaseId rows bytes sha256",
        #"'A"b\n \xe9'"#,
      ])
  }

  @Test func laterKeysArePassedOver() throws {
    let text = String(decoding: Self.sample().encoded, as: UTF8.self)
      .replacing("\"rows\"", with: "\"signature\":{\"a\":[1,{}]},\"rows\"")
    #expect(try Manifest(Array(text.utf8)) == Self.sample())
  }

  @Test(arguments: [
    ("{", "}", "not JSON, at byte 0: expected a value"),
    ("\"manifestVersion\":1", "\"manifestVersion\":2", "manifestVersion is 2, only 1 can be read"),
    ("\"rejected\":2", "\"rejected\":3", "rows, bytes or rejected are not the sums over its files"),
    ("\"index\":0", "\"index\":0.5", "the manifest.files[0].index is not a whole number"),
    (
      "\"kind\":\"data\"", "\"kind\":\"dada\"", "the manifest.files[0].kind is \"dada\", not data or rejected"
    ),
    (
      "\"date\":\"2023-07-25\"", "\"date\":\"2023-02-30\"",
      "the manifest.files[0].date is \"2023-02-30\", which is not understood"
    ),
    ("\"timeZone\":", "\"zone\":", "the manifest has no timeZone"),
  ])
  func damageIsNamed(original: String, damaged: String, message: String) throws {
    let text = String(decoding: Self.sample().encoded, as: UTF8.self)
    #expect(text.contains(original))
    let error = #expect(throws: ManifestError.self) {
      try Manifest(Array(text.replacing(original, with: damaged, maxReplacements: 1).utf8))
    }
    #expect(error?.description == message)
  }
}
