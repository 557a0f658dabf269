import ExportCore
package import Ledger

/// The first look at the source of an export: whether it knows a sequence, and where each database stood when the
/// export was made, so that older rows without a usable time are not its business.
package struct Acquaintance: Sendable {
  package let ledger: Ledger
  package let parts: Parts

  package init(ledger: Ledger, parts: Parts) {
    self.ledger = ledger
    self.parts = parts
  }

  /// Writes down what the source says. A source that does not answer is asked again later; the run itself will say
  /// what is wrong with it.
  package func make(_ id: RequestId) async {
    do {
      let revision = try ledger.revision(of: id).resolved
      let source = try parts.source(revision.source)
      let hasSequence = try await source.hasSequence()
      if hasSequence {
        for databaseId in source.databaseIds {
          if let bound = try await source.pin(databaseId, watermark: nil).bound {
            try ledger.recordCreationBound(id, databaseId: databaseId, bound: bound)
          }
        }
      }
      try ledger.record(hasSequence: hasSequence, of: id)
    } catch {
      return
    }
  }
}
