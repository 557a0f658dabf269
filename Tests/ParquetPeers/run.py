#!/usr/bin/env python3
"""Files that our Parquet writer makes, read by others: run.py COMMAND [TOPIC…]. EFFORT=long does more of everything."""

import os
import sys
import tempfile
import time

import bounds
import columns
import readers
import samples
import sizes
from columns import CODECS, Leaf

LONG = os.environ.get("EFFORT") == "long"


class Suite:
    def __init__(self, command, directory):
        self.command, self.directory, self.files = command, directory, 0

    def write(self, fields, data, rows, **options):
        """Writes columns that are ready; the file's path."""
        self.files += 1
        path = f"{self.directory}/{self.files}.parquet"
        columns.write(self.command, path, fields, data, rows, **options)
        os.remove(f"{path}.columns")
        return path

    def write_rows(self, fields, rows, **options):
        return self.write(fields, columns.from_rows(fields, rows), len(rows), **options)

    def check(self, fields, rows, **options):
        path = self.write_rows(fields, rows, **options)
        read = readers.compare(path, fields, rows, options.get("encodings", "all"))
        os.remove(path)
        return read


def values(suite):
    """All types, required and optional, all codecs and encodings, small and large pages and row groups."""
    for seed in range(20 if LONG else 2):
        for codec in CODECS:
            for encodings in ("common", "all"):
                for page_rows, group_rows in ((None, 10**6), (7, 100), (64, 301)):
                    rows = samples.rows(samples.FLAT, 900, seed)
                    read = suite.check(samples.FLAT, rows, codec=codec, encodings=encodings, page_rows=page_rows,
                                       row_group_rows=group_rows)
                    assert len(read) == (5 if encodings == "common" else 4), read


def nesting(suite):
    """Structures, lists and maps within one another, at every share of nulls."""
    for seed in range(20 if LONG else 2):
        for nulls in (0, 0.3, 0.9, 1):
            for page_rows in (None, 5):
                rows = samples.rows(samples.NESTED, 400, seed, nulls)
                read = suite.check(samples.NESTED, rows, page_rows=page_rows, row_group_rows=150,
                                   codec=CODECS[seed % len(CODECS)])
                assert len(read) == 4, read


def edges(suite):
    """No row, one row, all null, one value of many megabytes."""
    for codec in CODECS:
        for count in (0, 1, 2):
            for fields in (samples.FLAT, samples.NESTED):
                suite.check(fields, samples.rows(fields, count, 1), codec=codec, encodings="common")
        fields = [Leaf("nothing", "string"), Leaf("one", "int64", "required")]
        suite.check(fields, [{"nothing": None, "one": 1}] * 5000, codec=codec, encodings="common")
        large = [{"nothing": "x" * n, "one": n} for n in (0, 20 << 20, 3, 2 << 20)]
        suite.check(fields, large, codec=codec, encodings="common")


def wide(suite):
    """Thousands of columns, most of them absent from most rows, in several row groups."""
    count = 10_000 if LONG else 3000
    fields = [Leaf("id", "int64", "required")] + [
        Leaf(f"property {i}", samples.TYPES[i % len(samples.TYPES)]) for i in range(count - 1)]
    rows = []
    for i in range(200):
        row = {"id": i}
        for k in range(i % 7, count - 1, 211):
            row[f"property {k}"] = samples.rows([fields[k + 1]], 1, i * count + k, 0)[0][f"property {k}"]
        rows.append(row)
    read = suite.check(fields, rows, codec="gzip", row_group_rows=70, encodings="common")
    assert len(read) == 5, read


def millions(suite):
    """Millions of rows in many row groups, column by column."""
    quick = ["time", "user", "small", "price", "flag", "platform", "product", "sparse", "optional", "empty"]
    sizes.check_values(suite, 5_000_000 if LONG else 1_000_000, None if LONG else quick)


def index(suite):
    """Every bound, count and offset of the page index and the statistics, against the values themselves."""
    for seed in range(10 if LONG else 2):
        for fields, nulls in ((samples.FLAT, 0.3), (samples.FLAT, 0.95), (samples.NESTED, 0.3)):
            rows = samples.rows(fields, 700, seed, nulls)
            path = suite.write_rows(fields, rows, page_rows=11, row_group_rows=250, codec=CODECS[seed % len(CODECS)])
            bounds.check(path, fields, rows)


def filters(suite):
    """What each reader finds by a filter is what it finds when it looks at every row."""
    bounds.check_filters(suite, seeds=8 if LONG else 1)


def same(suite):
    """The same rows make the same bytes."""
    rows = samples.rows(samples.NESTED + samples.FLAT, 2000, 1)
    for codec in CODECS:
        paths = [suite.write_rows(samples.NESTED + samples.FLAT, rows, codec=codec) for _ in range(2)]
        first, second = (open(path, "rb").read() for path in paths)
        assert first == second


def size(suite):
    """No larger than what pyarrow makes of the same data by more than a twentieth."""
    sizes.check_sizes(suite, 1_000_000 if LONG else 50_000)


TOPICS = {topic.__name__: topic for topic in (
    values, nesting, edges, wide, millions, index, filters, same, size)}


def main():
    command, *names = sys.argv[1:]
    for name in names or TOPICS:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as directory:
            TOPICS[name](Suite(os.path.abspath(command), directory))
        print(f"{name}: {time.monotonic() - began:.1f} s", flush=True)


if __name__ == "__main__":
    main()
