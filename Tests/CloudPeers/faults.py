"""A proxy on loopback that makes happen what networks and servers do to clients, in an order that a seed decides.

faults.py PORT UPSTREAM-PORT [--cloud s3|gcs|azure]

It hands requests on to 127.0.0.1:UPSTREAM-PORT. POST /-/schedule?seed=N begins a schedule: some of the next requests meet a
fault each, a bounded number of them, so that whoever tries again succeeds at last; which fault and how long after the one
before follows from the seed alone. GET /-/schedule tells what has happened so far, one fault a line; POST /-/end ends it.

Nothing here knows a cloud, save `Cloud` and its kinds: what its errors look like, which faults it has, and what in a request or
an answer can be wrong so that the protocol shows it. A byte is corrupted in bodies that are sent, and in answers to what changes
something. What is read, objects and lists, is left alone: nothing in the protocol would show it (TLS does). The same is true of
requests for tokens. What begins with /_test/, the orders of tests to the server behind, goes through as it is.
"""

import argparse
import asyncio
import json
import random
import re
import socket
import struct
import urllib.parse

parser = argparse.ArgumentParser()
parser.add_argument("port", type=int)
parser.add_argument("upstream", type=int)
parser.add_argument("--cloud", choices=["s3", "gcs", "azure"], default="s3")
options = parser.parse_args()

MOST_FAULTS = 6
LONGEST_GAP = 8
STRIDE = 1 << 16


class Cloud:
    """What is particular to a cloud."""

    FAULTS = ["refuse", "reset-request", "reset-answer", "stall", "500", "503", "429", "corrupt-request", "corrupt-answer",
              "lose-answer"]
    # What is answered with Retry-After.
    WITH_PAUSE = ("503", "429")

    @staticmethod
    def error(status):
        """- Returns: the content type, the body, and more lines of the head."""
        raise NotImplementedError

    @staticmethod
    def may_fail_with_200(_):
        return False

    @staticmethod
    def is_exempt(request):
        return request.path.startswith("/_test/")

    @staticmethod
    def is_for_token(_):
        return False

    @staticmethod
    def data(_):
        """From where on a byte of this body may be corrupted, and up to where. Asked only where `has_parts`."""
        raise NotImplementedError

    @staticmethod
    def has_parts(_):
        """Whether something in the body would be wrong without anybody noticing, such as the name of an object."""
        return False

    @staticmethod
    def handed_on(request, text):
        """The head of an answer as the client shall see it."""
        return text

    @staticmethod
    def corrupted(text, where):
        """The head of an answer without a body, with something wrong in it that is no body but tells of one."""
        return text


class S3(Cloud):
    """"Error responses" in the API Reference of Amazon S3."""

    # The order is part of what a seed means.
    FAULTS = ["refuse", "reset-request", "reset-answer", "stall", "500", "503", "429", "307", "corrupt-request",
              "corrupt-answer", "lose-answer", "200-with-error", "200-with-error-done"]
    WITH_PAUSE = ("429",)
    CODES = {500: "InternalError", 503: "SlowDown", 429: "TooManyRequests", 307: "TemporaryRedirect"}

    @staticmethod
    def error(status):
        text = (f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{S3.CODES[status]}</Code>'
                "<Message>A fault of the proxy.</Message></Error>")
        return "application/xml", text.encode(), b""

    @staticmethod
    def may_fail_with_200(request):
        """CompleteMultipartUpload sends its status before it knows whether it succeeds."""
        return request.method == "POST" and "uploadId" in request.query

    @staticmethod
    def is_exempt(_):
        return False


class GCS(Cloud):
    """"HTTP status and error codes for JSON" of Cloud Storage. Its 308 says how much of an upload is there and sends nobody
    elsewhere, so there is no fault that does."""

    REASONS = {500: "backendError", 503: "backendError", 429: "rateLimitExceeded"}

    @staticmethod
    def error(status):
        message = "A fault of the proxy."
        return "application/json; charset=UTF-8", json.dumps({"error": {
            "code": status, "message": message,
            "errors": [{"message": message, "domain": "global", "reason": GCS.REASONS[status]}]}}).encode(), b""

    @staticmethod
    def is_for_token(request):
        return request.path in ("/token", "/sts") or request.path.endswith((":generateAccessToken", "/token"))

    @staticmethod
    def has_parts(request):
        """What begins an upload names the object, and no checksum is of the name. A chunk is data."""
        return request.method == "POST"

    @staticmethod
    def data(body):
        """Of multipart/related, the second part; nothing where there is none."""
        boundary = body[:body.find(b"\r\n")]
        first = body.find(b"\r\n\r\n", body.find(b"\r\n" + boundary, 1) + 1) + 4
        last = body.rfind(b"\r\n" + boundary)
        return (first, last) if boundary.startswith(b"--") and first < last else (0, 0)

    @staticmethod
    def handed_on(request, text):
        """The address of an upload is whole, and would lead past the proxy."""
        return re.sub(rb"(?im)^(Location: https?://)[^/\r]+", rb"\g<1>" + request.headers["host"].encode(), text)


class Azure(Cloud):
    """"Status and error codes" of Azure Storage. It sends nobody elsewhere."""

    CODES = {500: "InternalError", 503: "ServerBusy", 429: "TooManyRequests"}

    @staticmethod
    def error(status):
        text = (f'\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>{Azure.CODES[status]}</Code>'
                "<Message>A fault of the proxy.\nRequestId:0\nTime:2026-01-01T00:00:00.0000000Z</Message></Error>")
        return "application/xml", text.encode(), b"x-ms-error-code: %s\r\n" % Azure.CODES[status].encode()

    @staticmethod
    def is_for_token(request):
        return request.path.endswith("/oauth2/v2.0/token") or request.path in ("/metadata/identity/oauth2/token", "/msi/token")

    @staticmethod
    def corrupted(text, where):
        """What was done is answered without a body: what can be wrong is what the service says it has received."""
        found = re.search(rb"(?i)\r\nContent-MD5: ", text)
        if not found:
            return text
        at = found.end() + int(where * 20)
        return text[:at] + bytes([text[at] ^ 0x01]) + text[at + 1:]


CLOUD = {"s3": S3, "gcs": GCS, "azure": Azure}[options.cloud]


class Schedule:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.left = self.random.randint(1, MOST_FAULTS)
        # Some schedules are about one kind of fault, so that it comes several times in a row.
        self.kinds = CLOUD.FAULTS if self.random.random() < 0.7 else [self.random.choice(CLOUD.FAULTS)]
        self.gap = self.random.randint(0, LONGEST_GAP)
        self.requests = 0
        self.happened = []

    def fault(self, request):
        """What happens to the next request, None for nothing; with a number from 0 to 1 that says where."""
        self.requests += 1
        if self.left == 0 or self.gap > 0:
            self.gap -= 1
            return None, 0
        kind, where = self.random.choice(self.kinds), self.random.random()
        if kind.startswith("200") and not CLOUD.may_fail_with_200(request):
            return None, 0
        if kind.startswith("corrupt") and CLOUD.is_for_token(request):
            return None, 0
        if kind == "corrupt-request" and not request.length:
            return None, 0
        if kind == "corrupt-answer" and request.method in ("GET", "HEAD"):
            return None, 0
        self.left -= 1
        self.gap = self.random.choice([0, 0, self.random.randint(0, LONGEST_GAP)])
        self.happened.append(f"{self.requests} {request.method} {request.target}: {kind} at {where:.3f}")
        return kind, where


schedule = None


class Head:
    """The first lines of a request or an answer."""

    def __init__(self, text):
        self.text = text
        lines = text.decode("latin-1").split("\r\n")
        self.first = lines[0]
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            if name:
                self.headers[name.lower()] = value.strip()
        self.length = int(self.headers.get("content-length", 0))

    async def read(reader):
        return Head(await reader.readuntil(b"\r\n\r\n"))


class Request(Head):
    def __init__(self, head):
        self.__dict__ = head.__dict__
        self.method, self.target, _ = self.first.split(" ", 2)
        self.path, _, query = self.target.partition("?")
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))


def reset(writer):
    """Ends a connection without a farewell."""
    connection = writer.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def copy(reader, writer, length, corrupt=None, stop=None):
    """Hands on a body; one byte of it changed, or only so many bytes of it. Gives False when it was stopped."""
    done = 0
    while done < length:
        piece = await reader.read(min(STRIDE, length - done))
        if not piece:
            raise ConnectionResetError
        if corrupt is not None and done <= corrupt < done + len(piece):
            piece = bytearray(piece)
            piece[corrupt - done] ^= 0x01
        if stop is not None and done + len(piece) >= stop:
            writer.write(bytes(piece[:stop - done]))
            await writer.drain()
            return False
        writer.write(bytes(piece))
        await writer.drain()
        done += len(piece)
    return True


class Refusing:
    """The listening socket, which is closed for a moment when connections are to be refused."""

    def __init__(self):
        self.server = None
        self.closed = asyncio.Lock()

    async def open(self):
        self.server = await asyncio.start_server(serve, "127.0.0.1", options.port, reuse_address=True, limit=1 << 20,
                                                 backlog=256)

    async def close_for(self, seconds):
        async with self.closed:
            # Not Server.close(): it would wait for connections that go on.
            for listening in self.server.sockets:
                asyncio.get_running_loop().remove_reader(listening.fileno())
            self.server.close()
            await asyncio.sleep(seconds)
            await self.open()


refusing = None


async def control(request, reader, writer):
    global schedule
    await reader.readexactly(request.length)
    body = b""
    if request.path == "/-/end":
        schedule = None
    elif request.method == "POST":
        schedule = Schedule(int(request.query["seed"]))
    elif schedule:
        body = "\n".join(schedule.happened).encode()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    await writer.drain()


async def serve(reader, writer):
    try:
        while True:
            request = Request(await Head.read(reader))
            if request.path.startswith("/-/"):
                await control(request, reader, writer)
            elif not await forward(request, reader, writer):
                return
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


def answer(status, more=b""):
    kind, body, lines = CLOUD.error(status)
    return (b"HTTP/1.1 %d Fault\r\nContent-Type: %s\r\n%sContent-Length: %d\r\n\r\n"
            % (status, kind.encode(), lines + more, len(body))), body


async def send_body(request, reader, upstream, kind, where):
    """Gives False when it was stopped."""
    if kind == "corrupt-request" and CLOUD.has_parts(request):
        body = bytearray(await reader.readexactly(request.length))
        first, last = CLOUD.data(body)
        if first < last:
            body[first + int(where * (last - first))] ^= 0x01
        upstream.write(bytes(body))
        await upstream.drain()
        return True
    return await copy(
        reader, upstream, request.length,
        corrupt=int(where * request.length) if kind == "corrupt-request" else None,
        stop=int(where * request.length) if kind == "reset-request" and request.length else None)


async def forward(request, reader, writer):
    """Gives False when the connection is over."""
    kind, where = schedule.fault(request) if schedule and not CLOUD.is_exempt(request) else (None, 0)
    if kind == "refuse":
        reset(writer)
        asyncio.ensure_future(refusing.close_for(0.02 + where * 0.1))
        return False
    if kind in ("500", "503", "429", "307"):
        early = where < 0.3 and request.length
        if not early:
            await reader.readexactly(request.length)
        more = b"Retry-After: %d\r\n" % (where > 0.7) if kind in CLOUD.WITH_PAUSE else b""
        if kind == "307":
            more = b"Location: http://%s%s\r\n" % (request.headers["host"].encode(), request.target.encode())
        head, body = answer(int(kind), more + (b"Connection: close\r\n" if early else b""))
        writer.write(head + (b"" if request.method == "HEAD" else body))
        await writer.drain()
        return not early
    if kind == "200-with-error":
        await reader.readexactly(request.length)
        _, body = answer(500)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        return True
    upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", options.upstream, limit=1 << 20)
    try:
        upstream.write(request.text)
        if not await send_body(request, reader, upstream, kind, where):
            reset(upstream)
            reset(writer)
            return False
        if kind == "stall":
            await asyncio.sleep(0.05 + where * 0.3)
        head = await Head.read(upstream_reader)
        while head.first.split(" ")[1] == "100":
            head = await Head.read(upstream_reader)
        head = Head(CLOUD.handed_on(request, head.text))
        has_body = request.method != "HEAD" and head.first.split(" ")[1] not in ("204", "304")
        length = head.length if has_body else 0
        if kind in ("lose-answer", "reset-request"):
            await upstream_reader.readexactly(length)
            reset(writer)
            return False
        if kind == "200-with-error-done" and head.first.split(" ")[1] == "200":
            await upstream_reader.readexactly(length)
            _, body = answer(500)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
            return True
        if kind == "reset-answer":
            # Somewhere in the head or in the body.
            stop = int(where * (len(head.text) + length))
            writer.write(head.text[:stop])
            await writer.drain()
            if stop > len(head.text):
                await copy(upstream_reader, writer, length, stop=stop - len(head.text))
            await asyncio.sleep(0.01)
            reset(writer)
            return False
        writer.write(CLOUD.corrupted(head.text, where) if kind == "corrupt-answer" and not length else head.text)
        await copy(upstream_reader, writer, length,
                   corrupt=int(where * length) if kind == "corrupt-answer" and length else None)
        await writer.drain()
        return True
    finally:
        upstream.close()


async def main():
    global refusing
    refusing = Refusing()
    await refusing.open()
    await asyncio.Event().wait()


asyncio.run(main())
