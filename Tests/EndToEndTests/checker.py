"""What exports should have delivered, worked out from the source a second time and held against their files.

Nothing here trusts what exportd says of itself: files are read as a stranger would read them.
"""
import collections
import datetime
import gzip
import hashlib
import json
import os
import re
import sqlite3
import zoneinfo

from place import milliseconds

# Names of event fields at their default columns, in the order of a JSON record's profile.
PROFILE_FIELDS = [("all_identities", "all_identities"), ("platform", "platform"), ("phone", "phone"),
                  ("name", "profile_name"), ("email", "email"), ("push_token", "push_token")]


# Before the digits of a number, so that it differs from a string of the same digits.
NUMBER = "\ue000"


def number(digits):
    return NUMBER + str(digits)


# A JSON value in which numbers keep every digit.
parse = json.JSONDecoder(parse_int=number, parse_float=number).decode
# A text that differs when anything does: the order of keys, the digits of numbers, number or string.
canonical = json.JSONEncoder().encode


def safe_name(name):
    """An event's name as it stands in file names."""
    text = "".join(
        "-" if letter in "/\\\0" or (letter.isspace() and letter not in "\x1c\x1d\x1e\x1f")
        else "?" if ord(letter) < 32 or 0x7F <= ord(letter) <= 0x9F else letter for letter in name)
    return text.encode()[:120].decode(errors="ignore")


class Definition:
    """What of an export decides how its records look."""

    def __init__(self, zone="UTC", identifiers=("identity",), include_object_id=True, as_string=False,
                 compression=None, max_file_bytes=100_000_000, prefix=""):
        self.zone = zoneinfo.ZoneInfo(zone)
        self.identifiers = identifiers
        self.include_object_id = include_object_id
        self.as_string = as_string
        self.compression = compression
        self.max_file_bytes = max_file_bytes
        self.prefix = prefix

    def expanded(self, values):
        """The prefix of a file."""
        return self.prefix.format(**values)

    def local(self, ts):
        return datetime.datetime.fromtimestamp(ts // 1000, self.zone)

    def record(self, row, person):
        """The JSON record of a row, its profile given for what the row itself lacks."""
        known = {**{key: value for key, value in person.items() if value is not None},
                 **{key: value for key, value in row.items() if value is not None}}
        profile = {}
        identity = next((known[field] for field in self.identifiers if known.get(field)), None)
        if identity is not None:
            profile["identity"] = identity
        if self.include_object_id and known.get("object_id") is not None:
            profile["objectId"] = known["object_id"]
        for key, column in PROFILE_FIELDS:
            if known.get(column) is not None:
                profile[key] = parse(known[column]) if key == "all_identities" else known[column]
        record = {"profile": profile} if profile else {}
        record["ts"] = number(self.local(row["ts"]).strftime("%Y%m%d%H%M%S"))
        for key, column in [("deviceInfo", "device"), ("eventProps", "properties"), ("session_props", "session")]:
            if row.get(column) is not None:
                record[key] = parse(row[column])
                if key != "deviceInfo" and self.as_string:
                    record[key] = {name: self.string(value) for name, value in record[key].items()}
        if row.get("control_group") is not None:
            record["controlGroupName"] = row["control_group"]
        return record

    @staticmethod
    def string(value):
        """What a property becomes with `asString`."""
        if value is None or isinstance(value, str):
            return value and value.removeprefix(NUMBER)
        return compact(value)


def compact(value):
    """The text of a value as the source wrote it, without white space."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{compact(name)}:{compact(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(compact, value)) + "]"
    if isinstance(value, str) and value.startswith(NUMBER):
        return value.removeprefix(NUMBER)
    return json.dumps(value, ensure_ascii=False)


def source_rows(path):
    """Every row of the events of a database as a dictionary, each with the profile of its object."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    db.row_factory = sqlite3.Row
    db.text_factory = lambda text: text.decode("utf-8", "replace")
    people = {}
    if db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'profiles'").fetchone():
        lent = ("identity", "email", "phone", "all_identities")
        people = {row["object_id"]: {key: row[key] for key in row.keys() if key in lent}
                  for row in db.execute("SELECT * FROM profiles")}
    for row in db.execute("SELECT * FROM events"):
        yield dict(row), people.get(row["object_id"], {})
    db.close()


def expected(place, spans, definition, names=None, databases=("0",), wanted=lambda database, row: True):
    """Records that lie in [from, to) of any of the spans, in milliseconds, each with how often."""
    records = collections.Counter()
    for database in databases:
        for row, person in source_rows(place.database_path(database)):
            # Rows without a time that the caller does not call rejected lie before the export's creation.
            if row["ts"] is None or not wanted(database, row) or (names is not None and row["name"] not in names):
                continue
            if any(begin <= row["ts"] < end for begin, end in spans):
                records[database, row["name"], canonical(definition.record(row, person))] += 1
    return records


class Delivered:
    """The files of one run, held against their manifest while they are read."""

    def __init__(self, place, manifest, definition):
        self.records = collections.Counter()
        self.rejected = []
        self.names = {manifest["manifestName"]}
        indices = collections.defaultdict(list)
        rows = size = 0
        for file in manifest["files"]:
            assert file["name"] not in self.names, file
            self.names.add(file["name"])
            with open(f"{place.destination}/{file['name']}", "rb") as stream:
                stored = stream.read()
            assert len(stored) == file["bytes"] and hashlib.sha256(stored).hexdigest() == file["sha256"], file
            if file["kind"] == "rejected":
                self.take_rejected(manifest, file, stored)
                continue
            self.take_events(manifest, file, stored, definition)
            indices[safe_name(file["eventName"]), file["date"], file["databaseId"]].append(file["index"])
            rows += file["rows"]
            size += file["bytes"]
        assert (rows, size) == (manifest["rows"], manifest["bytes"]), (rows, size)
        assert len(self.rejected) == manifest["rejected"]
        for series, numbers in indices.items():
            assert sorted(numbers) == list(range(len(numbers))), (series, numbers)

    def take_events(self, manifest, file, stored, definition):
        suffix = ".gz" if definition.compression == "gzip" else ""
        text = gzip.decompress(stored) if suffix else stored
        lines = text.decode().split("\n")
        assert lines[-1] == "" and json.loads(lines[0]) == file["eventName"], file
        assert len(lines) - 2 == file["rows"] > 0, file
        assert len(stored) <= definition.max_file_bytes or file["rows"] == 1, file
        values = {
            "account": manifest["account"], "export": manifest["export"], "requestId": manifest["requestId"],
            "runTimestamp": manifest["runTimestamp"], "dataType": "events", "databaseId": file["databaseId"],
            "date": datetime.datetime.fromtimestamp(manifest["runTimestamp"], definition.zone).date(),
            "eventDate": file["date"], "eventName": safe_name(file["eventName"])}
        name = definition.expanded(values) + (
            f"{manifest['requestId']}-{manifest['runTimestamp']}-{safe_name(file['eventName'])}"
            f"-{file['date'].replace('-', '')}-{file['index']}-{file['databaseId']}.json{suffix}")
        assert file["name"] == name, (file["name"], name)
        for line in lines[1:-1]:
            event = parse(line)
            assert event["ts"][1:9] == file["date"].replace("-", ""), (file, line)
            self.records[file["databaseId"], file["eventName"], canonical(event)] += 1

    def take_rejected(self, manifest, file, stored):
        lines = stored.decode().split("\n")
        assert lines.pop() == "" and len(lines) == file["rows"] > 0
        name = f"{manifest['requestId']}-{manifest['runTimestamp']}-rejected-{file['databaseId']}.jsonl"
        assert os.path.basename(file["name"]) == name, (file["name"], name)
        for line in lines:
            row = json.loads(line)
            assert row["reason"] and len(row.get("value", "").encode()) <= 4096, line
            self.rejected.append((file["databaseId"], row))


def delivered(place, request, definition=Definition()):
    """What each run of an export has delivered, oldest window first. Nothing else of it lies at the destination."""
    runs = [Delivered(place, manifest, definition) for manifest in place.manifests(request)]
    names = set().union(*(run.names for run in runs)) if runs else set()
    assert place.delivered_names(request) == names, place.delivered_names(request) ^ names
    assert not place.temporary_names(), place.temporary_names()
    return runs


def windows(place, request):
    """The windows of an export's runs, which must tile time, in milliseconds."""
    spans = [(milliseconds(manifest["window"]["from"]), milliseconds(manifest["window"]["to"]))
             for manifest in place.manifests(request)]
    assert spans and all(a[1] == b[0] for a, b in zip(spans, spans[1:])), spans
    return spans


def same(found, wanted):
    """Fails unless both hold the same records as often, and says which do not."""
    missing, surplus = wanted - found, found - wanted
    assert not missing and not surplus, (
        f"{missing.total()} missing, {surplus.total()} too many of {wanted.total()}",
        list(missing.items())[:3], list(surplus.items())[:3])


def held_against_source(place, request, definition=Definition(), names=None, databases=("0",), rejected=()):
    """Every row of the windows once, in files that are what their manifest says.

    `rejected`: (database, id) of the rows that cannot be converted; each is to be named once. Returns the number of
    records.
    """
    runs = delivered(place, request, definition)
    rejected = set(rejected)
    found = [(database, int(row["id"])) for run in runs for database, row in run.rejected]
    assert sorted(found) == sorted(rejected), (found, rejected)
    wanted = expected(
        place, windows(place, request), definition, names, databases,
        lambda database, row: (database, row["id"]) not in rejected)
    total = sum((run.records for run in runs), collections.Counter())
    same(total, wanted)
    return total.total()


def clean_errors(text):
    """An error for a person: no traces, no code of ours in it."""
    assert not re.search(r"\.swift|ExportError|Optional\(|0x[0-9a-f]{6,}", text), text
    return text
