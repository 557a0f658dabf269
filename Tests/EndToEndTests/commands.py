"""Commands and the daemon: locks, reloads, checks, stop and start."""
import json
import os
import signal
import time

from place import days_ago


def test_a_second_daemon_is_refused_and_told_of_the_first(place):
    place.sample(events=100)
    daemon = place.daemon()
    second = place.exportd("daemon", code=75)
    assert str(daemon.pid) in second.stderr
    daemon.end()


def test_errors_bear_a_priority_only_where_the_journal_reads_them(place):
    """A terminal that a service has started hands down the variable by which a service knows the journal."""
    place.configure(acount="1")
    said = place.exportd("daemon", code=78, launcher=("env", "JOURNAL_STREAM=1:2")).stderr
    assert said.startswith("exportd: ") and "<3>" not in said, said


def test_reload_takes_a_configuration_whole_or_not_at_all(place):
    place.sample(events=100)
    daemon = place.daemon()
    with open(f"{place.directory}/exports.d/broken.json", "w") as file:
        file.write('{"source": "man"}')
    refused = place.exportd("reload", code=78)
    assert 'did you mean "main"' in refused.stderr, refused.stderr
    seen = []
    while not any(b"RELOADING=1" in message for message in seen):
        seen.append(daemon.notify.recv(4096))
    assert b"MONOTONIC_USEC=" in seen[-1]
    while not any(message.startswith(b"READY=1") for message in seen):
        seen.append(daemon.notify.recv(4096))
    os.unlink(f"{place.directory}/exports.d/broken.json")
    os.unlink(f"{place.directory}/exports.d/charged-yesterday.json")
    place.exportd("reload")
    states = {export["name"]: export["state"] for export in place.status()["exports"]}
    assert states["charged-yesterday"] in ("STOPPED", "DONE"), states
    daemon.end()


def test_check_names_every_mistake_at_its_place(place):
    place.sample(events=100)
    place.exportd("check")
    with open(f"{place.directory}/exports.d/wrong.json", "w") as file:
        file.write('{\n  "source": "main",\n  "destintion": "local",\n  "data": {"events": "all"},\n'
                   '  "frequency": {"everyHours": 3},\n  "format": "jsn"\n}\n')
    answer = json.loads(place.exportd("check", "--json", code=78).stdout)
    assert answer["ok"] is False
    places = {(error["line"], error["path"]) for error in answer["errors"]}
    assert {line for line, _ in places} >= {3, 5, 6}, answer


def test_stop_and_start(place):
    place.sample(events=100)
    daemon = place.daemon()
    place.wait_until_done("all-events")
    place.exportd("stop", "all-events")
    assert place.status("all-events")["export"]["state"] == "STOPPED"
    place.exportd("start", "all-events")
    assert place.status("all-events")["export"]["state"] == "PENDING"
    daemon.end()


def test_signals_are_heeded_as_soon_as_it_is_ready(place):
    place.sample(events=100)
    for _ in range(5):
        daemon = place.daemon()
        daemon.process.send_signal(signal.SIGHUP)
        daemon.end()


def test_a_service_manager_that_does_not_read_holds_nothing_up(place):
    place.sample(events=100)
    os.unlink(f"{place.directory}/exports.d/all-events.json")
    daemon = place.daemon()
    # Each changes what there is to tell; the socket takes about ten messages before it is full.
    for number in range(20):
        place.create(f"more-{number}", {"everyHours": 24})
        if number % 2:
            time.sleep(0.5)
    place.create("last", {"once": "yesterday"})
    place.wait_until_done("last", 20)
    daemon.end()


def test_flags_take_what_a_file_takes_and_mistakes_name_the_flag(place):
    place.sample(events=100)

    def create(name, *flags, code=0, source="main"):
        return place.exportd("create", name, "--source", source, "--destination", "local", "--events", "all", "--format",
                             "json", *flags, code=code)

    days = [days_ago(3), days_ago(1)]
    periods = {"words": "..".join(days), "object": json.dumps({"from": days[0], "to": days[1]})}
    for name, period in periods.items():
        create(name, "--once", period)
    frequencies = [place.answer("status", name)["export"]["frequency"] for name in periods]
    assert frequencies == [{"once": {"from": days[0], "to": days[1]}}] * 2, frequencies
    said = create("wrong", "--every", "30", "--at", "25:00", "--compression", "zip", source="man", code=78).stderr
    for flag in ("--every: must be", "--at: must be", "--compression: unknown", '--source: unknown source "man"'):
        assert flag in said, said
    assert "flags:1" not in said and "$." not in said, said
    said = create("wrong", "--once", '{"day": "yesterday"', code=78).stderr
    assert "--once: unknown period" in said, said
    said = create("wrong", "--once", "2020-02-30", code=78).stderr
    assert "--once: must be a day" in said, said
