"""What files hold, in one number; run by the Python of the virtual environment.

Usage: checksums.py source|exportd|peer FORMAT PATH

DuckDB reads them, whoever wrote them, and adds up a hash over the values of each row: name, time to the second, object id,
platform, and seven of the properties. Prints that with the count of rows. Names and object ids are compared as text, numbers as
numbers, so that `1.50` and `1.5` are the same.
"""
import glob
import json
import sys
import xml.parsers.expat

import peers

PICKED = ["Amount", "Currency", "Product name", "Quantity", "ct_connected_to_wifi", "ct_latitude", "ct_longitude"]
SECOND = "CAST(strftime(make_timestamp_ms({}), '%Y%m%d%H%M%S') AS BIGINT)"
LINES = "read_csv('{}', columns = {{'line': 'VARCHAR'}}, header = false, delim = '\x01', quote = '', escape = '', " \
        "filename = true, auto_detect = false, max_line_size = 10000000)"


def query(name, second, object_id, platform, of_property, rows):
    """One that hashes rows, given what finds each value in them."""
    values = [f"CAST({name} AS VARCHAR)", second, f"CAST({object_id} AS VARCHAR)", f"CAST({platform} AS VARCHAR)"]
    values += [f"CAST({of_property(key)} AS {peers.SHAPE[key]})" for key in PICKED]
    return f"SELECT count(*), CAST(sum(CAST(hash({', '.join(values)}) AS HUGEINT)) AS VARCHAR) FROM ({rows})"


def member(structure):
    return lambda key: f"{structure}['{key}']"


def string(relation):
    """Rows whose properties are a JSON text."""
    parsed = f"SELECT name, ts, object_id, platform, from_json(properties, '{json.dumps(peers.SHAPE)}') AS p FROM {relation}"
    return query("name", SECOND.format("ts"), "object_id", "platform", member("p"), parsed)


def source(format, path):
    return string(f"sqlite_scan('{path}', 'events')")


def peer(format, path):
    kind = format.partition("-")[0]
    columns = "{'name': 'VARCHAR', 'ts': 'BIGINT', 'object_id': 'VARCHAR', 'platform': 'VARCHAR', 'properties': 'VARCHAR'}"
    packed = "compression = 'gzip'" if format.endswith("gzip") else "compression = 'uncompressed'"
    if kind == "json":
        return string(f"read_json('{path}', format = 'newline_delimited', columns = {columns}, {packed})")
    if kind == "csv":
        return string(f"read_csv('{path}', header = true, columns = {columns}, quote = '\"', escape = '\"', {packed})")
    return string(f"read_parquet('{path}')")


def peer_typed(format, path):
    return query("name", SECOND.format("ts"), "object_id", "platform", member("properties"), f"FROM read_parquet('{path}')")


def exportd(format, path):
    kind = format.partition("-")[0]
    files = f"{path}/*-0.{kind}{'.gz' if kind != 'parquet' and format.endswith('gzip') else '*'}"
    if kind == "json":
        shape = json.dumps({
            "profile": {"objectId": "VARCHAR", "platform": "VARCHAR"}, "ts": "BIGINT", "eventProps": peers.SHAPE})
        rows = (f"WITH lines AS (FROM {LINES.format(files)}), "
                "names AS (SELECT filename, json_extract_string(line, '$') AS name FROM lines WHERE line[1] = '\"') "
                f"SELECT name, from_json(line, '{shape}') AS r FROM lines JOIN names USING (filename) WHERE line[1] = '{{'")
        return query("name", "r.ts", "r.profile.objectId", "r.profile.platform", member("r.eventProps"), rows)
    if kind == "csv":
        return query(
            "eventName", "CAST(ts AS BIGINT)", '"profile.objectId"', '"profile.platform"',
            lambda key: f'"eventProps.{key}"',
            f"FROM read_csv('{files}', header = true, all_varchar = true, union_by_name = true, quote = '\"', escape = '\"', "
            "delim = ',')")
    if kind == "xml":
        def value(element):
            return f"regexp_extract(line, '<{element}>([^<]*)<', 1)"
        return query(
            value("eventName"), f"CAST({value('ts')} AS BIGINT)", value("objectId"), value("platform"),
            lambda key: f"regexp_extract(line, '<key>{key}</key><value>([^<]*)<', 1)",
            f"FROM {LINES.format(files)} WHERE contains(line, '<Event>')")
    return query(
        "eventName", SECOND.format("epoch_ms(ts)"), "profile.objectId", "profile.platform", member("eventProps"),
        f"FROM read_parquet('{files}')")


def well_formed(path):
    """Fails at the first of the XML files that is not."""
    for name in glob.glob(f"{path}/*.xml"):
        with open(name, "rb") as file:
            xml.parsers.expat.ParserCreate().ParseFile(file)


def main():
    layout, format, path = sys.argv[1:]
    if (layout, format) == ("exportd", "xml"):
        well_formed(path)
    connection = peers.duckdb_connection()
    make = {"source": source, "exportd": exportd, "peer": peer, "peer-typed": peer_typed}[layout]
    rows, checksum = connection.execute(make(format, path)).fetchone()
    print(json.dumps({"rows": rows, "checksum": checksum}))


if __name__ == "__main__":
    main()
