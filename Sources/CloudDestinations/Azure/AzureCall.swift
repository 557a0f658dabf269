import ExportCore
import Foundation
import NIOHTTP1

/// One operation of the Blob service on a container or a blob of it, before it is authorised.
struct AzureCall: Sendable {
  /// What one must be allowed to do: by the letter of a shared access signature ("Create a service SAS") and by the data action of a
  /// role ("Azure built-in roles for Storage").
  enum Permission: String, Sendable {
    case read = "r"
    case write = "w"
    case delete = "d"
    case list = "l"

    /// Below `Microsoft.Storage/storageAccounts/blobServices/containers`.
    var action: String {
      switch self {
      case .read, .list: "blobs/read"
      case .write: "blobs/write"
      case .delete: "blobs/delete"
      }
    }
  }

  var method: HTTPMethod
  /// Nil for the container itself.
  var blob: String?
  /// Not encoded yet.
  var query: [String: String] = [:]
  /// Their names in any case; no two that differ in case only.
  var headers: [String: String] = [:]
  var body = CloudRequest.Body.none
  var permission: Permission

  /// The version of the service that requests are written for ("Versioning for Azure Storage").
  static let version = "2023-11-03"

  var bytes: Int {
    switch body {
    case .none: 0
    case .bytes(let bytes): bytes.count
    case .part(let part): part.bytes
    case .framed(let head, let part, let tail): head.count + part.bytes + tail.count
    }
  }

  /// What a message is about.
  func object(in container: AzureAddress) -> String {
    blob.map { container.text(of: $0) } ?? query["prefix"].map { container.text(of: $0) }
      ?? "container \(container.container)"
  }
}
