"""An installation of the built binary in a directory of its own: sources, configuration, state and destination."""
import contextlib
import datetime
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time

import sample
from observing import Depot, Observed


class Daemon:
    """A running `exportd daemon`; its journal goes to a file."""

    def __init__(self, place, launcher):
        self.notifications = f"{place.directory}/notify"
        if os.path.exists(self.notifications):
            os.unlink(self.notifications)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(self.notifications)
        self.notify.settimeout(30)
        self.journal = f"{place.directory}/daemon.log"
        with open(self.journal, "ab") as journal:
            self.process = subprocess.Popen(
                [*launcher, place.binary, "daemon", "--config", place.configuration], stderr=journal,
                env={**os.environ, "NOTIFY_SOCKET": self.notifications})

    @property
    def pid(self):
        return self.process.pid

    def wait_until_ready(self):
        while b"READY=1" not in self.notify.recv(4096):
            pass

    def __enter__(self):
        return self

    def __exit__(self, problem, *_):
        if problem is None and self.process.returncode is None:
            self.end()

    def end(self, seconds=30):
        """SIGTERM, and exit code 0 in time. Returns how long it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(seconds) == 0, self.process.returncode
        return time.monotonic() - began

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.notify.close()

    @property
    def peak_memory(self):
        """The most memory it has held so far, in MiB."""
        with open(f"/proc/{self.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024


class Place(Observed, Depot):
    """Made for one test and removed behind it, with all daemons and mounts that the test has left."""

    def __init__(self, binary, parent=None):
        self.binary = binary
        self.directory = tempfile.mkdtemp(prefix="exportd-e2e-", dir=parent)
        self.configuration = f"{self.directory}/exportd.json"
        self.destination = f"{self.directory}/exports"
        self.daemons = []
        self.mounts = []
        self.helpers = []
        os.makedirs(f"{self.directory}/exports.d")
        os.makedirs(f"{self.directory}/state")

    def close(self):
        for daemon in self.daemons:
            daemon.kill()
        for helper in self.helpers:
            helper.kill()
            helper.wait()
        for mount in self.mounts:
            subprocess.run(["umount", "--lazy", mount], check=False)
        shutil.rmtree(self.directory, ignore_errors=True)

    # Sources and definitions

    def sample(self, events=20000):
        """The sample: two databases with profiles, `all-events` every 6 hours and `charged-yesterday` once."""
        sample.make(self.directory, events)

    def database(self, id="0", journal="WAL"):
        """A connection to a database of events that has no profiles; rows: id, name, ts, object_id, properties."""
        db = sqlite3.connect(self.database_path(id), isolation_level=None)
        db.execute(f"PRAGMA journal_mode = {journal}")
        db.execute(
            "CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, name TEXT, ts INTEGER, object_id TEXT,"
            " properties TEXT)")
        db.execute("CREATE INDEX IF NOT EXISTS events_ts ON events (ts)")
        return db

    def database_path(self, id):
        return f"{self.directory}/shard{id}.db"

    def rows(self, id="0"):
        """A connection to the database as it is, for `with`."""
        return contextlib.closing(sqlite3.connect(self.database_path(id), isolation_level=None))

    def configure(self, databases=("0",), destination=None, **keys):
        """Writes `exportd.json` for databases of ``database(id)``."""
        with open(self.configuration, "w") as file:
            json.dump({
                "account": "100000000", "stateDirectory": "state",
                "sources": {"main": {
                    "type": "sqlite", "databases": [{"id": id, "path": f"shard{id}.db"} for id in databases],
                    "events": {"from": "events"}}},
                "destinations": {"local": {"type": "directory", "path": "exports", **(destination or {})}}, **keys,
            }, file, indent=2)

    def change_configuration(self, **keys):
        with open(self.configuration) as file:
            configuration = json.load(file)
        with open(self.configuration, "w") as file:
            json.dump({**configuration, **keys}, file, indent=2)

    def define(self, name, frequency, events="all", **keys):
        """Writes a definition file of JSON events."""
        with open(f"{self.directory}/exports.d/{name}.json", "w") as file:
            json.dump({"source": "main", "destination": "local", "data": {"events": events}, "frequency": frequency,
                       "format": "json", **keys}, file, indent=2)

    def create(self, name, frequency, events="all", **keys):
        """As ``define``, by command. Returns the request id."""
        definition = {"source": "main", "destination": "local", "data": {"events": events}, "frequency": frequency,
                      "format": "json", **keys}
        return int(self.exportd("create", name, "--file", "-", input=json.dumps(definition)).stdout)

    def redefine(self, name, **keys):
        """Changes keys of a definition file."""
        path = f"{self.directory}/exports.d/{name}.json"
        with open(path) as file:
            definition = json.load(file)
        with open(path, "w") as file:
            json.dump({**definition, **keys}, file, indent=2)

    # Commands

    def exportd(self, *arguments, code=0, input=None, launcher=()):
        done = subprocess.run(
            [*launcher, self.binary, *arguments, "--config", self.configuration], input=input, capture_output=True,
            text=True, timeout=120)
        assert code in (None, done.returncode), (arguments, done.returncode, done.stdout, done.stderr)
        return done

    def has_zstd(self):
        """Whether the binary was built with what Zstandard takes."""
        return b"ZSTD_compressCCtx" in open(self.binary, "rb").read()

    def answer(self, *arguments, code=0):
        """What a command prints with `--json`."""
        return json.loads(self.exportd(*arguments, "--json", code=code).stdout)

    def state(self):
        """Every row of the state database, as SQL."""
        with contextlib.closing(sqlite3.connect(f"{self.directory}/state/exportd.db")) as db:
            return list(db.iterdump())

    def daemon(self, launcher=()):
        daemon = Daemon(self, launcher)
        self.daemons.append(daemon)
        daemon.wait_until_ready()
        return daemon

    def helper(self, *arguments, **options):
        """A process beside exportd that ends with the test."""
        self.helpers.append(subprocess.Popen(arguments, **options))
        return self.helpers[-1]

    def wait_for_port(self, port, seconds=60):
        """Returns when something on this machine takes connections there."""
        end = time.monotonic() + seconds
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                assert time.monotonic() < end, f"nobody answers on port {port}"
                time.sleep(0.1)

    def small_disk(self, path, size):
        """Mounts a file system of that size; None when this user may not."""
        os.makedirs(path, exist_ok=True)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0770", "tmpfs", path], capture_output=True, text=True)
        if done.returncode != 0:
            return None
        self.mounts.append(path)
        return path


def milliseconds(instant):
    """Of an RFC 3339 time in UTC."""
    return int(datetime.datetime.fromisoformat(instant.replace("Z", "+00:00")).timestamp() * 1000)


def today():
    return datetime.datetime.now(datetime.timezone.utc).date()


def days_ago(days):
    return str(today() - datetime.timedelta(days=days))


def midnight(days):
    """00:00 UTC so many days ago, in milliseconds."""
    moment = datetime.datetime.combine(
        today() - datetime.timedelta(days=days), datetime.time(), datetime.timezone.utc)
    return int(moment.timestamp() * 1000)

