/// What went wrong, for the person who must act: where, on which object, whether waiting can help, and
/// what to do now. Carries no secret.
package struct ExportError: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// The stretch of the way on which it happened.
  package enum Stage: String, Hashable, Sendable, Codable {
    case configuration, source, encoding, staging, destination, state
  }

  /// What decides how a run goes on.
  package enum Kind: String, Hashable, Sendable, Codable {
    /// Waiting may mend it: retried with growing pauses.
    case passing
    /// Only a person can mend it: loud at once, retried once an hour.
    case lasting
    /// A rule or another process stands in the way now: nothing is wrong, and later it may go.
    case refused
    /// The source is not the one that the watermark was taken from.
    case sourceReplaced
  }

  package var stage: Stage
  package var kind: Kind
  /// The file, table, column or object it concerns.
  package var object: String
  /// What failed, a clause without a full stop.
  package var problem: String
  /// What to do now, a sentence without a full stop; nil when there is nothing but waiting. In a command, `NAME` stands for
  /// the export at hand until somebody who knows it says so (``of(export:)``).
  package var hint: String?

  package init(_ stage: Stage, _ kind: Kind, object: String, problem: String, hint: String? = nil) {
    self.stage = stage
    self.kind = kind
    self.object = object
    self.problem = problem
    self.hint = hint
  }

  /// The same error, its hint with the name of the export.
  package func of(export name: String) -> ExportError {
    var named = self
    if let hint, let range = hint.firstRange(of: " NAME ") {
      named.hint = hint[..<range.lowerBound] + " \(name) " + hint[range.upperBound...]
    }
    return named
  }

  /// `object: problem; hint`.
  package var description: String {
    "\(object): \(problem)" + (hint.map { "; \($0)" } ?? "")
  }
}
