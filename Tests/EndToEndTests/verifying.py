"""`exportd verify`: what lies there held against what should."""
import os
import shutil
import subprocess
import sys
import time

from place import midnight


def test_verify_finds_runs_sound_with_the_daemon_up_and_down(place):
    place.sample(events=5000)
    with place.daemon():
        place.wait_until_done("all-events")
        place.wait_until_done("charged-yesterday")
        answer = place.answer("verify", "all-events")
        assert answer["ok"] is True and len(answer["runs"]) >= 8, answer
        assert sum(run["rows"] for run in answer["runs"]) > 2500
    assert place.answer("verify", "all-events") == answer
    assert "sound" in place.exportd("verify", "charged-yesterday").stdout
    one = place.answer("verify", "all-events", "--run", str(answer["runs"][3]["id"]))
    assert one["runs"] == [answer["runs"][3]]


def test_verify_fails_and_names_what_is_missing_damaged_or_too_much(place):
    place.sample(events=5000)
    with place.daemon():
        place.wait_until_done("all-events")
        runs = [run for run in place.status("all-events")["runs"] if run["files"] > 3]
        files = place.status("all-events", "--run", str(runs[0]["id"]))["fileList"]
        os.unlink(f"{place.destination}/{files[0]['name']}")
        with open(f"{place.destination}/{files[1]['name']}", "r+b") as file:
            file.seek(20)
            file.write(b"#")
        stray = files[2]["name"].replace("-0-", "-7-")
        shutil.copy(f"{place.destination}/{files[2]['name']}", f"{place.destination}/{stray}")
        up = place.answer("verify", "all-events", code=1)
    down = place.answer("verify", "all-events", code=1)
    for answer in up, down:
        found = {(f["kind"], f["object"]) for run in answer["runs"] for f in run["findings"]}
        assert found == {("file", files[0]["name"]), ("file", files[1]["name"]), ("stray", stray)}, found
        assert [run["id"] for run in answer["runs"] if not run["ok"]] == [runs[0]["id"]]
    text = place.exportd("verify", "all-events", code=1).stdout
    assert files[0]["name"] in text and "is not there" in text and "--once" in text, text


def test_verify_tells_rows_that_the_source_has_lost(place):
    place.sample(events=5000)
    place.exportd("check")
    with place.daemon():
        place.wait_until_done("charged-yesterday")
    with place.rows("1") as db:
        # Not the newest row: that would be a source that was replaced.
        begin = midnight(1)
        db.execute("DELETE FROM events WHERE id = (SELECT min(id) FROM events WHERE name = 'Charged' AND ts >= ?"
                   " AND ts < ?)", (begin, begin + 86400000))
    answer = place.answer("verify", "charged-yesterday", code=1)
    findings = answer["runs"][0]["findings"]
    assert [f["kind"] for f in findings] == ["source"] and "database 1, Charged" in findings[0]["object"], findings
    place.exportd("verify", "charged-yesterday", "--skip-source")


def test_verify_holds_up_neither_the_loop_nor_the_end_of_the_daemon(place):
    place.sample(events=500)
    with place.daemon() as daemon:
        place.wait_until_done("all-events")
        run = place.status("all-events")["runs"][-1]
        file = place.status("all-events", "--run", str(run["id"]))["fileList"][0]["name"]
        # Reading it back takes minutes.
        os.truncate(f"{place.destination}/{file}", 100 << 30)
        verify = subprocess.Popen(
            [place.binary, "verify", "all-events", "--config", place.configuration], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        time.sleep(2)
        began = time.time()
        place.exportd("run", "charged-yesterday", "--wait")
        assert time.time() - began < 10 and verify.poll() is None
        assert daemon.end() < 10
        _, errors = verify.communicate(timeout=20)
        assert verify.returncode == 1 and "ask again" in errors, errors


def test_verify_answers_also_while_a_command_in_the_foreground_holds_the_directory(place):
    place.sample(events=500)
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
        assert place.status()["daemon"]["running"] is True
        assert place.answer("verify", "charged-yesterday")["ok"] is True
    finally:
        holder.kill()
        holder.wait()


def test_verify_asks_for_a_complete_run_of_the_export(place):
    place.sample(events=500)
    place.exportd("create", "later", "--source", "main", "--destination", "local", "--events", "all", "--every", "24",
                  "--format", "json")
    assert "no complete run yet" in place.exportd("verify", "later").stdout
    assert "has no run 99" in place.exportd("verify", "later", "--run", "99", code=1).stderr
