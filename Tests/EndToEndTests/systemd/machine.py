"""A machine of its own with a real systemd, on which exportd is installed as the README says."""
import datetime
import json
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile

import readme
from checker import Definition, held_against_source
from observing import Depot, Observed
from place import days_ago, midnight
from sandbox import PYTHON, Sandbox

# The directory that a person who follows the README is in.
HERE = "/usr/src/exportd"
STATE = "/var/lib/exportd"
CONFIGURATION = "/etc/exportd/exportd.json"
DATABASE = "/srv/app/app.db"
DROP_INS = "/etc/systemd/system/exportd.service.d"
APPLICATION = pathlib.Path(__file__).with_name("application.py").read_text()

# The application's table as the README's configuration maps it, under the names of event fields.
EVENTS = """CREATE VIEW events AS SELECT id, kind AS name, user_id AS object_id,
  CAST(round((julianday(created_at) - 2440587.5) * 86400000) AS INTEGER) AS ts,
  json_object('plan', plan, 'cents', cents) AS properties FROM event_log"""


class Machine(Observed):
    """Made for one test; the service is installed, and neither configured nor started."""

    def __init__(self, binary):
        self.sandbox = Sandbox()
        self.copies = tempfile.mkdtemp(prefix="exportd-e2e-")
        self.helpers = []
        try:
            self.sandbox.__enter__()
            self.install(binary)
        except BaseException:
            self.close()
            raise

    def close(self):
        for helper in self.helpers:
            helper.kill()
            helper.communicate()
        self.sandbox.close()
        shutil.rmtree(self.copies, ignore_errors=True)

    # Installing

    def install(self, binary):
        """As the README says, but for the build: the binary under test takes its place. What is installed is copied in: the
        sandbox does not see file systems mounted on this machine's own."""
        built = self.sandbox.outside(f"{HERE}/.build/release")
        built.mkdir(parents=True)
        shutil.copy(binary, f"{built}/exportd")
        shutil.copy(readme.REPOSITORY / "README.md", self.sandbox.outside(HERE))
        shutil.copytree(readme.REPOSITORY / "systemd", self.sandbox.outside(f"{HERE}/systemd"))
        build, *rest = readme.commands("systemd-sysusers").splitlines()
        assert build.startswith("swift build "), build
        self.shell("\n".join(rest))
        self.run("rm", "-r", f"{HERE}/.build")
        self.lend_libraries(binary)

    def lend_libraries(self, binary):
        """A debug build finds the toolchain's libraries by a path that the service may not enter; then they go where it
        looks next, beside the binary."""
        libraries = subprocess.run(["ldd", binary], capture_output=True, text=True, check=True).stdout
        for line in libraries.splitlines():
            path = line.partition(" => ")[2].partition(" (")[0]
            if not path or path.startswith(("/lib", "/usr/lib/")):
                continue
            is_hidden = path.startswith(("/root/", "/home/"))
            if is_hidden or self.run("test", "-r", path, user="nobody", check=False).returncode != 0:
                shutil.copy(path, self.sandbox.outside("/usr/bin"))

    def follow(self, word):
        """Types the commands of the README among which is that word."""
        return self.shell(readme.commands(word))

    # The application

    def application(self, rows=6000, journal="WAL", days=2):
        """An application that nobody else can look into, with rows of the last days up to now."""
        self.run("useradd", "--system", "app")
        self.run("install", "-d", "-o", "app", "-g", "app", "-m", "700", "/srv/app")
        now = datetime.datetime.now(datetime.timezone.utc).timestamp()
        self.sandbox.python(
            APPLICATION, "make", DATABASE, journal, rows, midnight(days), int(now * 1000), user="app")

    def may_read(self):
        """Lets the service read the application's database, by the README's words."""
        self.follow("usermod -aG app")
        self.follow("source-access.conf")

    def writing(self):
        """The application at work: it has its database open and writes."""
        writer = self.sandbox.start(*PYTHON, APPLICATION, "write", DATABASE, user="app")
        self.helpers.append(writer)
        assert writer.stdout.readline() == "open\n", "the application could not open its database"
        return writer

    def end_writing(self, writer):
        """Ends it in order; gives how many rows it wrote and how long the longest write took."""
        output, _ = writer.communicate(timeout=60)
        assert writer.returncode == 0, "the application failed to write or to close its database"
        self.helpers.remove(writer)
        count, longest = output.split()
        return int(count), float(longest)

    # Configuration

    def configure(self, **keys):
        """The README's `exportd.json`."""
        self.put(CONFIGURATION, json.dumps({**readme.example("stateDirectory"), **keys}, indent=2))

    def define(self, name, **keys):
        """The README's definition; its windows begin two days ago, so that some are due at once."""
        definition = readme.example("frequency")
        definition["frequency"]["from"] = days_ago(2)
        self.put(f"/etc/exportd/exports.d/{name}.json", json.dumps({**definition, **keys}, indent=2))

    def drop_in(self, *lines):
        """Settings of the service that a test needs besides the shipped ones."""
        self.run("mkdir", "-p", DROP_INS)
        self.put(f"{DROP_INS}/test.conf", "[Service]\n" + "\n".join(lines) + "\n")
        self.run("systemctl", "daemon-reload")

    # Commands

    def run(self, *command, **options):
        return self.sandbox.run(*command, **options)

    def shell(self, script):
        return self.sandbox.shell(f"cd {HERE}\n{script}")

    def put(self, path, content):
        self.sandbox.put(path, content, 0o640)

    def exportd(self, *arguments, code=0, input=None, user=None):
        done = self.run("exportd", *arguments, user=user, input=input, check=False)
        assert done.returncode == code, (arguments, user, done.returncode, done.stdout, done.stderr)
        return done

    def start(self):
        self.run("systemctl", "start", "exportd")

    def shown(self, name):
        """What systemd knows of the service."""
        return self.run("systemctl", "show", "exportd", "--property", name, "--value").stdout.strip()

    @property
    def pid(self):
        return self.shown("MainPID")

    def journal(self, *options):
        return self.run("journalctl", "--unit", "exportd", "--output", "cat", "--no-pager", *options).stdout

    def wait_for(self, what, seconds, condition, pause=0.1):
        try:
            return super().wait_for(what, seconds, condition, pause)
        except AssertionError as problem:
            raise AssertionError(f"{problem}\n{self.journal('--lines', '15')}") from None

    # What was delivered

    @property
    def files(self):
        """How many have been delivered so far. Temporary ones do not count."""
        exports = self.sandbox.outside(f"{STATE}/exports")
        return sum(not path.name.startswith(".") for path in exports.iterdir()) if exports.exists() else 0

    def held_against_source(self, name, **definition):
        """Every row of the windows of an export once. Returns how many."""
        collected = Collected(self, tempfile.mkdtemp(dir=self.copies))
        zone = readme.example("stateDirectory")["timeZone"]
        return held_against_source(collected, self.request(name), Definition(zone=zone, **definition))


class Collected(Depot):
    """Copies of the database and of what was delivered, as they are now."""

    def __init__(self, machine, directory):
        self.directory = directory
        self.destination = f"{directory}/exports"
        machine.sandbox.python(APPLICATION, "copy", DATABASE, "/tmp/copy.db", user="app")
        shutil.copy(machine.sandbox.outside("/tmp/copy.db"), self.database_path("0"))
        machine.run("rm", "/tmp/copy.db")
        shutil.copytree(machine.sandbox.outside(f"{STATE}/exports"), self.destination)
        db = sqlite3.connect(self.database_path("0"))
        db.execute(EVENTS)
        db.close()

    def database_path(self, id):
        return f"{self.directory}/{id}.db"
