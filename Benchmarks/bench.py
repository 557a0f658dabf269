"""How fast exportd is, with how much memory, and what it costs when nothing is due.

Usage: bench.py BINARY [--quick] [--record]

The binary must be a release build. Rates are measured beside `sqlite3 -csv` on the same data, all of it in memory (/dev/shm).
Instructions a row are the difference of two sizes, so that starting up falls out; unlike times they hardly depend on the
machine's mood. They are compared with the last figures in `record.json`: more than a tenth beyond them fails. `--record` adds
the new figures to it.
"""
import argparse
import datetime
import json
import os
import platform
import shutil
import statistics
import subprocess
import tempfile
import time

import events
import measuring

RECORD = f"{measuring.HERE}/record.json"
FUNCTIONS = {"reading": r"SQLiteSource11EventReaderV3run", "encoding": r"Formats10EventFilesC6append"}
MEMORY = "/dev/shm"


def run(binary, directory, name):
    return [binary, "run", name, "--wait", "--config", f"{directory}/exportd.json"]


def rates(binary, directory, count):
    """Exports all of it, and has the sqlite3 shell write the same columns."""
    events.make(directory, count)
    _, _, begin, end = events.span()
    taken = {}
    for name, keys in [("json", {}), ("gzip", {"compression": "gzip"}), ("as-csv", {"format": "csv"})]:
        events.create(binary, directory, name, **keys)
        taken[name] = measuring.carried_out(*run(binary, directory, name))
        (manifest,) = manifests(directory)
        assert manifest["rows"] == count, manifest["rows"]
        print_rate(f"exportd, {name}", count, manifest["bytes"], taken[name])
        shutil.rmtree(f"{directory}/exports")
    with open(f"{directory}/events.csv", "wb") as csv:
        taken["csv"] = measuring.carried_out(
            "sqlite3", "-readonly", "-csv", f"{directory}/events.db",
            f"SELECT name, ts, object_id, platform, properties FROM events WHERE ts >= {begin} AND ts < {end} ORDER BY ts",
            stdout=csv)
    print_rate("sqlite3 -csv", count, os.path.getsize(f"{directory}/events.csv"), taken["csv"])
    return {name: {"rowsPerSecond": round(count / each.seconds),
                   "rowsPerProcessorSecond": round(count / each.processor_seconds), "peakMiB": round(each.peak_MiB, 1)}
            for name, each in taken.items()}


def manifests(directory):
    found = []
    for name in os.listdir(f"{directory}/exports"):
        if name.endswith("-manifest.json"):
            with open(f"{directory}/exports/{name}") as file:
                found.append(json.load(file))
    return found


def print_rate(what, count, size, taken):
    print(f"{what:<14} {taken.seconds:6.2f} s, {taken.processor_seconds:6.2f} s of processors  "
          f"{count / taken.seconds:>9,.0f} rows/s  {size / 1e6:>4.0f} MB  {taken.peak_MiB:5.1f} MiB at most", flush=True)


def instructions_per_row(binary, directory, sizes):
    counts = []
    for size in sizes:
        place = f"{directory}/{size}"
        events.make(place, size)
        events.create(binary, place, "json")
        counts.append(measuring.instructions(place, FUNCTIONS, *run(binary, place, "json")))
        shutil.rmtree(place)
    return {name: round((counts[1][name] - counts[0][name]) / (sizes[1] - sizes[0])) for name in (*FUNCTIONS, "all")}


def idle(binary, directory, definitions, seconds):
    """What a daemon takes whose exports all wait for tomorrow."""
    events.make(directory, 10)
    today = str(datetime.datetime.now(datetime.timezone.utc).date())
    for number in range(definitions):
        with open(f"{directory}/exports.d/export-{number}.json", "w") as file:
            file.write(events.definition({"everyHours": 24, "from": today}))
    command = ["--config", f"{directory}/exportd.json"]
    with open(f"{directory}/journal", "wb") as journal:
        daemon = subprocess.Popen([binary, "daemon", *command], stderr=journal)
    try:
        status = [binary, "status", "--json", *command]

        def told():
            answer = subprocess.run(status, capture_output=True, text=True)
            return json.loads(answer.stdout) if answer.returncode == 0 else {"daemon": {"running": False}, "exports": []}
        began = time.monotonic()
        while not (told()["daemon"]["running"] and len(told()["exports"]) == definitions):
            assert time.monotonic() - began < 60 and daemon.poll() is None, open(f"{directory}/journal").read()
            time.sleep(0.5)
        # It makes the acquaintance of new exports' sources first.
        time.sleep(5)
        before = measuring.processor_seconds(daemon.pid)
        time.sleep(seconds)
        spent = (measuring.processor_seconds(daemon.pid) - before) * 60 / seconds
        held = measuring.memory(daemon.pid, "VmRSS")
        asked = statistics.median(measuring.carried_out(*status).seconds for _ in range(7))
    finally:
        daemon.terminate()
        daemon.wait()
    print(f"{definitions:,} definitions, nothing due: {spent:.2f} s of a processor a minute ({spent / 0.6:.1f} %), {held:.1f} MiB; "
          f"status {asked:.2f} s", flush=True)
    return {"processorSecondsPerMinute": round(spent, 2), "MiB": round(held, 1), "statusSeconds": round(asked, 3)}


def compared(figures, last):
    """Prints instructions a row beside the last recorded ones; gives those that have grown by more than a tenth."""
    grown = []
    for name, count in figures.items():
        text = f"instructions a row, {name:<9} {count:>7,}"
        if last is not None:
            change = count / last["instructionsPerRow"][name] - 1
            text += f"  {change:+6.1%} since {last['date']} ({last['instructionsPerRow'][name]:,})"
            if change > 0.1:
                grown.append(name)
        print(text, flush=True)
    return grown


def machine():
    with open("/proc/cpuinfo") as info:
        model = next((line.split(":")[1].strip() for line in info if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} × {model}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--quick", action="store_true", help="200,000 events instead of 1,000,000, ten idle seconds instead of sixty")
    parser.add_argument("--record", action="store_true", help="add the figures to record.json")
    options = parser.parse_args()
    missing = [tool for tool in ("clang", "sqlite3", "strip", "valgrind") if shutil.which(tool) is None]
    if missing:
        raise SystemExit(f"missing: {' '.join(missing)}; run: sudo apt-get install binutils clang sqlite3 valgrind")
    binary = os.path.abspath(options.binary)
    count, rest = (200_000, 10) if options.quick else (1_000_000, 60)
    with open(RECORD) as file:
        record = json.load(file)
    print(f"{count:,} events, {machine()}", flush=True)
    with tempfile.TemporaryDirectory(prefix="exportd-bench-", dir=MEMORY) as directory:
        figures = {
            "date": str(datetime.date.today()), "machine": machine(), "events": count,
            "rates": rates(binary, f"{directory}/rates", count),
            "instructionsPerRow": instructions_per_row(binary, directory, (10_000, 40_000)),
        }
        grown = compared(figures["instructionsPerRow"], record[-1] if record else None)
        figures["idle"] = idle(binary, f"{directory}/idle", 1000, rest)
    if options.record:
        with open(RECORD, "w") as file:
            json.dump(record + [figures], file, indent=2, ensure_ascii=False)
            file.write("\n")
    if grown:
        raise SystemExit(f"more than a tenth beyond the record: {', '.join(grown)}")


if __name__ == "__main__":
    main()
