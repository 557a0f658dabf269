import ExportCore
import ExportTesting

/// JSON as Python reads it, line by line.
extension FormatUnderTest {
  static let json = FormatUnderTest(.json, events: jsonEvents, profiles: jsonProfiles)

  private static let jsonEvents = #"""
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

  private static let jsonProfiles = #"""
    import zlib

    def members(data):
        while data:
            assert data[:10] == b"\x1f\x8b\x08\0\0\0\0\0" + data[8:10], "more than it must in the header of a gzip member"
            member = zlib.decompressobj(wbits=31)
            yield member.decompress(data)
            assert member.eof
            data = member.unused_data

    def records(path):
        data = open(path, "rb").read()
        whole = list(members(data))
        assert b"".join(whole) == gzip.decompress(data)
        assert all(0 < len(member) <= 1 << 20 for member in whole), "size of a gzip member"
        lines = b"".join(whole).decode("utf-8").split("\n")
        assert lines.pop() == "", "the last line does not end"
        for line in lines:
            compact(line)
            yield list(parse(line, once).items())

    def form(profile):
        groups = ("commPrefs.", "profileProps.")
        pairs = [(key, profile[key]) for key in ("identity", "all_identities", "objectId", "device") if key in profile]
        taken = {"identity", "all_identities", "objectId", "device", "deleted"}
        for group, key in zip(groups, ("communication", "properties")):
            members = profile.get(key, {})
            for name, value in members.items():
                pairs.append((group + name if name in taken or name.startswith(groups) else name, value))
            taken |= set(members)
        return pairs + [("deleted", True)] if "deleted" in profile else pairs
    """#
}
