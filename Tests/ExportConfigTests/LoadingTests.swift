import ExportConfig
import ExportCore
import Foundation
import Testing
import TimeZones

/// Files that are there, that are not, and that cannot be read.
@Suite struct LoadingTests {
  private static let sound = """
    {"source": "main", "destination": "local", "data": {"events": "all"}, "frequency": {"everyHours": 6}, "format": "json"}
    """

  @Test func definitionsComeByName() throws {
    let folder = try ConfigurationFolder(definitions: ["b.json": Self.sound, "a-1.json": Self.sound])
    let loaded = folder.load()
    #expect(loaded.diagnostics == [])
    #expect(loaded.isSound)
    #expect(loaded.file == "\(folder.path)/exportd.json")
    #expect(loaded.folder == "\(folder.path)/exports.d")
    #expect(loaded.definitions.map(\.name) == ["a-1", "b"])
    #expect(loaded.definitions.map(\.file) == ["a-1", "b"].map { "\(folder.path)/exports.d/\($0).json" })
    #expect(
      loaded.definitions[0].canonicalText
        == #"{"data":{"events":"all"},"destination":"local","format":"json","frequency":{"everyHours":6},"source":"main"}"#
    )
  }

  @Test func allErrorsOfAllFilesAtOnce() throws {
    let folder = try ConfigurationFolder(
      exportd: ConfigurationFolder.sound.replacing(#""acme""#, with: "1").replacing("s3", with: "s4"),
      definitions: [
        "a.json": Self.sound.replacing("main", with: "mian").replacing("6", with: "3"),
        "b.json": Self.sound, "c.json": "{", "d.json": Self.sound.replacing("local", with: "lake"),
      ])
    let loaded = folder.load()
    #expect(
      folder.complaints() == [
        "exportd.json:2:14: error: $.account: must be 1 to 32 letters, digits or _; found the number 1",
        #"exportd.json:19:22: error: $.destinations.lake.type: unknown destination type "s4"; did you mean "s3"? allowed here: "directory", "s3", "gcs", "azure""#,
        #"exports.d/a.json:1:12: error: $.source: unknown source "mian"; did you mean "main"? allowed here: "clicks", "main""#,
        "exports.d/a.json:1:99: error: $.frequency.everyHours: must be a whole number from 4 to 24; found the number 3",
        "exports.d/c.json:1:2: error: the text ends, but the '{' opened at line 1, column 1 is not closed with '}'",
      ])
    #expect(loaded.configuration == nil)
    #expect(loaded.definitions.map(\.name) == ["b", "d"])
    #expect(
      loaded.broken
        == ["a", "c"].map { BrokenDefinition(name: $0, file: "\(folder.path)/exports.d/\($0).json") })
    #expect(!loaded.isSound)
  }

  /// One mistake is reported once: nothing that refers to what cannot be read is called unknown.
  @Test func aConfigurationThatIsNotJSONMakesNoDefinitionWrong() throws {
    let folder = try ConfigurationFolder(
      exportd: "{,}",
      definitions: [
        "a.json": Self.sound.replacing("main", with: "other"),
        "b.json": Self.sound.replacing(#""format""#, with: #""identifiers": ["phone"], "format""#),
      ])
    #expect(folder.complaints() == ["exportd.json:1:2: error: a comma with nothing before it; remove it"])
    #expect(folder.load().definitions.map(\.name) == ["a", "b"])
    #expect(folder.load().configuration == nil)
  }

  @Test func brokenPartsOfTheConfigurationMakeNoDefinitionWrong() throws {
    let folder = try ConfigurationFolder(
      exportd: ConfigurationFolder.sound
        .replacing(#"{"from": "events"}"#, with: #"{"from": 1}"#)
        .replacing(#"["identity", "email"]"#, with: #"["identty"]"#),
      definitions: [
        "a.json": Self.sound.replacing(#""format""#, with: #""identifiers": ["phone"], "format""#)
      ])
    #expect(
      folder.complaints() == [
        #"exportd.json:3:19: error: $.identifiers[0]: unknown identifier "identty"; did you mean "identity"? allowed here: "identity", "email", "phone""#,
        "exportd.json:8:26: error: $.sources.main.events.from: must be a table, a view or a SELECT in parentheses; found the number 1",
      ])
  }

  @Test func anUnusedDestinationMayBeOfATypeThatIsNotAvailable() throws {
    let folder = try ConfigurationFolder(definitions: ["a.json": Self.sound])
    #expect(folder.complaints(.first) == [])
  }

  // MARK: Names

  @Test func whatEditorsAndPackagesLeaveBehind() throws {
    let folder = try ConfigurationFolder(definitions: [
      "a.json": Self.sound, ".a.json.swp": "x", ".#a.json": "x", "a.json~": "x", "#a.json#": "x",
      ".hidden.json": "x",
    ])
    #expect(folder.complaints() == [])
    #expect(folder.load().definitions.map(\.name) == ["a"])
  }

  @Test func namesThatAreNone() throws {
    let long = String(repeating: "a", count: 64)
    let rule =
      "the name of a definition file is NAME.json, NAME being 1 to 63 lower-case letters, digits and hyphens, not a hyphen first"
    let folder = try ConfigurationFolder(definitions: [
      "-a.json": Self.sound, "A.json": Self.sound, "a b.json": Self.sound, "a.json.bak": "x",
      "a_b.json": "{}}", "README": "x",
      "\(long).json": Self.sound, "\(long.dropLast()).json": Self.sound, "é.json": Self.sound,
      "a\n.json": Self.sound,
    ])
    #expect(
      folder.complaints() == [
        "exports.d/-a.json: error: \(rule)", "exports.d/A.json: error: \(rule)",
        "exports.d/README: error: \(rule)",
        #"exports.d/a\n.json: error: \#(rule)"#, "exports.d/a b.json: error: \(rule)",
        "exports.d/a.json.bak: error: \(rule)", "exports.d/a_b.json: error: \(rule)",
        "exports.d/a_b.json:1:3: error: a '}' too many: everything is closed already",
        "exports.d/\(long).json: error: \(rule)", "exports.d/é.json: error: \(rule)",
      ])
    #expect(folder.load().definitions.map(\.name) == [String(long.dropLast())])
    #expect(folder.load().broken == [])
  }

  // MARK: Files that cannot be read

  @Test func noConfiguration() throws {
    let folder = try ConfigurationFolder(exportd: nil, definitions: ["a.json": Self.sound])
    #expect(folder.complaints() == ["exportd.json: error: there is no such file"])
    #expect(folder.load().configuration == nil)
  }

  @Test func noDefinitions() throws {
    let folder = try ConfigurationFolder()
    try FileManager.default.removeItem(atPath: "\(folder.path)/exports.d")
    #expect(folder.complaints() == [])
    #expect(folder.load().configuration != nil)
    // Nothing that runs may be taken for removed because its directory is not one.
    try folder.write("", to: "exports.d")
    #expect(folder.complaints() == ["exports.d: error: is not a directory"])
    #expect(folder.load().configuration == nil)
  }

  @Test func directoriesLinksAndPipes() throws {
    let folder = try ConfigurationFolder()
    let files = FileManager.default
    try files.createDirectory(
      atPath: "\(folder.path)/exports.d/directory.json", withIntermediateDirectories: false)
    try files.createSymbolicLink(
      atPath: "\(folder.path)/exports.d/dangling.json", withDestinationPath: "nowhere")
    try folder.write(Self.sound, to: "elsewhere")
    try files.createSymbolicLink(
      atPath: "\(folder.path)/exports.d/linked.json", withDestinationPath: "../elsewhere")
    try files.createSymbolicLink(
      atPath: "\(folder.path)/exports.d/loop.json", withDestinationPath: "loop.json")
    try #require(mkfifo("\(folder.path)/exports.d/pipe.json", 0o600) == 0)
    #expect(
      folder.complaints() == [
        "exports.d/dangling.json: error: is a symbolic link to a file that is not there",
        "exports.d/directory.json: error: is a directory, not a file",
        "exports.d/loop.json: error: cannot be read: Too many levels of symbolic links",
        "exports.d/pipe.json: error: is not a regular file",
      ])
    #expect(folder.load().definitions.map(\.name) == ["linked"])
    #expect(folder.load().broken.map(\.name) == ["dangling", "directory", "loop", "pipe"])
  }

  @Test func aFileThatIsTooLarge() throws {
    let folder = try ConfigurationFolder(definitions: [
      "a.json": Self.sound, "b.json": Self.sound, "c.json": Self.sound,
    ])
    let limit = 4 << 20
    try #require(truncate("\(folder.path)/exports.d/a.json", 100_000_000) == 0)
    try folder.write(
      Self.sound + String(repeating: " ", count: limit - Self.sound.utf8.count), to: "exports.d/b.json")
    try folder.write(
      Self.sound + String(repeating: " ", count: limit + 1 - Self.sound.utf8.count), to: "exports.d/c.json")
    #expect(
      folder.complaints() == [
        "exports.d/a.json: error: is larger than 4 MiB, which no configuration is",
        "exports.d/c.json: error: is larger than 4 MiB, which no configuration is",
      ])
  }

  @Test func aSecretThatEverybodyMayRead() throws {
    let text = ConfigurationFolder.sound.replacing(
      #""bucket": "acme-lake""#,
      with: #""bucket": "b", "accessKeyId": "AKIA", "secretAccessKey": {"env": "K"}"#)
    let folder = try ConfigurationFolder(exportd: text)
    let file = "\(folder.path)/exportd.json"
    try #require(chmod(file, 0o640) == 0)
    #expect(folder.complaints() == [])
    try #require(chmod(file, 0o644) == 0)
    #expect(
      folder.load().diagnostics == [
        Diagnostic(
          .warning, file: file,
          message: "holds a secret, and every user of this machine may read it: chmod o-r \(file)")
      ])
    #expect(folder.load().isSound)
  }

  @Test func relativePathsOfTheConfiguration() throws {
    let reader = ConfigurationReader(zones: ZoneDatabase(), capabilities: .all)
    let here = FileManager.default.currentDirectoryPath
    #expect(reader.load("no/such.json").file == "\(here)/no/such.json")
    #expect(reader.load("./such.json").file == "\(here)/such.json")
    #expect(reader.load("/no-such.json").folder == "/exports.d")
  }

  // MARK: One definition

  @Test func aDefinitionFromElsewhere() throws {
    let configuration = try #require(try ConfigurationFolder().load().configuration)
    let reader = ConfigurationReader(zones: ZoneDatabase(), capabilities: .first)
    func read(_ text: String, named name: String = "x") -> (LoadedDefinition?, [String]) {
      let read = reader.definition(
        named: name, Array(text.utf8), label: "standard input", against: configuration)
      return (read.definition, read.diagnostics.map(\.description))
    }
    let (definition, none) = read(Self.sound)
    #expect(none == [])
    #expect(definition?.name == "x")
    #expect(definition?.definition.source == "main")
    // What was stored as canonical text is read again the same.
    let again = read(try #require(definition).canonicalText).0
    #expect(again?.definition == definition?.definition)
    #expect(again?.canonicalText == definition?.canonicalText)

    let (broken, complaints) = read(Self.sound.replacing("local", with: "lake"), named: "../x")
    #expect(broken == nil)
    #expect(
      complaints == [
        #"standard input: error: "../x" cannot name an export; allowed: 1 to 63 lower-case letters, digits and hyphens, not a hyphen first"#,
        #"standard input:1:35: error: $.destination: the destination "lake" is of the type "s3", which is not available in this version; allowed here: "directory""#,
      ])
    #expect(read(Self.sound, named: "-x").0 == nil)
  }
}
