package import ExportCore

/// `exportd.json` as it says, whole or not, without the definitions beside it.
package struct ConfigurationHead: Sendable {
  /// The absolute path of `exportd.json`.
  package let file: String
  /// The absolute path of the directory of definitions.
  package let folder: String
  /// Nil when `exportd.json` is broken or the directory of definitions cannot be listed: without either, nothing
  /// is known that exports could run by.
  package private(set) var configuration: Configuration?
  /// Where the state database is, also when other parts of `exportd.json` are broken; nil when it cannot be read
  /// that far.
  package let stateDirectory: String?
  /// Of `exportd.json` and the directory, in the order of the text.
  package private(set) var diagnostics: [Diagnostic]

  init(
    file: String, folder: String, configuration: Configuration?, stateDirectory: String?,
    diagnostics: [Diagnostic]
  ) {
    self.file = file
    self.folder = folder
    self.configuration = configuration
    self.stateDirectory = stateDirectory
    self.diagnostics = diagnostics
  }

  /// The directory of definitions cannot be listed.
  mutating func refuse(_ refusal: ConfigurationFile.Refusal) {
    diagnostics.append(Diagnostic(file: folder, message: refusal.message))
    configuration = nil
  }
}

/// A configuration as its files say it, whole or not.
package struct LoadedConfiguration: Sendable {
  package let head: ConfigurationHead
  /// Those without errors, by name.
  package let definitions: [LoadedDefinition]
  /// Those with errors, by name. Their exports are not gone: they stay at their last good definition.
  package let broken: [BrokenDefinition]
  /// Of all files, in the order of their names and of the text.
  package let diagnostics: [Diagnostic]

  package var file: String { head.file }
  package var folder: String { head.folder }
  package var configuration: Configuration? { head.configuration }

  /// Whether it may be taken whole, as a reload needs it.
  package var isSound: Bool { diagnostics.errors.isEmpty }
}

/// A definition without errors.
package struct LoadedDefinition: Sendable {
  package let name: String
  /// An absolute path, or what stands for it.
  package let file: String
  package let definition: Definition
  package let document: JSONDocument

  /// What it was read from, without what makes no difference: see ``JSONNode/canonicalText``.
  package var canonicalText: String { document.root.canonicalText }

  /// The refusal of its dates as an error at its place in the file.
  package func diagnostic(_ refusal: TimingRefusal) -> Diagnostic {
    document.diagnostic(at: refusal.path, refusal.message)
  }
}

/// A definition file that has a proper name and errors in it.
package struct BrokenDefinition: Hashable, Sendable {
  package let name: String
  /// An absolute path.
  package let file: String

  package init(name: String, file: String) {
    self.name = name
    self.file = file
  }
}
