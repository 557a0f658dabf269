import ExportCore
package import Ledger
package import TimeZones

/// What `exportd verify` found out about one complete run.
package struct VerifiedRun: Hashable, Sendable, Codable {
  package var id: RunId
  package var runTimestamp: Int64
  package var from: Instant?
  package var to: Instant
  /// Objects of the run that should be there, its manifest not among them.
  package var files: Int
  /// Of data files, as its manifest says.
  package var rows: Int
  package var bytes: Int
  /// Whether the source was asked, too. Of profiles only those updated in a period can still be told from what came
  /// since.
  package internal(set) var isSourceCounted = false
  /// Where two sides do not agree; at most ``findingLimit`` of them.
  package private(set) var findings: [Finding] = []
  /// How many more there are.
  package private(set) var further = 0

  /// What is wrong with a run that has lost everything is said with the first few of its files.
  package static let findingLimit = 100

  package var isSound: Bool { findings.isEmpty }

  /// One disagreement.
  package struct Finding: Hashable, Sendable, Codable {
    /// Which two sides.
    package enum Kind: String, Hashable, Sendable, Codable {
      /// The manifest in the ledger and the one at the destination.
      case manifest
      /// The manifest and a file at the destination.
      case file
      /// An object under a name of the run that its manifest does not list.
      case stray
      /// The manifest and the source as it is now.
      case source
    }
    package var kind: Kind
    /// The object's name, or the database with event and date.
    package var object: String
    /// A clause.
    package var problem: String
  }

  init(_ run: RunRecord, _ manifest: Manifest) {
    id = run.id
    runTimestamp = manifest.header.runTimestamp
    from = run.windowFrom
    to = run.windowTo
    files = manifest.files.count
    rows = manifest.header.totals.rows
    bytes = manifest.header.totals.bytes
  }

  mutating func note(_ kind: Finding.Kind, _ object: String, _ problem: String) {
    if findings.count < Self.findingLimit {
      findings.append(Finding(kind: kind, object: object, problem: problem))
    } else {
      further += 1
    }
  }
}
