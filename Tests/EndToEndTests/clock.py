"""The real daemon on a clock that jumps: over changes of summer time, back, and over a week of downtime."""
import datetime
import json
import mmap
import pathlib
import random
import struct
import subprocess
import time
import zoneinfo

from checker import Definition, held_against_source, windows

UTC = datetime.timezone.utc
HOUR = datetime.timedelta(hours=1)

# Zones whose clocks change in all sorts of ways, each with a rhythm and the time of day it starts from.
RHYTHMS = {
    "Europe/Berlin": (4, "00:00"), "Australia/Lord_Howe": (6, "02:00"), "Africa/Cairo": (24, "00:00"),
    "America/Santiago": (12, "00:00"), "Antarctica/Troll": (8, "01:30"), "America/Havana": (4, "00:00"),
    "Asia/Beirut": (24, "00:00"), "Atlantic/Azores": (5, "00:00"), "Pacific/Apia": (24, "03:00"),
    "Africa/Casablanca": (7, "02:30"),
}


def name_of(zone):
    """Of the export in that zone."""
    return zone.split("/")[1].lower().replace("_", "-")


class WallClock:
    """What the daemon takes for the time of day; its monotonic clock stays true."""

    def __init__(self, place, moment):
        library = f"{place.directory}/clock.so"
        source = pathlib.Path(__file__).with_suffix(".c")
        subprocess.run(["clang", "-O1", "-shared", "-fPIC", "-o", library, source], check=True)
        with open(f"{place.directory}/clock", "w+b") as file:
            file.write(bytes(8))
            file.flush()
            self.page = mmap.mmap(file.fileno(), 8)
        self.set(moment)
        self.launcher = ["env", f"LD_PRELOAD={library}", f"CLOCK_AHEAD={place.directory}/clock"]

    def set(self, moment):
        ahead = round((moment - datetime.datetime.now(UTC)).total_seconds())
        self.page[:] = struct.pack("=q", ahead)
        self.ahead = datetime.timedelta(seconds=ahead)

    @property
    def now(self):
        return datetime.datetime.now(UTC) + self.ahead


def instant(local, zone):
    """The first instant at which clocks show this time, or the first after the gap it falls into."""
    first, second = ((local - local.replace(tzinfo=zone, fold=fold).utcoffset()).replace(tzinfo=UTC) for fold in (0, 1))
    if first.astimezone(zone).replace(tzinfo=None) == local:
        return first
    before, after = sorted((first, second))
    offset = before.astimezone(zone).utcoffset()
    while after - before > datetime.timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def boundaries(zone_name, start, through):
    """Every boundary of an export that starts on that date, up to an instant, in milliseconds."""
    zone = zoneinfo.ZoneInfo(zone_name)
    hours, at = RHYTHMS[zone_name]
    first = datetime.datetime.combine(start, datetime.time.fromisoformat(at))
    found = set()
    if 24 % hours == 0:
        for slot in range(((through.date() - start).days + 2) * 24 // hours):
            found.add(instant(first + slot * hours * HOUR, zone))
    else:
        origin = instant(first, zone)
        found.update(origin + slot * hours * HOUR for slot in range(1 + int((through - origin) / (hours * HOUR))))
    return sorted(int(moment.timestamp()) * 1000 for moment in found if moment <= through)


class Application:
    """Writes events as time goes by: most at once, some late, some with a time that is yet to come."""

    def __init__(self, place, began):
        self.place = place
        self.random = random.Random(20260329)
        self.written = began
        self.late = []
        self.count = 0

    def write(self, until):
        rows = []
        while self.written < until:
            self.written += datetime.timedelta(seconds=self.random.randint(60, 1800))
            ts = int(self.written.timestamp() * 1000) + self.random.randint(0, 999)
            chance = self.random.random()
            (self.late if chance < 0.1 else rows).append(ts + 3_600_000 * (chance > 0.98))
        if self.random.random() < 0.3:
            rows += self.late
            self.late = []
        self.insert(rows)

    def insert(self, times):
        self.random.shuffle(times)
        with self.place.database() as db:
            db.execute("BEGIN")
            db.executemany(
                "INSERT INTO events (name, ts, object_id, properties) VALUES (?, ?, ?, ?)",
                [(self.random.choice(["Charged", "Viewed"]), ts, f"u{ts % 97}", json.dumps({"n": self.count + index}))
                 for index, ts in enumerate(times)])
            db.execute("COMMIT")
        self.count += len(times)

    def write_all_that_is_late(self):
        self.insert(self.late)
        self.late = []


def live_through(place, start, stretches):
    """Runs exports of all zones through stretches of time, each (hours, the daemon is up), in steps."""
    began = datetime.datetime.combine(start, datetime.time(12), UTC)
    clock = WallClock(place, began)
    application = Application(place, began - 48 * HOUR)
    application.write(began)
    place.configure()
    for zone, (hours, at) in RHYTHMS.items():
        place.define(name_of(zone),
                     {"everyHours": hours, "at": at, "from": str(start)}, timeZone=zone)
    daemon = place.daemon(clock.launcher)
    for hours, is_up in stretches:
        end = clock.now + hours * HOUR
        if not is_up:
            daemon.end()
        while clock.now < end:
            clock.set(min(end, clock.now + application.random.randint(60, 1000) / 60 * HOUR))
            application.write(clock.now)
            if is_up:
                wait_until_caught_up(place, clock, start)
                if application.random.random() < 0.15:
                    # Less than any window: whatever was done stays done.
                    clock.set(clock.now - 3 * HOUR)
                    application.random.choice([wait_a_turn, lambda: None])()
        if not is_up:
            daemon = place.daemon(clock.launcher)
            wait_until_caught_up(place, clock, start)
    application.write_all_that_is_late()
    # Every export gets one more window, with which the last late rows come.
    clock.set(clock.now + 25 * HOUR)
    wait_until_caught_up(place, clock, start)
    end = clock.now
    daemon.end()
    return end


def wait_a_turn():
    time.sleep(1.2)


def requests(place):
    return {export["name"]: export["requestId"] for export in place.status()["exports"]}


def wait_until_caught_up(place, clock, start):
    """Until the last window that is due of every export is DONE."""
    known = requests(place)
    owed = {known[name_of(zone)]: len(boundaries(zone, start, clock.now)) - 1
            for zone in RHYTHMS}

    def is_caught_up():
        done = {}
        for name in place.delivered_names():
            if name.endswith("-manifest.json"):
                request = int(name.split("-")[0])
                done[request] = done.get(request, 0) + 1
        missing.clear()
        missing.update({request: count - done.get(request, 0) for request, count in owed.items()
                        if done.get(request, 0) < count})
        return not missing

    missing = {}
    try:
        place.wait_for("everything due is done", 90, is_caught_up, pause=0.05)
    except AssertionError as error:
        raise AssertionError(f"runs are missing: {missing} of {known} at {clock.now}") from error


def hold(place, start, end):
    """Windows are those of the rule, done oldest first, and every row came once."""
    known = requests(place)
    runs = rows = 0
    for zone in RHYTHMS:
        request = known[name_of(zone)]
        bounds = boundaries(zone, start, end)
        assert windows(place, request) == list(zip(bounds, bounds[1:])), zone
        stamps = [manifest["runTimestamp"] for manifest in place.manifests(request)]
        assert stamps == sorted(set(stamps)), (zone, stamps)
        rows += held_against_source(place, request, Definition(zone=zone))
        runs += len(stamps)
    return f"{len(RHYTHMS)} zones, {runs} runs, {rows} rows"


def test_over_the_changes_of_spring_and_a_week_of_downtime(place):
    start = datetime.date(2026, 3, 27)
    end = live_through(place, start, [(9 * 24 + 12, True), (7 * 24, False), (30, True)])
    return hold(place, start, end)


def test_over_the_changes_of_autumn_and_a_week_of_downtime(place):
    start = datetime.date(2026, 10, 23)
    end = live_through(place, start, [(7 * 24, False), (4 * 24, True)])
    return hold(place, start, end)
