"""What hangs is restarted by systemd. The watchdog's patience is shortened, else these tests would take minutes."""
import time

from enduring import LARGEST, all_there, some_files
from machine import DATABASE, STATE

# Stops every thread but the first, as a debugger would, until the process is gone.
STOP_WORKERS = """
import ctypes, errno, os, sys
SEIZE, INTERRUPT, ALL = 0x4206, 0x4207, 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
pid = int(sys.argv[1])

def stop(thread):
    for request in (SEIZE, INTERRUPT):
        if libc.ptrace(request, thread, None, None) != 0 and ctypes.get_errno() != errno.ESRCH:
            sys.exit(f"thread {thread}: {os.strerror(ctypes.get_errno())}")

# Threads come and go until all are stopped.
stopped = {pid}
while new := {int(thread) for thread in os.listdir(f"/proc/{pid}/task")} - stopped:
    for thread in new:
        stop(thread)
    stopped |= new
print("stopped", flush=True)
try:
    while True:
        os.waitpid(-1, ALL)
except ChildProcessError:
    pass
"""

# Holds the state database so that nobody else can write to it, until the input ends.
HOLD_LEDGER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
db.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


def impatient(machine, rows=60_000, journal="WAL", patience=3, **keys):
    machine.application(rows, journal)
    machine.may_read()
    machine.configure(**keys)
    machine.define("all-events", maxFileBytes=LARGEST)
    machine.drop_in(f"WatchdogSec={patience}s", "RestartSec=100ms", "TimeoutAbortSec=5s")


def restarted(machine, seconds):
    machine.wait_for(
        "the watchdog has restarted the service", seconds, lambda: int(machine.shown("NRestarts")) > 0)
    assert "Watchdog timeout" in machine.journal(), machine.journal("--lines", "20")


def program(machine, text, *arguments):
    """A program of ours inside, once it has printed its first line."""
    process = machine.sandbox.start("/usr/bin/python3", "-c", text, *arguments)
    machine.helpers.append(process)
    line = process.stdout.readline()
    assert line, f"ended with {process.wait()}"
    return process


def test_a_daemon_that_is_well_is_left_alone(machine):
    # Longer than a busy machine may hold it up, and over by the end of the test.
    patience = 8
    impatient(machine, patience=patience)
    machine.start()
    began = time.monotonic()
    all_there(machine)
    time.sleep(max(0, began + patience + 2 - time.monotonic()))
    assert machine.shown("NRestarts") == "0", machine.journal()


def test_worker_threads_that_stand_still(machine):
    impatient(machine)
    machine.start()
    some_files(machine)
    program(machine, STOP_WORKERS, machine.pid)
    restarted(machine, 30)
    all_there(machine)


def test_a_state_database_that_is_held(machine):
    impatient(machine)
    machine.start()
    some_files(machine)
    holder = program(machine, HOLD_LEDGER, f"{STATE}/exportd.db")
    restarted(machine, 40)
    holder.communicate()
    all_there(machine)


def source_that_hangs(machine):
    """A pipe in place of the journal: SQLite opens it to see whether the database needs to be recovered, and waits for
    ever."""
    impatient(machine, rows=6000, journal="DELETE", stallTimeout=2)
    machine.run("mkfifo", f"{DATABASE}-journal")
    machine.run("chgrp", "app", f"{DATABASE}-journal")
    machine.run("chmod", "g+r", f"{DATABASE}-journal")


def test_a_run_whose_source_never_answers(machine):
    source_that_hangs(machine)
    machine.start()
    restarted(machine, 40)
    machine.run("rm", f"{DATABASE}-journal")
    all_there(machine)


def test_a_source_that_never_answers_while_nothing_is_due(machine):
    source_that_hangs(machine)
    machine.define("all-events", frequency={"everyHours": 24})
    machine.start()
    restarted(machine, 40)
