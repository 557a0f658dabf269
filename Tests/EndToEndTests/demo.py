"""The demo: what it makes is whole, what it suggests works, and it writes over nothing."""
import contextlib
import json
import os
import re
import shlex
import signal
import sqlite3
import subprocess
import time


def run(place, *arguments, code=0, **options):
    done = subprocess.run(
        [place.binary, "demo", *arguments], capture_output=True, text=True, timeout=300, cwd=place.directory, **options)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done


def count(path, query):
    with contextlib.closing(sqlite3.connect(path)) as db:
        return db.execute(query).fetchone()[0]


def test_demo_delivers_what_its_source_holds_and_suggests_what_works(place):
    began = time.monotonic()
    text = run(place).stdout
    took = time.monotonic() - began
    assert "\x1b" not in text, text
    demo = f"{place.directory}/exportd-demo"
    shards = [f"{demo}/shard{number}.db" for number in range(2)]
    assert sum(count(shard, "SELECT count(*) FROM events") for shard in shards) == 100_000
    place.configuration, place.destination = f"{demo}/exportd.json", f"{demo}/exports"
    overview = {export["name"]: export for export in place.status()["exports"]}
    assert set(overview) == {"all-events", "charged-yesterday", "profile-changes"}
    assert place.status()["daemon"]["running"] is False
    assert all(f"\n{name} " in text for name in overview), text

    # Windows of all events follow one another, and hold what the source holds between the first and the last.
    manifests = place.manifests(overview["all-events"]["requestId"])
    assert all(a["window"]["to"] == b["window"]["from"] for a, b in zip(manifests, manifests[1:]))
    first, last = manifests[0]["window"]["from"], manifests[-1]["window"]["to"]
    between = f"ts >= unixepoch('{first}') * 1000 AND ts < unixepoch('{last}') * 1000"
    assert sum(manifest["rows"] for manifest in manifests) == sum(
        count(shard, f"SELECT count(*) FROM events WHERE {between}") for shard in shards)
    profiles = place.manifests(overview["profile-changes"]["requestId"])
    assert [manifest["rows"] for manifest in profiles] == [5000], profiles
    for name in overview:
        assert json.loads(place.exportd("verify", name, "--json").stdout)["ok"] is True
    named = re.findall(r"^(\d{9,10}-\d\S+) ", text, re.MULTILINE)
    assert len(named) >= 7 and all(os.path.exists(f"{place.destination}/{name}") for name in named), named

    commands = [line.strip().split("  ")[0] for line in text.split("Try next:\n")[1].splitlines() if line[:2] == "  "]
    assert len(commands) == 4, text
    for command in commands:
        if " daemon " not in command:
            subprocess.run(shlex.split(command), check=True, cwd=place.directory, capture_output=True, timeout=60)
    return f"the demo took {took:.1f} s"


def test_demo_writes_over_nothing(place):
    with open(f"{place.directory}/exportd-demo", "w") as file:
        file.write("mine")
    assert "--directory" in run(place, code=1).stderr
    os.makedirs(f"{place.directory}/full")
    with open(f"{place.directory}/full/mine", "w") as file:
        file.write("mine")
    refused = run(place, "--directory", "full", code=1)
    assert "is not empty" in refused.stderr and "--directory" in refused.stderr, refused.stderr
    assert os.listdir(f"{place.directory}/full") == ["mine"]
    assert "No such file" in run(place, "--directory", "nowhere/at/all", code=1).stderr


def test_demo_leaves_no_daemon_when_it_is_interrupted(place):
    process = subprocess.Popen(
        [place.binary, "demo"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=place.directory)
    log = f"{place.directory}/exportd-demo/daemon.log"
    end = time.monotonic() + 60
    while not (os.path.exists(log) and os.path.getsize(log)) and time.monotonic() < end:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    # It may just have finished.
    assert (process.returncode, "interrupted" in errors) in [(1, True), (0, False)], (process.returncode, errors)
    place.configuration = f"{place.directory}/exportd-demo/exportd.json"
    assert place.status()["daemon"]["running"] is False


def test_demo_leaves_no_daemon_when_nobody_reads_on(place):
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [place.binary, "demo"], stdout=writer, stderr=subprocess.PIPE, text=True, cwd=place.directory)
    os.close(reader)
    os.close(writer)
    _, errors = process.communicate(timeout=120)
    assert errors == "", errors
    place.configuration = f"{place.directory}/exportd-demo/exportd.json"
    assert place.status()["daemon"]["running"] is False
    checked = place.exportd("check")
    assert "0 warning(s)" in checked.stdout, (checked.stdout, checked.stderr)
