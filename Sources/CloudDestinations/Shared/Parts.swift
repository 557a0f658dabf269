/// How a file goes in parts.
enum Parts {
  private static let mebibyte = 1 << 20

  /// The size of all parts but the last one: what is wished for, or as much as it takes to need no more than `most` parts, then
  /// whole mebibytes.
  static func size(of bytes: Int, wished: Int, most: Int) -> Int {
    let needed = (bytes + most - 1) / most
    guard needed > wished else { return wished }
    return (needed + mebibyte - 1) / mebibyte * mebibyte
  }
}

extension OpenedFile {
  /// Sends the whole file in parts, several of them at the same time.
  /// - Parameters:
  ///   - size: of all parts but the last one.
  ///   - atOnce: as many are on their way.
  ///   - send: gets a part and its index.
  /// - Returns: what came of each, in their order.
  func sendInParts<Sent: Sendable>(
    of size: Int, atOnce: Int, _ send: @escaping @Sendable (StagedPart, Int) async throws -> Sent
  ) async throws -> [Sent] {
    try await withThrowingTaskGroup(of: (Int, Sent).self) { group in
      var sent: [(Int, Sent)] = []
      for (index, start) in stride(from: 0, to: bytes, by: size).enumerated() {
        if index >= atOnce, let part = try await group.next() { sent.append(part) }
        let part = StagedPart(file: self, offset: start, bytes: min(size, bytes - start))
        group.addTask { (index, try await send(part, index)) }
      }
      for try await part in group { sent.append(part) }
      return sent.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }
}
