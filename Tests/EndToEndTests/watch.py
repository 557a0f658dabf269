"""`exportd status --watch` on a terminal."""
import os
import signal

from screen import Screen


def watch(place, *arguments, **options):
    return Screen(place.binary, "status", *arguments, "--watch", "--config", place.configuration, **options)


def holds(text):
    return lambda frame: any(text in line for line in frame)


def test_watch_shows_a_daemon_that_comes_and_goes(place):
    place.sample(events=2000)
    with watch(place) as screen:
        screen.wait_for("no daemon yet", holds("The daemon is not running"))
        daemon = place.daemon()
        screen.wait_for("the daemon", holds(f"(pid {daemon.pid})"))
        done = screen.wait_for("its work", lambda frame: any(
            line.startswith("charged-yesterday") and " DONE " in line for line in frame))
        assert not any("  " in line and len(line) > 120 for line in done), done
        daemon.end()
        screen.wait_for("the daemon has gone", holds("The daemon is not running"))
        daemon = place.daemon()
        screen.wait_for("the daemon is back", holds(f"(pid {daemon.pid})"))
        screen.type("\x03")
        assert screen.wait() == 0
        # The screen from before is back, with its cursor, and the last picture on it.
        screen_before = screen.written.decode().rpartition("\x1b[?1049l")
        assert "\x1b[?25h" in screen_before[0] and "charged-yesterday" in screen_before[2], screen_before[2]
        assert "\x1b[31m" in screen.written.decode() or "\x1b[32m" in screen.written.decode()


def test_watch_keeps_to_the_terminal(place):
    place.sample(events=500)
    for number in range(30):
        place.define(f"once-{number:02}", {"once": "yesterday"})
    daemon = place.daemon()
    place.wait_until_done("once-29")
    with watch(place, columns=80, rows=20, environment={"NO_COLOR": "1"}) as screen:
        small = screen.wait_for("the first picture", holds("more lines than fit"))
        assert len(small) == 20 and small[-1].endswith("Ctrl-C ends"), small
        screen.resize(200, 60)
        large = screen.wait_for("the larger picture", holds("once-29"))
        assert "DELIVERS" in "".join(large) and "DELIVERS" not in "".join(small), (small, large)
        screen.resize(80, 20)
        screen.wait_for("the smaller picture", lambda frame: len(frame) == 20)
        os.kill(screen.pid, signal.SIGTERM)
        assert screen.wait() == 0
        text = screen.written.decode()
        assert "\x1b[1m" not in text and "\x1b[2m" not in text and "\x1b[3" not in text, "colours with NO_COLOR"
    daemon.end()


def test_watch_gives_the_screen_back_while_it_is_stopped(place):
    place.sample(events=100)
    with watch(place, "named") as screen:
        assert screen.wait() == 1 and b"there is no export named" in screen.written, screen.written
    place.create("named", {"everyHours": 6})
    with watch(place, "named") as screen:
        screen.wait_for("one export", holds("It has not run yet"))
        screen.type("\x1a")
        screen.wait_for("its own screen is left", lambda _: screen.written.endswith(b"\x1b[?1049l"))
        pid, status = os.waitpid(screen.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), status
        before = len(screen.written)
        os.kill(screen.pid, signal.SIGCONT)
        screen.wait_for("and taken again", lambda _: b"\x1b[?1049h" in screen.written[before:])
        screen.type("\x03")
        assert screen.wait() == 0


def test_watch_needs_a_terminal(place):
    place.sample(events=100)
    refused = place.exportd("status", "--watch", code=64)
    assert "draws on a terminal" in refused.stderr, refused.stderr
    with watch(place, environment={"TERM": "dumb"}) as screen:
        assert screen.wait() == 64
    with watch(place, "--json") as screen:
        assert screen.wait() == 64
