"""A source of events to measure on: about 325 bytes of properties each, spread over three days that are over."""
import datetime
import json
import os
import random
import sqlite3
import subprocess

DAYS = 3
NAMES = 10
PEOPLE = 200_000


def span():
    """The first day and the last, and all of it in milliseconds."""
    today = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    first = today - datetime.timedelta(days=DAYS)
    begin, end = int(first.timestamp()) * 1000, int(today.timestamp()) * 1000
    return str(first.date()), str((today - datetime.timedelta(days=1)).date()), begin, end


def properties(rng):
    return json.dumps({
        "Amount": rng.randrange(10_000_000) / 100, "Currency": rng.choice(["INR", "EUR", "USD"]),
        "Category": rng.choice(["Electronics and gadgets", "Shoes", "Home and garden"]),
        "Product name": f"Chronograph watch {rng.getrandbits(32):08x}", "Quantity": rng.randrange(9),
        "Coupon": None, "ct_connected_to_wifi": rng.random() < 0.5, "ct_bluetooth_version": "ble",
        "ct_latitude": rng.uniform(-90, 90), "ct_longitude": rng.uniform(-180, 180), "ct_os_version": "5.1.1",
        "ct_network_carrier": "Vodafone", "ct_sdk_version": 30107})


def make(directory, count):
    """A database of so many events and the configuration to export it; no definitions yet."""
    _, _, begin, end = span()
    rng = random.Random(1)
    os.makedirs(f"{directory}/exports.d")
    os.makedirs(f"{directory}/state")
    db = sqlite3.connect(f"{directory}/events.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(
        "CREATE TABLE events (id INTEGER PRIMARY KEY, name TEXT, ts INTEGER, object_id TEXT, platform TEXT,"
        " properties TEXT)")
    db.execute("BEGIN")
    db.executemany(
        "INSERT INTO events (name, ts, object_id, platform, properties) VALUES (?, ?, ?, 'Android', ?)",
        ((f"Event number {rng.randrange(NAMES)}", begin + (end - begin) * i // count, f"o-{rng.randrange(PEOPLE)}",
          properties(rng)) for i in range(count)))
    db.execute("CREATE INDEX events_ts ON events (ts)")
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    with open(f"{directory}/exportd.json", "w") as file:
        json.dump({
            "account": "100000000", "stateDirectory": "state",
            "sources": {"main": {"type": "sqlite", "databases": [{"id": "0", "path": "events.db"}],
                                 "events": {"from": "events"}}},
            "destinations": {"local": {"type": "directory", "path": "exports"}}}, file)


def definition(frequency, **keys):
    return json.dumps({"source": "main", "destination": "local", "data": {"events": "all"}, "frequency": frequency,
                       "format": "json", **keys})


def create(binary, directory, name, **keys):
    """A one-time export of all events, by command."""
    first, last, _, _ = span()
    subprocess.run(
        [binary, "create", name, "--file", "-", "--config", f"{directory}/exportd.json"], text=True, check=True,
        input=definition({"once": {"from": first, "to": last}}, **keys), capture_output=True)
