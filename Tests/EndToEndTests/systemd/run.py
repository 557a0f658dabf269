"""Tests of the systemd unit in a real systemd: what the README's section on it says is typed, and must come true.

Usage: run.py BINARY [WORD…]

With words, only tests whose name contains one of them. Needs root and says what else is missing; started by anyone else
it says that it has tested nothing.
"""
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import machine  # noqa: E402
import runner  # noqa: E402
import sandbox  # noqa: E402

# Those that wait longest come first.
TOPICS = ["watchdog", "enduring", "reading", "as_service", "reloading", "starting", "unit"]

if __name__ == "__main__":
    if os.geteuid() != 0:
        print("LEFT OUT: the tests of the systemd unit, which only root can run: sudo make test")
        sys.exit(0)
    try:
        sandbox.explain_what_is_missing()
    except sandbox.SandboxError as error:
        sys.exit(f"the tests of the systemd unit cannot be run: {error}")
    sys.exit(0 if runner.run(TOPICS, machine.Machine, os.path.abspath(sys.argv[1]), sys.argv[2:]) else 1)
