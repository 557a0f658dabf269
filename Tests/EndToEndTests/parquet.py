"""Parquet: exports as pyarrow, DuckDB, polars and ClickHouse read them, every value in the column and of the type that the source's
values ask for."""
import collections
import json
import time

import readers
from checker import Definition, NUMBER, compact, expected, source_rows, windows
from forms import ACCOUNT, fill
from place import days_ago, midnight

DAYS = {"once": {"from": days_ago(2), "to": days_ago(1)}}
DEVICE = ["make", "model", "appVersion", "sdkVersion", "osVersion", "browser", "dpi"]
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


def columns_of(place):
    """For each event and group the type of each property, of all rows of the two days."""
    kinds = collections.defaultdict(lambda: collections.defaultdict(set))
    for row, _ in source_rows(place.database_path("0")):
        if midnight(2) <= row["ts"] < midnight(0):
            record = Definition(identifiers=ACCOUNT).record(row, {})
            for group, key in ("eventProps", "eventProps"), ("session_props", "sessionProps"):
                for name, value in record.get(group, {}).items():
                    kinds[row["name"], key][name].add(kind(value))
    return {series: {name: type_of(found) for name, found in columns.items()} for series, columns in kinds.items()}


def record_of(name, record, columns, as_string):
    """A record of JSON as the row that Parquet should have."""
    profile = record.get("profile", {})
    row = {
        "ts": record["ts"], "eventName": name,
        "profile": {field: profile.get(field) for field in PROFILE},
        "deviceInfo": {field: as_type((record.get("deviceInfo") or {}).get(field), "string") for field in DEVICE},
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


def test_killed_while_columns_grow_every_row_is_there_once_under_one_schema(place):
    count = 40_000
    place.configure(identifiers=ACCOUNT)
    db = place.database()
    db.execute("BEGIN")
    for i in range(count):
        # Of the last row of each event a property is new, and one is wider.
        last = {"Late": "x", "Amount": 0.5} if i >= count - 3 else {}
        db.execute("INSERT INTO events (name, ts, object_id, properties) VALUES (?, ?, ?, ?)", (
            f"Event {i % 3}", midnight(2) + i * (86_400_000 * 2 // count), f"o{i}",
            json.dumps({"Amount": i, "Label": f"text {i % 7}", "Is new": i % 2 == 0, **last})))
    db.execute("COMMIT")
    db.close()
    place.define("all", {"everyHours": 24, "from": days_ago(2)}, format="parquet", maxFileBytes=200_000)
    for pause in (0.3, 0.5, 0.7, 0.4):
        daemon = place.daemon()
        time.sleep(pause)
        daemon.kill()
    daemon = place.daemon()
    place.wait_until_done("all", 60, 2)
    daemon.end()
    assert not place.temporary_names(), place.temporary_names()
    request = place.request("all")
    import duckdb
    import pyarrow.parquet
    first, second = [[f"{place.destination}/{file['name']}" for file in manifest["files"]] for manifest in place.manifests(request)]
    for paths in first, second:
        schemas = {pyarrow.parquet.read_schema(path).field("eventProps") for path in paths}
        assert len(schemas) == 1, schemas
    assert "double" in str(pyarrow.parquet.read_schema(second[0]).field("eventProps").type)
    with duckdb.connect() as database:
        found = database.execute(
            "SELECT count(*), count(DISTINCT profile.objectId), sum(eventProps.Amount), count(eventProps.Late) FROM"
            " read_parquet(?, union_by_name = true)", [second]).fetchone()
        before = database.execute(
            "SELECT count(*), count(DISTINCT profile.objectId), sum(eventProps.Amount) FROM read_parquet(?)", [first]).fetchone()
    assert (found[0] + before[0], found[1] + before[1], found[3]) == (count, count, 3), (found, before)
    assert float(found[2]) + before[2] == count * (count - 1) / 2 - sum(range(count - 3, count)) + 1.5, (found, before)
    return f"{len(first) + len(second)} files"
