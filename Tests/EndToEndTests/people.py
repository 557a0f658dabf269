"""An application's profiles, and what exports of them should have delivered, worked out a second time."""
import datetime
import gzip
import hashlib
import json
import os
import signal
import sqlite3
import time

from checker import canonical, parse
from clock import WallClock

ACCOUNT = "100000000"
HOUR = 3600


def now(hours=0):
    """In milliseconds, as a clock so many hours ahead has it."""
    return int((time.time() + hours * HOUR) * 1000)


def ahead(place, hours):
    """The launcher of commands whose clock is so many hours ahead, from now on until it is asked for again."""
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)
    if not hasattr(place, "clock"):
        place.clock = WallClock(place, moment)
    place.clock.set(moment)
    return place.clock.launcher


class People:
    """The profiles of one database."""

    def __init__(self, place, id="0", columns="updated_at INTEGER, deleted_at INTEGER"):
        self.connect(place.database_path(id))
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute(
            "CREATE TABLE profiles (object_id TEXT PRIMARY KEY, identity TEXT, all_identities TEXT, device TEXT,"
            f" communication TEXT, properties TEXT{', ' if columns else ''}{columns})")
        for column in ("updated_at", "deleted_at"):
            if column in columns:
                self.db.execute(f"CREATE INDEX by_{column} ON profiles ({column})")

    def connect(self, path):
        self.path = path
        self.db = sqlite3.connect(path, isolation_level=None, timeout=30)
        self.db.row_factory = sqlite3.Row

    def another(self):
        """The same profiles over a connection of its own."""
        other = People.__new__(People)
        other.connect(self.path)
        return other

    def put(self, object_id, updated_at=None, **fields):
        """Writes a profile, an old one of the same objectId over."""
        values = {"object_id": object_id, "properties": "{}", **fields}
        if updated_at is not None:
            values["updated_at"] = updated_at
        self.db.execute(
            f"INSERT OR REPLACE INTO profiles ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
            list(values.values()))

    def fill(self, count, updated_at, bytes=0):
        """Profiles `p0` and on."""
        padding = {"padding": "x" * bytes} if bytes else {}
        self.db.execute("BEGIN")
        for number in range(count):
            self.put(f"p{number}", updated_at, identity=f"user {number}", all_identities=json.dumps([f"u{number}"]),
                     device='{"token": "t"}', communication='{"MSG-push": true}',
                     properties=json.dumps({"n": number, "hash": hashlib.sha256(str(number).encode()).hexdigest(),
                                            **padding}))
        self.db.execute("COMMIT")

    def delete(self, object_id, at):
        """Marks a profile as deleted."""
        self.db.execute("UPDATE profiles SET deleted_at = ?, updated_at = ? WHERE object_id = ?", (at, at, object_id))

    def remove(self, *object_ids):
        self.db.executemany("DELETE FROM profiles WHERE object_id = ?", [(object_id,) for object_id in object_ids])

    def records(self, *object_ids):
        """What files should hold of these profiles, or of all that are alive."""
        rows = self.db.execute("SELECT * FROM profiles WHERE object_id IS NOT NULL").fetchall()
        return {row["object_id"]: record(dict(row)) for row in rows
                if (row["object_id"] in object_ids if object_ids else not dict(row).get("deleted_at"))}


def record(row):
    """The record of a row, as a text."""
    fields = {}
    if row["identity"] is not None:
        fields["identity"] = row["identity"]
    if row.get("deleted_at"):
        return canonical({**fields, "objectId": row["object_id"], "deleted": True})
    if row["all_identities"] is not None:
        fields["all_identities"] = parse(row["all_identities"])
    fields["objectId"] = row["object_id"]
    if row["device"] is not None:
        fields["device"] = parse(row["device"])
    return canonical({**fields, **parse(row["communication"] or "{}"), **parse(row["properties"])})


def gone(object_id):
    """The record of a profile of which only its objectId is remembered."""
    return canonical({"objectId": object_id, "deleted": True})


def configure(place, databases=("0",), **mapping):
    place.configure(sources={"main": {
        "type": "sqlite", "databases": [{"id": id, "path": f"shard{id}.db"} for id in databases],
        "profiles": {"from": "profiles", **mapping}}})


def create(place, name, frequency, **keys):
    """Stores an export of all profiles by command. Returns the request id."""
    code, launcher = keys.pop("code", 0), keys.pop("launcher", ())
    definition = {"source": "main", "destination": "local", "data": {"profiles": "all"}, "frequency": frequency,
                  "format": "json", **keys}
    done = place.exportd("create", name, "--file", "-", input=json.dumps(definition), code=code, launcher=launcher)
    return int(done.stdout) if code == 0 else done.stderr


def define(place, name, frequency, **keys):
    """As ``create``, by a definition file."""
    place.define(name, frequency, data={"profiles": "all"}, **keys)


def held_in_mid_run(place, name):
    """A daemon that stands still (SIGSTOP) in the middle of a run of many files, and the request id."""
    daemon = place.daemon()
    request = place.request(name)
    place.wait_for("files are there", 60, lambda: len(names(place, request)) >= 3, pause=0.001)
    ledger = sqlite3.connect(f"{place.directory}/state/exportd.db", isolation_level=None, timeout=0)
    while True:
        os.kill(daemon.pid, signal.SIGSTOP)
        time.sleep(0.01)
        try:
            ledger.execute("BEGIN IMMEDIATE")
            break
        except sqlite3.OperationalError:
            # Not in the middle of a transaction, which would keep all others waiting.
            os.kill(daemon.pid, signal.SIGCONT)
            time.sleep(0.001)
    ledger.close()
    assert not any(name.endswith("manifest.json") for name in names(place, request)), "the run is over already"
    return daemon, request


class Run:
    """The files of one complete run, held against their manifest."""

    def __init__(self, place, manifest, manifest_name):
        self.manifest = manifest
        self.names = {manifest_name}
        self.records = {}
        self.rejected = []
        stem = f"{manifest['requestId']}-{manifest['runTimestamp']}"
        assert manifest["dataType"] == "profiles" and manifest_name == f"{stem}-manifest.json", manifest
        series = {}
        rows = 0
        for file in manifest["files"]:
            self.names.add(file["name"])
            with open(f"{place.destination}/{file['name']}", "rb") as stream:
                stored = stream.read()
            assert len(stored) == file["bytes"] and hashlib.sha256(stored).hexdigest() == file["sha256"], file
            if file["kind"] == "rejected":
                assert file["name"] == f"{stem}-rejected-{file['databaseId']}.jsonl", file
                self.rejected += [json.loads(line) for line in stored.decode().splitlines()]
                continue
            assert "eventName" not in file and "date" not in file, file
            index = series[file["databaseId"]] = series.get(file["databaseId"], -1) + 1
            number = f"-{index}" if index else ""
            assert file["index"] == index, file
            assert file["name"] == f"{ACCOUNT}-{stem}-{file['databaseId']}{number}-json.gz", file
            lines = gzip.decompress(stored).decode().split("\n")
            assert lines.pop() == "" and len(lines) == file["rows"] > 0, file
            rows += len(lines)
            for line in lines:
                profile = parse(line)
                key = file["databaseId"], profile["objectId"]
                assert key not in self.records, f"{key} twice in one run"
                self.records[key] = canonical(profile)
        for database in series:
            ids = [id.encode() for at, id in self.records if at == database]
            assert ids == sorted(ids), "in the order of their objectIds"
        assert rows == manifest["rows"] and len(self.rejected) == manifest["rejected"], manifest

    def of(self, database="0"):
        """Its records by objectId."""
        return {id: text for (at, id), text in self.records.items() if at == database}


def names(place, request):
    """Everything at the destination that belongs to an export."""
    return {name for name in place.names() if name.startswith((f"{request}-", f"{ACCOUNT}-{request}-"))}


def delivered(place, request):
    """The complete runs of an export, oldest first. Nothing else of it lies at the destination."""
    runs = []
    for name in names(place, request):
        if name.endswith("-manifest.json"):
            with open(f"{place.destination}/{name}") as file:
                runs.append(Run(place, json.load(file), name))
    runs.sort(key=lambda run: run.manifest["runTimestamp"])
    known = set().union(*(run.names for run in runs)) if runs else set()
    assert names(place, request) == known, names(place, request) ^ known
    assert not place.temporary_names(), place.temporary_names()
    return runs


def downstream(runs, database="0"):
    """What somebody has who takes all runs in one after the other: records by objectId."""
    known = {}
    for run in runs:
        for id, text in run.of(database).items():
            if json.loads(text).get("deleted") is True:
                known.pop(id, None)
            else:
                known[id] = text
    return known


def memory_bytes(place):
    """What is remembered between two runs takes so much room."""
    directory = f"{place.directory}/state/memory"
    return sum(os.path.getsize(f"{directory}/{name}") for name in os.listdir(directory))
