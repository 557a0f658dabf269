"""Tests of the built binary against real files: what was delivered is held against the source, row by row.

Usage: run.py BINARY [WORD…]

With words, only tests whose name contains one of them. Two run side by side, each in a process and a place of its own.
"""
import concurrent.futures
import importlib
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import place  # noqa: E402

# Those that wait for the clock or take longest come first.
TOPICS = ["writers", "many", "delivery", "commands", "planning", "verifying", "checking", "rejected", "names", "forms", "contract", "full_disk", "state_database", "limits", "stopping"]


def carry_out(binary, topic, name):
    """Runs one test; gives the line to print and whether it passed."""
    began = time.monotonic()
    here = place.Place(binary)
    try:
        # What a test returns is a figure worth seeing.
        note = getattr(importlib.import_module(topic), name)(here)
        seconds = f"{time.monotonic() - began:.1f} s"
        return True, f"passed  {name} ({seconds}{'; ' + note if note else ''})"
    except Exception as problem:  # every test is run, each failure told
        return False, f"FAILED  {name}: {type(problem).__name__}: {str(problem)[:2000]}"
    finally:
        here.close()


def chosen(words):
    for topic in TOPICS:
        for name in list(vars(importlib.import_module(topic))):
            if name.startswith("test_") and (not words or any(word in name for word in words)):
                yield topic, name


if __name__ == "__main__":
    binary = os.path.abspath(sys.argv[1])
    passed = failed = 0
    with concurrent.futures.ProcessPoolExecutor(max_workers=2) as processes:
        tests = [processes.submit(carry_out, binary, *test) for test in chosen(sys.argv[2:])]
        for test in concurrent.futures.as_completed(tests):
            is_passed, line = test.result()
            passed, failed = passed + is_passed, failed + (not is_passed)
            print(line, flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)
