"""One source, three clouds, three formats, and a daemon that is killed again and again."""
import io
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

import blob_storage
import gcs
import s3
from checker import Definition, held_against_source
from place import days_ago

FAULTS = os.path.join(os.path.dirname(__file__), "..", "CloudPeers", "faults.py")
ROWS = 40_000
EXPORTS = {"amazon": ("json", s3.Server), "google": ("csv", gcs.Server), "microsoft": ("parquet", blob_storage.Server)}


def test_clouds_all_three_get_every_row_once_however_often_the_daemon_is_killed(place):
    servers = {}
    for name, (format, make) in EXPORTS.items():
        servers[name] = make(place, "rclone") if make is s3.Server else make(place)
    # Whose tokens stay good: many requests at once use those of the other account up.
    servers["google"].secret = json.dumps(servers["google"].ask("service-account/exporter"))
    s3.prepare(place, servers["amazon"], ROWS)
    destinations = {}
    for name, server in servers.items():
        with open(f"{place.directory}/{name}-secret", "w") as file:
            file.write(server.secret)
        destinations[name] = json.loads(json.dumps(server.destination(maxUploadBytesPerSecond=8_000_000)).replace(
            '{"file": "secret"}', json.dumps({"file": f"{name}-secret"})))
    place.change_configuration(destinations=destinations)
    for name, (format, _) in EXPORTS.items():
        place.define(name, {"everyHours": 24, "from": days_ago(2)}, destination=name, format=format, maxFileBytes=3_000_000)
    kills = 0
    while True:
        daemon = place.daemon()
        done = [name for name in EXPORTS if is_done(place, name)]
        if len(done) == len(EXPORTS) or kills == 8:
            break
        # Later and later within what a run takes.
        place.wait_for("files are delivered", 60, lambda: progress(place) > kills * 3 + 1 or all(is_done(place, n) for n in EXPORTS),
                       pause=0.05)
        daemon.kill()
        kills += 1
    for name in EXPORTS:
        place.wait_until_done(name, 120, 2)
        assert place.answer("verify", name)["ok"] is True, name
    daemon.end()
    for name, (format, _) in EXPORTS.items():
        server = servers[name]
        s3.held_against_manifests(place, server, place.request(name), count=2)
        assert not server.uploads(), name
        if format != "json":
            found = sorted(numbers(server, format))
            assert found == list(range(ROWS)), (name, len(found), len(set(found)), found[:3], found[-3:])
    servers["amazon"].mirror(place)
    assert held_against_source(place, place.request("amazon"), Definition(prefix=s3.LAYERS, max_file_bytes=3_000_000)) == ROWS
    assert not os.listdir(f"{place.directory}/state/staging")
    return f"killed {kills} times, {sum(len(server.objects()) for server in servers.values())} objects"


def is_done(place, name):
    runs = place.status(name)["runs"]
    return len(runs) >= 2 and all(run["state"] == "DONE" for run in runs)


def progress(place):
    """Files that are delivered so far."""
    return sum(run["files"] for name in EXPORTS for run in place.status(name)["runs"])


def numbers(server, format):
    """The property `n` of every event that was delivered."""
    import pyarrow.csv
    import pyarrow.parquet
    for key in server.objects():
        if f".{format}" in os.path.basename(key):
            data = io.BytesIO(server.content(key))
            table = pyarrow.csv.read_csv(data) if format == "csv" else pyarrow.parquet.read_table(data)
            if format == "parquet":
                yield from (row["n"] for row in table["eventProps"].to_pylist())
            else:
                column = next(column for column in table.column_names if column.split(".")[-1] == "n")
                yield from table[column].to_pylist()


class Faults:
    """What happens on the way to a server: its address goes through a proxy that breaks, refuses, stalls and corrupts."""

    def __init__(self, place, cloud, port):
        self.address = f"http://127.0.0.1:{s3.free_port()}"
        log = open(f"{place.directory}/{cloud}-faults.log", "wb")
        place.helper(sys.executable, FAULTS, self.address.rsplit(":", 1)[1], str(port), "--cloud", cloud, stdout=log, stderr=log,
                     stdin=subprocess.DEVNULL)
        place.wait_for_port(int(self.address.rsplit(":", 1)[1]))

    def begin(self, seed):
        self.ask("POST", f"schedule?seed={seed}")

    def happened(self):
        return self.ask("GET", "schedule").splitlines()

    def end(self):
        self.ask("POST", "end")

    def ask(self, method, what):
        """It may be refusing connections for a moment."""
        for _ in range(100):
            try:
                with urllib.request.urlopen(urllib.request.Request(f"{self.address}/-/{what}", method=method)) as answer:
                    return answer.read().decode()
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)
        raise AssertionError(f"the proxy at {self.address} does not answer")


def test_clouds_hold_what_the_manifests_say_whatever_happens_on_the_way(place):
    servers = {"amazon": s3.Server(place, "moto"), "google": gcs.Server(place), "microsoft": blob_storage.Server(place)}
    servers["google"].secret = json.dumps(servers["google"].ask("service-account/exporter"))
    s3.prepare(place, servers["amazon"], ROWS)
    ways, destinations = {}, {}
    for name, cloud in [("amazon", "s3"), ("google", "gcs"), ("microsoft", "azure")]:
        with open(f"{place.directory}/{name}-secret", "w") as file:
            file.write(servers[name].secret)
        direct = servers[name].destination(prefix="raw/")
        ways[name] = Faults(place, cloud, int(direct["endpoint"].rsplit(":", 1)[1]))
        destinations[name] = json.loads(json.dumps({**direct, "endpoint": ways[name].address}).replace(
            '{"file": "secret"}', json.dumps({"file": f"{name}-secret"})))
    place.change_configuration(destinations=destinations)
    count = 0
    for seed in range(1, 4):
        for name, way in ways.items():
            way.begin(seed)
            place.create(f"{name}-{seed}", {"once": {"from": days_ago(2), "to": days_ago(1)}}, destination=name,
                         maxFileBytes=(3_000_000, 100_000_000)[seed % 2])
        # A run that gives up its attempt is tried again after some seconds.
        with place.daemon():
            for name in ways:
                place.wait_until_done(f"{name}-{seed}", 180)
        for name, way in ways.items():
            count += len(way.happened())
            way.end()
            assert place.answer("verify", f"{name}-{seed}")["ok"] is True, (name, seed)
            s3.held_against_manifests(place, servers[name], place.request(f"{name}-{seed}"))
            assert not servers[name].uploads() or name == "google", (name, seed, servers[name].uploads())
    assert count > 9, count
    return f"{count} faults"
