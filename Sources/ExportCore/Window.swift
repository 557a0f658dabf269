package import TimeZones

/// A half-open stretch of time [from, to) that one run of an export covers. Never empty.
package struct Window: Hashable, Sendable, Codable {
  package let from: Instant
  package let to: Instant

  /// Nil when `to` does not lie after `from`: an empty window cannot be made.
  package init?(from: Instant, to: Instant) {
    guard from < to else { return nil }
    self.from = from
    self.to = to
  }

  package func contains(_ instant: Instant) -> Bool { from <= instant && instant < to }

  private enum CodingKeys: CodingKey { case from, to }

  /// Throws when the stored bounds are not in order.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let from = try container.decode(Instant.self, forKey: .from)
    let to = try container.decode(Instant.self, forKey: .to)
    guard let window = Window(from: from, to: to) else {
      throw DecodingError.dataCorruptedError(
        forKey: .to, in: container, debugDescription: "a window must end after it begins")
    }
    self = window
  }
}
