"""What runs beside what, and what is ended when it does not move."""
import re
import socket

from checker import clean_errors, held_against_source
from place import midnight


def fill(place, count):
    db = place.database()
    db.execute("BEGIN")
    db.executemany(
        "INSERT INTO events (name, ts, object_id, properties) VALUES (?, ?, 'o', '{\"n\": 1}')",
        [(f"Event {i % 3}", midnight(1) + i * 86_400_000 // count) for i in range(count)])
    db.execute("COMMIT")
    db.close()


def most_at_once(daemon):
    """How many runs the journal says were under way together, and how many there were."""
    running, most, total = set(), 0, 0
    with open(daemon.journal) as journal:
        for line in journal:
            begins = re.search(r": run (\d+) begins", line)
            ends = re.search(r": run (\d+) (is DONE|failed|FAILED|was)", line)
            if begins:
                running.add(begins[1])
                total += 1
            if ends:
                running.discard(ends[1])
            most = max(most, len(running))
    return most, total


def at_most(place, limit, count=6):
    fill(place, 6000)
    place.configure(maxConcurrentRuns=limit)
    names = [f"export-{number}" for number in range(count)]
    for name in names:
        place.define(name, {"once": "yesterday"})
    with place.daemon() as daemon:
        for name in names:
            place.wait_until_done(name)
    for name in names:
        assert held_against_source(place, place.request(name)) == 6000
    return most_at_once(daemon)


def test_no_more_runs_at_once_than_configured(place):
    assert at_most(place, 3) == (3, 6)


def test_one_run_after_the_other_when_so_configured(place):
    assert at_most(place, 1, count=3) == (1, 3)


def test_an_attempt_that_does_not_move_is_failed_and_tried_again(place):
    fill(place, 10)
    place.configure(stallTimeout=2)
    # A view that never comes to its first row.
    endless = ("(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
               " SELECT 'Charged' AS name, i AS ts, '{}' AS properties FROM n WHERE i < 0)")
    place.change_configuration(sources={
        "main": {"type": "sqlite", "databases": [{"id": "0", "path": "shard0.db"}], "events": {"from": "events"}},
        "hangs": {"type": "sqlite", "databases": [{"id": "0", "path": "shard0.db"}], "events": {"from": endless}}})
    held_up(place, source="hangs")


def test_an_attempt_whose_destination_does_not_answer_is_failed_and_tried_again(place):
    fill(place, 10)
    place.configure(stallTimeout=2)
    # Takes connections and says nothing.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place.change_configuration(destinations={
            "local": {"type": "directory", "path": "exports"},
            "hangs": {"type": "s3", "bucket": "lake", "endpoint": f"http://127.0.0.1:{silent.getsockname()[1]}",
                      "accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "hidden"}})
        held_up(place, destination="hangs")


def held_up(place, **keys):
    """An export that hangs, beside one that does not."""
    place.define("hangs", {"once": "yesterday"}, **keys)
    place.define("moves", {"once": "yesterday"})
    with place.daemon() as daemon:
        def failed(attempts):
            runs = place.status("hangs")["runs"]
            return runs and runs[0]["attempt"] >= attempts and runs[0]["state"] == "PENDING" and runs[0]
        run = place.wait_for("it is failed", 60, lambda: failed(1))
        assert "made no progress for 2 s" in run["error"] and "stallTimeout" in run["error"] and run["nextAttemptAt"], run
        clean_errors(run["error"])
        place.wait_for("it is tried again", 60, lambda: failed(2))
        # Others are not held up by it, and it does not hold up the end.
        place.wait_until_done("moves")
        assert daemon.end() < 10
    assert held_against_source(place, place.request("moves")) == 10
    assert not place.delivered_names(place.request("hangs")) and not place.temporary_names()
