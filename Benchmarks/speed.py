"""Exports of the same events by exportd and by what people would use instead, side by side."""
import json
import os
import subprocess
import tempfile

import events
import exporting
import measuring

# Who writes what. EXTRAS are no part of any target, and run once.
RIVALS = {
    "json": ["duckdb", "clickhouse"], "csv": ["duckdb", "clickhouse"], "json-gzip": ["duckdb", "clickhouse"],
    "csv-gzip": ["duckdb", "clickhouse"], "xml": [],
    "parquet-gzip": ["duckdb", "clickhouse", "duckdb-typed", "clickhouse-typed"],
    "parquet-zstd": ["duckdb", "clickhouse", "duckdb-typed", "clickhouse-typed"],
}
EXTRAS = {"csv": ["sqlite3"], "json-gzip": ["python"], "parquet-gzip": ["python-typed"]}
# exportd itself in another situation.
VARIANTS = {
    "json": ["exportd-one-core", "exportd-disk"], "json-gzip": ["exportd-one-core"],
    "parquet-zstd": ["exportd-one-core", "exportd-disk"]}


class Course:
    """Where the contestants run: one database, and where each of them writes.

    directory: in memory. disk: a directory on a real disk. python: that of the virtual environment, or None without peers.
    """

    def __init__(self, binary, directory, disk, python, rows):
        self.binary, self.directory, self.disk, self.python, self.rows = binary, directory, disk, python, rows
        self.database = f"{directory}/events.db"
        events.make(self.database, rows)
        self.source = self.checksum("source", "-", self.database) if python else None
        self.agreed = 0

    def checksum(self, layout, format, path):
        read = subprocess.run(
            [self.python, f"{measuring.HERE}/checksums.py", layout, format, path], capture_output=True, text=True)
        if read.returncode != 0:
            raise SystemExit(f"{format} of {layout}: cannot be read back: {read.stderr.strip().splitlines()[-1]}")
        return json.loads(read.stdout)

    def checked(self, who, layout, format, path):
        """Fails unless the files hold what the source does."""
        if self.python is None:
            return
        held = self.checksum(layout, format, path)
        if held != self.source:
            raise SystemExit(f"{who}, {format}: wrote {held}; the source holds {self.source}")
        self.agreed += 1

    def run(self, who, format, is_first):
        """One run of one contestant. What the first one wrote is compared with the source, later ones by size."""
        if who.startswith("exportd"):
            return self.run_exportd(who, format, is_first)
        output = f"{self.directory}/output"
        taken = self.run_sqlite3(output) if who == "sqlite3" else self.run_peer(who, format, output)
        taken.rows, taken.bytes = self.rows, os.path.getsize(output)
        if is_first:
            self.checked(who, "peer-typed" if who.endswith("typed") else "peer", format, output)
        os.unlink(output)
        return taken

    def run_exportd(self, who, format, is_first):
        directory = self.disk if who == "exportd-disk" else self.directory
        launcher = measuring.on_one_core() if who == "exportd-one-core" else ()
        taken, place = exporting.exported(self.binary, f"{directory}/exportd", self.database, format, launcher)
        if taken.rows != self.rows:
            raise SystemExit(f"{who}, {format}: {taken.rows} rows in the manifest of {self.rows}")
        if is_first:
            self.checked(who, "exportd", format, place.exports)
        place.remove()
        return taken

    def run_sqlite3(self, output):
        with open(output, "wb") as csv:
            return measuring.carried_out(
                "sqlite3", "-readonly", "-csv", "-header", self.database,
                "SELECT name, ts, object_id, platform, properties FROM events", stdout=csv)

    def run_peer(self, who, format, output):
        with tempfile.TemporaryFile("w+") as answer:
            taken = measuring.carried_out(
                self.python, f"{measuring.HERE}/peers.py", who, format, self.database, output, stdout=answer)
            answer.seek(0)
            inside = json.loads(answer.read())
        taken.seconds, taken.processor_seconds = inside["seconds"], inside["processorSeconds"]
        return taken


def contestants(format):
    return ["exportd", *RIVALS.get(format, []), *VARIANTS.get(format, [])]


def has_lost(name, taken):
    """Whether it takes, every time, more than twice what another of its kind does: no target depends on how long just."""
    kind = [other for other in taken if not other.startswith("exportd") and other.endswith("typed") == name.endswith("typed")]
    best = min((max(run.seconds for run in taken[other]) for other in kind), default=None)
    return name in kind and min(run.seconds for run in taken[name]) > 2 * best


def race(course, formats, runs, who=contestants, extras=EXTRAS, is_thorough=False):
    """All formats, all contestants, in turns: whatever else the machine does hits them alike. Gives a summary of each.

    Unless it must be thorough, who has lost after two turns is out.
    """
    taken = {format: {} for format in formats}
    for number in range(runs):
        for format in formats:
            out = [name for name in taken[format] if has_lost(name, taken[format])] if number >= 2 and not is_thorough else []
            for name in who(format) + (extras.get(format, []) if number == 0 else []):
                if name in out:
                    continue
                one = course.run(name, format, is_first=number == 0)
                before = taken[format].setdefault(name, [])
                if before and abs(one.bytes / before[0].bytes - 1) > 0.05:
                    raise SystemExit(f"{name}, {format}: {one.bytes} bytes, where the first run wrote {before[0].bytes}")
                before.append(one)
                print(f"{course.rows:>11,} {format:<12} {name:<16} run {number + 1}: {one.seconds:7.3f} s "
                      f"{one.processor_seconds:7.3f} s of processors {one.peak_MiB:7.1f} MiB {one.bytes:>13,} bytes", flush=True)
    return {format: {name: measuring.summary(each) for name, each in found.items()} for format, found in taken.items()}
