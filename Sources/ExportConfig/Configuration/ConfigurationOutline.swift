import ExportCore

/// As much of a configuration as definitions refer to, and where its state is. A part that could not be read is
/// nil, and nothing is checked against it: one mistake is reported once.
struct ConfigurationOutline {
  struct Source: Hashable {
    var mapsEvents: Bool
    var mapsProfiles: Bool
  }

  var identifiers: [Identifier]?
  var sources: [String: Source]?
  /// A destination that is broken is there as nil.
  var destinations: [String: DestinationConfiguration?]?
  /// An absolute path.
  var stateDirectory: String?
}

extension ConfigurationOutline {
  init(_ configuration: Configuration) {
    stateDirectory = configuration.stateDirectory
    identifiers = configuration.identifiers
    sources = configuration.sources.mapValues {
      Source(mapsEvents: $0.events != nil, mapsProfiles: $0.profiles != nil)
    }
    destinations = configuration.destinations.mapValues(Optional.some)
  }

  /// From what is written under `sources`, however broken it is. Nil when it is no object.
  static func sources(_ node: JSONNode) -> [String: Source]? {
    guard case .object(let members) = node.value else { return nil }
    return Dictionary(
      members.map { member in
        // What is no object at all may have been meant to map anything.
        let isObject = if case .object = member.node.value { true } else { false }
        return (
          member.name,
          Source(
            mapsEvents: !isObject || member.node["events"] != nil,
            mapsProfiles: !isObject || member.node["profiles"] != nil)
        )
      }, uniquingKeysWith: { first, _ in first })
  }
}

extension ConfigurationOutline {
  /// Of a file that is no JSON: a comma that is missing somewhere does not hide where its state is.
  /// - Parameter folder: as in ``ConfigurationDecoder``.
  init(ofBroken bytes: [UInt8], in folder: String) {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let found = text.firstMatch(of: /"stateDirectory"\s*:\s*"([^"\\\n]+)"/) else { return }
    stateDirectory = Field.absolute(String(found.1), in: folder)
  }
}
