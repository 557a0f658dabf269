"""Rows that cannot be converted: named once with a reason, and nothing else suffers."""
import collections

from checker import Definition, Delivered, delivered, held_against_source, same, expected, windows
from place import days_ago, midnight

DAILY = {"everyHours": 24}


def reasons(place, request):
    """What is said of each rejected row, by its id."""
    said = collections.defaultdict(list)
    for run in delivered(place, request):
        for _, row in run.rejected:
            said[int(row["id"])].append((row["reason"], row.get("value")))
    assert all(len(lines) == 1 for lines in said.values()), said
    return {id: lines[0] for id, lines in said.items()}


def test_rows_that_cannot_be_converted_are_named_once_with_the_reason(place):
    db = place.database()
    noon = midnight(1) + 12 * 3_600_000
    db.execute("INSERT INTO events VALUES (1, 'Before', NULL, NULL, NULL)")
    place.configure()
    place.create("all", {**DAILY, "from": days_ago(2)})
    long = '{"text": "' + "ä" * 5000
    bad = {
        2: ("Charged", noon, '{"a": 1,}', "properties is not a JSON object"),
        3: ("Charged", noon, "[1, 2]", "it is an array"),
        4: ("Charged", noon, long, "properties is not a JSON object"),
        5: ("Charged", noon, "", "the text is empty"),
        6: ("", noon, "{}", "no usable name: it is empty"),
        7: (None, noon, "{}", "no usable name: it is NULL"),
        8: ("n" * 4097, noon, "{}", "no usable name: it is longer than 4096 bytes"),
        9: ("Charged", None, "{}", "no usable ts: it is NULL"),
        10: ("Charged", "yesterday", "{}", "no usable ts"),
        11: ("Charged", 1 << 60, "{}", "no usable ts"),
        12: ("Charged", -1, "{}", "no usable ts"),
        13: ("Charged", "NaN", "{}", "no usable ts"),
        14: ("Charged", noon, '{"a": "\\ud800\\u12"}', "properties is not a JSON object"),
        15: ("Charged", noon, '{"a": 01}', "properties is not a JSON object"),
        16: ("Charged", noon, '{"a": "tab\there"}', "properties is not a JSON object"),
    }
    for id, (name, ts, properties, _) in bad.items():
        db.execute("INSERT INTO events VALUES (?, ?, ?, 'o', ?)", (id, name, ts, properties))
    db.executemany(
        "INSERT INTO events (name, ts, object_id, properties) VALUES ('Charged', ?, 'o', '{\"n\": 1.50}')",
        [(noon + i,) for i in range(500)])
    assert place.exportd("run", "all").stdout.strip().endswith("DONE")

    request = place.request("all")
    held_against_source(place, request, rejected=[("0", id) for id in bad])
    said = reasons(place, request)
    for id, (name, ts, properties, reason) in bad.items():
        assert reason in said[id][0], (id, said[id])
        value = said[id][1]
        if "properties" in reason or "array" in reason:
            assert properties.startswith(value or ""), (id, value)
    assert said[4][1].startswith('{"text": "ää') and len(said[4][1].encode()) in (4095, 4096)
    assert [run["state"] for run in place.status("all")["runs"]] == ["DONE", "DONE"]
    assert sum(run["rejected"] for run in place.status("all")["runs"]) == len(bad)
    assert place.status("all")["runs"][0]["rows"] == 500


def test_what_is_not_utf8_is_mended_and_not_lost(place):
    db = place.database()
    noon = midnight(1) + 12 * 3_600_000
    place.configure()
    request = place.create("all", {**DAILY, "from": days_ago(1)})
    broken = [b"Caf\xe9", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\xc0\xaf", b"ok \xff\xfe end"]
    for name in broken:
        db.execute(
            "INSERT INTO events (name, ts, object_id, properties) VALUES (CAST(? AS TEXT), ?, CAST(? AS TEXT), CAST(? AS TEXT))",
            (name, noon, name, b'{"' + name + b'": "' + name + b'"}'))
    place.exportd("run", "all")
    assert held_against_source(place, request) == len(broken)


def test_a_value_beyond_all_limits_is_rejected_and_the_rows_around_it_come(place):
    db = place.database()
    noon = midnight(1) + 12 * 3_600_000
    place.configure()
    request = place.create("all", {**DAILY, "from": days_ago(1)})
    for i in range(20):
        db.execute("INSERT INTO events VALUES (?, 'Charged', ?, 'o', '{\"n\": 1}')", (10 * i + 10, noon + i * 1000))
    db.execute("INSERT INTO events VALUES (15, 'Charged', ?, 'o', zeroblob(?))", (noon + 500, (256 << 20) + 1))
    place.exportd("run", "all")
    (run,) = delivered(place, request)
    # The checker itself would not want to read that row.
    db.execute("UPDATE events SET properties = NULL WHERE id = 15")
    same(run.records, expected(
        place, windows(place, request), Definition(), wanted=lambda database, row: row["id"] != 15))
    ((_, row),) = run.rejected
    assert row["id"] == "15" and row["eventName"] == "Charged" and "256 MiB" in row["reason"], row
    assert "value" not in row


def test_a_row_without_a_time_is_rejected_by_one_run_only(place):
    db = place.database()
    place.configure()
    db.execute("INSERT INTO events VALUES (1, 'Old', NULL, NULL, NULL)")
    request = place.create("all", {"everyHours": 8, "from": days_ago(1)})
    for day in range(3):
        db.execute("INSERT INTO events VALUES (?, 'Charged', ?, 'o', '{}')", (100 + day, midnight(1) + day * 28_800_000))
    db.execute("INSERT INTO events VALUES (50, 'Charged', NULL, 'o', '{}')")
    place.exportd("run", "all")
    runs = [Delivered(place, manifest, Definition()) for manifest in place.manifests(request)]
    assert len(runs) >= 3
    assert [len(run.rejected) for run in runs] == [1] + [0] * (len(runs) - 1)
    held_against_source(place, request, rejected=[("0", 50)])
