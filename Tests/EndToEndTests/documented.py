"""docs/formats.md: its samples are what exportd makes, and what it says about loading them works."""
import contextlib
import os
import re
import sqlite3

from place import days_ago

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
