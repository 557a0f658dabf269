"""A server for tests that behaves like Google Cloud Storage where the emulator does not: generations and preconditions,
resumable sessions that can be broken, tokens that are checked and end, CRC32C, error bodies as the service has them.

Sources: "Resumable uploads", "Perform resumable uploads", "Request preconditions", "HTTP status and error codes for JSON" of the
Cloud Storage documentation; RFC 7523, RFC 8693, AIP-4117. Run: gcs_server.py PORT.

What goes wrong is ordered for each bucket by POST /_test/BUCKET with a JSON object, see `Bucket.faults`.
"""
import base64
import json
import random
import re
import secrets
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

try:
    import google_crc32c

    def crc32c(data):
        return base64.b64encode(google_crc32c.Checksum(data).digest()).decode()
except ImportError:
    sys.exit("google-crc32c is missing: make readers")

PORT = int(sys.argv[1])
HERE = f"http://127.0.0.1:{PORT}"
QUANTUM = 256 << 10
SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"
LOCK = threading.RLock()
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                        serialization.NoEncryption()).decode()


class Token:
    """A token, until when it is good, and for how many requests."""

    def __init__(self, life, uses):
        self.until = time.time() + life
        self.uses = uses


TOKENS = {}
FEDERATED = set()
# How many tokens were given out to whom.
GIVEN = {}


def give_token(who):
    """Addresses say how tokens are: short@ ends after a second, withdrawn@ after three requests although it says an hour."""
    name = who.split("@")[0]
    says = 1 if name.startswith("short") else 3600
    token = secrets.token_urlsafe(24)
    TOKENS[token] = Token(says, 3 if name.startswith("withdrawn") else 1 << 30)
    GIVEN[who] = GIVEN.get(who, 0) + 1
    return token, says


class Session:
    def __init__(self, bucket, resource, total, condition):
        self.bucket, self.resource, self.total, self.condition = bucket, resource, total, condition
        self.data = bytearray()
        self.done = None
        self.puts = 0


class Bucket:
    def __init__(self):
        self.objects = {}
        self.sessions = {}
        self.log = []
        # wants_token: whether requests without a good token are refused.
        # breaks: [n, …]: each time a session is sent to, n bytes of the body are taken, then the connection ends.
        # short: [n, …]: so many bytes of the body are kept, and 308 says so.
        # lost: how many answers that complete an object are not sent.
        # status: [n, …]: what the next requests to a session are answered with, whatever they are.
        # gone: how many times a session is forgotten at its second chunk.
        # corrupt: how many objects are stored with a wrong byte.
        # refuse: {"METHOD": [status, reason, message]}.
        self.faults = {}

    def take(self, fault):
        left = self.faults.get(fault)
        if not left:
            return None
        if isinstance(left, int):
            self.faults[fault] = left - 1
            return True
        return left.pop(0)


BUCKETS = {}


class Refused(Exception):
    def __init__(self, status, reason, message):
        self.status, self.reason, self.message = status, reason, message


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self, limit=None):
        length = int(self.headers.get("Content-Length") or 0)
        data = bytearray()
        while len(data) < (length if limit is None else min(limit, length)):
            piece = self.rfile.read(min(1 << 16, length - len(data)))
            if not piece:
                raise ConnectionError
            data += piece
        return bytes(data)

    def answer(self, status, document=None, headers=(), raw=None):
        data = raw if raw is not None else (b"" if document is None else json.dumps(document).encode())
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json; charset=UTF-8" if raw is None else "application/octet-stream")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, failure):
        self.answer(failure.status, {"error": {
            "code": failure.status, "message": failure.message,
            "errors": [{"message": failure.message, "domain": "global", "reason": failure.reason}]}})

    def handle_one(self):
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        try:
            for pattern, method in ROUTES:
                match = re.fullmatch(pattern, url.path)
                if match:
                    return method(self, query, *[unquote(part) for part in match.groups()])
            self.body()
            raise Refused(404, "notFound", "Not Found")
        except Refused as failure:
            self.refuse(failure)
        except ConnectionError:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = handle_one

    # Tokens

    def service_account(self, _, who):
        self.answer(200, {"type": "service_account", "project_id": "test", "private_key_id": "key-1",
                          "private_key": PEM, "client_email": f"{who}@test.iam.gserviceaccount.com",
                          "token_uri": HERE + "/token"})

    def form(self):
        assert self.headers["Content-Type"] == "application/x-www-form-urlencoded"
        return {name: values[0] for name, values in parse_qs(self.body().decode()).items()}

    def no_grant(self, why, status=400):
        self.answer(status, {"error": "invalid_grant", "error_description": why})

    def token(self, _):
        form = self.form()
        if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return self.no_grant("wrong grant_type")
        try:
            header = jwt.get_unverified_header(form["assertion"])
            claims = jwt.decode(form["assertion"], KEY.public_key(), algorithms=["RS256"],
                                # Google's own client names its usual endpoint, wherever it asks.
                                audience=[HERE + "/token", "https://oauth2.googleapis.com/token"],
                                options={"require": ["iss", "aud", "iat", "exp"]})
        except Exception as error:
            return self.no_grant(f"Invalid JWT Signature. {error}")
        if header.get("kid") != "key-1" or header.get("typ") != "JWT" or SCOPE not in claims.get("scope", "").split():
            return self.no_grant("wrong kid, typ or scope")
        if claims["exp"] - claims["iat"] > 3600 or abs(claims["iat"] - time.time()) > 60:
            return self.no_grant("Invalid JWT: Token must be a short-lived token (60 minutes). Check your iat and exp values")
        if claims["iss"].startswith("gone"):
            return self.no_grant("Invalid grant: account not found")
        with LOCK:
            token, life = give_token(claims["iss"])
        self.answer(200, {"access_token": token, "expires_in": life, "token_type": "Bearer"})

    def sts(self, _):
        form = self.form()
        wanted = {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "audience": "//iam/pool/provider",
                  "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
                  "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "subject_token": "other token"}
        if any(form.get(name) != value for name, value in wanted.items()):
            return self.no_grant("The subject token is not accepted")
        with LOCK:
            if form["scope"] == SCOPE:
                token, _ = give_token("federated@")
            else:
                token = "federated-" + secrets.token_urlsafe(24)
                FEDERATED.add(token)
        self.answer(200, {"access_token": token, "expires_in": 3600, "token_type": "Bearer",
                          "issued_token_type": "urn:ietf:params:oauth:token-type:access_token"})

    def impersonate(self, _, who):
        request = json.loads(self.body())
        if self.headers.get("Authorization", "").removeprefix("Bearer ") not in FEDERATED:
            return self.answer(403, {"error": {"code": 403, "message": "Permission denied", "status": "PERMISSION_DENIED"}})
        assert request == {"scope": [SCOPE], "lifetime": "3600s"}, request
        with LOCK:
            token, life = give_token(who)
        expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + life))
        self.answer(200, {"accessToken": token, "expireTime": expires})

    def metadata(self, _):
        if self.headers.get("Metadata-Flavor") != "Google":
            return self.answer(403)
        with LOCK:
            token, life = give_token("default@")
        self.answer(200, {"access_token": token, "expires_in": life, "token_type": "Bearer"})

    def subject(self, _):
        if self.headers.get("X-Asked") != "yes":
            return self.answer(403)
        self.answer(200, {"id_token": "other token", "more": [1]})

    def given(self, _):
        self.answer(200, GIVEN)

    # Buckets

    def order(self, _, name):
        if self.command == "GET":
            bucket = BUCKETS[name]
            return self.answer(200, {"sessions": [session.resource["name"] for session in bucket.sessions.values()
                                                  if not session.done], "log": bucket.log})
        faults = json.loads(self.body() or b"{}")
        with LOCK:
            BUCKETS.setdefault(name, Bucket()).faults = faults
        self.answer(200, {})

    def bucket(self, name, what):
        with LOCK:
            bucket = BUCKETS.get(name)
        if bucket is None:
            self.body()
            raise Refused(404, "notFound", "The specified bucket does not exist.")
        with LOCK:
            bucket.log.append(what)
            if bucket.faults.get("wants_token"):
                token = TOKENS.get(self.headers.get("Authorization", "").removeprefix("Bearer "))
                if token is None or token.until < time.time() or token.uses <= 0:
                    bucket.log[-1] += " 401"
                    self.body()
                    raise Refused(401, "authError", "Invalid Credentials")
                token.uses -= 1
            refusal = bucket.faults.get("refuse", {}).get(self.command)
        if refusal:
            self.body()
            raise Refused(*refusal)
        return bucket

    @staticmethod
    def hold(bucket, name, condition):
        there = bucket.objects.get(name)
        generation = there[0]["generation"] if there else "0"
        if condition is not None and condition != generation:
            raise Refused(412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.")

    def store(self, bucket, resource, data, condition):
        """Complete at once, or not at all."""
        name = resource["name"]
        with LOCK:
            self.hold(bucket, name, condition)
            if bucket.take("corrupt"):
                data = data[:-1] + bytes([data[-1] ^ 1])
            elif resource.get("crc32c", crc32c(data)) != crc32c(data):
                raise Refused(400, "invalid", f'Provided CRC32C "{resource["crc32c"]}" doesn\'t match calculated CRC32C '
                                              f'"{crc32c(data)}".')
            there = bucket.objects.get(name)
            generation = str(int(there[0]["generation"]) + 1 if there else random.randrange(10**15, 10**16))
            stored = {"kind": "storage#object", "name": name, "size": str(len(data)), "crc32c": crc32c(data),
                      "generation": generation, "metageneration": "1", "metadata": resource.get("metadata", {}),
                      "storageClass": resource.get("storageClass", "STANDARD"), "contentType": resource.get("contentType")}
            bucket.objects[name] = (stored, data)
            return stored, bucket.take("lost")

    def complete(self, stored, is_lost):
        if is_lost:
            raise ConnectionError
        self.answer(200, stored)

    def uploads(self, query, name):
        kind = query.get("uploadType")
        bucket = self.bucket(name, f"{self.command} {kind}{' query' if query.get('upload_id') and self.is_query() else ''}")
        if "upload_id" in query:
            return self.session(bucket, query["upload_id"])
        if kind == "multipart":
            boundary = b"--" + re.search(r'boundary="?([^";]+)', self.headers["Content-Type"]).group(1).encode()
            body = self.body().removesuffix(b"\r\n")
            assert body.startswith(boundary + b"\r\n") and body.endswith(b"\r\n" + boundary + b"--")
            body = body[len(boundary) + 2:-len(boundary) - 4]
            first, second = body.split(b"\r\n" + boundary + b"\r\n", 1)
            resource = json.loads(first.split(b"\r\n\r\n", 1)[1])
            return self.complete(*self.store(bucket, resource, second.split(b"\r\n\r\n", 1)[1],
                                             query.get("ifGenerationMatch")))
        assert kind == "resumable"
        resource = json.loads(self.body())
        with LOCK:
            self.hold(bucket, resource["name"], query.get("ifGenerationMatch"))
            id = secrets.token_urlsafe(24)
            bucket.sessions[id] = Session(bucket, resource, int(self.headers["X-Upload-Content-Length"]),
                                          query.get("ifGenerationMatch"))
        self.answer(200, headers=[("Location", f"{HERE}{urlsplit(self.path).path}?uploadType=resumable&upload_id={id}")])

    def is_query(self):
        return self.headers.get("Content-Range", "").startswith("bytes */")

    def incomplete(self, session):
        kept = [("Range", f"bytes=0-{len(session.data) - 1}")] if session.data else []
        self.answer(308, headers=kept)

    def session(self, bucket, id):
        session = bucket.sessions.get(id)
        if self.command == "PUT":
            status = bucket.take("status")
            if status:
                self.body()
                raise Refused(status, "backendError", "Backend Error")
        if session is None:
            self.body()
            raise Refused(404, "notFound", "Not Found")
        if self.command == "DELETE":
            if session.done:
                raise Refused(400, "invalid", "The upload is complete")
            del bucket.sessions[id]
            return self.answer(499)
        session.puts += 1
        if session.puts > 1 and bucket.take("gone"):
            self.body()
            del bucket.sessions[id]
            raise Refused(410, "gone", "Gone")
        if session.done:
            self.body()
            return self.answer(200, session.done)
        if self.is_query():
            assert self.headers["Content-Range"] == f"bytes */{session.total}"
            return self.incomplete(session)
        start, end, total = map(int, re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", self.headers["Content-Range"]).groups())
        length = end - start + 1
        assert total == session.total and int(self.headers["Content-Length"]) == length
        if start > len(session.data) or length % QUANTUM and end + 1 != total:
            self.body()
            raise Refused(400, "invalid", "Invalid request: chunk is not a multiple of 256 KiB, or leaves a gap.")
        cut, short = bucket.take("breaks"), None
        if cut is None:
            short = bucket.take("short")
        data = self.body(cut)
        kept = data[:cut if cut is not None else short]
        if len(kept) < length:
            kept = kept[:len(kept) // QUANTUM * QUANTUM]
        # What is known already is not taken again.
        session.data += kept[len(session.data) - start:]
        if cut is not None:
            raise ConnectionError
        if len(session.data) < total:
            return self.incomplete(session)
        session.done, is_lost = self.store(bucket, session.resource, bytes(session.data), session.condition)
        session.data = bytearray()
        self.complete(session.done, is_lost)

    def objects(self, query, name):
        bucket = self.bucket(name, "list")
        with LOCK:
            names = sorted(key for key in bucket.objects if key.startswith(query.get("prefix", "")))
            after = query.get("pageToken", "")
            # Pages are small, so that there are some.
            page = [key for key in names if key > after][:50]
            document = {"kind": "storage#objects"}
            if page:
                document["items"] = [{name: bucket.objects[key][0][name] for name in ("name", "size")} for key in page]
            if page and page[-1] != names[-1]:
                document["nextPageToken"] = page[-1]
        self.answer(200, document)

    def object(self, query, name, key):
        bucket = self.bucket(name, f"{self.command} {query.get('alt', 'object')}")
        with LOCK:
            if key not in bucket.objects:
                raise Refused(404, "notFound", f"No such object: {name}/{key}")
            stored, data = bucket.objects[key]
            if self.command == "DELETE":
                self.hold(bucket, key, query.get("ifGenerationMatch"))
                del bucket.objects[key]
                return self.answer(204)
        if query.get("alt") == "media":
            return self.answer(200, raw=data, headers=[("X-Goog-Hash", "crc32c=" + stored["crc32c"])])
        self.answer(200, stored)


ROUTES = [
    (r"/token", Handler.token),
    (r"/sts", Handler.sts),
    (r"/v1/projects/-/serviceAccounts/([^/]+):generateAccessToken", Handler.impersonate),
    (r"/computeMetadata/v1/instance/service-accounts/default/token", Handler.metadata),
    (r"/_test/subject", Handler.subject),
    (r"/_test/given", Handler.given),
    (r"/_test/service-account/([^/]+)", Handler.service_account),
    (r"/_test/([^/]+)", Handler.order),
    (r"/upload/storage/v1/b/([^/]+)/o", Handler.uploads),
    (r"/storage/v1/b/([^/]+)/o", Handler.objects),
    (r"(?:/download)?/storage/v1/b/([^/]+)/o/([^/]+)", Handler.object),
]


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        # What the other side broke off is no error of this one.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


Server(("127.0.0.1", PORT), Handler).serve_forever()
