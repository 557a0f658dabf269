"""Disks without room: said clearly, tried again, nothing half there, and on it goes when there is room.

A disk of a given size must be mounted for these, which needs root.
"""
import contextlib
import os
import signal
import sqlite3
import subprocess
import time

from checker import clean_errors, held_against_source
from delivery import file_identity
from place import midnight


def fill(place, count):
    db = place.database()
    db.execute("BEGIN")
    db.executemany(
        "INSERT INTO events (name, ts, object_id, properties) VALUES (?, ?, ?, ?)",
        [(f"Event {i % 7}", midnight(1) + i * 86_400_000 // count, f"o{i % 50}", f'{{"n": {i}, "text": "{"x" * 150}"}}')
         for i in range(count)])
    db.execute("COMMIT")
    db.close()


def test_a_full_destination_is_told_and_the_run_goes_on_when_there_is_room(place):
    disk = place.small_disk(place.destination, "1m")
    if disk is None:
        return "not shown: this user may not mount"
    fill(place, 10_000)
    place.configure()
    place.define("all", {"once": "yesterday"}, maxFileBytes=50_000)
    daemon = place.daemon()

    def failed():
        (run,) = place.status("all")["runs"] or [{"state": None, "attempt": 0}]
        return run["state"] == "PENDING" and run["attempt"] > 0 and run
    run = place.wait_for("the first attempt fails", 30, failed, pause=0.05)
    assert "No space left on device" in run["error"] and f"free space on the file system of {place.destination}" in run["error"], run
    clean_errors(run["error"])
    assert run["nextAttemptAt"] and run["finishedAt"] is None, run
    # What is visible is whole, nothing is half written, and it is not complete.
    assert not place.temporary_names() and not any("manifest" in name for name in place.names())
    before = {name: file_identity(place, name) for name in place.delivered_names()}
    assert before
    for name in before:
        with open(f"{place.destination}/{name}", "rb") as file:
            assert file.read().endswith(b"}\n"), name
    subprocess.run(["mount", "-o", "remount,size=20m", disk], check=True)
    place.wait_until_done("all", 60)
    daemon.end()
    assert held_against_source(place, place.request("all")) == 10_000
    kept = sum(file_identity(place, name) == identity for name, identity in before.items())
    assert kept == len(before), (kept, len(before))
    return f"{kept} files kept"


def stop_between_transactions(place, daemon):
    """SIGSTOP in a moment in which the daemon does not hold the state database's lock."""
    for _ in range(100):
        daemon.process.send_signal(signal.SIGSTOP)
        with contextlib.closing(sqlite3.connect(f"{place.directory}/state/exportd.db", isolation_level=None, timeout=0.1)) as db:
            try:
                db.execute("BEGIN IMMEDIATE")
                db.execute("ROLLBACK")
                return
            except sqlite3.OperationalError:
                daemon.process.send_signal(signal.SIGCONT)
        time.sleep(0.05)
    raise AssertionError("the daemon writes all the time")


def test_a_full_state_directory_is_told_and_the_daemon_stays_up(place):
    disk = place.small_disk(f"{place.directory}/state", "2m")
    if disk is None:
        return "not shown: this user may not mount"
    fill(place, 1000)
    place.configure()
    daemon = place.daemon()
    # While it cannot look, there comes work, and the room goes.
    stop_between_transactions(place, daemon)
    place.create("all", {"once": "yesterday"})
    ballast = f"{disk}/ballast"
    with open(ballast, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass
    daemon.process.send_signal(signal.SIGCONT)

    def told():
        return [line for line in open(daemon.journal) if "full" in line or "No space" in line]
    lines = place.wait_for("the journal says so", 30, told)
    assert f"{place.directory}/state" in lines[0] and "free space" in lines[0], lines
    clean_errors(lines[0])
    refused = place.exportd("create", "other", "--source", "main", "--destination", "local", "--events", "all", "--once",
                            "yesterday", "--format", "json", code=1)
    assert "free space" in clean_errors(refused.stderr), refused.stderr
    assert place.status()["daemon"]["running"] is True and daemon.process.poll() is None
    assert len(told()) < 20, "it says so again and again"
    os.unlink(ballast)
    place.wait_until_done("all", 60)
    daemon.end()
    assert held_against_source(place, place.request("all")) == 1000
