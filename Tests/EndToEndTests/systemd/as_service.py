"""`exportd check --as-service`: what it prints is what the service lacks, and is enough."""
import json

from machine import DATABASE

DUE = 8


def check(machine, code):
    return json.loads(machine.exportd("check", "--as-service", "--json", code=code).stdout)


def take(machine, answer):
    """Does what a person does who copies what was printed."""
    if answer.get("dropIn"):
        machine.drop_in(*answer["dropIn"].splitlines()[1:])
    for step in answer["steps"]:
        machine.shell(step)


def test_as_service_prints_what_a_database_of_a_group_takes(machine):
    machine.application()
    # The application shares its files with its group, but not with the service.
    machine.shell(f"chmod 2770 /srv/app && chmod 660 {DATABASE}")
    machine.configure()
    machine.define("all-events")
    answer = check(machine, 78)
    assert answer["dropIn"] == "[Service]\nSupplementaryGroups=app\nReadWritePaths=/srv/app\n", answer
    assert answer["steps"] == [], answer
    assert all("source" in error["message"] for error in answer["errors"]), answer
    text = machine.exportd("check", "--as-service", code=78)
    assert "the user exportd may not enter /srv/app" in text.stderr, text.stderr
    assert answer["dropIn"] in text.stdout and "exportd.service.d/" in text.stdout, text.stdout
    take(machine, answer)
    answer = check(machine, 0)
    assert answer["ok"] is True and answer.get("dropIn") is None, answer
    assert "reaches all" in machine.exportd("check", "--as-service").stdout
    machine.start()
    machine.wait_until_done("all-events", 30, DUE)
    machine.held_against_source("all-events")


def test_as_service_prints_what_private_files_and_hidden_places_take(machine):
    machine.application()
    machine.run("useradd", "--create-home", "anna")
    machine.shell(
        f"install -d -o anna /home/anna/data && cp {DATABASE} /home/anna/data/app.db"
        " && chown anna: /home/anna/data/app.db && chmod 700 /home/anna /home/anna/data && chmod 600 /home/anna/data/app.db"
        " && install -d -m 700 /srv/secrets && echo http://127.0.0.1/ > /srv/secrets/hook")
    source = {"main": {
        "type": "sqlite", "databases": [{"id": "0", "path": "/home/anna/data/app.db"}],
        "events": {"from": "event_log", "columns": {"name": "kind", "ts": "created_at"}, "tsUnit": "iso8601"}}}
    machine.configure(
        sources=source, destinations={"local": {"type": "directory", "path": "/srv/exports"}},
        onFailure={"webhook": {"file": "/srv/secrets/hook"}})
    machine.define("all-events")
    seen = []
    for _ in range(5):
        answer = json.loads(machine.run("exportd", "check", "--as-service", "--json", check=False).stdout)
        if answer["ok"]:
            break
        seen.append(answer)
        take(machine, answer)
    assert answer["ok"] is True, seen + [answer]
    first = seen[0]["dropIn"].splitlines()
    assert "ProtectHome=tmpfs" in first and "BindPaths=/home/anna/data" in first, first
    assert "ReadWritePaths=/srv/exports" in first, first
    steps = [step for answer in seen for step in answer["steps"]]
    assert "install -d -o exportd -g exportd /srv/exports" in steps, steps
    # root's own directory goes to the service's group, another's is opened to that one's.
    assert "chgrp exportd /srv/secrets && chmod g+x /srv/secrets" in steps, steps
    assert "SupplementaryGroups=anna" in first and any("chgrp anna /home/anna/data" in step for step in steps), seen
    machine.start()
    machine.wait_until_done("all-events", 30, DUE)


def test_as_service_says_who_may_ask_and_where(machine):
    machine.application()
    machine.configure()
    machine.define("all-events")
    refused = machine.exportd("check", "--as-service", code=77, user="exportd")
    assert "sudo exportd check --as-service" in refused.stderr, refused.stderr
    machine.run("rm", "/usr/lib/systemd/system/exportd.service")
    machine.run("systemctl", "daemon-reload")
    assert "there is no unit exportd.service" in machine.exportd("check", "--as-service", code=1).stderr
