"""What is wanted, held against what was measured: pure functions of the figures of one run of the benchmark."""
import dataclasses

LABELS = {
    "json": "JSON", "csv": "CSV", "xml": "XML", "json-gzip": "JSON gzip", "csv-gzip": "CSV gzip", "xml-gzip": "XML gzip",
    "parquet": "Parquet", "parquet-gzip": "Parquet gzip", "parquet-zstd": "Parquet zstd"}
# How many times as fast as the faster of DuckDB and ClickHouse.
FACTORS = {"json": 2, "csv": 2, "json-gzip": 2.5, "csv-gzip": 2.5, "parquet-gzip": 2, "parquet-zstd": 2}
TYPED_FACTOR = 4
ABOVE_FLOOR = 1.25
PEAK_MIB = 128
TWO_CORES = 1.7
DELTA_PERCENT = 5
# How much two figures that should be the same may differ.
SAME = 1.15


@dataclasses.dataclass
class Target:
    """wanted: what was asked for; allowed: that, or 1.25 times the floor where the floor is in the way."""
    name: str
    measured: float
    wanted: float
    allowed: float
    unit: str
    at_least: bool = False
    floor: float | None = None
    note: str = ""

    @property
    def is_met(self):
        return self.measured >= self.allowed if self.at_least else self.measured <= self.allowed


def fastest(found, names):
    return min((found[name]["seconds"] for name in names if name in found), default=None)


def of_speed(figures, size):
    found, floors = figures["speed"][size], figures["floors"].get(size, {})
    for format, times in found.items():
        floor = floors.get(format, {}).get("sum")
        half = floor / 2 if floor is not None else None

        def target(name, wanted, note):
            allowed = max(wanted, ABOVE_FLOOR * half) if half is not None else wanted
            return Target(f"{LABELS[format]}{name}", times["exportd"]["seconds"], wanted, allowed, "s", floor=half, note=note)
        if format in FACTORS and (best := fastest(times, ["duckdb", "clickhouse"])) is not None:
            what = ", beside properties as a string" if format.startswith("parquet") else ""
            yield target(what, best / FACTORS[format],
                         f"{FACTORS[format]} times as fast as DuckDB or ClickHouse, whichever is faster: {best:.2f} s")
        if (best := fastest(times, ["duckdb-typed", "clickhouse-typed"])) is not None:
            yield target(", beside typed columns", best / TYPED_FACTOR,
                         f"{TYPED_FACTOR} times as fast as DuckDB or ClickHouse, whichever is faster: {best:.2f} s")
        if format == "xml" and "json" in found:
            json = found["json"]["exportd"]
            wanted = json["seconds"] / json["bytes"] * times["exportd"]["bytes"]
            yield target("", wanted, "as many bytes a second as JSON")
        sizes = [times[name]["bytes"] for name in ("duckdb", "duckdb-typed") if name in times]
        if format.startswith("parquet") and sizes:
            yield Target(f"{LABELS[format]}, size", times["exportd"]["bytes"] / 1e6, min(sizes) / 1e6, min(sizes) / 1e6, "MB",
                         note="not larger than the smaller of DuckDB's files")
        if "exportd-one-core" in times:
            factor = times["exportd-one-core"]["seconds"] / times["exportd"]["seconds"]
            yield Target(f"{LABELS[format]}, two cores", factor, TWO_CORES, TWO_CORES, "times one", at_least=True)


def cost_per_row(figures, size, format):
    """Microseconds, without what a run over ten rows takes."""
    start = figures["speed"]["10"][format]["exportd"]["seconds"]
    return (figures["speed"][size][format]["exportd"]["seconds"] - start) / int(size) * 1e6


def real_sizes(figures):
    return [size for size in sorted(figures["speed"], key=int) if int(size) > 10]


def of_sizes(figures):
    """Costs that should be the same whatever the size, and memory."""
    sizes = real_sizes(figures)
    for format in figures["speed"].get("10", {}):
        there = [size for size in sizes if format in figures["speed"][size]]
        if len(there) > 1:
            costs = [cost_per_row(figures, size, format) for size in there]
            yield Target(f"{LABELS[format]}, cost of a row", max(costs) / min(costs), 1, SAME, "times the least",
                         note=f"from {int(there[0]):,} to {int(there[-1]):,} rows")
            # The largest, beside those that have a tenth of its rows or more.
            last = [size for size in there if int(size) * 10 >= int(there[-1])]
            peaks = [figures["speed"][size][format]["exportd"]["peakMiB"] for size in last]
            if len(peaks) > 1:
                yield Target(f"{LABELS[format]}, memory", max(peaks) / min(peaks), 1, SAME, "times the least",
                             note=f"from {int(last[0]):,} to {int(last[-1]):,} rows")
    peaks = [times[name]["peakMiB"] for size in sizes for times in figures["speed"][size].values()
             for name in times if name.startswith("exportd")]
    peaks += [each["peakMiB"] for each in figures.get("names", {}).get("formats", {}).values()]
    peaks += [figures["delta"][kind]["peakMiB"] for kind in ("full", "delta")] if "delta" in figures else []
    if peaks:
        yield Target("memory, the most of all runs", max(peaks), PEAK_MIB, PEAK_MIB, "MiB")


def of_the_rest(figures):
    if "delta" in figures:
        delta = figures["delta"]
        share = delta["delta"]["seconds"] / delta["full"]["seconds"] * 100
        yield Target("delta of 1 % of the profiles", share, DELTA_PERCENT, DELTA_PERCENT, "% of the full run")
    if "daemon" in figures:
        daemon = figures["daemon"]
        for name, key, limit, unit, scale in [
                ("idle daemon", "idleShare", 0.1, "% of a core", 100), ("idle daemon, memory", "MiB", 64, "MiB", 1),
                ("a due run is done, from the moment it is due", "doneAfterDueSeconds", 2, "s", 1),
                ("`status` of all exports", "statusSeconds", 0.05, "s", 1),
                ("`status` of one export", "statusOfOneSeconds", 0.05, "s", 1)]:
            yield Target(name, daemon[key] * scale, limit, limit, unit, note=f"{daemon['definitions']:,} definitions")


def of_gzip(figures):
    for size, formats in figures.get("gzipLevels", {}).items():
        for format, levels in formats.items():
            theirs = levels["gzip6Bytes"] / 1e6
            yield Target(f"{LABELS[format]}, size", levels["bytes"] / 1e6, theirs, theirs, "MB",
                         note=f"not larger than `gzip -6` makes the same files; {int(size):,} rows")


def grown(now, last):
    """By how much each format's instructions a row have changed; formats that are new are left out."""
    return {name: now[name] / last[name] - 1 for name in now if last and name in last}
