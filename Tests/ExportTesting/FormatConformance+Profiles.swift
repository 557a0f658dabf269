import ExportCore
package import Formats
import ZoneTesting

/// What formats of profiles must do.
extension FormatConformance {
  /// - Parameter catalogue: in a pass that has begun; nil makes a new one.
  package func profileFiles(
    _ variation: Case, in directory: String, _ catalogue: ProfileCatalogue? = nil
  ) throws -> ProfileFiles {
    let revision = revision(variation, path: directory, data: .profiles)
    return try ProfileFiles(
      fileNames(of: .profiles), databaseId: "7", revision: revision,
      catalogue: try catalogue ?? ProfileCatalogue(revision, known: []), stagingDirectory: directory,
      memory: variation.memory)
  }

  /// Writes the profiles, cut into batches of random sizes, and gives every finished file.
  package func write(
    _ profiles: [SampleProfile], _ variation: Case, in directory: String,
    random: inout some RandomNumberGenerator
  ) throws -> [CompletedFile] {
    let catalogue = try ProfileCatalogue(
      revision(variation, path: directory, data: .profiles), known: [])
    while true {
      catalogue.beginPass()
      let files = try profileFiles(variation, in: directory, catalogue)
      var completed: [CompletedFile] = []
      var rest = profiles[...]
      while !rest.isEmpty {
        let batch = rest.prefix(Int.random(in: 1...40, using: &random))
        rest = rest.dropFirst(batch.count)
        try files.append(ProfileBatch(batch))
        completed += files.takeCompleted()
      }
      if catalogue.isGrown {
        files.abandon()
        continue
      }
      while case let some = try files.finish(atMost: 3), !some.isEmpty { completed += some }
      return completed
    }
  }

  /// Random profiles through random variations; `rounds` of them.
  package func runProfiles(seed: UInt64, rounds: Int) throws {
    try runProfiles(rounds, seed: seed) { _, random in
      var samples = SampleProfiles(random: random)
      let count = Int.random(in: 0...300, using: &random)
      return Round(
        title: "seed \(seed)", variation: Case(random: &random), rows: (0..<count).map { _ in samples.next() }
      )
    }
  }

  func runProfiles(
    _ rounds: Int, seed: UInt64, _ round: (Int, inout SeededRandom) -> Round<SampleProfile>
  ) throws {
    try run(rounds, seed: seed, judge: Self.profileJudge, round) {
      try write($0.rows, $0.variation, in: $1, random: &$2)
    }
  }

  /// Works out from the round's profiles what its files should hold.
  private static let profileJudge = #"""
    def expected(profile, note):
        if profile.get("objectId") is None or profile.get("rejection"): raise ValueError("source")
        wanted = {}
        for identifier in note["identifiers"]:
            if profile.get(identifier):
                wanted["identity"] = profile[identifier]
                break
        if note["includeObjectId"] or profile["isDeleted"]: wanted["objectId"] = profile["objectId"]
        if profile["isDeleted"]:
            wanted["deleted"] = True
            return wanted
        for name, key, kind in [("all_identities", "allIdentities", list), ("device", "device", dict),
                                ("communication", "communication", dict), ("properties", "properties", dict)]:
            value = field(profile, key, kind)
            if value is not None: wanted[name] = value
        if note["asString"] and "properties" in wanted: wanted["properties"] = as_text(wanted["properties"])
        return wanted

    def judge(directory):
        note, profiles = noted(directory)
        wanted, rejected = [], []
        for profile in profiles:
            key = profile["key"]["sequence"]
            try: wanted.append((key, expected(profile, note)))
            except ValueError: rejected.append(key)
        found, count, paths = [], 0, []
        for file in note["files"]:
            if not is_data(file, rejected): continue
            number = "" if count == 0 else "-%d" % count
            name = "1-1690283492-1690300000-7%s-%s" % (number, note["fileExtension"] if note["format"] == "parquet" else note["format"] + ".gz")
            assert file["name"] == name, (file["name"], name)
            count += 1
            paths.append(file["path"])
            held = list(records(file["path"]))
            assert len(held) == file["rows"], "rows of " + file["name"]
            assert file["bytes"] <= note["maxFileBytes"] or len(held) == 1, "too large: " + file["name"]
            keys = [key for key, _ in wanted[len(found):len(found) + len(held)]]
            assert [file["first"], file["last"]] == [keys[0], keys[-1]], "keys of " + file["name"]
            found += held
        all_there(directory, note["files"], rejected)
        assert len(found) == len(wanted), "%d rows of %d" % (len(found), len(wanted))
        for record, (key, profile) in zip(found, wanted):
            assert record == form(profile), "row %d\nfound  %r\nwanted %r" % (key, record, form(profile))
        whole(paths, [profile for _, profile in wanted])
    """#
}
