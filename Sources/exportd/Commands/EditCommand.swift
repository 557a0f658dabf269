import ArgumentParser
import Engine
import ExportConfig
import ExportCore
import Foundation
import Glibc
import Ledger
import TimeZones

struct EditCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "edit", abstract: "Open a definition in $EDITOR, validate it, and store it.",
    discussion: """
      It takes effect with the next run. What is due is first planned as it stands. A definition in a file of exports.d \
      is edited there, followed by `exportd reload`.
      """)

  @OptionGroup var config: ConfigurationOption
  @Argument(help: "The export's name.") var name: String

  func run() async throws {
    try await reporting {
      let installation = try Installation(config)
      let record = try installation.export(name)
      guard record.origin == .command else {
        throw Failure(
          .refused,
          "\(name) is defined by \(installation.place.head.folder)/\(name).json; edit that file and run `exportd reload`"
        )
      }
      let old = try installation.ledger.revision(of: record.id)
      // Said before somebody has typed in vain.
      try refuse(record, old, old.resolved.definition, installation)
      let draft = try Draft(of: name, text: JSONIndenting.indented(old.definition))
      let written = try edited(draft, installation)
      try refuse(record, old, written.definition, installation)
      guard try installation.ledger.export(record.id)?.revision == record.revision else {
        throw Failure(
          .refused,
          "\(name) was changed by somebody else meanwhile; your text is in \(draft.path), edit it again")
      }
      let isNew = try installation.registrar.revise(record, written, now: installation.time.now())
      draft.remove()
      print(isNew ? "\(name) is stored; it takes effect with the next run." : "\(name) is as it was.")
    }
  }

  private func refuse(
    _ record: ExportRecord, _ old: RevisionRecord, _ new: Definition, _ installation: Installation
  ) throws {
    if let reason = try installation.registrar.immutable(record, old.resolved, new) {
      throw Failure(.refused, "\(name) cannot be changed so: \(reason)")
    }
  }

  /// The text as a person leaves it, once it is valid. On a terminal a mistake can be mended at once.
  private func edited(_ draft: Draft, _ installation: Installation) throws -> WrittenDefinition {
    while true {
      try draft.open()
      let (definition, diagnostics) = Assembly.reader.definition(
        named: name, try draft.text(), label: draft.path, against: installation.configuration)
      for warning in diagnostics.warnings { printError(warning.description) }
      if let definition { return WrittenDefinition(definition, file: nil) }
      let errors = diagnostics.errors.map(\.description).joined(separator: "\n")
      guard isatty(STDIN_FILENO) == 1 else {
        throw Failure(.configuration, "\(errors)\nnothing is stored; your text is in \(draft.path)")
      }
      printError(errors)
      printError("Edit it again? [Y/n] ")
      guard let answer = readLine(), !answer.lowercased().hasPrefix("n") else {
        throw Failure(.configuration, "nothing is stored; your text is in \(draft.path)")
      }
    }
  }
}

/// A definition while somebody edits it, in a file of its own that only they can read.
private struct Draft {
  let path: String

  init(of name: String, text: String) throws {
    let directory = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(directory)/exportd-\(name)-XXXXXX.json".utf8CString)
    let descriptor = mkstemps(&template, Int32(".json".utf8.count))
    guard descriptor >= 0 else {
      throw Failure(
        .failed, "no file can be made in \(directory) (\(String(cString: strerror(errno)))); set TMPDIR")
    }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    try file.write(contentsOf: Data(text.utf8))
  }

  /// Through the shell, as `EDITOR` may hold arguments, and in the foreground of the terminal.
  func open() throws {
    let environment = ProcessInfo.processInfo.environment
    let chosen = [environment["VISUAL"], environment["EDITOR"]].compactMap { $0 }.first { !$0.isEmpty }
    let editor = chosen ?? "editor"
    let status = system("\(editor) '\(path.replacing("'", with: "'\\''"))'")
    guard status == 0 else {
      throw Failure(
        .failed,
        "the editor \(editor) did not end well; nothing is stored, your text is in \(path). Set EDITOR"
      )
    }
  }

  func text() throws -> [UInt8] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw Failure(.failed, "\(path) is gone; nothing is stored")
    }
    return [UInt8](data)
  }

  func remove() { unlink(path) }
}
