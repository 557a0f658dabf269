"""A sample source: two databases of events with profiles, and the configuration of two exports."""
import datetime
import json
import os
import random
import sqlite3
import time

NAMES = ["App Launched", "Product Viewed", "Added to Cart", "Charged", "Search"]


def make_database(path, events, seed, now):
    for end in ("", "-wal", "-shm"):
        if os.path.exists(path + end):
            os.unlink(path + end)
    rng = random.Random(seed)
    people = max(10, events // 20)
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("CREATE TABLE profiles (object_id TEXT PRIMARY KEY, identity TEXT, email TEXT, properties TEXT)")
    db.execute(
        "CREATE TABLE events (id INTEGER PRIMARY KEY, name TEXT NOT NULL, ts INTEGER NOT NULL, object_id TEXT,"
        " platform TEXT, properties TEXT)")
    db.executemany(
        "INSERT INTO profiles VALUES (?, ?, ?, ?)",
        ((f"p{seed}-{i}", f"user-{seed}-{i}" if i % 4 else None, f"user{i}@example.com", "{}") for i in range(people)))

    def event():
        properties = {"Amount": round(rng.uniform(1, 500), 2), "Currency": "EUR", "Items": rng.randint(1, 9),
                      "Campaign": {"source": "mail", "id": rng.randint(1, 99)}}
        return (rng.choice(NAMES), now - rng.randrange(3 * 86400 * 1000), f"p{seed}-{rng.randrange(people)}",
                rng.choice(["Web", "iOS", "Android"]), json.dumps(properties, ensure_ascii=False))

    db.executemany(
        "INSERT INTO events (name, ts, object_id, platform, properties) VALUES (?, ?, ?, ?, ?)",
        (event() for _ in range(events)))
    db.execute("CREATE INDEX events_ts ON events (ts)")
    db.commit()
    db.close()


def make(directory, events):
    now = int(time.time() * 1000)
    os.makedirs(f"{directory}/exports.d", exist_ok=True)
    os.makedirs(f"{directory}/state", exist_ok=True)
    for shard in range(2):
        make_database(f"{directory}/shard{shard}.db", events // 2, shard, now)
    start = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=2)
    configuration = {
        "account": "100000000", "timeZone": "UTC", "identifiers": ["identity", "email"], "stateDirectory": "state",
        "sources": {"main": {
            "type": "sqlite",
            "databases": [{"id": str(i), "path": f"shard{i}.db"} for i in range(2)],
            "events": {"from": "events"}, "profiles": {"from": "profiles"}}},
        "destinations": {"local": {"type": "directory", "path": "exports"}},
    }
    definitions = {
        "all-events": {"source": "main", "destination": "local", "data": {"events": "all"},
                       "frequency": {"everyHours": 6, "from": str(start)}, "format": "json"},
        "charged-yesterday": {"source": "main", "destination": "local", "data": {"events": ["Charged"]},
                              "frequency": {"once": "yesterday"}, "format": "json", "compression": "gzip"},
    }
    with open(f"{directory}/exportd.json", "w") as file:
        json.dump(configuration, file, indent=2)
    for name, definition in definitions.items():
        with open(f"{directory}/exports.d/{name}.json", "w") as file:
            json.dump(definition, file, indent=2)
