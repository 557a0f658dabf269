package import ExportCore

extension Configuration {
  /// The definition with everything it refers to put in: what runs are made from. Secrets are left blank: whoever
  /// uses them takes them from the newest configuration.
  /// - Throws: ``ExportError`` when its source or destination is not in this configuration, which a
  ///   definition that was read against it never meets.
  package func revision(
    of definition: Definition, timing: Revision.Timing
  ) throws(ExportError) -> Revision {
    guard let source = sources[definition.source] else {
      throw absent("source", definition.source, sources.keys)
    }
    guard let destination = destinations[definition.destination] else {
      throw absent("destination", definition.destination, destinations.keys)
    }
    return Revision(
      account: account, definition: definition, source: source, destination: destination.withoutLiterals,
      timeZone: definition.timeZone ?? timeZone, identifiers: definition.identifiers ?? identifiers,
      timing: timing)
  }

  private func absent(_ kind: String, _ name: String, _ names: some Sequence<String>) -> ExportError {
    ExportError(
      .configuration, .lasting, object: "\(kind) \(name.quoted)",
      problem: "is not in the configuration, which has \(names.sorted().quotedList)",
      hint: "put it back, or edit the export")
  }
}

extension DestinationConfiguration {
  /// The same with a blank in place of each secret that is written out.
  package var withoutLiterals: DestinationConfiguration {
    mapSecrets { secret in if case .literal = secret { .literal("") } else { secret } }
  }

  /// The same place, entered as `newest` says where that is of the same service: secrets are no part of a revision, and how one gets in, or how fast one may
  /// send, is no part of what a run delivers.
  /// - Parameter newest: the destination of that name in the newest configuration; nil when it is gone.
  package func entered(as newest: DestinationConfiguration?) -> DestinationConfiguration {
    guard newest?.service == service else { return self }
    switch (self, newest) {
    case (.s3(var s3), .s3(let newest)):
      s3.accessKeyId = newest.accessKeyId
      s3.secretAccessKey = newest.secretAccessKey
      s3.sessionToken = newest.sessionToken
      s3.profile = newest.profile
      s3.roleArn = newest.roleArn
      s3.externalId = newest.externalId
      s3.cloud = newest.cloud
      return .s3(s3)
    case (.gcs(var gcs), .gcs(let newest)):
      gcs.serviceAccountKey = newest.serviceAccountKey
      gcs.cloud = newest.cloud
      return .gcs(gcs)
    case (.azure(var azure), .azure(let newest)):
      azure.access = newest.access
      azure.cloud = newest.cloud
      return .azure(azure)
    default: return self
    }
  }

  /// Whether a secret is written out in the configuration itself.
  var holdsLiteral: Bool {
    var found = false
    _ = mapSecrets { secret in
      if case .literal = secret { found = true }
      return secret
    }
    return found
  }

  /// The files that secrets are read from.
  package var secretFiles: [String] {
    var files: [String] = []
    _ = mapSecrets { secret in
      if case .file(let path) = secret { files.append(path) }
      return secret
    }
    return files
  }

  private func mapSecrets(_ change: (Secret) -> Secret) -> DestinationConfiguration {
    switch self {
    case .directory: return self
    case .s3(var s3):
      s3.accessKeyId = s3.accessKeyId.map(change)
      s3.secretAccessKey = s3.secretAccessKey.map(change)
      s3.sessionToken = s3.sessionToken.map(change)
      return .s3(s3)
    case .gcs(var gcs):
      gcs.serviceAccountKey = gcs.serviceAccountKey.map(change)
      return .gcs(gcs)
    case .azure(var azure):
      switch azure.access {
      case .accountKey(let key): azure.access = .accountKey(change(key))
      case .sasToken(let token): azure.access = .sasToken(change(token))
      case .client(let id, let tenant, let secret):
        azure.access = .client(id: change(id), tenant: tenant, secret: change(secret))
      case .managedIdentity: break
      }
      return .azure(azure)
    }
  }
}
