"""Exports of profiles: what each run holds while the source changes, hour by hour on a clock that is set ahead."""
import itertools
import json
import os
import signal
import subprocess
import threading

import people
from checker import canonical
from people import HOUR, People, ahead, delivered, downstream, gone
from place import days_ago, midnight

MINUTE = 60 * 1000


def run(place, name, hours=0, **options):
    return place.exportd("run", name, launcher=ahead(place, hours), **options)


def plan(place, name, hours=0):
    return json.loads(place.exportd("plan", name, "--json", launcher=ahead(place, hours)).stdout)


def run_as_planned(place, name, request, hours=0):
    """One run that must hold what its plan had said. Returns it."""
    planned = plan(place, name, hours)
    assert planned["due"] and len(planned["runs"]) == 1, planned
    run(place, name, hours)
    held = delivered(place, request)[-1]
    timestamp = str(held.manifest["runTimestamp"])
    files = {file["name"]: file["rows"] for file in held.manifest["files"] if file["kind"] == "data"}
    series = planned["runs"][0]["series"]
    assert {part["firstFile"].replace("<run timestamp>", timestamp): part["rows"] for part in series} == files, planned
    return held


def test_changed_sends_all_and_then_each_version_once(place):
    shards = {id: People(place, id) for id in ("0", "1")}
    for id, shard in shards.items():
        # The same objectIds in both: two profiles each.
        shard.fill(50, people.now() - 30 * MINUTE)
        shard.put("shared", people.now() - 5 * MINUTE, identity=f"of {id}")
        shard.put("deleted before", people.now() - 5 * MINUTE)
        shard.delete("deleted before", people.now() - MINUTE)
    people.configure(place, shards)
    request = people.create(place, "daily", {"everyHours": 4})

    first = run_as_planned(place, "daily", request)
    for id, shard in shards.items():
        assert first.of(id) == shard.records(), id
        assert len(first.of(id)) == 51
    assert first.manifest["window"]["from"] is None

    at = people.now(5)
    shards["0"].put("p1", at - MINUTE, identity="changed")
    shards["0"].put("new", at - MINUTE)
    shards["0"].put("new and gone", at - 2 * MINUTE)
    shards["0"].delete("new and gone", at - MINUTE)
    shards["0"].delete("p2", at - MINUTE)
    shards["1"].put("shared", at - MINUTE, identity="of 1, changed")
    second = run_as_planned(place, "daily", request, 5)
    assert second.of("0") == shards["0"].records("p1", "new", "new and gone", "p2")
    assert second.of("0")["p2"] == canonical({"identity": "user 2", "objectId": "p2", "deleted": True})
    assert second.of("1") == shards["1"].records("shared")
    assert second.manifest["window"]["from"] == first.manifest["window"]["to"]

    third = run_as_planned(place, "daily", request, 10)
    assert third.records == {} and third.manifest["files"] == []
    assert "nothing is due" in run(place, "daily", 10).stdout
    shards["0"].put("p2", people.now(15) - MINUTE, identity="back")
    run_as_planned(place, "daily", request, 15)
    for id, shard in shards.items():
        assert downstream(delivered(place, request), id) == shard.records()
    verified = json.loads(place.exportd("verify", "daily", "--json").stdout)
    assert verified["ok"] and len(verified["runs"]) == 4, verified
    os.unlink(f"{place.destination}/{first.manifest['files'][0]['name']}")
    assert "is not there" in place.exportd("verify", "daily", code=1).stdout
    stray = f"{people.ACCOUNT}-{request}-{second.manifest['runTimestamp']}-0-7-json.gz"
    with open(f"{place.destination}/{stray}", "w") as file:
        file.write("x")
    assert stray in place.exportd("verify", "daily", code=1).stdout


def test_commits_within_lookback_come_once_and_those_beyond_it_are_not_promised(place):
    shard = People(place)
    shard.fill(5, people.now() - 3 * HOUR * 1000)
    people.configure(place, lookback="30m")
    request = people.create(place, "daily", {"everyHours": 4})
    # A transaction that is open while the run reads, and commits behind it.
    slow = shard.another()
    slow.db.execute("BEGIN IMMEDIATE")
    slow.put("within", people.now() - 10 * MINUTE)
    slow.put("within too", people.now() - 29 * MINUTE)
    slow.put("beyond", people.now() - 40 * MINUTE)
    assert sorted(run_as_planned(place, "daily", request).of()) == [f"p{number}" for number in range(5)]
    slow.db.execute("COMMIT")

    second = run_as_planned(place, "daily", request, 5)
    assert second.of() == shard.records("within", "within too"), second.of()
    # Of what came within the lookback of that run, nothing comes again; and of what came before it, neither.
    slow.db.execute("BEGIN IMMEDIATE")
    slow.put("late again", people.now(5) - 20 * MINUTE)
    slow.put("p1", people.now(5) - 20 * MINUTE)
    slow.db.execute("COMMIT")
    third = run_as_planned(place, "daily", request, 10)
    assert third.of() == shard.records("late again", "p1")
    assert run_as_planned(place, "daily", request, 15).records == {}
    # Any later change brings it.
    shard.put("beyond", people.now(20) - MINUTE)
    assert run_as_planned(place, "daily", request, 20).of() == shard.records("beyond")
    slow.db.close()


def test_an_application_that_writes_meanwhile_loses_and_repeats_nothing(place):
    shard = People(place)
    shard.fill(3000, people.now() - 2 * HOUR * 1000)
    people.configure(place)
    request = people.create(place, "daily", {"everyHours": 4})
    numbers = itertools.count()

    def write(hours, ended):
        writer = shard.another()
        while not ended.is_set():
            number = next(numbers)
            writer.db.execute("BEGIN IMMEDIATE")
            # Some commit long after their time.
            at = people.now(hours) - (number % 50) * MINUTE
            row = writer.db.execute(
                "SELECT updated_at FROM profiles WHERE object_id = ?", (f"p{number * 7919 % 3500}",)).fetchone()
            if row is None or row[0] < at:
                writer.put(f"p{number * 7919 % 3500}", at, properties=json.dumps({"version": number}))
            writer.db.execute("COMMIT")
        writer.db.close()

    for hours in (0, 5, 10):
        ended = threading.Event()
        writer = threading.Thread(target=write, args=(hours, ended))
        writer.start()
        try:
            run(place, "daily", hours)
        finally:
            ended.set()
            writer.join()
    run(place, "daily", 15)
    runs = delivered(place, request)
    assert downstream(runs) == shard.records()
    versions = [text for held in runs[1:] for text in held.records.values()]
    assert len(versions) == len(set(versions)), "a version came twice"
    return f"{next(numbers)} updates, {len(runs[0].records)} + {len(versions)} profiles"


def test_compared_finds_every_change_without_a_time_and_rows_that_are_gone(place):
    shards = {id: People(place, id, columns="") for id in ("0", "1")}
    for shard in shards.values():
        shard.fill(40, None)
    shards["0"].db.execute("INSERT INTO profiles (object_id, properties) VALUES (NULL, '{\"n\": 1}')")
    shards["0"].put("broken", properties="{")
    people.configure(place, shards)
    request = people.create(place, "daily", {"everyHours": 4, "profiles": "compared"})
    first = run_as_planned_but_for(1, place, request)
    assert first.of("1") == shards["1"].records()
    assert sorted(row["reason"][:9] for row in first.rejected) == ["no usable", "propertie"], first.rejected

    shards["0"].put("p1", device='{"token": "other"}')
    shards["0"].remove("p3", "p4")
    shards["1"].put("p3", identity="changed")
    run(place, "daily", 5)
    second = delivered(place, request)[1]
    assert second.of("0") == {**shards["0"].records("p1"), "p3": gone("p3"), "p4": gone("p4")}
    assert second.of("1") == shards["1"].records("p3")
    assert second.rejected == [], "each goes once"
    shards["0"].put("p4", identity="back")
    shards["0"].put("broken", properties='{"mended": true}')
    run(place, "daily", 10)
    assert delivered(place, request)[2].of("0") == shards["0"].records("p4", "broken")
    run(place, "daily", 15)
    assert delivered(place, request)[3].records == {}
    for id, shard in shards.items():
        assert downstream(delivered(place, request), id) == shard.records()


def run_as_planned_but_for(unconvertible, place, request):
    """A plan counts rows whose JSON is broken, which only a run finds out."""
    planned = plan(place, "daily")["runs"][0]["rows"]
    run(place, "daily")
    held = delivered(place, request)[-1]
    assert planned == held.manifest["rows"] + unconvertible, planned
    return held


def test_full_sends_everyone_each_time_and_tells_who_is_deleted(place):
    shard = People(place)
    shard.fill(30, people.now())
    people.configure(place)
    request = people.create(place, "daily", {"everyHours": 4, "profiles": "full"})
    assert run_as_planned(place, "daily", request).of() == shard.records()
    shard.delete("p5", people.now(5))
    shard.put("p6", people.now(5), identity="changed")
    second = run_as_planned(place, "daily", request, 5)
    assert second.of() == {**shard.records(), **shard.records("p5")}
    assert downstream(delivered(place, request)) == shard.records()


def test_one_time_exports_of_everyone_and_of_periods(place):
    shard = People(place)
    times = {"long ago": midnight(40), "before": midnight(1) - 1, "first": midnight(1), "last": midnight(0) - 1,
             "after": midnight(0), "gone": midnight(1) + 5}
    for object_id, updated_at in times.items():
        shard.put(object_id, updated_at)
    shard.delete("gone", midnight(1) + 5)
    people.configure(place)
    place.exportd("create", "now", "--source", "main", "--destination", "local", "--profiles", "--once", "now",
                  "--format", "json", "--wait")
    request = place.request("now")
    assert delivered(place, request)[0].of() == shard.records()
    assert delivered(place, request)[0].manifest["window"]["from"] is None
    wanted = {"yesterday": ["first", "last"], f"{days_ago(2)}..{days_ago(1)}": ["before", "first", "last"],
              days_ago(40): ["long ago"], "lastDays:2": ["before", "first", "last", "after"]}
    for number, (period, object_ids) in enumerate(wanted.items()):
        name = f"period-{number}"
        place.exportd("create", name, "--source", "main", "--destination", "local", "--profiles", "--once", period,
                      "--format", "json")
        held = run_as_planned(place, name, place.request(name))
        assert held.of() == shard.records(*object_ids), (period, held.of())
        place.exportd("verify", name)
    # Who was updated since has left the period; who comes to it was not delivered.
    shard.put("first", people.now())
    place.exportd("verify", "period-0")
    shard.put("too late", midnight(1) + 7)
    shard.put("too late as well", midnight(1) + 7)
    assert "the source holds 3 profiles of the period, and 2 were" in place.exportd(
        "verify", "period-0", code=1).stdout
    place.exportd("verify", "period-0", "--skip-source")


def leave_a_hundred(shard):
    shard.db.execute("DELETE FROM profiles WHERE CAST(substr(object_id, 2) AS INTEGER) >= 100")


def test_killed_in_mid_run_it_starts_over_and_leaves_nothing_behind(place):
    shard = People(place)
    shard.fill(20000, people.now() - HOUR * 1000, bytes=20)
    people.configure(place)
    people.define(place, "daily", {"everyHours": 4}, maxFileBytes=2_000)
    daemon, request = people.held_in_mid_run(place, "daily")
    daemon.kill()
    before = people.names(place, request)
    # It is not what it was: fewer files, and other ones.
    leave_a_hundred(shard)
    daemon = place.daemon()
    place.wait_until_done("daily")
    daemon.end()
    runs = delivered(place, request)
    assert len(runs) == 1 and runs[0].of() == shard.records()
    left = before - people.names(place, request)
    assert left, "no name of the first attempt had to go"
    assert os.listdir(f"{place.directory}/state/memory") != [] and people.memory_bytes(place) < 100 * 30
    return f"{len(before)} files of the first attempt, {len(left)} of them deleted"


def test_stopped_in_mid_run_and_started_at_once_it_starts_over_and_loses_nothing(place):
    shard = People(place)
    shard.fill(20000, people.now() - HOUR * 1000, bytes=20)
    people.configure(place)
    people.define(place, "daily", {"everyHours": 4}, maxFileBytes=2_000)
    daemon, request = people.held_in_mid_run(place, "daily")
    stop = place.helper(
        place.binary, "stop", "daily", "--config", place.configuration, stdout=subprocess.DEVNULL)
    place.wait_for("it is told to stop", 20, lambda: place.status("daily")["export"]["reason"])
    os.kill(daemon.pid, signal.SIGCONT)
    assert stop.wait(30) == 0
    place.wait_for("it has stopped", 20, lambda: place.status("daily")["runs"][0]["state"] != "RUNNING")
    state = place.status("daily")
    assert state["export"]["state"] == "STOPPED" and state["runs"][0]["state"] == "STOPPED", state
    # At once, while they are being deleted.
    shard.put("p7", people.now(), identity="meanwhile")
    leave_a_hundred(shard)
    place.exportd("start", "daily")
    place.wait_until_done("daily")
    daemon.end()
    runs = delivered(place, request)
    assert len(runs) == 1 and runs[0].of() == shard.records()
    assert runs[0].manifest["runTimestamp"] == state["runs"][0]["runTimestamp"]


def test_run_asks_for_what_is_due_with_the_daemon_up_or_down(place):
    shard = People(place)
    shard.fill(10, people.now() - HOUR * 1000)
    people.configure(place)
    request = people.create(place, "daily", {"everyHours": 4})
    daemon = place.daemon()
    place.wait_until_done("daily")
    assert "nothing is due" in place.exportd("run", "daily", "--wait").stdout
    daemon.end()
    shard.put("p1", people.now(), identity="changed")
    # What was missed merges into one run.
    daemon = place.daemon(ahead(place, 50))
    place.wait_until_done("daily", count=2)
    daemon.end()
    runs = delivered(place, request)
    assert len(runs) == 2 and runs[1].of() == shard.records("p1")


def test_what_is_remembered_is_small_and_its_loss_is_told(place):
    shard = People(place)
    shard.fill(5000, people.now() - 2 * HOUR * 1000)
    people.configure(place)
    sizes = {}
    for name in ("changed", "compared"):
        request = people.create(place, name, {"everyHours": 4, "profiles": name})
        run(place, name)
        sizes[name] = people.memory_bytes(place) - sum(sizes.values())
    # None of them changed within the lookback.
    assert sizes["changed"] == 0 and 20 < sizes["compared"] / 5000 < 30, sizes
    directory = f"{place.directory}/state/memory"
    for name in os.listdir(directory):
        if os.path.getsize(f"{directory}/{name}"):
            with open(f"{directory}/{name}", "r+b") as file:
                file.seek(50_000)
                file.write(b"\0\0\0\0")
    done = run(place, "compared", 5, code=1)
    assert "it remembers which profiles were sent" in done.stderr and "exportd run compared --rebase" in done.stderr, done.stderr
    assert len(delivered(place, request)) == 1
    place.exportd("run", "compared", "--rebase", launcher=ahead(place, 5))
    assert delivered(place, request)[-1].of() == shard.records()
    return f"compared: {sizes['compared'] / 5000:.1f} bytes a profile"
