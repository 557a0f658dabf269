"""The first export of one's own database, permissions included, as the README has it."""
from machine import DATABASE

# The windows that begin two days ago and are over, every row of which is due.
DUE = 8


def beginning(machine, journal):
    """The service runs, and may not read what it should export."""
    machine.application(journal=journal)
    machine.configure()
    machine.define("all-events")
    missing = check(machine)
    assert "user exportd may not enter the directory /srv/app" in missing, missing
    machine.start()
    assert_told(machine, "user exportd may not enter the directory /srv/app")


def check(machine):
    """What `check` finds to be missing."""
    return machine.exportd("check", code=78).stderr


def assert_told(machine, problem):
    """`status`, systemd and the journal's errors name the problem."""
    machine.wait_for(
        f"status says: {problem}", 10, lambda: problem in (machine.status("all-events")["export"]["reason"] or ""))
    assert problem in machine.exportd("status").stdout
    assert problem in machine.journal("--priority", "err"), machine.journal()
    assert machine.files == 0


def test_a_database_in_wal_mode_while_its_application_writes_and_when_it_is_closed(machine):
    beginning(machine, "WAL")
    machine.follow("usermod -aG app")
    writer = machine.writing()
    machine.exportd("check")
    machine.run("systemctl", "restart", "exportd")
    machine.wait_until_done("all-events", 30, DUE)
    count, longest = machine.end_writing(writer)
    assert longest < 2, f"a write took {longest:.2f} s"
    rows = machine.held_against_source("all-events")
    assert rows > 5000, rows

    # Closed, it takes the README's second step.
    missing = check(machine)
    for words in ("in WAL mode and no other process has it open", "`chmod g+rwxs /srv/app`", "ReadWritePaths=/srv/app"):
        assert words in missing, missing
    machine.define("once-more")
    machine.run("systemctl", "reload", "exportd")
    machine.wait_for(
        "status says that it is closed", 10,
        lambda: "no other process has it open" in (machine.status("once-more")["export"]["reason"] or ""))
    machine.follow("source-access.conf")
    machine.run("systemctl", "restart", "exportd")
    machine.wait_until_done("once-more", 30, DUE)
    assert machine.held_against_source("once-more") == rows
    shown = machine.follow("--once yesterday").stdout
    assert "-manifest.json" in shown, shown
    assert machine.held_against_source("yesterday") > 1000

    # The application can go on with the files that the service has made.
    machine.end_writing(machine.writing())
    return f"{rows} rows; the application wrote {count} more meanwhile, in {longest * 1000:.0f} ms at most"


def test_permissions_alone_do_not_open_the_sandbox(machine):
    """The error that a person meets who has done all but the drop-in, and what it says is enough."""
    machine.application()
    machine.configure()
    machine.define("all-events")
    machine.may_read()
    machine.run("rm", "/etc/systemd/system/exportd.service.d/app.conf")
    machine.run("systemctl", "daemon-reload")
    machine.start()
    assert_told(machine, "for this process the file system is read-only")
    reason = machine.status("all-events")["export"]["reason"]
    assert "`systemctl edit exportd`, in [Service] ReadWritePaths=/srv/app" in reason, reason
    machine.drop_in("ReadWritePaths=/srv/app")
    machine.run("systemctl", "restart", "exportd")
    machine.wait_until_done("all-events", 30, DUE)
    machine.held_against_source("all-events")


def test_a_database_with_a_rollback_journal_needs_no_more_than_reading(machine):
    beginning(machine, "DELETE")
    machine.follow("usermod -aG app")
    writer = machine.writing()
    machine.exportd("check")
    machine.run("systemctl", "restart", "exportd")
    machine.wait_until_done("all-events", 30, DUE)
    _, longest = machine.end_writing(writer)
    assert longest < 2, f"a write took {longest:.2f} s"
    rows = machine.held_against_source("all-events")
    assert machine.run("ls", "/srv/app").stdout.split() == [DATABASE.rpartition("/")[2]]
    return f"{rows} rows"


def test_a_destination_elsewhere(machine):
    machine.application()
    machine.may_read()
    machine.run("install", "-d", "-o", "exportd", "-g", "exportd", "/srv/exports")
    machine.configure(destinations={"local": {"type": "directory", "path": "/srv/exports"}})
    machine.define("all-events")
    machine.start()
    machine.wait_for(
        "status says that it cannot write", 10,
        lambda: "/srv/exports" in (machine.status("all-events")["export"]["reason"] or ""))
    reason = machine.status("all-events")["export"]["reason"]
    assert "ReadWritePaths=/srv/exports" in reason, reason
    machine.drop_in("ReadWritePaths=/srv/exports")
    machine.run("systemctl", "restart", "exportd")
    machine.wait_until_done("all-events", 30, DUE)
