"""`exportd stop` and `delete` while a run is under way."""
import time

from checker import Definition, held_against_source
from place import days_ago, midnight

SMALL = Definition(max_file_bytes=8_000)
TWO_DAYS = {"once": {"from": days_ago(2), "to": days_ago(1)}}


def fill(place, rows=12_000):
    """Enough for many hundred small files in each of two days."""
    db = place.database()
    db.execute("BEGIN")
    db.executemany(
        "INSERT INTO events (name, ts, object_id, properties) VALUES (?, ?, ?, ?)",
        [(f"Event {i % 5}", midnight(2) + i * 2 * 86_400_000 // rows, f"o{i % 100}", f'{{"n": {i}, "text": "{"x" * 600}"}}')
         for i in range(rows)])
    db.execute("COMMIT")
    db.close()
    place.configure()


def wait_for_files(place):
    place.wait_for("files are there", 30, lambda: len(place.delivered_names()) > 20, pause=0.01)


def test_stopped_in_mid_run_it_ends_at_once_and_what_it_delivered_goes(place):
    fill(place)
    place.define("all", {"everyHours": 24, "from": days_ago(2)}, maxFileBytes=8_000)
    daemon = place.daemon()
    wait_for_files(place)
    began = time.monotonic()
    place.exportd("stop", "all")
    # Nothing new from two seconds after, and then nothing at all of a run that is not complete.
    place.wait_for("the run has ended", 10, lambda: not any(
        run["state"] == "RUNNING" for run in place.status("all")["runs"]), pause=0.02)
    took = time.monotonic() - began
    time.sleep(max(0, began + 2 - time.monotonic()))
    seen = place.names()

    def complete():
        done = [manifest for manifest in place.manifests(place.request("all"))]
        return {manifest["manifestName"] for manifest in done} | {file["name"] for manifest in done for file in manifest["files"]}
    place.wait_for("what it delivered is gone", 20, lambda: place.names() == complete())
    end = time.monotonic() + 3
    while time.monotonic() < end:
        assert place.names() <= seen, place.names() - seen
        time.sleep(0.05)
    answer = place.status("all")
    assert answer["export"]["state"] == "STOPPED" and answer["export"]["nextRunAt"] is None, answer["export"]
    assert {run["state"] for run in answer["runs"]} <= {"STOPPED", "DONE"}, answer["runs"]
    assert "STOPPED" in {run["state"] for run in answer["runs"]}, "it was over before it was stopped"

    # The windows stay owed, under the same run timestamps.
    timestamps = {run["window"]["from"]: run["runTimestamp"] for run in answer["runs"] if run["runTimestamp"]}
    place.exportd("start", "all")
    runs = place.wait_until_done("all", 60, 2)
    daemon.end()
    assert all(timestamps.get(run["window"]["from"], run["runTimestamp"]) == run["runTimestamp"] for run in runs), runs
    held_against_source(place, place.request("all"), SMALL)
    # A command that tells of it takes a moment itself.
    return f"ended within {took:.1f} s"


def test_deleted_in_mid_run_nothing_of_the_run_stays_and_the_name_is_free(place):
    # So many that the run is far from its commit, behind which it would go on to its end.
    rows = 40_000
    fill(place, rows)
    daemon = place.daemon()
    first = place.create("mine", TWO_DAYS, maxFileBytes=8_000)
    wait_for_files(place)
    place.exportd("delete", "mine")
    assert not place.manifests(first), "it was over before it was deleted"
    place.wait_for("what it delivered is gone", 20, lambda: not place.names())
    second = place.create("mine", TWO_DAYS, maxFileBytes=8_000)
    assert second != first
    place.wait_until_done("mine", 120)
    daemon.end()
    assert not place.delivered_names(first)
    assert held_against_source(place, second, SMALL) == rows
