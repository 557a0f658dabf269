"""What a daemon costs while nothing is due, how soon it begins when something is, and how long `status` takes."""
import datetime
import os
import statistics
import subprocess
import time

import events
import exporting
import measuring

UTC = datetime.timezone.utc


def measure(binary, directory, definitions, seconds, is_quick=False):
    """A daemon whose exports all wait for tomorrow; then, unless it must be quick, one that is due at a full minute."""
    os.makedirs(directory)
    events.make(f"{directory}/events.db", 10)
    place = exporting.Place(binary, f"{directory}/exportd", f"{directory}/events.db")
    today = str(datetime.datetime.now(UTC).date())
    for number in range(definitions):
        with open(f"{place.directory}/exports.d/export-{number}.json", "w") as file:
            file.write(exporting.definition(frequency={"everyHours": 24, "from": today}))
    began = time.monotonic()
    with open(f"{place.directory}/journal", "wb") as journal:
        daemon = subprocess.Popen(place.command("daemon"), stderr=journal)
    try:
        while not is_up(place, definitions):
            if time.monotonic() - began > 300 or daemon.poll() is not None:
                with open(f"{place.directory}/journal") as journal:
                    raise SystemExit(f"the daemon does not come up:\n{journal.read()[-2000:]}")
            time.sleep(0.5)
        up = time.monotonic() - began
        # It makes the acquaintance of new exports' sources first.
        settle(daemon.pid)
        before, began = measuring.processor_seconds(daemon.pid), time.monotonic()
        time.sleep(seconds)
        share = (measuring.processor_seconds(daemon.pid) - before) / (time.monotonic() - began)
        held = measuring.memory(daemon.pid, "VmRSS")
        asked = statistics.median(measuring.carried_out(*place.command("status")).seconds for _ in range(7))
        asked_one = statistics.median(measuring.carried_out(*place.command("status", "export-7")).seconds for _ in range(7))
        late = None if is_quick else done_after_due(place)
    finally:
        daemon.terminate()
        daemon.wait()
    place.remove()
    print(f"{definitions:,} definitions: up after {up:.1f} s; nothing due: {share:.3%} of a core, {held:.1f} MiB; "
          f"status {asked:.3f} s, of one {asked_one:.3f} s"
          + ("" if late is None else f"; a due run is done after {late:.2f} s"), flush=True)
    return {"definitions": definitions, "upSeconds": round(up, 1), "idleShare": round(share, 6), "MiB": round(held, 1),
            "statusSeconds": round(asked, 3), "statusOfOneSeconds": round(asked_one, 3),
            **({} if late is None else {"doneAfterDueSeconds": round(late, 2)})}


def is_up(place, definitions):
    told = place.status()
    return told is not None and told["daemon"]["running"] and len(told["exports"]) == definitions


def settle(pid):
    """Waits until it has nothing more to do, for at most a minute."""
    for _ in range(12):
        before = measuring.processor_seconds(pid)
        time.sleep(5)
        if measuring.processor_seconds(pid) - before < 0.25:
            return


def done_after_due(place):
    """Seconds from the moment a run becomes due to its manifest, which is the last thing it makes."""
    now = datetime.datetime.now(UTC)
    due = (now + datetime.timedelta(seconds=75)).replace(second=0, microsecond=0)
    place.create("soon", frequency={
        "everyHours": 24, "from": str((due - datetime.timedelta(days=1)).date()), "at": due.strftime("%H:%M")})
    while not place.manifests():
        if datetime.datetime.now(UTC) - due > datetime.timedelta(seconds=60):
            raise SystemExit("a run that was due a minute ago has not been done")
        time.sleep(0.01)
    (made,) = place.manifests()
    return os.stat(f"{place.exports}/{made}").st_mtime - due.timestamp()
