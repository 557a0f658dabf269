"""The first start, and who may do what."""
import stat

from machine import CONFIGURATION, STATE


def ready(machine):
    """A machine with a small source that the service may read, and a person in the service's group."""
    machine.application(rows=600)
    machine.may_read()
    machine.configure()
    machine.define("all-events")
    machine.run("useradd", "alice")
    machine.follow("usermod -aG exportd")


def belong_to_the_service(machine):
    """Everything in the state directory, with the modes that let its group in and nobody else."""
    strangers = machine.run("find", STATE, "!", "-user", "exportd", "-o", "!", "-group", "exportd").stdout
    assert not strangers, f"not exportd's:\n{strangers}"
    modes = {STATE: 0o2770, f"{STATE}/exportd.db": 0o660, f"{STATE}/exportd.lock": 0o660}
    for path, wanted in modes.items():
        if not machine.sandbox.outside(path).exists():
            continue  # the lock comes with the first start
        mode = stat.S_IMODE(machine.sandbox.outside(path).stat().st_mode)
        assert mode == wanted, f"{path} has mode {mode:o}, not {wanted:o}"


def test_it_is_ready_and_systemd_shows_what_comes_next(machine):
    ready(machine)
    machine.define("by-night", frequency={"everyHours": 24, "at": "03:30"})
    machine.follow("systemctl enable --now")
    assert machine.run("systemctl", "is-active", "exportd").stdout == "active\n"
    assert machine.run("systemctl", "is-enabled", "exportd").stdout == "enabled\n"
    machine.wait_until_done("all-events", 30, 8)
    line = machine.wait_for(
        "systemd shows the exports", 10, lambda: machine.shown("StatusText").startswith("2 exports, next: ")
        and machine.shown("StatusText"))
    assert line.endswith((" CET", " CEST")), line
    assert line in machine.run("systemctl", "status", "exportd", "--no-pager").stdout
    # Whatever is said is said by exportd, with a priority.
    assert not machine.journal("--priority", "warning"), machine.journal("--priority", "warning")
    assert "exportd" in machine.journal("--priority", "notice")
    assert "Failed" not in machine.journal(), machine.journal()
    return line


def test_root_and_the_group_may_use_commands_and_others_are_told_how(machine):
    ready(machine)
    machine.start()
    machine.wait_until_done("all-events", 30, 8)
    for user in (None, "alice"):
        shown = machine.exportd("status", user=user).stdout
        assert "is running since" in shown and "all-events" in shown, shown
    refused = machine.exportd("status", user="nobody", code=77).stderr
    assert "nobody may not use" in refused and "`usermod -aG exportd nobody`" in refused, refused
    machine.exportd("stop", "all-events", user="nobody", code=77)

    machine.exportd("stop", "all-events", user="alice")
    assert machine.status("all-events")["export"]["state"] == "STOPPED"
    machine.exportd("start", "all-events", user="alice")
    machine.exportd("run", "all-events", "--wait", user="alice")
    machine.exportd("reload", user="alice")
    machine.exportd("verify", "all-events", user="alice")
    # She may not read the database, which is none of the service's concern.
    assert "`sudo exportd check`" in machine.exportd("check", user="alice").stdout
    assert "opened, in WAL mode" in machine.exportd("check", "--destinations", user="alice").stdout
    belong_to_the_service(machine)


def test_files_stay_the_services_own_whoever_types_while_it_is_down(machine):
    ready(machine)
    definition = '{"source": "main", "destination": "local", "data": {"events": "all"}, "format": "json",' \
        ' "frequency": {"everyHours": 24}}'
    # Before the first start: root's commands make the database.
    machine.exportd("check")
    machine.exportd("create", "of-root", "--file", "-", input=definition)
    belong_to_the_service(machine)
    machine.exportd("create", "of-alice", "--file", "-", input=definition, user="alice")
    machine.exportd("status", user="nobody", code=77)
    refused = machine.exportd("run", "of-alice", user="alice", code=77).stderr
    assert "sudo exportd run of-alice" in refused, refused
    belong_to_the_service(machine)
    machine.exportd("run", "of-root")
    belong_to_the_service(machine)

    machine.start()
    machine.wait_until_done("all-events", 30, 8)
    machine.run("systemctl", "stop", "exportd")
    assert "is not running" in machine.exportd("status", user="alice").stdout
    machine.exportd("delete", "of-alice", user="alice")
    belong_to_the_service(machine)
    machine.start()
    assert {export["name"] for export in machine.status()["exports"]} == {"all-events", "of-root"}


def test_a_broken_configuration_ends_it_for_good_until_it_is_mended(machine):
    ready(machine)
    machine.put(CONFIGURATION, '{\n  "acount": "1"\n}\n')
    assert machine.run("systemctl", "start", "exportd", check=False).returncode != 0
    assert machine.shown("ExecMainStatus") == "78"
    said = machine.journal("--priority", "err")
    assert '2:3: error: $.acount: unknown key "acount"; did you mean "account"?' in said, machine.journal()
    # Longer than RestartSec=.
    machine.drop_in("RestartSec=100ms")
    machine.run("systemctl", "start", "exportd", check=False)
    machine.run("sleep", "1")
    assert (machine.shown("NRestarts"), machine.shown("ActiveState")) == ("0", "failed")
    machine.configure()
    machine.start()
    machine.wait_until_done("all-events", 30, 8)


def test_a_broken_definition_keeps_nothing_from_starting(machine):
    """Its export goes on as it last was, and that is said as an error."""
    ready(machine)
    machine.define("second")
    machine.start()
    machine.wait_until_done("second", 30, 8)
    machine.define("second", formatt="json")
    machine.run("systemctl", "restart", "exportd")
    assert machine.shown("ActiveState") == "active"
    said = machine.journal("--priority", "err")
    assert "exports.d/second.json" in said and '"formatt"' in said, machine.journal()
    shown = machine.exportd("status")
    assert "formatt" in shown.stdout + shown.stderr, shown.stdout + shown.stderr
    assert {export["name"] for export in machine.status()["exports"]} == {"all-events", "second"}
    machine.exportd("run", "second", "--wait")
