package import ExportCore
import Glibc
package import TimeZones

/// Reads configurations: finds everything that is wrong with all files at once.
package struct ConfigurationReader: Sendable {
  private let zones: ZoneDatabase
  private let capabilities: Capabilities

  package init(zones: ZoneDatabase, capabilities: Capabilities) {
    self.zones = zones
    self.capabilities = capabilities
  }

  /// Reads `exportd.json` alone, for who does not need the definitions beside it: there may be ten thousand.
  /// - Parameter path: of `exportd.json`.
  package func head(_ path: String) -> ConfigurationHead {
    var (head, _) = main(path)
    do {
      try DirectoryEntries.tryOut(path: head.folder)
    } catch {
      head.refuse(error)
    }
    return head
  }

  /// Reads `exportd.json` and the definitions in `exports.d` beside it.
  /// - Parameter path: of `exportd.json`.
  package func load(_ path: String) -> LoadedConfiguration {
    var (head, outline) = main(path)
    var names: [String] = []
    do {
      names = try DirectoryEntries(path: head.folder).names.filter { !isIgnored($0) }
    } catch {
      head.refuse(error)
    }
    var diagnostics = head.diagnostics
    var definitions: [LoadedDefinition] = []
    var broken: [BrokenDefinition] = []
    for entry in names {
      let file = "\(head.folder)/\(entry)"
      guard let name = exportName(entry) else {
        diagnostics.append(
          Diagnostic(
            file: file,
            message: "the name of a definition file is NAME.json, NAME being \(ExportName.rule)"))
        // What is in it is looked at all the same: renamed, it should be right.
        if entry.hasSuffix(".json") { _ = definition(entry, file, outline, &diagnostics) }
        continue
      }
      if let definition = definition(name, file, outline, &diagnostics) {
        definitions.append(definition)
      } else {
        broken.append(BrokenDefinition(name: name, file: file))
      }
    }
    return LoadedConfiguration(
      head: head, definitions: definitions, broken: broken, diagnostics: diagnostics)
  }

  private func main(_ path: String) -> (head: ConfigurationHead, outline: ConfigurationOutline) {
    let file = absolute(path)
    let parent = String(file[..<file.lastIndex(of: "/")!])
    var diagnostics: [Diagnostic] = []
    let main = configuration(file, in: parent.isEmpty ? "/" : parent, &diagnostics)
    let head = ConfigurationHead(
      file: file, folder: "\(parent)/exports.d", configuration: main.configuration,
      stateDirectory: main.outline.stateDirectory, diagnostics: diagnostics)
    return (head, main.outline)
  }

  /// Reads one definition that is not in a file of the configuration, or was stored before.
  /// - Parameters:
  ///   - name: of the export. Held against the rule for names.
  ///   - bytes: JSON.
  ///   - label: what diagnostics call the text: a path, or `standard input`.
  /// - Returns: the definition, nil when there are errors, and all that is to be said about it.
  package func definition(
    named name: String, _ bytes: [UInt8], label: String, against configuration: Configuration
  ) -> (definition: LoadedDefinition?, diagnostics: [Diagnostic]) {
    var diagnostics: [Diagnostic] = []
    if !ExportName.isValid(name) {
      diagnostics.append(
        Diagnostic(
          file: label, message: "\(name.quotedBriefly) cannot name an export; allowed: \(ExportName.rule)"))
    }
    let definition = definition(
      name, label, bytes, ConfigurationOutline(configuration), &diagnostics)
    return (diagnostics.errors.isEmpty ? definition : nil, diagnostics)
  }

  // MARK: One file

  private func configuration(
    _ file: String, in folder: String, _ diagnostics: inout [Diagnostic]
  ) -> ConfigurationDecoder.Outcome {
    let nothing = ConfigurationDecoder.Outcome(configuration: nil, outline: ConfigurationOutline())
    guard let content = content(of: file, &diagnostics) else { return nothing }
    guard let document = document(file, content.bytes, &diagnostics) else {
      return ConfigurationDecoder.Outcome(
        configuration: nil, outline: ConfigurationOutline(ofBroken: content.bytes, in: folder))
    }
    let report = Report(document)
    var outcome = ConfigurationDecoder(zones: zones, folder: folder)
      .configuration(Field(node: document.root, path: .root, report: report))
    diagnostics += report.diagnostics
    if report.hasErrors { outcome.configuration = nil }
    if content.isOpenToAll, outcome.configuration?.destinations.values.contains(where: \.holdsLiteral) == true
    {
      diagnostics.append(
        Diagnostic(
          .warning, file: file,
          message: "holds a secret, and every user of this machine may read it: chmod o-r \(file)"))
    }
    return outcome
  }

  private func definition(
    _ name: String, _ file: String, _ outline: ConfigurationOutline, _ diagnostics: inout [Diagnostic]
  ) -> LoadedDefinition? {
    guard let content = content(of: file, &diagnostics) else { return nil }
    return definition(name, file, content.bytes, outline, &diagnostics)
  }

  private func definition(
    _ name: String, _ file: String, _ bytes: [UInt8], _ outline: ConfigurationOutline,
    _ diagnostics: inout [Diagnostic]
  ) -> LoadedDefinition? {
    guard let document = document(file, bytes, &diagnostics) else { return nil }
    let report = Report(document)
    let definition = DefinitionDecoder(zones: zones, capabilities: capabilities, outline: outline)
      .definition(Field(node: document.root, path: .root, report: report))
    diagnostics += report.diagnostics
    guard let definition, !report.hasErrors else { return nil }
    return LoadedDefinition(name: name, file: file, definition: definition, document: document)
  }

  private func content(of file: String, _ diagnostics: inout [Diagnostic]) -> ConfigurationFile? {
    do {
      return try ConfigurationFile(path: file)
    } catch {
      diagnostics.append(Diagnostic(file: file, message: error.message))
      return nil
    }
  }

  private func document(
    _ file: String, _ bytes: [UInt8], _ diagnostics: inout [Diagnostic]
  ) -> JSONDocument? {
    do {
      return try JSONDocument(file: file, bytes: bytes)
    } catch {
      diagnostics.append(error)
      return nil
    }
  }

  // MARK: Names of files

  private func absolute(_ path: String) -> String {
    if path.hasPrefix("/") { return path }
    let relative = path.hasPrefix("./") ? path.dropFirst(2) : path[...]
    // A directory that was removed under our feet has no path any more.
    guard let here = getcwd(nil, 0) else { return "./\(relative)" }
    defer { free(here) }
    return "\(String(cString: here))/\(relative)"
  }

  /// Hidden files, and what editors leave beside the file they edit.
  private func isIgnored(_ entry: String) -> Bool {
    entry.hasPrefix(".") || entry.hasSuffix("~") || (entry.hasPrefix("#") && entry.hasSuffix("#"))
  }

  private func exportName(_ entry: String) -> String? {
    guard entry.hasSuffix(".json") else { return nil }
    let name = String(entry.dropLast(5))
    return ExportName.isValid(name) ? name : nil
  }
}
