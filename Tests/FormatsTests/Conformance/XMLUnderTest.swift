import ExportCore
import ExportTesting

/// XML against expat.
extension FormatUnderTest {
  static let xml = FormatUnderTest(.xml, events: xmlEvents, profiles: xmlProfiles)

  private static let xmlReading = #"""
    import xml.etree.ElementTree as tree

    HEAD = '<?xml version="1.0" encoding="UTF-8"?><root>\n'

    def elements(path, tag):
        data = open(path, "rb").read()
        if data[:2] == b"\x1f\x8b": data = gzip.decompress(data)
        text = data.decode("utf-8")
        assert text.startswith(HEAD) and text.endswith("</root>\n"), text[:80]
        root = tree.fromstring(data)
        assert root.tag == "root" and root.text == "\n"
        for element in root:
            assert element.tag == tag and element.tail == "\n" and not element.attrib, element.tag
            yield element

    def plain(text):
        return re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text)

    def deep(value):
        if type(value) is dict: return {plain(name): deep(member) for name, member in value.items()}
        if type(value) is list: return [deep(element) for element in value]
        return plain(value) if type(value) is str else value

    class Nested(Text):
        """A JSON text in XML: whatever XML cannot hold is lost only where it stood unescaped."""
        def __eq__(self, other):
            if type(other) is not str: return False
            compact(other)
            return deep(parse(other, once)) == deep(self.value)

    def value(value):
        if type(value) is bool: return "true" if value else "false"
        if type(value) is Number: return str(value)
        if type(value) is str: return plain(value)
        if isinstance(value, Text): value = value.value
        return None if value is None else Nested(value)

    def text(element):
        assert len(element) == 0 and not element.attrib
        return element.text or ""

    def pair(entry):
        assert [child.tag for child in entry] in (["key"], ["key", "value"]), [child.tag for child in entry]
        return text(entry[0]), text(entry[1]) if len(entry) > 1 else None

    def pairs(group):
        assert all(child.tag == "entry" for child in group)
        return [pair(child) for child in group]

    def wanted_pairs(members): return [(plain(name), value(member)) for name, member in members.items()]
    """#

  private static let xmlEvents =
    xmlReading + #"""

      def named(name): return plain(name)

      DEVICE = ["make", "model", "appVersion", "sdkVersion", "osVersion", "browser", "dpi"]
      SIZE = ["width", "height", "unit"]

      def members(group):
          """Of a device: an element or an entry each; dimensions are members again."""
          found = []
          for child in group:
              if child.tag == "entry": found.append(("entry", *pair(child)))
              elif child.tag == "dimensions": found.append(("dimensions", members(child)))
              else: found.append((child.tag, text(child)))
          return found

      def wanted_members(device, names):
          wanted = []
          for name, member in device.items():
              if name == "dimensions" and names is DEVICE and type(member) is dict:
                  wanted.append(("dimensions", wanted_members(member, SIZE)))
              elif name in names:
                  if member is not None: wanted.append((name, value(member)))
              else: wanted.append(("entry", plain(name), value(member)))
          return wanted

      def records(path):
          for element in elements(path, "Event"):
              order = ["ts", "eventName", "profile", "deviceInfo", "eventProps", "sessionProps", "controlGroupName"]
              tags = [child.tag for child in element]
              assert tags == [tag for tag in order if tag in tags], tags
              record = {}
              for child in element:
                  if child.tag == "profile": record["profile"] = [(field.tag, text(field)) for field in child]
                  elif child.tag == "deviceInfo": record["deviceInfo"] = members(child)
                  elif child.tag in ("eventProps", "sessionProps"): record[child.tag] = pairs(child)
                  else: record[child.tag] = text(child)
              yield record.pop("eventName"), record

      def form(record, note):
          wanted = {"ts": str(record["ts"])}
          if "profile" in record:
              fields = []
              for name, field in record["profile"].items():
                  many = field if name == "all_identities" else [field]
                  fields += [(name, value(one)) for one in many if one is not None]
              if fields: wanted["profile"] = fields
          if "deviceInfo" in record: wanted["deviceInfo"] = wanted_members(record["deviceInfo"], DEVICE)
          for name, tag in (("eventProps", "eventProps"), ("session_props", "sessionProps")):
              if name in record: wanted[tag] = wanted_pairs(record[name])
          if "controlGroupName" in record: wanted["controlGroupName"] = plain(record["controlGroupName"])
          return wanted
      """#

  private static let xmlProfiles =
    xmlReading + #"""

      GROUPS = ["profileIdentities", "device", "commPrefs", "profileProps"]

      def records(path):
          for element in elements(path, "Profile"):
              tags = [child.tag for child in element]
              assert tags == [tag for tag in ["identity", *GROUPS, "deleted"] if tag in tags], tags
              yield {child.tag: pairs(child) if child.tag in GROUPS else text(child) for child in element}

      def form(profile):
          wanted = {}
          if "identity" in profile: wanted["identity"] = plain(profile["identity"])
          identities = [("all_identities", value(one)) for one in profile.get("all_identities", [])]
          if "objectId" in profile: identities.append(("objectId", plain(profile["objectId"])))
          if "all_identities" in profile or identities: wanted["profileIdentities"] = identities
          for name, tag in (("device", "device"), ("communication", "commPrefs"), ("properties", "profileProps")):
              if name in profile: wanted[tag] = wanted_pairs(profile[name])
          if profile.get("deleted"): wanted["deleted"] = "true"
          return wanted
      """#
}
