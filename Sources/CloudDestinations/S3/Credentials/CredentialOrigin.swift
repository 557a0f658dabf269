import Foundation

/// Where credentials come from, as the configuration, variables and files of this moment say it. Everything that is read
/// without asking anybody is in it.
indirect enum CredentialOrigin: Hashable, Sendable {
  case keys(S3Credentials)
  case webIdentity(WebIdentity)
  case container(ContainerEndpoint)
  case instance(InstanceMetadata)
  case role(AssumedRole, by: CredentialOrigin)
}

/// What AssumeRole is asked for ("AssumeRole" in the AWS STS API Reference).
struct AssumedRole: Hashable, Sendable {
  var arn: String
  var externalId: String?
  var sessionName: String
  /// Seconds; nil leaves it to the server (an hour).
  var duration: Int?
}

/// A token of another identity provider that is exchanged for credentials ("AssumeRoleWithWebIdentity" in the AWS STS API
/// Reference): so pods of EKS have a role.
struct WebIdentity: Hashable, Sendable {
  var roleArn: String
  /// Read anew each time: whoever made it renews it.
  var tokenFile: String
  var sessionName: String
}

/// Where a container asks for credentials of its task or pod ("Container credential provider" in the AWS SDKs and Tools
/// Reference Guide).
struct ContainerEndpoint: Hashable, Sendable {
  enum Authorization: Hashable, Sendable {
    case token(String)
    /// Read anew each time.
    case file(String)
  }

  var url: URL
  var authorization: Authorization?
}

/// The metadata service of an EC2 instance, version 2 ("Use IMDS" in the Amazon EC2 User Guide).
struct InstanceMetadata: Hashable, Sendable {
  /// Without a `/` at its end.
  var endpoint: String
}
