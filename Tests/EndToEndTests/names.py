"""Event names from hostile and careless sources."""
import os

from checker import Definition, held_against_source, safe_name
from place import days_ago, midnight

ODD = [
    "../../etc/passwd", "..", ".", "/", "/etc/passwd", "a/b", "a b", "a\\b", "a\tb", "a\0b", "a\nb", "\0", "a\x01b", "a\x7fb",
    "\u0085", "\u2028x", "a\u00a0b", "🎉 party", "👩‍👩‍👧‍👦", "日本語のイベント", "é", "e\u0301", "n" * 300, "n" * 299 + "x", "日" * 100, "x" * 119 + "é",
    "manifest.json", "rejected-0.jsonl", "-", "~", "$(rm -rf .)", "`id`", "%2e%2e%2f", "con", "*", "?", "a:b", '"quoted"',
    ".hidden", ".exportd-x", "{eventName}", "-20261124-0-0.json", " ", "\t", "A", "a",
]


def fill(place):
    db = place.database()
    noon = midnight(1) + 12 * 3_600_000
    db.executemany(
        "INSERT INTO events (name, ts, object_id, properties) VALUES (?, ?, ?, '{\"n\": 1}')",
        [(name, noon + i, f"o{number}") for i in range(3) for number, name in enumerate(ODD)])


def everything(place):
    """All paths of the place except those that exportd may write to."""
    found = set()
    for directory, directories, files in os.walk(place.directory):
        if directory == place.directory:
            directories[:] = [name for name in directories if name not in ("exports", "state")]
        found |= {os.path.join(directory, name) for name in directories + files}
    return found


def test_odd_names_stay_inside_the_destination_and_equal_ones_share_a_series(place):
    fill(place)
    place.configure()
    place.define("all", {"once": "yesterday"})
    before = everything(place)
    place.exportd("check")
    daemon = place.daemon()
    place.wait_until_done("all")
    daemon.end()
    after = everything(place) - {daemon.journal, daemon.notifications}
    assert after == before, after ^ before
    request = place.request("all")
    assert held_against_source(place, request) == 3 * len(ODD)
    names = place.delivered_names(request)
    assert all("/" not in name and len(name.encode()) <= 255 for name in names)
    # Two of 300 bytes that differ at the end only, and six that differ in one character that is replaced.
    (manifest,) = place.manifests(request)
    shared = [file["index"] for file in manifest["files"] if safe_name(file["eventName"]) == "a-b"]
    assert sorted(shared) == list(range(len([name for name in ODD if safe_name(name) == "a-b"]))) and len(shared) == 7
    assert len({file["name"] for file in manifest["files"]}) == len(ODD)


def test_odd_names_in_a_prefix_stay_inside_the_destination(place):
    fill(place)
    prefix = "lake/{eventName}/{databaseId}-{eventDate}"
    place.configure(destination={"prefix": prefix})
    request = place.create("all", {"once": "yesterday"})
    before = everything(place)
    place.exportd("run", "all")
    assert everything(place) == before
    top = {name.split("/")[0] for name in os.listdir(place.destination)}
    assert top == {"lake"}, top
    (manifest,) = place.manifests(request)
    assert manifest["manifestName"] == f"lake/{request}-{manifest['runTimestamp']}-manifest.json"

    class Levels(Definition):
        """A level that would be `.` or `..` gets hyphens."""
        def expanded(self, values):
            level = {".": "-", "..": "--"}.get(values["eventName"], values["eventName"])
            return f"lake/{level}/{values['databaseId']}-{values['eventDate']}/"
    assert held_against_source(place, request, Levels()) == 3 * len(ODD)
