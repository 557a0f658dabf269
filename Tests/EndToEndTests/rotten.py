"""Sources that cannot be read: each with an error of its own that says what to do, before any file is written."""
import datetime
import os
import shutil
import sqlite3

from checker import Definition, clean_errors, delivered, expected, held_against_source, same
from clock import WallClock
from place import days_ago, midnight

# For each source what is mapped, and what must be said of it.
ROTTEN = {
    "no-file": ("nowhere.db", {"from": "events"}, ["nowhere.db", "no such file", "check the path"]),
    "no-directory": ("nowhere/events.db", {"from": "events"}, ["nowhere does not exist", "check the path"]),
    "directory": ("folder.db", {"from": "events"}, ["folder.db", "not a file"]),
    "text": ("text.db", {"from": "events"}, ["text.db", "not an SQLite database"]),
    "empty": ("empty.db", {"from": "events"}, ["empty.db", "events"]),
    "damaged": ("damaged.db", {"from": "events"}, ["damaged.db", "damaged", "integrity_check"]),
    "no-table": ("shard0.db", {"from": "evnts"}, ["evnts", "events"]),
    "no-column": ("shard0.db", {"from": "events", "columns": {"ts": "created_at"}}, ["created_at"]),
    "no-name": ("nameless.db", {"from": "events"}, ["name"]),
    "no-sql": ("shard0.db", {"from": "(SELECT name, ts FROM)"}, ["syntax error"]),
    "no-function": ("shard0.db", {"from": "events", "columns": {"ts": "no_such_function(ts)"}}, ["no_such_function"]),
    "no-snapshot": ("keyless.db", {"from": "events"}, ["keyless.db", "mayBlockWriters"]),
}


def rot(place):
    """Makes what ``ROTTEN`` names."""
    def at(name):
        return f"{place.directory}/{name}"
    os.mkdir(at("folder.db"))
    with open(at("text.db"), "w") as file:
        file.write("name,ts\nCharged,1\n" * 100)
    open(at("empty.db"), "w").close()
    with sqlite3.connect(at("nameless.db")) as db:
        db.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, ts INTEGER, properties TEXT)")
    with sqlite3.connect(at("keyless.db")) as db:
        db.execute("CREATE TABLE events (name TEXT, ts INTEGER, properties TEXT)")
    shutil.copy(place.database_path("0"), at("damaged.db"))
    # The pages of the table and its index, not the schema.
    with open(at("damaged.db"), "r+b") as file:
        size = os.path.getsize(at("damaged.db"))
        file.seek(8192)
        file.write(b"\xff" * (size - 8192))


def fill(place, count=2000):
    db = place.database(journal="DELETE")
    db.execute("BEGIN")
    db.executemany("INSERT INTO events (name, ts, object_id, properties) VALUES ('Charged', ?, 'o', ?)",
                   [(midnight(1) + i * 1000, f'{{"n": {i}}}') for i in range(count)])
    db.execute("COMMIT")
    db.close()


def test_each_rotten_source_is_told_apart_and_no_file_is_written(place):
    fill(place)
    rot(place)
    place.configure()
    place.change_configuration(sources={
        "main": {"type": "sqlite", "databases": [{"id": "0", "path": "shard0.db"}], "events": {"from": "events"}},
        **{name: {"type": "sqlite", "databases": [{"id": "0", "path": path}], "events": events}
           for name, (path, events, _) in ROTTEN.items()}})
    for name in ROTTEN:
        place.define(name, {"once": "yesterday"}, source=name)
    place.define("sound", {"once": "yesterday"})
    # Before anything runs, of all of them at once.
    told = place.answer("check", code=78)["errors"]
    for name, (_, _, words) in ROTTEN.items():
        mine = [error["message"] for error in told if f"source {name}:" in error["message"]]
        assert mine and all(word in " ".join(mine) for word in words), (name, mine, words)
        clean_errors(" ".join(mine))
    # And by the runs themselves, beside which the sound one is not held up.
    with place.daemon():
        place.wait_until_done("sound")
        for name, (_, _, words) in ROTTEN.items():
            def failed():
                runs = place.status(name)["runs"]
                return runs and runs[0]["error"]
            error = place.wait_for(f"{name} has failed", 30, failed)
            assert all(word in error for word in words), (name, error, words)
            clean_errors(error)
            assert place.status(name)["runs"][0]["state"] == "PENDING"
            assert not place.delivered_names(place.request(name)), name
    assert held_against_source(place, place.request("sound")) == 2000
    assert not place.temporary_names()


def test_a_locked_source_is_told_and_read_when_it_is_free(place):
    fill(place)
    place.configure()
    request = place.create("all", {"once": "yesterday"})
    with place.rows() as db:
        db.execute("BEGIN EXCLUSIVE")
        refused = place.exportd("run", "all", code=1)
        assert "locked by another process" in refused.stderr and "fuser" in clean_errors(refused.stderr), refused.stderr
        assert not place.delivered_names()
        db.execute("ROLLBACK")
    place.exportd("run", "all")
    assert held_against_source(place, request) == 2000


def test_a_replaced_source_is_told_and_accepted_only_when_a_person_says_so(place):
    fill(place)
    place.configure()
    # Yesterday, before its rows were written, seen from noon.
    noon = datetime.datetime.fromtimestamp(midnight(1) / 1000 + 43_200, datetime.timezone.utc)
    clock = WallClock(place, noon)
    place.define("all", {"everyHours": 24, "from": days_ago(2)})
    with place.daemon(clock.launcher) as daemon:
        place.wait_until_done("all")
        daemon.end()
    request = place.request("all")
    before = place.names()
    # The application began anew: the same table with fewer rows.
    os.unlink(place.database_path("0"))
    db = place.database(journal="DELETE")
    db.executemany("INSERT INTO events (name, ts, properties) VALUES ('Anew', ?, '{}')", [(midnight(1) + i,) for i in range(50)])
    db.close()
    for command in ("run", "plan"):
        refused = place.exportd(command, "all", code=1)
        assert "replaced or renumbered" in refused.stderr and "exportd run all --rebase" in clean_errors(refused.stderr), refused.stderr
    assert place.names() == before
    waiting = place.status("all")["runs"][0]
    assert waiting["state"] == "PENDING" and "replaced" in waiting["error"], waiting
    place.exportd("run", "all", "--rebase")
    first, second = delivered(place, request)
    assert first.records.total() == 0
    same(second.records, expected(place, [(midnight(1), midnight(0))], Definition()))
    assert second.records.total() == 50
