"""Programs of others that read what was delivered. They are packages (`make readers`), imported when they are needed."""
import datetime
import gzip
import json
import xml.etree.ElementTree

import checker

PROFILE = ["identity", "objectId", "platform", "phone", "name", "email", "push_token"]
OBJECTS = ["deviceInfo", "eventProps", "session_props"]


def duckdb(path):
    """A JSON file of events: the texts of a record, and the JSON of its objects, as DuckDB reads and writes them."""
    import duckdb
    texts = ["$.ts", *(f"$.profile.{name}" for name in PROFILE), "$.controlGroupName"]
    columns = [f"json ->> '{text}'" for text in texts] + [
        f"json -> '{text}'" for text in ("$.profile.all_identities", *(f"$.{name}" for name in OBJECTS))]
    query = f"SELECT {', '.join(columns)} FROM read_ndjson_objects(?) WHERE json_type(json) = 'OBJECT'"
    with duckdb.connect() as database:
        return [record(row) for row in database.execute(query, [path]).fetchall()]


def clickhouse(path):
    """The same as ClickHouse reads and writes it."""
    import chdb
    parts = ["'ts'", *(f"'profile', '{name}'" for name in PROFILE), "'controlGroupName'", "'profile', 'all_identities'",
             *(f"'{name}'" for name in OBJECTS)]
    columns = ", ".join(f"if(JSONHas(line, {part}), JSONExtractRaw(line, {part}), NULL)" for part in parts)
    # Texts come quoted, unlike DuckDB's.
    answer = chdb.query(
        f"SELECT {columns} FROM file('{path}', 'LineAsString', 'line String') WHERE startsWith(line, '{{')", "JSONCompactEachRow")
    rows = [json.loads(line) for line in answer.bytes().decode().split("\n") if line]
    return [record([text and json.loads(text) for text in row[1:9]], row[:1], row[9:]) for row in rows]


def record(texts, ts=None, objects=None):
    """A record in which objects are read and numbers are as precise as that reader has them."""
    if ts is None:
        ts, texts, objects = texts[:1], texts[1:9], texts[9:]
    profile = {name: text for name, text in zip(PROFILE, texts) if text is not None}
    if objects[0] is not None:
        profile["all_identities"] = numbers(objects[0])
    found = {"profile": profile} if profile else {}
    found["ts"] = float(ts[0])
    if texts[-1] is not None:
        found["controlGroupName"] = texts[-1]
    return found | {name: numbers(text) for name, text in zip(OBJECTS, objects[1:]) if text is not None}


def numbers(text):
    """A JSON text; whole numbers, too, as a reader of 64 bits has them, -0 among them."""
    return json.loads(text, parse_int=float)


def xml_elements(path):
    """The elements below the root of an XML file, each (tag, text, elements): what libxml2 and expat agree on."""
    from lxml import etree
    with open(path, "rb") as file:
        data = file.read()
    if path.endswith(".gz"):
        data = gzip.decompress(data)
    assert data.startswith(b'<?xml version="1.0" encoding="UTF-8"?><root>') and data.endswith(b"</root>\n"), data[:80]
    libxml2 = plain_tree(etree.fromstring(data, etree.XMLParser(huge_tree=True, resolve_entities=False)))
    expat = plain_tree(xml.etree.ElementTree.fromstring(data))
    assert libxml2 == expat, "libxml2 and expat differ"
    assert libxml2[0] == "root"
    return libxml2[2]


def plain_tree(element):
    assert not element.attrib, element.attrib
    children = [plain_tree(child) for child in element]
    # Beside elements there is nothing but the ends of lines.
    assert not children or not (element.text or "").strip() and all(not (child.tail or "").strip() for child in element)
    return element.tag, "" if children else element.text or "", children


# Parquet files, each row as it would stand in JSON: `ts` in UTC, groups as objects. With `is_mapped` properties are maps.

GROUPS = ["eventProps", "sessionProps", "device", "commPrefs", "profileProps"]


def parquet_row(row, is_mapped, pairs=None):
    """`ts`, which profiles do not have, is in milliseconds or a time with its zone."""
    if "ts" in row:
        ts = row["ts"]
        if not isinstance(ts, datetime.datetime):
            ts = datetime.datetime.fromtimestamp(ts / 1000, datetime.timezone.utc)
        row["ts"] = f"{checker.NUMBER}{ts.astimezone(datetime.timezone.utc):%Y%m%d%H%M%S}"
    if is_mapped and pairs:
        for group in GROUPS:
            if group in row:
                row[group] = pairs(row[group])
    return row


def pyarrow(path, is_mapped):
    import pyarrow.parquet
    return [parquet_row(row, is_mapped, dict) for row in pyarrow.parquet.read_table(path).to_pylist()]


def duckdb_parquet(path, is_mapped):
    import duckdb
    with duckdb.connect() as database:
        names = [column[0] for column in database.execute("DESCRIBE FROM read_parquet(?)", [path]).fetchall()]
        columns = ", ".join("epoch_ms(ts)" if name == "ts" else f'"{name}"' for name in names)
        rows = database.execute(f"SELECT {columns} FROM read_parquet(?)", [path]).fetchall()
    return [parquet_row(dict(zip(names, row)), is_mapped) for row in rows]


def polars(path, is_mapped):
    import polars
    return [parquet_row(row, is_mapped, dict) for row in polars.read_parquet(path).to_dicts()]


def clickhouse_parquet(path, is_mapped):
    import chdb
    import pyarrow.parquet
    # Told that the file as a whole is not compressed, which it would take from the end of the name.
    columns = "toUnixTimestamp64Milli(ts) AS ts, * EXCEPT ts" if "ts" in pyarrow.parquet.read_schema(path).names else "*"
    answer = chdb.query(
        f"SELECT {columns} FROM file('{path}', 'Parquet', 'auto', 'none') SETTINGS"
        " output_format_json_quote_64bit_integers = 0, input_format_parquet_allow_missing_columns = 1", "JSONEachRow")
    rows = [json.loads(line) for line in answer.bytes().decode().split("\n") if line]
    for row in rows:
        # It has no arrays that are null.
        holder = row.get("profile", row)
        holder["all_identities"] = holder["all_identities"] or None
    return [parquet_row(row, is_mapped) for row in rows]


PARQUET = [pyarrow, duckdb_parquet, polars, clickhouse_parquet]


# CSV files, as rows of texts.

def duckdb_csv(path):
    """The header too. None where a field is empty, "" where it is an empty text."""
    import duckdb
    with duckdb.connect() as database:
        answer = database.execute(
            "SELECT * FROM read_csv(?, all_varchar = true, header = true, delim = ',', quote = '\"', escape = '\"',"
            " allow_quoted_nulls = false, normalize_names = false)", [path])
        return [[column[0] for column in answer.description], *(list(row) for row in answer.fetchall())]


def clickhouse_csv(path, header):
    """It takes both for the empty text."""
    import chdb
    names = ", ".join("`" + name.replace("\\", "\\\\").replace("`", "\\`") + "` String" for name in header)
    structure = names.replace("\\", "\\\\").replace("'", "\\'")
    # Fields as they are: it would take bytes of white space off the ends of some, and look into quotes for escapes.
    answer = chdb.query(
        f"SELECT * FROM file('{path}', 'CSVWithNames', '{structure}') SETTINGS input_format_csv_trim_whitespaces = 0,"
        " input_format_csv_use_default_on_bad_values = 0", "JSONCompactEachRow")
    return [json.loads(line) for line in answer.bytes().decode().split("\n") if line]
