import ExportTesting
import Foundation
import Testing
import ZoneTesting

@testable import Formats

/// What the fuzzer has found interesting, and rows from a seed: each written by every encoder and read by decoders of the tests.
@Suite struct FuzzCorpusTests {
  static let corpus = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../Fuzzing/corpus").standardizedFileURL

  @Test func nothingInTheCorpusIsWrittenWrong() throws {
    let files = try FileManager.default.contentsOfDirectory(at: Self.corpus, includingPropertiesForKeys: nil)
    #expect(files.count > 50)
    for file in files {
      let complaint = FuzzedRow(try Data(contentsOf: file)).complaint()
      #expect(complaint == nil, "\(file.lastPathComponent)")
    }
  }

  @Test(arguments: 0..<4) func randomRows(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var samples = SampleEvents(random: SeededRandom(seed: seed))
    for _ in 0..<(Effort.isLong ? 200_000 : 500) {
      let event = samples.next()
      let fields = [
        event.properties, event.device, event.session, event.allIdentities, event.name, event.identity,
      ]
      var input = [UInt8.random(in: 0...63, using: &random)]
      input += fields.map { Array(($0 ?? "").utf8) }.joined(separator: [0xFF])
      let complaint = FuzzedRow(input).complaint()
      #expect(complaint == nil, "seed \(seed): \(String(decoding: input, as: UTF8.self))")
    }
  }

  /// A judge that finds nothing wrong would be no use.
  @Test func theDecodersRefuseWhatIsWrong() {
    for text in [
      "", "{", "01", "1.", "[1,]", "{\"a\":1,}", "\"\\x\"", "\"\n\"", "nul", "1 2", "\u{FEFF}1", "-",
      "\"\\u00g0\"",
    ] {
      #expect(DecodedJSON(text.utf8) == nil, "\(text)")
    }
    for text in [
      "", "<a>", "<a></b>", "<a>&</a>", "<a>&amp</a>", "<a>\r</a>", "<a>\u{1}</a>", "<a>b<c></c></a>",
      "<a></a>b", "<a b=\"c\"></a>", "<a>]]></a>",
    ] {
      #expect(DecodedXML(line: text.utf8) == nil, "\(text)")
    }
    for text in ["a", "a\nb,c\n", "\"a\n", "a\"b\n", "a\r\nb\r\n", "\"a\"\n"] {
      #expect(DecodedCSV(text.utf8) == nil, "\(text)")
    }
  }

  @Test func theJudgeOfParquetSeesWhatDiffers() throws {
    let file = try FuzzedRow([]).parquet {
      $0.append(.profiles, isMapped: true)
    } encode: { out in
      Array("x".utf8).withUnsafeBytes { out.append($0, column: ParquetLayout.Profile.objectId) }
      out.appendRowEnd()
    }
    func columns(objectId: String) -> [ExpectedColumn] {
      [
        ExpectedColumn(["identity"], text: nil), ExpectedColumn(list: ["all_identities"], nil),
        ExpectedColumn(["objectId"], text: .string(Array(objectId.utf16))),
        ExpectedColumn(["deleted"], .boolean, [.init(repetition: 0, definition: 0, nil)]),
      ] + ["device", "commPrefs", "profileProps"].flatMap { ExpectedColumn.group($0, nil, true) }
    }
    let right = columns(objectId: "x")
    #expect(ExpectedColumn.complaint(right, in: file, rows: 3) == nil)
    #expect(ExpectedColumn.complaint(columns(objectId: "y"), in: file, rows: 3) != nil)
    #expect(ExpectedColumn.complaint(right, in: file, rows: 2) != nil)
    #expect(ExpectedColumn.complaint(right.dropLast(), in: file, rows: 3) != nil)
    #expect(throws: DecodedParquet.Wrong.self) {
      try DecodedParquet(Array("PAR1\0\0\0\0PAR1\0\0\0\0PAR1".utf8))
    }
  }
}
