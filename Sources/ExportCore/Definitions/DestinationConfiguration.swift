/// Where files go. One case a kind of destination: the compiler then finds every place that a new kind
/// needs. Secrets stay references here and are resolved where they are used.
package enum DestinationConfiguration: Hashable, Sendable, Codable {
  case directory(DirectoryConfiguration)
  case s3(S3Configuration)
  case gcs(GCSConfiguration)
  case azure(AzureConfiguration)

  /// The template before each object's name, `""` when there is none.
  package var prefix: String {
    switch self {
    case .directory(let directory): directory.prefix
    case .s3(let s3): s3.prefix
    case .gcs(let gcs): gcs.prefix
    case .azure(let azure): azure.prefix
    }
  }

  /// Where objects lie, whoever asks for them and however they are stored.
  package struct Place: Hashable, Sendable {
    package var type: String
    package var container: String
    package var address: String?
  }

  /// Two destinations of one place hold the same objects under the same names; of two places, as far as one can tell from
  /// outside, not.
  package var place: Place {
    switch self {
    case .directory(let directory): Place(type: type, container: directory.path, address: nil)
    case .s3(let s3): Place(type: type, container: s3.bucket, address: s3.endpoint)
    case .gcs(let gcs): Place(type: type, container: gcs.bucket, address: gcs.endpoint)
    case .azure(let azure):
      Place(type: type, container: "\(azure.account)/\(azure.container)", address: azure.endpoint)
    }
  }

  /// Whom credentials are shown to.
  package struct Service: Hashable, Sendable {
    package var type: String
    package var address: String?
    package var account: String?
  }

  /// What opens one bucket of a service may open another one; it is no other server's business.
  package var service: Service {
    switch self {
    case .directory, .s3, .gcs: Service(type: type, address: place.address, account: nil)
    case .azure(let azure): Service(type: type, address: azure.endpoint, account: azure.account)
    }
  }

  /// The key `type` as written in the configuration.
  package var type: String {
    switch self {
    case .directory: "directory"
    case .s3: "s3"
    case .gcs: "gcs"
    case .azure: "azure"
    }
  }
}

package struct DirectoryConfiguration: Hashable, Sendable, Codable {
  package var prefix: String
  /// Absolute.
  package var path: String
  /// Permission bits of delivered files.
  package var mode: UInt32
  /// The group that delivered files get; nil leaves the process's own.
  package var group: String?

  package init(prefix: String = "", path: String, mode: UInt32 = 0o640, group: String? = nil) {
    self.prefix = prefix
    self.path = path
    self.mode = mode
    self.group = group
  }
}

/// A secret as the configuration writes it. A literal is never encoded: what reaches the state database
/// is a blank, and the newest configuration supplies the value.
package enum Secret: Hashable, Sendable, Codable, CustomStringConvertible {
  case literal(String)
  case file(String)
  case environment(String)
  /// The name of a systemd credential.
  case credential(String)

  private enum CodingKeys: CodingKey { case file, env, credential }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    if let path = try container.decodeIfPresent(String.self, forKey: .file) {
      self = .file(path)
    } else if let name = try container.decodeIfPresent(String.self, forKey: .env) {
      self = .environment(name)
    } else if let name = try container.decodeIfPresent(String.self, forKey: .credential) {
      self = .credential(name)
    } else {
      self = .literal("")
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .literal: break
    case .file(let path): try container.encode(path, forKey: .file)
    case .environment(let name): try container.encode(name, forKey: .env)
    case .credential(let name): try container.encode(name, forKey: .credential)
    }
  }

  /// Never the value.
  package var description: String {
    switch self {
    case .literal: "(secret)"
    case .file(let path): "file \(path)"
    case .environment(let name): "environment variable \(name)"
    case .credential(let name): "credential \(name)"
    }
  }
}

/// What the three cloud destinations share.
package struct CloudOptions: Hashable, Sendable, Codable {
  package var caFile: String?
  package var allowHTTP: Bool
  package var maxUploadBytesPerSecond: Int?

  package init(caFile: String? = nil, allowHTTP: Bool = false, maxUploadBytesPerSecond: Int? = nil) {
    self.caFile = caFile
    self.allowHTTP = allowHTTP
    self.maxUploadBytesPerSecond = maxUploadBytesPerSecond
  }
}

package struct S3Configuration: Hashable, Sendable, Codable {
  package enum Encryption: String, Hashable, Sendable, Codable, CaseIterable {
    case aes256 = "AES256"
    case kms = "aws:kms"
  }
  package var prefix = ""
  package var bucket: String
  package var region: String?
  package var endpoint: String?
  package var pathStyle: Bool?
  package var accessKeyId: Secret?
  package var secretAccessKey: Secret?
  package var sessionToken: Secret?
  package var profile: String?
  package var roleArn: String?
  package var externalId: String?
  package var sse: Encryption?
  package var kmsKeyId: String?
  package var storageClass: String?
  package var tags: [String: String] = [:]
  package var cloud = CloudOptions()

  package init(bucket: String) { self.bucket = bucket }
}

package struct GCSConfiguration: Hashable, Sendable, Codable {
  package var prefix = ""
  package var bucket: String
  package var endpoint: String?
  package var serviceAccountKey: Secret?
  package var storageClass: String?
  package var cloud = CloudOptions()

  package init(bucket: String) { self.bucket = bucket }
}

package struct AzureConfiguration: Hashable, Sendable, Codable {
  /// How the account is entered; exactly one way, by type.
  package enum Access: Hashable, Sendable, Codable {
    case accountKey(Secret)
    case sasToken(Secret)
    case client(id: Secret, tenant: String, secret: Secret)
    case managedIdentity
  }
  package var prefix = ""
  package var account: String
  package var container: String
  package var endpoint: String?
  package var access: Access
  package var accessTier: String?
  package var cloud = CloudOptions()

  package init(account: String, container: String, access: Access) {
    self.account = account
    self.container = container
    self.access = access
  }
}
