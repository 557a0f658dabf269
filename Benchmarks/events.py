"""A source of events to measure on: about 325 bytes of properties each, spread over three days that are over."""
import datetime
import os
import random
import sqlite3

DAYS = 3
NAMES = 10
PEOPLE = 200_000
# What a row of the database takes, its part of the index included.
BYTES_PER_ROW = 475


def span():
    """The first day and the last, and all of it in milliseconds."""
    today = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    first = today - datetime.timedelta(days=DAYS)
    begin, end = int(first.timestamp()) * 1000, int(today.timestamp()) * 1000
    return str(first.date()), str((today - datetime.timedelta(days=1)).date()), begin, end


def properties(rng):
    return (
        f'{{"Amount": {rng.randrange(10_000_000) / 100}, "Currency": "{rng.choice(("INR", "EUR", "USD"))}", '
        f'"Category": "{rng.choice(("Electronics and gadgets", "Shoes", "Home and garden"))}", '
        f'"Product name": "Chronograph watch {rng.getrandbits(32):08x}", "Quantity": {rng.randrange(9)}, "Coupon": null, '
        f'"ct_connected_to_wifi": {"true" if rng.random() < 0.5 else "false"}, "ct_bluetooth_version": "ble", '
        f'"ct_latitude": {rng.uniform(-90, 90)}, "ct_longitude": {rng.uniform(-180, 180)}, "ct_os_version": "5.1.1", '
        '"ct_network_carrier": "Vodafone", "ct_sdk_version": 30107}')


def make(path, count, names=NAMES):
    """A database of so many events."""
    _, _, begin, end = span()
    rng = random.Random(1)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA wal_autocheckpoint = 100000")
    db.execute(
        "CREATE TABLE events (id INTEGER PRIMARY KEY, name TEXT, ts INTEGER, object_id TEXT, platform TEXT,"
        " properties TEXT)")
    for first in range(0, count, 1_000_000):
        db.execute("BEGIN")
        db.executemany(
            "INSERT INTO events (name, ts, object_id, platform, properties) VALUES (?, ?, ?, 'Android', ?)",
            ((f"Event number {rng.randrange(names)}", begin + (end - begin) * i // count, f"o-{rng.randrange(PEOPLE)}",
              properties(rng)) for i in range(first, min(count, first + 1_000_000))))
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.execute("CREATE INDEX events_ts ON events (ts)")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
