"""Writes SharedKeyVectors.swift: what azure-storage-blob's own code signs of some requests, and how.

shared_key_vectors.py >Tests/CloudDestinationsTests/SharedKeyVectors.swift
"""
import base64
import hashlib
from importlib.metadata import version

from azure_signatures import ACCOUNT, Signer

REAL, REAL_KEY = "exportlake", base64.b64encode(hashlib.sha512(b"exportlake").digest()).decode()
EMULATED_KEY = base64.b64encode(hashlib.sha512(b"testaccount").digest()).decode()
COMMON = [("x-ms-version", "2021-12-02"), ("x-ms-date", "Fri, 27 Nov 2026 08:49:37 GMT")]
LINE = 110
MD5 = base64.b64encode(hashlib.md5(b"hello").digest()).decode()
BLOCK = [("x-ms-blob-type", "BlockBlob")]


def vectors():
    """- Returns: name, method, whether it is the service itself, path and query, headers."""
    put = BLOCK + COMMON
    for is_real in (True, False):
        where = "the service" if is_real else "an emulator"
        yield (f"a blob at {where}", "PUT", is_real, "/lake/a/b.json",
               [("Content-Length", "5"), ("Content-MD5", MD5), ("Content-Type", "application/octet-stream")] + put)
        yield f"an empty blob at {where}", "PUT", is_real, "/lake/empty", [("Content-Length", "0")] + put
        yield (f"a list at {where}", "GET", is_real, "/lake?restype=container&prefix=a%2Fb%20c&comp=list&maxresults=5000"
               "&include=uncommittedblobs%2Cmetadata&marker=2%2120%21YS9i%3D%3D", COMMON)
        yield (f"spaces and Unicode at {where}", "GET", is_real,
               "/lake/gr%C3%B6%C3%9Fe%20und/%E6%97%A5%E6%9C%AC/%F0%9F%99%82.json", COMMON)
        yield (f"characters with a meaning at {where}", "DELETE", is_real,
               "/lake/a%2Bb%25c%3Fd%23e%26f%3Dg%3Bh/~i.j-k_l/%2541/m%27n%28o%29%2A%21", COMMON)
    yield ("a block", "PUT", False, "/lake/a?comp=block&blockid=MDAwMDA%2B%2Fw%3D%3D",
           [("Content-Length", "4194304"), ("Content-MD5", MD5)] + COMMON)
    yield ("a block list", "PUT", True, "/lake/a?comp=blocklist",
           [("Content-Type", "application/xml"), ("x-ms-blob-content-type", "application/gzip"), ("x-ms-access-tier", "Cool"),
            ("x-ms-meta-sha256", "2cf24dba"), ("x-ms-blob-content-md5", MD5), ("If-None-Match", "*"),
            ("x-ms-client-request-id", "7e57ab1e-0000-4000-8000-000000000003"), ("Content-Length", "117")] + COMMON)
    yield ("the order of parameters", "GET", False, "/lake/a?timeout=30&comp=blocklist&blocklisttype=all&snapshot=", COMMON)
    yield "a plus as it is", "GET", False, "/lake?comp=list&restype=container&prefix=a+b%2Bc&delimiter=/", COMMON
    yield "no query but a mark", "GET", True, "/lake/a?", COMMON
    yield "the account", "GET", True, "/?comp=list", COMMON
    yield "slashes", "HEAD", False, "/lake//a//b/", COMMON
    yield ("conditions and a lease", "DELETE", True, "/lake/a",
           [("x-ms-lease-id", "7e57ab1e-0000-4000-8000-000000000004"), ("If-Match", '"0x8DCD6E1F2A3B4C5"'),
            ("If-Unmodified-Since", "Fri, 27 Nov 2026 08:00:00 GMT")] + COMMON)
    yield "the range of Microsoft's client", "GET", True, "/lake/a", [("x-ms-range", "bytes=0-99")] + COMMON
    yield "a range", "GET", True, "/lake/a", [("Range", "bytes=0-99")] + COMMON
    yield ("the order of headers", "PUT", False, "/lake/a",
           [("x-ms-meta-b", "6"), ("x-ms-meta-a1", "3"), ("x-ms-meta-a_1", "2"), ("x-ms-meta-ab", "4"), ("x-ms-meta-a", "1"),
            ("x-ms-meta-ac", "5"), ("Content-Length", "1")] + put)
    yield ("case, an empty value, and headers that are not signed", "PUT", False, "/lake/a",
           [("X-Ms-Meta-Upper", "As It Is"), ("x-ms-meta-empty", ""), ("Host", "127.0.0.1:10000"), ("User-Agent", "exportd"),
            ("Accept", "*/*"), ("content-language", "de"), ("Content-Encoding", "gzip"), ("content-length", "1")] + put)
    yield ("the other date", "GET", True, "/lake/a",
           [("Date", "Fri, 27 Nov 2026 08:49:37 GMT"), ("If-Modified-Since", "Fri, 27 Nov 2026 08:00:00 GMT"),
            ("x-ms-version", "2021-12-02")])


def literal(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def argument(name, value):
    """As `swift format` has it."""
    line = f"      {name}: {value}"
    return line if len(line) < LINE else f"      {name}:\n        {value}"


def lines(text):
    inner = "\n".join(("        " + line.replace("\\", "\\\\")).rstrip() for line in text.split("\n"))
    return f'"""\n{inner}\n        """'


print(f'''import Testing

/// A request and what Shared Key makes of it: computed by the code of azure-storage-blob {version("azure-storage-blob")}
/// (`SharedKeyCredentialPolicy`), Copyright Microsoft Corporation, MIT License. Written by
/// Tests/CloudPeers/shared_key_vectors.py. URLs are as they are sent; at an emulator, the account is part of the path, and so
/// is there twice in what is signed. Microsoft's client never sends `Range`; what is signed of it is what the service documents.
struct SharedKeyVector: CustomTestStringConvertible {{
  let name: String
  let method: String
  let url: String
  let headers: [(String, String)]
  let account: String
  let key: String
  let stringToSign: String
  let authorization: String

  var testDescription: String {{ name }}

  static let all = [''')
for name, method, is_real, target, headers in vectors():
    account, key = (REAL, "realKey") if is_real else (ACCOUNT, "emulatedKey")
    url = f"https://{REAL}.blob.core.windows.net" if is_real else f"http://127.0.0.1:10000/{ACCOUNT}"
    signer = Signer(account, REAL_KEY if is_real else EMULATED_KEY)
    authorization = signer.sign(method, url + target, dict(headers))
    pairs = "".join(f"\n        ({literal(key)}, {literal(value)})," for key, value in headers)
    print(f"""    SharedKeyVector(
      name: {literal(name)}, method: {literal(method)},
{argument("url", literal(url + target))},
      headers: [{pairs}
      ],
      account: {literal(account)}, key: {key},
      stringToSign: {lines(signer.string_to_sign)},
      authorization: {literal(authorization)}),""")
print(f"""  ]

  private static let realKey =
    {literal(REAL_KEY)}
  private static let emulatedKey =
    {literal(EMULATED_KEY)}
}}""")
