"""An application that writes events while they are exported, until its standard input is closed.

Usage: writer.py DATABASE FIRST_TS LAST_TS

Every few milliseconds a transaction of some rows whose times lie anywhere in the span; each is noted on standard output once
it is committed: `<monotonic seconds> <highest id> <seconds that it took>`.
"""
import random
import select
import sqlite3
import sys
import time

path, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rng = random.Random(7)
db = sqlite3.connect(path, isolation_level=None, timeout=60)
# What is waited for is a pause too.
while not select.select([sys.stdin], [], [], 0.004)[0]:
    rows = [(f"Event {rng.randrange(3)}", rng.randrange(first, last), f"o{rng.randrange(100)}") for _ in range(5)]
    began = time.monotonic()
    db.execute("BEGIN IMMEDIATE")
    db.executemany("INSERT INTO events (name, ts, object_id, properties) VALUES (?, ?, ?, '{\"n\": 1}')", rows)
    highest = db.execute("SELECT max(id) FROM events").fetchone()[0]
    db.execute("COMMIT")
    now = time.monotonic()
    print(now, highest, now - began, flush=True)
