"""The JSON that commands print: exactly these fields, in this order, of these types. Programs of others are built on them."""
import datetime
import os
import re
import time

from place import days_ago, midnight

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
LOCAL_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")
DATE = re.compile(r"\d{4}-\d\d-\d\d")
HASH = re.compile(r"[0-9a-f]{64}")
RUN_STATE = re.compile("PENDING|RUNNING|DONE|FAILED|STOPPED|SKIPPED")
EXPORT_STATE = re.compile("PENDING|RUNNING|DONE|FAILED|STOPPED")


class Or:
    """Null, or what is said."""
    def __init__(self, shape):
        self.shape = shape


WINDOW = {"from": TIME, "to": TIME}
RUN = {
    "id": int, "runTimestamp": Or(int), "window": WINDOW, "state": RUN_STATE, "reason": Or(str), "attempt": int, "scheduledAt": TIME,
    "startedAt": Or(TIME), "finishedAt": Or(TIME), "rows": int, "bytes": int, "files": int, "rejected": int, "error": Or(str),
    "nextAttemptAt": Or(TIME)}
EXPORT = {
    "name": str, "requestId": int, "dataType": re.compile("events|profiles"), "frequency": dict, "format": str, "destination": str,
    "state": EXPORT_STATE, "reason": Or(str), "lastRun": Or(RUN), "nextRunAt": Or(TIME)}
DAEMON = {"running": bool, "pid": Or(int), "version": Or(str), "startedAt": Or(TIME)}
DATA_FILE = {
    "name": str, "kind": re.compile("data"), "databaseId": str, "eventName": str, "date": DATE, "index": int, "rows": int,
    "bytes": int, "sha256": HASH}
REJECTED_FILE = {"name": str, "kind": re.compile("rejected"), "databaseId": str, "rows": int, "bytes": int, "sha256": HASH}
MANIFEST = {
    "manifestVersion": int, "requestId": int, "export": str, "account": str, "runTimestamp": int, "dataType": re.compile("events"),
    "format": str, "window": WINDOW, "timeZone": str, "rows": int, "bytes": int, "rejected": int, "definitionRevision": int,
    "files": list}
LOCAL_WINDOW = {**WINDOW, "fromLocal": LOCAL_TIME, "toLocal": LOCAL_TIME}
DIAGNOSTIC = {"file": str, "line": Or(int), "column": Or(int), "path": str, "message": str}


def holds(value, shape, where="$"):
    """Fails unless the value has that shape."""
    if isinstance(shape, Or):
        if value is not None:
            holds(value, shape.shape, where)
    elif isinstance(shape, dict):
        assert isinstance(value, dict) and list(value) == list(shape), (where, value, list(shape))
        for key, member in shape.items():
            holds(value[key], member, f"{where}.{key}")
    elif isinstance(shape, list):
        assert isinstance(value, list), (where, value)
        for index, member in enumerate(value):
            holds(member, shape[0], f"{where}[{index}]")
    elif isinstance(shape, re.Pattern):
        assert isinstance(value, str) and shape.fullmatch(value), (where, value)
    else:
        # True is an int to Python, but not to others.
        assert type(value) is shape, (where, value)


def make(place):
    """One export that has delivered, with a rejected row; one that fails; one that is stopped; one that waits."""
    db = place.database()
    noon = midnight(1) + 43_200_000
    db.executemany(
        "INSERT INTO events (name, ts, object_id, properties) VALUES (?, ?, 'o', ?)",
        [("Charged", noon, "{}"), ("Charged", noon + 1, '{"n": 1}'), ("Search", noon, "{}"), ("Search", noon, "broken")])
    db.close()
    place.configure(timeZone="Asia/Kolkata", destinations={
        "local": {"type": "directory", "path": "exports"}, "file": {"type": "directory", "path": "shard0.db/below"}})
    for name, frequency, keys in [
            ("done", {"once": {"from": days_ago(2), "to": days_ago(1)}}, {}),
            ("fails", {"once": {"from": days_ago(2), "to": days_ago(1)}}, {"destination": "file"}),
            ("stopped", {"everyHours": 6, "from": days_ago(1)}, {}),
            ("waits", {"everyHours": 24, "from": days_ago(-1)}, {})]:
        place.create(name, frequency, **keys)
    place.exportd("stop", "stopped")
    place.exportd("run", "done")
    place.exportd("run", "fails", code=1)


def test_status_has_the_fields_of_the_contract(place):
    make(place)
    # With the daemon down, then up.
    for is_up in (False, True):
        daemon = place.daemon() if is_up else None
        overview = between_attempts(place)
        holds(overview, {"daemon": DAEMON, "exports": [EXPORT]})
        assert overview["daemon"]["running"] is is_up
        assert overview["daemon"]["pid"] == (daemon.pid if daemon else None)
        exports = {export["name"]: export for export in overview["exports"]}
        assert {name: export["state"] for name, export in exports.items()} == {
            "done": "DONE", "fails": "PENDING", "stopped": "STOPPED", "waits": "PENDING"}
        assert exports["waits"]["lastRun"] is None and exports["waits"]["nextRunAt"] is not None
        assert exports["waits"]["frequency"] == {"everyHours": 24, "from": days_ago(-1)}
        assert exports["done"]["nextRunAt"] is None and exports["stopped"]["reason"]
        failing = exports["fails"]["lastRun"]
        assert failing["state"] == "PENDING" and failing["attempt"] >= 1 and failing["error"] and failing["nextAttemptAt"]
        for name in exports:
            answer = place.status(name)
            holds(answer, {"export": {**EXPORT, "definition": dict}, "runs": [RUN]})
            assert answer["export"]["lastRun"] is None or answer["export"]["lastRun"] in answer["runs"]
            assert {key: answer["export"][key] for key in EXPORT} == place_of(place, name)
        runs = place.status("done")["runs"]
        assert [run["id"] for run in runs] == sorted((run["id"] for run in runs), reverse=True)


def between_attempts(place):
    """The overview when no attempt is under way, nor soon to be: its pauses grow."""
    while True:
        overview = place.status()
        (run,) = [export["lastRun"] for export in overview["exports"] if export["name"] == "fails"]
        if run["nextAttemptAt"] and datetime.datetime.fromisoformat(run["nextAttemptAt"]).timestamp() > time.time() + 4:
            return overview
        time.sleep(0.5)


def place_of(place, name):
    return next(export for export in place.status()["exports"] if export["name"] == name)


def test_one_run_lists_its_files_as_its_manifest_does(place):
    make(place)
    (run,) = place.status("done")["runs"]
    answer = place.status("done", "--run", str(run["id"]))
    holds(answer, {"export": {**EXPORT, "definition": dict}, "runs": [RUN], "fileList": list})
    (manifest,) = place.manifests(place.request("done"))
    manifest.pop("manifestName")
    holds(manifest, MANIFEST)
    assert answer["fileList"] == manifest["files"]
    for file in manifest["files"]:
        holds(file, DATA_FILE if file["kind"] == "data" else REJECTED_FILE)
    assert [file["kind"] for file in manifest["files"]].count("rejected") == 1
    data = [file for file in manifest["files"] if file["kind"] == "data"]
    assert (run["rows"], run["bytes"], run["files"], run["rejected"]) == (
        manifest["rows"], manifest["bytes"], len(data), manifest["rejected"]) == (3, sum(file["bytes"] for file in data), 2, 1)
    assert manifest["manifestVersion"] == 1 and manifest["timeZone"] == "Asia/Kolkata"


def test_coming_windows_have_the_fields_of_the_contract(place):
    make(place)
    answer = place.answer("next", "waits", "--count", "3")
    holds(answer, {"export": str, "windows": [LOCAL_WINDOW]})
    assert len(answer["windows"]) == 3
    assert all(window["fromLocal"].endswith("T00:00:00+05:30") for window in answer["windows"]), answer
    assert answer["windows"][0]["from"] == f"{days_ago(0)}T18:30:00Z", answer
    holds(place.answer("next"), [{"export": str, "windows": [LOCAL_WINDOW]}])


def test_plan_and_verify_have_the_fields_they_have(place):
    make(place)
    holds(place.answer("plan", "fails"), {
        "export": str, "requestId": int, "due": bool, "runs": [{
            "id": Or(int), "runTimestamp": Or(int), "state": Or(RUN_STATE), "committed": bool, "window": LOCAL_WINDOW, "dueAt": TIME,
            "rows": int, "lateRows": int, "manifest": str, "series": [{
                "databaseId": str, "eventName": str, "date": DATE, "rows": int, "lateRows": int, "firstFile": str,
                "sharesNames": bool}]}]})
    verified = {"export": str, "requestId": int, "ok": bool, "runs": [{
        "id": int, "runTimestamp": int, "window": WINDOW, "ok": bool, "files": int, "rows": int, "bytes": int,
        "sourceCounted": bool,
        "findings": [{"kind": str, "object": str, "problem": str}], "furtherFindings": int}]}
    holds(place.answer("verify", "done"), verified)
    with open(f"{place.destination}/{next(iter(place.delivered_names()))}", "ab") as file:
        file.write(b"\n")
    answer = place.answer("verify", "done", code=1)
    holds(answer, verified)
    assert answer["ok"] is False and answer["runs"][0]["findings"]


def test_check_has_the_fields_of_the_contract(place):
    make(place)
    shape = {"ok": bool, "errors": [DIAGNOSTIC], "warnings": [DIAGNOSTIC]}

    holds(place.answer("check"), shape)
    with open(f"{place.directory}/exports.d/wrong.json", "w") as file:
        file.write('{"source": "main", "destination": "nowhere", "data": {"events": "all"},\n "frequency": {"everyHours": 3}, "format": "json"}')
    answer = place.answer("check", code=78)
    holds(answer, shape)
    assert answer["ok"] is False and {(error["line"], error["path"]) for error in answer["errors"]} == {
        (1, "$.destination"), (2, "$.frequency.everyHours")}, answer
    # What is not at any place of a file.
    os.unlink(f"{place.directory}/exports.d/wrong.json")
    os.rename(place.database_path("0"), place.database_path("away"))
    answer = place.answer("check", code=78)
    holds(answer, shape)
    assert [(error["line"], error["column"], error["path"]) for error in answer["errors"]] == [(None, None, "$")], answer
