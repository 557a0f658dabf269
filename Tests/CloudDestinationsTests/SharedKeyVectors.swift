import Testing

/// A request and what Shared Key makes of it: computed by the code of azure-storage-blob 12.31.1
/// (`SharedKeyCredentialPolicy`), Copyright Microsoft Corporation, MIT License. Written by
/// Tests/CloudPeers/shared_key_vectors.py. URLs are as they are sent; at an emulator, the account is part of the path, and so
/// is there twice in what is signed. Microsoft's client never sends `Range`; what is signed of it is what the service documents.
struct SharedKeyVector: CustomTestStringConvertible {
  let name: String
  let method: String
  let url: String
  let headers: [(String, String)]
  let account: String
  let key: String
  let stringToSign: String
  let authorization: String

  var testDescription: String { name }

  static let all = [
    SharedKeyVector(
      name: "a blob at the service", method: "PUT",
      url: "https://exportlake.blob.core.windows.net/lake/a/b.json",
      headers: [
        ("Content-Length", "5"),
        ("Content-MD5", "XUFAKrxLKna5cZ2REBfFkg=="),
        ("Content-Type", "application/octet-stream"),
        ("x-ms-blob-type", "BlockBlob"),
        ("x-ms-version", "2021-12-02"),
        ("x-ms-date", "Fri, 27 Nov 2026 08:49:37 GMT"),
      ],
      account: "exportlake", key: realKey,
      stringToSign: """
        PUT


        5
        XUFAKrxLKna5cZ2REBfFkg==
        application/octet-stream






        x-ms-blob-type:BlockBlob
        x-ms-date:Fri, 27 Nov 2026 08:49:37 GMT
        x-ms-version:2021-12-02
        /exportlake/lake/a/b.json
        """,
      authorization: "SharedKey exportlake:sej4shxDL0opaDfFR80o5GoUqu9RMezAfIfLxXcLBMU="),
    SharedKeyVector(
      name: "an empty blob at the service", method: "PUT",
      url: "https://exportlake.blob.core.windows.net/lake/empty",
      headers: [
        ("Content-Length", "0"),
        ("x-ms-blob-type", "BlockBlob"),
        ("x-ms-version", "2021-12-02"),
        ("x-ms-date", "Fri, 27 Nov 2026 08:49:37 GMT"),
      ],
      account: "exportlake", key: realKey,
      stringToSign: """
        PUT











        x-ms-blob-type:BlockBlob
        x-ms-date:Fri, 27 Nov 2026 08:49:37 GMT
        x-ms-version:2021-12-02
        /exportlake/lake/empty
        """,
      authorization: "SharedKey exportlake:G5NNG2q48mpjTYnktPjrbEF8OakwLJAqknDjP/xMtKo="),
    SharedKeyVector(
      name: "a list at the service", method: "GET",
      url:
        "https://exportlake.blob.core.windows.net/lake?restype=container&prefix=a%2Fb%20c&comp=list&maxresults=5000&include=uncommittedblobs%2Cmetadata&marker=2%2120%21YS9i%3D%3D",
      headers: [
        ("x-ms-version", "2021-12-02"),
        ("x-ms-date", "Fri, 27 Nov 2026 08:49:37 GMT"),
      ],
      account: "exportlake", key: realKey,
      stringToSign: """
        GET











        x-ms-date:Fri, 27 Nov 2026 08:49:37 GMT
        x-ms-version:2021-12-02
        /exportlake/lake
        comp:list
        include:uncommittedblobs,metadata
        marker:2!20!YS9i==
        maxresults:5000
        prefix:a/b c
        restype:container
        """,
      authorization: "SharedKey exportlake:V5UBY2YBzw/eVnn9e1F2I04NOA6FD8Gp97osqueaup4="),
    SharedKeyVector(
      name: "spaces and Unicode at the service", method: "GET",
      url:
        "https://exportlake.blob.core.windows.net/lake/gr%C3%B6%C3%9Fe%20und/%E6%97%A5%E6%9C%AC/%F0%9F%99%82.json",
      headers: [
        ("x-ms-version", "2021-12-02"),
        ("x-ms-date", "Fri, 27 Nov 2026 08:49:37 GMT"),
      ],
      account: "exportlake", key: realKey,
      stringToSign: """
        GET











        x-ms-date:Fri, 27 Nov 2026 08:49:37 GMT
        x-ms-version:2021-12-02
        /exportlake/lake/gr%C3%B6%C3%9Fe%20und/%E6%97%A5%E6%9C%AC/%F0%9F%99%82.json
        """,
      authorization: "SharedKey exportlake:FDECzlqljLkQBjSYgPc5QmSn+97rC6PgJLDfIyo+MgE="),
    SharedKeyVector(
      name: "characters with a meaning at the service", method: "DELETE",
      url:
        "https://exportlake.blob.core.windows.net/lake/a%2Bb%25c%3Fd%23e%26f%3Dg%3Bh/~i.j-k_l/%2541/m%27n%28o%29%2A%21",
      headers: [
        ("x-ms-version", "2021-12-02"),
        ("x-ms-date", "Fri, 27 Nov 2026 08:49:37 GMT"),
      ],
      account: "exportlake", key: realKey,
      stringToSign: """
        DELETE











        x-ms-date:Fri, 27 Nov 2026 08:49:37 GMT
        x-ms-version:2021-12-02
        /exportlake/lake/a%2Bb%25c%3Fd%23e%26f%3Dg%3Bh/~i.j-k_l/%2541/m%27n%28o%29%2A%21
        """,
      authorization: "SharedKey exportlake:CaiGRFa/qZbpyf5AUgYzMMlUtpOjZMt9uVZL/owiol0="),
    SharedKeyVector(
      name: "a blob at an emulator", method: "PUT",
      url: "http://127.0.0.1:10000/testaccount/lake/a/b.json",
      headers: [
        ("Content-Length", "5"),
        ("Content-MD5", "XUFAKrxLKna5cZ2REBfFkg=="),
        ("Content-Type", "application/octet-stream"),
        ("x-ms-blob-type", "BlockBlob"),
        ("x-ms-version", "2021-12-02"),
        ("x-ms-date", "Fri, 27 Nov 2026 08:49:37 GMT"),
      ],
      account: "testaccount", key: emulatedKey,
      stringToSign: """
        PUT


        5
        XUFAKrxLKna5cZ2REBfFkg==
        application/octet-stream






        x-ms-blob-type:BlockBlob
        x-ms-date:Fri, 27 Nov 2026 08:49:37 GMT
        x-ms-version:2021-12-02
        /testaccount/testaccount/lake/a/b.json
        """,
      authorization: "SharedKey testaccount:gpFrMZK9S4U6OEnLiHMwarlVLkGuo2flIoSBGsgZq4Y="),
    SharedKeyVector(
      name: "an empty blob at an emulator", method: "PUT",
      url: "http://127.0.0.1:10000/testaccount/lake/empty",
      headers: [
        ("Content-Length", "0"),
        ("x-ms-blob-type", "BlockBlob"),
        ("x-ms-version", "2021-12-02"),
        ("x-ms-date", "Fri, 27 Nov 2026 08:49:37 GMT"),
      ],
      account: "testaccount", key: emulatedKey,
      stringToSign: """
        PUT











        x-ms-blob-type:BlockBlob
        x-ms-date:Fri, 27 Nov 2026 08:49:37 GMT
        x-ms-version:2021-12-02
        /testaccount/testaccount/lake/empty
        """,
      authorization: "SharedKey testaccount:LtYqvUFtxIPNcIGMP33lamFIn7+92n6ZaeV3TymuBXU="),
    SharedKeyVector(
      name: "a list at an emulator", method: "GET",
      url:
        "http://127.0.0.1:10000/testaccount/lake?restype=container&prefix=a%2Fb%20c&comp=list&maxresults=5000&include=uncommittedblobs%2Cmetadata&marker=2%2120%21YS9i%3D%3D",
      headers: [
        ("x-ms-version", "2021-12-02"),
        ("x-ms-date", "Fri, 27 Nov 2026 08:49:37 GMT"),
      ],
      account: "testaccount", key: emulatedKey,
      stringToSign: """
        GET











        x-ms-date:Fri, 27 Nov 2026 08:49:37 GMT
        x-ms-version:2021-12-02
        /testaccount/testaccount/lake
        comp:list
        include:uncommittedblobs,metadata
        marker:2!20!YS9i==
        maxresults:5000
        prefix:a/b c
        restype:container
        """,
      authorization: "SharedKey testaccount:SQKiHJ7JdGGoR1KMqnXqgjnZHBEjef2uZdUHO/qM8DQ="),
    SharedKeyVector(
      name: "spaces and Unicode at an emulator", method: "GET",
      url:
        "http://127.0.0.1:10000/testaccount/lake/gr%C3%B6%C3%9Fe%20und/%E6%97%A5%E6%9C%AC/%F0%9F%99%82.json",
      headers: [
        ("x-ms-version", "2021-12-02"),
        ("x-ms-date", "Fri, 27 Nov 2026 08:49:37 GMT"),
      ],
      account: "testaccount", key: emulatedKey,
      stringToSign: """
        GET











        x-ms-date:Fri, 27 Nov 2026 08:49:37 GMT
        x-ms-version:2021-12-02
        /testaccount/testaccount/lake/gr%C3%B6%C3%9Fe%20und/%E6%97%A5%E6%9C%AC/%F0%9F%99%82.json
        """,
      authorization: "SharedKey testaccount:vT4ktoyopmBZ1xCB3SkDDDLXHFXzK4krnTmoT5sscVE="),
    SharedKeyVector(
      name: "characters with a meaning at an emulator", method: "DELETE",
      url:
        "http://127.0.0.1:10000/testaccount/lake/a%2Bb%25c%3Fd%23e%26f%3Dg%3Bh/~i.j-k_l/%2541/m%27n%28o%29%2A%21",
      headers: [
        ("x-ms-version", "2021-12-02"),
        ("x-ms-date", "Fri, 27 Nov 2026 08:49:37 GMT"),
      ],
      account: "testaccount", key: emulatedKey,
      stringToSign: """
        DELETE











        x-ms-date:Fri, 27 Nov 2026 08:49:37 GMT
        x-ms-version:2021-12-02
        /testaccount/testaccount/lake/a%2Bb%25c%3Fd%23e%26f%3Dg%3Bh/~i.j-k_l/%2541/m%27n%28o%29%2A%21
        """,
      authorization: "SharedKey testaccount:lrztqBmBMqga1hQr0gMHhZGtJ9Q+A9mhfuYHZDiaSZw="),
    SharedKeyVector(
      name: "a block", method: "PUT",
      url: "http://127.0.0.1:10000/testaccount/lake/a?comp=block&blockid=MDAwMDA%2B%2Fw%3D%3D",
      headers: [
        ("Content-Length", "4194304"),
        ("Content-MD5", "XUFAKrxLKna5cZ2REBfFkg=="),
        ("x-ms-version", "2021-12-02"),
        ("x-ms-date", "Fri, 27 Nov 2026 08:49:37 GMT"),
      ],
      account: "testaccount", key: emulatedKey,
      stringToSign: """
        PUT


        4194304
        XUFAKrxLKna5cZ2REBfFkg==







        x-ms-date:Fri, 27 Nov 2026 08:49:37 GMT
        x-ms-version:2021-12-02
        /testaccount/testaccount/lake/a
        blockid:MDAwMDA+/w==
        comp:block
        """,
      authorization: "SharedKey testaccount:dYTy3ZvY4Fh7CKfliWrHE4gN5ETtUYLz0Iwt69N/0pQ="),
    SharedKeyVector(
      name: "a block list", method: "PUT",
      url: "https://exportlake.blob.core.windows.net/lake/a?comp=blocklist",
      headers: [
        ("Content-Type", "application/xml"),
        ("x-ms-blob-content-type", "application/gzip"),
        ("x-ms-access-tier", "Cool"),
        ("x-ms-meta-sha256", "2cf24dba"),
        ("x-ms-blob-content-md5", "XUFAKrxLKna5cZ2REBfFkg=="),
        ("If-None-Match", "*"),
        ("x-ms-client-request-id", "7e57ab1e-0000-4000-8000-000000000003"),
        ("Content-Length", "117"),
        ("x-ms-version", "2021-12-02"),
        ("x-ms-date", "Fri, 27 Nov 2026 08:49:37 GMT"),
      ],
      account: "exportlake", key: realKey,
      stringToSign: """
        PUT


        117

        application/xml



        *


        x-ms-access-tier:Cool
        x-ms-blob-content-md5:XUFAKrxLKna5cZ2REBfFkg==
        x-ms-blob-content-type:application/gzip
        x-ms-client-request-id:7e57ab1e-0000-4000-8000-000000000003
        x-ms-date:Fri, 27 Nov 2026 08:49:37 GMT
        x-ms-meta-sha256:2cf24dba
        x-ms-version:2021-12-02
        /exportlake/lake/a
        comp:blocklist
        """,
      authorization: "SharedKey exportlake:h6o8Y4A1KDjuuZD2BFwtBFHFgPrvic3Vq/FZEuLOeB4="),
    SharedKeyVector(
      name: "the order of parameters", method: "GET",
      url: "http://127.0.0.1:10000/testaccount/lake/a?timeout=30&comp=blocklist&blocklisttype=all&snapshot=",
      headers: [
        ("x-ms-version", "2021-12-02"),
        ("x-ms-date", "Fri, 27 Nov 2026 08:49:37 GMT"),
      ],
      account: "testaccount", key: emulatedKey,
      stringToSign: """
        GET











        x-ms-date:Fri, 27 Nov 2026 08:49:37 GMT
        x-ms-version:2021-12-02
        /testaccount/testaccount/lake/a
        blocklisttype:all
        comp:blocklist
        snapshot:
        timeout:30
        """,
      authorization: "SharedKey testaccount:Ot0kPiLIwCLLMF/pesWSS/ScfYsCU+GDJR9nFn0E3Cc="),
    SharedKeyVector(
      name: "a plus as it is", method: "GET",
      url: "http://127.0.0.1:10000/testaccount/lake?comp=list&restype=container&prefix=a+b%2Bc&delimiter=/",
      headers: [
        ("x-ms-version", "2021-12-02"),
        ("x-ms-date", "Fri, 27 Nov 2026 08:49:37 GMT"),
      ],
      account: "testaccount", key: emulatedKey,
      stringToSign: """
        GET











        x-ms-date:Fri, 27 Nov 2026 08:49:37 GMT
        x-ms-version:2021-12-02
        /testaccount/testaccount/lake
        comp:list
        delimiter:/
        prefix:a+b+c
        restype:container
        """,
      authorization: "SharedKey testaccount:BJvab85h+G+jmJ2mwTlNJX8WdXNVD/OXndGzeDby0V4="),
    SharedKeyVector(
      name: "no query but a mark", method: "GET",
      url: "https://exportlake.blob.core.windows.net/lake/a?",
      headers: [
        ("x-ms-version", "2021-12-02"),
        ("x-ms-date", "Fri, 27 Nov 2026 08:49:37 GMT"),
      ],
      account: "exportlake", key: realKey,
      stringToSign: """
        GET











        x-ms-date:Fri, 27 Nov 2026 08:49:37 GMT
        x-ms-version:2021-12-02
        /exportlake/lake/a
        """,
      authorization: "SharedKey exportlake:A2gsDH86exsymhVIQZA0ASJ63TEdqBIk1pz5dIfFNA0="),
    SharedKeyVector(
      name: "the account", method: "GET",
      url: "https://exportlake.blob.core.windows.net/?comp=list",
      headers: [
        ("x-ms-version", "2021-12-02"),
        ("x-ms-date", "Fri, 27 Nov 2026 08:49:37 GMT"),
      ],
      account: "exportlake", key: realKey,
      stringToSign: """
        GET











        x-ms-date:Fri, 27 Nov 2026 08:49:37 GMT
        x-ms-version:2021-12-02
        /exportlake/
        comp:list
        """,
      authorization: "SharedKey exportlake:tHMgiWQmmwDDouARLt3l4UvOCYqU5yukjgkl4cX1woE="),
    SharedKeyVector(
      name: "slashes", method: "HEAD",
      url: "http://127.0.0.1:10000/testaccount/lake//a//b/",
      headers: [
        ("x-ms-version", "2021-12-02"),
        ("x-ms-date", "Fri, 27 Nov 2026 08:49:37 GMT"),
      ],
      account: "testaccount", key: emulatedKey,
      stringToSign: """
        HEAD











        x-ms-date:Fri, 27 Nov 2026 08:49:37 GMT
        x-ms-version:2021-12-02
        /testaccount/testaccount/lake//a//b/
        """,
      authorization: "SharedKey testaccount:K/eZFqEWoLa7sWWGE+OjvoiVxw2sXPapkCqaYnwsDb4="),
    SharedKeyVector(
      name: "conditions and a lease", method: "DELETE",
      url: "https://exportlake.blob.core.windows.net/lake/a",
      headers: [
        ("x-ms-lease-id", "7e57ab1e-0000-4000-8000-000000000004"),
        ("If-Match", "\"0x8DCD6E1F2A3B4C5\""),
        ("If-Unmodified-Since", "Fri, 27 Nov 2026 08:00:00 GMT"),
        ("x-ms-version", "2021-12-02"),
        ("x-ms-date", "Fri, 27 Nov 2026 08:49:37 GMT"),
      ],
      account: "exportlake", key: realKey,
      stringToSign: """
        DELETE







        "0x8DCD6E1F2A3B4C5"

        Fri, 27 Nov 2026 08:00:00 GMT

        x-ms-date:Fri, 27 Nov 2026 08:49:37 GMT
        x-ms-lease-id:7e57ab1e-0000-4000-8000-000000000004
        x-ms-version:2021-12-02
        /exportlake/lake/a
        """,
      authorization: "SharedKey exportlake:B/EltZhiB589fCz5b24TludSufSu7v1I0+vs+rjP6Ps="),
    SharedKeyVector(
      name: "the range of Microsoft's client", method: "GET",
      url: "https://exportlake.blob.core.windows.net/lake/a",
      headers: [
        ("x-ms-range", "bytes=0-99"),
        ("x-ms-version", "2021-12-02"),
        ("x-ms-date", "Fri, 27 Nov 2026 08:49:37 GMT"),
      ],
      account: "exportlake", key: realKey,
      stringToSign: """
        GET











        x-ms-date:Fri, 27 Nov 2026 08:49:37 GMT
        x-ms-range:bytes=0-99
        x-ms-version:2021-12-02
        /exportlake/lake/a
        """,
      authorization: "SharedKey exportlake:PAAU7Ly2bJxWBD79bZED68t8NoQuNpdeqX1vldGjGTI="),
    SharedKeyVector(
      name: "a range", method: "GET",
      url: "https://exportlake.blob.core.windows.net/lake/a",
      headers: [
        ("Range", "bytes=0-99"),
        ("x-ms-version", "2021-12-02"),
        ("x-ms-date", "Fri, 27 Nov 2026 08:49:37 GMT"),
      ],
      account: "exportlake", key: realKey,
      stringToSign: """
        GET










        bytes=0-99
        x-ms-date:Fri, 27 Nov 2026 08:49:37 GMT
        x-ms-version:2021-12-02
        /exportlake/lake/a
        """,
      authorization: "SharedKey exportlake:4hMSIcdILlYqitIiASSahJQzrptWIfEJa+ERQnim0cA="),
    SharedKeyVector(
      name: "the order of headers", method: "PUT",
      url: "http://127.0.0.1:10000/testaccount/lake/a",
      headers: [
        ("x-ms-meta-b", "6"),
        ("x-ms-meta-a1", "3"),
        ("x-ms-meta-a_1", "2"),
        ("x-ms-meta-ab", "4"),
        ("x-ms-meta-a", "1"),
        ("x-ms-meta-ac", "5"),
        ("Content-Length", "1"),
        ("x-ms-blob-type", "BlockBlob"),
        ("x-ms-version", "2021-12-02"),
        ("x-ms-date", "Fri, 27 Nov 2026 08:49:37 GMT"),
      ],
      account: "testaccount", key: emulatedKey,
      stringToSign: """
        PUT


        1








        x-ms-blob-type:BlockBlob
        x-ms-date:Fri, 27 Nov 2026 08:49:37 GMT
        x-ms-meta-a:1
        x-ms-meta-a_1:2
        x-ms-meta-a1:3
        x-ms-meta-ab:4
        x-ms-meta-ac:5
        x-ms-meta-b:6
        x-ms-version:2021-12-02
        /testaccount/testaccount/lake/a
        """,
      authorization: "SharedKey testaccount:LSTzmma0QtBf4tLcl2o2fXeCYwfzoOVKOI7pH4c1S98="),
    SharedKeyVector(
      name: "case, an empty value, and headers that are not signed", method: "PUT",
      url: "http://127.0.0.1:10000/testaccount/lake/a",
      headers: [
        ("X-Ms-Meta-Upper", "As It Is"),
        ("x-ms-meta-empty", ""),
        ("Host", "127.0.0.1:10000"),
        ("User-Agent", "exportd"),
        ("Accept", "*/*"),
        ("content-language", "de"),
        ("Content-Encoding", "gzip"),
        ("content-length", "1"),
        ("x-ms-blob-type", "BlockBlob"),
        ("x-ms-version", "2021-12-02"),
        ("x-ms-date", "Fri, 27 Nov 2026 08:49:37 GMT"),
      ],
      account: "testaccount", key: emulatedKey,
      stringToSign: """
        PUT
        gzip
        de
        1








        x-ms-blob-type:BlockBlob
        x-ms-date:Fri, 27 Nov 2026 08:49:37 GMT
        x-ms-meta-empty:
        x-ms-meta-upper:As It Is
        x-ms-version:2021-12-02
        /testaccount/testaccount/lake/a
        """,
      authorization: "SharedKey testaccount:S4NorLsNB2nSKj0RYBUCcXAKYM/nxBwhMiG90v55rTg="),
    SharedKeyVector(
      name: "the other date", method: "GET",
      url: "https://exportlake.blob.core.windows.net/lake/a",
      headers: [
        ("Date", "Fri, 27 Nov 2026 08:49:37 GMT"),
        ("If-Modified-Since", "Fri, 27 Nov 2026 08:00:00 GMT"),
        ("x-ms-version", "2021-12-02"),
      ],
      account: "exportlake", key: realKey,
      stringToSign: """
        GET





        Fri, 27 Nov 2026 08:49:37 GMT
        Fri, 27 Nov 2026 08:00:00 GMT




        x-ms-version:2021-12-02
        /exportlake/lake/a
        """,
      authorization: "SharedKey exportlake:00iQpQxWdjFcGxomGquTPLV2NVCRD8EhYIYGIInGH04="),
  ]

  private static let realKey =
    "oznfuOjoz2Yf1CLia3Z4rGl0o/SiGfRgIL+fZfV0seg8XBM3I0a17+YW/9cd9BVgZSPIrWGSrjN9nfhilCmdnQ=="
  private static let emulatedKey =
    "O0k4nXeTIvUtp1P5hCQ96S08ONCAKPmESF5tHZb/0DrGrmpKXluFJTig6FDDrax6WjugPkkm6yt+jjsuaVeY4Q=="
}
