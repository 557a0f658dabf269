import Foundation
import Simulation
import SimulationOracle
import Synchronization

// simulate [--seeds N] [--from K] [--seconds S] [--threads T] [--until-failures F] [--summary]: runs the histories of N
// seeds, or as many as begin within S seconds; with --of events, --of moments or --of profiles only those.
// simulate --seed K [--trace] [--without I,J,…] [--shrink]: one history, whole.

let arguments = Array(CommandLine.arguments.dropFirst())

func value(of option: String) -> String? {
  arguments.firstIndex(of: option).flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
}

let histories = Histories()
if let seed = value(of: "--seed").flatMap(UInt64.init) {
  let isWell = try Replay(seed: seed, arguments: arguments, value(of: "--without")).run(histories)
  histories.clear()
  exit(isWell ? 0 : 1)
}

let count = value(of: "--seeds").flatMap(UInt64.init) ?? 10_000
let from = value(of: "--from").flatMap(UInt64.init) ?? 1
let threads = value(of: "--threads").flatMap(Int.init) ?? ProcessInfo.processInfo.activeProcessorCount
let limit = value(of: "--until-failures").flatMap(Int.init) ?? 10
let patience = value(of: "--seconds").flatMap(Double.init) ?? .infinity
let isSummary = arguments.contains("--summary")
let failed = Atomic<Int>(0)
let began = Date()
let kind = value(of: "--of")
let seeds = (from..<from + count).filter {
  kind == nil || HistoryMaking.kind(of: $0) == kind
}
let outcome = try histories.run(
  seeds, threads: threads, mayBegin: { Date().timeIntervalSince(began) < patience },
  onFailure: { failure in
    if !isSummary {
      print("seed \(failure.seed):")
      for violation in failure.violations.prefix(5) { print("  \(violation)") }
    }
    return failed.wrappingAdd(1, ordering: .relaxed).newValue < limit
  },
  onProgress: { done in
    if done % 1000 == 0, !isSummary { FileHandle.standardError.write(Data("\(done) histories\n".utf8)) }
  })
let seconds = Date().timeIntervalSince(began)
var rules: [String: Int] = [:]
for failure in outcome.failures {
  for rule in Set(failure.violations.map(\.rule)) { rules[rule, default: 0] += 1 }
}
print(
  "\(outcome.histories) histories in \(Int(seconds)) s, \(outcome.failures.count) of them wrong"
    + (outcome.failures.isEmpty
      ? "" : "; replay one with: make simulate SEED=\(outcome.failures.map(\.seed).min()!)"))
for (rule, count) in rules.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
  print("  \(count) × \(rule)")
}
if let worst = outcome.failures.map(\.seed).min(), !isSummary {
  _ = try Replay(seed: worst, arguments: ["--shrink"], nil).run(histories)
}
histories.clear()
exit(outcome.failures.isEmpty ? 0 : 1)
