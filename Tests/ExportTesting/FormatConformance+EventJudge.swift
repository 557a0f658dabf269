extension FormatConformance {
  /// Works out from the round's events what its files should hold.
  static let eventJudge = #"""
    import zoneinfo
    from collections import defaultdict
    zoneinfo.reset_tzpath(to=["/usr/share/zoneinfo"])

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

    def safe(name):
        white = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200b)))
        text = "".join("-" if c in white or c in "/\\\0" else "?" if ord(c) < 32 or 127 <= ord(c) < 160 else c for c in name)
        return text.encode()[:120].decode(errors="ignore")

    def judge(directory):
        note, events = noted(directory)
        zone = zoneinfo.ZoneInfo(note["timeZone"])
        wanted, rejected = defaultdict(list), []
        for event in events:
            try: record = expected(event, note, zone)
            except ValueError: rejected.append(event["key"]["sequence"]); continue
            wanted[named(event["name"]), str(record["ts"])[:8]].append((event["key"]["sequence"], record))
        found, indices, paths = defaultdict(list), defaultdict(list), defaultdict(list)
        for file in note["files"]:
            if not is_data(file, rejected): continue
            match = re.fullmatch(r"1690283492-1690300000-(.*)-(\d{8})-(\d+)-7\." + re.escape(note["fileExtension"]), file["name"], re.S)
            assert match, file["name"]
            held = list(records(file["path"]))
            assert len(held) == file["rows"], "rows of " + file["name"]
            assert file["bytes"] <= note["maxFileBytes"] or len(held) == 1, "too large: " + file["name"]
            name = held[0][0]
            assert safe(name) == match[1], (name, match[1])
            indices[match[1], match[2]].append(int(match[3]))
            paths[name].append(file["path"])
            for owner, record in held:
                assert owner == name
                found[name, match[2]].append(record)
            keys = [key for key, _ in wanted[name, match[2]]]
            assert keys.index(file["last"]) - keys.index(file["first"]) + 1 == len(held), "keys of " + file["name"]
        all_there(directory, note["files"], rejected)
        assert set(found) == {k for k in wanted if wanted[k]}, "series %r" % (set(found) ^ set(wanted))
        for counted in indices.values():
            assert sorted(counted) == list(range(len(counted))), "indices %r" % counted
        for series, records_found in found.items():
            for record, (key, want) in zip(records_found, wanted[series]):
                want = form(want, note)
                assert record == want, "row %d\nfound  %r\nwanted %r" % (key, record, want)
            assert len(records_found) == len(wanted[series]), "rows of %r" % (series,)
        for name in paths:
            whole(paths[name], [want for _, want in sorted(
                (pair for series in wanted if series[0] == name for pair in wanted[series]), key=lambda pair: pair[0])])
    """#
}
