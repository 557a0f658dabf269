package import ExportCore

/// A configuration as its files say it, whole or not.
package struct LoadedConfiguration: Sendable {
  /// The absolute path of `exportd.json`.
  package let file: String
  /// The absolute path of the directory of definitions.
  package let folder: String
  /// Nil when `exportd.json` is broken or the directory of definitions cannot be listed: without either, nothing
  /// is known that exports could run by.
  package let configuration: Configuration?
  /// Where the state database is, also when other parts of `exportd.json` are broken; nil when it cannot be read
  /// that far.
  package let stateDirectory: String?
  /// Those without errors, by name.
  package let definitions: [LoadedDefinition]
  /// Those with errors, by name. Their exports are not gone: they stay at their last good definition.
  package let broken: [BrokenDefinition]
  /// Of all files, in the order of their names and of the text.
  package let diagnostics: [Diagnostic]

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
