"""Carries out tests: functions `test_…` of the topics' modules, each given surroundings of its own.

Two run side by side, each in a process of its own.
"""
import concurrent.futures
import importlib
import os
import time
import traceback


def carry_out(surroundings, binary, topic, name):
    """Runs one test; gives whether it passed and the line to print."""
    began = time.monotonic()
    here = None
    try:
        here = surroundings(binary)
        # What a test returns is a figure worth seeing.
        note = getattr(importlib.import_module(topic), name)(here)
        seconds = f"{time.monotonic() - began:.1f} s"
        return True, f"passed  {name} ({seconds}{'; ' + note if note else ''})"
    except Exception as problem:  # every test is run, each failure told
        line = traceback.extract_tb(problem.__traceback__)[-1]
        place = f"{os.path.basename(line.filename)}:{line.lineno}"
        return False, f"FAILED  {name}, {place}: {type(problem).__name__}: {str(problem)[:2000]}"
    finally:
        if here is not None:
            here.close()


def chosen(topics, words):
    for topic in topics:
        for name in list(vars(importlib.import_module(topic))):
            if name.startswith("test_") and (not words or any(word in name for word in words)):
                yield topic, name


def run(topics, surroundings, binary, words):
    """Runs the tests of the topics whose name contains one of the words, or all.

    `surroundings(binary)` makes what a test is given; its `close()` takes it down. Returns whether all passed.
    """
    passed = failed = 0
    with concurrent.futures.ProcessPoolExecutor(max_workers=2) as processes:
        tests = [processes.submit(carry_out, surroundings, binary, *test) for test in chosen(topics, words)]
        for test in concurrent.futures.as_completed(tests):
            is_passed, line = test.result()
            passed, failed = passed + is_passed, failed + (not is_passed)
            print(line, flush=True)
    print(f"{passed} passed, {failed} failed")
    return passed > 0 and failed == 0
