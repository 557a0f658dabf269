"""Instructions a row of each format: unlike times they hardly depend on the machine's mood."""
import concurrent.futures
import json
import os
import shutil

import events
import exporting
import measuring
import targets

RECORD = f"{measuring.HERE}/record.json"
# Both beyond the 10,000 rows that an export looks at before its first run.
SIZES = (10_500, 14_500)


def per_row(binary, directory):
    """The difference of two sizes, so that starting up falls out."""
    for size in SIZES:
        events.make(f"{directory}/{size}.db", size)

    def counted(work):
        format, size = work
        place = exporting.Place(binary, f"{directory}/{format}-{size}", f"{directory}/{size}.db")
        place.create("all", frequency=exporting.once(), **exporting.FORMATS[format])
        return measuring.instructions(place.directory, *place.command("run", "all", "--wait"))
    # The count does not depend on what else runs: one on each core.
    with concurrent.futures.ThreadPoolExecutor(len(measuring.cores())) as pool:
        work = [(format, size) for format in exporting.FORMATS for size in reversed(SIZES)]
        counts = dict(zip(work, pool.map(counted, work)))
    shutil.rmtree(directory)
    few, many = SIZES
    return {format: round((counts[format, many] - counts[format, few]) / (many - few)) for format in exporting.FORMATS}


def recorded():
    if not os.path.exists(RECORD):
        return []
    with open(RECORD) as file:
        return json.load(file)


def record(figures):
    """Adds the figures of a run to what is on record."""
    before = recorded()
    with open(RECORD, "w") as file:
        json.dump(before + [figures], file, indent=1, ensure_ascii=False)
        file.write("\n")


def compared(counts):
    """Prints them beside the last on record; gives the formats that have grown by more than a tenth."""
    last = next((each for each in reversed(recorded()) if "json" in each.get("instructionsPerRow", {})), None)
    changes = targets.grown(counts, last and last["instructionsPerRow"])
    for name, count in counts.items():
        since = f"  {changes[name]:+7.1%} since {last['date']} ({last['instructionsPerRow'][name]:,})" if name in changes else ""
        print(f"instructions a row, {targets.LABELS[name]:<12} {count:>8,}{since}", flush=True)
    return [name for name in changes if counts[name] * 10 > last["instructionsPerRow"][name] * 11]
