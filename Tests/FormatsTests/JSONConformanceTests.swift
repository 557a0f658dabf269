import ExportCore
import ExportTesting
import Testing
import ZoneTesting

@Suite struct JSONConformanceTests {
  static let reader = #"""
    def records(path):
        data = open(path, "rb").read()
        if data[:2] == b"\x1f\x8b": data = gzip.decompress(data)
        lines = data.decode("utf-8").split("\n")
        assert lines.pop() == "", "the last line does not end"
        name = json.loads(lines[0])
        for line in lines[1:]:
            compact(line)
            record = parse(line, once)
            order = ["profile", "ts", "deviceInfo", "eventProps", "session_props", "controlGroupName"]
            assert list(record) == [key for key in order if key in record], line
            order = ["identity", "objectId", "all_identities", "platform", "phone", "name", "email", "push_token"]
            profile = record.get("profile")
            assert profile is None or profile and list(profile) == [key for key in order if key in profile], line
            yield name, record
    """#

  @Test(arguments: [Compression.Codec.none, .gzip])
  func randomEvents(codec: Compression.Codec) throws {
    let seed: UInt64 = 20_261_124
    var random = SeededRandom(seed: seed)
    try FormatConformance(format: .json, codec: codec, reader: Self.reader)
      .run(seed: seed, rounds: Effort.isLong ? 400 : 40, random: &random)
  }
}
