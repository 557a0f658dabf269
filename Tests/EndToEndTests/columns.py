"""CSV: every value in its column, read as strangers would read it, and columns that grow while runs go on and from run to
run."""
import collections
import contextlib
import csv
import datetime
import gzip
import hashlib
import io
import json
import os
import re
import sqlite3
import time

from checker import compact, parse, safe_name, NUMBER
from clock import WallClock
from place import days_ago, midnight

csv.field_size_limit(1 << 30)

DEVICE = ["make", "model", "appVersion", "sdkVersion", "osVersion", "browser", "dpi"]
SIZE = ["width", "height", "unit"]
FIXED = ["ts", "eventName", "profile.identity", "profile.objectId", "profile.all_identities", "profile.platform",
         "profile.phone", "profile.name", "profile.email", "profile.push_token",
         *(f"deviceInfo.{name}" for name in DEVICE), *(f"deviceInfo.dimensions.{name}" for name in SIZE),
         "controlGroupName"]
EVENT_COLUMNS = ["identity", "email", "phone", "profile_name", "platform", "push_token", "all_identities", "device", "session",
                 "control_group"]


# Reading

def table(data):
    """Rows of fields: None for one that is empty, "" for one that is an empty text. Python's own reader sees the same, save
    that it does not tell the two apart."""
    text = data.decode()
    rows, row, place = [], [], 0
    field = re.compile(r'(?:"((?:[^"]|"")*)"|([^,"\r\n]*))(,|\n)')
    while place < len(text):
        match = field.match(text, place)
        assert match, f"not CSV: {text[place:place + 80]!r}"
        place = match.end()
        row.append(match[2] or None if match[1] is None else match[1].replace('""', '"'))
        if match[3] == "\n":
            rows.append(row)
            row = []
    assert not row and all(len(row) == len(rows[0]) for row in rows)
    assert [[cell or "" for cell in row] for row in rows] == list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert len(set(rows[0])) == len(rows[0]), "a column twice"
    return rows


def stored(place, name):
    with open(f"{place.destination}/{name}", "rb") as stream:
        data = stream.read()
    return data, gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def files(place, request, manifest=-1):
    """The data files of a run, as its manifest lists them, each with its header and rows."""
    found = []
    for file in place.manifests(request)[manifest]["files"]:
        data, content = stored(place, file["name"])
        assert len(data) == file["bytes"] and hashlib.sha256(data).hexdigest() == file["sha256"], file
        if file["kind"] == "data":
            header, *rows = table(content)
            assert len(rows) == file["rows"], file
            found.append((file, header, rows))
    return found


def headers(place, request, manifest=-1):
    """The one header that all files of an event have."""
    found = {}
    for file, header, _ in files(place, request, manifest):
        assert found.setdefault(file.get("eventName"), header) == header, "two headers of one event"
    return found


def contents(place, request, manifest=-1):
    """What is in which file, whatever the run is called."""
    return {tuple(file.get(key) for key in ("databaseId", "eventName", "date", "index")): file["sha256"]
            for file, _, _ in files(place, request, manifest)}


# What is expected

def cells(group, text):
    """The members of a JSON object as fields, in order; of equal names the last counts, in its own place."""
    members = {}
    for name, value in json.JSONDecoder(parse_int=lambda n: NUMBER + n, parse_float=lambda n: NUMBER + n,
                                        object_pairs_hook=list).decode(text or "null") or []:
        members.pop(name, None)
        members[name] = value
    return {f"{group}{name}": as_field(value) for name, value in members.items()}


def as_field(value):
    if value is None or value is True or value is False:
        return {None: None, True: "true", False: "false"}[value]
    if isinstance(value, str):
        return value.removeprefix(NUMBER)
    return nested(value)


def nested(value):
    """JSON text of what was read as lists of pairs."""
    if isinstance(value, list) and value and all(isinstance(item, tuple) for item in value):
        return "{" + ",".join(f"{json.dumps(name, ensure_ascii=False)}:{nested(member)}" for name, member in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(nested, value)) + "]"
    return compact(value)


def event_row(row, zone_offset=0):
    device = parse(row["device"]) if row.get("device") else {}
    size = device.get("dimensions") if isinstance(device.get("dimensions"), dict) else {}
    moment = time.gmtime(row["ts"] // 1000 + zone_offset)
    return {
        "ts": time.strftime("%Y%m%d%H%M%S", moment), "eventName": row["name"],
        "profile.identity": row.get("identity") or None, "profile.objectId": row["object_id"],
        "profile.all_identities": row.get("all_identities"), "profile.platform": row.get("platform"),
        "profile.phone": row.get("phone"), "profile.name": row.get("profile_name"), "profile.email": row.get("email"),
        "profile.push_token": row.get("push_token"), "controlGroupName": row.get("control_group"),
        **{f"deviceInfo.{name}": as_field(device[name]) for name in DEVICE if name in device},
        **{f"deviceInfo.dimensions.{name}": as_field(size[name]) for name in SIZE if name in size},
        **cells("eventProps.", row["properties"]), **cells("sessionProps.", row.get("session"))}


def source(place, databases=("0",), order="ts, id"):
    """Rows of all databases in the order of reading."""
    for database in databases:
        with place.rows(database) as db:
            cursor = db.execute(f"SELECT * FROM events ORDER BY {order}")
            names = [column[0] for column in cursor.description]
            for row in cursor:
                yield database, dict(zip(names, row))


def held_against_source(place, request, databases=("0",), manifest=-1, rows=None):
    """Every value of every row. Returns the headers by event name, and how many rows there were."""
    wanted = collections.defaultdict(list)
    columns = collections.defaultdict(lambda: ({}, {}))
    for database, row in rows if rows is not None else source(place, databases):
        record = event_row(row)
        wanted[database, row["name"], record["ts"][:8]].append(record)
        for name in record:
            for group, known in zip(("eventProps.", "sessionProps."), columns[row["name"]]):
                if name.startswith(group):
                    known.setdefault(name)
    found = collections.defaultdict(list)
    for file, header, rows in sorted(files(place, request, manifest), key=lambda each: each[0]["index"]):
        assert safe_name(file["eventName"]) in file["name"] and file["name"].endswith((".csv", ".csv.gz")), file
        series = file["databaseId"], file["eventName"], file["date"].replace("-", "")
        found[series] += [{name: cell for name, cell in zip(header, row) if cell is not None} for row in rows]
    assert set(found) == set(wanted), set(found) ^ set(wanted)
    for series, records in found.items():
        assert len(records) == len(wanted[series]), (series, len(records), len(wanted[series]))
        for record, want in zip(records, wanted[series]):
            want = {name: cell for name, cell in want.items() if cell is not None}
            assert record == want, f"\nfound  {record}\nwanted {want}"
    return ({name: FIXED + list(properties) + list(session) for name, (properties, session) in columns.items()},
            sum(map(len, found.values())))


# Sources

def add_columns(place, database="0"):
    db = place.database(database)
    for column in EVENT_COLUMNS:
        db.execute(f"ALTER TABLE events ADD COLUMN {column} TEXT")
    return db


def fill(place, count, properties, database="0", name=lambda i: "Charged", days=1):
    """Rows spread over the days before today."""
    db = place.database(database)
    db.execute("BEGIN")
    first = db.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()[0]
    db.executemany(
        "INSERT INTO events (name, ts, object_id, properties) VALUES (?, ?, ?, ?)",
        ((name(i), midnight(days) + i * days * 86_400_000 // count, f"o{first + i}", json.dumps(properties(i))) for i in range(count)))
    db.execute("COMMIT")
    db.close()


ODD = [
    '{"a":1}', '{}', None, 'null', '{"Zoë":"👍🏽","e\\u0301":"x","\\u00e9":1}', '{"a,b":"c,d","q\\"uote":"say \\"hi\\"","line\\nbreak":"x\\r\\ny"}',
    '{"n":null,"empty":"","t":true,"f":false}', '{"big":12345678901234567890,"huge":1e400,"neg":-0,"tenth":0.1000000000000000055511151231257827}',
    '{"a":1,"a":2,"b":{"x":1,"x":2}}', '{ "nested" : { "deep" : [ 1 , { "k" : null } ] } , "list" : [ ] }', '{"":"no name","a.b":1,".":2}',
    '{"=cmd":"=1+1","at":"@x","plus":"+49","minus":"-1","tab":"\\tx"}', '{"bom":"\\ufeffx","nul":"a\\u0000b","control":"\\u0001\\u001f"}',
    '{"eventProps.a":1,"sessionProps.a":2,"ts":3}', '{"long":"' + "x" * 100_000 + '"}']


# Tests

def test_csv_holds_every_value_of_the_source(place):
    for database in ("0", "1"):
        db = add_columns(place, database)
        db.execute("BEGIN")
        for i in range(1500):
            odd = ODD[i % len(ODD)]
            # Of nested objects, names that occur twice are judged by the unit tests.
            if odd and '"x":2' in odd:
                odd = '{"a":1,"a":2}'
            db.execute(
                "INSERT INTO events (name, ts, object_id, properties, identity, email, phone, profile_name, platform, push_token,"
                " all_identities, device, session, control_group) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (["Charged", "a b", "a/b", "Zoë \"x\", y"][i % 4], midnight(2) + i * 100_000, [f"o{i}", None, ""][i % 3], odd,
                 ["me", "", None][i % 3], f"e,{i}@x" if i % 5 else None, "+91" if i % 2 else None, 'Zoë "Z"\n' if i % 3 else "",
                 "Web", None, '["i","e"]' if i % 2 else None,
                 ['{"make":"F","dpi":3.0,"dimensions":{"width":1.50,"unit":"mm"},"other":1}', None, '{"dimensions":7,"model":{"x":[1]}}',
                  '{"make":null,"dimensions":{"height":"tall"}}'][i % 4],
                 '{"utm":"a b","b":[1]}' if i % 7 == 0 else None, "g" if i % 11 == 0 else None))
        db.execute("COMMIT")
        db.close()
    place.configure(databases=("0", "1"), identifiers=["identity"])
    for name, keys in [("plain", {}), ("small", {"maxFileBytes": 20_000}), ("packed", {"compression": "gzip", "asString": True})]:
        request = place.create(name, {"once": {"lastDays": 3}}, format="csv", **keys)
        place.exportd("run", name)
        wanted, rows = held_against_source(place, request, ("0", "1"))
        assert rows == 3000 and headers(place, request) == wanted, wanted
        for file, _, lines in files(place, request):
            assert file["bytes"] <= keys.get("maxFileBytes", 1 << 30) or len(lines) == 1, file
        assert all(not run["findings"] for run in place.answer("verify", name)["runs"])
    # As strings they are the same fields, and packed the same bytes.
    assert contents_unpacked(place, place.request("plain")) == contents_unpacked(place, place.request("packed"))


def contents_unpacked(place, request):
    return {tuple(file[key] for key in ("databaseId", "eventName", "date", "index")): stored(place, file["name"])[1]
            for file, _, _ in files(place, request)}


def test_formulas_are_guarded_when_asked_for(place):
    add_columns(place).close()
    fill(place, 10, lambda i: {"=x": ["=1+1", "+1", "-1", "@a", "\tb", "\rc", -5, "", None, "safe"][i], "+y": {"a": 1}})
    place.configure()
    request = place.create("guarded", {"once": "yesterday"}, format="csv", csv={"guardFormulas": True})
    place.exportd("run", "guarded")
    (_, header, rows), = files(place, request)
    assert header[-2:] == ["eventProps.=x", "eventProps.+y"]
    assert [row[-2] for row in rows] == ["'=1+1", "'+1", "'-1", "'@a", "'\tb", "'\rc", "-5", "", None, "safe"], rows
    assert not any(cell and re.match("[=+@\t\r]", cell) for row in [header, *rows] for cell in row)


def test_a_property_that_first_turns_up_in_the_last_row_is_in_every_header(place):
    late = {"late, \"one\"": "=x"}
    for database in ("0", "1"):
        fill(place, 25_000, lambda i: {"n": i, **(late if database == "1" and i == 24_999 - 24_999 % 3 else {})}, database,
             name=lambda i: ["Charged", "Search", f"Rare {i // 6000}"][min(i % 3, 2)], days=2)
    place.configure(databases=("0", "1"))
    request = place.create("late", {"once": {"lastDays": 3}}, format="csv", maxFileBytes=100_000)
    place.exportd("run", "late")
    wanted, rows = held_against_source(place, request, ("0", "1"))
    found = headers(place, request)
    assert rows == 50_000 and found == wanted
    assert found["Charged"][-1] == 'eventProps.late, "one"' and found["Search"][-1] == "eventProps.n"
    assert place.status("late")["runs"][0]["rows"] == 50_000
    # Nothing is left of what was written before the column was known.
    listed = {file["name"] for file in place.manifests(request)[0]["files"]}
    assert place.delivered_names(request) == listed | {f"{place.manifests(request)[0]['manifestName']}"}
    assert not place.temporary_names()


def test_the_last_row_of_a_source_without_a_sequence(place):
    fill(place, 15_000, lambda i: {"n": i, **({"late": 1} if i == 14_999 else {})})
    place.configure()
    place.change_configuration(sources={"main": {
        "type": "sqlite", "databases": [{"id": "0", "path": "shard0.db"}],
        "events": {"from": "(SELECT name, ts, object_id, properties FROM events)"}}})
    request = place.create("view", {"once": "yesterday"}, format="csv", maxFileBytes=100_000)
    place.exportd("run", "view")
    wanted, rows = held_against_source(place, request)
    assert rows == 15_000 and headers(place, request) == wanted == {"Charged": [*FIXED, "eventProps.n", "eventProps.late"]}


def test_columns_keep_their_order_from_run_to_run(place):
    add_columns(place).close()

    def add(day, rows):
        with place.rows() as db:
            for i, (properties, session) in enumerate(rows):
                db.execute("INSERT INTO events (name, ts, object_id, properties, session) VALUES ('E', ?, 'o', ?, ?)",
                           (midnight(day) + i, json.dumps(properties), session and json.dumps(session)))
    add(3, [({"b": 1, "a": 2}, None), ({"c": 3, "a": None}, {"s": 1})])
    add(2, [({"a": 1}, {"t": 1, "s": 2}), ({"z": 1, "b": 2}, None)])
    add(1, [({"y": 1, "a": "text"}, {"a": 1}), ({}, None)])
    place.configure()
    place.define("daily", {"everyHours": 24, "from": days_ago(3)}, format="csv")
    with place.daemon():
        place.wait_until_done("daily", count=3)
    request = place.request("daily")
    fixed = len(FIXED)
    found = [headers(place, request, run)["E"][fixed:] for run in range(3)]
    assert found == [
        ["eventProps.b", "eventProps.a", "eventProps.c", "sessionProps.s"],
        ["eventProps.b", "eventProps.a", "eventProps.c", "eventProps.z", "sessionProps.s", "sessionProps.t"],
        ["eventProps.b", "eventProps.a", "eventProps.c", "eventProps.z", "eventProps.y", "sessionProps.s", "sessionProps.t",
         "sessionProps.a"]], found
    for run in range(3):
        day = days_ago(3 - run).replace("-", "")
        rows = [(database, row) for database, row in source(place) if event_row(row)["ts"].startswith(day)]
        held_against_source(place, request, manifest=run, rows=rows)


def has_grown(place, request):
    """Whether the columns that come late are written down, which they are before the second pass."""
    with contextlib.closing(sqlite3.connect(f"{place.directory}/state/exportd.db")) as db:
        return db.execute("SELECT count(*) FROM pending_catalogue JOIN run ON run.id = run_id"
                          " WHERE export_id = ? AND property LIKE 'late%'", (request,)).fetchone()[0]


def test_a_run_that_is_killed_while_an_event_grows_delivers_the_same_bytes(place):
    for database in ("0", "1"):
        fill(place, 40_000, lambda i: {"n": i, **({f"late {i}": i} if i > 38_000 and i % 500 == 0 else {})}, database,
             name=lambda i: ["Charged", "a b", "a/b", "Quiet"][i % 4], days=2)
    place.configure(databases=("0", "1"))
    keys = dict(format="csv", maxFileBytes=60_000)
    whole = place.create("whole", {"once": {"lastDays": 3}}, **keys)
    place.exportd("run", "whole")
    in_flight = 0
    # How many files are there when it is killed for the first time, and how many more when it is for the second.
    for number, (first, second, waits_for_growth) in enumerate(
            [(1, 3, False), (10, 10, False), (40, 1, True), (0, 0, True), (0, 20, True), (60, 30, False)]):
        name = f"killed-{number}"
        request = place.create(name, {"once": {"lastDays": 3}}, **keys)
        for wanted in (first, second):
            before = len(place.delivered_names(request))
            daemon = place.daemon()
            place.wait_for("it has come so far", 60, lambda: place.manifests(request) or (
                len(place.delivered_names(request)) >= before + wanted
                and (not waits_for_growth or has_grown(place, request))), pause=0.002)
            daemon.kill()
            in_flight += not place.manifests(request)
        with place.daemon():
            place.wait_until_done(name, 120)
        assert contents(place, request) == contents(place, whole), name
        listed = {file["name"] for manifest in place.manifests(request) for file in manifest["files"]}
        assert place.delivered_names(request) == listed | {place.manifests(request)[0]["manifestName"]}
    assert in_flight > 3, "hardly ever was a run in flight"
    wanted, rows = held_against_source(place, whole, ("0", "1"))
    assert rows == 80_000 and headers(place, whole) == wanted


def test_ten_thousand_properties_of_one_event(place):
    fill(place, 300, lambda i: {f"Property number {(i * 40 + k) % 10_000}": k for k in range(45)})
    place.configure()
    place.define("wide", {"once": "yesterday"}, format="csv", compression="gzip")
    with place.daemon() as daemon:
        place.wait_until_done("wide", 120)
        assert daemon.peak_memory < 128, daemon.peak_memory
    wanted, rows = held_against_source(place, place.request("wide"))
    assert rows == 300 and headers(place, place.request("wide")) == wanted and len(wanted["Charged"]) == 21 + 10_000


def test_many_events_with_columns_of_their_own(place):
    count = 1_000
    fill(place, 4 * count, lambda i: {f"p{i % count}-{k}": k for k in range(i // count * 3, 15)}, name=lambda i: f"Event {i % count}")
    place.configure()
    place.define("many", {"once": "yesterday"}, format="csv")
    with place.daemon() as daemon:
        place.wait_until_done("many", 240)
        assert daemon.peak_memory < 128, daemon.peak_memory
    wanted, rows = held_against_source(place, place.request("many"))
    assert rows == 4 * count and headers(place, place.request("many")) == wanted and len(wanted) == count


def test_too_many_properties_are_an_error_that_says_what_to_do(place):
    fill(place, 1_100, lambda i: {f"user-{i}-{k}": 1 for k in range(100)})
    place.configure()
    place.create("endless", {"once": "yesterday"}, format="csv")
    place.exportd("run", "endless", code=1)
    error = place.status("endless")["runs"][0]["error"]
    assert "event Charged" in error and "100000" in error and "use json" in error, error
    assert not place.delivered_names(place.request("endless"))


def test_a_format_that_is_edited_between_two_runs(place):
    fill(place, 300, lambda i: {"a": i, f"only-{i // 100}": 1}, days=3)
    with place.rows() as db:
        # In the window that is not over yet.
        db.execute("INSERT INTO events (name, ts, object_id, properties) VALUES ('Charged', ?, 'o', '{\"b\":\"x\"}')",
                   (midnight(0),))
    place.configure()
    clock = WallClock(place, datetime.datetime.now(datetime.timezone.utc))
    place.define("changes", {"everyHours": 24, "from": days_ago(3)})
    with place.daemon(clock.launcher) as daemon:
        place.wait_until_done("changes", count=3)
        place.define("changes", {"everyHours": 24, "from": days_ago(3)}, format="csv")
        place.exportd("reload")
        clock.set(clock.now + datetime.timedelta(days=1))
        place.wait_until_done("changes", count=4)
        daemon.end()
    request = place.request("changes")
    assert [manifest["format"] for manifest in place.manifests(request)] == ["json"] * 3 + ["csv"]
    assert headers(place, request) == {"Charged": [*FIXED, "eventProps.b"]}


def test_plan_and_verify(place):
    fill(place, 300, lambda i: {"a": i, f"only-{i // 100}": 1}, days=3)
    place.configure()
    request = place.create("again", {"once": {"lastDays": 4}}, format="csv", maxFileBytes=5_000)
    plan = place.exportd("plan", "again").stdout
    assert f"{request}-<run timestamp>-Charged-" in plan and "-0-0.csv" in plan, plan
    place.exportd("run", "again")
    assert headers(place, request)["Charged"][len(FIXED):] == ["eventProps.a", *(f"eventProps.only-{i}" for i in range(3))]
    assert all(not run["findings"] for run in place.answer("verify", "again")["runs"])
    held_against_source(place, request)
    # A file that has lost a line is found.
    name = next(file["name"] for file in place.manifests(request)[0]["files"])
    with open(f"{place.destination}/{name}", "r+b") as stream:
        stream.truncate(os.path.getsize(f"{place.destination}/{name}") - 1)
    assert any(run["findings"] for run in place.answer("verify", "again", code=1)["runs"])


# Profiles

PREFERENCES = ["MSG-push", "MSG-email", "MSG-sms", "MSG-whatsapp", "subscriptionGroups"]


def profile_row(row):
    if row["deleted_at"] is not None:
        return {"identity": row["identity"] or None, "objectId": row["object_id"], "deleted": "true"}
    return {"identity": row["identity"] or None, "objectId": row["object_id"], "all_identities": row["all_identities"],
            **cells("device.", row["device"]), **cells("commPrefs.", row["communication"]),
            **cells("profileProps.", row["properties"])}


def profiles(place, database):
    with place.rows(database) as db:
        cursor = db.execute("SELECT * FROM profiles ORDER BY object_id")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row)) for row in cursor]


def test_profiles_as_csv_with_columns_that_grow(place):
    count = 12_000
    for database in ("0", "1"):
        db = place.database(database)
        db.execute("CREATE TABLE profiles (object_id TEXT PRIMARY KEY, identity TEXT, all_identities TEXT, device TEXT,"
                   " communication TEXT, properties TEXT, deleted_at INTEGER)")
        db.execute("BEGIN")
        for i in range(count):
            last = {"late, one": 'x "y"'} if database == "1" and i == count - 1 else {}
            db.execute("INSERT INTO profiles VALUES (?, ?, ?, ?, ?, ?, NULL)", (
                f"o{i:06}", f"i{i}" if i % 3 else None, '["a","b"]' if i % 2 else None,
                ['{"token":["t1"]}', None, '{"os":"x","token":"t"}'][i % 3],
                '{"MSG-sms":true,"MSG-push":false,"subscriptionGroups":["n"]}' if i % 4 else None,
                json.dumps({"Plan": "gold", "Spent": i / 7, "device": {"year": i}, "": None, **last})))
        db.execute("COMMIT")
        db.close()
    place.configure(databases=("0", "1"))
    place.change_configuration(sources={"main": {
        "type": "sqlite", "databases": [{"id": id, "path": f"shard{id}.db"} for id in ("0", "1")],
        "events": {"from": "events"}, "profiles": {"from": "profiles"}}})
    clock = WallClock(place, datetime.datetime.now(datetime.timezone.utc))
    keys = dict(source="main", destination="local", data={"profiles": "all"}, format="csv", maxFileBytes=60_000)
    with open(f"{place.directory}/exports.d/people.json", "w") as file:
        json.dump({**keys, "frequency": {"everyHours": 24, "from": days_ago(0), "profiles": "compared"}}, file)
    with place.daemon(clock.launcher) as daemon:
        place.wait_until_done("people")
        request = place.request("people")
        with place.rows("0") as db:
            db.execute("UPDATE profiles SET properties = '{\"new\":1}' WHERE object_id = 'o000007'")
            db.execute("UPDATE profiles SET deleted_at = 1 WHERE object_id = 'o000008'")
            db.execute("DELETE FROM profiles WHERE object_id = 'o000009'")
        clock.set(clock.now + datetime.timedelta(days=1))
        place.wait_until_done("people", count=2)
        daemon.end()
    properties = [f"profileProps.{name}" for name in ("Plan", "Spent", "device", "", "late, one")]
    first = ["identity", "all_identities", "objectId", "deleted", "device.token", "device.os",
             *(f"commPrefs.{name}" for name in PREFERENCES), *properties]
    manifests = [json.loads(stored(place, name)[0]) for name in place.delivered_names(request) if name.endswith("-manifest.json")]
    manifests.sort(key=lambda manifest: manifest["runTimestamp"])
    assert [manifest["rows"] for manifest in manifests] == [2 * count, 3]
    found = collections.defaultdict(list)
    for manifest in manifests:
        for file in manifest["files"]:
            data, content = stored(place, file["name"])
            assert len(data) == file["bytes"] <= 60_000 and hashlib.sha256(data).hexdigest() == file["sha256"]
            header, *rows = table(content)
            assert header == first + (["profileProps.new"] if manifest is manifests[1] else []), header
            found[manifest["runTimestamp"], file["databaseId"]] += [
                {name: cell for name, cell in zip(header, row) if cell is not None} for row in rows]
    gone = [{"objectId": "o000008", "identity": "i8", "deleted": "true"}, {"objectId": "o000009", "deleted": "true"}]
    second = found[manifests[1]["runTimestamp"], "0"]
    assert [record.get("deleted") for record in second] == [None, "true", "true"]
    assert second[0]["profileProps.new"] == "1" and second[1:] == gone, second
    with place.rows("0") as db:
        db.execute("DELETE FROM profiles WHERE object_id IN ('o000007', 'o000008')")
    for database in ("0", "1"):
        wanted = {row["object_id"]: {name: cell for name, cell in profile_row(row).items() if cell is not None}
                  for row in profiles(place, database)}
        records = found[manifests[0]["runTimestamp"], database]
        assert len(records) == count
        for record in records:
            if record["objectId"] in wanted:
                assert record == wanted[record["objectId"]], (record, wanted[record["objectId"]])
