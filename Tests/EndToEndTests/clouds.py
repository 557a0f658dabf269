"""One source, three clouds, three formats, and a daemon that is killed again and again."""
import io
import json
import os

import blob_storage
import gcs
import s3
from checker import Definition, held_against_source
from place import days_ago

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
