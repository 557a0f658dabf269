"""Ends of all kinds in the middle of a run, after which every row is there once."""
import time

# Small files, so that a run of one window is long and has many places to be ended at.
LARGEST = 20_000


def in_mid_run(machine):
    """Waits until some files of a long run have been delivered."""
    machine.application(rows=60_000)
    machine.may_read()
    machine.configure()
    machine.define("all-events", maxFileBytes=LARGEST)
    machine.start()
    some_files(machine)


def some_files(machine):
    before = machine.files
    machine.wait_for("files are delivered", 30, lambda: machine.files > before + 20, pause=0.01)


def all_there(machine):
    machine.wait_until_done("all-events", 60, 8)
    return machine.held_against_source("all-events", max_file_bytes=LARGEST)


def test_killed_in_mid_run_it_is_restarted_and_goes_on(machine):
    in_mid_run(machine)
    machine.drop_in("RestartSec=100ms")
    pid = machine.pid
    machine.run("systemctl", "kill", "--signal", "KILL", "exportd")
    machine.wait_for("systemd has restarted it", 20, lambda: machine.shown("NRestarts") == "1")
    machine.wait_for("it is ready", 20, lambda: machine.shown("ActiveState") == "active")
    assert machine.pid not in ("0", pid)
    rows = all_there(machine)
    assert "interrupted" in machine.journal(), machine.journal()
    return f"{rows} rows"


def test_stopped_in_mid_run_it_ends_at_once_and_goes_on_when_started(machine):
    in_mid_run(machine)
    began = time.monotonic()
    machine.run("systemctl", "stop", "exportd", timeout=60)
    seconds = time.monotonic() - began
    assert seconds < 20, f"it took {seconds:.0f} s"
    assert machine.shown("Result") == "success", machine.shown("Result")
    status = machine.status("all-events")
    states = {run["state"] for run in status["runs"]}
    assert "PENDING" in states and "RUNNING" not in states, status
    before = machine.files
    machine.start()
    rows = all_there(machine)
    return f"ended within {seconds:.1f} s after {before} files; {rows} rows"
