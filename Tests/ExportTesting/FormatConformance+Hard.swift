import ExportCore

/// What formats fail on, each with every setting that could matter to it.
extension FormatConformance {
  package func runHard() throws {
    let rounds = HardObjects.all.flatMap { hard in
      variations(isLarge: hard.isLarge).map {
        Round(title: hard.title, variation: $0, rows: events(holding: hard))
      }
    }
    let fields = variations().map { Round(title: "fields", variation: $0, rows: HardTexts.events) }
    let all = rounds + fields
    try runEvents(all.count, seed: 1) { number, _ in all[number] }
  }

  package func runHardProfiles() throws {
    let rounds = HardObjects.all.flatMap { hard in
      variations(isLarge: hard.isLarge).map {
        Round(title: hard.title, variation: $0, rows: profiles(holding: hard))
      }
    }
    let fields = variations().map { Round(title: "fields", variation: $0, rows: HardTexts.profiles) }
    let all = rounds + fields
    try runProfiles(all.count, seed: 2) { number, _ in all[number] }
  }

  /// In one file, in files of few records, and in files of one each.
  private func variations(isLarge: Bool = false) -> [Case] {
    [false, true].flatMap { asString in
      (isLarge ? [100_000_000] : [100_000_000, 3_000, 1]).map { maxFileBytes in
        var variation = Case()
        variation.asString = asString
        variation.maxFileBytes = maxFileBytes
        return variation
      }
    }
  }

  /// Wherever an event holds an object; rows without any stand before and behind.
  private func events(holding hard: HardObjects.Named) -> [SampleEvent] {
    var events = (0..<5).map { SampleEvent(ts: 1_792_000_000_000, sequence: $0, name: "Charged") }
    events[1].properties = hard.json
    guard !hard.isLarge else { return events }
    events[2].session = hard.json
    events[3].device = hard.json
    events[3].properties = "{\"device\":\(hard.json)}"
    events[3].allIdentities = "[\(hard.json)]"
    events[3].session = "{}"
    return events
  }

  /// Wherever a profile holds an object.
  private func profiles(holding hard: HardObjects.Named) -> [SampleProfile] {
    var profiles = (0..<5).map { SampleProfile(sequence: $0) }
    profiles[1].properties = hard.json
    guard !hard.isLarge else { return profiles }
    profiles[2].communication = hard.json
    profiles[2].properties = hard.json
    profiles[3].device = hard.json
    profiles[3].allIdentities = "[\(hard.json)]"
    return profiles
  }
}
