"""`onFailure`: a real HTTP server and a real command are told of failures and recoveries."""
import base64
import contextlib
import http.server
import json
import os
import sqlite3
import threading
import time

DAYS = 86400


class Receiver:
    """An HTTP server that answers its first requests as it is told, and all later ones with 204."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.release = threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append((self.command, self.path, dict(self.headers), json.loads(body)))
                answer = receiver.answers.pop(0) if receiver.answers else 204
                if answer == "hang":
                    receiver.release.wait(60)
                    return
                self.send_response(answer)
                if answer == 302:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()

            def do_GET(self):
                receiver.requests.append((self.command, self.path, dict(self.headers), None))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def told(self):
        return [body["event"] for _, _, _, body in self.requests]

    def close(self):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()


def fail_for_good(place):
    """Has the one run of `once` give up: nothing can be written where it should go, and its three days are over."""
    os.rename(place.destination, f"{place.destination}.away")
    open(place.destination, "w").close()
    place.create("once", {"once": "yesterday"})
    place.wait_for("a first attempt", 30, lambda: (run := (place.status("once")["runs"] or [None])[0])
                   and run["error"] and run["state"] == "PENDING")
    with contextlib.closing(sqlite3.connect(f"{place.directory}/state/exportd.db", timeout=30)) as db:
        db.execute("UPDATE run SET first_attempt_at = first_attempt_at - ?", (4 * DAYS,))
        db.commit()
    place.exportd("run", "once", "--wait", code=1)
    assert place.status("once")["export"]["state"] == "FAILED"


def mend(place):
    os.unlink(place.destination)
    os.rename(f"{place.destination}.away", place.destination)


def prepare(place, receiver, **keys):
    with contextlib.closing(place.database()) as db:
        db.execute("INSERT INTO events (name, ts, object_id) VALUES ('Charged', ?, 'a')",
                   (int((time.time() - DAYS) * 1000),))
    os.makedirs(place.destination)
    with open(f"{place.directory}/hook", "w") as file:
        file.write(f"http://bot:pass%20word@127.0.0.1:{receiver.port}/hooks/T0KEN?key=T0KEN\n")
    place.configure(onFailure={"webhook": {"file": "hook"}, **keys})


def test_webhook_and_command_are_told_once_of_a_failure_and_of_the_recovery(place):
    receiver = Receiver(500)
    try:
        prepare(place, receiver, command=["/bin/sh", "-c", f"cat >> {place.directory}/told"])
        daemon = place.daemon()
        fail_for_good(place)
        # The first answer was 500: it is told again, and the command is not.
        place.wait_for("the webhook is told again", 60, lambda: len(receiver.requests) == 2)
        mend(place)
        place.exportd("run", "once", "--wait")
        place.wait_for("the recovery", 60, lambda: len(receiver.requests) == 3)
        time.sleep(1.5)
        assert receiver.told() == ["failed", "failed", "recovered"], receiver.requests
        command, path, headers, body = receiver.requests[1]
        assert path == "/hooks/T0KEN?key=T0KEN" and headers["Content-Type"] == "application/json", (path, headers)
        assert base64.b64decode(headers["Authorization"].split()[1]) == b"bot:pass word", headers
        assert headers["User-Agent"].startswith("exportd/"), headers
        run = place.status("once")["runs"][0]
        assert (body["export"], body["run"], body["windowFrom"]) == ("once", run["id"], run["window"]["from"]), body
        assert place.destination in body["error"] and receiver.requests[0][3] == body, body
        with open(f"{place.directory}/told") as file:
            told = [json.loads(line) for line in file]
        assert [notice["event"] for notice in told] == ["failed", "recovered"] and told[0] == body, told
        daemon.end()
        with open(daemon.journal) as journal:
            log = journal.read()
        assert "answered 500" in log and f"http://127.0.0.1:{receiver.port}:" in log, log
        assert "T0KEN" not in log and "word" not in log, log
    finally:
        receiver.close()


def test_a_webhook_that_hangs_holds_up_nothing_and_no_redirect_is_followed(place):
    receiver = Receiver("hang", 302)
    try:
        prepare(place, receiver)
        daemon = place.daemon()
        fail_for_good(place)
        place.wait_for("the webhook is called", 30, lambda: len(receiver.requests) == 1)
        mend(place)
        place.create("other", {"once": "yesterday"})
        place.wait_until_done("other")
        assert len(receiver.requests) == 1
        assert daemon.end(seconds=20) < 15
        # The next start tells it again; now it leads elsewhere, and then it is taken.
        daemon = place.daemon()
        place.wait_for("the notice is taken", 60, lambda: len(receiver.requests) == 3)
        daemon.end()
        assert [(method, path.split("?")[0]) for method, path, _, _ in receiver.requests] == [
            ("POST", "/hooks/T0KEN")] * 3, receiver.requests
        with open(daemon.journal) as journal:
            assert "no redirect is followed" in journal.read()
    finally:
        receiver.close()
