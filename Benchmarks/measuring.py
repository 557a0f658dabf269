"""Measures programs from outside: seconds, peak memory, instructions."""
import dataclasses
import os
import platform
import re
import statistics
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))


@dataclasses.dataclass
class Taken:
    """What a program took from its start to its end, and what it made."""
    seconds: float
    processor_seconds: float
    peak_MiB: float
    rows: int = 0
    bytes: int = 0


def summary(runs):
    """What several runs of the same took: medians; of seconds also the least and the most, of memory the most."""
    seconds = [run.seconds for run in runs]
    return {
        "seconds": round(statistics.median(seconds), 3), "least": round(min(seconds), 3), "most": round(max(seconds), 3),
        "processorSeconds": round(statistics.median(run.processor_seconds for run in runs), 3),
        "peakMiB": round(max(run.peak_MiB for run in runs), 1), "bytes": runs[-1].bytes, "runs": len(runs)}


def cores():
    """The two that everything runs on, however many there are."""
    return sorted(os.sched_getaffinity(0))[:2]


def on_one_core():
    """The launcher of a program that is to have one core only."""
    return ("taskset", "-c", str(cores()[0]))


def memory(pid, field):
    """`VmHWM` (the most it has held) or `VmRSS` (what it holds) of a process in MiB; 0 once it is gone."""
    try:
        with open(f"/proc/{pid}/status") as status:
            return next((int(line.split()[1]) for line in status if line.startswith(f"{field}:")), 0) / 1024
    except (FileNotFoundError, ProcessLookupError):
        return 0


def processor_seconds(pid):
    """What a process has used so far, threads that have ended included: its clock, as clock_getcpuclockid(3) makes its id."""
    return time.clock_gettime((~pid << 3) | 2)


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


def instructions(directory, program, *arguments):
    """Instructions that a program takes under callgrind."""
    output = f"{directory}/callgrind.out"
    # This valgrind may not understand the compiler's debug information; symbols are enough.
    bare = f"{directory}/program"
    subprocess.run(["strip", "--strip-debug", "-o", bare, program], check=True)
    preloaded = f"{directory}/sigsuspend.so"
    subprocess.run(["clang", "-shared", "-fPIC", "-O", "-o", preloaded, f"{HERE}/sigsuspend.c"], check=True)
    carried_out("valgrind", "--tool=callgrind", f"--callgrind-out-file={output}", bare, *arguments,
                environment={"LD_PRELOAD": preloaded})
    with open(output) as file:
        return next(int(found[1]) for line in file if (found := re.match(r"(?:totals|summary): (\d+)", line)))


def machine():
    with open("/proc/cpuinfo") as info:
        model = next((line.split(":")[1].strip() for line in info if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} × {model}"


def memory_GiB():
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
