"""A program on a terminal, and what a person sees there."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time


class Screen:
    """Runs a program on a pseudo terminal of so many columns and rows, and keeps what it writes."""

    def __init__(self, *command, columns=120, rows=30, environment=None):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            # The size is set before the program looks at it.
            self._resize(0, columns, rows)
            os.environ.update({"TERM": "xterm", "NO_COLOR": "", **(environment or {})})
            os.execv(command[0], command)
        self.written = b""
        self.code = None

    @staticmethod
    def _resize(descriptor, columns, rows):
        fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns, rows):
        """The kernel tells the program by SIGWINCH."""
        self._resize(self.terminal, columns, rows)

    def type(self, text):
        os.write(self.terminal, text.encode())

    def read(self, seconds):
        """What comes in that time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and self._read_once(left):
            pass

    def _read_once(self, seconds):
        if not select.select([self.terminal], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.terminal, 65536)
        except OSError:  # the other end is closed
            data = b""
        self.written += data
        return bool(data)

    @property
    def frame(self):
        """The lines that were drawn last, as a whole."""
        frames = self.written.decode(errors="replace").split("\x1b[H")
        whole = [frame.split("\x1b[J")[0] for frame in frames[1:] if "\x1b[J" in frame]
        return [plain(line) for line in whole[-1].split("\r\n")] if whole else []

    def wait_for(self, what, condition, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition(self.frame):
                return self.frame
            self._read_once(0.2)
        raise AssertionError(f"{what}: not within {seconds} s: {self.frame or self.written}")

    def wait(self, seconds=30):
        """The exit code; everything it wrote is in `written` then."""
        end = time.monotonic() + seconds
        while self.code is None and time.monotonic() < end:
            self._read_once(0.1)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        self.read(0.1)
        if self.code is None:
            raise AssertionError(f"it has not ended within {seconds} s: {self.written[-2000:]}")
        return self.code

    def close(self):
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.terminal)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def plain(text):
    """Without colours and what wipes the rest of a line."""
    return re.sub(r"\x1b\[[0-9;]*[mK]", "", text)
