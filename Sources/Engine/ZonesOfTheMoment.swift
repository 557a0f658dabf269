package import ExportCore
package import TimeZones

/// Time zones, each asked for once and then remembered for as long as one look at all exports takes: asking means a look at
/// its file, and ten thousand exports are in few zones.
package struct ZonesOfTheMoment {
  private let ask: (String) throws(ExportError) -> Zone
  private var asked: [String: Result<Zone, ExportError>] = [:]

  package init(_ ask: @escaping (String) throws(ExportError) -> Zone) { self.ask = ask }

  /// - Throws: ``ExportError`` for a zone that cannot be read, each time the same.
  package mutating func zone(_ name: String) throws(ExportError) -> Zone {
    if let answer = asked[name] { return try answer.get() }
    let answer = Result { [ask] () throws(ExportError) in try ask(name) }
    asked[name] = answer
    return try answer.get()
  }
}
