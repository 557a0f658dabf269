"""The application of the README's example, which owns the database that is exported.

Usage: application.py make PATH JOURNAL ROWS FIRST LAST   makes the database; rows spread over [FIRST, LAST), epoch ms
       application.py write PATH                          opens it, says so, writes until its input ends; then says how
                                                          many rows, and how long the longest transaction took
       application.py copy PATH TO                        a copy of the database as it is now

Its rows of now are the future: exports do not get to see them.
"""
import datetime
import os
import select
import sqlite3
import sys
import time

KINDS = ["Charged", "App Launched", "Search"]
INSERT = "INSERT INTO event_log (kind, created_at, user_id, plan, cents) VALUES (?, ?, ?, ?, ?)"


def row(number, milliseconds):
    moment = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc)
    text = moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{milliseconds % 1000:03}"
    return KINDS[number % 3], text, f"u{number % 500}", "free" if number % 4 else "paid", number * 7 % 10000


def make(path, journal, rows, first, last):
    db = sqlite3.connect(path, isolation_level=None)
    db.execute(f"PRAGMA journal_mode = {journal}")
    db.execute(
        "CREATE TABLE event_log (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT, created_at TEXT, user_id TEXT,"
        " plan TEXT, cents INTEGER)")
    db.execute("BEGIN")
    db.executemany(INSERT, (row(i, first + (last - first) * i // rows) for i in range(rows)))
    db.execute("COMMIT")
    db.close()


def write(path):
    db = sqlite3.connect(path, isolation_level=None, timeout=60)
    db.execute("SELECT count(*) FROM event_log").fetchone()
    print("open", flush=True)
    count, longest = 0, 0.0
    while not select.select([sys.stdin], [], [], 0.005)[0]:
        began = time.monotonic()
        db.execute(INSERT, row(count, int(time.time() * 1000) + 86_400_000))
        longest = max(longest, time.monotonic() - began)
        count += 1
    db.close()
    print(count, longest, flush=True)


def copy(path, to):
    db = sqlite3.connect(path)
    db.execute("VACUUM INTO ?", (to,))
    db.close()


if __name__ == "__main__":
    # The group may read what the application makes, others nothing.
    os.umask(0o027)
    action, path, *rest = sys.argv[1:]
    {"make": lambda: make(path, rest[0], *map(int, rest[1:])), "write": lambda: write(path),
     "copy": lambda: copy(path, *rest)}[action]()
