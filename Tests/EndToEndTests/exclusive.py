"""A one-time profile export never runs beside a recurring one of its source: so say commands, files, the database."""
import concurrent.futures
import os
import signal
import sqlite3
import subprocess
import time

import people
from people import People

RECURRING = {"everyHours": 4}
NOW = {"once": "now"}


def fill(place, profiles=20):
    shard = People(place)
    shard.fill(profiles, people.now())
    people.configure(place)
    return shard


def block(place):
    """Nothing can be delivered: a run that is under way stays so."""
    if os.path.exists(place.destination):
        os.rename(place.destination, place.destination + ".away")
    with open(place.destination, "w"):
        pass


def unblock(place):
    os.unlink(place.destination)
    if os.path.exists(place.destination + ".away"):
        os.rename(place.destination + ".away", place.destination)


def state(place, name):
    return place.status(name)["export"]["state"]


def wait_for_state(place, name, wanted, seconds=30):
    place.wait_for(f"{name} is {wanted}", seconds, lambda: state(place, name) == wanted)


def wait_until_tried(place, name):
    """The run of a blocked export has been admitted and has failed once."""
    place.wait_for(f"{name} has been tried", 30, lambda: any(
        run["attempt"] and run["error"] for run in place.status(name)["runs"]))


def test_create_and_run_are_refused_beside_a_recurring_export(place):
    fill(place)
    people.create(place, "daily", RECURRING)
    for daemon in (None, place.daemon()):
        told = people.create(place, "snapshot", NOW, code=75)
        assert "recurring profile export daily of source main" in told, told
        assert "`exportd stop daily`" in told and "--stop-recurring" in told, told
        if daemon is None:
            continue
        place.wait_until_done("daily")
        # A file is no error for it: it waits and says why.
        people.define(place, "snapshot", NOW)
        place.exportd("check")
        place.exportd("reload")
        place.wait_for("it says why it waits", 20, lambda: place.status("snapshot")["runs"]
                       and place.status("snapshot")["runs"][0]["reason"])
        told = place.status("snapshot")
        assert told["export"]["state"] == "PENDING" and told["runs"][0]["state"] == "PENDING", told
        assert "`exportd stop daily`" in told["runs"][0]["reason"], told
        assert "`exportd stop daily`" in place.exportd("plan", "snapshot").stdout
        refused = place.exportd("run", "snapshot", "--wait", code=75)
        assert refused.stderr.startswith("exportd: snapshot: waits while"), refused.stderr
        assert "daily" in refused.stderr and "`exportd stop daily`" in refused.stderr, refused.stderr
        place.exportd("stop", "daily")
        place.wait_until_done("snapshot")
        place.exportd("start", "daily")
        daemon.end()
    # With the daemon down the same is said.
    people.define(place, "another", NOW)
    daemon = place.daemon()
    place.wait_for("its run is planned", 30, lambda: place.status("another")["runs"])
    daemon.end()
    assert "daily" in place.exportd("run", "another", code=75).stderr


def test_of_files_the_recurring_ones_come_first(place):
    shard = fill(place)
    people.define(place, "a-snapshot", NOW)
    people.define(place, "z-daily", RECURRING)
    daemon = place.daemon()
    place.wait_until_done("z-daily")
    place.wait_for("it says why it waits", 20, lambda: "`exportd stop z-daily`" in str(
        place.status("a-snapshot")["runs"][0]["reason"]))
    # Its file gone, the recurring one is stopped.
    os.unlink(f"{place.directory}/exports.d/z-daily.json")
    place.exportd("reload")
    place.wait_until_done("a-snapshot")
    daemon.end()
    assert people.delivered(place, place.request("a-snapshot"))[0].of() == shard.records()


def test_stop_recurring_stops_it_and_resume_recurring_starts_it_again(place):
    shard = fill(place)
    first = people.create(place, "daily", RECURRING)
    people.create(place, "second", RECURRING)
    people.create(place, "stopped", RECURRING)
    place.exportd("stop", "stopped")
    daemon = place.daemon()
    place.wait_until_done("daily")
    place.wait_until_done("second")
    shard.put("p3", people.now(), identity="changed")
    block(place)
    people.create(place, "snapshot", NOW, stopRecurring=True, resumeRecurring=True)
    wait_until_tried(place, "snapshot")
    for name in ("daily", "second"):
        told = place.status(name)["export"]
        assert told["state"] == "STOPPED" and "snapshot" in told["reason"], told
    # Who stops it meanwhile means it.
    place.exportd("stop", "second")
    # Nothing recurring begins beside it.
    told = place.exportd("start", "stopped", code=75).stderr
    assert "one-time profile export snapshot" in told, told
    assert "snapshot" in people.create(place, "third", RECURRING, code=75)
    # A file is no error for it: its export begins when the other has ended.
    people.define(place, "of-a-file", RECURRING)
    place.exportd("reload")
    told = place.status("of-a-file")["export"]
    assert told["state"] == "PENDING" and told["nextRunAt"] is None and "snapshot" in told["reason"], told
    daemon.kill()
    unblock(place)
    daemon = place.daemon()
    place.wait_until_done("snapshot")
    wait_for_state(place, "daily", "PENDING")
    place.wait_until_done("of-a-file")
    assert state(place, "second") == "STOPPED" and state(place, "stopped") == "STOPPED"
    daemon.end()
    # Its next delta begins at its own last success.
    place.exportd("run", "daily", launcher=people.ahead(place, 5))
    runs = people.delivered(place, first)
    assert [len(held.records) for held in runs] == [20, 1], runs
    assert people.delivered(place, place.request("snapshot"))[0].of() == shard.records()


def test_without_resume_it_stays_stopped_and_by_flags_it_is_the_same(place):
    fill(place)
    people.create(place, "daily", RECURRING)
    place.exportd("create", "snapshot", "--source", "main", "--destination", "local", "--profiles", "--once", "now",
                  "--format", "json", "--stop-recurring", "--wait")
    told = place.status("daily")["export"]
    assert told["state"] == "STOPPED" and "snapshot" in told["reason"], told
    place.exportd("start", "daily")
    assert state(place, "daily") == "PENDING"


def test_its_run_in_flight_has_ended_before_the_one_time_run_begins(place):
    shard = fill(place)
    shard.fill(20000, people.now())
    people.define(place, "daily", RECURRING, maxFileBytes=2_000)
    daemon, request = people.held_in_mid_run(place, "daily")
    people.create(place, "snapshot", NOW, stopRecurring=True, resumeRecurring=True)
    shard.db.execute("DELETE FROM profiles WHERE CAST(substr(object_id, 2) AS INTEGER) >= 100")
    os.kill(daemon.pid, signal.SIGCONT)
    place.wait_until_done("snapshot")
    place.wait_until_done("daily")
    daemon.end()
    daily, snapshot = place.status("daily")["runs"][0], place.status("snapshot")["runs"][0]
    # Stopped in mid-run, and begun again when the one-time run was over; or it went to its end before it heard of it.
    assert daily["startedAt"] >= snapshot["finishedAt"] or daily["finishedAt"] <= snapshot["startedAt"], (
        daily, snapshot)
    assert len(people.delivered(place, request)) == 1
    assert people.delivered(place, request)[0].of() == shard.records()


def test_of_two_processes_that_race_only_one_gets_through(place):
    fill(place)
    people.create(place, "daily", RECURRING)
    place.exportd("stop", "daily")
    block(place)
    outcomes = {}
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        for number in range(6):
            name = f"snapshot-{number}"
            people.create(place, name, NOW)

            # Now the one begins a little later and now the other, so that both come first sometimes.
            codes = tuple(threads.map(
                lambda command: exit_code(place, *command),
                [("run", name, (5 - number) * 0.02), ("start", "daily", number * 0.02)]))
            # Admitted, and kept from ending by the destination: 1. Refused by the rule: 75.
            assert codes in ((1, 75), (75, 0)), codes
            outcomes[codes] = outcomes.get(codes, 0) + 1
            for stopped in ("daily", name):
                place.exportd("stop", stopped)
    return str(outcomes)


def exit_code(place, command, name, pause):
    time.sleep(pause)
    return subprocess.run([place.binary, command, name, "--config", place.configuration], capture_output=True,
                          timeout=120).returncode


def refused(place, sql, *values):
    """What the database says to somebody who knows nothing of the code."""
    db = sqlite3.connect(f"{place.directory}/state/exportd.db", isolation_level=None, timeout=30)
    try:
        db.execute(sql, values)
    except sqlite3.IntegrityError as problem:
        return str(problem)
    finally:
        db.close()
    raise AssertionError(f"was taken: {sql}")


def test_the_database_refuses_who_writes_past_the_commands(place):
    fill(place)
    daily = people.create(place, "daily", RECURRING)
    people.define(place, "snapshot", NOW)
    daemon = place.daemon()
    place.wait_for("its run is planned", 30, lambda: place.status("snapshot")["runs"])
    daemon.end()
    once = place.status("snapshot")["runs"][0]["id"]
    active = "a recurring profile export of the source is active"
    assert refused(place, "UPDATE run SET admitted_at = 1 WHERE id = ?", once) == active
    begin = ("UPDATE run SET state = 'RUNNING', boot_id = 'x', attempt = attempt + 1,"
             " run_timestamp = coalesce(run_timestamp, 1)")
    assert "begins when it is admitted" in refused(place, f"{begin} WHERE id = ?", once)
    assert refused(place, f"{begin}, admitted_at = 1 WHERE id = ?", once) == active

    place.exportd("stop", "daily")
    block(place)
    place.exportd("run", "snapshot", code=1)
    running = "a one-time profile export of the source is running"
    assert refused(place, "UPDATE export SET stopped_by = NULL WHERE id = ?", daily) == running
    assert refused(
        place, "INSERT INTO export (id, name, origin, data_type, revision, created_at, source, is_recurring)"
        " VALUES (5, 'sly', 'command', 'profiles', 1, 5, 'main', 1)") == running
    assert refused(place, "UPDATE export SET source = 'other' WHERE name = 'snapshot'") == (
        "an admitted run keeps its source")
