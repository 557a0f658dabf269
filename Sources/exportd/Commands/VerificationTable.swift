import Engine
import ExportCore
import Ledger

/// `exportd verify NAME`: that all is well in a line, or what is not, run by run.
struct VerificationTable {
  let record: ExportRecord
  let runs: [VerifiedRun]
  let isSourceCounted: Bool
  let time: HumaneTime
  let terminal: Terminal

  private var unsound: [VerifiedRun] { runs.filter { !$0.isSound } }

  var text: String {
    guard !runs.isEmpty else { return "\(record.name) has no complete run yet.\n" }
    guard !unsound.isEmpty else { return sound }
    return "\(terminal.paint(record.name, .bold)): \(unsound.count) of \(Self.count(runs.count, "run")) "
      + "\(terminal.paint("not sound", .red)).\n" + unsound.map(text).joined() + advice
  }

  private var sound: String {
    let files = runs.reduce(0) { $0 + $1.files }
    let bytes = runs.reduce(0) { $0 + $1.bytes }
    let rows = runs.reduce(0) { $0 + $1.rows }
    return "\(terminal.paint(record.name, .bold)): \(Self.count(runs.count, "complete run")) "
      + "\(terminal.paint("sound", .green)): \(Self.count(runs.count, "manifest")), \(Self.count(files, "file")) of "
      + "\(Figures.size(bytes)), \(Self.count(rows, "row"))"
      + (isSourceCounted && record.dataType == .events ? ", as the source holds them.\n" : sourceNote)
  }

  private var sourceNote: String {
    guard isSourceCounted else { return "; the source was not asked.\n" }
    return runs.contains(where: \.isSourceCounted)
      ? "; the source holds no others of the period.\n"
      : "; the source was not asked, because profiles change where they lie.\n"
  }

  private func text(of run: VerifiedRun) -> String {
    var text = "\nrun \(run.id), \(time.span((run.from, run.to))), run timestamp \(run.runTimestamp)\n"
    for finding in run.findings {
      text +=
        "  \(terminal.paint(finding.kind.rawValue.padded(to: 8), .red)) "
        + "\(finding.object): \(finding.problem)".harmless + "\n"
    }
    if run.further > 0 { text += "  and \(Figures.grouped(run.further)) more\n" }
    return text
  }

  private var advice: String {
    let kinds = Set(unsound.flatMap { $0.findings.map(\.kind) })
    var advice = "\n"
    if kinds.contains(.file) || kinds.contains(.manifest) {
      advice +=
        "A complete run is not repeated. What is lost can be delivered anew by a one-time export of those days: "
        + "`exportd create NAME … --once DAY`.\n"
    }
    if kinds.contains(.stray) {
      advice +=
        "Objects that are not of the run were put there by others: readers who go by names should not find them.\n"
    }
    if kinds.contains(.source) {
      advice += "Where the application deletes or changes old rows, `--skip-source` leaves the source out.\n"
    }
    return advice
  }

  private static func count(_ number: Int, _ noun: String) -> String {
    "\(Figures.grouped(number)) \(noun)\(number == 1 ? "" : "s")"
  }
}
