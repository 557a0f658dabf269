"""Rows that arrive late, and applications that write while they are read."""
import collections
import datetime
import os
import subprocess
import sys

from checker import Definition, delivered, expected, held_against_source, same, windows
from clock import WallClock

HOUR = 3_600_000
DAY = 24 * HOUR


def a_window_that_ends_soon(place):
    """A frequency of windows of four hours, when the next of them ends, in milliseconds, and the daemon's clock, ten
    minutes before that."""
    end = datetime.datetime.now(datetime.timezone.utc).replace(minute=0, second=0, microsecond=0)
    start = end - datetime.timedelta(days=1)
    frequency = {"everyHours": 4, "from": str(start.date()), "at": end.strftime("%H:%M")}
    return frequency, int(end.timestamp() * 1000), WallClock(place, end - datetime.timedelta(minutes=10))


def fill(db, count, first, last):
    db.execute("BEGIN")
    db.executemany(
        "INSERT INTO events (name, ts, object_id, properties) VALUES (?, ?, ?, '{\"n\": 2.50}')",
        [(f"Event {i % 3}", first + (last - first) * i // count, f"o{i % 100}") for i in range(count)])
    db.execute("COMMIT")


def test_late_rows_come_with_the_next_run_once_and_others_wait_or_never_come(place):
    frequency, end, clock = a_window_that_ends_soon(place)
    first = end - DAY
    db = place.database()
    fill(db, 3000, first - DAY, end)
    place.configure()
    place.define("all", frequency)
    daemon = place.daemon(clock.launcher)
    place.wait_until_done("all", 30, 5)
    request = place.request("all")
    before = delivered(place, request)
    # Up to here windows are DONE; then one more that has not ended; then the future.
    done = windows(place, request)[-1][1]
    assert done == end - 4 * HOUR
    late = [("Late", first), ("Late", first + 3 * HOUR), ("Late", done - 1), ("Event 1", done - DAY + 7)]
    coming = [("Coming", done), ("Coming", end - 1)]
    future = [("Future", end), ("Future", end + 3 * HOUR)]
    never = [("Never", first - 1), ("Never", first - 3 * DAY), ("Never", 0)]
    for name, ts in late + coming + future + never:
        db.execute("INSERT INTO events (name, ts, object_id, properties) VALUES (?, ?, 'late', '{}')", (name, ts))
    clock.set(clock.now + datetime.timedelta(minutes=10))
    runs = place.wait_until_done("all", 90, 6)
    daemon.end()

    after = delivered(place, request)
    assert len(runs) == len(after) == 6
    for old, new in zip(before, after):
        assert old.names == new.names
        same(new.records, old.records)
    # Nothing but the rows beyond the watermark and those of its own window, and each of them.
    same(after[-1].records, expected(
        place, [(first, end)], Definition(),
        wanted=lambda _, row: row["object_id"] == "late" or row["ts"] >= done))
    assert held_against_source(place, request) == expected(place, [(first, end)], Definition()).total()


def written_while_exported(place, journal):
    frequency, end, clock = a_window_that_ends_soon(place)
    first = end - DAY
    db = place.database(journal=journal)
    fill(db, 40000, first, end)
    db.close()
    place.configure()
    place.define("all", frequency)
    log = f"{place.directory}/writer.log"
    here = os.path.dirname(os.path.abspath(__file__))
    with open(log, "w") as output:
        writer = place.helper(
            sys.executable, f"{here}/writer.py", place.database_path("0"), str(first), str(end),
            stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT)
    place.wait_for("it writes", 30, lambda: os.path.getsize(log) > 0)
    daemon = place.daemon(clock.launcher)
    place.wait_until_done("all", 60, 5)
    # The last of these runs began before now: of what was committed by then nothing may be missing at the end.
    request = place.request("all")
    assert len(delivered(place, request)) == 5
    place.wait_for("it has written much", 60, lambda: sum(1 for _ in open(log)) > 300)
    writer.stdin.close()
    assert writer.wait(60) == 0, open(log).read()[-2000:]
    clock.set(clock.now + datetime.timedelta(minutes=10))
    place.wait_until_done("all", 90, 6)
    daemon.end()

    transactions = [line.split() for line in open(log)]
    assert len(transactions) > 300, len(transactions)
    # Only the last run came after the last commit: then all there is lies in the windows, late or not, once.
    assert held_against_source(place, request) == 40000 + 5 * len(transactions)
    longest = max(float(seconds) for _, _, seconds in transactions)
    with_others = [run.records.total() for run in delivered(place, request)]
    assert longest < 2, f"a write took {longest:.2f} s"
    return f"{len(transactions)} transactions, the longest {longest * 1000:.0f} ms; rows a run: {with_others}"


def test_an_application_that_writes_meanwhile_in_wal_mode(place):
    return written_while_exported(place, "WAL")


def test_an_application_that_writes_meanwhile_with_a_rollback_journal(place):
    return written_while_exported(place, "DELETE")
