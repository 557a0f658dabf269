import Crypto
import ExportCore
import Foundation

/// AWS Signature Version 4 in the header `Authorization`, the payload in one piece
/// ("Authenticating Requests: Using the Authorization Header" in the Amazon S3 API Reference).
struct SignatureV4: Sendable {
  var credentials: S3Credentials
  var region: String
  /// `s3` or `sts`.
  var service: String

  /// The payload hash of a request whose payload is not signed.
  static let unsignedPayload = "UNSIGNED-PAYLOAD"

  /// The headers to send: those given, their names in lower case, with `x-amz-date`, `x-amz-security-token` where the
  /// credentials are temporary, and `authorization`.
  /// - Parameters:
  ///   - path: as it goes out: percent-encoded once, and not normalised, since `a//b/../c` is a key like any other.
  ///   - query: as it goes out, without `?`, in any order.
  ///   - headers: all that are to be signed, `host` among them; no two that differ in case only.
  ///   - payloadHash: SHA-256 in lower-case hexadecimal, or ``unsignedPayload``.
  func signed(
    method: String, path: String, query: String = "", headers: [String: String], payloadHash: String,
    at time: Date
  ) -> [String: String] {
    let moment = time.formatted(Self.moment)
    let date = String(moment.prefix(8))
    var headers = Dictionary(uniqueKeysWithValues: headers.map { ($0.key.lowercased(), $0.value) })
    headers["x-amz-date"] = moment
    if let token = credentials.sessionToken { headers["x-amz-security-token"] = token }

    let sorted = headers.sorted { $0.key < $1.key }
    let names = sorted.map(\.key).joined(separator: ";")
    let request = [
      method, path, Self.canonical(query),
      sorted.map { "\($0.key):\(Self.canonical(value: $0.value))\n" }.joined(),
      names, payloadHash,
    ].joined(separator: "\n")
    let scope = "\(date)/\(region)/\(service)/aws4_request"
    let toSign = [
      "AWS4-HMAC-SHA256", moment, scope, SHA256.hash(data: Data(request.utf8)).hexadecimal,
    ].joined(separator: "\n")

    let signature = Self.hmac(toSign, key(of: date)).hexadecimal
    headers["authorization"] =
      "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyId)/\(scope), SignedHeaders=\(names), Signature=\(signature)"
    return headers
  }

  /// `20130524T000000Z`.
  private static let moment = Date.ISO8601FormatStyle(
    dateSeparator: .omitted, dateTimeSeparator: .standard, timeSeparator: .omitted,
    timeZoneSeparator: .omitted, includingFractionalSeconds: false, timeZone: .gmt)

  /// The key that is good for one day, region and service.
  private func key(of date: String) -> SymmetricKey {
    let first = SymmetricKey(data: Data("AWS4\(credentials.secretAccessKey)".utf8))
    return [date, region, service, "aws4_request"].reduce(first) { key, step in
      SymmetricKey(data: Data(Self.hmac(step, key)))
    }
  }

  private static func hmac(_ text: String, _ key: SymmetricKey) -> HMAC<SHA256>.MAC {
    HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: key)
  }

  /// In the order of the encoded names, then values; each name with a `=`.
  private static func canonical(_ query: String) -> String {
    let parameters = query.split(separator: "&").map { parameter in
      let parts = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (name: parts[0], value: parts.count > 1 ? parts[1] : "")
    }
    return parameters.sorted { ($0.name, $0.value) < ($1.name, $1.value) }
      .map { "\($0.name)=\($0.value)" }.joined(separator: "&")
  }

  /// Without white space around it, and one space where there are several.
  private static func canonical(value: String) -> String {
    value.split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }
}
