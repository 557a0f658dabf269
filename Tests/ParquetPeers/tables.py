"""Flat columns as data comes: each with a name, a type of ours, its values and, where some rows have none, which have."""

import random
import uuid

import numpy as np

WORDS = "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar papa".split()


def columns(rows, seed=1, names=None):
    """name → (type, values, present or None) of the columns named, or of all."""
    random_ = np.random.default_rng(seed)
    python = random.Random(seed)
    present = random_.random(rows) < 0.6
    rare = random_.random(rows) < 0.01
    users = random_.integers(0, 1 << 20, rows)
    hot = np.minimum(random_.zipf(1.3, rows), 5000)
    prices = np.round(random_.gamma(2, 30, rows), 2)
    makers = {
        "sequence": lambda: ("int64", np.arange(rows, dtype=np.int64) * 3 + 7, None),
        "time": lambda: ("timestamp", 1_700_000_000_000 + np.cumsum(random_.integers(0, 2000, rows)), None),
        "seconds": lambda: ("timestamp", (1_700_000_000 + np.cumsum(random_.integers(0, 2, rows))) * 1000, None),
        "random64": lambda: ("int64", random_.integers(-(1 << 63), (1 << 63) - 1, rows), None),
        "user": lambda: ("int64", users, None),
        "small": lambda: ("int64", random_.integers(0, 9, int(present.sum())), present),
        "int32": lambda: ("int32", random_.integers(-1000, 1000, rows), None),
        "price": lambda: ("double", prices, None),
        "measure": lambda: ("double", random_.normal(size=rows), None),
        "flag": lambda: ("boolean", random_.random(rows) < 0.3, None),
        "runs": lambda: ("boolean", np.repeat(random_.random(rows // 100 + 1) < 0.5, 100)[:rows], None),
        "platform": lambda: ("string", [("iOS", "Android", "Web")[i] for i in random_.integers(0, 3, rows)], None),
        "constant": lambda: ("string", ["Charged"] * rows, None),
        "product": lambda: ("string", [f"product {i}" for i in hot], None),
        "uuid": lambda: ("string", [str(uuid.UUID(int=python.getrandbits(128))) for _ in range(rows)], None),
        "object": lambda: ("string", [f"o{i:08d}" for i in range(rows)], None),
        "email": lambda: ("string", [f"user{i}@example.org" for i in users], None),
        "url": lambda: ("string", [f"https://shop.example/{WORDS[i % 16]}/item/{i}?from={WORDS[i % 7]}" for i in users], None),
        "text": lambda: ("string", [" ".join(python.choices(WORDS, k=python.randint(3, 20))) for _ in range(rows)], None),
        "sparse": lambda: ("string", [f"coupon {i}" for i in range(int(rare.sum()))], rare),
        "optional": lambda: ("double", prices[present], present),
        "empty": lambda: ("string", [], np.zeros(rows, bool)),
    }
    return {name: makers[name]() for name in names or makers}
