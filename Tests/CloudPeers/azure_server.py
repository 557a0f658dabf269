"""A server for tests that behaves like Azure Blob Storage for block blobs, under addresses as emulators have them:
http://127.0.0.1:PORT/testaccount/CONTAINER/BLOB. Blobs are in memory.

azure_server.py PORT [--most-blocks N] [--most-uncommitted N] [--largest-put BYTES] [--largest-block BYTES]

Whoever asks must show who they are, see azure_signatures.py; tokens are given out on the same port, see azure_tokens.py. What is
done then is in azure_blobs.py.

POST /_test/CONTAINER with a JSON object makes a container and orders what goes wrong there, see `Container.faults`; GET tells
what is there and what was asked for. POST /_test/tokens orders how tokens are, see `azure_tokens.ORDERS`. /_test/account tells
the key, /_test/sas?container=C&permissions=racwdl gives a shared access signature (&start, &expiry, &blob=NAME or &account=1).
"""
import argparse
import datetime
import json
import re
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

from azure.storage.blob import generate_account_sas, generate_blob_sas, generate_container_sas

import azure_signatures
import azure_tokens
from azure_blobs import CONTAINERS, NOT_XML, Container, Operations, md5
from azure_signatures import ACCOUNT, KEY, Refused

parser = argparse.ArgumentParser()
parser.add_argument("port", type=int)
parser.add_argument("--most-blocks", type=int, default=50_000)
parser.add_argument("--most-uncommitted", type=int, default=100_000)
parser.add_argument("--largest-put", type=int, default=5000 << 20)
parser.add_argument("--largest-block", type=int, default=4000 << 20)
options = Operations.limits = parser.parse_args()

LOCK = threading.RLock()
START = '\ufeff<?xml version="1.0" encoding="utf-8"?>'
KINDS = {
    ("PUT", True, None): "put-blob", ("PUT", True, "block"): "put-block", ("PUT", True, "blocklist"): "put-block-list",
    ("GET", True, "blocklist"): "get-block-list", ("GET", True, None): "get-blob", ("HEAD", True, None): "get-properties",
    ("DELETE", True, None): "delete-blob", ("PUT", True, "lease"): "lease", ("GET", False, "list"): "list-blobs",
    ("PUT", False, None): "create-container", ("DELETE", False, None): "delete-container",
    ("GET", False, None): "get-container", ("HEAD", False, None): "get-container",
}


class Handler(Operations, BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self, limit=None):
        if self.headers.get("Transfer-Encoding") or self.command in ("PUT", "POST") and "Content-Length" not in self.headers:
            self.close_connection = True
            raise Refused(411, "MissingContentLengthHeader", "The Content-Length header was not specified.")
        length = int(self.headers.get("Content-Length") or 0)
        data = self.rfile.read(length if limit is None else min(limit, length))
        if limit is not None or len(data) < length:
            raise ConnectionError
        return data

    def answer(self, status, data=b"", headers=(), kind="application/xml"):
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": len(data), "x-ms-request-id": self.id,
                            "x-ms-version": self.headers.get("x-ms-version", "2021-12-02"), **dict(headers)}.items():
            self.send_header(name, str(value))
        if "x-ms-client-request-id" in self.headers:
            self.send_header("x-ms-client-request-id", self.headers["x-ms-client-request-id"])
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def document(self, text, headers=()):
        self.answer(200, (START + text).encode(), headers)

    def json(self, document, status=200, headers=()):
        self.answer(status, json.dumps(document).encode(), headers, "application/json; charset=utf-8")

    def refuse(self, failure):
        if failure.status == 304:
            return self.answer(304)
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
        more = "".join(f"<{name}>{escape(NOT_XML.sub('?', text))}</{name}>" for name, text in failure.more.items())
        self.answer(failure.status, f"{START}<Error><Code>{failure.code}</Code><Message>{escape(failure.message)}\nRequestId:"
                    f"{self.id}\nTime:{now}</Message>{more}</Error>".encode(),
                    {"x-ms-error-code": failure.code, **failure.headers})

    def handle_one(self):
        self.id = str(uuid.uuid4())
        path, _, query = self.path.partition("?")
        self.query = dict(parse_qsl(query, keep_blank_values=True))
        try:
            token = re.fullmatch(r"/([^/]+)/oauth2/v2\.0/token", path)
            if token and self.command == "POST":
                with LOCK:
                    form = dict(parse_qsl(self.body().decode(), keep_blank_values=True))
                    return self.json(azure_tokens.client_credentials(unquote(token[1]), form))
            if path in ("/metadata/identity/oauth2/token", "/msi/token"):
                with LOCK:
                    return self.json(azure_tokens.managed_identity(self.query, self.headers, path == "/msi/token"))
            if path.startswith("/_test/"):
                return self.control(unquote(path.removeprefix("/_test/")))
            self.store(*[unquote(part) for part in (path[1:].split("/", 2) + ["", ""])[:3]])
        except azure_tokens.NoToken as failure:
            again = {} if failure.retry_after is None else {"Retry-After": failure.retry_after}
            self.json(failure.document, failure.status, again)
        except Refused as failure:
            self.refuse(failure)
        except ConnectionError:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_one

    # For tests

    def control(self, word):
        if word == "account":
            return self.json({"account": ACCOUNT, "key": KEY, "tenant": azure_tokens.TENANT, "client": azure_tokens.CLIENT,
                              "secret": azure_tokens.SECRET, "identity_header": azure_tokens.IDENTITY_HEADER})
        if word == "given":
            return self.json(azure_tokens.GIVEN)
        if word == "sas":
            return self.answer(200, self.sas().encode(), kind="text/plain")
        if self.command == "POST":
            orders = json.loads(self.body() or b"{}")
            with LOCK:
                if word == "tokens":
                    azure_tokens.ORDERS.update(orders)
                else:
                    CONTAINERS.setdefault(word, Container()).faults = orders
            return self.json({})
        with LOCK:
            if word not in CONTAINERS:
                return self.json({}, 404)
            container = CONTAINERS[word]
            self.json({"sessions": sorted(container.blocks), "log": container.log, "blobs": {
                name: {"tier": blob.tier or "Hot", "metadata": blob.metadata, "md5": blob.md5, "blocks": len(blob.blocks()),
                       "size": blob.size, "type": blob.properties.get("content-type"),
                       "is_leased": bool(blob.lease and blob.lease.is_active())}
                for name, blob in container.blobs.items()}})

    def sas(self):
        expiry = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        common = {"account_key": KEY, "permission": self.query.get("permissions", "racwdl"),
                  "expiry": self.query.get("expiry", expiry), "start": self.query.get("start")}
        if "account" in self.query:
            return generate_account_sas(ACCOUNT, resource_types="co", **common)
        if "blob" in self.query:
            return generate_blob_sas(ACCOUNT, self.query["container"], self.query["blob"], **common)
        return generate_container_sas(ACCOUNT, self.query["container"], **common)

    # For everybody

    def store(self, account, bucket, name):
        kind = KINDS.get((self.command, bool(name), self.query.get("comp")))
        with LOCK:
            container = CONTAINERS.get(bucket)
            if container and kind:
                self.log, self.entry = container.log, len(container.log)
                self.log.append(" ".join(filter(None, [self.command, kind, name or self.query.get("prefix")])))
                cut, stall = container.take("breaks", kind), container.take("stall", kind)
                failure = container.take("fail", kind)
        if container and kind and cut is not None:
            self.body(cut)
        body = self.body()
        if kind is None or not name and self.query.get("restype") != "container":
            raise Refused(405, "UnsupportedHttpVerb", "The resource doesn't support specified Http Verb.")
        if account != ACCOUNT:
            raise Refused(400, "InvalidUri", "The requested URI does not represent any resource on the server.")
        if container and stall:
            time.sleep(stall)
        if container and failure:
            status, code, seconds = failure
            raise Refused(status, code, "The server is made to fail.", {},
                          {} if seconds is None else {"Retry-After": seconds})
        self.md5 = md5(body)
        with LOCK:
            faults = container.faults if container else {}
            try:
                azure_signatures.check(self, self.query, kind, bucket, name, not container or name not in container.blobs, faults)
            except Refused as refusal:
                if container and refusal.status == 401:
                    self.log[self.entry] += " 401"
                raise
            if {kind, "*"} & set(faults.get("deny", [])):
                raise Refused(403, "AuthorizationPermissionMismatch", "This request is not authorized to perform this operation "
                              "using this permission.")
            refusal = faults.get("refuse", {}).get(kind) or faults.get("refuse", {}).get("*")
            if refusal:
                raise Refused(*refusal)
            if kind == "create-container":
                return self.create_container(bucket)()
            if container is None:
                raise Refused(404, "ContainerNotFound", "The specified container does not exist.")
            operation = getattr(self, kind.replace("-", "_"))
            respond = operation(container, bucket) if not name else operation(container, name, body)
            is_lost = container.take("lost", kind)
        if is_lost:
            raise ConnectionError
        respond()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        # What the other side broke off is no error of this one.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


Server(("127.0.0.1", options.port), Handler).serve_forever()
