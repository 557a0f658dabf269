"""What people would use instead, reading the same SQLite file; run by the Python of the virtual environment.

Usage: peers.py PEER FORMAT DATABASE OUTPUT

Prints seconds and processor seconds of the query alone: what it takes to start Python and load an engine is left out. Each
writes the properties as the string they are, without a look at it; `-typed` parses them into a column for each, as exportd does.
"""
import gzip
import importlib.util
import json
import pathlib
import resource
import sqlite3
import sys
import time

# The properties' types: as DuckDB, ClickHouse and Arrow call them.
SHAPE = {
    "Amount": "DOUBLE", "Currency": "VARCHAR", "Category": "VARCHAR", "Product name": "VARCHAR", "Quantity": "BIGINT",
    "Coupon": "VARCHAR", "ct_connected_to_wifi": "BOOLEAN", "ct_bluetooth_version": "VARCHAR", "ct_latitude": "DOUBLE",
    "ct_longitude": "DOUBLE", "ct_os_version": "VARCHAR", "ct_network_carrier": "VARCHAR", "ct_sdk_version": "BIGINT",
}
CLICKHOUSE_TYPES = {"DOUBLE": "Float64", "VARCHAR": "String", "BIGINT": "Int64", "BOOLEAN": "Bool"}
COLUMNS = "name, ts, object_id, platform"


def sqlite_scanner():
    """The path of DuckDB's extension, from its Python package."""
    package = importlib.util.find_spec("duckdb_extension_sqlite_scanner")
    return str(next(pathlib.Path(package.submodule_search_locations[0]).rglob("*.duckdb_extension")))


def duckdb_connection():
    import duckdb
    connection = duckdb.connect(config={"allow_unsigned_extensions": True, "threads": 2})
    connection.execute(f"LOAD '{sqlite_scanner()}'")
    return connection


def duckdb(format, typed, database, output):
    connection = duckdb_connection()
    kind, _, codec = format.partition("-")
    properties = f"from_json(properties, '{json.dumps(SHAPE)}') AS properties" if typed else "properties"
    compression = f", COMPRESSION {codec}" if codec else ""
    query = (f"COPY (SELECT {COLUMNS}, {properties} FROM sqlite_scan('{database}', 'events')) "
             f"TO '{output}' (FORMAT {kind}{compression})")
    return lambda: connection.execute(query)


def clickhouse(format, typed, database, output):
    import chdb
    chdb.query("SELECT 1")
    kind, _, codec = format.partition("-")
    members = ", ".join(f"`{name}` Nullable({CLICKHOUSE_TYPES[type]})" for name, type in SHAPE.items())
    properties = f"JSONExtract(assumeNotNull(properties), 'Tuple({members})') AS properties" if typed else "properties"
    settings = {"max_threads": 2}
    if kind == "parquet":
        settings["output_format_parquet_compression_method"] = f"'{codec}'"
    compressed = "gzip" if kind != "parquet" and codec else "none"
    query = (f"SELECT {COLUMNS}, {properties} FROM sqlite('{database}', 'events') INTO OUTFILE '{output}' "
             f"COMPRESSION '{compressed}' FORMAT {dict(json='JSONEachRow', csv='CSVWithNames', parquet='Parquet')[kind]} "
             f"SETTINGS {', '.join(f'{name} = {value}' for name, value in settings.items())}")
    return lambda: chdb.query(query)


def python(format, typed, database, output):
    """A script as people write it: sqlite3, json, and gzip or pyarrow."""
    kind, _, codec = format.partition("-")
    rows = sqlite3.connect(database).execute(f"SELECT {COLUMNS}, properties FROM events")
    names = COLUMNS.split(", ")

    def write_json():
        with gzip.open(output, "wt", compresslevel=6) as file:
            for *fields, properties in rows:
                file.write(json.dumps({**dict(zip(names, fields)), "properties": json.loads(properties)}) + "\n")

    def write_parquet():
        types = {"DOUBLE": arrow.float64(), "VARCHAR": arrow.string(), "BIGINT": arrow.int64(), "BOOLEAN": arrow.bool_()}
        schema = arrow.schema([
            ("name", arrow.string()), ("ts", arrow.int64()), ("object_id", arrow.string()), ("platform", arrow.string()),
            ("properties", arrow.struct([(name, types[type]) for name, type in SHAPE.items()]))])
        with pyarrow.parquet.ParquetWriter(output, schema, compression=codec) as file:
            while some := rows.fetchmany(50_000):
                *columns, properties = zip(*some)
                columns.append([json.loads(text) for text in properties])
                file.write_table(arrow.table(
                    [arrow.array(column, field.type) for column, field in zip(columns, schema)], schema=schema))
    if kind == "json":
        return write_json
    import pyarrow as arrow
    import pyarrow.parquet
    return write_parquet


def main():
    peer, format, database, output = sys.argv[1:]
    engine, _, typed = peer.partition("-")
    work = {"duckdb": duckdb, "clickhouse": clickhouse, "python": python}[engine](format, typed == "typed", database, output)
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    work()
    seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({
        "seconds": seconds,
        "processorSeconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}))


if __name__ == "__main__":
    main()
