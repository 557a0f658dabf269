// swift-tools-version: 6.2
import PackageDescription

/// A debug build of these targets is optimised: tests, simulations and the end-to-end suite all run
/// on the one configuration that CI builds, and per-row code is many times slower without it. Whole modules,
/// because a generic function is only made for a type where both are seen together.
let optimised: [SwiftSetting] = [
  .unsafeFlags(
    ["-O", "-whole-module-optimization", "-num-threads", "2", "-disable-batch-mode"],
    .when(configuration: .debug))
]

/// Of these targets what is done for each row crosses from one to the other. In a release build the compiler inlines between
/// modules only what is public; with this what is of the package, too. Without it a row of JSON takes a fifth more instructions,
/// and the options made for it (`-package-cmo`, `-cross-module-optimization`, `-enable-cmo-everything`) change nothing.
let perRow: [SwiftSetting] =
  optimised + [.unsafeFlags(["-enable-testing"], .when(configuration: .release))]

let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")

let package = Package(
  name: "exportd",
  products: [.executable(name: "exportd", targets: ["exportd"])],
  traits: [
    .trait(name: "Fast", description: "gzip by libdeflate, and zstd by libzstd; without it zlib makes gzip.")
  ],
  dependencies: [
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    .systemLibrary(
      name: "CSQLite", path: "Sources/CLibraries/CSQLite", pkgConfig: "sqlite3",
      providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CMalloc", path: "Sources/CLibraries/CMalloc"),
    .systemLibrary(
      name: "CZlib", path: "Sources/CLibraries/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(
      name: "CDeflate", path: "Sources/CLibraries/CDeflate", pkgConfig: "libdeflate",
      providers: [.apt(["libdeflate-dev"])]),
    .systemLibrary(
      name: "CZstd", path: "Sources/CLibraries/CZstd", pkgConfig: "libzstd",
      providers: [.apt(["libzstd-dev"])]),

    .target(
      name: "Compression",
      dependencies: [
        "CZlib", .target(name: "CDeflate", condition: .when(traits: ["Fast"])),
        .target(name: "CZstd", condition: .when(traits: ["Fast"])),
      ],
      swiftSettings: perRow),
    .target(name: "Parquet", dependencies: ["Compression"], swiftSettings: perRow),
    .target(name: "TimeZones", swiftSettings: perRow),
    .target(name: "ExportCore", dependencies: ["TimeZones"], swiftSettings: perRow),
    .target(name: "ExportConfig", dependencies: ["ExportCore", "TimeZones"], swiftSettings: optimised),
    .target(name: "Ledger", dependencies: ["ExportCore", "TimeZones", grdb], swiftSettings: optimised),
    .target(
      name: "SQLiteSource", dependencies: ["CSQLite", "ExportCore", "TimeZones"], swiftSettings: perRow),
    .target(
      name: "Formats", dependencies: ["Compression", "ExportCore", "Parquet", "TimeZones", crypto],
      swiftSettings: perRow),
    .target(name: "HTTPProblems", dependencies: [asyncHTTPClient, nio, nioPosix, nioSSL]),
    .target(name: "Webhooks", dependencies: ["ExportCore", "HTTPProblems", asyncHTTPClient, nio, nioHTTP]),
    .target(name: "DirectoryDestination", dependencies: ["ExportCore", crypto], swiftSettings: optimised),
    .target(
      name: "CloudDestinations",
      dependencies: [
        "ExportCore", "HTTPProblems", asyncHTTPClient, crypto, cryptoExtras, logging, nio, nioHTTP, nioPosix,
        nioSSL,
      ],
      swiftSettings: optimised),
    .target(
      name: "Engine",
      dependencies: [
        "ExportConfig", "ExportCore", "Formats", "Ledger", "TimeZones", crypto, lifecycle, logging,
      ],
      swiftSettings: optimised),
    .executableTarget(
      name: "exportd",
      dependencies: [
        "CMalloc", "CloudDestinations", "Compression", "DirectoryDestination", "Engine", "ExportConfig",
        "ExportCore", "Ledger",
        "SQLiteSource", "TimeZones", "Webhooks", argumentParser, grdb, lifecycle, logging, signals,
      ]),

    // Suites that every implementation of a socket runs, and what tests share; in no product.
    .target(
      name: "ExportTesting", dependencies: ["ExportCore", "Formats", "TimeZones", "ZoneTesting", crypto],
      path: "Tests/ExportTesting"),
    .target(
      name: "ZoneTesting", dependencies: ["TimeZones"], path: "Tests/ZoneTesting", swiftSettings: optimised),
    .testTarget(
      name: "TimeZonesTests", dependencies: ["TimeZones", "ZoneTesting"], swiftSettings: optimised),
    .testTarget(
      name: "ExportCoreTests", dependencies: ["ExportCore", "TimeZones", "ZoneTesting"],
      swiftSettings: optimised),
    .testTarget(name: "ParquetTests", dependencies: ["Compression", "Parquet"], swiftSettings: optimised),
    .executableTarget(
      name: "ParquetBenchmark", dependencies: ["Parquet"], path: "Benchmarks/ParquetBenchmark",
      swiftSettings: optimised),
    .executableTarget(
      name: "ParquetFromColumns", dependencies: ["Compression", "Parquet"],
      path: "Tests/ParquetPeers/Command", swiftSettings: optimised),
    .testTarget(
      name: "CompressionTests",
      dependencies: [
        "Compression", "ExportTesting", "ZoneTesting",
        .target(name: "CZstd", condition: .when(traits: ["Fast"])),
      ]),
    .executableTarget(
      name: "CompressionBenchmark", dependencies: ["Compression"], path: "Benchmarks/CompressionBenchmark",
      swiftSettings: optimised),
    .executableTarget(
      name: "FloorsBenchmark", dependencies: ["CSQLite", "Compression", crypto],
      path: "Benchmarks/FloorsBenchmark", swiftSettings: optimised),
    .executableTarget(
      name: "FormatsBenchmark", dependencies: ["Formats", "ExportCore", "TimeZones"],
      path: "Benchmarks/FormatsBenchmark", swiftSettings: optimised),
    .testTarget(
      name: "FormatsTests",
      dependencies: [
        "Compression", "Formats", "FormatsBenchmark", "ExportCore", "ExportTesting", "TimeZones",
        "ZoneTesting",
      ]),
    .testTarget(
      name: "ExportConfigTests", dependencies: ["ExportConfig", "ExportCore", "TimeZones", "ZoneTesting"],
      swiftSettings: optimised),
    .testTarget(
      name: "DirectoryDestinationTests",
      dependencies: ["DirectoryDestination", "ExportCore", "ExportTesting"]),
    .testTarget(
      name: "CloudDestinationsTests",
      dependencies: [
        "CloudDestinations", "ExportCore", "ExportTesting", "HTTPProblems", "ZoneTesting", nio, nioHTTP,
        nioPosix,
      ]),
    .testTarget(name: "WebhooksTests", dependencies: ["ExportCore", "Webhooks"]),
    .testTarget(name: "LedgerTests", dependencies: ["ExportCore", "Ledger", "TimeZones", grdb]),
    .testTarget(
      name: "SQLiteSourceTests",
      dependencies: ["CSQLite", "ExportCore", "ExportTesting", "SQLiteSource", "TimeZones", "ZoneTesting"]),
    .testTarget(
      name: "EngineTests",
      dependencies: [
        "DirectoryDestination", "Engine", "ExportConfig", "ExportCore", "Ledger", "SQLiteSource", "TimeZones",
        grdb, logging,
      ]),
    .target(
      name: "SimulationOracle", dependencies: ["CZlib", "ZoneTesting", crypto],
      path: "Tests/Simulation/Oracle",
      swiftSettings: optimised),
    .target(
      name: "Simulation",
      dependencies: [
        "CSQLite", "Engine", "ExportConfig", "ExportCore", "Ledger", "SQLiteSource", "SimulationOracle",
        "TimeZones", "ZoneTesting", crypto, grdb, logging,
      ], path: "Tests/Simulation/World", swiftSettings: optimised),
    .executableTarget(
      name: "simulate", dependencies: ["Simulation", "SimulationOracle"], path: "Tests/Simulation/Command",
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
