"""How fast exportd is beside what people would use instead, with how much memory, and what it costs when nothing is due.

Usage: bench.py BINARY --floors FLOORSBENCHMARK --python VENV/bin/python [--rows N…] [--runs N] [--only WORD,…] …

The binaries must be release builds; `make bench` makes them and the virtual environment. Everything lies in memory (/dev/shm). A
run of all parts writes docs/performance.md and .svg and adds its figures to record.json; one with --only leaves them in
.build/bench, and so does every part as soon as it has ended: --continue goes on there with the same binary.
"""
import argparse
import datetime
import glob
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import tempfile
import time

import chart
import daemons
import deltas
import events
import exporting
import floors
import instructions
import measuring
import report
import speed
import targets

ROOT = os.path.dirname(measuring.HERE)
WORK = f"{ROOT}/.build/bench"
MEMORY = "/dev/shm"
PARTS = ["names", "delta", "daemon", "instructions"]
TOOLS = ["clang", "gzip", "sqlite3", "strip", "taskset", "valgrind"]
SMALL = 100_000
# What lies beside the database at most: the largest files of any contestant, or ours compressed and plain.
BYTES_PER_ROW = {"json": 510, "csv": 460, "xml": 970, "json-gzip": 490, "csv-gzip": 240, "parquet-gzip": 240, "parquet-zstd": 240}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--floors", required=True, help="the built FloorsBenchmark")
    parser.add_argument("--python", required=True, help="the Python in whose environment the peers are")
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--alone", type=int, nargs="+", default=[SMALL], help="sizes at which only exportd runs (%(default)s)")
    parser.add_argument("--place", default=MEMORY, help="where everything lies (%(default)s); for sizes that memory cannot hold")
    parser.add_argument("--profiles", type=int, default=1_000_000)
    parser.add_argument("--definitions", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--thorough", action="store_true", help="also slow contestants run every time, not only twice")
    parser.add_argument("--only", default="", help=f"some of: {', '.join([*speed.RIVALS, *PARTS])}")
    parser.add_argument("--continue", dest="goes_on", action="store_true",
                        help="take parts that this binary has done already from .build/bench")
    options = parser.parse_args()
    options.only = [word for word in options.only.split(",") if word]
    unknown = set(options.only) - {*speed.RIVALS, *PARTS}
    if unknown:
        parser.error(f"--only does not know {', '.join(sorted(unknown))}; it knows {', '.join([*speed.RIVALS, *PARTS])}")
    return options


def require(rows, formats=tuple(BYTES_PER_ROW), place=MEMORY):
    """Fails when so many rows cannot be measured here, and says what to do."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        raise SystemExit(f"missing: {' '.join(missing)}; run: sudo apt-get install binutils clang gzip sqlite3 util-linux"
                         " valgrind")
    if len(measuring.cores()) < 2:
        raise SystemExit("the benchmark needs two cores, and may use one only")
    per_row = events.BYTES_PER_ROW + max((BYTES_PER_ROW[format] for format in formats), default=0)
    needed, free = rows * per_row, shutil.disk_usage(place).free
    if needed > free:
        raise SystemExit(f"{rows:,} events need {needed / 2**30:.1f} GiB in {place}, where {free / 2**30:.1f} GiB are free: "
                         f"try ROWS={int(free / per_row) // 1000 * 1000}, only some formats, or another place")


class Figures:
    """What has been measured so far, on disk after every part."""

    def __init__(self, binary, settings, goes_on):
        with open(binary, "rb") as file:
            self.of = {"binary": hashlib.sha256(file.read()).hexdigest(), **settings}
        self.path = f"{WORK}/figures.json"
        self.found = {}
        os.makedirs(WORK, exist_ok=True)
        if goes_on and os.path.exists(self.path):
            with open(self.path) as file:
                kept = json.load(file)
            if kept["of"] != self.of:
                raise SystemExit(f"{self.path} is of another binary or of other settings: leave --continue out")
            self.found = kept["found"]

    def part(self, name, make):
        """Measures it, unless that has been done."""
        if name not in self.found:
            print(f"== {name}", flush=True)
            began = time.monotonic()
            self.found[name] = make()
            print(f"== {name}: {time.monotonic() - began:.0f} s", flush=True)
            with open(self.path, "w") as file:
                json.dump({"of": self.of, "found": self.found}, file)
        return self.found[name]


def at_size(options, directory, rows, formats, runs):
    """Speed of all contestants, floors, and the level of gzip, on one database."""
    course = speed.Course(options.binary, f"{directory}/{rows}", f"{WORK}/disk", options.python, rows)
    raced = speed.race(course, formats, runs, is_thorough=options.thorough)
    found = {
        "speed": raced, "agreed": {**course.source, "outputs": course.agreed},
        "floors": floors.measure(options.floors, course, formats),
        "gzipLevels": {format: floors.levels(options.floors, course, format) for format in formats if format.endswith("-gzip")
                       and not format.startswith("parquet")}}
    shutil.rmtree(course.directory)
    return found


def alone(options, directory, rows, formats, runs):
    """Speed of exportd only: of few rows, for what does not depend on their number."""
    course = speed.Course(options.binary, f"{directory}/{rows}", f"{WORK}/disk", options.python, rows)
    found = speed.race(course, formats, runs, who=lambda format: ["exportd"], extras={})
    shutil.rmtree(course.directory)
    return found


def of_many_names(options, directory, names=2000):
    database = f"{directory}/names.db"
    events.make(database, SMALL, names)
    found = {"names": names, "rows": SMALL, "formats": {}}
    for format in ("json", "csv", "parquet-zstd"):
        taken, place = exporting.exported(options.binary, f"{directory}/names", database, format)
        found["files"] = len(glob.glob(f"{place.exports}/*")) - 1
        place.remove()
        found["formats"][format] = measuring.summary([taken])
        print(f"{names:,} event names, {format}: {taken.seconds:.2f} s {taken.peak_MiB:.1f} MiB", flush=True)
    os.unlink(database)
    return found


def circumstances(options):
    """Of what, on what, with what."""
    engines = "import chdb, duckdb, pyarrow; print(duckdb.__version__, chdb.engine_version, pyarrow.__version__)"
    told = subprocess.run([options.python, "-c", engines], check=True, capture_output=True, text=True).stdout.split()
    version = subprocess.run([options.binary, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    commit = subprocess.run(
        ["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
    shell = subprocess.run(["sqlite3", "--version"], check=True, capture_output=True, text=True).stdout.split()[0]
    system = "Linux"
    if os.path.exists("/etc/os-release"):
        with open("/etc/os-release") as file:
            system = re.search(r'PRETTY_NAME="(.*)"', file.read())[1]
    with open("/proc/mounts") as file:
        mounts = [line.split()[1:3] for line in file]
    holding = [mount for mount in mounts if f"{WORK}/".startswith(mount[0].rstrip("/") + "/")]
    disk = max(holding, key=lambda mount: len(mount[0]))[1]
    return {
        "date": str(datetime.date.today()), "machine": measuring.machine(), "memoryGiB": measuring.memory_GiB(),
        "system": f"{system}, kernel {platform.release().split('-')[0]}", "disk": disk, "runs": options.runs,
        "eventNames": events.NAMES, "days": events.DAYS,
        "versions": {"exportd": f"{version} ({commit})" if commit else version, "DuckDB": told[0], "ClickHouse": told[1],
                     "pyarrow": told[2], "SQLite": shell, "Python": platform.python_version()}}


def measured(options):
    """All parts that are asked for, as the record has them."""
    formats = [format for format in speed.RIVALS if not options.only or format in options.only]
    parts = [part for part in PARTS if not options.only or part in options.only]
    settings = {name: getattr(options, name) for name in ("rows", "alone", "runs", "only", "profiles", "definitions")}
    kept = Figures(options.binary, settings, options.goes_on)
    found = {**circumstances(options), "speed": {}, "agreed": {}, "floors": {}, "gzipLevels": {}}
    shutil.rmtree(f"{WORK}/disk", ignore_errors=True)
    os.makedirs(f"{WORK}/disk")
    with tempfile.TemporaryDirectory(prefix="exportd-bench-", dir=options.place) as directory:
        if formats:
            # Of nothing first: what every run takes.
            for rows in sorted({10, *options.alone} - set(options.rows)):
                found["speed"][str(rows)] = kept.part(
                    f"{rows} rows", lambda: alone(options, directory, rows, formats, options.runs))
            for rows in options.rows:
                of_size = kept.part(f"{rows} rows", lambda: at_size(options, directory, rows, formats, options.runs))
                for name, each in of_size.items():
                    found[name][str(rows)] = each
        work = {
            "names": lambda: of_many_names(options, directory),
            "delta": lambda: deltas.measure(options.binary, f"{directory}/profiles", options.profiles, options.runs),
            "daemon": lambda: daemons.measure(options.binary, f"{directory}/daemon", options.definitions, 20),
            "instructionsPerRow": lambda: instructions.per_row(options.binary, f"{directory}/instructions"),
        }
        for part in parts:
            name = "instructionsPerRow" if part == "instructions" else part
            found[name] = kept.part(name, work[name])
    return found


def main():
    options = arguments()
    options.binary, options.floors = os.path.abspath(options.binary), os.path.abspath(options.floors)
    os.sched_setaffinity(0, measuring.cores())
    require(max(options.rows + options.alone), [format for format in speed.RIVALS if not options.only or format in options.only],
            options.place)
    began = time.monotonic()
    figures = measured(options)
    place = WORK if options.only else f"{ROOT}/docs"
    if figures["speed"]:
        with open(f"{place}/performance.svg", "w") as file:
            file.write(chart.drawn(figures, str(options.rows[0])))
        with open(f"{place}/performance.md", "w") as file:
            file.write(report.written(figures))
    if not options.only:
        instructions.record(figures)
    sizes = [str(rows) for rows in options.rows] if figures["speed"] else []
    for target in [*(each for size in sizes for each in targets.of_speed(figures, size)), *targets.of_sizes(figures),
                   *targets.of_the_rest(figures), *targets.of_gzip(figures)]:
        print(f"{'met   ' if target.is_met else 'MISSED'} {target.name}: {report.amount(target.measured, target.unit)}, "
              f"target {report.amount(target.allowed, target.unit)}"
              + (f" (wanted {report.amount(target.wanted, target.unit)}, floor {report.amount(target.floor, target.unit)})"
                 if target.floor is not None else ""))
    print(f"{time.monotonic() - began:.0f} s; {place}/performance.md")


if __name__ == "__main__":
    main()
