import Crypto
import ExportCore
import Foundation

/// Signs requests with the key of a storage account ("Authorize with Shared Key" in the Storage services documentation, for versions
/// since 2015-02-21).
struct SharedKey: Sendable {
  private let account: String
  private let key: SymmetricKey

  /// - Parameters:
  ///   - key: Base64.
  ///   - object: what messages call the destination.
  /// - Throws: ``ExportError`` for a key that is none.
  init(account: String, key: String, of object: String) throws(ExportError) {
    let text = key.trimmingCharacters(in: .whitespacesAndNewlines)
    guard let data = Data(base64Encoded: text), !data.isEmpty else {
      throw ExportError(
        .configuration, .lasting, object: "\(object), accountKey", problem: "is not Base64",
        hint: "copy key1 or key2 as it stands under \"Access keys\" of the storage account")
    }
    self.account = account
    self.key = SymmetricKey(data: data)
  }

  /// The header `Authorization`.
  /// - Parameters:
  ///   - path: as it goes out, percent-encoded.
  ///   - query: not encoded.
  ///   - headers: all that are sent, `x-ms-date` among them.
  ///   - bytes: of the body.
  func authorization(
    method: String, path: String, query: [String: String], headers: [String: String], bytes: Int
  ) -> String {
    let text = stringToSign(method: method, path: path, query: query, headers: headers, bytes: bytes)
    let signature = HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: key)
    return "SharedKey \(account):\(Data(signature).base64EncodedString())"
  }

  /// The headers that have a line of their own, in this order.
  private static let signedHeaders = [
    "content-encoding", "content-language", "content-length", "content-md5", "content-type", "date",
    "if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range",
  ]

  func stringToSign(
    method: String, path: String, query: [String: String], headers: [String: String], bytes: Int
  ) -> String {
    var headers = Dictionary(uniqueKeysWithValues: headers.map { ($0.key.lowercased(), $0.value) })
    // A length of nothing is left out, and so is the date where `x-ms-date` has it.
    headers["content-length"] = bytes > 0 ? String(bytes) : nil
    if headers["x-ms-date"] != nil { headers["date"] = nil }
    let ours = headers.filter { $0.key.hasPrefix("x-ms-") }.sorted { $0.key < $1.key }
      .map { "\($0.key):\($0.value.trimmingCharacters(in: .whitespaces))\n" }
    let parameters = query.map { ($0.key.lowercased(), $0.value) }.sorted { $0.0 < $1.0 }
      .map { "\n\($0.0):\($0.1)" }
    return ([method] + Self.signedHeaders.map { headers[$0] ?? "" }).joined(separator: "\n") + "\n"
      + ours.joined() + "/\(account)\(path)" + parameters.joined()
  }
}
