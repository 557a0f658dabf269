"""What no export can go below: each piece of its work alone, on one core, and the sum of them over two."""
import glob
import gzip
import json
import os
import shutil
import subprocess
import tempfile

import exporting

SCAN = "SELECT name, ts, object_id, platform, properties FROM events"
# What is compressed is what the same format holds without compression.
PLAIN = {"json-gzip": "json", "csv-gzip": "csv", "parquet-gzip": "parquet", "parquet-zstd": "parquet"}
RUNS = 3


class Pieces:
    """Runs `FloorsBenchmark` on what exportd writes of a course's events."""

    def __init__(self, program, course):
        self.program, self.course = program, course

    def least(self, *arguments):
        """The quickest of some runs: a floor is what is possible, not what is usual."""
        runs = [json.loads(subprocess.run([self.program, *arguments], check=True, stdout=subprocess.PIPE).stdout)
                for _ in range(RUNS)]
        return min(runs, key=lambda run: run["seconds"])

    def files(self, format):
        """Exported once, for as long as they are needed."""
        _, place = exporting.exported(
            self.course.binary, f"{self.course.directory}/floors-{format}", self.course.database, format)
        kept = [name for name in glob.glob(f"{place.exports}/*") if not name.endswith("-manifest.json")]
        return place, kept

    def of(self, format, scan):
        """Seconds of each piece."""
        place, files = self.files(format)
        floor = {
            "scan": scan, "hash": self.least("hash", *files)["seconds"],
            "write": self.least("write", f"{self.course.directory}/written", *files)["seconds"]}
        place.remove()
        if format in PLAIN:
            place, files = self.files(PLAIN[format])
            compression = exporting.FORMATS[format]["compression"]
            work = compression if isinstance(compression, str) else "{codec}-{level}".format(**compression)
            floor["compress"] = self.least(work, *files)["seconds"]
            place.remove()
        floor["sum"] = sum(floor.values())
        return {name: round(seconds, 3) for name, seconds in floor.items()}


def measure(program, course, formats):
    pieces = Pieces(program, course)
    scan = pieces.least("scan", course.database, SCAN)["seconds"]
    found = {}
    for format in formats:
        found[format] = pieces.of(format, scan)
        print(f"floor of {format}: {found[format]}", flush=True)
    return found


def levels(program, course, format):
    """Whether gzip files are not larger than `gzip -6` makes them of the same content, at the lowest level that does it."""
    pieces = Pieces(program, course)
    place, files = pieces.files(format)
    ours = sum(os.path.getsize(name) for name in files)
    theirs, larger = 0, []
    plain = f"{course.directory}/plain"
    os.makedirs(plain)
    for name in files:
        content = f"{plain}/{os.path.basename(name)}"
        with gzip.open(name) as compressed, open(content, "wb") as file:
            shutil.copyfileobj(compressed, file, 1 << 20)
        with tempfile.TemporaryFile(dir=course.directory) as output:
            subprocess.run(["gzip", "-6", "-c", content], check=True, stdout=output)
            size = os.fstat(output.fileno()).st_size
        theirs += size
        if os.path.getsize(name) > size:
            larger.append(os.path.basename(name))
    contents = glob.glob(f"{plain}/*")

    def size_at(level):
        return json.loads(subprocess.run(
            [program, f"libdeflate-{level}", *contents], check=True, stdout=subprocess.PIPE).stdout)["bytes"]
    sizes = {}
    for level in range(1, 13):
        sizes[level] = size_at(level)
        if sizes[level] <= theirs:
            break
    shutil.rmtree(plain)
    place.remove()
    figures = {"bytes": ours, "gzip6Bytes": theirs, "filesThatAreLarger": len(larger),
               "lowestLevel": level, "bytesAtLevels": {str(level): size for level, size in sizes.items()}}
    print(f"gzip -6 of {format}: {figures}", flush=True)
    return figures
