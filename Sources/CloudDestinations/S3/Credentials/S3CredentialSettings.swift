package import ExportCore

/// What the configuration of a destination says about its credentials.
package struct S3CredentialSettings: Sendable {
  /// What messages are about: `destination lake`.
  package var object: String
  /// Reads the keys that are configured, anew each time, since a file may have changed; nil where none are.
  package var keys: @Sendable () throws(ExportError) -> S3Credentials?
  package var profile: String?
  /// A role that is assumed with whatever credentials are found.
  package var roleArn: String?
  package var externalId: String?
  /// Where the role is assumed.
  package var region: String
  /// The only authorities that servers are trusted by; nil for those of the system.
  package var caFile: String?
  /// Whether http:// may be spoken to other machines.
  package var allowHTTP: Bool

  package init(
    object: String, region: String, _ configuration: S3Configuration,
    keys: @escaping @Sendable () throws(ExportError) -> S3Credentials?
  ) {
    self.object = object
    self.region = region
    self.keys = keys
    profile = configuration.profile
    roleArn = configuration.roleArn
    externalId = configuration.externalId
    caFile = configuration.cloud.caFile
    allowHTTP = configuration.cloud.allowHTTP
  }
}
