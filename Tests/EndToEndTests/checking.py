"""`exportd check`: everything that is to be mended, before it matters."""
import contextlib
import os
import shutil
import sqlite3
import subprocess

from place import days_ago


def messages(answer, kind):
    return [(os.path.basename(entry["file"]), entry["message"]) for entry in answer[kind]]


def test_check_tries_out_destinations_with_the_daemon_up_and_down(place):
    place.sample(events=500)
    place.exportd("check")
    # Nothing has been made by a check alone, not even the state database.
    assert os.listdir(f"{place.directory}/state") == [] and not os.path.exists(place.destination)
    assert "destination local: an object was written, read and deleted" in place.exportd(
        "check", "--destinations").stdout
    assert os.listdir(place.destination) == []
    with place.daemon():
        place.wait_until_done("all-events")
        place.wait_until_done("charged-yesterday")
        before = sorted(os.listdir(place.destination))
        assert "destination local: an object was written" in place.exportd("check", "--destinations").stdout
        assert sorted(os.listdir(place.destination)) == before
        with contextlib.closing(sqlite3.connect(f"{place.directory}/state/exportd.db")) as db:
            wishes = db.execute("SELECT wish, succeeded FROM wish").fetchall()
        assert wishes == [('{"probe":{}}', 1)], wishes
        # What the files name now is tried out, before it is taken.
        open(f"{place.directory}/in-the-way", "w").close()
        place.change_configuration(destinations={
            "local": {"type": "directory", "path": "exports"}, "lake": {"type": "directory", "path": "in-the-way"}})
        place.exportd("check", "--destinations")  # nobody uses it
        shutil.copy(f"{place.directory}/exports.d/all-events.json", f"{place.directory}/exports.d/to-lake.json")
        place.redefine("to-lake", destination="lake")
        up = place.answer("check", "--destinations", code=78)
    down = place.answer("check", "--destinations", code=78)
    for answer in up, down:
        assert answer["ok"] is False and len(answer["errors"]) == 1, answer
        assert "destination lake" in answer["errors"][0]["message"] and "in-the-way" in answer["errors"][0]["message"]
    place.exportd("check")


def test_check_says_what_a_reload_would_not_take(place):
    place.sample(events=500)
    with place.daemon():
        place.wait_until_done("all-events")
        place.wait_until_done("charged-yesterday")
    assert place.answer("check") == {"ok": True, "errors": [], "warnings": []}
    place.redefine("charged-yesterday", compression="none")
    place.redefine("all-events", frequency={"everyHours": 6, "from": days_ago(0)})
    answer = place.answer("check")
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
    answer = place.answer("check", code=78)
    errors = messages(answer, "errors")
    assert any(file == "mine.json" and "created by a command" in text for file, text in errors), errors
    old = [e for e in answer["errors"] if e["file"].endswith("old.json")]
    assert len(old) == 1 and (old[0]["line"], old[0]["path"]) == (2, "$.frequency.from"), answer
    for name in "mine", "old":
        os.unlink(f"{place.directory}/exports.d/{name}.json")
    place.change_configuration(destinations={"other": {"type": "directory", "path": "exports"}})
    for name in "all-events", "charged-yesterday":
        place.redefine(name, destination="other")
    answer = place.answer("check", code=78)
    assert any("destination local is still used by the export mine" in text for _, text in messages(answer, "errors"))


def test_check_without_a_state_directory_still_checks_the_files(place):
    place.sample(events=500)
    shutil.rmtree(f"{place.directory}/state")
    place.exportd("check")
    assert not os.path.exists(f"{place.directory}/state")
    place.redefine("all-events", frequency={"everyHours": 6, "from": "2020-01-01"})
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
        shutil.copy(place.binary, binary)
        done = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", binary, "check", "--config", place.configuration],
            capture_output=True, text=True)
        assert done.returncode == 0 and "was not looked at" in done.stdout, (done.stdout, done.stderr)
        done = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", binary, "status", "--config", place.configuration],
            capture_output=True, text=True)
        assert done.returncode == 77 and "usermod -aG" in done.stderr, (done.stdout, done.stderr)


def test_check_as_the_service_is_refused_where_no_systemd_runs(place):
    place.sample(events=5)
    if os.geteuid() != 0:
        return "not shown: only root may ask what the service reaches"
    # As on a machine whose first process is another: nothing under /run/systemd, in a mount namespace of its own.
    hidden = ["unshare", "--mount", "--propagation", "private", "sh", "-c",
              'mkdir -p /run/systemd && mount -t tmpfs none /run/systemd && exec "$@"', "sh"]
    told = subprocess.run([*hidden, place.binary, "check", "--as-service", "--config", place.configuration], capture_output=True, text=True)
    assert told.returncode == 1, (told.returncode, told.stderr)
    assert "systemd does not run here" in told.stderr and "`exportd check`" in told.stderr, told.stderr
    assert told.stdout == "" and "errno" not in told.stderr, told
    # Nothing else hangs on it.
    plain = subprocess.run([*hidden, place.binary, "check", "--config", place.configuration], capture_output=True, text=True)
    assert plain.returncode == 0 and "The configuration is sound" in plain.stdout, plain
