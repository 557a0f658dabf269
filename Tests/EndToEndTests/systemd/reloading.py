"""`systemctl reload`: a new configuration whole, or not at all and loudly."""


def running(machine):
    machine.application(rows=600)
    machine.may_read()
    machine.configure()
    machine.define("all-events")
    machine.start()
    machine.wait_until_done("all-events", 30, 8)


def exports(machine):
    return {export["name"] for export in machine.status()["exports"]}


def assert_up(machine, pid):
    """RELOADING was followed by READY, in the same process."""
    assert (machine.shown("ActiveState"), machine.shown("SubState")) == ("active", "running")
    assert machine.pid == pid


def test_a_good_file_is_taken(machine):
    running(machine)
    pid = machine.pid
    machine.define("second", data={"events": ["Charged"]})
    machine.run("systemctl", "reload", "exportd", timeout=20)
    assert exports(machine) == {"all-events", "second"}
    machine.wait_until_done("second", 30, 8)
    assert_up(machine, pid)
    assert machine.shown("StatusText").startswith("2 exports"), machine.shown("StatusText")
    assert "reloaded" in machine.journal("--priority", "notice"), machine.journal()


def test_a_broken_file_is_refused_and_the_old_configuration_goes_on(machine):
    running(machine)
    pid = machine.pid
    machine.define("good")
    machine.define("bad", formatt="json")
    done = machine.run("systemctl", "reload", "exportd", check=False, timeout=20)
    assert done.returncode != 0, "the reload of a broken file succeeded"
    assert exports(machine) == {"all-events"}
    assert_up(machine, pid)
    wanted = 'exports.d/bad.json'
    said = machine.journal("--priority", "err")
    assert wanted in said and '"formatt"' in said, machine.journal()
    shown = machine.exportd("status")
    assert wanted in shown.stdout + shown.stderr and "formatt" in shown.stdout + shown.stderr, shown.stdout

    # What goes on is not only shown: it still works.
    machine.exportd("run", "all-events", "--wait")
    machine.run("rm", "/etc/exportd/exports.d/bad.json")
    machine.run("systemctl", "reload", "exportd", timeout=20)
    assert exports(machine) == {"all-events", "good"}
    shown = machine.exportd("status")
    assert "bad.json" not in shown.stdout + shown.stderr, shown.stdout
    assert_up(machine, pid)


def test_a_signal_reloads_as_well(machine):
    running(machine)
    pid = machine.pid
    machine.define("second")
    machine.run("systemctl", "kill", "--signal", "HUP", "exportd")
    machine.wait_for("the new export is there", 10, lambda: exports(machine) == {"all-events", "second"})
    assert_up(machine, pid)
