/// What the values of a property have been so far, as narrow as it can be said. Types only ever widen: a file of a
/// later run can be read with the columns of an earlier one.
///
/// Integers are counted in two widths, because those within 2^53 can become decimals without a loss and others cannot.
package enum PropertyType: String, Hashable, Sendable, Codable, CaseIterable {
  /// Nothing but null, or nobody has looked: a null says nothing of a type.
  case unknown = "UNKNOWN"
  case boolean = "BOOLEAN"
  /// Integers from -2^53 to 2^53.
  case int53 = "INT53"
  /// Integers of 64 bits, of which at least one has more than 53.
  case int64 = "INT64"
  /// Decimals, perhaps among integers of 53 bits.
  case double = "DOUBLE"
  /// Text, or values that have no narrower type in common. Also numbers that no other type holds.
  case string = "STRING"

  /// The narrowest type that holds what both hold.
  @inlinable
  package func widened(by other: PropertyType) -> PropertyType {
    switch (self, other) {
    case (.unknown, _): other
    case (_, .unknown): self
    case (.int53, .int64), (.int64, .int53): .int64
    case (.int53, .double), (.double, .int53): .double
    default: self == other ? self : .string
    }
  }
}
