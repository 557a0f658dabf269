"""Hands columns to our writer: a schema, and for each column its levels and values, made here from Python values."""

import json
import os
import struct
import subprocess

import numpy as np

# A build without the trait Fast has no zstd.
CODECS = os.environ.get("CODECS", "none gzip zstd").split()


class Leaf:
    def __init__(self, name, type, repetition="optional"):
        self.name, self.type, self.repetition = name, type, repetition

    def node(self):
        return {"name": self.name, "repetition": self.repetition, "type": self.type}

    def leaves(self, definition=0, repetition=0):
        yield self, definition + (self.repetition != "required"), repetition


class Group:
    def __init__(self, name, fields, repetition="optional", kind=None):
        self.name, self.fields, self.repetition, self.kind = name, fields, repetition, kind

    def node(self):
        return {"name": self.name, "repetition": self.repetition, "kind": self.kind,
                "fields": [field.node() for field in self.fields]}


def Map(name, repetition="optional", key="string", value="string"):
    return Group(name, [Leaf("key", key, "required"), Leaf("value", value)], repetition, "map")


def List(name, element="string", repetition="optional"):
    return Group(name, [Leaf("element", element)], repetition, "list")


class Sink:
    """Levels and values of one column."""

    def __init__(self, type):
        self.type, self.repetitions, self.definitions, self.values = type, bytearray(), bytearray(), []

    def add(self, repetition, definition, value=None, present=False):
        self.repetitions.append(repetition)
        self.definitions.append(definition)
        if present:
            self.values.append(value)

    def bytes(self):
        return bytes(self.repetitions), bytes(self.definitions), encode(self.type, self.values)


def encode(type, values):
    if type == "boolean":
        return np.asarray(values, dtype=np.uint8).tobytes()
    if type in ("string", "bytes"):
        parts = []
        for value in values:
            if isinstance(value, str):
                value = value.encode()
            parts.append(struct.pack("<I", len(value)))
            parts.append(value)
        return b"".join(parts)
    return np.asarray(values, dtype={"int32": "<i4", "double": "<f8"}.get(type, "<i8")).tobytes()


def sinks(fields):
    for field in fields:
        if isinstance(field, Leaf):
            yield Sink(field.type)
        else:
            yield from sinks(field.fields)


def count(field):
    return 1 if isinstance(field, Leaf) else sum(count(child) for child in field.fields)


def shred(field, value, columns, repetition, definition):
    """Dremel's shredding of one occurrence of a field; `columns` are those of the field."""
    if value is None:
        assert field.repetition == "optional", field.name
        for column in columns:
            column.add(repetition, definition)
        return
    if field.repetition == "optional":
        definition += 1
    if isinstance(field, Leaf):
        columns[0].add(repetition, definition, value, True)
    elif field.kind in ("map", "list"):
        items = list(value.items()) if field.kind == "map" else [(item,) for item in value]
        if not items:
            for column in columns:
                column.add(repetition, definition)
        for i, item in enumerate(items):
            for leaf, column, part in zip(field.fields, columns, item):
                shred(leaf, part, [column], 1 if i else repetition, definition + 1)
    else:
        first = 0
        for child in field.fields:
            shred(child, value.get(child.name), columns[first:first + count(child)], repetition, definition)
            first += count(child)


def from_rows(fields, rows):
    columns = list(sinks(fields))
    for row in rows:
        first = 0
        for field in fields:
            shred(field, row.get(field.name), columns[first:first + count(field)], 0, 0)
            first += count(field)
    return [column.bytes() for column in columns]


def flat(type, values, present=None, required=False):
    """A flat column from arrays; `present` tells which rows have the next value."""
    rows = len(values) if present is None else len(present)
    definitions = np.full(rows, 0 if required else 1, np.uint8) if present is None else present.astype(np.uint8)
    return bytes(rows), definitions.tobytes(), encode(type, values)


def write(command, path, fields, columns, rows, *, codec="none", level=None, row_group_rows=1 << 20, page_rows=None,
          page_bytes=None, encodings="all", created_by="peers version 1", key_values=()):
    """Writes the columns by our writer to `path`; what it printed."""
    description = {
        "schema": [field.node() for field in fields], "rows": rows, "rowGroupRows": row_group_rows, "codec": codec,
        "level": level, "pageRows": page_rows, "pageBytes": page_bytes, "encodings": encodings,
        "createdBy": created_by, "keyValues": list(key_values)}
    with open(f"{path}.columns", "wb") as file:
        file.write(json.dumps(description).encode() + b"\n")
        for repetitions, definitions, values in columns:
            file.write(struct.pack("<Q", len(repetitions)) + repetitions + definitions)
            file.write(struct.pack("<Q", len(values)) + values)
    result = subprocess.run([command, f"{path}.columns", path], capture_output=True, text=True)
    if result.returncode:
        raise SystemExit(f"{path}: the writer ended with {result.returncode}: {result.stderr[:3000]}")
    return result.stdout.strip()
