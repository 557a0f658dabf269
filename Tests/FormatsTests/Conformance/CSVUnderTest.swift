import ExportCore
import ExportTesting

/// CSV against a strict reader of RFC 4180, and Python's own.
extension FormatUnderTest {
  static let csv = FormatUnderTest(.csv, events: csvEvents, profiles: csvProfiles)

  private static let csvReading = #"""
    import csv, io
    csv.field_size_limit(1 << 30)

    def opened(path):
        data = open(path, "rb").read()
        if data[:2] == b"\x1f\x8b": data = gzip.decompress(data)
        return data.decode("utf-8")

    FIELD = re.compile(r'(?:"([^"]*(?:""[^"]*)*)"|([^,"\r\n]*))(,|\n)')

    def strict(text):
        """Rows of fields; None for one that is empty and not in quotes."""
        place, row = 0, []
        while place < len(text):
            match = FIELD.match(text, place)
            assert match, "not CSV: %r" % text[place:place + 80]
            place = match.end()
            value = match[2] or None
            if match[1] is not None:
                value = match[1].replace('""', '"')
                assert value == "" or re.search('[,"\r\n]', value), "quotes that are not needed: %r" % value
            row.append(value)
            if match[3] == "\n":
                yield row
                row = []
        assert row == [], "the last line does not end"

    def table(path):
        text = opened(path)
        rows = list(strict(text))
        if "\0" not in text or sys.version_info >= (3, 11):
            assert [[field or "" for field in row] for row in rows] == list(csv.reader(io.StringIO(text, newline=""), strict=True))
        assert all(len(row) == len(rows[0]) for row in rows), "rows of different lengths"
        assert len(set(rows[0])) == len(rows[0]), "a column twice: %r" % rows[0]
        return rows

    def plain(text): return re.sub("[\ud800-\udfff]", "\ufffd", text)

    def cells(group, members):
        named = {}
        for name, value in (members or {}).items():
            if type(value) is bool: value = "true" if value else "false"
            elif type(value) is Number: value = str(value)
            elif type(value) is str: value = plain(value)
            elif value is not None and type(value) is not Text: value = Text(value)
            named[group + plain(name)] = value
        return named

    def present(named): return {name: value for name, value in named.items() if value is not None}

    def header(paths, fixed, groups, records):
        wanted = list(fixed)
        for key, prefix, known in groups:
            names = [prefix + name for name in known]
            for record in records:
                for name in cells(prefix, record.get(key)):
                    if name not in names: names.append(name)
            wanted += names
        for path in paths: assert table(path)[0] == wanted, "header\nfound  %r\nwanted %r" % (table(path)[0], wanted)
    """#

  private static let csvEvents =
    csvReading + #"""

      DEVICE = ["make", "model", "appVersion", "sdkVersion", "osVersion", "browser", "dpi"]
      FIXED = ["ts", "eventName", "profile.identity", "profile.objectId", "profile.all_identities", "profile.platform",
               "profile.phone", "profile.name", "profile.email", "profile.push_token", *("deviceInfo." + name for name in DEVICE),
               "deviceInfo.dimensions.width", "deviceInfo.dimensions.height", "deviceInfo.dimensions.unit", "controlGroupName"]

      def records(path):
          names, *rows = table(path)
          for row in rows:
              record = present(dict(zip(names, row)))
              yield record.pop("eventName"), record

      def form(record, note):
          device = record.get("deviceInfo") or {}
          size = device.get("dimensions")
          size = size if type(size) is dict else {}
          return present({
              "ts": str(record["ts"]), "controlGroupName": record.get("controlGroupName"),
              **cells("profile.", record.get("profile")),
              **cells("deviceInfo.", {name: device[name] for name in DEVICE if name in device}),
              **cells("deviceInfo.dimensions.", {name: size[name] for name in ("width", "height", "unit") if name in size}),
              **cells("eventProps.", record.get("eventProps")), **cells("sessionProps.", record.get("session_props"))})

      def whole(paths, records):
          header(paths, FIXED, [("eventProps", "eventProps.", []), ("session_props", "sessionProps.", [])], records)
      """#

  private static let csvProfiles =
    csvReading + #"""

      def records(path):
          names, *rows = table(path)
          for row in rows: yield present(dict(zip(names, row)))

      def form(profile):
          return present({
              **cells("", {key: profile[key] for key in ("identity", "all_identities", "objectId", "deleted") if key in profile}),
              **cells("device.", profile.get("device")), **cells("commPrefs.", profile.get("communication")),
              **cells("profileProps.", profile.get("properties"))})

      def whole(paths, records):
          preferences = ["MSG-push", "MSG-email", "MSG-sms", "MSG-whatsapp", "subscriptionGroups"]
          header(paths, ["identity", "all_identities", "objectId", "deleted"],
                 [("device", "device.", ["token"]), ("communication", "commPrefs.", preferences),
                  ("properties", "profileProps.", [])], records)
      """#
}
