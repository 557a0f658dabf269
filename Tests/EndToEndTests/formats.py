"""JSON and XML as programs of others read them: every value against what a reader of the source expects."""
import collections
import json
import os
import random
import re

import people
import readers
from checker import NUMBER, Definition, canonical, compact, expected, parse, windows
from forms import ACCOUNT, fill
from place import days_ago, midnight

DAYS = {"once": {"from": days_ago(2), "to": days_ago(1)}}
# Those that every reader of JSON takes.
VALUES = [
    "12345678901234567890", "-0", "0.1", "1E+2", "-1.5e-7", "9007199254740993", "0.1000000000000000055511151231257827", "true", "null",
    '""', '" "', '"null"', '"<a href=\\"b\\">&amp;]]></a>"', '"a\\r\\nb\\tc\\rd"', '"\\u0001\\b\\f\\u001f"', '"\\ud83d\\ude00 e\u0301 \u00e9 日本"',
    '"\ufeff"', '"\u2028\u0085\u007f"', "[]", "{}", '[1, [2.50, {"x": null}], "y\\"z"]', '{"a": {"b": [true, "c,d"]}}']
# Those that some do not.
HARD_VALUES = [
    "1e400", "-1e-400", "9" * 400, '"\\ud800"', '"\\udc00\\ud800x"', '"\\u0000"', '"\ufffe\uffff"', '"\\ufffe"', '["\\ud800", "\\u0000"]',
    '{"a": 1, "a": 2, "\\u0061": 3}']
NAMES = ["a.b", "a,b", 'a\\"b', "a\\nb", "a\\r\\nb", "=1+1", " a ", "", "<a>&", "]]>", "\ufeffa", "e\u0301", "\u00e9", "key", "名前"]


def fill_hard(place, values, count=600):
    """Events of the last days whose properties are put together from odd names and values."""
    rng = random.Random(5)
    db = place.database()

    def row():
        names = rng.sample(NAMES, rng.randrange(len(NAMES)))
        members = ", ".join(f'"{name}": {rng.choice(values)}' for name in names)
        return rng.choice(["Charged", "a/b"]), midnight(2) + rng.randrange(2 * 86_400_000), "{" + members + "}"

    db.execute("BEGIN")
    db.executemany("INSERT INTO events (name, ts, properties) VALUES (?, ?, ?)", (row() for _ in range(count)))
    db.execute("COMMIT")
    db.close()


def run(place, name, **keys):
    """One export of two days. Returns its request id, and the paths of its files by their event, with rows."""
    request = place.create(name, DAYS, **keys)
    place.exportd("run", name, "--wait")
    (manifest,) = place.manifests(request)
    files = collections.defaultdict(list)
    for file in manifest["files"]:
        assert file["kind"] == "data", file
        files[file["eventName"]].append((f"{place.destination}/{file['name']}", file["rows"]))
    return request, files


def wanted(place, request, definition):
    """For each event its records, as the source has them."""
    records = collections.defaultdict(list)
    for (_, name, record), count in expected(place, windows(place, request), definition).items():
        records[name] += [json.loads(record)] * count
    return records


def rounded(value):
    """A value with its numbers as far as a 64-bit reader has them: -0 is 0, and digits that one gives as a text are a number."""
    if isinstance(value, dict):
        return {name: rounded(member) for name, member in value.items()}
    if isinstance(value, list):
        return [rounded(member) for member in value]
    if isinstance(value, str) and re.fullmatch(NUMBER + "?-?[0-9][0-9.eE+-]*", value):
        return float(value.removeprefix(NUMBER)) + 0.0
    return float(value) + 0.0 if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def ordered(records):
    return sorted(json.dumps(record, sort_keys=True) for record in records)


def held_against_readers(place, **keys):
    """JSON as DuckDB and ClickHouse have it."""
    values = 0
    for compression in "none", "gzip":
        request, files = run(place, f"json-{compression}", compression=compression, **keys)
        records = wanted(place, request, Definition(identifiers=ACCOUNT))
        assert set(files) == set(records), set(files) ^ set(records)
        for name, paths in files.items():
            for reader in readers.duckdb, readers.clickhouse:
                found = []
                for path, rows in paths:
                    read = reader(path)
                    assert len(read) == rows, (reader.__name__, path, len(read), rows)
                    found += read
                same, other = ordered(map(rounded, records[name])), ordered(map(rounded, found))
                different = [pair for pair in zip(same, other) if pair[0] != pair[1]]
                assert len(same) == len(other) and not different, (reader.__name__, name, different[:1])
                values += len(found)
    return f"{values} records read"


def test_duckdb_and_clickhouse_read_json(place):
    fill(place)
    place.configure(identifiers=ACCOUNT)
    return held_against_readers(place, maxFileBytes=200_000)


def test_duckdb_and_clickhouse_read_odd_values_from_json(place):
    fill_hard(place, VALUES)
    place.configure(identifiers=ACCOUNT)
    return held_against_readers(place)


# XML

DEVICE = ["make", "model", "appVersion", "sdkVersion", "osVersion", "browser", "dpi"]
DIMENSIONS = ["width", "height", "unit"]


def plain(text):
    """A text as XML can hold it."""
    return re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text)


def text(value):
    """A value as the text of an element. A nested one is read, so that its spelling does not matter."""
    if isinstance(value, str):
        return plain(value.removeprefix(NUMBER))
    return json.dumps(value) if isinstance(value, bool) else nested(compact(value))


def nested(text):
    try:
        return plain(canonical(parse(text))) if text[:1] in ("[", "{") else text
    except ValueError:
        return text


def leaf(tag, value):
    return tag, text(value), []


def entry(name, value):
    return "entry", "", [leaf("key", name), *([] if value is None else [leaf("value", value)])]


def group(tag, entries):
    return tag, "", entries


def device(tag, members, names):
    elements = []
    for name, member in members.items():
        if tag == "deviceInfo" and name == "dimensions" and isinstance(member, dict):
            elements.append(device("dimensions", member, DIMENSIONS))
        elif name not in names:
            elements.append(entry(name, member))
        elif member is not None:
            elements.append(leaf(name, member))
    return group(tag, elements)


def event_element(name, record):
    """What stands in XML for a record of events."""
    elements = [leaf("ts", record["ts"]), leaf("eventName", name)]
    fields = []
    for key, value in record.get("profile", {}).items():
        for one in value if key == "all_identities" else [value]:
            if one is not None:
                fields.append(leaf(key, one))
    if fields:
        elements.append(group("profile", fields))
    if "deviceInfo" in record:
        elements.append(device("deviceInfo", record["deviceInfo"], DEVICE))
    for key, tag in ("eventProps", "eventProps"), ("session_props", "sessionProps"):
        if key in record:
            elements.append(group(tag, [entry(*member) for member in record[key].items()]))
    if "controlGroupName" in record:
        elements.append(leaf("controlGroupName", record["controlGroupName"]))
    return group("Event", elements)


def read(element):
    """An element as it was read, with nested values read, too."""
    tag, text, children = element
    return tag, nested(text), [read(child) for child in children]


def held_against_xml(place, name, definition, **keys):
    request, files = run(place, name, format="xml", **keys)
    records = wanted(place, request, definition)
    assert set(files) == set(records), set(files) ^ set(records)
    count = 0
    for event, paths in files.items():
        found = collections.Counter()
        for path, rows in paths:
            assert os.path.getsize(path) <= definition.max_file_bytes or rows == 1, path
            elements = readers.xml_elements(path)
            assert len(elements) == rows, (path, len(elements), rows)
            found.update(repr(read(element)) for element in elements)
        want = collections.Counter(repr(event_element(event, record)) for record in records[event])
        assert found == want, (event, list((want - found).items())[:1], list((found - want).items())[:1])
        count += found.total()
    return count


XML_FORMS = {
    "plain": ({}, Definition(identifiers=ACCOUNT)),
    "gzip": ({"compression": "gzip"}, Definition(identifiers=ACCOUNT, compression="gzip")),
    "strings": ({"asString": True}, Definition(identifiers=ACCOUNT)),
    "no-object-id": ({"includeObjectId": False}, Definition(identifiers=ACCOUNT, include_object_id=False)),
    "small": ({"maxFileBytes": 5_000}, Definition(identifiers=ACCOUNT, max_file_bytes=5_000)),
    "small-gzip": ({"maxFileBytes": 3_000, "compression": "gzip"}, Definition(identifiers=ACCOUNT, max_file_bytes=3_000)),
    "zone": ({"timeZone": "Asia/Kolkata"}, Definition(zone="Asia/Kolkata", identifiers=ACCOUNT)),
}


def test_libxml2_and_expat_read_xml(place):
    fill(place, 1500)
    place.configure(identifiers=ACCOUNT)
    counts = {name: held_against_xml(place, name, definition, **keys) for name, (keys, definition) in XML_FORMS.items()}
    assert min(counts.values()) > 500, counts
    return f"{sum(counts.values())} records read"


def test_libxml2_and_expat_read_odd_values_from_xml(place):
    fill_hard(place, VALUES + HARD_VALUES)
    place.configure(identifiers=ACCOUNT)
    counts = [held_against_xml(place, name, definition, **keys) for name, (keys, definition) in XML_FORMS.items()]
    return f"{sum(counts)} records read"


def test_python_reads_odd_values_from_json_and_names_equal_ones(place):
    from checker import held_against_source
    fill_hard(place, VALUES + HARD_VALUES)
    with place.rows() as db:
        twice = sum(text.count("\\u0061") * 2 for (text,) in db.execute("SELECT properties FROM events"))
    place.configure(identifiers=ACCOUNT)
    request = place.create("odd", DAYS)
    told = place.exportd("run", "odd", "--wait").stderr
    assert held_against_source(place, request, Definition(identifiers=ACCOUNT)) == 600
    # The last one counted; how many did not, the journal says.
    assert f"{twice} member(s)" in told, (twice, told)
