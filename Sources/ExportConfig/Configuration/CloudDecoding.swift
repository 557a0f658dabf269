import ExportCore

extension ConfigurationDecoder {
  func s3(_ fields: Fields, _ prefix: String) -> S3Configuration? {
    let bucket = fields.required("bucket", bucket)
    let cloud = cloudOptions(fields)
    let region = fields.optional("region") { $0.text("the name of a region, as in \"eu-west-1\"") }
    let endpoint = endpoint(fields, cloud)
    let pathStyle = fields.optional("pathStyle") { $0.bool() }
    let accessKeyId = fields.optional("accessKeyId") { $0.secret(in: folder) }
    let secretAccessKey = fields.optional("secretAccessKey") { $0.secret(in: folder) }
    let sessionToken = fields.optional("sessionToken") { $0.secret(in: folder) }
    let profile = fields.optional("profile") { $0.text("the name of a profile") }
    let roleArn = fields.optional("roleArn") { $0.text("the ARN of a role") }
    let externalId = fields.optional("externalId") { $0.text("the external id that the role asks for") }
    let sse = fields.optional("sse") { $0.oneOf("encryption", S3Configuration.Encryption.allCases) }
    let kmsKeyId = fields.optional("kmsKeyId") { $0.text("the id of a KMS key") }
    let storageClass = fields.optional("storageClass") { $0.text("the name of a storage class") }
    let tags = fields.optional("tags", default: [:], tags)

    require(fields, "accessKeyId", needs: "secretAccessKey")
    require(fields, "secretAccessKey", needs: "accessKeyId")
    require(fields, "sessionToken", needs: "accessKeyId")
    require(fields, "externalId", needs: "roleArn")
    if fields.has("kmsKeyId"), sse != .kms {
      fields.refuse("kmsKeyId", "\"kmsKeyId\" needs \"sse\": \"aws:kms\" beside it")
    }

    guard let bucket else { return nil }
    var s3 = S3Configuration(bucket: bucket)
    s3.prefix = prefix
    s3.region = region
    s3.endpoint = endpoint
    s3.pathStyle = pathStyle
    s3.accessKeyId = accessKeyId
    s3.secretAccessKey = secretAccessKey
    s3.sessionToken = sessionToken
    s3.profile = profile
    s3.roleArn = roleArn
    s3.externalId = externalId
    s3.sse = sse
    s3.kmsKeyId = kmsKeyId
    s3.storageClass = storageClass
    s3.tags = tags
    s3.cloud = cloud
    return s3
  }

  func gcs(_ fields: Fields, _ prefix: String) -> GCSConfiguration? {
    let bucket = fields.required("bucket", bucket)
    let cloud = cloudOptions(fields)
    let endpoint = endpoint(fields, cloud)
    let serviceAccountKey = fields.optional("serviceAccountKey") { $0.secretReference(in: folder) }
    let storageClass = fields.optional("storageClass") { $0.text("the name of a storage class") }

    guard let bucket else { return nil }
    var gcs = GCSConfiguration(bucket: bucket)
    gcs.prefix = prefix
    gcs.endpoint = endpoint
    gcs.serviceAccountKey = serviceAccountKey
    gcs.storageClass = storageClass
    gcs.cloud = cloud
    return gcs
  }

  func azure(_ fields: Fields, _ prefix: String) -> AzureConfiguration? {
    let account = fields.required("account") {
      $0.text("the name of a storage account: 3 to 24 lower-case letters and digits", Self.azureAccount)
    }
    let container = fields.required("container", bucket)
    let cloud = cloudOptions(fields)
    let endpoint = endpoint(fields, cloud)
    let access = azureAccess(fields)
    let accessTier = fields.optional("accessTier") { $0.text("the name of an access tier") }

    guard let account, let container, let access else { return nil }
    var azure = AzureConfiguration(account: account, container: container, access: access)
    azure.prefix = prefix
    azure.endpoint = endpoint
    azure.accessTier = accessTier
    azure.cloud = cloud
    return azure
  }

  /// Exactly one way in.
  private func azureAccess(_ fields: Fields) -> AzureConfiguration.Access? {
    let accountKey = fields.optional("accountKey") { $0.secret(in: folder) }
    let sasToken = fields.optional("sasToken") { $0.secret(in: folder) }
    let id = fields.optional("clientId") { $0.secret(in: folder) }
    let tenant = fields.optional("tenantId") { $0.text("the id of a tenant") }
    let secret = fields.optional("clientSecret") { $0.secret(in: folder) }

    let client = ["clientId", "tenantId", "clientSecret"]
    let ways = [["accountKey"], ["sasToken"], client].map { $0.filter(fields.has) }.filter { !$0.isEmpty }
    guard let way = ways.first else { return .managedIdentity }
    guard ways.count == 1 else {
      for key in ways.dropFirst().joined() {
        fields.refuse(key, "\(key.quoted) does not go with \(way[0].quoted): one way of access at a time")
      }
      return nil
    }
    if way[0] == "accountKey" { return accountKey.map(AzureConfiguration.Access.accountKey) }
    if way[0] == "sasToken" { return sasToken.map(AzureConfiguration.Access.sasToken) }
    let absent = client.filter { !way.contains($0) }
    if !absent.isEmpty {
      let names = absent.map(\.quoted).joined(separator: " and ")
      fields.refuse(way[0], "\(way[0].quoted) needs \(names) beside it")
    }
    guard let id, let tenant, let secret else { return nil }
    return .client(id: id, tenant: tenant, secret: secret)
  }

  // MARK: Shared

  private func cloudOptions(_ fields: Fields) -> CloudOptions {
    CloudOptions(
      caFile: fields.optional("caFile") { $0.path(in: folder) },
      allowHTTP: fields.optional("allowHTTP", default: false) { $0.bool() },
      maxUploadBytesPerSecond: fields.optional("maxUploadBytesPerSecond") { $0.whole(1 ... .max) })
  }

  private func endpoint(_ fields: Fields, _ cloud: CloudOptions) -> String? {
    fields.optional("endpoint") { field in
      guard let address = field.webAddress() else { return nil }
      guard !address.hasMoreThanPlace else {
        field.fail("must not contain a user, a '?' or a '#'")
        return nil
      }
      guard address.isEncrypted || address.isLoopback || cloud.allowHTTP else {
        field.fail(
          "http:// sends everything in the clear; write https://, or set \"allowHTTP\": true beside it")
        return nil
      }
      return address.text
    }
  }

  /// The rules for names differ between the services that speak these protocols; this refuses what is surely a
  /// mistake.
  private func bucket(_ field: Field) -> String? {
    field.text("the name alone, without an address or a path") { name in
      let isArn = name.hasPrefix("arn:")
      let isName = name.unicodeScalars.allSatisfy { scalar in
        !scalar.properties.isWhitespace && !"?#\\{}".unicodeScalars.contains(scalar)
          && (isArn || scalar != "/" && scalar != ":")
      }
      return isName ? name : nil
    }
  }

  private static func azureAccount(_ name: String) -> String? {
    let isName =
      (3...24).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
      }
    return isName ? name : nil
  }

  private func tags(_ field: Field) -> [String: String]? {
    guard let entries = field.entries("an object of tags, each a string", { $1.tagValue() }) else {
      return nil
    }
    // AWS allows this many for one object.
    guard entries.count <= 10 else {
      field.fail("must not have more than 10 tags; found \(entries.count)")
      return nil
    }
    return Dictionary(
      uniqueKeysWithValues: entries.compactMap { entry in entry.value.map { (entry.name, $0) } })
  }

  private func require(_ fields: Fields, _ key: String, needs other: String) {
    guard fields.has(key), !fields.has(other) else { return }
    fields.refuse(key, "\(key.quoted) needs \(other.quoted) beside it")
  }
}

extension Field {
  fileprivate func tagValue() -> String? {
    if case .string("") = node.value { return "" }
    return text("a string")
  }
}
