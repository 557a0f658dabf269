/// Finds the right word for a mistyped one.
enum Nearest {
  /// The candidate that `word` most likely stands for; nil when none is near enough to be offered.
  static func to(_ word: String, in candidates: some Sequence<String>) -> String? {
    let typed = folded(word)
    let limit = max(1, min(3, typed.count / 3))
    var best: (candidate: String, distance: Int)?
    for candidate in candidates {
      let distance = distance(typed, folded(candidate), limit: limit)
      if distance <= limit, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.candidate
  }

  /// Without what people write differently in the same name: `every_hours`, `Every-Hours`, `everyHours`.
  private static func folded(_ word: String) -> [UInt8] {
    word.lowercased().utf8.filter {
      $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: " ")
    }
  }

  /// The number of insertions, deletions, replacements and exchanges of neighbours that make one out of
  /// the other (optimal string alignment); something above `limit` as soon as it is sure to be above.
  private static func distance(_ a: [UInt8], _ b: [UInt8], limit: Int) -> Int {
    guard abs(a.count - b.count) <= limit else { return limit + 1 }
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var cost = min(row[j] + 1, last[j + 1] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
        row.append(cost)
      }
      if row.min()! > limit { return limit + 1 }
      (beforeLast, last) = (last, row)
    }
    return last[b.count]
  }
}
