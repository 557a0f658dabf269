"""Exports to S3: the built binary delivers to servers that are not ours, and boto3 reads back what it delivered."""
import contextlib
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time

from checker import Definition, held_against_source
from place import days_ago, midnight

LAYERS = "raw/event={eventName}/dt={eventDate}/"
ONE_DAY = {"once": {"day": days_ago(1)}}


class Server:
    """A server with one bucket, `lake`, that ends with the test."""

    def __init__(self, place, name):
        import boto3
        self.name = name
        self.port = free_port()
        self.key, self.secret = "AKIDEXAMPLE", "hidden/secret+key"
        programs = os.path.dirname(sys.executable)
        os.makedirs(f"{place.directory}/buckets/lake")
        self.command, self.environment = {
            "rclone": ([f"{programs}/rclone", "serve", "s3", f"{place.directory}/buckets", "--addr", f"127.0.0.1:{self.port}",
                        "--auth-key", f"{self.key},{self.secret}", "--vfs-cache-mode", "off", "--config", "/dev/null"], {}),
            "moto": ([f"{programs}/moto_server", "-H", "127.0.0.1", "-p", str(self.port)],
                     {"INITIAL_NO_AUTH_ACTION_COUNT": "3"}),
        }[name]
        self.log = f"{place.directory}/{name}.log"
        with open(self.log, "wb") as log:
            place.helper(*self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                         env={**os.environ, **self.environment})
        place.wait_for_port(self.port)
        if name == "moto":
            self.make_user(boto3)
        self.client = boto3.client("s3", **self.access())
        if name == "moto":
            self.client.create_bucket(Bucket="lake")

    def access(self):
        return {"endpoint_url": f"http://127.0.0.1:{self.port}", "region_name": "us-east-1",
                "aws_access_key_id": self.key, "aws_secret_access_key": self.secret}

    def make_user(self, boto3):
        """Who may do what; from then on nothing goes without a signature."""
        iam = boto3.client("iam", **self.access())
        iam.create_user(UserName="exportd")
        key = iam.create_access_key(UserName="exportd")["AccessKey"]
        allowed = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::lake/denied/*"}]}
        iam.put_user_policy(UserName="exportd", PolicyName="lake", PolicyDocument=json.dumps(allowed))
        self.key, self.secret = key["AccessKeyId"], key["SecretAccessKey"]

    def objects(self):
        """Sizes by key."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket="lake")
        return {entry["Key"]: entry["Size"] for page in pages for entry in page.get("Contents", [])}

    def uploads(self):
        try:
            return [upload["Key"] for upload in self.client.list_multipart_uploads(Bucket="lake").get("Uploads", [])]
        except self.client.exceptions.NoSuchUpload:
            # How rclone says that there are none.
            return []

    def content(self, key):
        return self.client.get_object(Bucket="lake", Key=key)["Body"].read()

    def mirror(self, place):
        """Fetches all objects to where a directory destination would have them."""
        shutil.rmtree(place.destination, ignore_errors=True)
        for key in self.objects():
            path = f"{place.destination}/{key}"
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(self.content(key))

    def destination(self, **keys):
        return {"type": "s3", "bucket": "lake", "endpoint": f"http://127.0.0.1:{self.port}",
                "accessKeyId": self.key, "secretAccessKey": {"file": "secret"}, "prefix": LAYERS, **keys}


def free_port():
    with contextlib.closing(socket.socket()) as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def prepare(place, server, rows=20_000, **keys):
    """A source of that many rows of about 700 bytes on each of two days, and the destination `lake`."""
    db = place.database()
    db.execute("BEGIN")
    db.executemany(
        "INSERT INTO events (name, ts, object_id, properties) VALUES (?, ?, ?, ?)",
        [(("Charged", "Schritt 2/3 + Größe?", "100% #1")[i % 3 if i % 50 == 0 else 0],
          midnight(2) + i * 2 * 86_400_000 // rows, f"o{i % 100}", f'{{"n": {i}, "text": "{"x" * 600}"}}') for i in range(rows)])
    db.execute("COMMIT")
    db.close()
    with open(f"{place.directory}/secret", "w") as file:
        file.write(server.secret + "\n")
    place.configure()
    place.change_configuration(destinations={"lake": server.destination(**keys)})


def held_against_manifests(place, server, request, count=1):
    """Every object of the request is in a manifest, byte for byte, and nothing else is there."""
    manifests = [key for key in server.objects() if os.path.basename(key).startswith(f"{request}-")
                 and key.endswith("-manifest.json")]
    assert len(manifests) == count, manifests
    known = {}
    for key in manifests:
        for file in json.loads(server.content(key))["files"]:
            known[file["name"]] = file
    objects = {key: size for key, size in server.objects().items() if os.path.basename(key).startswith(f"{request}-")}
    assert set(objects) == {*known, *manifests}, set(objects) ^ {*known, *manifests}
    for name, file in known.items():
        content = server.content(name)
        assert len(content) == objects[name] == file["bytes"], name
        assert hashlib.sha256(content).hexdigest() == file["sha256"], name
    return len(known)


def delivered(place, name):
    server = Server(place, name)
    prepare(place, server, 60_000)
    place.define("daily", {"everyHours": 24, "from": days_ago(2)}, destination="lake")
    checked = place.exportd("check", "--destinations").stdout
    assert "an object was written, read and deleted" in checked, checked
    assert not server.objects() and not server.uploads()
    assert server.secret not in checked
    with place.daemon():
        place.wait_until_done("daily", 120, 2)
        assert place.answer("verify", "daily")["ok"] is True
    request = place.request("daily")
    files = held_against_manifests(place, server, request, count=2)
    assert any("event=Schritt-2-3-+-Größe?/dt=" in key for key in server.objects()), sorted(server.objects())[:9]
    # Larger than one request takes, so that it went in parts.
    assert max(server.objects().values()) > 18 << 20, server.objects()
    assert not server.uploads()
    server.mirror(place)
    assert held_against_source(place, request, Definition(prefix=LAYERS)) == 60_000
    # One that is damaged and one that is gone are found.
    some, other = [key for key in server.objects() if "100" in key and not key.endswith("manifest.json")][:2]
    server.client.put_object(Bucket="lake", Key=some, Body=b"#" * server.objects()[some])
    server.client.delete_object(Bucket="lake", Key=other)
    found = place.answer("verify", "daily", code=1)
    problems = {(f["kind"], f["object"]) for run in found["runs"] for f in run["findings"]}
    assert problems == {("file", some), ("file", other)}, problems
    with contextlib.closing(__import__("sqlite3").connect(f"{place.directory}/state/exportd.db")) as db:
        assert server.secret not in "\n".join(db.iterdump())
    return f"{files} objects"


def test_s3_rclone_holds_what_the_manifests_say_byte_for_byte(place):
    return delivered(place, "rclone")


def test_s3_moto_holds_what_the_manifests_say_byte_for_byte(place):
    return delivered(place, "moto")


def slow_upload(place, server):
    """An export whose one large file is on its way for half a minute."""
    prepare(place, server, 80_000, maxUploadBytesPerSecond=1_000_000, prefix="raw/")
    place.create("slow", ONE_DAY, destination="lake")
    daemon = place.daemon()
    place.wait_for("an upload is under way", 30, server.uploads, pause=0.05)
    return daemon


def test_s3_stopped_in_mid_upload_neither_objects_nor_uploads_stay(place):
    server = Server(place, "moto")
    daemon = slow_upload(place, server)
    began = time.monotonic()
    place.exportd("stop", "slow")
    place.wait_for("the run has ended", 10, lambda: place.status("slow")["runs"][0]["state"] == "STOPPED", pause=0.02)
    took = time.monotonic() - began
    assert took < 4, took
    place.wait_for("nothing is left", 10, lambda: not server.uploads() and not server.objects())
    assert not os.listdir(f"{place.directory}/state/staging")
    # The daemon ends at once also in mid-upload, and leaves no upload.
    place.exportd("start", "slow")
    place.wait_for("an upload is under way", 30, server.uploads, pause=0.05)
    ended = daemon.end()
    assert ended < 8 and not server.uploads(), (ended, server.uploads())
    return f"stopped within {took:.1f} s, ended within {ended:.1f} s"


def test_s3_killed_in_mid_upload_the_next_start_leaves_neither_objects_nor_uploads(place):
    server = Server(place, "moto")
    daemon = slow_upload(place, server)
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


def test_s3_what_was_under_way_to_a_bucket_that_is_left_is_aborted_there(place):
    server = Server(place, "moto")
    server.client.create_bucket(Bucket="pond")
    prepare(place, server, 80_000, maxUploadBytesPerSecond=1_000_000, prefix="raw/")
    place.create("slow", ONE_DAY, events=["Charged"], destination="lake")
    daemon = place.daemon()
    place.wait_for("an upload is under way", 30, server.uploads, pause=0.05)
    daemon.kill()
    assert server.uploads() and not server.objects()
    place.change_configuration(destinations={"lake": server.destination(prefix="raw/", bucket="pond")})
    with place.daemon():
        place.wait_until_done("slow", 60)
    assert not server.uploads() and not server.objects(), (server.uploads(), server.objects())
    pond = server.client.list_objects_v2(Bucket="pond")
    assert any(entry["Key"].endswith("-manifest.json") for entry in pond["Contents"])


def test_s3_a_run_that_has_delivered_goes_on_where_it_was_with_the_newest_keys(place):
    server = Server(place, "moto")
    server.client.create_bucket(Bucket="pond")
    daemon = slow_upload(place, server)
    place.wait_for("a file is delivered", 30, lambda: place.status("slow")["runs"][0]["files"], pause=0.05)
    daemon.kill()
    place.change_configuration(destinations={"lake": server.destination(prefix="raw/", bucket="pond")})
    with place.daemon():
        place.wait_until_done("slow", 60)
    # The keys are written out in the configuration, and nowhere else.
    held_against_manifests(place, server, place.request("slow"))
    assert "Contents" not in server.client.list_objects_v2(Bucket="pond")


def test_s3_what_only_a_person_can_mend_is_said_at_once(place):
    server = Server(place, "moto")
    prepare(place, server, 100)
    cases = [
        ({"bucket": "no-such-bucket"}, "there is no such bucket"),
        ({"secretAccessKey": "wrong"}, "the secret access key does not belong to the access key id"),
        ({"accessKeyId": "AKIAUNKNOWN"}, "the access key id is not known"),
        ({"prefix": "denied/"}, "allow s3:PutObject there"),
    ]
    for number, (keys, words) in enumerate(cases):
        place.change_configuration(destinations={"lake": server.destination(**{"prefix": "raw/", **keys})})
        if number == 0:
            place.define("daily", ONE_DAY, destination="lake")
        began = time.monotonic()
        checked = place.exportd("check", "--destinations", code=78)
        assert words in checked.stdout + checked.stderr, (keys, checked.stdout, checked.stderr)
        assert time.monotonic() - began < 5, keys
        assert server.secret not in checked.stdout + checked.stderr
