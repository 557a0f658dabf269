"""CSV as DuckDB and ClickHouse have it: every field of every file, an empty text told from none where the reader can."""

import readers
from columns import stored, table
from forms import ACCOUNT, fill
from formats import VALUES, fill_hard
from place import days_ago

DAYS = {"once": {"from": days_ago(2), "to": days_ago(1)}}


def held_against_readers(place, name, **keys):
    request = place.create(name, DAYS, format="csv", **keys)
    place.exportd("run", name)
    fields = 0
    for file in place.manifests(request)[0]["files"]:
        _, content = stored(place, file["name"])
        # Held against Python's reader there, and against the source by the tests of columns.
        header, *rows = table(content)
        path = f"{place.destination}/{file['name']}"
        # DuckDB takes spaces off the ends of names.
        same("DuckDB", file, readers.duckdb_csv(path), [[name.rstrip(" ") for name in header], *rows])
        same("ClickHouse", file, readers.clickhouse_csv(path, header), [[cell or "" for cell in row] for row in rows])
        fields += len(header) * len(rows)
    return fields


def same(reader, file, found, wanted):
    different = [(row, cell, other) for row, (cells, others) in enumerate(zip(wanted, found)) for cell, other in zip(cells, others)
                 if cell != other]
    assert not different and [len(row) for row in found] == [len(row) for row in wanted], (reader, file["name"], different[:3])


def test_duckdb_and_clickhouse_read_csv(place):
    fill(place)
    place.configure(identifiers=ACCOUNT)
    fields = held_against_readers(place, "plain") + held_against_readers(place, "gzip", compression="gzip")
    assert fields > 100_000, fields
    return f"{fields} fields"


def test_duckdb_and_clickhouse_read_odd_values_from_csv(place):
    fill_hard(place, VALUES)
    place.configure(identifiers=ACCOUNT)
    return f"{held_against_readers(place, 'odd')} fields"
