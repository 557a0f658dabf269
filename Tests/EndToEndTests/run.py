"""Tests of the built binary against real files: what was delivered is held against the source, row by row.

Usage: run.py BINARY
"""
import collections
import datetime
import glob
import gzip
import hashlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sample  # noqa: E402

BINARY = os.path.abspath(sys.argv[1])


class Place:
    def __init__(self, events=20000):
        self.holder = tempfile.TemporaryDirectory(prefix="exportd-e2e-")
        self.directory = self.holder.name
        sample.make(self.directory, events)

    def exportd(self, *arguments, code=0):
        done = subprocess.run(
            [BINARY, *arguments, "--config", f"{self.directory}/exportd.json"], capture_output=True, text=True,
            timeout=120)
        assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
        return done

    def status(self, *arguments):
        return json.loads(self.exportd("status", *arguments, "--json").stdout)

    def daemon(self):
        path = f"{self.directory}/notify"
        if os.path.exists(path):
            os.unlink(path)
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(path)
        notify.settimeout(30)
        process = subprocess.Popen(
            [BINARY, "daemon", "--config", f"{self.directory}/exportd.json"], stderr=subprocess.PIPE,
            env={**os.environ, "NOTIFY_SOCKET": path})
        while b"READY=1" not in notify.recv(4096):
            pass
        return process, notify

    def wait_until_done(self, name, seconds=60):
        end = time.time() + seconds
        while time.time() < end:
            runs = self.status(name)["runs"]
            if runs and all(run["state"] == "DONE" for run in runs):
                return runs
            time.sleep(0.2)
        raise AssertionError(f"{name} is not done: {self.status(name)}")

    def manifests(self, request):
        return [json.load(open(path)) for path in sorted(glob.glob(f"{self.directory}/exports/{request}-*-manifest.json"))]


def held_against_source(place, request):
    """Every row of the windows once, in files that are what their manifest says."""
    delivered = collections.Counter()
    windows = []
    names = set()
    for manifest in place.manifests(request):
        windows.append((manifest["window"]["from"], manifest["window"]["to"]))
        rows = 0
        for file in manifest["files"]:
            names.add(file["name"])
            stored = open(f"{place.directory}/exports/{file['name']}", "rb").read()
            assert len(stored) == file["bytes"] and hashlib.sha256(stored).hexdigest() == file["sha256"], file
            text = gzip.decompress(stored) if file["name"].endswith(".gz") else stored
            lines = text.decode().split("\n")
            assert lines[-1] == "" and json.loads(lines[0]) == file["eventName"]
            assert len(lines) - 2 == file["rows"]
            rows += file["rows"]
            for line in lines[1:-1]:
                event = json.loads(line)
                assert str(event["ts"])[:8] == file["date"].replace("-", "")
                delivered[
                    file["databaseId"], file["eventName"], event["ts"], event["profile"]["objectId"],
                    event["profile"]["identity"], json.dumps(event["eventProps"])] += 1
        assert rows == manifest["rows"]
        names.add(f"{request}-{manifest['runTimestamp']}-manifest.json")
    windows.sort()
    assert all(a[1] == b[0] for a, b in zip(windows, windows[1:])), windows
    span = [int(datetime.datetime.fromisoformat(t.replace("Z", "+00:00")).timestamp() * 1000)
            for t in (windows[0][0], windows[-1][1])]
    expected = collections.Counter()
    for shard in range(2):
        db = sqlite3.connect(f"{place.directory}/shard{shard}.db")
        for name, ts, person, identity, email, properties in db.execute(
                "SELECT name, ts, e.object_id, identity, email, e.properties FROM events e"
                " JOIN profiles p ON p.object_id = e.object_id WHERE ts >= ? AND ts < ?", span):
            local = int(time.strftime("%Y%m%d%H%M%S", time.gmtime(ts // 1000)))
            expected[str(shard), name, local, person, identity or email, json.dumps(json.loads(properties))] += 1
    assert delivered == expected, (sum(delivered.values()), sum(expected.values()))
    there = {os.path.basename(path) for path in glob.glob(f"{place.directory}/exports/{request}-*")}
    assert there == names, there ^ names
    assert not [name for name in os.listdir(f"{place.directory}/exports") if name.startswith(".")]
    return sum(delivered.values())


def test_the_daemon_delivers_every_row_once():
    place = Place()
    daemon, _ = place.daemon()
    runs = place.wait_until_done("all-events")
    assert len(runs) >= 8
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(30) == 0
    status = place.status()
    assert status["daemon"]["running"] is False
    assert held_against_source(place, status["exports"][0]["requestId"]) > 10000


def test_killed_again_and_again_it_still_delivers_every_row_once():
    place = Place(events=200000)
    for pause in (0.3, 0.5, 0.8, 0.4):
        daemon, _ = place.daemon()
        time.sleep(pause)
        daemon.kill()
        daemon.wait()
    daemon, _ = place.daemon()
    place.wait_until_done("all-events", 120)
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(30) == 0
    held_against_source(place, place.status()["exports"][0]["requestId"])


def test_created_exports_run_in_the_foreground_without_a_daemon():
    place = Place()
    for name in os.listdir(f"{place.directory}/exports.d"):
        os.unlink(f"{place.directory}/exports.d/{name}")
    start = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=2)
    request = int(place.exportd(
        "create", "daily", "--source", "main", "--destination", "local", "--events", "all", "--every", "24",
        "--from", str(start), "--format", "json").stdout)
    place.exportd("run", "daily")
    assert len(place.manifests(request)) == 2
    assert held_against_source(place, request) > 5000
    assert "nothing is due" in place.exportd("run", "daily").stdout


def test_a_second_daemon_is_refused_and_told_of_the_first():
    place = Place(events=100)
    daemon, _ = place.daemon()
    second = place.exportd("daemon", code=75)
    assert str(daemon.pid) in second.stderr
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(30) == 0


def test_reload_takes_a_configuration_whole_or_not_at_all():
    place = Place(events=100)
    daemon, notify = place.daemon()
    with open(f"{place.directory}/exports.d/broken.json", "w") as file:
        file.write('{"source": "man"}')
    refused = place.exportd("reload", code=78)
    assert 'did you mean "main"' in refused.stderr, refused.stderr
    seen = []
    while not any(b"RELOADING=1" in message for message in seen):
        seen.append(notify.recv(4096))
    assert b"MONOTONIC_USEC=" in seen[-1]
    while not any(message.startswith(b"READY=1") for message in seen):
        seen.append(notify.recv(4096))
    os.unlink(f"{place.directory}/exports.d/broken.json")
    os.unlink(f"{place.directory}/exports.d/charged-yesterday.json")
    place.exportd("reload")
    states = {export["name"]: export["state"] for export in place.status()["exports"]}
    assert states["charged-yesterday"] in ("STOPPED", "DONE"), states
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(30) == 0


def test_check_names_every_mistake_at_its_place():
    place = Place(events=100)
    place.exportd("check")
    with open(f"{place.directory}/exports.d/wrong.json", "w") as file:
        file.write('{\n  "source": "main",\n  "destintion": "local",\n  "data": {"events": "all"},\n'
                   '  "frequency": {"everyHours": 3},\n  "format": "jsn"\n}\n')
    answer = json.loads(place.exportd("check", "--json", code=78).stdout)
    assert answer["ok"] is False
    places = {(error["line"], error["path"]) for error in answer["errors"]}
    assert {line for line, _ in places} >= {3, 5, 6}, answer


def test_stop_and_start():
    place = Place(events=100)
    daemon, _ = place.daemon()
    place.wait_until_done("all-events")
    place.exportd("stop", "all-events")
    assert place.status("all-events")["export"]["state"] == "STOPPED"
    place.exportd("start", "all-events")
    assert place.status("all-events")["export"]["state"] == "PENDING"
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(30) == 0


if __name__ == "__main__":
    passed, failed = 0, 0
    for name, test in sorted((n, t) for n, t in globals().items() if n.startswith("test_")):
        began = time.time()
        try:
            test()
            passed += 1
            print(f"passed  {name} ({time.time() - began:.1f} s)", flush=True)
        except Exception as problem:  # every test is run, each failure told
            failed += 1
            print(f"FAILED  {name}: {type(problem).__name__}: {str(problem)[:2000]}", flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
