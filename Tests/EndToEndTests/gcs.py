"""Exports to Google Cloud Storage: the built binary delivers to a server that behaves like it, checks tokens and breaks uploads, and
Google's own client reads back what was delivered."""
import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request

from checker import Definition, held_against_source
from place import days_ago
from s3 import LAYERS, ONE_DAY, Server as S3Server, free_port, held_against_manifests, prepare

PROGRAM = os.path.join(os.path.dirname(__file__), "..", "CloudPeers", "gcs_server.py")


class Server:
    """A server with one bucket, `lake`, that nobody enters without a token; it ends with the test."""

    def __init__(self, place, **faults):
        from google.cloud import storage
        from google.oauth2 import service_account
        self.address = f"http://127.0.0.1:{free_port()}"
        self.place = place
        with open(f"{place.directory}/gcs.log", "wb") as log:
            place.helper(sys.executable, PROGRAM, self.address.rsplit(":", 1)[1], stdout=log, stderr=log,
                         stdin=subprocess.DEVNULL)
        place.wait_for_port(int(self.address.rsplit(":", 1)[1]))
        self.order(**faults)
        self.key = self.ask("service-account/withdrawn")
        self.secret = json.dumps(self.key)
        self.client = storage.Client(
            project="test", client_options={"api_endpoint": self.address},
            credentials=service_account.Credentials.from_service_account_info(self.ask("service-account/reader")))
        self.bucket = self.client.bucket("lake")

    def ask(self, what, document=None):
        data = None if document is None else json.dumps(document).encode()
        with urllib.request.urlopen(f"{self.address}/_test/{what}", data) as answer:
            return json.load(answer)

    def order(self, **faults):
        self.ask("lake", {"wants_token": True, **faults})

    def objects(self):
        """Sizes by key."""
        return {blob.name: blob.size for blob in self.client.list_blobs("lake")}

    def uploads(self):
        return self.ask("lake")["sessions"]

    def log(self):
        return self.ask("lake")["log"]

    def content(self, key):
        return self.bucket.blob(key).download_as_bytes(checksum="crc32c")

    mirror = S3Server.mirror

    def destination(self, **keys):
        return {"type": "gcs", "bucket": "lake", "endpoint": self.address, "serviceAccountKey": {"file": "secret"},
                "prefix": LAYERS, **keys}


def test_gcs_holds_what_the_manifests_say_however_uploads_are_broken(place):
    server = Server(place, breaks=[3_000_000, 0, 9_000_000], status=[503, 429], lost=2, gone=1)
    prepare(place, server, 60_000)
    place.define("daily", {"everyHours": 24, "from": days_ago(2)}, destination="lake")
    checked = place.exportd("check", "--destinations").stdout
    assert "an object was written, read and deleted" in checked, checked
    assert not server.objects() and "PRIVATE KEY" not in checked
    with place.daemon():
        place.wait_until_done("daily", 120, 2)
        assert place.answer("verify", "daily")["ok"] is True
    request = place.request("daily")
    files = held_against_manifests(place, server, request, count=2)
    # Larger than one chunk, so that the upload went on after a break.
    assert max(server.objects().values()) > 18 << 20, server.objects()
    log = server.log()
    assert "PUT resumable query" in log and any(line.endswith("401") for line in log), log
    assert not server.uploads()
    server.mirror(place)
    assert held_against_source(place, request, Definition(prefix=LAYERS)) == 60_000
    # One that is damaged and one that is gone are found.
    some, other = [key for key in server.objects() if "100" in key and not key.endswith("manifest.json")][:2]
    server.bucket.blob(some).upload_from_string(b"#" * server.objects()[some])
    server.bucket.blob(other).delete()
    found = place.answer("verify", "daily", code=1)
    problems = {(f["kind"], f["object"]) for run in found["runs"] for f in run["findings"]}
    assert problems == {("file", some), ("file", other)}, problems
    with contextlib.closing(__import__("sqlite3").connect(f"{place.directory}/state/exportd.db")) as db:
        assert "PRIVATE KEY" not in "\n".join(db.iterdump())
    return f"{files} objects"


def test_gcs_stopped_or_killed_in_mid_upload_no_object_stays(place):
    server = Server(place)
    prepare(place, server, 80_000, maxUploadBytesPerSecond=1_000_000, prefix="raw/")
    place.create("slow", ONE_DAY, destination="lake")
    daemon = place.daemon()
    place.wait_for("an upload is under way", 30, server.uploads, pause=0.05)
    began = time.monotonic()
    place.exportd("stop", "slow")
    place.wait_for("the run has ended", 10, lambda: place.status("slow")["runs"][0]["state"] == "STOPPED", pause=0.02)
    took = time.monotonic() - began
    assert took < 4, took
    place.wait_for("nothing is left", 10, lambda: not server.uploads() and not server.objects())
    place.exportd("start", "slow")
    place.wait_for("an upload is under way", 30, server.uploads, pause=0.05)
    daemon.kill()
    place.exportd("stop", "slow")
    with place.daemon():
        # Smaller files had been delivered before; an upload that nobody goes on with is no object.
        place.wait_for("nothing is left", 20, lambda: not server.objects())
        place.wait_for("nor is anything staged", 10, lambda: not os.listdir(f"{place.directory}/state/staging"))
        # Started again without a limit, it delivers all.
        place.change_configuration(destinations={"lake": server.destination(prefix="raw/")})
        place.exportd("reload")
        place.exportd("start", "slow")
        place.wait_until_done("slow", 60)
    held_against_manifests(place, server, place.request("slow"))
    return f"stopped within {took:.1f} s"


def test_gcs_what_only_a_person_can_mend_is_said_at_once(place):
    server = Server(place)
    prepare(place, server, 100)
    gone = server.ask("service-account/gone")
    for number, (keys, secret, faults, words) in enumerate([
        ({"bucket": "no-such-bucket"}, server.key, {}, "there is no such bucket"),
        ({}, gone, {}, "check that the service account and this key of it are still there"),
        ({}, {"type": "authorized_user"}, {}, "which exportd does not know"),
        ({}, server.key, {"refuse": {"POST": [403, "forbidden", "No storage.objects.create access."]}},
         "grant storage.objects.create"),
        ({}, server.key, {"refuse": {"DELETE": [403, "retentionPolicyNotMet", "Retained."]}}, "a retention policy forbids"),
    ]):
        server.order(**faults)
        with open(f"{place.directory}/secret", "w") as file:
            json.dump(secret, file)
        place.change_configuration(destinations={"lake": server.destination(**{"prefix": "raw/", **keys})})
        if number == 0:
            place.define("daily", ONE_DAY, destination="lake")
        began = time.monotonic()
        checked = place.exportd("check", "--destinations", code=78)
        assert words in checked.stdout + checked.stderr, (keys, checked.stdout, checked.stderr)
        assert time.monotonic() - began < 5, keys
        assert "PRIVATE KEY" not in checked.stdout + checked.stderr
