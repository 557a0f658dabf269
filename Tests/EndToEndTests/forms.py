"""Every key of a definition or destination that changes what files look like, held against the source by a reader of its own."""
import datetime
import grp
import json
import os
import random
import stat
import zoneinfo

from checker import Definition, delivered, held_against_source, milliseconds
from place import days_ago, midnight

NAMES = ["Charged", "App Launched", "Größe gewählt", "a/b"]


DEVICES = [
    '{"make": "Casio", "memory": 1.50}', '{"dimensions": {"width": 3.0, "height": null, "unit": "cm", "depth": 1}, "dpi": 160}',
    '{"dimensions": {"height": [1], "unit": ""}, "model": {"a": 1}}', '{"browser": true, "dimensions": "A4"}', '{"dimensions": {}}']


def fill(place, count=3000):
    """Events of the last four days with every field there is, each of them missing now and then."""
    rng = random.Random(11)
    db = place.database()
    for column in ("identity", "email", "phone", "profile_name", "platform", "push_token", "all_identities", "device", "session",
                   "control_group"):
        db.execute(f"ALTER TABLE events ADD COLUMN {column} TEXT")

    def perhaps(value):
        return value if rng.random() < 0.6 else None

    def row():
        number = rng.randrange(400)
        properties = {
            "Amount": rng.choice([rng.randrange(1 << 60), round(rng.uniform(-9, 9), 6), 1e22, 0]), "Is new": rng.random() < 0.5,
            "Nothing": None, "Text": rng.choice(["ü — 日本 🎉", "", "a \"quoted\" \\ word", "line\nbreak"]),
            "Nested": {"list": [1, 2.50, None, "x"], "deep": {"empty": {}}}, f"Rare {rng.randrange(30)}": number}
        return (rng.choice(NAMES), midnight(3) + rng.randrange(4 * 86_400_000), perhaps(f"o{number}"), json.dumps(properties, ensure_ascii=False),
                perhaps(f"user-{number}"), perhaps(f"u{number}@example.com"), perhaps(f"+49{number}"), perhaps(f"Person {number}"),
                perhaps(rng.choice(["Web", "iOS"])), perhaps(f"token-{number}"), perhaps(json.dumps([f"user-{number}", f"+49{number}"])),
                perhaps(rng.choice(DEVICES)), perhaps('{"id": 9007199254740993, "utm": {"source": "mail"}}'),
                perhaps("control"))
    db.execute("BEGIN")
    db.executemany(
        "INSERT INTO events (name, ts, object_id, properties, identity, email, phone, profile_name, platform, push_token, all_identities,"
        f" device, session, control_group) VALUES ({', '.join('?' * 14)})", (row() for _ in range(count)))
    db.execute("COMMIT")
    db.close()


ACCOUNT = ("identity", "email", "phone")

# What the definition says, and what of it a reader must know.
FORMS = {
    "plain": ({}, Definition(identifiers=ACCOUNT)),
    "gzip": ({"compression": "gzip"}, Definition(identifiers=ACCOUNT, compression="gzip")),
    "gzip-level": ({"compression": {"codec": "gzip", "level": 9}}, Definition(identifiers=ACCOUNT, compression="gzip")),
    "as-string": ({"asString": True}, Definition(identifiers=ACCOUNT, as_string=True)),
    "no-object-id": ({"includeObjectId": False}, Definition(identifiers=ACCOUNT, include_object_id=False)),
    "phone-first": ({"identifiers": ["phone", "identity"]}, Definition(identifiers=("phone", "identity"))),
    "email-only": ({"identifiers": ["email"]}, Definition(identifiers=("email",))),
    "small-files": ({"maxFileBytes": 20_000}, Definition(identifiers=ACCOUNT, max_file_bytes=20_000)),
    "small-gzip": ({"maxFileBytes": 4_000, "compression": "gzip"},
                   Definition(identifiers=ACCOUNT, compression="gzip", max_file_bytes=4_000)),
    "half-hour-zone": ({"timeZone": "Asia/Kolkata"}, Definition(zone="Asia/Kolkata", identifiers=ACCOUNT)),
    "far-west": ({"timeZone": "Pacific/Pago_Pago"}, Definition(zone="Pacific/Pago_Pago", identifiers=ACCOUNT)),
}


def test_each_form_of_file_holds_what_the_source_holds(place):
    fill(place)
    place.configure(identifiers=ACCOUNT)
    for name, (keys, _) in FORMS.items():
        place.define(name, {"once": {"from": days_ago(2), "to": days_ago(1)}}, **keys)
    with place.daemon():
        for name in FORMS:
            place.wait_until_done(name)
    rows = {}
    for name, (keys, definition) in FORMS.items():
        request = place.request(name)
        rows[name] = held_against_source(place, request, definition)
        (manifest,) = place.manifests(request)
        # The window is two local days, whatever the zone.
        begin = datetime.datetime.fromtimestamp(milliseconds(manifest["window"]["from"]) / 1000, zoneinfo.ZoneInfo(manifest["timeZone"]))
        assert begin.strftime("%H:%M:%S %Y-%m-%d") == f"00:00:00 {days_ago(2)}", begin
        assert manifest["timeZone"] == keys.get("timeZone", "UTC")
        assert manifest["files"] and (max(file["index"] for file in manifest["files"]) > 1) == ("maxFileBytes" in keys), name
        assert {file["date"] for file in manifest["files"]} == {days_ago(2), days_ago(1)}
    assert min(rows.values()) > 1000, rows


def test_files_of_some_events_only(place):
    fill(place)
    place.configure(identifiers=ACCOUNT)
    place.define("some", {"once": {"from": days_ago(2), "to": days_ago(1)}}, events=["Charged", "a/b", "Not there"])
    place.exportd("check")
    with place.daemon():
        place.wait_until_done("some")
    assert held_against_source(place, place.request("some"), Definition(identifiers=ACCOUNT), ["Charged", "a/b"]) > 500


def test_a_prefix_is_filled_in_and_the_manifest_lies_where_files_begin_to_differ(place):
    fill(place, 500)
    prefix = "raw/{account}/{export}-{requestId}/{dataType}/{date}/{runTimestamp}/day={eventDate}/{eventName}/{databaseId}/"
    place.configure(destination={"prefix": prefix}, identifiers=ACCOUNT)
    request = place.create("all", {"once": {"from": days_ago(2), "to": days_ago(1)}}, compression="gzip")
    place.exportd("run", "all")
    assert held_against_source(
        place, request, Definition(identifiers=ACCOUNT, compression="gzip", prefix=prefix)) > 100
    (manifest,) = place.manifests(request)
    run = manifest["runTimestamp"]
    assert os.path.dirname(manifest["manifestName"]) == f"raw/100000000/all-{request}/events/{days_ago(0)}/{run}", manifest


def test_files_get_the_mode_and_group_of_their_destination(place):
    fill(place, 200)
    # Root may give a file to any group; others to one of theirs.
    groups = [group.gr_gid for group in grp.getgrall()] if os.geteuid() == 0 else os.getgroups()
    group = next((id for id in groups if id != os.getegid()), os.getegid())
    place.configure(
        destination={"mode": "0604", "group": grp.getgrgid(group).gr_name, "prefix": "a/{eventName}/"}, identifiers=ACCOUNT)
    request = place.create("all", {"once": {"from": days_ago(2), "to": days_ago(1)}})
    place.exportd("run", "all")
    names = place.delivered_names(request)
    assert len(delivered(place, request, Definition(identifiers=ACCOUNT, prefix="a/{eventName}/"))) == 1 and len(names) > 8
    for name in names:
        status = os.stat(f"{place.destination}/{name}")
        assert (stat.S_IMODE(status.st_mode), status.st_gid) == (0o604, group), (name, oct(status.st_mode), status.st_gid)
