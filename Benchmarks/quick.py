"""In less than three minutes: has anything become slower? Fails when a format takes a tenth more instructions a row.

Usage: quick.py BINARY [--record]

Rates of 200,000 events, which depend on the machine's mood, instructions a row, which hardly do, and an idle daemon.
`--record` adds the figures to record.json.
"""
import argparse
import datetime
import os
import shutil
import tempfile

import bench
import daemons
import instructions
import measuring
import speed

ROWS = 200_000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--record", action="store_true", help="add the figures to record.json")
    options = parser.parse_args()
    binary = os.path.abspath(options.binary)
    os.sched_setaffinity(0, measuring.cores())
    bench.require(ROWS)
    with tempfile.TemporaryDirectory(prefix="exportd-bench-", dir=bench.MEMORY) as directory:
        course = speed.Course(binary, f"{directory}/events", directory, None, ROWS)
        raced = speed.race(course, list(speed.RIVALS), 1, who=lambda format: ["exportd"], extras={"csv": ["sqlite3"]})
        shutil.rmtree(course.directory)
        counts = instructions.per_row(binary, f"{directory}/instructions")
        grown = instructions.compared(counts)
        daemon = daemons.measure(binary, f"{directory}/daemon", 1000, 5, is_quick=True)
    if options.record:
        instructions.record({"date": str(datetime.date.today()), "machine": measuring.machine(), "speed": {str(ROWS): raced},
                             "instructionsPerRow": counts, "daemon": daemon})
    if grown:
        raise SystemExit(f"more than a tenth beyond the record: {', '.join(grown)}")


if __name__ == "__main__":
    main()
