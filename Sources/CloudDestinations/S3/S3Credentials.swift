package import Foundation

/// What requests to S3 are signed with. Not printable: a secret is part of it.
package struct S3Credentials: Hashable, Sendable, CustomStringConvertible {
  package var accessKeyId: String
  package var secretAccessKey: String
  /// Set with temporary credentials, and sent with each request (`x-amz-security-token`).
  package var sessionToken: String?
  /// When they stop being accepted; nil for those that last.
  package var expiration: Date?

  package init(
    accessKeyId: String, secretAccessKey: String, sessionToken: String? = nil, expiration: Date? = nil
  ) {
    self.accessKeyId = accessKeyId
    self.secretAccessKey = secretAccessKey
    self.sessionToken = sessionToken
    self.expiration = expiration
  }

  /// Without the secret.
  package var description: String { "credentials of \(accessKeyId)" }
}
