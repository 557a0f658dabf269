"""An S3 server on loopback that looks at everything a client promises, for tests. Objects are in memory.

checking.py PORT [--region R] [--minimum-part BYTES] [--token-life SECONDS] [--wrong-region redirect|malformed]

Signatures are checked by botocore's own code (S3SigV4Auth), so that they are held against something that is not ours.
`x-amz-content-sha256`, `x-amz-checksum-*` and `Content-MD5` must fit the body; parts must be in order, large enough and at
most 10,000. Error codes are those of "Error responses" in the Amazon S3 API Reference.

The key CHECKING with the secret `checking-secret` is good for ever; AKID0001 with secret0001 and token0001 (and so on, what
metadata.py gives out) for --token-life seconds from when it is first seen, or until somebody asks for
/-/expire. /-/keys tells which keys were seen, /-/uploads how many uploads are open, and /-/properties?KEY with what properties
an object was stored.
"""

import argparse
import base64
import hashlib
import json
import re
import threading
import time
import urllib.parse
import xml.etree.ElementTree as ElementTree
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

parser = argparse.ArgumentParser()
parser.add_argument("port", type=int)
parser.add_argument("--region", default="us-east-1")
parser.add_argument("--minimum-part", type=int, default=5 << 20)
parser.add_argument("--token-life", type=float, default=3600)
parser.add_argument("--wrong-region", choices=["redirect", "malformed"], default="malformed")
options = parser.parse_args()

KEY, SECRET = "CHECKING", "checking-secret"
NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
MOST_PARTS = 10_000
KEPT_HEADERS = ("x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-storage-class",
                "x-amz-tagging", "content-type")


class Refusal(Exception):
    def __init__(self, status, code, message="", headers=None, more=""):
        super().__init__(code)
        self.status, self.code, self.message, self.headers, self.more = status, code, message, headers or {}, more


class Stored:
    def __init__(self, body, headers, etag=None, checksum=None):
        self.body = body
        self.properties = {name.lower(): value for name, value in headers.items()
                           if name.lower() in KEPT_HEADERS or name.lower().startswith("x-amz-meta-")}
        self.etag = etag or '"%s"' % hashlib.md5(body).hexdigest()
        self.checksum = checksum or base64.b64encode(hashlib.sha256(body).digest()).decode()


class Upload:
    def __init__(self, bucket, key, headers):
        self.bucket, self.key, self.headers = bucket, key, dict(headers.items())
        self.algorithm = headers.get("x-amz-checksum-algorithm")
        self.parts = {}


lock = threading.RLock()
buckets = {}
uploads = {}
begun = 0
first_seen = {}
expired = set()


def crc32c_table():
    table = []
    for number in range(256):
        for _ in range(8):
            number = number >> 1 ^ (0x82F63B78 if number & 1 else 0)
        table.append(number)
    return table


CRC32C = crc32c_table()


def crc32c(body):
    value = 0xFFFFFFFF
    for byte in body:
        value = value >> 8 ^ CRC32C[(value ^ byte) & 255]
    return value ^ 0xFFFFFFFF


CHECKSUMS = {
    "crc32": lambda body: zlib.crc32(body).to_bytes(4, "big"),
    "crc32c": lambda body: crc32c(body).to_bytes(4, "big"),
    "sha1": lambda body: hashlib.sha1(body).digest(),
    "sha256": lambda body: hashlib.sha256(body).digest(),
}


def secret_of(key, token):
    """The secret of a key, its token checked."""
    if key == KEY and token is None:
        return SECRET
    number = re.fullmatch(r"AKID(\d{4})", key)
    if not number:
        raise Refusal(403, "InvalidAccessKeyId", "The key is not known.")
    if token != "token" + number[1]:
        raise Refusal(400, "InvalidToken", "The token is malformed.")
    with lock:
        seen = first_seen.setdefault(key, time.monotonic())
        if key in expired or time.monotonic() - seen > options.token_life:
            raise Refusal(400, "ExpiredToken", "The provided token has expired.")
    return "secret" + number[1]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    # What comes in

    def handle_request(self):
        path, _, query = self.path.partition("?")
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        try:
            length = self.headers.get("Content-Length")
            body = self.rfile.read(int(length)) if length else b""
            if length and len(body) < int(length):
                self.close_connection = True
                return
            if path.startswith("/-/"):
                return self.control(path[3:], query)
            self.check_signature(path, query)
            self.check_body(body)
            bucket, _, key = urllib.parse.unquote(path[1:]).partition("/")
            with lock:
                self.perform(bucket, key, body)
        except Refusal as refusal:
            self.refuse(refusal)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_request

    def check_signature(self, path, query):
        form = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?SignedHeaders=([^,]+), ?"
            r"Signature=([0-9a-f]{64})", self.headers.get("Authorization", ""))
        if not form:
            raise Refusal(403, "AccessDenied", "There is no signature of version 4.")
        key, _, region, signed, signature = form.groups()
        secret = secret_of(key, self.headers.get("x-amz-security-token"))
        moment = self.headers.get("x-amz-date", "")
        try:
            sent = time.mktime(time.strptime(moment, "%Y%m%dT%H%M%SZ")) - time.timezone
        except ValueError:
            raise Refusal(403, "AccessDenied", "x-amz-date is missing or wrong.") from None
        if abs(time.time() - sent) > 900:
            raise Refusal(403, "RequestTimeTooSkewed", "The clocks are too far apart.")
        names = signed.split(";")
        needed = {name.lower() for name in self.headers if name.lower().startswith("x-amz-")} | {"host"}
        if needed - set(names):
            raise Refusal(403, "AccessDenied", f"Not signed: {', '.join(sorted(needed - set(names)))}.")
        request = AWSRequest(
            self.command, f"http://{self.headers['Host']}{path}{'?' + query if query else ''}",
            headers={name: self.headers[name] for name in names})
        request.context["timestamp"] = moment
        judge = S3SigV4Auth(Credentials(key, secret), "s3", region)
        canonical = judge.canonical_request(request)
        if judge.signature(judge.string_to_sign(request, canonical), request) != signature:
            raise Refusal(403, "SignatureDoesNotMatch", "The signature does not match.")
        if region != options.region:
            found = {"x-amz-bucket-region": options.region}
            if options.wrong_region == "redirect":
                raise Refusal(301, "PermanentRedirect", "The bucket lies elsewhere.", found)
            raise Refusal(400, "AuthorizationHeaderMalformed", "The region is wrong.", found,
                          f"<Region>{options.region}</Region>")

    def check_body(self, body):
        promised = self.headers.get("x-amz-content-sha256")
        if promised is None:
            raise Refusal(400, "MissingSecurityHeader", "x-amz-content-sha256 is missing.")
        if promised != "UNSIGNED-PAYLOAD" and promised != hashlib.sha256(body).hexdigest():
            raise Refusal(400, "XAmzContentSHA256Mismatch", "The body is not what x-amz-content-sha256 says.")
        md5 = self.headers.get("Content-MD5")
        if md5 and md5 != base64.b64encode(hashlib.md5(body).digest()).decode():
            raise Refusal(400, "BadDigest", "The body is not what Content-MD5 says.")
        if self.command == "POST":
            return
        for name, checksum in CHECKSUMS.items():
            given = self.headers.get("x-amz-checksum-" + name)
            if given and given != base64.b64encode(checksum(body)).decode():
                raise Refusal(400, "BadDigest", f"The body is not what x-amz-checksum-{name} says.")

    # What goes out

    def answer(self, status, body=b"", headers=None, length=None):
        if isinstance(body, str):
            body = body.encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def document(self, root, inner):
        self.answer(200, f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} {NAMESPACE}>{inner}</{root}>',
                    {"Content-Type": "application/xml"})

    def refuse(self, refusal):
        self.answer(refusal.status, f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{refusal.code}</Code>'
                    f"<Message>{escape(refusal.message)}</Message>{refusal.more}</Error>",
                    {"Content-Type": "application/xml", **refusal.headers})

    def control(self, word, query):
        with lock:
            if word == "expire":
                expired.update(first_seen)
                return self.answer(200)
            if word == "keys":
                return self.answer(200, json.dumps(sorted(first_seen)))
            if word == "uploads":
                return self.answer(200, str(len(uploads)))
            if word == "properties":
                bucket, _, key = urllib.parse.unquote(query).partition("/")
                return self.answer(200, json.dumps(buckets[bucket][key].properties))
        self.answer(404)

    # Operations

    def perform(self, bucket, key, body):
        if not key and self.command == "PUT":
            buckets.setdefault(bucket, {})
            return self.answer(200)
        if bucket not in buckets:
            raise Refusal(404, "NoSuchBucket", "There is no such bucket.")
        objects = buckets[bucket]
        if not key:
            if "uploads" in self.query:
                return self.list_uploads(bucket)
            return self.list_objects(objects)
        if "uploadId" in self.query or "uploads" in self.query:
            return self.multipart(bucket, key, body)
        if self.command == "PUT":
            if self.headers.get("If-None-Match") == "*" and key in objects:
                raise Refusal(412, "PreconditionFailed", "There is one already.")
            stored = objects[key] = Stored(body, self.headers)
            headers = {"ETag": stored.etag}
            if self.headers.get("x-amz-checksum-sha256"):
                headers["x-amz-checksum-sha256"] = stored.checksum
            return self.answer(200, headers=headers)
        if self.command == "DELETE":
            objects.pop(key, None)
            return self.answer(204)
        if key not in objects:
            raise Refusal(404, "NoSuchKey", "There is no such key.")
        stored = objects[key]
        self.answer(200, stored.body, {"ETag": stored.etag, **stored.properties}, len(stored.body))

    def name(self, text):
        encoded = urllib.parse.quote(text) if self.query.get("encoding-type") == "url" else text
        return escape(encoded)

    def list_objects(self, objects):
        prefix, limit = self.query.get("prefix", ""), int(self.query.get("max-keys", 1000))
        after = self.query.get("continuation-token") or self.query.get("start-after") or ""
        names = [name for name in sorted(objects) if name.startswith(prefix) and name > after]
        page = names[:limit]
        inner = f"<KeyCount>{len(page)}</KeyCount><IsTruncated>{str(len(names) > limit).lower()}</IsTruncated>"
        if self.query.get("encoding-type"):
            inner += "<EncodingType>url</EncodingType>"
        if len(names) > limit:
            inner += f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>"
        for name in page:
            inner += f"<Contents><Key>{self.name(name)}</Key><Size>{len(objects[name].body)}</Size></Contents>"
        self.document("ListBucketResult", inner)

    def list_uploads(self, bucket):
        prefix = self.query.get("prefix", "")
        inner = "<IsTruncated>false</IsTruncated>"
        if self.query.get("encoding-type"):
            inner += "<EncodingType>url</EncodingType>"
        for identifier, upload in uploads.items():
            if upload.bucket == bucket and upload.key.startswith(prefix):
                inner += f"<Upload><Key>{self.name(upload.key)}</Key><UploadId>{identifier}</UploadId></Upload>"
        self.document("ListMultipartUploadsResult", inner)

    def multipart(self, bucket, key, body):
        global begun
        if "uploads" in self.query:
            begun += 1
            identifier = f"upload-{begun}"
            uploads[identifier] = Upload(bucket, key, self.headers)
            return self.document("InitiateMultipartUploadResult",
                                 f"<Bucket>{bucket}</Bucket><Key>{escape(key)}</Key><UploadId>{identifier}</UploadId>")
        identifier = self.query["uploadId"]
        upload = uploads.get(identifier)
        if not upload or (upload.bucket, upload.key) != (bucket, key):
            raise Refusal(404, "NoSuchUpload", "There is no such upload.")
        if self.command == "DELETE":
            del uploads[identifier]
            return self.answer(204)
        if self.command == "PUT":
            number = int(self.query["partNumber"])
            if not 1 <= number <= MOST_PARTS:
                raise Refusal(400, "InvalidArgument", "Part numbers go from 1 to 10,000.")
            if upload.algorithm and not self.headers.get("x-amz-checksum-" + upload.algorithm.lower()):
                raise Refusal(400, "InvalidRequest", "The upload was begun with a checksum that this part has not.")
            part = upload.parts[number] = Stored(body, {})
            return self.answer(200, headers={"ETag": part.etag, "x-amz-checksum-sha256": part.checksum})
        if self.command == "GET":
            return self.document("ListPartsResult", "<IsTruncated>false</IsTruncated>" + "".join(
                f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(part.etag)}</ETag><Size>{len(part.body)}</Size>"
                f"<ChecksumSHA256>{part.checksum}</ChecksumSHA256></Part>"
                for number, part in sorted(upload.parts.items())))
        self.complete(identifier, upload, body)

    def complete(self, identifier, upload, body):
        try:
            listed = [{child.tag.rpartition("}")[2]: child.text for child in part}
                      for part in ElementTree.fromstring(body)]
        except ElementTree.ParseError:
            raise Refusal(400, "MalformedXML", "The document is not well-formed.") from None
        numbers = [int(part["PartNumber"]) for part in listed]
        if not numbers or numbers != sorted(set(numbers)):
            raise Refusal(400, "InvalidPartOrder", "Parts must be in order.")
        parts = []
        for number, told in zip(numbers, listed):
            part = upload.parts.get(number)
            if not part or part.etag.strip('"') != (told.get("ETag") or "").strip('"'):
                raise Refusal(400, "InvalidPart", f"Part {number} is not there or another one.")
            if upload.algorithm == "SHA256" and told.get("ChecksumSHA256") != part.checksum:
                raise Refusal(400, "InvalidPart", f"The checksum of part {number} is missing or wrong.")
            parts.append(part)
        if any(len(part.body) < options.minimum_part for part in parts[:-1]):
            raise Refusal(400, "EntityTooSmall", "A part is smaller than the minimum.")
        whole = b"".join(part.body for part in parts)
        size = self.headers.get("x-amz-mp-object-size")
        if size and int(size) != len(whole):
            raise Refusal(400, "InvalidRequest", "The size is not what x-amz-mp-object-size says.")
        digests = b"".join(base64.b64decode(part.checksum) for part in parts)
        checksum = base64.b64encode(hashlib.sha256(digests).digest()).decode() + f"-{len(parts)}"
        objects = buckets[upload.bucket]
        if self.headers.get("If-None-Match") == "*" and upload.key in objects:
            raise Refusal(412, "PreconditionFailed", "There is one already.")
        etag = '"%s-%d"' % (hashlib.md5(b"".join(bytes.fromhex(p.etag.strip('"')) for p in parts)).hexdigest(), len(parts))
        objects[upload.key] = Stored(whole, upload.headers, etag, checksum)
        del uploads[identifier]
        self.document("CompleteMultipartUploadResult",
                      f"<Bucket>{upload.bucket}</Bucket><Key>{escape(upload.key)}</Key><ETag>{escape(etag)}</ETag>"
                      f"<ChecksumSHA256>{checksum}</ChecksumSHA256>")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        import sys
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


Server(("127.0.0.1", options.port), Handler).serve_forever()
