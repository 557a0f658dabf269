// swift-tools-version: 6.2
import PackageDescription

/// A debug build of these targets is optimised: tests, simulations and the end-to-end suite all run
/// on the one configuration that CI builds, and per-row code is many times slower without it.
let optimised: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

let package = Package(
  name: "exportd",
  products: [],
  dependencies: [
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    .target(name: "TimeZones", swiftSettings: optimised),
    .target(name: "ExportCore", dependencies: ["TimeZones"], swiftSettings: optimised),
    .target(
      name: "Ledger",
      dependencies: ["ExportCore", "TimeZones", .product(name: "GRDB", package: "GRDB.swift")]),
    .target(name: "Formats", dependencies: ["ExportCore", "TimeZones"]),
    .target(
      name: "Engine",
      dependencies: [
        "ExportCore", "Formats", "Ledger", "TimeZones",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ]),
    .executableTarget(
      name: "exportd",
      dependencies: [
        "DirectoryDestination", "Engine", "ExportConfig", "ExportCore", "Ledger", "SQLiteSource", "TimeZones",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ]),

    .target(
      name: "ZoneTesting", dependencies: ["TimeZones"], path: "Tests/ZoneTesting", swiftSettings: optimised),
    .testTarget(
      name: "TimeZonesTests", dependencies: ["TimeZones", "ZoneTesting"], swiftSettings: optimised),
    .testTarget(
      name: "ExportCoreTests", dependencies: ["ExportCore", "TimeZones", "ZoneTesting"],
      swiftSettings: optimised),
    .testTarget(name: "EngineTests", dependencies: ["Engine", "ExportCore", "Ledger", "TimeZones"]),
  ],
  swiftLanguageModes: [.v6]
)

for target in package.targets where target.type != .system && target.type != .plugin {
  target.swiftSettings =
    (target.swiftSettings ?? []) + [
      .enableUpcomingFeature("ExistentialAny"),
      .enableUpcomingFeature("InternalImportsByDefault"),
      .enableUpcomingFeature("MemberImportVisibility"),
    ]
}
