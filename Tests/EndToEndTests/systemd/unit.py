"""The shipped unit by itself, as systemd's own tools judge it."""
UNIT = "/usr/lib/systemd/system/exportd.service"


def test_systemd_finds_no_fault_with_the_unit(machine):
    # It ends with 0 also when it warns of a key that it does not know.
    done = machine.run("systemd-analyze", "verify", UNIT)
    assert not done.stdout + done.stderr, f"systemd-analyze verify: {done.stdout}{done.stderr}"


def test_its_documentation_is_installed(machine):
    documents = machine.shown("Documentation").split()
    assert documents
    for document in documents:
        machine.run("test", "-r", document.removeprefix("file://"), user="nobody")


def test_the_unit_is_hardened(machine):
    done = machine.run(
        "systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=20", UNIT, check=False)
    assert done.returncode == 0, f"more exposed than 2.0:\n{done.stdout}{done.stderr}"
    return done.stdout.strip().splitlines()[-1].strip("→ ")


def test_a_credential_is_for_the_daemon_alone(machine):
    """The unit's own example, its comment sign taken away."""
    machine.configure(destinations={
        "local": {"type": "directory", "path": "/var/lib/exportd/exports"},
        "lake": {"type": "s3", "bucket": "b", "region": "eu-west-1", "accessKeyId": "key",
                 "secretAccessKey": {"credential": "lake-key"}}})
    machine.run("sed", "-i", "s/^#LoadCredential=/LoadCredential=/", UNIT)
    machine.run("install", "-d", "-m", "700", "/etc/exportd/credentials")
    machine.sandbox.put("/etc/exportd/credentials/lake-key", "s3cret", 0o600)
    machine.run("systemctl", "daemon-reload")
    machine.start()
    environment = machine.sandbox.outside(f"/proc/{machine.pid}/environ").read_text().split("\0")
    directory = next((line.partition("=")[2] for line in environment if line.startswith("CREDENTIALS_DIRECTORY=")), None)
    assert directory, environment
    secret = f"{directory}/lake-key"
    inside = f"/proc/{machine.pid}/root{secret}"
    assert machine.run("cat", inside, user="exportd").stdout == "s3cret"
    machine.run("groupadd", "--force", "exportd")
    machine.run("useradd", "--groups", "exportd", "alice")
    for user in ("alice", "nobody"):
        assert machine.run("cat", secret, user=user, check=False).returncode != 0, f"{user} can read {secret}"
    assert "s3cret" not in machine.journal()
