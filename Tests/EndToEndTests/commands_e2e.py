"""Tests of the commands with the built binary: what they say is held against what is there and what happens.

Usage: commands_e2e.py BINARY [NAME…]
"""
import collections
import contextlib
import datetime
import glob
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sample  # noqa: E402

BINARY = os.path.abspath(sys.argv[1])


def exportd(*arguments, code=0, environment=None, text=None):
    done = subprocess.run(
        [BINARY, *arguments], capture_output=True, text=True, timeout=120, input=text,
        env={**os.environ, **(environment or {})})
    assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
    return done


class Place:
    def __init__(self, events=5000):
        self.holder = tempfile.TemporaryDirectory(prefix="exportd-commands-")
        self.directory = self.holder.name
        self.config = f"{self.directory}/exportd.json"
        sample.make(self.directory, events)

    def exportd(self, *arguments, **options):
        return exportd(*arguments, "--config", self.config, **options)

    def json(self, *arguments, **options):
        return json.loads(self.exportd(*arguments, "--json", **options).stdout)

    @contextlib.contextmanager
    def daemon(self, environment=None):
        path = f"{self.directory}/notify"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(path)
        notify.settimeout(30)
        process = subprocess.Popen(
            [BINARY, "daemon", "--config", self.config], stderr=subprocess.DEVNULL,
            env={**os.environ, "NOTIFY_SOCKET": path, **(environment or {})})
        try:
            while b"READY=1" not in notify.recv(4096):
                pass
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
            notify.close()

    def wait_until_done(self, name, seconds=60):
        end = time.time() + seconds
        while time.time() < end:
            runs = self.json("status", name)["runs"]
            if runs and all(run["state"] == "DONE" for run in runs):
                return runs
            time.sleep(0.2)
        raise AssertionError(f"{name} is not done: {self.json('status', name)}")

    def definition(self, name, change=None):
        path = f"{self.directory}/exports.d/{name}.json"
        with open(path) as file:
            definition = json.load(file)
        if change:
            definition.update(change)
            with open(path, "w") as file:
                json.dump(definition, file)
        return definition

    def configuration(self, change):
        with open(self.config) as file:
            configuration = json.load(file)
        change(configuration)
        with open(self.config, "w") as file:
            json.dump(configuration, file)

    def shard(self, number=0):
        return contextlib.closing(sqlite3.connect(f"{self.directory}/shard{number}.db", isolation_level=None))

    def state(self):
        """Every row of the state database."""
        with contextlib.closing(sqlite3.connect(f"{self.directory}/state/exportd.db")) as db:
            return list(db.iterdump())

    def manifests(self, request):
        paths = sorted(glob.glob(f"{self.directory}/exports/{request}-*-manifest.json"))
        return [json.load(open(path)) for path in paths]


def add_event(db, name, when, properties="{}"):
    db.execute(
        "INSERT INTO events (name, ts, object_id, platform, properties) VALUES (?, ?, 'p0-1', 'Web', ?)",
        (name, int(when * 1000), properties))


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


# What a run will do, and what it did

def held_against_manifests(plan, manifests):
    """Windows, names and counts of a plan are those of the manifests that followed."""
    assert len(plan["runs"]) == len(manifests) > 0
    by_window = {(m["window"]["from"], m["window"]["to"]): m for m in manifests}
    for run in plan["runs"]:
        manifest = by_window[run["window"]["from"], run["window"]["to"]]

        def known(name):
            return name.replace("<run timestamp>", str(manifest["runTimestamp"]))
        files = [file for file in manifest["files"] if file["kind"] == "data"]
        made = collections.Counter()
        for file in files:
            made[file["databaseId"], file["eventName"], file["date"]] += file["rows"]
        planned = {(s["databaseId"], s["eventName"], s["date"]): s["rows"] for s in run["series"]}
        assert planned == dict(made), (planned, made)
        assert {known(s["firstFile"]) for s in run["series"]} == {f["name"] for f in files if f["index"] == 0}
        assert run["rows"] == manifest["rows"] == sum(planned.values())
        assert known(run["manifest"]) == f"{manifest['requestId']}-{manifest['runTimestamp']}-manifest.json"


def test_plan_tells_what_the_runs_then_do_and_changes_nothing():
    place = Place()
    place.exportd("check")
    with place.daemon():
        place.wait_until_done("all-events")
    request = int(place.exportd(
        "create", "daily", "--source", "main", "--destination", "local", "--events", "all", "--every", "24", "--from",
        str(datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=2)), "--format", "json"
    ).stdout)
    before = place.state(), sorted(os.listdir(f"{place.directory}/exports"))
    plan = place.json("plan", "daily")
    text = place.exportd("plan", "daily").stdout
    assert (place.state(), sorted(os.listdir(f"{place.directory}/exports"))) == before
    assert plan["due"] is True and plan["requestId"] == request
    assert "2 runs would happen now" in text and f"{request}-<run timestamp>-Charged-" in text, text
    assert all(run["runTimestamp"] is None and run["id"] is None for run in plan["runs"])
    place.exportd("run", "daily")
    held_against_manifests(plan, place.manifests(request))
    # Nothing is due now: the next window is told instead.
    after = place.json("plan", "daily")
    assert after["due"] is False and len(after["runs"]) == 1
    assert "nothing is due" in place.exportd("plan", "daily").stdout


def test_plan_tells_late_rows_apart_and_what_a_run_that_has_begun_is_bound_to():
    place = Place()
    request = place.json("status")["exports"] or None
    assert request is None
    request = int(place.exportd(
        "create", "often", "--source", "main", "--destination", "local", "--events", "Charged", "--every", "4",
        "--from", str(datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=1)), "--format",
        "json").stdout)
    place.exportd("run", "often")
    done = place.manifests(request)
    late = seconds(done[0]["window"]["from"]) + 60
    with place.shard() as db:
        for _ in range(3):
            add_event(db, "Charged", late)
        add_event(db, "Search", late)
    # A window that is not done yet: a one-time export shows it, a recurring one owes it with its late rows.
    plan = place.json("plan", "often")
    assert plan["due"] is False
    assert plan["runs"][0]["lateRows"] == 3, plan
    assert [s["lateRows"] for s in plan["runs"][0]["series"] if s["date"] == done[0]["window"]["from"][:10]] == [3]

    # A run whose first attempt fails keeps its timestamp and its cut.
    day = str(datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=1))
    shutil.move(f"{place.directory}/exports", f"{place.directory}/away")
    open(f"{place.directory}/exports", "w").close()
    once = int(place.exportd(
        "create", "once", "--source", "main", "--destination", "local", "--events", "all", "--once", day, "--format",
        "json").stdout)
    place.exportd("run", "once", code=1)
    with place.shard() as db:
        add_event(db, "After the cut", seconds(day + "T12:00:00+00:00"))
    plan = place.json("plan", "once")
    run = plan["runs"][0]
    assert run["state"] == "PENDING" and run["runTimestamp"] is not None and run["id"] is not None
    assert all(s["firstFile"].startswith(f"{once}-{run['runTimestamp']}-") for s in run["series"])
    assert "After the cut" not in {s["eventName"] for s in run["series"]}
    os.unlink(f"{place.directory}/exports")
    shutil.move(f"{place.directory}/away", f"{place.directory}/exports")
    place.exportd("run", "once")
    held_against_manifests(plan, place.manifests(once))


def test_plan_works_beside_the_daemon_and_says_what_keeps_a_run_from_going():
    place = Place()
    with place.daemon():
        place.wait_until_done("all-events")
        assert place.json("plan", "all-events")["due"] is False
        assert place.json("plan", "charged-yesterday") == {
            **place.json("plan", "charged-yesterday"), "due": False, "runs": []}
    with place.shard() as db:
        db.execute("DELETE FROM events")
    refused = place.exportd("plan", "all-events", code=1)
    assert "replaced" in refused.stderr and "--rebase" in refused.stderr, refused.stderr
    assert "there are: all-events" in place.exportd("plan", "nothing", code=1).stderr


# What lies there, and what should

def test_verify_finds_runs_sound_with_the_daemon_up_and_down():
    place = Place()
    with place.daemon():
        place.wait_until_done("all-events")
        place.wait_until_done("charged-yesterday")
        answer = place.json("verify", "all-events")
        assert answer["ok"] is True and len(answer["runs"]) >= 8, answer
        assert sum(run["rows"] for run in answer["runs"]) > 2500
    assert place.json("verify", "all-events") == answer
    assert "sound" in place.exportd("verify", "charged-yesterday").stdout
    one = place.json("verify", "all-events", "--run", str(answer["runs"][3]["id"]))
    assert one["runs"] == [answer["runs"][3]]


def test_verify_fails_and_names_what_is_missing_damaged_or_too_much():
    place = Place()
    with place.daemon():
        place.wait_until_done("all-events")
        runs = [run for run in place.json("status", "all-events")["runs"] if run["files"] > 3]
        files = place.json("status", "all-events", "--run", str(runs[0]["id"]))["fileList"]
        exports = f"{place.directory}/exports"
        os.unlink(f"{exports}/{files[0]['name']}")
        with open(f"{exports}/{files[1]['name']}", "r+b") as file:
            file.seek(20)
            file.write(b"#")
        stray = files[2]["name"].replace("-0-", "-7-")
        shutil.copy(f"{exports}/{files[2]['name']}", f"{exports}/{stray}")
        up = place.json("verify", "all-events", code=1)
    down = place.json("verify", "all-events", code=1)
    for answer in up, down:
        found = {(f["kind"], f["object"]) for run in answer["runs"] for f in run["findings"]}
        assert found == {("file", files[0]["name"]), ("file", files[1]["name"]), ("stray", stray)}, found
        assert [run["id"] for run in answer["runs"] if not run["ok"]] == [runs[0]["id"]]
    text = place.exportd("verify", "all-events", code=1).stdout
    assert files[0]["name"] in text and "is not there" in text and "--once" in text, text


def test_verify_tells_rows_that_the_source_has_lost():
    place = Place()
    place.exportd("check")
    with place.daemon():
        place.wait_until_done("charged-yesterday")
    with place.shard(1) as db:
        # Not the newest row: that would be a source that was replaced.
        day = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=1)
        begin = seconds(f"{day}T00:00:00+00:00") * 1000
        db.execute("DELETE FROM events WHERE id = (SELECT min(id) FROM events WHERE name = 'Charged' AND ts >= ?"
                   " AND ts < ?)", (begin, begin + 86400000))
    answer = place.json("verify", "charged-yesterday", code=1)
    findings = answer["runs"][0]["findings"]
    assert [f["kind"] for f in findings] == ["source"] and "database 1, Charged" in findings[0]["object"], findings
    place.exportd("verify", "charged-yesterday", "--skip-source")


def test_verify_holds_up_neither_the_loop_nor_the_end_of_the_daemon():
    place = Place(events=500)
    with place.daemon() as daemon:
        place.wait_until_done("all-events")
        run = place.json("status", "all-events")["runs"][-1]
        file = place.json("status", "all-events", "--run", str(run["id"]))["fileList"][0]["name"]
        # Reading it back takes minutes.
        os.truncate(f"{place.directory}/exports/{file}", 100 << 30)
        verify = subprocess.Popen(
            [BINARY, "verify", "all-events", "--config", place.config], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        time.sleep(2)
        began = time.time()
        place.exportd("run", "charged-yesterday", "--wait")
        assert time.time() - began < 10 and verify.poll() is None
        daemon.send_signal(signal.SIGTERM)
        began = time.time()
        assert daemon.wait(20) == 0
        assert time.time() - began < 10
        _, errors = verify.communicate(timeout=20)
        assert verify.returncode == 1 and "ask again" in errors, errors


def test_verify_answers_also_while_a_command_in_the_foreground_holds_the_directory():
    place = Place(events=500)
    with place.daemon():
        place.wait_until_done("charged-yesterday")
    # A lock of the open file description, as the commands take it.
    holder = subprocess.Popen(
        [sys.executable, "-c",
         "import fcntl, struct, sys, time\n"
         "file = open(sys.argv[1], 'r+')\n"
         "fcntl.fcntl(file, 37, struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0))\n"
         "print('held', flush=True); time.sleep(60)", f"{place.directory}/state/exportd.lock"],
        stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == b"held\n"
        assert place.json("status")["daemon"]["running"] is True
        assert place.json("verify", "charged-yesterday")["ok"] is True
    finally:
        holder.kill()
        holder.wait()


def test_verify_asks_for_a_complete_run_of_the_export():
    place = Place(events=500)
    place.exportd("create", "later", "--source", "main", "--destination", "local", "--events", "all", "--every", "24",
                  "--format", "json")
    assert "no complete run yet" in place.exportd("verify", "later").stdout
    assert "has no run 99" in place.exportd("verify", "later", "--run", "99", code=1).stderr


# What is to be mended

def messages(answer, kind):
    return [(os.path.basename(entry["file"]), entry["message"]) for entry in answer[kind]]


def test_check_tries_out_destinations_with_the_daemon_up_and_down():
    place = Place(events=500)
    place.exportd("check")
    # Nothing has been made by a check alone, not even the state database.
    assert os.listdir(f"{place.directory}/state") == [] and not os.path.exists(f"{place.directory}/exports")
    assert "destination local: an object was written, read and deleted" in place.exportd(
        "check", "--destinations").stdout
    assert os.listdir(f"{place.directory}/exports") == []
    with place.daemon():
        place.wait_until_done("all-events")
        place.wait_until_done("charged-yesterday")
        before = sorted(os.listdir(f"{place.directory}/exports"))
        assert "destination local: an object was written" in place.exportd("check", "--destinations").stdout
        assert sorted(os.listdir(f"{place.directory}/exports")) == before
        with contextlib.closing(sqlite3.connect(f"{place.directory}/state/exportd.db")) as db:
            wishes = db.execute("SELECT wish, succeeded FROM wish").fetchall()
        assert wishes == [('{"probe":{}}', 1)], wishes
        # What the files name now is tried out, before it is taken.
        open(f"{place.directory}/in-the-way", "w").close()
        place.configuration(lambda c: c["destinations"].update(lake={"type": "directory", "path": "in-the-way"}))
        place.exportd("check", "--destinations")  # nobody uses it
        place.definition("charged-yesterday")
        shutil.copy(f"{place.directory}/exports.d/all-events.json", f"{place.directory}/exports.d/to-lake.json")
        place.definition("to-lake", {"destination": "lake"})
        up = place.json("check", "--destinations", code=78)
    down = place.json("check", "--destinations", code=78)
    for answer in up, down:
        assert answer["ok"] is False and len(answer["errors"]) == 1, answer
        assert "destination lake" in answer["errors"][0]["message"] and "in-the-way" in answer["errors"][0]["message"]
    place.exportd("check")


def test_check_says_what_a_reload_would_not_take():
    place = Place(events=500)
    with place.daemon():
        place.wait_until_done("all-events")
        place.wait_until_done("charged-yesterday")
    assert place.json("check") == {"ok": True, "errors": [], "warnings": []}
    place.definition("charged-yesterday", {"format": "json", "compression": "none"})
    today = str(datetime.datetime.now(datetime.timezone.utc).date())
    place.definition("all-events", {"frequency": {"everyHours": 6, "from": today}})
    answer = place.json("check")
    assert answer["ok"] is True
    warnings = messages(answer, "warnings")
    assert len(warnings) == 2, warnings
    assert any(file == "all-events.json" and "`from` is final" in text for file, text in warnings), warnings
    assert any(file == "charged-yesterday.json" and "one-time" in text for file, text in warnings), warnings

    # A name that a command has taken, a date too far back at its place, and a destination that is still used.
    place.exportd("create", "mine", "--source", "main", "--destination", "local", "--events", "all", "--every", "24",
                  "--format", "json")
    shutil.copy(f"{place.directory}/exports.d/all-events.json", f"{place.directory}/exports.d/mine.json")
    with open(f"{place.directory}/exports.d/old.json", "w") as file:
        file.write('{"source": "main", "destination": "local", "data": {"events": "all"}, "format": "json",\n'
                   ' "frequency": {"everyHours": 6, "from": "2020-01-01"}}\n')
    answer = place.json("check", code=78)
    errors = messages(answer, "errors")
    assert any(file == "mine.json" and "created by a command" in text for file, text in errors), errors
    old = [e for e in answer["errors"] if e["file"].endswith("old.json")]
    assert len(old) == 1 and (old[0]["line"], old[0]["path"]) == (2, "$.frequency.from"), answer
    for name in "mine", "old":
        os.unlink(f"{place.directory}/exports.d/{name}.json")
    place.configuration(lambda c: c["destinations"].update(other=c["destinations"].pop("local")))
    for name in "all-events", "charged-yesterday":
        place.definition(name, {"destination": "other"})
    answer = place.json("check", code=78)
    assert any("destination local is still used by the export mine" in text for _, text in messages(answer, "errors"))


def test_check_without_a_state_directory_still_checks_the_files():
    place = Place(events=500)
    shutil.rmtree(f"{place.directory}/state")
    place.exportd("check")
    assert not os.path.exists(f"{place.directory}/state")
    place.definition("all-events", {"frequency": {"everyHours": 6, "from": "2020-01-01"}})
    assert "60 days" in place.exportd("check", code=78).stderr
    if os.geteuid() == 0:
        # Nobody may not look into the state directory: what he may read is checked, and no dates are judged.
        os.makedirs(f"{place.directory}/state", mode=0o700)
        os.chmod(place.directory, 0o755)
        for end in "0.db", "1.db":
            os.chmod(f"{place.directory}/shard{end}", 0o644)
            with contextlib.closing(sqlite3.connect(f"{place.directory}/shard{end}")) as db:
                db.execute("PRAGMA journal_mode = DELETE")
        binary = f"{place.directory}/exportd"
        shutil.copy(BINARY, binary)
        done = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", binary, "check", "--config", place.config],
            capture_output=True, text=True)
        assert done.returncode == 0 and "was not looked at" in done.stdout, (done.stdout, done.stderr)
        done = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", binary, "status", "--config", place.config],
            capture_output=True, text=True)
        assert done.returncode == 77 and "usermod -aG" in done.stderr, (done.stdout, done.stderr)


if __name__ == "__main__":
    passed, failed = 0, 0
    chosen = sys.argv[2:]
    for name, test in sorted((n, t) for n, t in globals().items() if n.startswith("test_")):
        if chosen and not any(word in name for word in chosen):
            continue
        began = time.time()
        try:
            test()
            passed += 1
            print(f"passed  {name} ({time.time() - began:.1f} s)", flush=True)
        except Exception as problem:  # every test is run, each failure told
            failed += 1
            line = traceback.extract_tb(problem.__traceback__)[-1].lineno
            print(f"FAILED  {name}, line {line}: {type(problem).__name__}: {str(problem)[:2000]}", flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
