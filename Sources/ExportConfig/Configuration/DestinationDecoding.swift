package import ExportCore

/// The values of `type` under `destinations`.
package enum DestinationType: String, Hashable, Sendable, CaseIterable {
  case directory, s3, gcs, azure

  package init(_ destination: DestinationConfiguration) {
    self =
      switch destination {
      case .directory: .directory
      case .s3: .s3
      case .gcs: .gcs
      case .azure: .azure
      }
  }
}

extension ConfigurationDecoder {
  func destination(_ field: Field) -> DestinationConfiguration? {
    field.object { fields in
      guard let type = fields.required("type", { $0.oneOf("destination type", DestinationType.allCases) })
      else {
        fields.leaveRest()
        return nil
      }
      let prefix = fields.optional("prefix", default: "", prefix)
      return switch type {
      case .directory: directory(fields, prefix).map(DestinationConfiguration.directory)
      case .s3: s3(fields, prefix).map(DestinationConfiguration.s3)
      case .gcs: gcs(fields, prefix).map(DestinationConfiguration.gcs)
      case .azure: azure(fields, prefix).map(DestinationConfiguration.azure)
      }
    }
  }

  private func directory(_ fields: Fields, _ prefix: String) -> DirectoryConfiguration? {
    let path = fields.required("path") { $0.path(in: folder) }
    let mode = fields.optional("mode", default: 0o640) {
      $0.text("permissions in octal, as in \"0640\"", Self.permissions)
    }
    let group = fields.optional("group") { $0.text("the name of a group") }
    return path.map { DirectoryConfiguration(prefix: prefix, path: $0, mode: mode, group: group) }
  }

  /// Three octal digits, with a 0 before them or not.
  private static func permissions(_ text: String) -> UInt32? {
    guard text.utf8.count == 3 || text.utf8.count == 4 && text.hasPrefix("0"),
      text.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 8 })
    else { return nil }
    return UInt32(text, radix: 8)
  }

  private func prefix(_ field: Field) -> String? {
    if case .string("") = field.node.value { return "" }
    guard let text = field.text("a string") else { return nil }
    do {
      _ = try PrefixTemplate(text)
      return text
    } catch {
      switch error {
      case .unknownVariable(let name):
        let names = PrefixTemplate.Variable.allCases.map(\.rawValue)
        field.fail(
          unknown(
            "variable", "{\(name)}", nearest: Nearest.to(name, in: names).map { "{\($0)}" },
            allowed: names.map { "{\($0)}" }))
      case .unclosedBrace, .unopenedBrace:
        field.fail("a '{' without its '}', or a '}' without its '{'; found \(field.found)")
      case .absolute: field.fail("must not begin with '/': a prefix lies below the destination's root")
      case .level(let level):
        let problem = level.isEmpty ? "an empty level" : "the level \(level.quoted)"
        field.fail("must not have \(problem); found \(field.found)")
      case .controlCharacter: field.fail("must not contain control characters; found \(field.found)")
      case .levelTooLong: field.fail("\(error.description); found \(field.found)")
      }
      return nil
    }
  }
}
