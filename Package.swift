// swift-tools-version: 6.2
import PackageDescription

/// A debug build of these targets is optimised: tests, simulations and the end-to-end suite all run
/// on the one configuration that CI builds, and per-row code is many times slower without it.
let optimised: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

let package = Package(
  name: "exportd",
  products: [],
  dependencies: [],
  targets: [
    .target(name: "TimeZones", swiftSettings: optimised),
    .target(name: "ExportCore", dependencies: ["TimeZones"], swiftSettings: optimised),
    .systemLibrary(
      name: "CSQLite", path: "Sources/CLibraries/CSQLite", pkgConfig: "sqlite3",
      providers: [.apt(["libsqlite3-dev"])]),
    .target(
      name: "SQLiteSource", dependencies: ["ExportCore", "TimeZones", "CSQLite"], swiftSettings: optimised),

    // Suites that every implementation of a socket runs, and what tests share; in no product.
    .target(name: "ExportTesting", dependencies: ["ExportCore", "TimeZones"], path: "Tests/ExportTesting"),

    .target(
      name: "ZoneTesting", dependencies: ["TimeZones"], path: "Tests/ZoneTesting", swiftSettings: optimised),
    .testTarget(
      name: "TimeZonesTests", dependencies: ["TimeZones", "ZoneTesting"], swiftSettings: optimised),
    .testTarget(
      name: "ExportCoreTests", dependencies: ["ExportCore", "TimeZones", "ZoneTesting"],
      swiftSettings: optimised),
    .testTarget(
      name: "SQLiteSourceTests",
      dependencies: ["SQLiteSource", "ExportCore", "TimeZones", "ExportTesting", "ZoneTesting", "CSQLite"]),
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
