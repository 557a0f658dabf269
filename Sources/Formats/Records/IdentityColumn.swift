import ExportCore

/// What fills the identity column: the first of these identifiers that has a value; an empty text is none.
struct IdentityColumn {
  /// First choice first.
  let identifiers: [Identifier]

  @inline(__always)
  func choose(identity: ByteRange, email: ByteRange, phone: ByteRange) -> ByteRange {
    for identifier in identifiers {
      let range =
        switch identifier {
        case .identity: identity
        case .email: email
        case .phone: phone
        }
      if range.count > 0 { return range }
    }
    return .absent
  }
}
