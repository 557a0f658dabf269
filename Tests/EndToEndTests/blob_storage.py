"""Exports to Azure Blob Storage: the built binary delivers to a server that behaves like it, checks by Microsoft's own code who asks and
breaks uploads, and Microsoft's own client reads back what was delivered."""
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import time
import urllib.parse
import urllib.request

from checker import Definition, held_against_source
from place import days_ago
from s3 import LAYERS, ONE_DAY, Server as S3Server, free_port, held_against_manifests, prepare

PROGRAM = os.path.join(os.path.dirname(__file__), "..", "CloudPeers", "azure_server.py")
# What waiting mends.
BUSY = [[503, "ServerBusy", None], [500, "OperationTimedOut", None]]


class Server:
    """A server with one container, `lake`; it ends with the test."""

    def __init__(self, place, **faults):
        from azure.storage.blob import BlobServiceClient
        self.address = f"http://127.0.0.1:{free_port()}"
        with open(f"{place.directory}/azure.log", "wb") as log:
            place.helper(sys.executable, PROGRAM, self.address.rsplit(":", 1)[1], stdout=log, stderr=log,
                         stdin=subprocess.DEVNULL)
        place.wait_for_port(int(self.address.rsplit(":", 1)[1]))
        self.order(**faults)
        self.account = self.ask("account")
        self.secret = self.account["key"]
        service = BlobServiceClient(
            f"{self.address}/{self.account['account']}",
            credential={"account_name": self.account["account"], "account_key": self.secret})
        self.container = service.get_container_client("lake")

    def ask(self, what, document=None):
        data = None if document is None else json.dumps(document).encode()
        with urllib.request.urlopen(f"{self.address}/_test/{what}", data) as answer:
            return json.load(answer)

    def order(self, **faults):
        self.ask("lake", faults)

    def signature(self, **query):
        query = urllib.parse.urlencode({"container": "lake", **query})
        with urllib.request.urlopen(f"{self.address}/_test/sas?{query}") as answer:
            return answer.read().decode()

    def objects(self):
        """Sizes by name."""
        return {blob.name: blob.size for blob in self.container.list_blobs()}

    def uploads(self):
        return self.ask("lake")["sessions"]

    def log(self):
        return self.ask("lake")["log"]

    def content(self, name):
        return self.container.download_blob(name, validate_content=True).readall()

    mirror = S3Server.mirror

    def destination(self, **keys):
        if not {"accountKey", "sasToken", "clientId"} & set(keys):
            keys["accountKey"] = {"file": "secret"}
        return {"type": "azure", "account": self.account["account"], "container": "lake", "endpoint": self.address,
                "prefix": LAYERS, **keys}


def test_azure_holds_what_the_manifests_say_however_uploads_are_broken(place):
    server = Server(place, fail={"put-block": BUSY, "put-block-list": BUSY}, lost={"put-blob": 2, "put-block-list": 1},
                    breaks={"put-block": [3_000_000, 0], "put-blob": [10]})
    prepare(place, server, 60_000)
    place.define("daily", {"everyHours": 24, "from": days_ago(2)}, destination="lake")
    checked = place.exportd("check", "--destinations").stdout
    assert "an object was written, read and deleted" in checked, checked
    assert not server.objects() and server.secret not in checked
    with place.daemon():
        place.wait_until_done("daily", 120, 2)
        assert place.answer("verify", "daily")["ok"] is True
    request = place.request("daily")
    files = held_against_manifests(place, server, request, count=2)
    # Larger than one request takes, so that it went in blocks.
    assert max(server.objects().values()) > 18 << 20, server.objects()
    assert any(line.startswith("PUT put-block-list") for line in server.log())
    assert not server.uploads()
    server.mirror(place)
    assert held_against_source(place, request, Definition(prefix=LAYERS)) == 60_000
    # One that is damaged and one that is gone are found.
    some, other = [key for key in server.objects() if "100" in key and not key.endswith("manifest.json")][:2]
    server.container.upload_blob(some, b"#" * server.objects()[some], overwrite=True)
    server.container.delete_blob(other)
    found = place.answer("verify", "daily", code=1)
    problems = {(f["kind"], f["object"]) for run in found["runs"] for f in run["findings"]}
    assert problems == {("file", some), ("file", other)}, problems
    with contextlib.closing(sqlite3.connect(f"{place.directory}/state/exportd.db")) as db:
        assert server.secret not in "\n".join(db.iterdump())
    return f"{files} objects"


def test_azure_stopped_or_killed_in_mid_upload_neither_blobs_nor_blocks_stay(place):
    server = Server(place)
    prepare(place, server, 80_000, maxUploadBytesPerSecond=1_000_000, prefix="raw/")
    place.create("slow", ONE_DAY, destination="lake")
    daemon = place.daemon()
    place.wait_for("blocks are there", 60, server.uploads, pause=0.05)
    began = time.monotonic()
    place.exportd("stop", "slow")
    place.wait_for("the run has ended", 10, lambda: place.status("slow")["runs"][0]["state"] == "STOPPED", pause=0.02)
    took = time.monotonic() - began
    assert took < 4, took
    place.wait_for("nothing is left", 10, lambda: not server.uploads() and not server.objects())
    place.exportd("start", "slow")
    place.wait_for("blocks are there", 60, server.uploads, pause=0.05)
    daemon.kill()
    assert server.uploads()
    place.exportd("stop", "slow")
    with place.daemon():
        place.wait_for("nothing is left", 20, lambda: not server.uploads() and not server.objects())
        place.wait_for("nor is anything staged", 10, lambda: not os.listdir(f"{place.directory}/state/staging"))
        # Started again without a limit, it delivers all.
        place.change_configuration(destinations={"lake": server.destination(prefix="raw/")})
        place.exportd("reload")
        place.exportd("start", "slow")
        place.wait_until_done("slow", 60)
    held_against_manifests(place, server, place.request("slow"))
    assert not server.uploads()
    return f"stopped within {took:.1f} s"


def test_azure_is_entered_with_a_signature_or_an_application_that_change_meanwhile(place):
    server = Server(place)
    prepare(place, server, 2_000, sasToken={"file": "sas"})

    def write(name, text):
        with open(f"{place.directory}/{name}", "w") as file:
            file.write(text + "\n")

    write("sas", server.signature(expiry="2026-01-02T03:04:05Z"))
    place.create("daily", {"everyHours": 24, "from": days_ago(2)}, destination="lake")
    said = place.exportd("run", "daily", code=1).stderr
    assert "the SAS token expired at 2026-01-02T03:04:05Z" in said and "sig=" not in said, said
    # Read anew each time: no reload is needed.
    write("sas", server.signature(permissions="rwdl"))
    place.exportd("run", "daily")
    # Tokens of such a name are withdrawn after three requests.
    place.change_configuration(destinations={"lake": server.destination(
        clientId="withdrawn-application", tenantId=server.account["tenant"], clientSecret={"file": "secret"})})
    write("secret", server.account["secret"])
    login = ["env", f"AZURE_AUTHORITY_HOST={server.address}"]
    place.exportd("run", "daily", launcher=login)
    while any(run["state"] != "DONE" for run in place.status("daily")["runs"]):
        place.exportd("run", "daily", launcher=login)
    assert json.loads(place.exportd("verify", "daily", "--json", launcher=login).stdout)["ok"] is True
    assert any(line.endswith("401") for line in server.log())
    held_against_manifests(place, server, place.request("daily"), count=len(place.status("daily")["runs"]))


def test_azure_what_only_a_person_can_mend_is_said_at_once(place):
    server = Server(place)
    prepare(place, server, 100)
    for number, (keys, secret, faults, words) in enumerate([
        ({"container": "no-such-container"}, server.secret, {}, "there is no such container"),
        ({}, "bm90IHRoZSBrZXk=", {}, "the account key does not belong to the account"),
        ({}, "no key at all", {}, "is not Base64"),
        ({"sasToken": {"file": "secret"}}, server.signature(permissions="rl"), {}, "it lacks w"),
        ({}, server.secret, {"deny": ["delete-blob"]}, "Storage Blob Data Contributor"),
        ({}, server.secret, {"immutable": True}, "an immutability policy"),
    ]):
        server.order(**faults)
        with open(f"{place.directory}/secret", "w") as file:
            file.write(secret)
        place.change_configuration(destinations={"lake": server.destination(**{"prefix": "raw/", **keys})})
        if number == 0:
            place.define("daily", ONE_DAY, destination="lake")
        began = time.monotonic()
        checked = place.exportd("check", "--destinations", code=78)
        assert words in checked.stdout + checked.stderr, (keys, checked.stdout, checked.stderr)
        assert time.monotonic() - began < 5, keys
        assert secret not in checked.stdout + checked.stderr, keys
