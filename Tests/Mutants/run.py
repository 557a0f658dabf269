"""Plants one bug after the other and shows that the simulation finds each.

Usage: run.py [--check] [--histories N] [--until N] [NAME…]

Each patch beside this file is one bug. It is applied to a copy of the working tree with a build directory of its own,
`simulate` is built, and histories are run, until 20 of them are wrong (--until) or 750 are done (--histories). Fails when
a bug is not found, when it does not apply or build, or when a history is wrong without any, which is not tried when only some
bugs are named. With --check, only whether all patches apply.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TREE = ROOT / ".build/mutants/tree"
BUILD = ROOT / ".build/mutants/build"
# Seconds: a bug may have the engine turn without end.
LIMIT = 1200


def title(patch):
    return patch.read_text().split("\n", 1)[0]


def applies(patch, tree, *options):
    # The copy lies within the repository and is none of its own: git must not look for one above it.
    environment = dict(os.environ, GIT_CEILING_DIRECTORIES=str(TREE.parent))
    done = subprocess.run(
        ["git", "apply", *options, str(patch)], cwd=tree, capture_output=True, text=True, env=environment)
    return done.returncode == 0, done.stderr.strip()


def copy_tree():
    """Only what differs, so that only what differs is built again."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
        capture_output=True).stdout.decode().split("\0")
    names = {name for name in listed if name and (ROOT / name).is_file()}
    for name in names:
        source, target = ROOT / name, TREE / name
        if not target.exists() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    for path in list(TREE.rglob("*")):
        if path.is_file() and str(path.relative_to(TREE)) not in names:
            path.unlink()


def build():
    """The executable, or what the compiler says."""
    command = [
        "swift", "build", "--traits", "Fast", "--product", "simulate", "--package-path", str(TREE), "--scratch-path", str(BUILD)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0:
        return BUILD / "debug/simulate", ""
    errors = [line for line in done.stdout.splitlines() if "error:" in line]
    return None, (errors or [done.stderr[-300:]])[0]


def simulate(binary, histories, until):
    """In how many histories something was wrong, of how many, and which rules were broken."""
    try:
        done = subprocess.run(
            [str(binary), "--seeds", str(histories), "--until-failures", str(until), "--summary"],
            capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return 1, 1, ["the simulation does not end"]
    count = re.search(r"(\d+) histories in \d+ s, (\d+) of them wrong", done.stdout)
    if not count:
        return 1, 1, ["the simulation crashes"]
    return int(count[2]), int(count[1]), re.findall(r"^  \d+ × (.*)$", done.stdout, re.MULTILINE)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--histories", type=int, default=750)
    parser.add_argument("--until", type=int, default=20)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    patches = sorted(
        patch for patch in HERE.glob("*.patch") if not options.names or patch.stem in options.names)
    if options.check:
        broken = [(patch, why) for patch in patches for ok, why in [applies(patch, ROOT, "--check")] if not ok]
        for patch, why in broken:
            print(f"{patch.name} does not apply any more: {why}")
        print(f"{len(patches) - len(broken)} of {len(patches)} mutants apply")
        return 1 if broken or not patches else 0

    TREE.mkdir(parents=True, exist_ok=True)
    copy_tree()
    failures = 0
    for patch in patches if options.names else [None, *patches]:
        began = time.monotonic()
        name, what = (patch.stem, title(patch)) if patch else ("none", "no bug is planted")
        ok, why = applies(patch, TREE) if patch else (True, "")
        binary, found = None, 0
        if ok:
            binary, why = build()
            if binary:
                found, count, rules = simulate(binary, options.histories, options.until)
                why = f"{found} of {count}: {'; '.join(rules[:3])}" if found else f"none of {count}"
        is_good = ok and binary is not None and (found > 0) == (patch is not None)
        failures += not is_good
        print(f"{'good' if is_good else 'BAD '}  {name}: {what}\n        {why} ({time.monotonic() - began:.0f} s)", flush=True)
        if patch and ok:
            applies(patch, TREE, "--reverse")
    print(f"{failures} of {len(patches)} are not as they should be")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
