"""What azure_server.py does with blobs, in the words of the service. Who may ask was looked at before.

Sources: "Put Blob", "Put Block", "Put Block List", "Get Block List", "Get Blob", "Delete Blob", "Lease Blob", "List Blobs",
"Status and error codes" of the REST reference of Azure Storage.
"""
import base64
import binascii
import hashlib
import re
import secrets
import time
import uuid
import xml.etree.ElementTree as ElementTree
from email.utils import formatdate
from urllib.parse import quote
from xml.sax.saxutils import escape

from azure_signatures import ACCOUNT, Refused

TIERS = ["Hot", "Cool", "Cold", "Archive"]
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
KEPT_HEADERS = ["content-type", "content-encoding", "content-language", "content-disposition", "cache-control"]


def md5(data):
    return base64.b64encode(hashlib.md5(data).digest()).decode()


def wrong_header(name, value):
    return Refused(400, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the correct format.",
                   {"HeaderName": name, "HeaderValue": value})


def wrong_query(name, value, reason):
    return Refused(400, "InvalidQueryParameterValue", "Value for one of the query parameters specified in the request URI is "
                   "invalid.", {"QueryParameterName": name, "QueryParameterValue": value, "Reason": reason})


class Lease:
    def __init__(self, id, seconds):
        self.id, self.is_endless = id, seconds == -1
        self.until = float("inf") if seconds == -1 else time.time() + seconds

    def is_active(self):
        return time.time() < self.until


class Blob:
    """What was put at once is one piece without an id."""

    def __init__(self, pieces, md5, tier, metadata, properties):
        self.pieces, self.md5, self.tier, self.metadata, self.properties = pieces, md5, tier, metadata, properties
        self.etag, self.changed, self.lease = f'"0x8D{secrets.token_hex(6).upper()}"', time.time(), None
        self.size = sum(len(data) for _, data in pieces)

    def blocks(self):
        return [] if self.pieces and self.pieces[0][0] is None else self.pieces


class Container:
    def __init__(self):
        self.blobs = {}
        # Of each name, the blocks that are not committed: their data by their ids.
        self.blocks = {}
        self.log = []
        self.etag, self.changed = f'"0x8D{secrets.token_hex(6).upper()}"', time.time()
        # KIND is one of `KINDS`, or "*".
        # wants_token: whether Shared Key and shared access signatures are refused.
        # expires_as_403: whether a token that has ended is refused as older versions of the service do.
        # refuse: {"KIND": [status, code, message]}: always.
        # fail: {"KIND": [[status, code, seconds], …]}: the next requests, with Retry-After; seconds may be null.
        # deny: ["KIND", …]: for these, whoever asks has no permission.
        # breaks: {"KIND": [n, …]}: each time, n bytes of the body are taken, nothing is done, and the connection ends.
        # lost: {"KIND": n}: how many times it is done, and the answer not sent.
        # stall: {"KIND": [seconds, …]}: how long the next answers take.
        # corrupt: how many blobs or blocks are stored with a wrong byte, whatever Content-MD5 says; the answer's tells.
        # corrupt_hidden: the same, but the answer's Content-MD5 does not tell.
        # forget: how many times the blocks of a blob are forgotten when they are to be committed.
        # immutable: whether blobs can neither be deleted nor written over.
        # page: how many names a list has at most.
        self.faults = {}

    def take(self, fault, kind=None):
        orders, key = self.faults, fault
        if kind is not None:
            orders = self.faults.get(fault, {})
            key = kind if kind in orders else "*"
        left = orders.get(key)
        if not left:
            return None
        if isinstance(left, int):
            orders[key] = left - 1
            return True
        return left.pop(0)


CONTAINERS = {}


class Operations:
    """For a handler of requests. Each does what is asked, and gives what answers then; what it refuses it raises."""

    # As arguments of the program.
    limits = None

    def create_container(self, name):
        if not re.fullmatch(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", name):
            raise Refused(400, "InvalidResourceName", "The specified resource name contains invalid characters.")
        if name in CONTAINERS:
            raise Refused(409, "ContainerAlreadyExists", "The specified container already exists.")
        CONTAINERS[name] = Container()
        return lambda: self.answer(201, headers=self.state(CONTAINERS[name]))

    def get_container(self, container, _):
        return lambda: self.answer(200, headers={"x-ms-lease-state": "available", **self.state(container)})

    def delete_container(self, _, name):
        del CONTAINERS[name]
        return lambda: self.answer(202)

    @staticmethod
    def state(stored):
        return {"ETag": stored.etag, "Last-Modified": formatdate(stored.changed, usegmt=True)}

    def hold(self, blob, is_write=False, is_read=False):
        """Conditions and leases."""
        wanted, unwanted = self.headers.get("If-Match"), self.headers.get("If-None-Match")
        not_met = Refused(412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met.")
        if wanted is not None and (blob is None or wanted not in ("*", blob.etag)):
            raise not_met
        if unwanted is not None and blob is not None and unwanted in ("*", blob.etag):
            if is_read:
                raise Refused(304, "ConditionNotMet", "")
            if unwanted == "*" and is_write:
                raise Refused(409, "BlobAlreadyExists", "The specified blob already exists.")
            raise not_met
        id, lease = self.headers.get("x-ms-lease-id"), blob.lease if blob else None
        is_leased = lease is not None and lease.is_active()
        if is_leased and id is None and not is_read:
            raise Refused(412, "LeaseIdMissing", "There is currently a lease on the blob and no lease ID was specified in the "
                          "request.")
        if is_leased and id not in (None, lease.id):
            raise Refused(412, "LeaseIdMismatchWithBlobOperation", "The lease ID specified did not match the lease ID for the "
                          "blob.")
        if not is_leased and id is not None:
            raise Refused(412, "LeaseNotPresentWithBlobOperation", "There is currently no lease on the blob.")

    @staticmethod
    def keep(container, name):
        if container.faults.get("immutable") and name in container.blobs:
            raise Refused(409, "BlobImmutableDueToPolicy", "This operation is not permitted as the blob is immutable due to a "
                          "policy.")

    def check_md5(self):
        promised = self.headers.get("Content-MD5")
        if promised and promised != self.md5:
            raise Refused(400, "Md5Mismatch", "The MD5 value specified in the request did not match with the MD5 value "
                          "calculated by the server.",
                          {"UserSpecifiedMd5": promised, "ServerCalculatedMd5": self.md5})

    def received(self, container, body):
        """- Returns: what is stored for a body, and the Content-MD5 that the answer has."""
        hidden = container.take("corrupt_hidden")
        if body and (hidden or container.take("corrupt")):
            wrong = body[:-1] + bytes([body[-1] ^ 1])
            return wrong, self.md5 if hidden else md5(wrong)
        self.check_md5()
        return body, self.md5

    def commit(self, container, name, pieces, computed):
        tier = self.headers.get("x-ms-access-tier")
        if tier is not None and tier not in TIERS:
            raise wrong_header("x-ms-access-tier", tier)
        metadata = {key[10:]: value for key, value in self.headers.items() if key.lower().startswith("x-ms-meta-")}
        if not all(re.fullmatch(r"[^\W\d]\w*", key) for key in metadata):
            raise Refused(400, "InvalidMetadata", "The metadata specified is invalid. It has characters that are not permitted.")
        if sum(len(key) + len(value) for key, value in metadata.items()) > 8 << 10:
            raise Refused(400, "MetadataTooLarge", "The metadata specified exceeds the maximum permissible limit.")
        there = container.blobs.get(name)
        self.hold(there, is_write=True)
        self.keep(container, name)
        properties = {"content-type": "application/octet-stream"} | {
            key: self.headers["x-ms-blob-" + key] for key in KEPT_HEADERS if "x-ms-blob-" + key in self.headers}
        blob = Blob(pieces, self.headers.get("x-ms-blob-content-md5", computed), tier, metadata, properties)
        blob.lease = there.lease if there else None
        container.blobs[name] = blob
        container.blocks.pop(name, None)
        return {"x-ms-request-server-encrypted": "true", **self.state(blob)}

    def put_blob(self, container, name, body):
        if self.headers.get("x-ms-blob-type") is None:
            raise Refused(400, "MissingRequiredHeader", "An HTTP header that's mandatory for this request is not specified.",
                          {"HeaderName": "x-ms-blob-type"})
        if self.headers["x-ms-blob-type"] != "BlockBlob":
            raise wrong_header("x-ms-blob-type", self.headers["x-ms-blob-type"])
        if len(body) > self.limits.largest_put:
            raise Refused(413, "RequestBodyTooLarge", "The request body is too large and exceeds the maximum permissible limit.",
                          {"MaxLimit": str(self.limits.largest_put)})
        data, told = self.received(container, body)
        headers = self.commit(container, name, [(None, data)], told)
        return lambda: self.answer(201, headers={"Content-MD5": told, **headers})

    def put_block(self, container, name, body):
        id = self.query.get("blockid", "")
        try:
            length = len(base64.b64decode(id, validate=True))
        except binascii.Error:
            raise wrong_query("blockid", id, "Not a valid base64 string.") from None
        if not 0 < length <= 64:
            raise wrong_query("blockid", id, "Block IDs have between 1 and 64 bytes.")
        if not body:
            raise wrong_header("Content-Length", "0")
        if len(body) > self.limits.largest_block:
            raise Refused(413, "RequestBodyTooLarge", "The request body is too large and exceeds the maximum permissible limit.",
                          {"MaxLimit": str(self.limits.largest_block)})
        blocks = container.blocks.get(name, {})
        if any(len(base64.b64decode(other)) != length for other in list(blocks)[:1]):
            raise Refused(400, "InvalidBlobOrBlock", "The specified blob or block content is invalid.")
        if id not in blocks and len(blocks) >= self.limits.most_uncommitted:
            raise Refused(409, "BlockCountExceedsLimit", "The uncommitted block count cannot exceed the maximum limit of "
                          f"{self.limits.most_uncommitted:,} blocks.")
        self.hold(container.blobs.get(name))
        data, told = self.received(container, body)
        container.blocks.setdefault(name, {})[id] = data
        # Without one in the request, the service tells a CRC64 of its own instead.
        headers = {"Content-MD5": told} if "Content-MD5" in self.headers else {}
        return lambda: self.answer(201, headers={"x-ms-request-server-encrypted": "true", **headers})

    def put_block_list(self, container, name, body):
        self.check_md5()
        if container.take("forget"):
            container.blocks.pop(name, None)
        try:
            listed = [(block.tag, (block.text or "").strip()) for block in ElementTree.fromstring(body)]
        except ElementTree.ParseError:
            raise Refused(400, "InvalidXmlDocument", "XML specified is not syntactically valid.") from None
        if len(listed) > self.limits.most_blocks:
            raise Refused(400, "BlockListTooLong", f"The block list may not contain more than {self.limits.most_blocks:,} blocks.")
        fresh = container.blocks.get(name, {})
        old = dict(container.blobs[name].blocks()) if name in container.blobs else {}
        places = {"Latest": old | fresh, "Committed": old, "Uncommitted": fresh}
        pieces = []
        for place, id in listed:
            if place not in places:
                raise Refused(400, "InvalidXmlNodeValue", "The value for one of the XML nodes is not in the correct format.",
                              {"XmlNodeName": place})
            if id not in places[place]:
                raise Refused(400, "InvalidBlockList", "The specified block list is invalid.")
            pieces.append((id, places[place][id]))
        headers = self.commit(container, name, pieces, None)
        return lambda: self.answer(201, headers={"Content-MD5": self.md5, **headers})

    def get_block_list(self, container, name, _):
        wanted, blob = self.query.get("blocklisttype", "committed"), container.blobs.get(name)
        if wanted not in ("committed", "uncommitted", "all"):
            raise wrong_query("blocklisttype", wanted, "")
        if blob is None and name not in container.blocks:
            raise Refused(404, "BlobNotFound", "The specified blob does not exist.")

        def blocks(element, pieces):
            return f"<{element}>" + "".join(f"<Block><Name>{id}</Name><Size>{len(data)}</Size></Block>" for id, data in pieces
                                            ) + f"</{element}>"
        inner = blocks("CommittedBlocks", blob.blocks() if blob else []) if wanted != "uncommitted" else ""
        if wanted != "committed":
            inner += blocks("UncommittedBlocks", container.blocks.get(name, {}).items())
        headers = {"x-ms-blob-content-length": blob.size, **self.state(blob)} if blob else {}
        return lambda: self.document(f"<BlockList>{inner}</BlockList>", headers)

    def there(self, container, name):
        if name not in container.blobs:
            raise Refused(404, "BlobNotFound", "The specified blob does not exist.")
        return container.blobs[name]

    @staticmethod
    def properties(blob):
        is_leased = blob.lease is not None and blob.lease.is_active()
        return {**{key.title(): value for key, value in blob.properties.items()}, **Operations.state(blob),
                **{"x-ms-meta-" + key: value for key, value in blob.metadata.items()}, "x-ms-blob-type": "BlockBlob",
                "x-ms-server-encrypted": "true", "x-ms-lease-status": "locked" if is_leased else "unlocked",
                "x-ms-lease-state": "leased" if is_leased else "available", "Accept-Ranges": "bytes"}

    def get_properties(self, container, name, _):
        blob = self.there(container, name)
        self.hold(blob, is_read=True)
        headers = {**self.properties(blob), "Content-Length": blob.size, "x-ms-access-tier": blob.tier or "Hot"}
        if blob.tier is None:
            headers["x-ms-access-tier-inferred"] = "true"
        if blob.md5:
            headers["Content-MD5"] = blob.md5
        return lambda: self.answer(200, headers=headers)

    def get_blob(self, container, name, _):
        blob = self.there(container, name)
        self.hold(blob, is_read=True)
        if blob.tier == "Archive":
            raise Refused(409, "BlobArchived", "This operation is not permitted on an archived blob.")
        data, headers, status = b"".join(data for _, data in blob.pieces), self.properties(blob), 200
        span = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("x-ms-range") or self.headers.get("Range") or "")
        if span:
            first, last = int(span[1]), min(int(span[2] or blob.size - 1), blob.size - 1)
            if first >= blob.size:
                raise Refused(416, "InvalidRange", "The range specified is invalid for the current size of the resource.", {},
                              {"Content-Range": f"bytes */{blob.size}"})
            headers["Content-Range"], status = f"bytes {first}-{last}/{blob.size}", 206
            data = data[first:last + 1]
        if blob.md5:
            headers["x-ms-blob-content-md5" if span else "Content-MD5"] = blob.md5
        return lambda: self.answer(status, data, headers)

    def delete_blob(self, container, name, _):
        self.hold(self.there(container, name))
        self.keep(container, name)
        del container.blobs[name]
        return lambda: self.answer(202, headers={"x-ms-delete-type-permanent": "true"})

    def lease(self, container, name, _):
        blob, action = self.there(container, name), self.headers.get("x-ms-lease-action")
        id, lease = self.headers.get("x-ms-lease-id"), blob.lease
        is_active, headers = lease is not None and lease.is_active(), self.state(blob)
        if action == "acquire":
            seconds = int(self.headers.get("x-ms-lease-duration", "-1"))
            if seconds != -1 and not 15 <= seconds <= 60:
                raise wrong_header("x-ms-lease-duration", str(seconds))
            proposed = self.headers.get("x-ms-proposed-lease-id", str(uuid.uuid4()))
            if is_active and proposed != lease.id:
                raise Refused(409, "LeaseAlreadyPresent", "There is already a lease present.")
            blob.lease = Lease(proposed, seconds)
            return lambda: self.answer(201, headers={"x-ms-lease-id": proposed, **headers})
        if action not in ("release", "break"):
            raise wrong_header("x-ms-lease-action", action or "")
        if lease is None:
            raise Refused(409, "LeaseNotPresentWithLeaseOperation", "There is currently no lease on the blob.")
        if action == "release":
            if id != lease.id:
                raise Refused(409, "LeaseIdMismatchWithLeaseOperation", "The lease ID specified did not match the lease ID for "
                              "the blob.")
            blob.lease = None
            return lambda: self.answer(200, headers=headers)
        left = 0 if lease.is_endless or not is_active else lease.until - time.time()
        period = self.headers.get("x-ms-lease-break-period")
        if period is not None and is_active:
            left = int(period) if lease.is_endless else min(left, int(period))
        lease.until = time.time() + left
        return lambda: self.answer(202, headers={"x-ms-lease-time": int(left), **headers})

    def list_blobs(self, container, bucket):
        prefix, marker, include = (self.query.get(name, "") for name in ("prefix", "marker", "include"))
        limit = int(self.query.get("maxresults", 5000))
        if limit < 1:
            raise Refused(400, "OutOfRangeQueryParameterValue", "One of the query parameters specified in the request URI is "
                          "outside the permissible range.", {"QueryParameterName": "maxresults"})
        try:
            after = base64.b64decode(marker.removeprefix("2!"), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise wrong_query("marker", marker, "") from None
        names = set(container.blobs) | (set(container.blocks) if "uncommittedblobs" in include.split(",") else set())
        names = sorted(name for name in names if name.startswith(prefix) and name >= after)
        # A marker names what comes next.
        page = names[:min(limit, 5000, container.faults.get("page", 5000))]
        more = "2!" + base64.b64encode(names[len(page)].encode()).decode() if len(page) < len(names) else ""

        def text(element, text):
            if NOT_XML.search(text):
                return f'<{element} Encoded="true">{quote(text)}</{element}>'
            return f"<{element}>{escape(text)}</{element}>"
        inner = text("Prefix", prefix) if prefix else ""
        inner += f"<Marker>{marker}</Marker>" if marker else ""
        inner += f"<MaxResults>{limit}</MaxResults>" if "maxresults" in self.query else ""
        blobs = "".join("<Blob>" + text("Name", name) + self.listed(container.blobs.get(name), include) + "</Blob>"
                        for name in page)
        host = self.headers.get("Host", "")
        return lambda: self.document(
            f'<EnumerationResults ServiceEndpoint="http://{escape(host)}/{ACCOUNT}/" ContainerName="{bucket}">{inner}<Blobs>'
            f"{blobs}</Blobs>" + (f"<NextMarker>{more}</NextMarker>" if more else "<NextMarker />") + "</EnumerationResults>")

    @staticmethod
    def listed(blob, include):
        if blob is None:
            return "<Properties><Content-Length>0</Content-Length><BlobType>BlockBlob</BlobType></Properties>"
        fields = {"Last-Modified": formatdate(blob.changed, usegmt=True), "Etag": blob.etag.strip('"'),
                  "Content-Length": blob.size, **{key.title(): value for key, value in blob.properties.items()},
                  **({"Content-MD5": blob.md5} if blob.md5 else {}), "BlobType": "BlockBlob", "AccessTier": blob.tier or "Hot",
                  **({} if blob.tier else {"AccessTierInferred": "true"}), "ServerEncrypted": "true"}
        inner = "".join(f"<{key}>{escape(str(value))}</{key}>" for key, value in fields.items())
        metadata = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in blob.metadata.items())
        return f"<Properties>{inner}</Properties>" + (f"<Metadata>{metadata}</Metadata>" if "metadata" in include else "")
