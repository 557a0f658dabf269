import ExportCore

extension DefinitionDecoder {
  /// `"all"`, where nothing else may stand.
  private enum All: String { case all }

  /// What the export is meant to carry, however broken the selection is.
  func dataType(_ data: JSONNode?) -> DataType? {
    if data?["events"] != nil { return .events }
    return data?["profiles"] == nil ? nil : .profiles
  }

  func data(_ field: Field) -> DataSelection? {
    field.object(#"{"events": "all"}, {"events": [names]} or {"profiles": "all"}"#) { fields in
      let events = selection(.events, fields, self.events)
      let profiles = selection(.profiles, fields, self.profiles)
      if !fields.has("events"), !fields.has("profiles") {
        fields.miss(availableDataTypes.map(\.rawValue))
      }
      guard fields.has("events") else { return profiles }
      if capabilities.dataTypes.contains(.profiles) {
        fields.refuse(
          "profiles", "\"profiles\" does not go with \"events\": an export carries one of them")
      }
      return events
    }
  }

  private var availableDataTypes: [DataType] {
    [.events, .profiles].filter(capabilities.dataTypes.contains)
  }

  /// What is not available is read where it is written, and not offered where it is not.
  private func selection(
    _ type: DataType, _ fields: Fields, _ read: (Field) -> DataSelection?
  ) -> DataSelection? {
    let key = type.rawValue
    if !capabilities.dataTypes.contains(type) {
      guard fields.has(key) else { return nil }
      fields.refuse(
        key,
        "\(key.quoted) is not available in this version; allowed here: "
          + availableDataTypes.map(\.rawValue).quotedList)
    }
    return fields.optional(key, read)
  }

  private func events(_ field: Field) -> DataSelection? {
    if case .string("all") = field.node.value { return .allEvents }
    return field.distinctList("\"all\" or a list of event names") { field in
      // Whatever is in the name of an event may be asked for here.
      guard case .string(let name) = field.node.value, !name.isEmpty else {
        field.refuse(mustBe: "the name of an event")
        return nil
      }
      return name
    }.map(DataSelection.events)
  }

  private func profiles(_ field: Field) -> DataSelection? {
    field.oneOf("value", [All.all]).map { _ in .profiles }
  }

  func identifiers(_ field: Field, _ data: DataSelection?) -> [Identifier]? {
    if case .events = data {
      field.fail("\"identifiers\" needs \"data\" to be {\"events\": \"all\"} or {\"profiles\": \"all\"}")
    }
    let account = outline.identifiers ?? Identifier.allCases
    return field.distinctList("a list of identifiers") { field in
      field.oneOf("identifier", account, of: Identifier.allCases) { _ in
        "is none of the account's identifiers"
      }
    }
  }

  // MARK: Names of the configuration

  func source(_ field: Field, _ dataType: DataType?) -> String? {
    guard let name = field.text("the name of a source") else { return nil }
    guard let sources = outline.sources else { return name }
    guard let source = sources[name] else {
      refuse(field, unknown: "source", name, sources.keys)
      return nil
    }
    let maps =
      switch dataType {
      case .events: source.mapsEvents
      case .profiles: source.mapsProfiles
      case nil: true
      }
    if let dataType, !maps {
      field.fail(
        "the source \(name.quoted) maps no \(dataType.rawValue): it has no key \(dataType.rawValue.quoted)")
    }
    return name
  }

  func destination(_ field: Field, _ dataType: DataType?) -> String? {
    guard let name = field.text("the name of a destination") else { return nil }
    guard let destinations = outline.destinations else { return name }
    guard let named = destinations[name] else {
      refuse(field, unknown: "destination", name, destinations.keys)
      return nil
    }
    // Broken, and reported where it stands.
    guard let destination = named else { return name }
    let type = DestinationType(destination)
    if !capabilities.destinationTypes.contains(type) {
      let available = DestinationType.allCases.filter(capabilities.destinationTypes.contains)
      field.fail(
        "the destination \(name.quoted) is of the type \(type.rawValue.quoted), which is not available in this "
          + "version; allowed here: \(available.map(\.rawValue).quotedList)")
    }
    if dataType == .profiles, let template = try? PrefixTemplate(destination.prefix),
      let variable = template.variables.first(where: \.isOfEvents)
    {
      field.fail(
        "the prefix of the destination \(name.quoted) has {\(variable.rawValue)}, which profile exports have no value for"
      )
    }
    return name
  }

  private func refuse(
    _ field: Field, unknown kind: String, _ name: String, _ names: some Sequence<String>
  ) {
    let names = names.sorted()
    field.fail(unknown(kind, name, nearest: Nearest.to(name, in: names), allowed: names.map(\.quoted)))
  }
}
