"""Deliveries in the normal course, after kills, and after an orderly end in mid-run."""
import datetime
import os
import time

from checker import Definition, held_against_source
from place import days_ago

# As the sample's configuration orders them.
SAMPLE = Definition(identifiers=("identity", "email"))
SHARDS = ("0", "1")


def test_the_daemon_delivers_every_row_once(place):
    place.sample()
    daemon = place.daemon()
    assert len(place.wait_until_done("all-events")) >= 8
    daemon.end()
    status = place.status()
    assert status["daemon"]["running"] is False
    assert held_against_source(place, place.request("all-events"), SAMPLE, databases=SHARDS) > 10000
    charged = Definition(identifiers=("identity", "email"), compression="gzip")
    assert held_against_source(place, place.request("charged-yesterday"), charged, ["Charged"], SHARDS) > 1000


def test_killed_again_and_again_it_still_delivers_every_row_once(place):
    place.sample(events=60000)
    for pause in (0.3, 0.5, 0.8, 0.4):
        daemon = place.daemon()
        time.sleep(pause)
        daemon.kill()
    daemon = place.daemon()
    place.wait_until_done("all-events", 120)
    daemon.end()
    held_against_source(place, place.request("all-events"), SAMPLE, databases=SHARDS)


def test_created_exports_run_in_the_foreground_without_a_daemon(place):
    place.sample()
    for name in os.listdir(f"{place.directory}/exports.d"):
        os.unlink(f"{place.directory}/exports.d/{name}")
    start = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=2)
    request = int(place.exportd(
        "create", "daily", "--source", "main", "--destination", "local", "--events", "all", "--every", "24",
        "--from", str(start), "--format", "json").stdout)
    place.exportd("run", "daily")
    assert len(place.manifests(request)) == 2
    assert held_against_source(place, request, SAMPLE, databases=SHARDS) > 5000
    assert "nothing is due" in place.exportd("run", "daily").stdout


def test_ended_in_mid_run_it_goes_on_behind_the_files_it_had_delivered(place):
    place.sample(events=60000)
    os.unlink(f"{place.directory}/exports.d/charged-yesterday.json")
    place.define("all-events", {"everyHours": 24, "from": days_ago(2)}, maxFileBytes=100_000)
    daemon = place.daemon()
    place.wait_for("files are there", 30, lambda: len(place.delivered_names()) > 20, pause=0.01)
    seconds = daemon.end()
    assert seconds < 20, seconds
    runs = place.status("all-events")["runs"]
    assert {run["state"] for run in runs} <= {"PENDING", "DONE"}, runs
    interrupted = [run for run in runs if run["state"] == "PENDING" and run["attempt"] > 0]
    assert interrupted and "next start" in interrupted[0]["error"], runs
    before = {name: file_identity(place, name) for name in place.delivered_names()}
    names = {run["runTimestamp"]: [] for run in runs}
    for name in before:
        names[int(name.split("-")[1])].append(name)
    assert names[interrupted[0]["runTimestamp"]], "the run had delivered nothing when it was ended"

    daemon = place.daemon()
    place.wait_until_done("all-events", 60, 2)
    daemon.end()
    held_against_source(
        place, place.request("all-events"), Definition(identifiers=("identity", "email"), max_file_bytes=100_000),
        databases=SHARDS)
    for name, identity in before.items():
        assert file_identity(place, name) == identity, f"{name} was made again"
    return f"ended after {seconds:.1f} s with {len(before)} files, all kept"


def file_identity(place, name):
    status = os.stat(f"{place.destination}/{name}")
    return status.st_ino, status.st_mtime_ns, status.st_size
