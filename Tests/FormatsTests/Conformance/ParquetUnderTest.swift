import Compression
import ExportCore
import ExportTesting

extension FormatUnderTest {
  /// Those that this build has.
  private static let codecs: [ExportCore.Compression.Codec] =
    CompressionFormat.hasZstd ? [.none, .gzip, .zstd] : [.none, .gzip]

  /// As pyarrow reads it.
  static let parquet = FormatUnderTest(
    .parquet, eventCodecs: codecs, profileCodecs: codecs, events: parquetEvents,
    profiles: parquetProfiles)

  private static let parquetReading = #"""
    import pyarrow.parquet

    def plain(text): return re.sub("[\ud800-\udfff]", "\ufffd", text)

    def texts(value):
        """A value as the text of a column."""
        if type(value) is bool: return "true" if value else "false"
        if type(value) is Number: return str(value)
        if type(value) is str: return plain(value)
        return None if value is None else value if type(value) is Text else Text(value)

    def present(named):
        return {name: value for name, value in named.items() if value is not None and not (type(value) is dict and not value)}

    def elements(values): return None if values is None else [texts(value) for value in values]

    class Typed:
        """A value in a column whose type its file tells."""
        def __init__(self, value): self.value = value
        def __repr__(self): return "Typed(%r)" % (self.value,)
        def __eq__(self, found):
            if type(found) is str: return texts(self.value) == found
            if type(found) is bool: return self.value is found
            if type(self.value) is not Number: return False
            return int(self.value) == found if type(found) is int else float(self.value) == found

    def typed(members):
        return present({plain(name): None if value is None else Typed(value) for name, value in (members or {}).items()})

    def entries(members): return [(plain(name), texts(value)) for name, value in (members or {}).items()]

    def kind(value):
        """How narrow a column can be that holds the value: a set of types, the narrowest first."""
        if value is None: return None
        if type(value) is bool: return "bool"
        if type(value) is not Number: return "string"
        if re.fullmatch("-?[0-9]+", value):
            if abs(int(value)) <= 2 ** 53: return "int53"
            return "int64" if -2 ** 63 <= int(value) < 2 ** 63 else "string"
        number = float(value)
        if number in (float("inf"), float("-inf")): return "string"
        return "double" if number != 0 or not re.search("[1-9]", re.split("[eE]", value)[0]) else "string"

    def wider(a, b):
        if a is None or b is None or a == b: return a or b
        if {a, b} == {"int53", "int64"}: return "int64"
        return "double" if {a, b} == {"int53", "double"} else "string"

    def schema(paths, groups, records):
        """All files of a series have one schema, with the narrowest types that hold all rows."""
        schemas = [pyarrow.parquet.read_schema(path) for path in paths]
        assert all(one.equals(schemas[0]) for one in schemas), "schemas differ"
        for key, group, known in groups:
            kinds = {name: None for name in known}
            for record in records:
                for name, value in (record.get(key) or {}).items():
                    kinds[plain(name)] = wider(kinds.get(plain(name)), kind(value))
            names = {None: "string", "int53": "int64"}
            wanted = [(name, names.get(k, k)) for name, k in kinds.items()]
            found = [(field.name, str(field.type)) for field in schemas[0].field(group).type] if wanted else []
            assert found == wanted, "columns of %s\nfound  %r\nwanted %r" % (group, found, wanted)
            assert wanted or group not in schemas[0].names
    """#

  private static let parquetEvents =
    parquetReading + #"""

      import zoneinfo

      class Moment:
          """A local time, which a file has in UTC."""
          def __init__(self, local, zone): self.local, self.zone = local, zoneinfo.ZoneInfo(zone)
          def __repr__(self): return "Moment(%r, %s)" % (self.local, self.zone)
          def __eq__(self, found): return found.astimezone(self.zone).strftime("%Y%m%d%H%M%S") == self.local

      def records(path):
          for row in pyarrow.parquet.read_table(path).to_pylist():
              name = row.pop("eventName")
              row["deviceInfo"]["dimensions"] = present(row["deviceInfo"]["dimensions"])
              yield name, present({key: present(value) if type(value) is dict else value for key, value in row.items()})

      def named(name): return plain(name)

      DEVICE = ["make", "model", "appVersion", "sdkVersion", "osVersion", "browser", "dpi"]

      def form(record, note):
          device = record.get("deviceInfo") or {}
          size = device.get("dimensions")
          size = size if type(size) is dict else {}
          profile = {key: elements(value) if key == "all_identities" else value
                     for key, value in (record.get("profile") or {}).items()}
          members = entries if note["asString"] else typed
          wanted = present({
              "ts": Moment(str(record["ts"]), note["timeZone"]), "profile": profile,
              "deviceInfo": present({
                  **{name: texts(device[name]) for name in DEVICE if name in device},
                  "dimensions": present({name: texts(size[name]) for name in ("width", "height", "unit") if name in size})}),
              "eventProps": members(record.get("eventProps")), "sessionProps": members(record.get("session_props")),
              "controlGroupName": record.get("controlGroupName")})
          return wanted

      def whole(paths, records):
          first = pyarrow.parquet.read_schema(paths[0])
          if "eventProps" in first.names and str(first.field("eventProps").type).startswith("map"): return
          schema(paths, [("eventProps", "eventProps", []), ("session_props", "sessionProps", [])], records)
      """#

  private static let parquetProfiles =
    parquetReading + #"""

      def records(path):
          for row in pyarrow.parquet.read_table(path).to_pylist():
              yield present({key: present(value) if type(value) is dict else value for key, value in row.items()})

      def mapped(value): return type(value) is dict and any(type(one) in (str, Text) for one in value.values())

      class Members:
          """A structure of typed columns, or a map; which is for the file to tell."""
          def __init__(self, value): self.value = value
          def __repr__(self): return "Members(%r)" % (self.value,)
          def __eq__(self, found):
              return found == (entries(self.value) if type(found) is list else typed(self.value))

      def form(profile):
          wanted = {key: profile[key] for key in ("identity", "objectId", "deleted") if key in profile}
          if "all_identities" in profile: wanted["all_identities"] = elements(profile["all_identities"])
          for key, group in (("device", "device"), ("communication", "commPrefs"), ("properties", "profileProps")):
              wanted[group] = Members(profile.get(key) or {})
          return Whole(wanted)

      class Whole:
          def __init__(self, value): self.value = value
          def __repr__(self): return repr(self.value)
          def __eq__(self, found):
              if set(found) - set(self.value): return False
              return all(want == found.get(key, {} if type(want) is Members else None)
                         for key, want in self.value.items())

      def whole(paths, records):
          if not paths: return
          first = pyarrow.parquet.read_schema(paths[0])
          if str(first.field("commPrefs").type).startswith("map"): return
          preferences = ["MSG-push", "MSG-email", "MSG-sms", "MSG-whatsapp", "subscriptionGroups"]
          schema(paths, [("device", "device", ["token"]), ("communication", "commPrefs", preferences),
                         ("properties", "profileProps", [])], records)
      """#
}
