"""The tables of `tables`, written by us and by pyarrow."""

import os

import numpy as np
import pyarrow
import pyarrow.parquet

import columns
import readers
import tables
from columns import CODECS, Leaf

ARROW = {"int64": pyarrow.int64(), "int32": pyarrow.int32(), "double": pyarrow.float64(),
         "boolean": pyarrow.bool_(), "string": pyarrow.string(), "timestamp": pyarrow.timestamp("ms", tz="UTC")}


def array(type, values, present):
    if present is not None:
        full = np.full(len(present), None, object)
        full[np.flatnonzero(present)] = list(values)
        values = full.tolist()
    if type == "timestamp":
        return pyarrow.array(values, pyarrow.int64()).cast(ARROW[type])
    return pyarrow.array(values, ARROW[type])


def table(data):
    schema = pyarrow.schema([
        pyarrow.field(name, ARROW[type], nullable=present is not None) for name, (type, _, present) in data.items()])
    return pyarrow.table([array(*column) for column in data.values()], schema=schema)


def ours(suite, data, rows, **options):
    fields = [Leaf(name, type, "required" if present is None else "optional")
              for name, (type, _, present) in data.items()]
    ready = [columns.flat(type, values, present, present is None) for type, values, present in data.values()]
    return suite.write(fields, ready, rows, **options)


def check_values(suite, rows, names):
    import chdb
    import duckdb
    import polars

    data = tables.columns(rows, names=names)
    expected = table(data)
    path = ours(suite, data, rows, encodings="common", codec="gzip", row_group_rows=60_000)
    assert pyarrow.parquet.read_table(path).cast(expected.schema).equals(expected)
    names = {"duckdb": duckdb.sql(f"FROM '{path}'").to_arrow_table(),
             "polars": polars.read_parquet(path).to_arrow(),
             "chdb": pyarrow.ipc.open_file(chdb.query(
                 f"SELECT * FROM file('{path}', Parquet) SETTINGS input_format_parquet_preserve_order = 1, "
                 "output_format_arrow_string_as_string = 1", "Arrow").bytes()).read_all()}
    for reader, got in names.items():
        for name in expected.column_names:
            column = got.column(name).cast(expected.schema.field(name).type).combine_chunks()
            assert column.equals(expected.column(name).combine_chunks()), f"{reader}: {name}"
    frame = readers.fastparquet_file(path).to_pandas()
    for name, (type, values, present) in data.items():
        got = frame[name]
        if present is not None:
            assert (got.notna().to_numpy() == present).all(), f"fastparquet: {name}"
            got = got[present]
        if type == "timestamp":
            got = got.dt.tz_localize(None).astype("datetime64[ms]").astype("int64")
        assert list(got) == list(values), f"fastparquet: {name}"


def check_sizes(suite, rows):
    """Column by column, and all together; a footer's constant part does not count."""
    data = tables.columns(rows)
    # Level 9 is what pyarrow takes by default.
    path = f"{suite.directory}/theirs.parquet"
    for codec in CODECS:
        for names in [[name] for name in data] + [list(data)]:
            part = {name: data[name] for name in names}
            pyarrow.parquet.write_table(table(part), path, compression=codec.upper(), store_schema=False)
            theirs = os.path.getsize(path)
            for encodings in ("common", "all"):
                size = os.path.getsize(ours(
                    suite, part, rows, codec=codec, encodings=encodings, level=9 if codec == "gzip" else None))
                assert size <= theirs * 1.05 + 256 * len(names), (
                    f"{names} {codec} {encodings}: {size} bytes, pyarrow {theirs}")
                if names == list(data):
                    print(f"  {codec} {encodings}: {size} bytes, pyarrow {theirs}")
