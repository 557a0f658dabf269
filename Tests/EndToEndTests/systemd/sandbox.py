"""A real systemd as process 1 of its own namespaces, over a copy-on-write view of this machine.

What happens inside stays inside: files go to a tmpfs that vanishes with it, the network is a private
loopback, and only the journal runs beside what a test starts. Typed by a person,

    sudo python3 Tests/EndToEndTests/systemd/sandbox.py [COMMAND ...]

boots one, runs the command in it (a shell by default) and takes everything down again.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

BOOT = pathlib.Path(__file__).with_name("boot.sh")
NAME = "exportd-sandbox-"  # then the owner's pid, so that leftovers of a dead owner are known
BOOT_SECONDS = 60
PYTHON = ["/usr/bin/python3", "-c"]
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "TERM": "dumb", "LANG": "C.UTF-8"}


class SandboxError(Exception):
    """The sandbox cannot be had here; the message says what is missing."""


class Sandbox:
    """Boots on entry, ends on exit; `run` and its kin work in between."""

    def __enter__(self):
        explain_what_is_missing()
        sweep_leftovers()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=f"{NAME}{os.getpid()}-"))
        self.log = tempfile.TemporaryFile()
        self.cgroup = own_cgroup() / self.directory.name
        self.outer = None
        self.init = None
        try:
            self.cgroup.mkdir()
            self.boot()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def boot(self):
        # Process 1 dies with `unshare`, and `unshare` with this process, however it ends.
        self.outer = subprocess.Popen(
            ["sh", "-c", 'echo $$ > "$0" && exec "$@"', str(self.cgroup / "cgroup.procs")]
            + ["setpriv", "--pdeathsig", "KILL"]
            + ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "--net", "--cgroup"]
            + ["--propagation", "private", str(BOOT), str(self.directory)],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,  # ctrl-C ends it through `close`, in order
        )
        deadline = time.monotonic() + BOOT_SECONDS
        while time.monotonic() < deadline:
            if self.outer.poll() is not None:
                raise SandboxError(f"systemd did not boot in the sandbox:\n{self.console()}")
            self.init = self.init or child_of(self.outer.pid)
            # The boot script is process 1 as well until it becomes systemd.
            if self.init and command_name(self.init) == "systemd":
                state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
                if state in ("running", "degraded"):
                    return
            time.sleep(0.05)
        raise SandboxError(f"systemd did not come up in the sandbox within {BOOT_SECONDS} s:\n{self.console()}")

    def close(self):
        if self.outer is not None:
            self.outer.kill()
            self.outer.wait()
        remove_cgroup(self.cgroup)
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def console(self):
        """What process 1 has printed so far."""
        self.log.seek(0)
        return self.log.read().decode(errors="replace").strip()

    def enter(self, *command, user=None):
        """The argument vector that runs `command` inside, as `user` with all of that user's groups."""
        identity = []
        if user is not None:
            # Not runuser: no session, no PAM.
            identity = ["sh", "-c"]
            identity += ['exec setpriv --reuid "$0" --regid "$(id -g "$0")" --init-groups -- "$@"', user]
        environment = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
        namespaces = ["--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup"]
        return ["nsenter", "--target", str(self.init), *namespaces, "env", "-i", "--chdir=/", *environment] + [
            *identity,
            *command,
        ]

    def run(self, *command, user=None, check=True, input=None, timeout=120):
        """Runs `command` inside and returns it completed, with text in `stdout` and `stderr`."""
        done = subprocess.run(
            self.enter(*command, user=user), input=input, capture_output=True, text=True, timeout=timeout
        )
        if check and done.returncode != 0:
            raise AssertionError(
                f"{' '.join(command)} ended with {done.returncode} in the sandbox\n{done.stdout}{done.stderr}"
            )
        return done

    def shell(self, script, **options):
        """Runs lines of shell as a person would type them; the first that fails ends it."""
        return self.run("bash", "-euc", script, **options)

    def python(self, program, *arguments, **options):
        """Runs a Python program with Debian's own interpreter. SQLite files inside are only ever opened from
        inside: through /proc/PID/root SQLite would resolve its way back to the machine's own root."""
        return self.run(*PYTHON, program, *map(str, arguments), **options)

    def start(self, *command, user=None, **options):
        """Starts `command` inside and leaves it running; whoever lets go of its input ends it."""
        return subprocess.Popen(
            self.enter(*command, user=user), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)

    def put(self, path, content, mode=0o644):
        """Writes a file that belongs to root (and to the directory's group where the directory says so)."""
        outside = self.outside(path)
        outside.write_bytes(content if isinstance(content, bytes) else content.encode())
        outside.chmod(mode)

    def outside(self, path):
        """Where `path` of the sandbox is reached from the machine, with root's eyes."""
        return pathlib.Path(f"/proc/{self.init}/root") / str(path).lstrip("/")

    def journal(self, unit):
        return self.run("journalctl", "--no-pager", "--output=short-precise", "--unit", unit).stdout


def explain_what_is_missing():
    """Raises with every reason why no sandbox can be had here."""
    missing = []
    if os.geteuid() != 0:
        missing.append("root: namespaces, mounts and cgroups are made (sudo make test)")
    packages = {"unshare": "util-linux", "nsenter": "util-linux", "setpriv": "util-linux", "ip": "iproute2"}
    for program, package in packages.items():
        if shutil.which(program, path=ENVIRONMENT["PATH"]) is None:
            missing.append(f"the program {program}: apt-get install {package}")
    for program, package in {"/lib/systemd/systemd": "systemd", "/usr/bin/python3": "python3"}.items():
        if not os.access(program, os.X_OK):
            missing.append(f"{program}: apt-get install {package}")
    if not missing:
        cgroup = own_cgroup()
        if cgroup is None:
            missing.append("a mounted cgroup2 file system: mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified")
        elif not os.access(cgroup, os.W_OK) or os.statvfs(cgroup).f_flag & os.ST_RDONLY:
            missing.append(f"write access to {cgroup}: in a container, start that one privileged")
        probe = subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, text=True)
        if probe.returncode != 0:
            missing.append(f"the right to make namespaces ({probe.stderr.strip()}): in a container, start it privileged")
    if missing:
        raise SandboxError("A systemd sandbox needs " + "; ".join(missing) + ".")


def own_cgroup():
    """The directory of this process's cgroup in the unified hierarchy, or None where that is not mounted."""
    mount_point = None
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        before, after = line.split(" - ", 1)
        if after.split()[0] == "cgroup2":
            mount_point = pathlib.Path(before.split()[4])
    if mount_point is None:
        return None
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        if line.startswith("0::"):
            path = mount_point / line[3:].lstrip("/")
            # Within a container the path may be the host's.
            return path if path.is_dir() else mount_point
    return mount_point


def remove_cgroup(cgroup, seconds=10):
    """Removes a cgroup and those below it, waiting for what was killed to be gone."""
    deadline = time.monotonic() + seconds
    while cgroup.exists():
        for pid in [pid for file in cgroup.rglob("cgroup.procs") for pid in file.read_text().split()]:
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        below = sorted((path for path in cgroup.rglob("*") if path.is_dir()), reverse=True)
        try:
            for directory in [*below, cgroup]:
                directory.rmdir()
        except OSError:
            if time.monotonic() > deadline:
                raise SandboxError(f"{cgroup} does not empty; remove it by hand")
            time.sleep(0.02)


def sweep_leftovers():
    """Removes what sandboxes left whose owner was killed."""
    for parent, remove in ((own_cgroup(), remove_cgroup), (pathlib.Path(tempfile.gettempdir()), pathlib.Path.rmdir)):
        for leftover in parent.glob(f"{NAME}*"):
            owner = leftover.name.removeprefix(NAME).split("-")[0]
            if not pathlib.Path(f"/proc/{owner}").exists():
                remove(leftover)


def child_of(pid):
    """The first child of a process, or None."""
    for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            # "pid (name) state ppid …"; the name may hold blanks and parentheses.
            fields = status.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid:
            return int(status.parent.name)
    return None


def command_name(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    try:
        with Sandbox() as sandbox:
            sys.exit(subprocess.run(sandbox.enter(*(sys.argv[1:] or ["bash"]))).returncode)
    except SandboxError as error:
        sys.exit(str(error))
