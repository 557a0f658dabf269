"""Measures programs from outside: seconds, peak memory, instructions."""
import dataclasses
import os
import re
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))


@dataclasses.dataclass
class Taken:
    """What a program took from its start to its end."""
    seconds: float
    processor_seconds: float
    peak_MiB: float


def memory(pid, field):
    """`VmHWM` (the most it has held) or `VmRSS` (what it holds) of a process in MiB; 0 once it is gone."""
    try:
        with open(f"/proc/{pid}/status") as status:
            return next((int(line.split()[1]) for line in status if line.startswith(f"{field}:")), 0) / 1024
    except (FileNotFoundError, ProcessLookupError):
        return 0


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def carried_out(*arguments, stdout=subprocess.DEVNULL, environment=None):
    """Runs a program, which must succeed."""
    with tempfile.TemporaryFile() as errors:
        began = time.monotonic()
        process = subprocess.Popen(arguments, stdout=stdout, stderr=errors, env={**os.environ, **(environment or {})})
        peak, pid = 0, 0
        while pid == 0:
            time.sleep(0.002)
            # By itself, because what `wait4` gives begins with the memory of the parent.
            peak = max(peak, memory(process.pid, "VmHWM"))
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        process.returncode = os.waitstatus_to_exitcode(status)
        taken = Taken(time.monotonic() - began, usage.ru_utime + usage.ru_stime, peak)
        if process.returncode != 0:
            errors.seek(0)
            raise SystemExit(f"{' '.join(arguments)}: exit {process.returncode}\n{errors.read().decode()}")
    return taken


def instructions(directory, functions, program, *arguments):
    """Instructions that a program takes under callgrind: `all`, and within each of the functions, callees included.

    `functions`: for each name a pattern of mangled symbols.
    """
    output = f"{directory}/callgrind.out"
    # This valgrind may not understand the compiler's debug information; symbols are enough.
    bare = f"{directory}/program"
    subprocess.run(["strip", "--strip-debug", "-o", bare, program], check=True)
    preloaded = f"{directory}/sigsuspend.so"
    subprocess.run(["clang", "-shared", "-fPIC", "-O", "-o", preloaded, f"{HERE}/sigsuspend.c"], check=True)
    carried_out("valgrind", "--tool=callgrind", f"--callgrind-out-file={output}", bare, *arguments,
                environment={"LD_PRELOAD": preloaded})
    listed = subprocess.run(
        ["callgrind_annotate", "--inclusive=yes", "--threshold=100", "--show-percs=no", output],
        capture_output=True, text=True, check=True).stdout
    counts = {}
    for line in listed.splitlines():
        found = re.match(r"\s*([\d,]+)\s+(.*)", line)
        if found is None:
            continue
        count = int(found[1].replace(",", ""))
        if "PROGRAM TOTALS" in found[2]:
            counts["all"] = count
        for name, pattern in functions.items():
            # The largest is the function itself, smaller ones are pieces of it.
            if re.search(pattern, found[2]):
                counts[name] = max(counts.get(name, 0), count)
    missing = functions.keys() - counts.keys()
    if missing:
        raise SystemExit(f"{program}: no function matches {', '.join(functions[name] for name in missing)}")
    return counts
