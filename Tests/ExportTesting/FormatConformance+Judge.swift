extension FormatConformance {
  /// Reads the files of each round, works out from the round's events what they should hold, and prints what
  /// is not so.
  static let judge = #"""
    import base64, datetime, gzip, hashlib, json, os, re, sys, zoneinfo
    from collections import defaultdict
    zoneinfo.reset_tzpath(to=["/usr/share/zoneinfo"])

    class Number(str):
        def __eq__(self, other): return isinstance(other, Number) and str(self) == str(other)
        __hash__ = str.__hash__

    def refuse(word): raise ValueError(word)

    def once(pairs):
        names = [name for name, _ in pairs]
        assert len(set(names)) == len(names), "a name twice: %r" % names
        return dict(pairs)

    def parse(text, hook=None):
        return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=refuse, object_pairs_hook=hook)

    def compact(text):
        assert not re.search(r"\s", re.sub(r'"(\\.|[^"\\])*"', "", text)), "white space: %r" % text

    #READER

    def field(event, name, kind):
        text = event.get(name)
        if text is None: return None
        value = parse(text)
        if value is None: return None
        if not isinstance(value, kind): raise ValueError(name)
        return value

    def expected(event, note, zone):
        if event.get("name") is None: raise ValueError("name")
        profile = {}
        for identifier in note["identifiers"]:
            if event.get(identifier):
                profile["identity"] = event[identifier]
                break
        if note["includeObjectId"] and event.get("objectId") is not None: profile["objectId"] = event["objectId"]
        identities = field(event, "allIdentities", list)
        if identities is not None: profile["all_identities"] = identities
        for name, key in [("platform", "platform"), ("phone", "phone"), ("name", "profileName"),
                          ("email", "email"), ("push_token", "pushToken")]:
            if event.get(key) is not None: profile[name] = event[key]
        record = {}
        if profile: record["profile"] = profile
        moment = datetime.datetime.fromtimestamp(event["ts"] // 1000, datetime.timezone.utc).astimezone(zone)
        record["ts"] = Number(moment.strftime("%Y%m%d%H%M%S"))
        for name, key in [("deviceInfo", "device"), ("eventProps", "properties"), ("session_props", "session")]:
            value = field(event, key, dict)
            if value is not None: record[name] = value
        if event.get("controlGroup") is not None: record["controlGroupName"] = event["controlGroup"]
        return record

    def same(found, wanted, as_string):
        if not as_string or "eventProps" not in wanted and "session_props" not in wanted: return found == wanted
        if list(found) != list(wanted): return False
        for key, value in wanted.items():
            if key not in ("eventProps", "session_props"):
                if found[key] != value: return False
                continue
            if set(found[key]) != set(value): return False
            for name, part in value.items():
                text = found[key][name]
                if part is None or type(part) is str:
                    if text != part or type(text) is Number: return False
                elif type(part) is Number:
                    if type(text) is not str or text != str(part): return False
                elif type(part) is bool:
                    if text != ("true" if part else "false"): return False
                else:
                    compact(text)
                    if parse(text, once) != part: return False
        return True

    def safe(name):
        white = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200b)))
        text = "".join("-" if c in white or c in "/\\\0" else "?" if ord(c) < 32 or 127 <= ord(c) < 160 else c for c in name)
        return text.encode()[:120].decode(errors="ignore")

    def judge(directory):
        note = json.load(open(directory + "/note.json"))
        zone = zoneinfo.ZoneInfo(note["timeZone"])
        wanted, rejected = defaultdict(list), []
        for event in note["events"]:
            try: record = expected(event, note, zone)
            except ValueError: rejected.append(event); continue
            wanted[event["name"], str(record["ts"])[:8]].append((event["key"]["sequence"], record))
        found, indices = defaultdict(list), defaultdict(list)
        for file in note["files"]:
            data = open(file["path"], "rb").read()
            assert len(data) == file["bytes"], "bytes of " + file["name"]
            assert hashlib.sha256(data).hexdigest() == file["sha256"], "sha256 of " + file["name"]
            if "-rejected-" in file["name"]:
                lines = data.decode().split("\n")[:-1]
                assert [json.loads(line)["key"]["sequence"] for line in lines] == [e["key"]["sequence"] for e in rejected], "rejected"
                assert len(lines) == file["rows"]
                continue
            match = re.fullmatch(r"1690283492-1690300000-(.*)-(\d{8})-(\d+)-7\." + re.escape(note["fileExtension"]), file["name"], re.S)
            assert match, file["name"]
            held = list(records(file["path"]))
            assert len(held) == file["rows"], "rows of " + file["name"]
            assert file["bytes"] <= note["maxFileBytes"] or len(held) == 1, "too large: " + file["name"]
            name = held[0][0]
            assert safe(name) == match[1], (name, match[1])
            indices[match[1], match[2]].append(int(match[3]))
            for owner, record in held:
                assert owner == name
                found[name, match[2]].append(record)
            keys = [key for key, _ in wanted[name, match[2]]]
            assert keys.index(file["last"]) - keys.index(file["first"]) + 1 == len(held), "keys of " + file["name"]
        assert rejected == [] or any("-rejected-" in f["name"] for f in note["files"]), "no rejected file"
        assert set(found) == {k for k in wanted if wanted[k]}, "series %r" % (set(found) ^ set(wanted))
        for counted in indices.values():
            assert sorted(counted) == list(range(len(counted))), "indices %r" % counted
        for series, records_found in found.items():
            for record, (key, want) in zip(records_found, wanted[series]):
                assert same(record, want, note["asString"]), "row %d\nfound  %r\nwanted %r" % (key, record, want)
            assert len(records_found) == len(wanted[series]), "rows of %r" % (series,)
        left = set(os.listdir(directory)) - {"note.json"} - {os.path.basename(f["path"]) for f in note["files"]}
        assert not left, "left over: %r" % left

    rounds = 0
    for entry in sorted(os.listdir(sys.argv[1]), key=int):
        try: judge(os.path.join(sys.argv[1], entry))
        except AssertionError as problem: print("round", entry, problem)
        rounds += 1
    print("judged", rounds)
    """#
}
