"""Readers of Parquet that are not ours: each gives a file's rows as Python values.

Structures are dicts, lists lists, maps dicts, timestamps milliseconds. Where a reader has no way to say something, it
says so in `blurs`, and what is expected of it is blurred the same way.
"""

import datetime
import math
import struct

from columns import Leaf

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def plain(field, value):
    """A value of a reader by way of Arrow, as this suite writes it."""
    if value is None:
        return None
    if isinstance(field, Leaf):
        if field.type == "timestamp":
            if value.tzinfo is None:
                value = value.replace(tzinfo=datetime.timezone.utc)
            return (value - EPOCH) // datetime.timedelta(milliseconds=1)
        if field.type == "string" and isinstance(value, bytes):
            return value.decode()
        if field.type == "bytes" and isinstance(value, str):
            return value.encode("utf-8", "surrogateescape")
        return value
    if field.kind == "list":
        return [plain(field.fields[0], item) for item in value]
    if field.kind == "map":
        pairs = value.items() if isinstance(value, dict) else [
            tuple(item.values()) if isinstance(item, dict) else item for item in value]
        return {plain(field.fields[0], key): plain(field.fields[1], item) for key, item in pairs}
    return {child.name: plain(child, value[child.name]) for child in field.fields}


def comparable(value):
    """Such that every double is equal to itself alone."""
    if isinstance(value, float):
        return "nan" if math.isnan(value) else struct.pack("<d", value)
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [comparable(item) for item in value]
    return value


def from_arrow(fields, table):
    names = [field.name for field in fields]
    return [{field.name: plain(field, row[field.name]) for field in fields}
            for row in table.select(names).to_pylist()]


class PyArrow:
    name = "pyarrow"

    def rows(self, path, fields):
        import pyarrow.parquet

        return from_arrow(fields, pyarrow.parquet.read_table(path))

    def reads(self, fields, encodings):
        return True

    def expected(self, field, value):
        return value


class DuckDB(PyArrow):
    name = "duckdb"

    def rows(self, path, fields):
        import duckdb

        duckdb.sql("SET TimeZone = 'UTC'")
        return from_arrow(fields, duckdb.sql(f"FROM read_parquet('{path}')").to_arrow_table())


class Polars(PyArrow):
    name = "polars"

    def rows(self, path, fields):
        import polars

        rows = polars.read_parquet(path).to_dicts()
        return [{field.name: plain(field, row[field.name]) for field in fields} for row in rows]


class Chdb(PyArrow):
    """ClickHouse has no null lists, maps and structures: they are empty there."""

    name = "chdb"

    def rows(self, path, fields):
        import chdb
        import pyarrow

        data = chdb.query(
            f"SELECT * FROM file('{path}', Parquet) SETTINGS output_format_arrow_string_as_string = 0, "
            "input_format_parquet_preserve_order = 1, session_timezone = 'UTC'", "Arrow").bytes()
        if not data:
            return []
        return from_arrow(fields, pyarrow.ipc.open_file(data).read_all())

    def expected(self, field, value):
        if isinstance(field, Leaf):
            return value
        if field.kind == "list":
            return value or []
        if field.kind == "map":
            return value or {}
        value = value or {}
        return {child.name: self.expected(child, value.get(child.name)) for child in field.fields}


def fastparquet_file(path):
    import fastparquet.api
    import fastparquet.core

    fastparquet.api._USE_ARROW_STRINGS = fastparquet.core._USE_ARROW_STRINGS = False
    return fastparquet.ParquetFile(path)


class FastParquet(PyArrow):
    """Asked for flat columns; it knows no DELTA_LENGTH_BYTE_ARRAY and DELTA_BYTE_ARRAY.

    Beside pyarrow it reads texts into Arrow's, and then loses all pages of a file's column but those of one encoding,
    in pyarrow's own files too: that is switched off.
    """

    name = "fastparquet"

    def reads(self, fields, encodings):
        return encodings == "common" and all(isinstance(field, Leaf) for field in fields)

    def rows(self, path, fields):
        import pandas

        frame = fastparquet_file(path).to_pandas()
        columns = []
        for field in fields:
            values = frame[field.name]
            if field.type == "timestamp":
                values = [None if pandas.isna(v) else round(v.timestamp() * 1000) for v in values]
            elif field.type == "double":
                values = values.tolist()
            else:
                values = [None if v is None or v is pandas.NA or v is pandas.NaT or v != v else v
                          for v in values.tolist()]
            if field.type == "string":
                values = [v.decode() if isinstance(v, bytes) else v for v in values]
            if field.type == "boolean":
                values = [None if v is None else bool(v) for v in values]
            columns.append(values)
        names = [field.name for field in fields]
        return [dict(zip(names, row)) for row in zip(*columns)]

    def expected(self, field, value):
        if field.type == "double":
            return math.nan if value is None else value
        return value


ALL = [PyArrow(), DuckDB(), Polars(), Chdb(), FastParquet()]


def compare(path, fields, rows, encodings, readers=ALL):
    """Reads the file with each reader that can, and holds it against the rows."""
    read = []
    for reader in readers:
        if not reader.reads(fields, encodings):
            continue
        got = reader.rows(path, fields)
        assert len(got) == len(rows), f"{reader.name}: {len(got)} rows in {path} instead of {len(rows)}"
        for number, (one, row) in enumerate(zip(got, rows)):
            for field in fields:
                want = comparable(reader.expected(field, row.get(field.name)))
                have = comparable(one[field.name])
                assert have == want, (
                    f"{reader.name}: {path} row {number} {field.name}: {one[field.name]!r} instead of "
                    f"{row.get(field.name)!r}")
        read.append(reader.name)
    return read
