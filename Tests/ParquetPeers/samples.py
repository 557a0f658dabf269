"""Schemas and random rows of them, with the values on which readers and statistics stumble."""

import math
import random

from columns import Group, Leaf, List, Map

TEXTS = ["", "a", "Charged", "App Launched", "\u0000", "naïve", "日本語", "😀" * 20, "é" * 40, "x" * 63, "x" * 64, "x" * 65,
         "x" * 63 + "é", "x" * 64 + "y" * 100, "\U0010ffff" * 30, "퟿" * 30, "line\nbreak", "\"quoted\", 'too'",
         "﻿bom", "é"]
NUMBERS = {
    "int32": [0, 1, -1, 2**31 - 1, -2**31],
    "int64": [0, 1, -1, 2**53, 2**63 - 1, -2**63],
    "timestamp": [0, 1_700_000_000_123, 9_000_000_000_000],
    "double": [0.0, -0.0, 0.1, -1.5, 1e308, 5e-324, math.inf, -math.inf],
}


def value(random_, type, i):
    if type == "boolean":
        return random_.random() < 0.5
    if type in ("string", "bytes"):
        text = random_.choice(TEXTS) if random_.random() < 0.5 else f"text {random_.randrange(1 << 30)} of {i}"
        if type == "string":
            return text
        return text.encode() + random_.choice([b"", b"\xff" * 70, b"\x00", b"\xc3"])
    if random_.random() < 0.3:
        return random_.choice(NUMBERS[type])
    if type == "double":
        return random_.gauss(0, 1000)
    if type == "timestamp":
        return 1_700_000_000_000 + i * 1000 + random_.randrange(1000)
    return i % 100 if type == "int32" else random_.randrange(-10**12, 10**12)


def occurrence(random_, field, i, nulls):
    if field.repetition == "optional" and random_.random() < nulls:
        return None
    if isinstance(field, Leaf):
        return value(random_, field.type, i)
    if field.kind == "list":
        return [occurrence(random_, field.fields[0], i, nulls) for _ in range(random_.randrange(4))]
    if field.kind == "map":
        return {f"key {k}": occurrence(random_, field.fields[1], i, nulls)
                for k in random_.sample(range(20), random_.randrange(4))}
    return {child.name: occurrence(random_, child, i, nulls) for child in field.fields}


def rows(fields, count, seed, nulls=0.3):
    random_ = random.Random(seed)
    return [{field.name: occurrence(random_, field, i, nulls) for field in fields} for i in range(count)]


TYPES = ["boolean", "int32", "int64", "double", "bytes", "string", "timestamp"]
FLAT = [Leaf(f"required_{type}", type, "required") for type in TYPES] + [
    Leaf(f"optional_{type}", type) for type in TYPES]
NESTED = [
    Leaf("ts", "timestamp", "required"),
    Group("profile", [Leaf("identity", "string"), List("all_identities"), Group(
        "deep", [Leaf("number", "int64"), Group("deeper", [Leaf("flag", "boolean"), Leaf("kept", "int32", "required")])])]),
    Group("always", [Leaf("a.b", "string"), Leaf("c,\"d\"\n", "double")], "required"),
    Map("properties"), Map("required_map", "required"), List("numbers", "int64"), List("required_list", "double", "required"),
]
