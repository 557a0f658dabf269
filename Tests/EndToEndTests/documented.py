"""docs/formats.md: its samples are what exportd makes, and what it says about loading them works."""
import contextlib
import gzip
import json
import os
import re
import sqlite3

import people
from place import days_ago, midnight

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/formats.md")
DAY = "2026-11-24"
FORMATS = ["json", "csv", "xml", "parquet"]
WANTED = [("o-1", 59.99, '[1,{"x":null}]'), ("o-2", 7.0, None)]


def blocks():
    """The marked blocks of the page, with its day as yesterday, which an export can still reach."""
    with open(PAGE) as page:
        text = page.read()
    yesterday = days_ago(1)
    return {name: block.replace(DAY, yesterday).replace(DAY.replace("-", ""), yesterday.replace("-", ""))
            for name, block in re.findall(r"^<!-- (\w+) -->\n```\w+\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)}


def statements(block):
    return [statement for statement in block.split(";\n") if statement.strip()]


def checked(rows):
    found = [(str(id), float(amount), items or None) for _, id, amount, items in rows]
    assert sorted(found) == WANTED, found


def test_the_page_on_formats_shows_what_is_made_and_how_it_is_loaded(place):
    page = blocks()
    with contextlib.closing(sqlite3.connect(place.database_path("0"))) as db:
        db.executescript(page["source"])
    place.configure()
    for format in FORMATS:
        request = place.create(format, {"once": {"from": days_ago(1), "to": days_ago(1)}}, format=format)
        place.exportd("run", format)
        if format != "parquet":
            (name,) = [name for name in place.delivered_names(request) if "-Charged-" in name]
            with open(f"{place.destination}/{name}") as file:
                made = file.read()
            assert made == page[format], (made, page[format])
    before = os.getcwd()
    os.chdir(place.directory)
    try:
        loaded(page)
    finally:
        os.chdir(before)


def loaded(page):
    import chdb
    import duckdb
    with duckdb.connect() as database:
        described = database.execute("DESCRIBE SELECT * FROM read_parquet('exports/*-Charged-*.parquet.gzip')").fetchall()
        assert "".join(f"{column[0]} {column[1]}\n" for column in described) == page["parquet"], described
        for statement in statements(page["duckdb"]):
            checked(database.execute(statement.replace("SELECT ts,", "SELECT ts::VARCHAR,")).fetchall())
    for statement in statements(page["clickhouse"]):
        lines = chdb.query(statement, "TSVRaw").bytes().decode().splitlines()
        checked([None if cell == "\\N" else cell for cell in line.split("\t")] for line in lines)
    pandas, polars = {}, {}
    exec(page["pandas"], pandas)
    exec(page["polars"], polars)
    frames = [pandas["from_parquet"].filter(["ts", "profile.objectId", "eventProps.Amount", "eventProps.Items"]),
              pandas["from_csv"].filter(["ts", "profile.objectId", "eventProps.Amount", "eventProps.Items"]),
              pandas["from_xml"].filter(["ts", "objectId", "Amount", "Items"])]
    for frame in frames:
        checked(tuple(None if value != value else value for value in row) for row in frame.itertuples(index=False))
    assert pandas["from_json"]["eventProps.Amount"].tolist() == [59.99, 7.0]
    checked(polars["events"].select("ts", "objectId", "Amount", "Items").rows())


# Of an event and a profile with every field that there is.
EVENT = {
    "name": "Charged", "object_id": "o", "identity": "i", "all_identities": '["i", "e"]', "platform": "Web", "phone": "+91",
    "profile_name": "Zoë", "email": "e@x", "push_token": "t", "device": '{"make": "Fairphone", "dimensions": {"width": 3.0}}',
    "properties": '{"Amount": 59.990, "Items": [1, {"x": null}], "Paid": true}', "session": '{"utm": "a b"}', "control_group": "g"}
PROFILE = {
    "identity": "Zoë", "all_identities": '["i", "e@x"]', "device": '{"token": ["t1"]}',
    "communication": '{"MSG-push": true, "MSG-email": false, "subscriptionGroups": ["news", {"id": 7.0}]}',
    "properties": '{"Plan": "gold", "Spent": 59.990, "Since": {"year": 2024}, "Phone": null}'}


def content(place, name):
    with open(f"{place.destination}/{name}", "rb") as file:
        data = file.read()
    return (gzip.decompress(data) if name.endswith("gz") else data).decode()


def records(text):
    """Those of an XML file, which the page shows without the root around them."""
    begin, end = '<?xml version="1.0" encoding="UTF-8"?><root>\n', "</root>\n"
    assert text.startswith(begin) and text.endswith(end), text
    return text.removeprefix(begin).removesuffix(end)


def test_the_page_on_formats_shows_a_whole_event_as_it_is_made(place):
    page = blocks()
    row = {**EVENT, "ts": midnight(1) + (5 * 3600 + 30 * 60 + 7) * 1000}
    db = place.database()
    for column in row.keys() - {"name", "ts", "object_id", "properties"}:
        db.execute(f"ALTER TABLE events ADD COLUMN {column} TEXT")
    db.execute(f"INSERT INTO events ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))
    db.close()
    place.configure()
    for format in "json", "xml", "csv":
        request = place.create(
            format, {"once": {"from": days_ago(1), "to": days_ago(1)}}, format=format, timeZone="Asia/Kolkata")
        place.exportd("run", format)
        made = content(place, place.manifests(request)[0]["files"][0]["name"])
        assert (records(made) if format == "xml" else made) == page[f"event_{format}"], (made, page[f"event_{format}"])


def test_the_page_on_formats_shows_profiles_as_they_are_made(place):
    page = blocks()
    people.configure(place)
    shard = people.People(place)
    shard.put("o-1", **PROFILE)
    shard.put("o-2", identity="i")
    requests = {format: people.create(place, format, {"everyHours": 4, "profiles": "full"}, format=format)
                for format in ("json", "xml")}
    for hours in 0, 5:
        for format in requests:
            place.exportd("run", format, launcher=people.ahead(place, hours))
        shard.delete("o-2", people.now(5))
    for format, request in requests.items():
        newest = max(name for name in place.delivered_names(request) if name.endswith("-manifest.json"))
        made = content(place, json.loads(content(place, newest))["files"][0]["name"])
        assert (records(made) if format == "xml" else made) == page[f"profiles_{format}"], (made, page[f"profiles_{format}"])
