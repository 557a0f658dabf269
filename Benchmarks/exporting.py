"""Exports of exportd itself: a place with a configuration, and what a run has delivered there."""
import json
import os
import shutil
import subprocess

import events
import measuring

# What exportd can write of events, by the names that --only takes.
FORMATS = {
    "json": {"format": "json"}, "csv": {"format": "csv"}, "xml": {"format": "xml"},
    "json-gzip": {"format": "json", "compression": "gzip"},
    # The lowest level whose files of these events are not larger than `gzip -6` makes them; of JSON that is the default.
    "csv-gzip": {"format": "csv", "compression": {"codec": "gzip", "level": 4}},
    "xml-gzip": {"format": "xml", "compression": "gzip"},
    "parquet": {"format": "parquet", "compression": "none"},
    "parquet-gzip": {"format": "parquet", "compression": "gzip"},
    "parquet-zstd": {"format": "parquet", "compression": "zstd"},
}


class Place:
    """A directory of exportd's own: configuration, state, and the destination `exports`."""

    def __init__(self, binary, directory, database, source=None):
        self.binary, self.directory, self.exports = binary, directory, f"{directory}/exports"
        os.makedirs(f"{directory}/exports.d")
        os.makedirs(f"{directory}/state")
        with open(f"{directory}/exportd.json", "w") as file:
            json.dump({
                "account": "100000000", "stateDirectory": "state",
                "sources": {"main": {"type": "sqlite", "databases": [{"id": "0", "path": database}],
                                     **(source or {"events": {"from": "events"}})}},
                "destinations": {"local": {"type": "directory", "path": "exports"}}}, file)

    def command(self, *arguments):
        return [self.binary, *arguments, "--config", f"{self.directory}/exportd.json"]

    def create(self, name, **keys):
        subprocess.run(
            self.command("create", name, "--file", "-"), text=True, check=True, capture_output=True,
            input=definition(**keys))

    def status(self):
        """As `status --json` tells it; None while there is nothing to tell it of."""
        answer = subprocess.run(self.command("status", "--json"), capture_output=True, text=True)
        return json.loads(answer.stdout) if answer.returncode == 0 else None

    def run(self, name, launcher=()):
        """One attempt at what is due, measured, and the manifest of the newest run."""
        known = set(self.manifests())
        taken = measuring.carried_out(*launcher, *self.command("run", name, "--wait"))
        (made,) = set(self.manifests()) - known
        with open(f"{self.exports}/{made}") as file:
            return taken, json.load(file)

    def manifests(self):
        if not os.path.isdir(self.exports):
            return []
        return [name for name in os.listdir(self.exports) if name.endswith("-manifest.json")]

    def remove(self):
        shutil.rmtree(self.directory)


def definition(**keys):
    return json.dumps({"source": "main", "destination": "local", "data": {"events": "all"}, "format": "json", **keys})


def once():
    """The frequency of an export of all events, one time."""
    first, last, _, _ = events.span()
    return {"once": {"from": first, "to": last}}


def exported(binary, directory, database, format, launcher=()):
    """Exports all events from nothing. Gives what that took, and the place with the files."""
    place = Place(binary, directory, database)
    place.create("all", frequency=once(), **FORMATS[format])
    taken, manifest = place.run("all", launcher)
    taken.rows, taken.bytes = manifest["rows"], manifest["bytes"]
    return taken, place
