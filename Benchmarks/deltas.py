"""What one per cent of the profiles costs, when a full run has gone before."""
import mmap
import os
import random
import sqlite3
import struct
import subprocess
import time

import events
import exporting
import measuring

HOUR = 3600
SHARE = 100


def make(path, count):
    """Profiles that were updated some days ago, with an index on that."""
    rng = random.Random(2)
    ago = int((time.time() - 10 * 24 * HOUR) * 1000)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("CREATE TABLE profiles (object_id TEXT PRIMARY KEY, identity TEXT, email TEXT, phone TEXT, properties TEXT,"
               " updated_at INTEGER)")
    db.execute("BEGIN")
    db.executemany(
        "INSERT INTO profiles VALUES (?, ?, ?, ?, ?, ?)",
        ((f"o-{i:08}", f"user{i}@example.com", f"user{i}@example.com", f"+91{i:010}", events.properties(rng), ago + i)
         for i in range(count)))
    db.execute("CREATE INDEX profiles_updated_at ON profiles (updated_at)")
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return db


class Clock:
    """Sets the wall clock of a command ahead, so that its next window is due: the one that end-to-end tests use."""

    def __init__(self, directory):
        library = f"{directory}/clock.so"
        source = f"{measuring.HERE}/../Tests/EndToEndTests/clock.c"
        subprocess.run(["clang", "-O1", "-shared", "-fPIC", "-o", library, source], check=True)
        with open(f"{directory}/clock", "w+b") as file:
            file.write(bytes(8))
            file.flush()
            self.page = mmap.mmap(file.fileno(), 8)
        self.launcher = ("env", f"LD_PRELOAD={library}", f"CLOCK_AHEAD={directory}/clock")

    def set_ahead(self, hours):
        self.page[:] = struct.pack("=q", hours * HOUR)


def measure(binary, directory, count, runs):
    os.makedirs(directory)
    database = f"{directory}/profiles.db"
    db, clock = make(database, count), Clock(directory)
    taken = {"full": [], "delta": []}
    for number in range(runs):
        place = exporting.Place(binary, f"{directory}/exportd", database, {"profiles": {"from": "profiles"}})
        place.create("daily", data={"profiles": "all"}, compression="gzip", frequency={"everyHours": 4})
        clock.set_ahead(0)
        for kind, rows in [("full", count), ("delta", count // SHARE)]:
            if kind == "delta":
                db.execute("UPDATE profiles SET updated_at = ? WHERE rowid % ? = ?", (
                    int((time.time() + 4 * HOUR) * 1000), SHARE, number))
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                clock.set_ahead(5)
            one, manifest = place.run("daily", clock.launcher)
            if manifest["rows"] != rows:
                raise SystemExit(f"{kind} run of profiles: {manifest['rows']} rows instead of {rows}")
            one.rows, one.bytes = rows, manifest["bytes"]
            taken[kind].append(one)
            print(f"{rows:>11,} profiles, {kind:<5} run {number + 1}: {one.seconds:7.3f} s {one.peak_MiB:6.1f} MiB", flush=True)
        # So that they count as old again.
        db.execute("UPDATE profiles SET updated_at = ? WHERE rowid % ? = ?", (
            int((time.time() - 9 * 24 * HOUR) * 1000), SHARE, number))
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        place.remove()
    db.close()
    return {"profiles": count, **{kind: measuring.summary(each) for kind, each in taken.items()}}
