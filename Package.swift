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
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2")
  ],
  targets: [
    .systemLibrary(
      name: "CZlib", path: "Sources/CLibraries/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

    .target(name: "TimeZones", swiftSettings: optimised),
    .target(name: "ExportCore", dependencies: ["TimeZones"], swiftSettings: optimised),
    .target(
      name: "Formats",
      dependencies: ["ExportCore", "TimeZones", "CZlib", .product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: optimised),
    .target(
      name: "DirectoryDestination",
      dependencies: ["ExportCore", .product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: optimised),

    .target(
      name: "ExportTesting", dependencies: ["Formats", "ExportCore", "TimeZones"],
      path: "Tests/ExportTesting"),
    .target(
      name: "ZoneTesting", dependencies: ["TimeZones"], path: "Tests/ZoneTesting", swiftSettings: optimised),
    .testTarget(
      name: "TimeZonesTests", dependencies: ["TimeZones", "ZoneTesting"], swiftSettings: optimised),
    .testTarget(
      name: "ExportCoreTests", dependencies: ["ExportCore", "TimeZones", "ZoneTesting"],
      swiftSettings: optimised),
    .executableTarget(
      name: "FormatsBenchmark", dependencies: ["Formats", "ExportCore", "TimeZones"],
      path: "Benchmarks/FormatsBenchmark", swiftSettings: optimised),
    .testTarget(
      name: "FormatsTests",
      dependencies: [
        "Formats", "FormatsBenchmark", "ExportCore", "ExportTesting", "TimeZones", "ZoneTesting",
      ]),
    .testTarget(
      name: "DirectoryDestinationTests",
      dependencies: ["DirectoryDestination", "ExportCore", "ExportTesting"]),
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
