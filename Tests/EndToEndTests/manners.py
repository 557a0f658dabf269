"""Manners of all commands: help, mistakes of usage, and a reader that goes away."""
import subprocess

COMMANDS = ["daemon", "reload", "create", "stop", "start", "delete", "edit", "run", "status", "next", "plan", "verify",
            "check", "demo"]


def typed(place, *arguments):
    return subprocess.run([place.binary, *arguments], capture_output=True, text=True, timeout=60)


def test_every_command_explains_itself(place):
    top = typed(place, "--help")
    assert top.returncode == 0 and " reach " not in top.stdout, top.stdout
    for command in COMMANDS:
        assert f"  {command} " in top.stdout, top.stdout
        done = typed(place, command, "--help")
        assert done.returncode == 0 and "OVERVIEW:" in done.stdout and done.stderr == "", (command, done)
        # The demo makes its own configuration.
        assert ("--config" in done.stdout) == (command != "demo"), done.stdout


def test_mistakes_of_usage_are_64_and_named_on_stderr(place):
    place.sample(events=10)
    for arguments in [
            ["nonsense"], ["run"], ["edit"], ["start"], ["create", "x"], ["status", "--unknown"],
            ["status", "all-events", "--limit", "0"], ["status", "--limit", "5"], ["status", "--state", "WRONG"],
            ["next", "--count", "0"], ["next", "--after", "yesterday"], ["verify", "all-events", "--run", "x"],
            ["create", "x", "--file", "-", "--every", "6"]]:
        done = typed(place, *arguments, "--config", place.configuration)
        assert done.returncode == 64 and done.stdout == "" and done.stderr.startswith("Error: "), (arguments, done)


def test_a_reader_that_goes_away_is_no_error(place):
    place.sample(events=2000)
    place.exportd("check")
    place.create("orders", {"everyHours": 6})
    place.exportd("run", "orders")
    for command in ["status", "status orders --json", "next", "plan orders", "verify orders"]:
        done = subprocess.run(
            ["bash", "-c", f'"$0" {command} --config "$1" | true', place.binary, place.configuration],
            capture_output=True, text=True, timeout=60)
        assert done.stderr == "", (command, done.stderr)
