import ExportCore
import TimeZones

/// Makes a ``Definition`` out of its JSON, and checks it against the configuration that it refers to.
struct DefinitionDecoder {
  let zones: ZoneDatabase
  let capabilities: Capabilities
  let outline: ConfigurationOutline

  /// Nil when a required part is missing. Of no use when the report has errors.
  func definition(_ root: Field) -> Definition? {
    root.object { definition($0) }
  }

  private func definition(_ fields: Fields) -> Definition? {
    let dataType = dataType(fields.whole.node["data"])
    let source = fields.required("source") { self.source($0, dataType) }
    let destination = fields.required("destination") { self.destination($0, dataType) }
    let data = fields.required("data", self.data)
    let identifiers = fields.optional("identifiers") { self.identifiers($0, data) }
    let frequency = fields.required("frequency") { self.frequency($0, dataType) }
    let format = fields.required("format", self.format)
    let asString = fields.optional("asString", default: false) { $0.bool() }
    let includeObjectId = fields.optional("includeObjectId", default: true) { $0.bool() }
    let compression = fields.optional("compression") { self.compression($0, format, dataType) }
    let maxFileBytes = fields.optional("maxFileBytes", default: 100_000_000) { $0.whole(1 ... .max) }
    let guardFormulas = fields.optional("csv", default: false) {
      $0.object { $0.optional("guardFormulas", default: false) { $0.bool() } }
    }
    let stopRecurring = fields.optional("stopRecurring", default: false) { $0.bool() }
    let resumeRecurring = fields.optional("resumeRecurring", default: false) { $0.bool() }
    let timeZone = fields.optional("timeZone") { $0.zoneName(in: zones) }

    if let format, format != .csv {
      fields.warn("csv", "\"csv\" has no effect with the format \(format.rawValue.quoted)")
    }
    checkRecurring(fields, stop: stopRecurring, resume: resumeRecurring, dataType, frequency)

    guard let source, let destination, let data, let dataType, let frequency, let format
    else { return nil }
    return Definition(
      source: source, destination: destination, data: data, identifiers: identifiers, frequency: frequency,
      format: format, asString: asString, includeObjectId: includeObjectId,
      compression: compression ?? CompressionRule(format, dataType).standard, maxFileBytes: maxFileBytes,
      guardFormulas: guardFormulas, stopRecurring: stopRecurring, resumeRecurring: resumeRecurring,
      timeZone: timeZone)
  }
}
