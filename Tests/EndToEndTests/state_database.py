"""A state database that cannot be used: refused with what to do, and left as it is."""
import contextlib
import hashlib
import os
import shutil
import sqlite3
import subprocess

from checker import clean_errors, held_against_source
from place import midnight

COMMANDS = [("status",), ("next",), ("stop", "all"), ("run", "all"), ("daemon",)]


def make(place):
    """An export that has delivered; all processes have ended."""
    db = place.database()
    db.executemany("INSERT INTO events (name, ts, object_id, properties) VALUES ('Charged', ?, 'o', '{}')",
                   [(midnight(1) + i * 1000,) for i in range(100)])
    db.close()
    place.configure()
    place.create("all", {"once": "yesterday"})
    place.exportd("run", "all")
    return f"{place.directory}/state/exportd.db"


def contents(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def test_one_of_a_newer_version_is_refused_and_left_alone(place):
    path = make(place)
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("INSERT INTO grdb_migrations VALUES ('99: what is to come')")
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = place.state()
    for command in COMMANDS:
        refused = clean_errors(place.exportd(*command, code=1).stderr)
        assert path in refused and "newer version of exportd" in refused and "install that version again" in refused, refused
    assert place.state() == before


def test_a_damaged_one_is_refused_and_left_alone(place):
    path = make(place)
    for damage in ("header", "pages"):
        shutil.copy(path, f"{path}.sound")
        with open(path, "r+b") as file:
            if damage == "header":
                file.write(b"this is not a database, or is it")
            else:
                # The root of the schema says that there are cells where there are none.
                file.seek(100)
                file.write(b"\x0d\xff\xff\xff\xff\xff\xff\xff")
        before = contents(path)
        for command in COMMANDS:
            refused = clean_errors(place.exportd(*command, code=1).stderr)
            assert path in refused and "is damaged" in refused and "do not delete it" in refused, (damage, refused)
        assert contents(path) == before
        os.rename(f"{path}.sound", path)
    # And the sound one works as before.
    assert place.status("all")["export"]["state"] == "DONE"
    held_against_source(place, place.request("all"))


def test_one_that_may_only_be_read_is_refused_with_what_to_do(place):
    disk = place.small_disk(f"{place.directory}/state", "20m")
    if disk is None:
        return "not shown: this user may not mount"
    make(place)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    for command in COMMANDS:
        done = place.exportd(*command, code=None)
        refused = clean_errors(done.stderr)
        assert done.returncode in (1, 77) and f"{place.directory}/state" in refused, (command, done.returncode, refused)
        assert "read-only" in refused, (command, refused)
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    assert place.status("all")["export"]["state"] == "DONE"


def test_one_that_belongs_to_others_is_refused_with_77(place):
    if os.geteuid() != 0:
        return "not shown: this user cannot become another"
    make(place)
    os.chmod(place.directory, 0o755)
    for name in os.listdir(place.directory):
        if name.endswith(".json") or name.startswith("shard"):
            os.chmod(f"{place.directory}/{name}", 0o644)
    os.chmod(f"{place.directory}/state", 0o2770)
    binary = f"{place.directory}/exportd"
    shutil.copy(place.binary, binary)
    before = place.state()
    for command in COMMANDS:
        done = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", binary, *command, "--config", place.configuration],
            capture_output=True, text=True)
        assert done.returncode == 77 and "usermod -aG" in clean_errors(done.stderr), (command, done.returncode, done.stderr)
    assert place.state() == before
