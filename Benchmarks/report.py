"""`docs/performance.md`, every figure of it from one run of the benchmark."""
import chart
import targets
from targets import LABELS

NAMES = dict(chart.CONTESTANTS)
EXPLAINED = """
The same events lie in one SQLite database; each program writes all of them to files of the format. exportd does more than
the others: it splits the events into files by name and date ({names} names, {days} days), reads every property and gives it
a type, hashes every byte, keeps its state in a database and writes a manifest. Its time is that of the whole command, from
start to exit. Of the others only the query counts: neither the start of Python nor the loading of the engine. They write
the properties as the string they are, without a look at it; "typed columns" means that they parse them into a column for
each, as exportd does.

- Contestants run in turns, all of them once, then all of them again, so that whatever else the machine does hits them alike.
  Given is the median of {runs} runs, with the least and the most.
  Rows with fewer runs are no part of a target: Python, sqlite3, and those of DuckDB and ClickHouse that took, each time, more
  than twice what the other did.
- Every program has the same two cores, and everything lies in memory (tmpfs), unless a table says otherwise.
- What each program has written in its first run was read back by DuckDB: the count of rows, and a sum of a hash over name, time,
  object id, platform and seven properties of each row, must be those of the source, or the benchmark fails:
  {agreed}. XML files were besides parsed whole.
- *Floor*: each piece of the work alone on one core, the quickest of three: stepping through the rows in SQLite and asking for
  each value, compressing, hashing and writing the bytes. Their sum over two cores is what nobody can go below. A target that lies
  below {above} times the floor is moved there; both are given.
- Where figures should be the same (the cost of a row, memory), up to {same} times the least counts as the same.
"""


def table(head, rows):
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join('---' if not i else '---:' for i in range(len(head)))} |"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


def seconds(value):
    return f"{value:.2f} s" if value >= 0.1 else f"{value:.3f} s"


def amount(value, unit):
    if unit == "s":
        return seconds(value)
    digits = 1 if value >= 10 else 2 if value >= 0.1 else 3
    return f"{value:.{digits}f} {unit}"


def of_targets(found):
    return table(["", "measured", "wanted", "floor", "target", ""], [
        [target.name + (f" ({target.note})" if target.note else ""), amount(target.measured, target.unit),
         amount(target.wanted, target.unit), "" if target.floor is None else amount(target.floor, target.unit),
         amount(target.allowed, target.unit), "met" if target.is_met else "**missed**"] for target in found])


def of_format(size, times):
    rows = []
    for name, label in [*chart.CONTESTANTS]:
        if name in times:
            each = times[name]
            rows.append([
                f"**{label}**" if name == "exportd" else label, seconds(each["seconds"]),
                f"{each['least']:.2f}–{each['most']:.2f}", seconds(each["processorSeconds"]),
                f"{int(size) / each['seconds']:,.0f}", f"{each['peakMiB']:,.0f} MiB", f"{each['bytes'] / 1e6:,.1f} MB",
                str(each["runs"])])
    return table(["", "time", "least–most", "processors", "rows/s", "memory", "written", "runs"], rows)


def of_floors(figures, size):
    pieces = ["scan", "compress", "hash", "write"]
    return table(["", *pieces, "sum", "over two cores", "exportd", ""], [
        [LABELS[format], *(seconds(floor[piece]) if piece in floor else "" for piece in pieces), seconds(floor["sum"]),
         seconds(floor["sum"] / 2), seconds(figures["speed"][size][format]["exportd"]["seconds"]),
         f"{figures['speed'][size][format]['exportd']['seconds'] / floor['sum'] * 2:.2f} times"]
        for format, floor in figures["floors"][size].items()])


def of_gzip(figures, size):
    rows = []
    for format, levels in figures["gzipLevels"][size].items():
        lower = levels["bytesAtLevels"].get(str(levels["lowestLevel"] - 1))
        rows.append([
            LABELS[format], f"{levels['gzip6Bytes'] / 1e6:.1f} MB", f"{levels['bytes'] / 1e6:.1f} MB",
            str(levels["filesThatAreLarger"]), str(levels["lowestLevel"]),
            f"{levels['bytesAtLevels'][str(levels['lowestLevel'])] / 1e6:.1f} MB",
            "" if lower is None else f"{lower / 1e6:.1f} MB"])
    return table(["", "`gzip -6`", "exportd", "files larger than `gzip -6` makes them", "lowest level of libdeflate that keeps it",
                  "at that level", "one below"], rows)


def of_sizes(figures):
    sizes = targets.real_sizes(figures)
    formats = list(figures["speed"].get("10", {}))

    def cells(format, value):
        return [value(size, format) if format in figures["speed"][size] else "" for size in sizes]
    head = [f"{int(size):,} rows" for size in sizes]
    cost = table(["microseconds a row", *head], [
        [LABELS[format], *cells(format, lambda size, format: f"{targets.cost_per_row(figures, size, format):.2f}")]
        for format in formats])
    memory = table(["peak memory", *head], [
        [LABELS[format], *cells(format, lambda size, format: f"{figures['speed'][size][format]['exportd']['peakMiB']:.0f} MiB")]
        for format in formats])
    return cost, memory


def of_variant(figures, size, variant, head):
    rows = []
    for format, times in figures["speed"][size].items():
        if variant in times:
            ours, other = times["exportd"]["seconds"], times[variant]["seconds"]
            rows.append([LABELS[format], seconds(ours), seconds(other), f"{other / ours:.2f} times", seconds(other - ours)])
    return table(["", "two cores, in memory", head, "", "difference"], rows)


def of_speed(figures, size):
    yield f"## {int(size):,} events"
    for format, times in figures["speed"][size].items():
        yield f"**{LABELS[format]}**"
        yield of_format(size, times)
    yield "### Floors"
    yield of_floors(figures, size)
    if figures["gzipLevels"].get(size):
        yield "### The level of gzip"
        yield of_gzip(figures, size)


def of_names(names):
    yield f"With {names['names']:,} event names in {names['rows']:,} rows on three days ({names['files']:,} files):"
    yield table(["", "time", "peak memory"], [
        [LABELS[format], seconds(each["seconds"]), f"{each['peakMiB']:.0f} MiB"] for format, each in names["formats"].items()])


def of_delta(delta):
    yield "## Profiles: a delta"
    yield (f"{delta['profiles']:,} profiles with an index on `updated_at`, JSON gzip, mode `changed`; then one per cent of them "
           "is updated.")
    yield table(["", "time", "least–most", "peak memory", "runs"], [
        [label, seconds(delta[kind]["seconds"]), f"{delta[kind]['least']:.3f}–{delta[kind]['most']:.3f}",
         f"{delta[kind]['peakMiB']:.0f} MiB", str(delta[kind]["runs"])]
        for kind, label in [("full", "everyone"), ("delta", "the delta")]])


def of_daemon(daemon):
    yield "## The daemon"
    yield (f"With {daemon['definitions']:,} definitions, new to it, it was up in {daemon['upSeconds']} s. While none is due it takes "
           f"{daemon['idleShare'] * 100:.3f} % of a core and {daemon['MiB']:.1f} MiB. `status` of all takes "
           f"{daemon['statusSeconds'] * 1000:.0f} ms, of one {daemon['statusOfOneSeconds'] * 1000:.0f} ms. A run over ten rows "
           f"was done {daemon['doneAfterDueSeconds']} s after it was due.")


def of_instructions(counts):
    yield "## Instructions a row"
    yield ("Counted by callgrind, the difference of two sizes, so that starting up falls out. It knows no instructions for SHA-256, "
           "so that hashing counts for more than it takes. `make bench-quick` fails when one of them has grown by more than a tenth.")
    yield table(["", "instructions"], [[LABELS[name], f"{count:,}"] for name, count in counts.items()])


def paragraphs(figures):
    sizes = list(figures["floors"])
    largest = sizes[-1]
    yield "# How fast it is"
    yield (f"Measured on {figures['date']} with `make bench`, which wrote this page; a figure here is one of that run, recorded in "
           f"[record.json](../Benchmarks/record.json). Machine: {figures['machine']}, {figures['memoryGiB']} GiB, "
           f"{figures['system']}; two cores were used. "
           + ", ".join(f"{name} {version}" for name, version in figures["versions"].items()) + ".")
    yield "![Events a second](performance.svg)"
    yield "## How to read it"
    yield EXPLAINED.strip().format(
        names=figures["eventNames"], days=figures["days"], runs=figures["runs"],
        above=targets.ABOVE_FLOOR, same=targets.SAME, agreed="; ".join(
            f"all {each['outputs']} outputs held {each['rows']:,} rows with the sum {each['checksum']}"
            for each in figures["agreed"].values()))
    for size in sizes:
        yield f"## Targets at {int(size):,} events"
        yield of_targets(targets.of_speed(figures, size))
    yield "## Other targets"
    yield of_targets([*targets.of_sizes(figures), *targets.of_the_rest(figures), *targets.of_gzip(figures)])
    for size in sizes:
        yield from of_speed(figures, size)
    yield "## Sizes"
    yield "The cost of a row is the time of the run without that of a run over ten rows."
    yield from of_sizes(figures)
    if "names" in figures:
        yield from of_names(figures["names"])
    yield "## One core and two"
    yield of_variant(figures, largest, "exportd-one-core", "one core")
    yield "## What fsync costs"
    yield (f"Staging, state database and destination on a real disk ({figures['disk']}), where in memory fsync costs nothing; the "
           "source in memory in both.")
    yield of_variant(figures, largest, "exportd-disk", "on the disk")
    if "delta" in figures:
        yield from of_delta(figures["delta"])
    if "daemon" in figures:
        yield from of_daemon(figures["daemon"])
    if "instructionsPerRow" in figures:
        yield from of_instructions(figures["instructionsPerRow"])
    yield "## Anew"
    yield ("`make bench` installs the others into `.venv-bench` and measures 1,000,000 events; `EFFORT=long` 10,000,000 besides, "
           "`ROWS=…` any number, `RUNS=…` how often, `ONLY=json,csv` only some formats or parts (which leaves this page as it is).")


def written(figures):
    """The whole page."""
    return "\n\n".join(paragraphs(figures)) + "\n"
