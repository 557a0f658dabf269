// swift-tools-version: 6.2
import PackageDescription

/// A debug build of these targets is optimised, each as a whole: tests, simulations and the end-to-end suite
/// all run on the one configuration that CI builds, and per-row code is many times slower without it. (The
/// number of threads keeps the index of a whole module in the form that the package manager expects.)
let optimised: [SwiftSetting] = [
  .unsafeFlags(
    ["-O", "-whole-module-optimization", "-num-threads", "2", "-disable-batch-mode"],
    .when(configuration: .debug))
]

let package = Package(
  name: "exportd",
  products: [],
  dependencies: [
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
  ],
  targets: [
    .systemLibrary(
      name: "CZlib", path: "Sources/CLibraries/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

    .target(name: "TimeZones", swiftSettings: optimised),
    .target(name: "ExportCore", dependencies: ["TimeZones"], swiftSettings: optimised),
    .target(
      name: "Ledger",
      dependencies: ["ExportCore", "TimeZones", .product(name: "GRDB", package: "GRDB.swift")]),
    .target(
      name: "Engine",
      dependencies: [
        "ExportConfig", "ExportCore", "Formats", "Ledger", "TimeZones",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ]),
    .testTarget(
      name: "LedgerTests",
      dependencies: ["ExportCore", "Ledger", "TimeZones", .product(name: "GRDB", package: "GRDB.swift")]),
    .testTarget(name: "EngineTests", dependencies: ["Engine", "ExportCore", "Ledger", "TimeZones"]),
    .target(
      name: "Formats",
      dependencies: ["ExportCore", "TimeZones", "CZlib", .product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: optimised),
    .target(
      name: "ExportConfig", dependencies: ["ExportCore", "TimeZones"], swiftSettings: optimised),
    .target(
      name: "ZoneTesting", dependencies: ["TimeZones"], path: "Tests/ZoneTesting", swiftSettings: optimised),
    .testTarget(
      name: "TimeZonesTests", dependencies: ["TimeZones", "ZoneTesting"], swiftSettings: optimised),
    .testTarget(
      name: "ExportCoreTests", dependencies: ["ExportCore", "TimeZones", "ZoneTesting"],
      swiftSettings: optimised),
    .testTarget(
      name: "ExportConfigTests", dependencies: ["ExportConfig", "ExportCore", "TimeZones", "ZoneTesting"],
      swiftSettings: optimised),
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
