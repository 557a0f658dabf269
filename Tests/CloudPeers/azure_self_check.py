"""Shows that azure_server.py takes what Microsoft's own client sends, and refuses what it has to. Starts a server of its own."""
import base64
import hashlib
import http.client
import json
import os
import random
import socket
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from email.utils import formatdate
from urllib.parse import quote, urlencode

from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobServiceClient, ContainerClient, StandardBlobTier

from azure_signatures import ACCOUNT, KEY, Signer

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    PORT = free.getsockname()[1]
HERE = f"http://127.0.0.1:{PORT}/{ACCOUNT}"
VERSION = "2021-12-02"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# What /_test/account tells.
ABOUT = {}
ODD = ["a b/c+d%e#f?g&h=i;j", "größe/日本語/🙂", "%41 100%", "a//b", "x'y\"<z>&amp;~", "bad\ufffexml", "tab\tname", " ends "]


def raw(method, path, headers=(), body=b""):
    """- Returns: status, headers, body, code of an error, and its detail."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=20)
    connection.request(method, path, body or None, dict(headers) | {"Content-Length": str(len(body))})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    code, detail = answer.headers.get("x-ms-error-code"), ""
    if code and data:
        assert data.startswith(b"\xef\xbb\xbf<?xml"), data
        error = ElementTree.fromstring(data)
        assert error.find("Code").text == code and "\nRequestId:" in error.find("Message").text
        detail = error.findtext("AuthenticationErrorDetail", "")
    return answer.status, answer.headers, data, code, detail


def signed(method, path, headers=(), body=b"", key=KEY, date=None, change=None):
    headers = {"x-ms-version": VERSION, "x-ms-date": date or formatdate(usegmt=True), **dict(headers)}
    of_body = {"Content-Length": str(len(body))}
    authorization = Signer(ACCOUNT, key).sign(method, f"http://127.0.0.1:{PORT}/{ACCOUNT}{path}", headers | of_body)
    return raw(method, f"/{ACCOUNT}{path}", {**headers, "Authorization": authorization, **(change or {})}, body)


def order(container, **faults):
    assert raw("POST", "/_test/" + container, body=json.dumps(faults).encode())[0] == 200


def state(container):
    return json.loads(raw("GET", "/_test/" + container)[2])


def expect(answer, status, code, words=""):
    assert (answer[0], answer[3]) == (status, code) and words in answer[4], answer
    print(f"{status} {code} {words}")


def md5(data):
    return base64.b64encode(hashlib.md5(data).digest()).decode()


def client_works():
    service = BlobServiceClient(HERE, credential={"account_name": ACCOUNT, "account_key": KEY}, retry_total=0,
                                max_block_size=64 << 10, max_single_put_size=64 << 10)
    container = service.create_container("client")
    assert container.exists() and not service.get_container_client("none").exists()
    large = random.Random(1).randbytes(1 << 20)
    container.upload_blob("small", b"small", metadata={"Row_s": "1"}, standard_blob_tier=StandardBlobTier.COOL)
    container.upload_blob("large", large, max_concurrency=4, validate_content=True)
    container.upload_blob("empty", b"")
    assert container.download_blob("large", max_concurrency=4).readall() == large
    assert container.download_blob("empty").readall() == b""
    properties = container.get_blob_client("small").get_blob_properties()
    assert (properties.metadata, properties.blob_tier, properties.size) == ({"Row_s": "1"}, "Cool", 5), properties
    assert bytes(properties.content_settings.content_md5) == hashlib.md5(b"small").digest()
    for name in ODD:
        container.upload_blob(name, name.encode())
        assert container.download_blob(name).readall() == name.encode(), name
    assert {blob.name for blob in container.list_blobs()} == {"small", "large", "empty", *ODD}
    pages = container.list_blobs(name_starts_with="", results_per_page=3).by_page()
    assert [len(list(page)) for page in pages] == [3, 3, 3, 2]
    assert [blob.name for blob in container.list_blobs(name_starts_with="a b/")] == [ODD[0]]
    blob = container.get_blob_client("blocks")
    blob.stage_block("1", b"one")
    blob.stage_block("2", b"two")
    assert state("client")["sessions"] == ["blocks"]
    assert [len(blocks) for blocks in blob.get_block_list("all")] == [0, 2]
    assert "blocks" not in [blob.name for blob in container.list_blobs()]
    left = [blob for blob in container.list_blobs(include=["uncommittedblobs"]) if blob.name == "blocks"]
    assert left[0].size == 0
    try:
        container.upload_blob("small", b"again")
        raise AssertionError
    except ResourceExistsError as error:
        assert error.error_code == "BlobAlreadyExists"
    lease = container.get_blob_client("small").acquire_lease(15)
    for act in (lambda: container.delete_blob("small"), lambda: container.upload_blob("small", b"", overwrite=True)):
        try:
            act()
            raise AssertionError
        except HttpResponseError as error:
            assert (error.status_code, error.error_code) == (412, "LeaseIdMissing")
    lease.release()
    container.delete_blob("small")
    sas = raw("GET", "/_test/sas?" + urlencode({"container": "client", "permissions": "racwdl"}))[2].decode()
    by_sas = ContainerClient(HERE, "client", credential=sas, retry_total=0, max_block_size=1 << 16, max_single_put_size=1 << 16)
    by_sas.upload_blob(ODD[0], large, overwrite=True, max_concurrency=4)
    assert by_sas.download_blob(ODD[0]).readall() == large and len(list(by_sas.list_blobs())) == 10
    for query in ({"account": "1"}, {"container": "client", "blob": ODD[1]}):
        one = raw("GET", "/_test/sas?" + urlencode(query))[2].decode()
        ContainerClient(HERE, "client", credential=one, retry_total=0).upload_blob(ODD[1], b"2", overwrite=True)

    class Credential:
        def get_token(self, *_, **__):
            return AccessToken(token(), int(time.time()) + 3600)

    class Plain(RequestsTransport):
        """The client gives tokens to https only."""

        def send(self, request, **rest):
            request.url = request.url.replace("https://", "http://")
            return super().send(request, **rest)
    by_token = ContainerClient(HERE.replace("http://", "https://"), "client", credential=Credential(), retry_total=0,
                               transport=Plain())
    by_token.upload_blob("token", b"t")
    assert by_token.download_blob("token").readall() == b"t"
    order("client", corrupt=1)
    by_sas.upload_blob("rotten", b"rotten")
    assert by_sas.download_blob("rotten").readall() == b"rotteo"
    service.delete_container("client")
    print("the client works")


def ask_token(tenant=None, **change):
    form = {"grant_type": "client_credentials", "client_id": ABOUT["client"], "client_secret": ABOUT["secret"],
            "scope": "https://storage.azure.com/.default"} | change
    form = {name: value for name, value in form.items() if value is not None}
    answer = raw("POST", f"/{tenant or ABOUT['tenant']}/oauth2/v2.0/token", body=urlencode(form).encode())
    return answer[0], json.loads(answer[2])


def token(**change):
    status, document = ask_token(**change)
    assert status == 200, document
    return document["access_token"]


def tokens_are_refused():
    for status, error, code, change in [
            (401, "invalid_client", 7000215, {"client_secret": "x"}), (400, "unauthorized_client", 700016, {"client_id": "x"}),
            (401, "invalid_client", 7000222, {"client_secret": "expired-secret"}), (400, "invalid_request", 90002, {"tenant": "x"}),
            (401, "invalid_client", 7000218, {"client_secret": None}), (400, "invalid_scope", 1002012, {"scope": "x"}),
            (400, "invalid_resource", 500011, {"scope": "https://other/.default"}),
            (400, "unsupported_grant_type", 70003, {"grant_type": "x"}),
            (401, "invalid_client", 700213, {"client_assertion": "x", "client_assertion_type": ASSERTION})]:
        given, document = ask_token(**change)
        assert (given, document["error"], document["error_codes"]) == (status, error, [code]), document
        print(status, document["error_description"][:60])
    assert ask_token(client_secret=None, client_assertion="federated-assertion", client_assertion_type=ASSERTION)[0] == 200
    wanted = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://storage.azure.com/"
    assert raw("GET", wanted)[0] == 400
    assert raw("GET", wanted + "&client_id=x", {"Metadata": "true"})[0] == 400
    document = json.loads(raw("GET", wanted, {"Metadata": "true"})[2])
    assert document["expires_in"] == "3600" and int(document["expires_on"]) > time.time()
    wanted = "/msi/token?api-version=2019-08-01&resource=https://storage.azure.com"
    assert raw("GET", wanted)[0] == 401
    assert "expires_on" in json.loads(raw("GET", wanted, {"X-IDENTITY-HEADER": ABOUT["identity_header"]})[2])
    raw("POST", "/_test/tokens", body=b'{"fail": [[429, 2], [500, null]]}')
    assert [ask_token()[0] for _ in range(3)] == [429, 500, 200]


def others_are_refused():
    order("c")
    put = {"x-ms-blob-type": "BlockBlob"}
    assert signed("PUT", "/c/there", put, b"there")[0] == 201
    other = base64.b64encode(b"x" * 64).decode()
    expect(signed("GET", "/c/there", key=other), 403, "AuthenticationFailed", "is not the same as any computed signature")
    expect(signed("GET", "/c/there", date="Fri, 27 Nov 2020 00:00:00 GMT"), 403, "AuthenticationFailed", "header too old")
    expect(signed("GET", "/c/there", change={"Authorization": "SharedKey x"}), 400, "InvalidAuthenticationInfo")
    expect(signed("PUT", "/c/there", put, change={"x-ms-meta-a": "b"}), 403, "AuthenticationFailed", "x-ms-meta-a:b")
    assert signed("GET", "/c/there", {"Range": "bytes=1-2"})[2] == b"he"
    expect(raw("GET", f"/{ACCOUNT}/c/there", {"x-ms-version": VERSION}), 401, "NoAuthenticationInformation")

    def sas(method, path, permissions="racwdl", change="", headers=(), **query):
        text = raw("GET", "/_test/sas?" + urlencode({"container": "c", "permissions": permissions, **query}))[2].decode()
        glue = "&" if "?" in path else "?"
        return raw(method, f"/{ACCOUNT}{path}{glue}{text}{change}", {"x-ms-version": VERSION, **dict(headers)})
    expect(sas("GET", "/c/there", change="x"), 403, "AuthenticationFailed", "Signature did not match")
    expect(sas("GET", "/c/there", expiry="2020-01-01T00:00:00Z"), 403, "AuthenticationFailed",
           "Signature not valid in the specified time frame: Start [")
    expect(sas("GET", "/c/there", start="2099-01-01T00:00:00Z", expiry="2100-01-01T00:00:00Z"), 403, "AuthenticationFailed",
           "- Expiry [Fri, 01 Jan 2100 00:00:00 GMT] - Current [")
    expect(sas("DELETE", "/c/there", "r"), 403, "AuthorizationPermissionMismatch")
    expect(sas("PUT", "/c/there", "c", headers=put), 403, "AuthorizationPermissionMismatch")
    assert sas("PUT", "/c/new", "c", headers=put)[0] == 201
    expect(sas("GET", "/c?restype=container"), 403, "AuthorizationFailure")
    expect(sas("GET", "/c?restype=container&comp=list", blob="there"), 403, "AuthenticationFailed", "did not match")

    def bearer(text, version=VERSION, path="/c/there"):
        versions = {"x-ms-version": version} if version else {}
        return raw("GET", f"/{ACCOUNT}{path}", {"Authorization": "Bearer " + text, **versions})
    good = token()
    assert bearer(good)[0] == 200
    expect(bearer(good, None), 403, "AuthenticationFailed", "not supported in this version")
    answer = bearer("x")
    expect(answer, 401, "InvalidAuthenticationInfo")
    assert "resource_id=https://storage.azure.com" in answer[1]["WWW-Authenticate"]
    withdrawn, short = token(client_id="withdrawn-1"), token(client_id="short-1")
    assert [bearer(withdrawn)[0] for _ in range(4)] == [200, 200, 200, 401]
    time.sleep(1.1)
    expect(bearer(short), 401, "InvalidAuthenticationInfo", "The token is expired")
    order("c", expires_as_403=True)
    expect(bearer(short), 403, "AuthenticationFailed", "The token is expired")
    order("c", wants_token=True)
    expect(signed("GET", "/c/there"), 403, "KeyBasedAuthenticationNotPermitted")
    order("c")

    def block(id, body=b"x", name="b", **headers):
        return signed("PUT", f"/c/{name}?comp=block&blockid=" + quote(id, safe=""), headers, body)

    def commit(*blocks, headers=(), name="b"):
        inner = "".join(f"<{place}>{id}</{place}>" for place, id in blocks)
        return signed("PUT", f"/c/{name}?comp=blocklist", headers, f"<BlockList>{inner}</BlockList>".encode())
    expect(signed("PUT", "/c/b", {}, b"x"), 400, "MissingRequiredHeader")
    expect(signed("PUT", "/c/b", put | {"Content-MD5": md5(b"y")}, b"x"), 400, "Md5Mismatch")
    expect(signed("PUT", "/c/b", put | {"x-ms-access-tier": "Tepid"}, b"x"), 400, "InvalidHeaderValue")
    expect(signed("PUT", "/c/there", put | {"If-None-Match": "*"}, b"x"), 409, "BlobAlreadyExists")
    expect(signed("PUT", "/c/there", put | {"If-Match": '"0x1"'}, b"x"), 412, "ConditionNotMet")
    expect(signed("DELETE", "/c/there", {"If-Match": '"0x1"'}), 412, "ConditionNotMet")
    expect(block("!"), 400, "InvalidQueryParameterValue")
    expect(block("AAAA", b""), 400, "InvalidHeaderValue")
    answer = block("AAAA", b"x", **{"Content-MD5": md5(b"x")})
    assert answer[0] == 201 and answer[1]["Content-MD5"] == md5(b"x")
    expect(block("AAAAAAAA"), 400, "InvalidBlobOrBlock")
    expect(block("BBBB", b"x", **{"Content-MD5": md5(b"y")}), 400, "Md5Mismatch")
    expect(commit(("Latest", "BBBB")), 400, "InvalidBlockList")
    expect(commit(("Committed", "AAAA")), 400, "InvalidBlockList")
    expect(commit(*[("Latest", "AAAA")] * 6), 400, "BlockListTooLong")
    for id in ("BBBB", "CCCC", "DDDD"):
        assert block(id)[0] == 201
    expect(block("EEEE"), 409, "BlockCountExceedsLimit")
    assert commit(("Uncommitted", "BBBB"), ("Latest", "AAAA"), headers={"x-ms-blob-content-md5": md5(b"any")})[0] == 201
    assert state("c")["sessions"] == [] and state("c")["blobs"]["b"]["md5"] == md5(b"any")
    assert signed("GET", "/c/b")[1]["Content-MD5"] == md5(b"any")
    expect(commit(("Latest", "AAAA"), headers={"If-None-Match": "*"}), 409, "BlobAlreadyExists")
    assert block("FFFF", name="there")[0] == 201 and signed("PUT", "/c/there", put, b"1")[0] == 201
    assert state("c")["sessions"] == []
    assert signed("PUT", "/c/cold", put | {"x-ms-access-tier": "Archive"}, b"x")[0] == 201
    expect(signed("GET", "/c/cold"), 409, "BlobArchived")
    expect(signed("GET", "/none/b"), 404, "ContainerNotFound")
    expect(signed("GET", "/c/none"), 404, "BlobNotFound")
    answer = signed("HEAD", "/c/none")
    assert answer[2] == b""
    expect(answer, 404, "BlobNotFound")
    expect(signed("DELETE", "/c/none"), 404, "BlobNotFound")
    order("c", immutable=True)
    expect(signed("DELETE", "/c/there"), 409, "BlobImmutableDueToPolicy")
    order("c", fail={"delete-blob": [[503, "ServerBusy", 1]]}, lost={"put-blob": 1}, breaks={"put-blob": [0, 3]}, forget=1,
          deny=["get-blob"], refuse={"list-blobs": [403, "AuthorizationFailure", "No."]})
    answer = signed("DELETE", "/c/there")
    expect(answer, 503, "ServerBusy")
    assert answer[1]["Retry-After"] == "1" and signed("DELETE", "/c/there")[0] == 202
    for _ in range(3):
        try:
            signed("PUT", "/c/lost", put, b"x" * 100_000)
            raise AssertionError
        except (OSError, http.client.HTTPException):
            pass
    assert list(state("c")["blobs"]).count("lost") == 1 and state("c")["log"][-1] == "PUT put-blob lost"
    assert block("AAAA", name="f")[0] == 201
    expect(commit(("Latest", "AAAA"), name="f"), 400, "InvalidBlockList")
    expect(signed("GET", "/c/b"), 403, "AuthorizationPermissionMismatch")
    expect(signed("GET", "/c?restype=container&comp=list"), 403, "AuthorizationFailure")
    order("c", corrupt_hidden=1)
    assert signed("PUT", "/c/rot", put | {"Content-MD5": md5(b"x")}, b"x")[1]["Content-MD5"] == md5(b"x")
    assert signed("GET", "/c/rot")[2] == b"y"
    assert signed("GET", "/c?restype=container&comp=list")[2].startswith(b"\xef\xbb\xbf<?xml")


def with_server(arguments, *checks):
    program = os.path.dirname(os.path.abspath(__file__)) + "/azure_server.py"
    server = subprocess.Popen([sys.executable, program, str(PORT), *arguments])
    try:
        for _ in range(100):
            try:
                ABOUT.update(json.loads(raw("GET", "/_test/account")[2]))
                break
            except OSError:
                time.sleep(0.1)
        for check in checks:
            check()
    finally:
        server.kill()
        server.wait()


with_server([], client_works, tokens_are_refused)
with_server(["--most-blocks", "5", "--most-uncommitted", "4"], others_are_refused)
print("all well")
