import NIOHTTP1

/// One operation of the Cloud Storage JSON API on the bucket or an object of it, before a token is put to it.
struct GCSCall: Sendable {
  enum Target: Sendable {
    case object
    case objects
    case uploads
    /// An upload that has begun: its whole address. Who knows it may send to it, so that no message repeats it.
    case session(String)

    /// Whether only the bucket has to be there for it.
    var isBucket: Bool {
      switch self {
      case .object, .session: false
      case .objects, .uploads: true
      }
    }

    var isSession: Bool { if case .session = self { true } else { false } }
  }

  var method: HTTPMethod
  var target: Target
  /// Nil for the bucket itself.
  var key: String?
  /// Not encoded yet.
  var query: [String: String] = [:]
  var headers: [String: String] = [:]
  var body = CloudRequest.Body.none
  /// What an answer may have for a status beside 200 to 299 without being a failure.
  var alsoFine: Set<Int> = []
  /// The permission that a role must have ("IAM permissions for JSON methods").
  var permission: String

  /// What a message is about.
  func object(in bucket: GCSAddress) -> String {
    key.map { "gs://\(bucket.bucket)/\($0)" } ?? query["prefix"].map { "gs://\(bucket.bucket)/\($0)" }
      ?? "bucket \(bucket.bucket)"
  }

  func url(in bucket: GCSAddress) -> String {
    let address =
      switch target {
      case .object: bucket.object(key ?? "")
      case .objects: bucket.objects
      case .uploads: bucket.uploads
      case .session(let session): session
      }
    guard !query.isEmpty else { return address }
    return "\(address)?\(query.percentEncoded)"
  }
}
