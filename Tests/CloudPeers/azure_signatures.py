"""Who may ask azure_server.py for what: Shared Key, shared access signatures and tokens, refused in the words of the service.

Signatures are computed by azure-storage-blob's own code, so that they are held against something that is not ours. Sources
beside it: "Authorize with Shared Key", "Create a service SAS", "Create an account SAS", "Authorize with Microsoft Entra ID" in
the REST reference of Azure Storage.
"""
import re
import time
from email.utils import formatdate, parsedate_to_datetime

from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.pipeline.transport import HttpRequest
from azure.storage.blob._shared.authentication import SharedKeyCredentialPolicy
from azure.storage.blob._shared.shared_access_signature import _SharedAccessHelper
from azure.storage.blob._shared_access_signature import _BlobSharedAccessHelper

import azure_tokens

ACCOUNT = "testaccount"
KEY = "ZXhwb3J0ZCdzIHRlc3RzIHNpZ24gd2l0aCB0aGlzIHdoYXQgdGhleSBzZW5kIHRvIHRoZWlyIHNlcnZlci4uLg=="
NOT_AUTHENTICATED = ("Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly "
                     "including the signature.")
NO_TOKEN = "Server failed to authenticate the request. Please refer to the information in the www-authenticate header."
SKEW = 900
# Any of these letters of sp. What is not here no service SAS allows.
PERMISSIONS = {"put-blob": "w", "put-block": "w", "put-block-list": "w", "get-block-list": "r", "get-blob": "r",
               "get-properties": "r", "delete-blob": "d", "lease": "wd", "list-blobs": "l"}
CONTAINER_PERMISSIONS = {"create-container": "cw", "delete-container": "d", "get-container": "r"}


class Refused(Exception):
    def __init__(self, status, code, message, more=(), headers=()):
        super().__init__(code)
        self.status, self.code, self.message, self.more, self.headers = status, code, message, dict(more), dict(headers)


def not_authenticated(detail):
    return Refused(403, "AuthenticationFailed", NOT_AUTHENTICATED, {"AuthenticationErrorDetail": detail})


class Signer(SharedKeyCredentialPolicy):
    """Remembers what was signed, too."""

    def _add_authorization_header(self, request, string_to_sign):
        self.string_to_sign = string_to_sign
        super()._add_authorization_header(request, string_to_sign)

    def sign(self, method, url, headers):
        """- Returns: the header `Authorization` that Microsoft's client sends with this."""
        # It writes names in lower case, and knows x-ms-… in no other; the service takes any, and signs lower case.
        headers = {name.lower(): value for name, value in headers.items()}
        # It sends x-ms-range instead of Range, and its code has another name for what the service signs here.
        if "range" in headers:
            headers["byte_range"] = headers["range"]
        request = HttpRequest(method, url, headers=headers)
        self.on_request(PipelineRequest(request, PipelineContext(None)))
        return request.headers["Authorization"]


def check_shared_key(request, authorization):
    form = re.fullmatch(r"SharedKey ([^:]+):(.+)", authorization)
    if not form:
        raise Refused(400, "InvalidAuthenticationInfo", "Authentication information is not given in the correct format. Check "
                      "the value of Authorization header.")
    headers = {name.lower(): value for name, value in request.headers.items() if name.lower() != "authorization"}
    sent = headers.get("x-ms-date", headers.get("date"))
    try:
        age = abs(time.time() - parsedate_to_datetime(sent).timestamp())
    except (TypeError, ValueError):
        raise not_authenticated("The Date header in the request is missing or incorrect.") from None
    if age > SKEW:
        raise not_authenticated(f"Request date header too old: '{sent}'")
    if "x-ms-date" in headers:
        headers.pop("date", None)
    signer = Signer(ACCOUNT, KEY)
    expected = signer.sign(request.command, f"http://{headers.get('host', 'localhost')}{request.path}", headers)
    if form[1] != ACCOUNT or authorization != expected:
        raise not_authenticated(f"The MAC signature found in the HTTP request '{form[2]}' is not the same as any computed "
                                f"signature. Server used following string to sign: '{signer.string_to_sign}'.")


def moment(text, name):
    for form in ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ", "%Y-%m-%d"):
        try:
            return time.mktime(time.strptime(text, form)) - time.timezone
        except ValueError:
            pass
    raise not_authenticated(f"Signature fields not well formed: {name}.")


def check_sas(request, query, kind, container, name, is_new):
    """A name that is "" is of a container."""
    given = {field: value for field, value in query.items() if field != "sig"}
    is_of_account = "ss" in given
    for field in ("sv", "se", "sp", "srt" if is_of_account else "sr"):
        if not given.get(field):
            raise not_authenticated(f"{field} is mandatory. Cannot be empty")
    signer = _SharedAccessHelper() if is_of_account else _BlobSharedAccessHelper()
    signer.query_dict = dict(given)
    if is_of_account:
        signer.add_account_signature(ACCOUNT, KEY)
    else:
        signer.add_resource_signature(ACCOUNT, KEY, container if given["sr"] == "c" else f"{container}/{name}")
    if signer.query_dict["sig"] != query["sig"]:
        raise not_authenticated(f"Signature did not match. String to sign used was {signer.string_to_sign}")
    start, end = moment(given["st"], "st") if "st" in given else None, moment(given["se"], "se")
    if not (start or 0) <= time.time() < end:
        from_then = "Mon, 01 Jan 0001 00:00:00 GMT" if start is None else formatdate(start, usegmt=True)
        raise not_authenticated(f"Signature not valid in the specified time frame: Start [{from_then}] - Expiry "
                                f"[{formatdate(end, usegmt=True)}] - Current [{formatdate(usegmt=True)}]")

    def mismatch(what, word):
        return Refused(403, f"Authorization{what}Mismatch", "This request is not authorized to perform this operation using this "
                       f"{word}.")
    if "http" not in given.get("spr", "https,http").split(","):
        raise mismatch("Protocol", "protocol")
    needed = PERMISSIONS.get(kind)
    if is_of_account:
        if "b" not in given["ss"]:
            raise mismatch("Service", "service")
        if ("o" if name else "c") not in given["srt"]:
            raise mismatch("ResourceType", "resource type")
        needed = needed or CONTAINER_PERMISSIONS[kind]
    if needed is None or given.get("sr") == "b" and not name:
        raise Refused(403, "AuthorizationFailure", "This request is not authorized to perform this operation.")
    if kind == "put-blob" and is_new:
        needed += "c"
    if not set(needed) & set(given["sp"]):
        raise mismatch("Permission", "permission")


def check_token(request, text, expires_as_403):
    challenge = {"WWW-Authenticate": "Bearer authorization_uri=https://login.microsoftonline.com/"
                 f"{azure_tokens.TENANT}/oauth2/authorize resource_id={azure_tokens.RESOURCE}"}
    if request.headers.get("x-ms-version", "") < "2017-11-09":
        raise not_authenticated("Authentication scheme Bearer is not supported in this version.")
    token = azure_tokens.TOKENS.get(text)
    if token is None or token.until < time.time() or token.uses <= 0:
        detail = ("Lifetime validation failed. The token is expired." if token
                  else "Issuer validation failed. Issuer did not match.")
        if expires_as_403:
            raise not_authenticated(detail)
        raise Refused(401, "InvalidAuthenticationInfo", NO_TOKEN, {"AuthenticationErrorDetail": detail}, challenge)
    token.uses -= 1


def check(request, query, kind, container, name, is_new, faults):
    """Raises what is wrong with who asks."""
    authorization = request.headers.get("Authorization", "")
    scheme, _, rest = authorization.partition(" ")
    version = request.headers.get("x-ms-version")
    if version is not None and not re.fullmatch(r"20\d\d-\d\d-\d\d", version):
        raise Refused(400, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the correct format.",
                      {"HeaderName": "x-ms-version", "HeaderValue": version})
    if scheme == "Bearer":
        return check_token(request, rest, faults.get("expires_as_403"))
    if not authorization and "sig" not in query:
        raise Refused(401, "NoAuthenticationInformation", NO_TOKEN, {}, {
            "WWW-Authenticate": f"Bearer authorization_uri=https://login.microsoftonline.com/{azure_tokens.TENANT}/oauth2/"
                                f"authorize resource_id={azure_tokens.RESOURCE}"})
    if faults.get("wants_token"):
        raise Refused(403, "KeyBasedAuthenticationNotPermitted", "Key based authentication is not permitted on this storage "
                      "account.")
    if authorization:
        # Before this version, other things were signed.
        if (version or "") < "2015-02-21":
            raise Refused(400, "MissingRequiredHeader", "An HTTP header that's mandatory for this request is not specified.",
                          {"HeaderName": "x-ms-version"})
        return check_shared_key(request, authorization)
    check_sas(request, query, kind, container, name, is_new)
