import Testing

/// A request and its signature from AWS's own test suite for Signature Version 4: tests/aws-signing-test-suite/v4 of
/// github.com/awslabs/aws-c-auth (commit 495329c2), Copyright Amazon.com, Inc. or its affiliates, Apache License 2.0. Put
/// together here from its files; headers that come several times are joined as RFC 9110 section 5.2 has it. Left out are
/// `get-relative-normalized`, `get-relative-relative-normalized`, `get-slash-dot-slash-normalized`, `get-slash-normalized`, `get-slash-pointless-dot-normalized`, `get-slashes-normalized`: they
/// normalise paths, which S3 does not.
struct SignatureV4Vector: CustomTestStringConvertible {
  var name: String
  var method: String
  var target: String
  var headers: [String: String]
  var body = ""
  /// Whether `x-amz-content-sha256` is sent, too.
  var isBodySigned = false
  var token: String?
  /// A token that is added after signing is no part of it.
  var isTokenSigned = true
  var signature: String

  var testDescription: String { name }

  static let all = [
    SignatureV4Vector(
      name: "get-header-key-duplicate", method: "GET", target: "/",
      headers: ["Host": "example.amazonaws.com", "My-Header1": "value2,value2,value1"],
      signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"),
    SignatureV4Vector(
      name: "get-header-value-multiline", method: "GET", target: "/",
      headers: ["Host": "example.amazonaws.com", "My-Header1": "value1\n  value2\n     value3"],
      signature: "cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd"),
    SignatureV4Vector(
      name: "get-header-value-order", method: "GET", target: "/",
      headers: ["Host": "example.amazonaws.com", "My-Header1": "value4,value1,value3,value2"],
      signature: "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"),
    SignatureV4Vector(
      name: "get-header-value-trim", method: "GET", target: "/",
      headers: ["Host": "example.amazonaws.com", "My-Header1": " value1", "My-Header2": " \"a   b   c\""],
      signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
    SignatureV4Vector(
      name: "get-relative-relative-unnormalized", method: "GET", target: "/example1/example2/../..",
      headers: ["Host": "example.amazonaws.com"],
      signature: "dc33e0856fd4baca4d7aa2146c38958283844764f38c74252a333df5e613003b"),
    SignatureV4Vector(
      name: "get-relative-unnormalized", method: "GET", target: "/example/..",
      headers: ["Host": "example.amazonaws.com"],
      signature: "eca7ead57bb5aa5c8e28007acd4ff04e1ff9a0ff3b237ec1554a184887ff9282"),
    SignatureV4Vector(
      name: "get-slash-dot-slash-unnormalized", method: "GET", target: "/./",
      headers: ["Host": "example.amazonaws.com"],
      signature: "68714168e6557f8f2de0ef956fc24dc2593a4bd2961f8df51898d8a134695145"),
    SignatureV4Vector(
      name: "get-slash-pointless-dot-unnormalized", method: "GET", target: "/./example",
      headers: ["Host": "example.amazonaws.com"],
      signature: "beb03f223f7deae4146464f06e29eebbee9c8afbe15c290cf07aa8b119e14cff"),
    SignatureV4Vector(
      name: "get-slash-unnormalized", method: "GET", target: "//",
      headers: ["Host": "example.amazonaws.com"],
      signature: "c88bcd3d312d75078c0cd961d6deae3f4c754924b01669efcfcb439fd5e5b76e"),
    SignatureV4Vector(
      name: "get-slashes-unnormalized", method: "GET", target: "//example//",
      headers: ["Host": "example.amazonaws.com"],
      signature: "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5"),
    SignatureV4Vector(
      name: "get-space-normalized", method: "GET", target: "/example space/",
      headers: ["Host": "example.amazonaws.com"],
      signature: "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
    SignatureV4Vector(
      name: "get-space-unnormalized", method: "GET", target: "/example space/",
      headers: ["Host": "example.amazonaws.com"],
      signature: "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
    SignatureV4Vector(
      name: "get-unreserved", method: "GET",
      target: "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
      headers: ["Host": "example.amazonaws.com"],
      signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
    SignatureV4Vector(
      name: "get-utf8", method: "GET", target: "/ሴ",
      headers: ["Host": "example.amazonaws.com"],
      signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
    SignatureV4Vector(
      name: "get-vanilla-empty-query-key", method: "GET", target: "/?Param1=value1",
      headers: ["Host": "example.amazonaws.com"],
      signature: "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"),
    SignatureV4Vector(
      name: "get-vanilla-query-order-encoded", method: "GET",
      target: "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
      headers: ["Host": "example.amazonaws.com"],
      signature: "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"),
    SignatureV4Vector(
      name: "get-vanilla-query-order-key-case", method: "GET", target: "/?Param2=value2&Param1=value1",
      headers: ["Host": "example.amazonaws.com"],
      signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
    SignatureV4Vector(
      name: "get-vanilla-query-unreserved", method: "GET",
      target:
        "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
      headers: ["Host": "example.amazonaws.com"],
      signature: "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"),
    SignatureV4Vector(
      name: "get-vanilla-query", method: "GET", target: "/",
      headers: ["Host": "example.amazonaws.com"],
      signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    SignatureV4Vector(
      name: "get-vanilla-utf8-query", method: "GET", target: "/?ሴ=bar",
      headers: ["Host": "example.amazonaws.com"],
      signature: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
    SignatureV4Vector(
      name: "get-vanilla-with-session-token", method: "GET", target: "/",
      headers: ["Host": "example.amazonaws.com"],
      token: "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
      signature: "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"),
    SignatureV4Vector(
      name: "get-vanilla", method: "GET", target: "/",
      headers: ["Host": "example.amazonaws.com"],
      signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    SignatureV4Vector(
      name: "post-header-key-case", method: "POST", target: "/",
      headers: ["Host": "example.amazonaws.com"],
      signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    SignatureV4Vector(
      name: "post-header-key-sort", method: "POST", target: "/",
      headers: ["Host": "example.amazonaws.com", "My-Header1": "value1"],
      signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"),
    SignatureV4Vector(
      name: "post-header-value-case", method: "POST", target: "/",
      headers: ["Host": "example.amazonaws.com", "My-Header1": "VALUE1"],
      signature: "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"),
    SignatureV4Vector(
      name: "post-sts-header-after", method: "POST", target: "/",
      headers: ["Host": "example.amazonaws.com"],
      token: longToken, isTokenSigned: false,
      signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    SignatureV4Vector(
      name: "post-sts-header-before", method: "POST", target: "/",
      headers: ["Host": "example.amazonaws.com"],
      token: longToken,
      signature: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"),
    SignatureV4Vector(
      name: "post-vanilla-empty-query-value", method: "POST", target: "/?Param1=value1",
      headers: ["Host": "example.amazonaws.com"],
      signature: "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"),
    SignatureV4Vector(
      name: "post-vanilla-query", method: "POST", target: "/?Param1=value1",
      headers: ["Host": "example.amazonaws.com"],
      signature: "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"),
    SignatureV4Vector(
      name: "post-vanilla", method: "POST", target: "/",
      headers: ["Host": "example.amazonaws.com"],
      signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    SignatureV4Vector(
      name: "post-x-www-form-urlencoded-parameters", method: "POST", target: "/",
      headers: [
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "Host": "example.amazonaws.com",
        "Content-Length": "13",
      ],
      body: "Param1=value1", isBodySigned: true,
      signature: "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422"),
    SignatureV4Vector(
      name: "post-x-www-form-urlencoded", method: "POST", target: "/",
      headers: [
        "Content-Type": "application/x-www-form-urlencoded", "Host": "example.amazonaws.com",
        "Content-Length": "13",
      ],
      body: "Param1=value1", isBodySigned: true,
      signature: "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"),
  ]

  private static let longToken =
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
}
