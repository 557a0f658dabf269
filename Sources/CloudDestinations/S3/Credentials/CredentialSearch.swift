import ExportCore
import Foundation

/// Looks for credentials where AWS's own tools look, in their order: the configuration, variables, a profile of the shared
/// files, web identity, the container's endpoint, the instance's metadata ("Standardized credential providers" in the AWS
/// SDKs and Tools Reference Guide). What is there and not complete is an error, and not passed over: somebody meant it.
struct CredentialSearch {
  /// Of the destination, as it is configured.
  var settings: S3CredentialSettings
  var environment: [String: String]

  private static let defaultEndpoint = "http://169.254.169.254"
  private static let containerHost = "http://169.254.170.2"

  /// - Throws: ``ExportError``.
  func origin() throws(ExportError) -> CredentialOrigin {
    let origin = try firstOrigin()
    guard let arn = settings.roleArn else { return origin }
    let role = AssumedRole(
      arn: arn, externalId: settings.externalId, sessionName: sessionName, duration: nil)
    return .role(role, by: origin)
  }

  private func firstOrigin() throws(ExportError) -> CredentialOrigin {
    if let keys = try settings.keys() { return .keys(keys) }
    // A profile that the destination names is meant for it, variables are for all.
    if let profile = settings.profile { return try origin(ofProfile: profile) }
    if let keys = try environmentKeys() { return .keys(keys) }
    if let profile = variable("AWS_PROFILE") ?? variable("AWS_DEFAULT_PROFILE") {
      return try origin(ofProfile: profile)
    }
    if let origin = try defaultProfile() { return origin }
    if let identity = try webIdentity() { return .webIdentity(identity) }
    if let container = try container() { return .container(container) }
    if let instance = instance { return .instance(instance) }
    throw nothingFound("AWS_EC2_METADATA_DISABLED forbids to ask the instance's metadata")
  }

  /// Says where was looked in vain.
  /// - Parameter last: what became of the last resort, a clause.
  func nothingFound(_ last: String) -> ExportError {
    let files = (try? SharedProfiles(environment))?.files ?? []
    let looked = [
      "no accessKeyId in the configuration", "no AWS_ACCESS_KEY_ID",
      files.isEmpty
        ? "no HOME to look for shared credentials in"
        : "no profile \"default\" with credentials in \(files.joined(separator: " and "))",
      "no AWS_WEB_IDENTITY_TOKEN_FILE", "no AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI",
    ]
    return ExportError(
      .destination, .lasting, object: settings.object,
      problem: "no credentials were found: there is \(looked.joined(separator: ", ")), and \(last)",
      hint:
        "give it \"accessKeyId\" and \"secretAccessKey\" or a \"profile\", or the machine a role that may write to the bucket"
    )
  }

  private func variable(_ name: String) -> String? {
    environment[name].flatMap { $0.isEmpty ? nil : $0 }
  }

  private var sessionName: String { variable("AWS_ROLE_SESSION_NAME") ?? "exportd" }

  // MARK: Variables

  private func environmentKeys() throws(ExportError) -> S3Credentials? {
    let names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
    guard let keys = try pair(names.map { ($0, variable($0)) }, of: "the environment") else { return nil }
    return S3Credentials(
      accessKeyId: keys.0, secretAccessKey: keys.1, sessionToken: variable("AWS_SESSION_TOKEN"))
  }

  private func webIdentity() throws(ExportError) -> WebIdentity? {
    let names = ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"]
    guard let file = variable(names[0]) else { return nil }
    guard let arn = variable(names[1]) else {
      throw missing(names[1], beside: names[0], of: "the environment")
    }
    return WebIdentity(roleArn: arn, tokenFile: file, sessionName: sessionName)
  }

  private func container() throws(ExportError) -> ContainerEndpoint? {
    let authorization: ContainerEndpoint.Authorization? =
      variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").map { .file($0) }
      ?? variable("AWS_CONTAINER_AUTHORIZATION_TOKEN").map { .token($0) }
    let name: String
    let address: String
    if let path = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
      name = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
      address = Self.containerHost + path
    } else if let full = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
      name = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
      address = full
    } else {
      return nil
    }
    guard let url = URL(string: address), let host = url.host(percentEncoded: false)?.lowercased(),
      url.scheme == "https" || url.scheme == "http" && Self.isOnThisMachine(host)
    else {
      throw ExportError(
        .destination, .lasting, object: "environment variable \(name)",
        problem: "is not an https:// address, nor http:// to this machine or to the container's own endpoint",
        hint: "correct it, or unset it for the daemon")
    }
    return ContainerEndpoint(url: url, authorization: authorization)
  }

  /// Loopback, and where ECS and EKS answer.
  private static func isOnThisMachine(_ host: String) -> Bool {
    host.isLoopbackHost
      || ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"].contains(
        host.trimmingCharacters(in: ["[", "]"]))
  }

  /// Nil where it is switched off.
  private var instance: InstanceMetadata? {
    if variable("AWS_EC2_METADATA_DISABLED")?.lowercased() == "true" { return nil }
    let isIPv6 = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")?.lowercased() == "ipv6"
    var endpoint =
      variable("AWS_EC2_METADATA_SERVICE_ENDPOINT")
      ?? (isIPv6 ? "http://[fd00:ec2::254]" : Self.defaultEndpoint)
    while endpoint.hasSuffix("/") { endpoint.removeLast() }
    return InstanceMetadata(endpoint: endpoint)
  }

  // MARK: Profiles

  /// The profile that counts where none is named. It may hold other settings alone.
  private func defaultProfile() throws(ExportError) -> CredentialOrigin? {
    let profiles = try SharedProfiles(environment)
    guard let profile = profiles["default"],
      !Set(profile.keys).isDisjoint(with: Self.meaningful)
    else { return nil }
    return try origin(of: "default", in: profiles, seen: [])
  }

  private func origin(ofProfile name: String) throws(ExportError) -> CredentialOrigin {
    try origin(of: name, in: SharedProfiles(environment), seen: [])
  }

  /// Settings by which a profile says that it has credentials.
  private static let meaningful: Set = [
    "aws_access_key_id", "role_arn", "credential_process", "sso_session", "sso_account_id",
    "web_identity_token_file",
  ]

  private func origin(
    of name: String, in profiles: SharedProfiles, seen: [String]
  ) throws(ExportError) -> CredentialOrigin {
    let object = "profile \"\(name)\""
    guard let profile = profiles[name] else {
      throw ExportError(
        .destination, .lasting, object: object,
        problem:
          "is not in \(profiles.files.isEmpty ? "any file: HOME is not set" : profiles.files.joined(separator: " or "))",
        hint:
          "write it there, or correct the destination's \"profile\" or AWS_PROFILE; AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE name other files"
      )
    }
    // A role whose source is its own profile is assumed with the keys beside it.
    if let arn = profile["role_arn"], seen.last != name {
      let sessionName = profile["role_session_name"] ?? sessionName
      if let file = profile["web_identity_token_file"] {
        return .webIdentity(WebIdentity(roleArn: arn, tokenFile: file, sessionName: sessionName))
      }
      guard profile["mfa_serial"] == nil else {
        throw ExportError(
          .destination, .lasting, object: object,
          problem: "asks for a code of a device, which no daemon can give",
          hint: "take a role that needs no mfa_serial")
      }
      let role = AssumedRole(
        arn: arn, externalId: profile["external_id"], sessionName: sessionName,
        duration: profile["duration_seconds"].flatMap { Int($0) })
      return .role(role, by: try source(of: name, profile, in: profiles, seen: seen))
    }
    let keys = ["aws_access_key_id", "aws_secret_access_key"]
    guard let pair = try pair(keys.map { ($0, profile[$0]) }, of: object) else {
      let other = ["credential_process", "sso_session", "sso_account_id"].first { profile[$0] != nil }
      throw ExportError(
        .destination, .lasting, object: object,
        problem: other.map { "gets its credentials by \($0), which exportd does not do" }
          ?? "has no credentials",
        hint: "give it aws_access_key_id and aws_secret_access_key, or role_arn with source_profile")
    }
    return .keys(
      S3Credentials(
        accessKeyId: pair.0, secretAccessKey: pair.1, sessionToken: profile["aws_session_token"]))
  }

  /// What the role of a profile is assumed with.
  private func source(
    of name: String, _ profile: [String: String], in profiles: SharedProfiles, seen: [String]
  ) throws(ExportError) -> CredentialOrigin {
    let object = "profile \"\(name)\""
    if let source = profile["source_profile"] {
      guard !seen.contains(name) else {
        throw ExportError(
          .destination, .lasting, object: object,
          problem: "leads back to itself by source_profile: \((seen + [name]).joined(separator: " → "))",
          hint: "let the last one have keys")
      }
      return try origin(of: source, in: profiles, seen: seen + [name])
    }
    switch profile["credential_source"]?.lowercased() {
    case "environment": if let keys = try environmentKeys() { return .keys(keys) }
    case "ecscontainer": if let container = try container() { return .container(container) }
    case "ec2instancemetadata": if let instance { return .instance(instance) }
    default: break
    }
    throw ExportError(
      .destination, .lasting, object: object,
      problem: "has a role_arn and nothing to assume it with"
        + (profile["credential_source"].map { ": its credential_source \($0) gives nothing here" } ?? ""),
      hint: "give it source_profile, or credential_source Environment, EcsContainer or Ec2InstanceMetadata")
  }

  // MARK: Pairs

  /// Both, or nil for neither.
  private func pair(
    _ values: [(name: String, value: String?)], of object: String
  ) throws(ExportError) -> (String, String)? {
    switch (values[0].value, values[1].value) {
    case (let id?, let secret?): return (id, secret)
    case (nil, nil): return nil
    case (nil, _): throw missing(values[0].name, beside: values[1].name, of: object)
    case (_, nil): throw missing(values[1].name, beside: values[0].name, of: object)
    }
  }

  private func missing(_ name: String, beside other: String, of object: String) -> ExportError {
    ExportError(
      .destination, .lasting, object: object, problem: "has \(other) and no \(name)",
      hint: "set both or neither")
  }
}
