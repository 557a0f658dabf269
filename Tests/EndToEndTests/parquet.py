"""Parquet: exports as pyarrow, DuckDB, polars and ClickHouse read them, every value in the column and of the type that the source's
values ask for."""
import collections
import json
import random

import people
import readers
from checker import Definition, NUMBER, compact, expected, parse, source_rows, windows
from forms import ACCOUNT, fill
from place import days_ago, midnight

DAYS = {"once": {"from": days_ago(2), "to": days_ago(1)}}
DEVICE = ["make", "model", "appVersion", "sdkVersion", "osVersion", "browser", "dpi"]
DIMENSIONS = ["width", "height", "unit"]
PROFILE = ["identity", "objectId", "all_identities", "platform", "phone", "name", "email", "push_token"]


# What is expected

def kind(value):
    """The type that a value of a property asks for; None of null."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "boolean"
    if not isinstance(value, str) or not value.startswith(NUMBER):
        return "string"
    digits = value.removeprefix(NUMBER)
    if not set(digits) & set(".eE"):
        whole = int(digits)
        if abs(whole) <= 1 << 53:
            return "int53"
        return "int64" if -(1 << 63) <= whole < 1 << 63 else "string"
    number = float(digits)
    is_lost = abs(number) == float("inf") or number == 0 and digits.lower().split("e")[0].strip("-0.") != ""
    return "string" if is_lost else "double"


def type_of(kinds):
    """The narrowest type of a column that holds values of these kinds."""
    kinds = kinds - {None}
    for type, held in ("boolean", {"boolean"}), ("int64", {"int53", "int64"}), ("double", {"double", "int53"}):
        if kinds and kinds <= held:
            return type
    return "string"


def as_type(value, type):
    if value is None:
        return None
    if type == "boolean":
        return value
    if type == "int64":
        return int(value.removeprefix(NUMBER))
    if type == "double":
        return float(value.removeprefix(NUMBER))
    return value.removeprefix(NUMBER) if isinstance(value, str) else compact(value)


def types_of(objects):
    """The type of each property that some of these objects have, in the order of their first appearance."""
    kinds = {}
    for members in objects:
        for name, value in members.items():
            kinds.setdefault(name, set()).add(kind(value))
    return {name: type_of(found) for name, found in kinds.items()}


def columns_of(place):
    """For each event and group the type of each property, of all rows of the two days."""
    objects = collections.defaultdict(list)
    for row, _ in source_rows(place.database_path("0")):
        if midnight(2) <= row["ts"] < midnight(0):
            record = Definition(identifiers=ACCOUNT).record(row, {})
            for group, key in ("eventProps", "eventProps"), ("session_props", "sessionProps"):
                objects[row["name"], key].append(record.get(group, {}))
    return {series: types for series, members in objects.items() if (types := types_of(members))}


def record_of(name, record, columns, as_string):
    """A record of JSON as the row that Parquet should have."""
    profile = record.get("profile", {})
    device = record.get("deviceInfo") or {}
    size = device["dimensions"] if isinstance(device.get("dimensions"), dict) else {}
    row = {
        "ts": record["ts"], "eventName": name,
        "profile": {field: profile.get(field) for field in PROFILE},
        "deviceInfo": {**{field: as_type(device.get(field), "string") for field in DEVICE},
                       "dimensions": {field: as_type(size.get(field), "string") for field in DIMENSIONS}},
        "controlGroupName": record.get("controlGroupName")}
    for group, key in ("eventProps", "eventProps"), ("session_props", "sessionProps"):
        members = record.get(group) or {}
        if as_string:
            row[key] = {name: as_type(value, "string") for name, value in members.items()}
        elif (name, key) in columns:
            row[key] = {name: as_type(members.get(name), type) for name, type in columns[name, key].items()}
    return row


def text(row):
    return json.dumps(row, sort_keys=True, ensure_ascii=False)


def held_against_source(place, request, as_string, which):
    """Every row once, with every value, as each reader has it. Returns how many files were read."""
    columns = columns_of(place)
    wanted = collections.defaultdict(collections.Counter)
    for (_, name, record), count in expected(
            place, windows(place, request), Definition(identifiers=ACCOUNT)).items():
        wanted[name][text(record_of(name, json.loads(record), columns, as_string))] += count
    read = 0
    for reader in which:
        found = collections.defaultdict(collections.Counter)
        for manifest in place.manifests(request):
            for file in manifest["files"]:
                rows = reader(f"{place.destination}/{file['name']}", as_string)
                assert len(rows) == file["rows"], (reader.__name__, file, len(rows))
                for row in rows:
                    found[file["eventName"]][text(row)] += 1
                read += 1
        assert set(found) == set(wanted), set(found) ^ set(wanted)
        for name in wanted:
            missing, surplus = wanted[name] - found[name], found[name] - wanted[name]
            assert not missing and not surplus, (
                reader.__name__, name, missing.total(), next(iter(missing), None), next(iter(surplus), None))
    return read


# Tests

def test_four_readers_find_in_parquet_what_the_source_holds(place):
    fill(place)
    place.configure(identifiers=ACCOUNT)
    forms = {"plain": {"compression": "none"}, "gzip": {}, "as-string": {"asString": True}, "small": {"maxFileBytes": 200_000}}
    if place.has_zstd():
        forms["zstd"] = {"compression": "zstd"}
    read = 0
    for name, keys in forms.items():
        request = place.create(name, DAYS, format="parquet", **keys)
        place.exportd("run", name)
        # ClickHouse takes half a second a file.
        which = [readers.pyarrow, readers.duckdb_parquet] if name == "small" else readers.PARQUET
        read += held_against_source(place, request, keys.get("asString", False), which)
        for manifest in place.manifests(request):
            for file in manifest["files"]:
                assert file["name"].endswith({"plain": ".parquet", "zstd": ".parquet.zstd"}.get(name, ".parquet.gzip")), file
                assert file["bytes"] <= keys.get("maxFileBytes", 100_000_000) or file["rows"] == 1, file
    return f"{read} times a file was read"


PREFERENCES = ["MSG-push", "MSG-email", "MSG-sms", "MSG-whatsapp", "subscriptionGroups"]
GROUPS = [("device", "device", ["token"]), ("communication", "commPrefs", PREFERENCES), ("properties", "profileProps", [])]


def fill_profiles(place, count=1500):
    """Profiles with everything that there is, each of it missing now and then."""
    rng = random.Random(12)
    people.configure(place)
    shard = people.People(place)

    def perhaps(value):
        return value if rng.random() < 0.7 else None
    shard.db.execute("BEGIN")
    for i in range(count):
        properties = {
            "Amount": rng.choice([rng.randrange(1 << 50), round(rng.uniform(-9, 9), 6), 1e22]), "Big": rng.randrange(1 << 60),
            "Mixed": rng.choice([True, 7, "x"]), "Is new": rng.random() < 0.5, "Nothing": None, "device": {"year": i},
            "MSG-push": [1, 2.50, None], "Text": rng.choice(["ü — 日本 🎉", "", "line\nbreak"]), f"Rare {rng.randrange(30)}": i}
        shard.put(
            f"o{i}", identity=perhaps(f"user-{i}"), all_identities=perhaps(json.dumps(rng.choice([[], [f"u{i}", None, 5]]))),
            device=perhaps('{"token": ["t1"], "os": "x"}'),
            communication=perhaps(json.dumps({"MSG-push": rng.random() < 0.5, "subscriptionGroups": ["n"], "Own": i})),
            properties=json.dumps(properties, ensure_ascii=False))
    shard.db.execute("COMMIT")
    return shard


def profiles_wanted(shard, as_string):
    """The rows that Parquet should have, in columns that know what profiles were before they were deleted."""
    rows = [dict(row) for row in shard.db.execute("SELECT * FROM profiles")]
    objects = [{key: parse(row[key] or "{}") for key, _, _ in GROUPS} for row in rows]
    types = {key: types_of([dict.fromkeys(known), *(members[key] for members in objects)]) for key, _, known in GROUPS}
    wanted = collections.Counter()
    for row, members in zip(rows, objects):
        if row["deleted_at"]:
            members = {key: {} for key, _, _ in GROUPS}
        identities = None if row["deleted_at"] else row["all_identities"] and [
            as_type(value, "string") for value in parse(row["all_identities"])]
        record = {"identity": row["identity"], "all_identities": identities, "objectId": row["object_id"],
                  "deleted": True if row["deleted_at"] else None}
        for key, group, _ in GROUPS:
            record[group] = {name: as_type(value, "string") for name, value in members[key].items()} if as_string else {
                name: as_type(members[key].get(name), type) for name, type in types[key].items()}
        wanted[text(record)] += 1
    return wanted


def as_clickhouse_has(texts):
    """It has no arrays that are null, and writes whole numbers without a point."""
    def number(digits):
        return int(float(digits)) if float(digits).is_integer() else float(digits)
    found = collections.Counter()
    for row, count in texts.items():
        row = json.loads(row, parse_float=number)
        found[text({**row, "all_identities": row["all_identities"] or None})] += count
    return found


def profile_files(place, request):
    """The files of an export's newest run."""
    names = [name for name in place.delivered_names(request) if name.endswith("-manifest.json")]
    with open(f"{place.destination}/{max(names)}") as file:
        return json.load(file)["files"]


def test_four_readers_find_in_parquet_of_profiles_what_the_source_holds(place):
    shard = fill_profiles(place)
    forms = {"plain": {"compression": "none"}, "gzip": {}, "as-string": {"asString": True}, "small": {"maxFileBytes": 300_000}}
    requests = {name: people.create(place, name, {"everyHours": 4, "profiles": "full"}, format="parquet", **keys)
                for name, keys in forms.items()}
    read = 0
    for hours in 0, 5:
        if hours:
            # Those who are deleted are told with the others.
            shard.db.execute("UPDATE profiles SET deleted_at = ?, updated_at = ? WHERE rowid % 50 = 0", [people.now(hours)] * 2)
        for name, keys in forms.items():
            as_string = keys.get("asString", False)
            place.exportd("run", name, launcher=people.ahead(place, hours))
            wanted = profiles_wanted(shard, as_string)
            files = profile_files(place, requests[name])
            assert (len(files) > 1) == (name == "small"), files
            # ClickHouse takes half a second a file.
            for reader in [readers.pyarrow, readers.duckdb_parquet] if name == "small" else readers.PARQUET:
                found = collections.Counter()
                for file in files:
                    rows = reader(f"{place.destination}/{file['name']}", as_string)
                    assert len(rows) == file["rows"], (reader.__name__, file, len(rows))
                    found.update(map(text, rows))
                want = wanted
                if reader is readers.clickhouse_parquet:
                    want, found = as_clickhouse_has(want), as_clickhouse_has(found)
                assert found == want, (
                    reader.__name__, name, hours, next(iter(want - found), None), next(iter(found - want), None))
                read += found.total()
    assert '"deleted": true' in "".join(wanted), "nobody is deleted"
    return f"{read} profiles read"
