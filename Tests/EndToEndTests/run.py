"""Tests of the built binary against real files: what was delivered is held against the source, row by row.

Usage: run.py BINARY [WORD…]

With words, only tests whose name contains one of them.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import place  # noqa: E402
import runner  # noqa: E402

# Those that wait for the clock or take longest come first.
TOPICS = [
    "writers", "clock", "webhook", "many", "s3", "gcs", "blob_storage", "clouds", "columns", "growing", "parquet", "csv_readers", "delivery", "formats", "documented", "forms", "stopping", "limits", "verifying", "planning",
    "checking", "commands", "contract", "profiles", "exclusive", "demo", "watch", "edit", "opening", "manners", "rotten",
    "full_disk", "state_database", "rejected", "names"]


if __name__ == "__main__":
    if len(sys.argv) < 2 or not os.access(sys.argv[1], os.X_OK):
        sys.exit(__doc__)
    sys.exit(0 if runner.run(TOPICS, place.Place, os.path.abspath(sys.argv[1]), sys.argv[2:]) else 1)
