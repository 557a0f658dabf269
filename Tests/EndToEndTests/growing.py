"""Columns that grow while runs are killed, ended, started over or repeated, and from run to run; CSV and Parquet."""
import collections
import json
import random

from columns import stored, table
from place import days_ago, midnight

DAYS = {"once": {"from": days_ago(2), "to": days_ago(1)}}
SMALL = {"csv": {"maxFileBytes": 60_000}, "parquet": {"maxFileBytes": 150_000}}
COUNT = 30_000


def fill(place, count=COUNT):
    """Three events on two days. Of the last row of each a property is new, and one is wider."""
    rng = random.Random(3)
    place.configure()
    db = place.database()
    db.execute("BEGIN")
    for i in range(count):
        last = {"Late": "x", "Amount": 0.5} if i >= count - 3 else {}
        db.execute("INSERT INTO events (name, ts, object_id, properties) VALUES (?, ?, ?, ?)", (
            f"Event {i % 3}", midnight(2) + i * (86_400_000 * 2 // count), f"o{i}",
            json.dumps({"Amount": i, "Label": f"{rng.random()}", "Is new": i % 2 == 0, **last})))
    db.execute("COMMIT")
    db.close()


def listed(place, request):
    """Every name that a manifest of the export lists, and those of the manifests."""
    manifests = place.manifests(request)
    return {manifest["manifestName"] for manifest in manifests} | {
        file["name"] for manifest in manifests for file in manifest["files"]}


def unlisted(place, request):
    """What a run has delivered that has no manifest yet."""
    return place.delivered_names(request) - listed(place, request)


def interrupted(place, request, wanted, end):
    """A daemon that is ended as soon as a run has delivered so many more files, or one is whole. Returns whether a run was then in
    flight."""
    before = len(unlisted(place, request))
    manifests = len(place.manifests(request))
    daemon = place.daemon()
    place.wait_for("it has come so far", 60, lambda: len(place.manifests(request)) > manifests
                   or len(unlisted(place, request)) >= before + wanted, pause=0.002)
    end(daemon)
    return bool(unlisted(place, request))


def nothing_else_is_there(place, request):
    assert place.delivered_names(request) == listed(place, request), place.delivered_names(request) ^ listed(place, request)
    assert not place.temporary_names(), place.temporary_names()


def paths(place, manifest, event=None):
    return [f"{place.destination}/{file['name']}" for file in manifest["files"] if event in (None, file.get("eventName"))]


def test_killed_while_columns_grow_every_row_is_there_once_under_one_schema(place):
    import duckdb
    import pyarrow.parquet
    fill(place)
    request = place.create("all", {"everyHours": 24, "from": days_ago(2)}, format="parquet", **SMALL["parquet"])
    in_flight = 0
    for wanted in 1, 4, 7, 2, 6:
        if len(place.manifests(request)) < 2:
            in_flight += interrupted(place, request, wanted, lambda daemon: daemon.kill())
    assert in_flight >= 2, f"only {in_flight} times a run was in flight"
    with place.daemon():
        place.wait_until_done("all", 60, 2)
    nothing_else_is_there(place, request)
    manifests = place.manifests(request)
    assert [manifest["rows"] for manifest in manifests] == [COUNT // 2] * 2
    for manifest in manifests:
        for event in "Event 0", "Event 1", "Event 2":
            schemas = {str(pyarrow.parquet.read_schema(path)) for path in paths(place, manifest, event)}
            assert len(schemas) == 1 and len(paths(place, manifest, event)) > 2, schemas
    with duckdb.connect() as database:
        first, second = [database.execute(
            "SELECT count(*), count(DISTINCT profile.objectId), sum(eventProps.Amount) FROM read_parquet(?)",
            [paths(place, manifest)]).fetchone() for manifest in manifests]
        late, type = database.execute(
            "SELECT count(eventProps.Late), any_value(typeof(eventProps.Amount)) FROM read_parquet(?)",
            [paths(place, manifests[1])]).fetchone()
    assert (first[0] + second[0], first[1] + second[1], late, type) == (COUNT, COUNT, 3, "DOUBLE"), (first, second, late, type)
    assert first[2] + second[2] == sum(range(COUNT - 3)) + 1.5, (first, second)
    return f"{in_flight} kills fell into a run"


def series(place, request):
    """The digests of the files of each run."""
    return [contents_of(manifest) for manifest in place.manifests(request)]


def contents_of(manifest):
    """The digests of a run's files, whatever it is called."""
    return {(file["eventName"], file["date"], file["index"]): file["sha256"] for file in manifest["files"]}


def test_ended_by_sigterm_in_mid_run_it_goes_on_to_the_same_files(place):
    fill(place)
    in_flight = collections.Counter()
    for format in "csv", "parquet":
        whole = place.create(f"whole-{format}", DAYS, format=format, **SMALL[format])
        place.exportd("run", f"whole-{format}")
        request = place.create(f"ended-{format}", DAYS, format=format, **SMALL[format])
        for wanted in 2, 5, 8:
            in_flight[format] += interrupted(place, request, wanted, lambda daemon: daemon.end())
        with place.daemon():
            place.wait_until_done(f"ended-{format}")
        assert series(place, request) == series(place, whole), format
        nothing_else_is_there(place, request)
    assert min(in_flight["csv"], in_flight["parquet"]) > 0, in_flight
    return f"in flight: {dict(in_flight)}"


def test_started_over_and_once_more_the_columns_are_those_that_the_rows_ask_for(place):
    fill(place)
    for format in "csv", "parquet":
        name = f"all-{format}"
        request = place.create(name, DAYS, format=format, **SMALL[format])
        for _ in range(3):
            if interrupted(place, request, 6, lambda daemon: daemon.kill()):
                break
        else:
            raise AssertionError("no run was in flight")
        # Meanwhile a row has gone that alone asked for a column, and one has come that asks for another.
        with place.rows() as db:
            db.execute("DELETE FROM events WHERE id = (SELECT max(id) FROM events WHERE name = 'Event 1')")
            db.execute("UPDATE events SET properties = '{\"Restarted\": 1}' WHERE id = (SELECT max(id) FROM events WHERE name = 'Event 2')")
        place.exportd("run", name, "--restart")
        nothing_else_is_there(place, request)
        (first,) = place.manifests(request)
        place.exportd("stop", name, code=None)
        place.exportd("start", name, "--again")
        again = place.request(name)
        place.exportd("run", name)
        assert again != request
        (second,) = place.manifests(again)
        nothing_else_is_there(place, again)
        assert first["rows"] == second["rows"] == sum(file["rows"] for file in second["files"])
        for manifest in first, second:
            found = [columns_of(place, manifest, f"Event {number}") for number in range(3)]
            known = ["Amount", "Label", "Is new"]
            assert found == [[*known, "Late"], known, [*known, "Restarted"]], found
        assert contents_of(first) == contents_of(second), format


def columns_of(place, manifest, event):
    """The properties that all files of an event have, in order."""
    import pyarrow.parquet
    found = set()
    for path in paths(place, manifest, event):
        if ".parquet" in path:
            names = [field.name for field in pyarrow.parquet.read_schema(path).field("eventProps").type]
        else:
            header = table(stored(place, path.removeprefix(f"{place.destination}/"))[1])[0]
            names = [name.removeprefix("eventProps.") for name in header if name.startswith("eventProps.")]
        found.add(tuple(names))
    (names,) = found
    return list(names)


def test_of_an_empty_window_there_is_the_manifest_alone(place):
    place.database().close()
    place.configure()
    for format in "json", "csv", "xml", "parquet":
        request = place.create(format, DAYS, format=format)
        place.exportd("run", format)
        (manifest,) = place.manifests(request)
        assert (manifest["files"], manifest["rows"], manifest["format"]) == ([], 0, format), manifest
        nothing_else_is_there(place, request)


def test_readers_take_together_what_runs_with_ever_wider_columns_have_written(place):
    import duckdb
    import polars
    import pyarrow
    import pyarrow.parquet
    place.configure()
    db = place.database()
    for day, value in (3, 7), (2, 0.5), (1, "text"):
        db.execute("INSERT INTO events (name, ts, object_id, properties) VALUES ('E', ?, 'o', ?)",
                   (midnight(day), json.dumps({"Amount": value, f"Of day {day}": day})))
    db.close()
    place.define("daily", {"everyHours": 24, "from": days_ago(3)}, format="parquet")
    with place.daemon():
        place.wait_until_done("daily", count=3)
    files = [path for manifest in place.manifests(place.request("daily")) for path in paths(place, manifest)]
    types = [str(pyarrow.parquet.read_schema(path).field("eventProps").type.field("Amount").type) for path in files]
    assert types == ["int64", "double", "string"], types
    with duckdb.connect() as database:
        found = database.execute(
            "SELECT eventProps.Amount, eventProps.\"Of day 2\" FROM read_parquet(?, union_by_name = true) ORDER BY ts", [files]).fetchall()
        assert found == [("7", None), ("0.5", 2), ("text", None)], found
        found = database.execute(
            "SELECT eventProps.Amount FROM read_parquet(?, union_by_name = true) ORDER BY ts", [files[:2]]).fetchall()
        assert found == [(7.0,), (0.5,)], found
    frames = [polars.read_parquet(path).select("ts", polars.col("eventProps").struct.unnest()) for path in files]
    found = polars.concat(frames, how="diagonal_relaxed").select("Amount", "Of day 2").rows()
    assert found == [("7", None), ("0.5", 2), ("text", None)], found
    tables = [pyarrow.parquet.read_table(path).flatten() for path in files]
    found = pyarrow.concat_tables(tables[:2], promote_options="permissive").column("eventProps.Amount").to_pylist()
    assert found == [7.0, 0.5], found
    # It makes no text of numbers.
    try:
        pyarrow.concat_tables(tables, promote_options="permissive")
        raise AssertionError("pyarrow takes numbers and texts together: docs/formats.md says that it does not")
    except pyarrow.ArrowTypeError:
        pass
