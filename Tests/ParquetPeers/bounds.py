"""Statistics and page indexes held against the values, and readers that rely on them against ones that do not."""

import math
import random
import struct

import columns
import footer
import samples
from columns import Leaf

LONGEST = 64


def decode(type, data):
    if type == "boolean":
        return data != b"\0"
    if type == "double":
        return struct.unpack("<d", data)[0]
    if type in ("int32", "int64", "timestamp"):
        assert len(data) == (4 if type == "int32" else 8)
        return int.from_bytes(data, "little", signed=True)
    return data


def order(type, value):
    return value.encode() if type == "string" else value


def check_bounds(type, values, smallest, largest, exact=(None, None)):
    """Encoded bounds of values that are not empty."""
    values = [order(type, value) for value in values]
    low, high = min(values), max(values)
    smallest, largest = decode(type, smallest), decode(type, largest)
    if type == "double":
        assert (smallest, largest) == (low, high)
        assert smallest != 0 or math.copysign(1, smallest) < 0, "zero as the smallest is negative"
        assert largest != 0 or math.copysign(1, largest) > 0, "zero as the largest is positive"
    elif type not in ("string", "bytes"):
        assert (smallest, largest) == (low, high)
    else:
        assert (smallest == low) if len(low) <= LONGEST else (low.startswith(smallest) and len(smallest) > LONGEST - 4)
        assert (largest == high) if len(high) <= LONGEST else (high < largest and len(largest) <= LONGEST + 1)
        if type == "string":
            smallest.decode()
            largest.decode()
    for claimed, (bound, value) in zip(exact, ((smallest, low), (largest, high))):
        assert claimed in (None, bound == value), (claimed, bound, value)


def numbers_only(type, values):
    return type != "double" or not any(math.isnan(value) for value in values)


def has_largest(type, values):
    """Whether there is a short bound above the values: not if the largest begins with 64 bytes that cannot grow."""
    if type not in ("string", "bytes"):
        return True
    high = max(order(type, value) for value in values)
    if len(high) <= LONGEST:
        return True
    if type == "bytes":
        return high[:LONGEST] != b"\xff" * LONGEST
    return not high.startswith("\U0010ffff".encode() * 16)


def entries(fields, rows):
    """For each column its type, its values, and how many entries there are."""
    sinks = list(columns.sinks(fields))
    for row in rows:
        first = 0
        for field in fields:
            count = columns.count(field)
            columns.shred(field, row.get(field.name), sinks[first:first + count], 0, 0)
            first += count
    return [(sink.type, sink.values, len(sink.definitions)) for sink in sinks]


def check(path, fields, rows):
    file = footer.File(path)
    assert file.footer[3] == len(rows)
    assert file.footer[7] == [{1: {}}] * len(list(columns.sinks(fields))), "every column has the order of its type"
    start = 0
    for group in file.groups:
        part = rows[start:start + group[3]]
        start += group[3]
        for chunk, (type, values, count) in zip(group[1], entries(fields, part), strict=True):
            check_chunk(type, values, count, chunk[3])
        check_pages(file, group, fields, part)
    assert start == len(rows)


def check_chunk(type, values, count, metadata):
    assert metadata[5] == count
    statistics = metadata[12]
    assert statistics[3] == count - len(values)
    if type == "double":
        assert statistics[9] == sum(math.isnan(value) for value in values)
    if not values or not numbers_only(type, values):
        assert not {1, 2, 5, 6} & statistics.keys()
        return
    assert 6 in statistics
    if has_largest(type, values):
        check_bounds(type, values, statistics[6], statistics[5], (statistics[8], statistics[7]))
    else:
        assert 5 not in statistics


def check_pages(file, group, fields, rows):
    indexes = [(file.offset_index(chunk), file.column_index(chunk)) for chunk in group[1]]
    for number, (chunk, (offsets, index)) in enumerate(zip(group[1], indexes)):
        locations = offsets[1]
        firsts = [location[3] for location in locations] + [len(rows)]
        assert firsts[0] == 0 and firsts == sorted(set(firsts))
        metadata, position = chunk[3], locations[0][1]
        assert position == metadata[9]
        size = 0
        if 11 in metadata:
            header, length = file.page_header(metadata[11])
            assert header[1] == 2 and metadata[11] + length + header[3] == position
            size = length + header[3]
        lows, highs, ordered = [], [], True
        for page, location in enumerate(locations):
            type, values, count = entries(fields, rows[firsts[page]:firsts[page + 1]])[number]
            header, length = file.page_header(location[1])
            assert location[1] == position and location[2] == length + header[3]
            assert header[1] == 0 and header[5][1] == count
            position += location[2]
            size += location[2]
            if not numbers_only(type, values) or values and not has_largest(type, values):
                ordered = False
            if index is None:
                continue
            assert index[1][page] == (not values)
            assert index[5][page] == count - len(values)
            if values:
                check_bounds(type, values, index[2][page], index[3][page])
                lows.append(decode(type, index[2][page]))
                highs.append(decode(type, index[3][page]))
            else:
                assert index[2][page] == index[3][page] == b""
        assert size == metadata[7]
        assert (index is not None) == ordered
        if index is not None:
            ascends = lows == sorted(lows) and highs == sorted(highs)
            descends = lows == sorted(lows, reverse=True) and highs == sorted(highs, reverse=True)
            assert index[4] == (1 if ascends else 2 if descends else 0)


def column(random_, type, count):
    """Values that run up, so that bounds tell pages apart, with some that stand anywhere."""
    values = []
    for i in range(count):
        value = samples.value(random_, type, i)
        if type == "double":
            value = random_.choice([math.nan, 0.0, -0.0]) if random_.random() < 0.01 else i * 0.5
        elif random_.random() < 0.9:
            value = {"boolean": i * 2 > count, "string": f"{i // 7:06d}" + "é" * (i % 60)}.get(type, value)
        values.append(None if random_.random() < 0.1 else value)
    if type == "double" and random_.random() < 0.5:
        values = [None if value is None or math.isnan(value) else value for value in values]
    return values


def check_filters(suite, seeds):
    import chdb
    import duckdb
    import polars
    import pyarrow.dataset
    import pyarrow.parquet

    operators = ["=", "<>", "<", "<=", ">", ">="]
    checked = 0
    for seed in range(seeds):
        random_ = random.Random(seed)
        types = ["boolean", "int32", "int64", "double", "string"]
        fields = [Leaf("id", "int64", "required")] + [Leaf(type, type) for type in types]
        count = 3000
        data = {type: column(random_, type, count) for type in types}
        rows = [{"id": i, **{type: data[type][i] for type in types}} for i in range(count)]
        path = suite.write_rows(fields, rows, page_rows=50, row_group_rows=700, encodings="common")
        check(path, fields, rows)
        whole = pyarrow.parquet.read_table(path)
        frame = polars.from_arrow(whole)
        duckdb.register("whole", whole)
        for type in types:
            present = [value for value in data[type] if value is not None]
            for operator in operators:
                for value in random_.sample(present, 3) + [extreme for extreme in (
                        {"double": [0.0, -0.0, 1e9], "string": ["", "\U0010ffff"]}.get(type, []))]:
                    if isinstance(value, float) and math.isnan(value):
                        continue
                    check_filter(path, whole, frame, type, operator, value)
                    checked += 1
            for reader, scan in (
                    (f"SELECT id FROM '{path}' WHERE {type} IS NULL ORDER BY id",
                     f"SELECT id FROM whole WHERE {type} IS NULL ORDER BY id"),
                    (f"SELECT min({type}), max({type}), count({type}) FROM '{path}'",
                     f"SELECT min({type}), max({type}), count({type}) FROM whole")):
                # Which of two zeros is the smallest or largest depends on who comes first.
                found, wanted = (str(duckdb.sql(query).fetchall()).replace("-0.0,", "0.0,") for query in (reader, scan))
                assert found == wanted, (path, type, reader, found, wanted)
    print(f"  {checked} filters")


def check_filter(path, whole, frame, type, operator, value):
    import chdb
    import duckdb
    import polars
    import pyarrow.compute as compute
    import pyarrow.parquet

    name = {"=": "equal", "<>": "not_equal", "<": "less", "<=": "less_equal", ">": "greater",
            ">=": "greater_equal"}[operator]
    expression = getattr(compute, name)(compute.field(type), compute.scalar(value))
    found = pyarrow.parquet.read_table(path, filters=expression, columns=["id"]).column("id").to_pylist()
    assert found == whole.filter(expression).column("id").to_pylist(), ("pyarrow", path, type, operator, value)

    predicate = {"=": "eq", "<>": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}[operator]
    expression = getattr(polars.col(type), predicate)(value)
    found = polars.scan_parquet(path).filter(expression).select("id").collect()["id"].to_list()
    assert found == frame.filter(expression)["id"].to_list(), ("polars", path, type, operator, value)

    query = f"SELECT id FROM {{}} WHERE {type} {operator} ? ORDER BY id"
    found = duckdb.execute(query.format(f"'{path}'"), [value]).fetchall()
    assert found == duckdb.execute(query.format("whole"), [value]).fetchall(), (
        "duckdb", path, type, operator, value)

    literal = "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\0", "\\0") + "'" if (
        isinstance(value, str)) else repr(value).lower()
    query = f"SELECT groupArray(id) FROM (SELECT id FROM file('{path}', Parquet) WHERE {type} {operator} {literal} ORDER BY id)"
    plain = " SETTINGS input_format_parquet_filter_push_down = 0, input_format_parquet_page_filter_push_down = 0"
    found = chdb.query(query).bytes()
    assert found == chdb.query(query + plain).bytes(), ("chdb", path, type, operator, value)
