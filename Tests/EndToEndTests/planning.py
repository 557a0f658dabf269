"""`exportd plan`: what a run will do, told before it does it."""
import collections
import os
import shutil

from place import days_ago, milliseconds


def add_event(db, name, ts):
    db.execute(
        "INSERT INTO events (name, ts, object_id, platform, properties) VALUES (?, ?, 'p0-1', 'Web', '{}')", (name, ts))


def held_against_manifests(plan, manifests):
    """Windows, names and counts of a plan are those of the manifests that followed."""
    assert len(plan["runs"]) == len(manifests) > 0
    by_window = {(m["window"]["from"], m["window"]["to"]): m for m in manifests}
    for run in plan["runs"]:
        manifest = by_window[run["window"]["from"], run["window"]["to"]]

        def known(name):
            return name.replace("<run timestamp>", str(manifest["runTimestamp"]))
        files = [file for file in manifest["files"] if file["kind"] == "data"]
        made = collections.Counter()
        for file in files:
            made[file["databaseId"], file["eventName"], file["date"]] += file["rows"]
        planned = {(s["databaseId"], s["eventName"], s["date"]): s["rows"] for s in run["series"]}
        assert planned == dict(made), (planned, made)
        assert {known(s["firstFile"]) for s in run["series"]} == {f["name"] for f in files if f["index"] == 0}
        assert run["rows"] == manifest["rows"] == sum(planned.values())
        assert known(run["manifest"]) == f"{manifest['requestId']}-{manifest['runTimestamp']}-manifest.json"


def test_plan_tells_what_the_runs_then_do_and_changes_nothing(place):
    place.sample(events=5000)
    place.exportd("check")
    with place.daemon():
        place.wait_until_done("all-events")
    request = int(place.exportd(
        "create", "daily", "--source", "main", "--destination", "local", "--events", "all", "--every", "24", "--from",
        days_ago(2), "--format", "json"
    ).stdout)
    before = place.state(), sorted(os.listdir(place.destination))
    plan = place.answer("plan", "daily")
    text = place.exportd("plan", "daily").stdout
    assert (place.state(), sorted(os.listdir(place.destination))) == before
    assert plan["due"] is True and plan["requestId"] == request
    assert "2 runs would happen now" in text and f"{request}-<run timestamp>-Charged-" in text, text
    assert all(run["runTimestamp"] is None and run["id"] is None for run in plan["runs"])
    place.exportd("run", "daily")
    held_against_manifests(plan, place.manifests(request))
    # Nothing is due now: the next window is told instead.
    after = place.answer("plan", "daily")
    assert after["due"] is False and len(after["runs"]) == 1
    assert "nothing is due" in place.exportd("plan", "daily").stdout


def test_plan_tells_late_rows_apart_and_what_a_run_that_has_begun_is_bound_to(place):
    place.sample(events=5000)
    assert place.status()["exports"] == []
    request = int(place.exportd(
        "create", "often", "--source", "main", "--destination", "local", "--events", "Charged", "--every", "4",
        "--from", days_ago(1), "--format",
        "json").stdout)
    place.exportd("run", "often")
    done = place.manifests(request)
    late = milliseconds(done[0]["window"]["from"]) + 60_000
    with place.rows() as db:
        for _ in range(3):
            add_event(db, "Charged", late)
        add_event(db, "Search", late)
    # A window that is not done yet: a one-time export shows it, a recurring one owes it with its late rows.
    plan = place.answer("plan", "often")
    assert plan["due"] is False
    assert plan["runs"][0]["lateRows"] == 3, plan
    assert [s["lateRows"] for s in plan["runs"][0]["series"] if s["date"] == done[0]["window"]["from"][:10]] == [3]

    # A run whose first attempt fails keeps its timestamp and its cut.
    day = days_ago(1)
    shutil.move(place.destination, f"{place.directory}/away")
    open(place.destination, "w").close()
    once = int(place.exportd(
        "create", "once", "--source", "main", "--destination", "local", "--events", "all", "--once", day, "--format",
        "json").stdout)
    place.exportd("run", "once", code=1)
    with place.rows() as db:
        add_event(db, "After the cut", milliseconds(day + "T12:00:00Z"))
    plan = place.answer("plan", "once")
    run = plan["runs"][0]
    assert run["state"] == "PENDING" and run["runTimestamp"] is not None and run["id"] is not None
    assert all(s["firstFile"].startswith(f"{once}-{run['runTimestamp']}-") for s in run["series"])
    assert "After the cut" not in {s["eventName"] for s in run["series"]}
    os.unlink(place.destination)
    shutil.move(f"{place.directory}/away", place.destination)
    place.exportd("run", "once")
    held_against_manifests(plan, place.manifests(once))


def test_plan_works_beside_the_daemon_and_says_what_keeps_a_run_from_going(place):
    place.sample(events=5000)
    with place.daemon():
        place.wait_until_done("all-events")
        assert place.answer("plan", "all-events")["due"] is False
        assert place.answer("plan", "charged-yesterday") == {
            **place.answer("plan", "charged-yesterday"), "due": False, "runs": []}
    with place.rows() as db:
        db.execute("DELETE FROM events")
    refused = place.exportd("plan", "all-events", code=1)
    assert "replaced" in refused.stderr and "--rebase" in refused.stderr, refused.stderr
    assert "there are: all-events" in place.exportd("plan", "nothing", code=1).stderr
