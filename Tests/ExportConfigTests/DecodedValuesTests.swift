import ExportConfig
import ExportCore
import Testing
import TimeZones
import ZoneTesting

/// What sound texts are decoded to.
@Suite struct DecodedValuesTests {
  private func configuration(_ text: String) throws -> (Configuration, folder: String) {
    let folder = try ConfigurationFolder(exportd: text)
    let loaded = folder.load()
    #expect(loaded.diagnostics.errors.map(\.description) == [])
    return (try #require(loaded.configuration), folder.path)
  }

  private func definition(_ text: String) throws -> Definition {
    let folder = try ConfigurationFolder(definitions: ["x.json": text])
    let loaded = folder.load()
    #expect(loaded.diagnostics.errors.map(\.description) == [])
    return try #require(loaded.definitions.first).definition
  }

  // MARK: exportd.json

  @Test func defaultsOfTheConfiguration() throws {
    let (configuration, folder) = try configuration(
      """
      {"account": "A_1", "destinations": {"d": {"type": "directory", "path": "/out"}},
       "sources": {"s": {"type": "sqlite", "databases": [{"id": "x", "path": "./a/../b.db"}]}}}
      """)
    #expect(configuration.account == "A_1")
    #expect(configuration.timeZone == "UTC")
    #expect(configuration.identifiers == [.identity])
    #expect(configuration.stateDirectory == "/var/lib/exportd")
    #expect(configuration.maxConcurrentRuns == 2)
    #expect(configuration.stallTimeout == 600)
    #expect(configuration.keepHistoryDays == 400)
    #expect(configuration.onFailure == nil)
    #expect(configuration.destinations == ["d": .directory(DirectoryConfiguration(path: "/out"))])
    #expect(
      configuration.sources == [
        "s": .sqlite(
          SQLiteSourceConfiguration(
            databases: [.init(id: "x", path: "\(folder)/a/../b.db")], events: nil, profiles: nil))
      ])
  }

  @Test(
    arguments: [
      (#"{"file": "hook"}"#, true), (#"{"env": "HOOK"}"#, true), (#"{"credential": "hook"}"#, true),
      (#"{"file": "hook", "env": "HOOK"}"#, false), ("{}", false), ("5", false),
    ])
  func aWebhookMayBeTakenFromElsewhere(json: String, isAllowed: Bool) throws {
    let text = #"""
      {
        "account": "a", "onFailure": {"webhook": \#(json)}, "destinations": {"d": {"type": "directory", "path": "/out"}},
        "sources": {"s": {"type": "sqlite", "databases": [{"id": "x", "path": "b.db"}]}}
      }
      """#
    guard isAllowed else {
      return #expect(try ConfigurationFolder(exportd: text).load().configuration == nil)
    }
    let (configuration, folder) = try configuration(text)
    let expected: Secret =
      json.contains("env")
      ? .environment("HOOK") : json.contains("file") ? .file("\(folder)/hook") : .credential("hook")
    #expect(configuration.onFailure == FailureNotice(webhook: expected, command: nil))
  }

  @Test func everyKeyOfTheConfiguration() throws {
    let (configuration, folder) = try configuration(
      #"""
      {
        "account": "acme", "timeZone": "Asia/Kolkata", "identifiers": ["phone", "identity"],
        "stateDirectory": "state", "maxConcurrentRuns": 3, "stallTimeout": 6e1, "history": {"keepDays": 30},
        "onFailure": {"webhook": "https://hooks.example.com/a?b=c", "command": ["/usr/bin/notify", "", "-x"]},
        "sources": {
          "été": {
            "type": "sqlite", "mayBlockWriters": true, "databases": [{"id": "0", "path": "/a"}, {"id": "00", "path": "b"}],
            "events": {
              "from": "(SELECT * FROM e)",
              "columns": {
                "ts": "t", "name": "n", "objectId": "o", "id": "i", "identity": "y", "email": "e", "phone": "p",
                "profileName": "q", "platform": "f", "pushToken": "k", "allIdentities": "a", "device": "d", "session": "s",
                "controlGroup": "c"
              },
              "properties": {"b": "x + 1", "a": "lower(y)"}, "tsUnit": "iso8601", "tsTimeZone": "Europe/Berlin",
              "sequence": "rowid"
            },
            "profiles": {
              "from": "profiles",
              "columns": {
                "objectId": "o", "identity": "i", "email": "e", "phone": "p", "allIdentities": "a", "device": "d",
                "communication": "c", "updatedAt": "u", "deletedAt": "x"
              },
              "properties": "*", "updatedAtUnit": "seconds", "lookback": "30m"
            }
          },
          "plain": {"type": "sqlite", "databases": [{"id": "0", "path": "/a"}], "events": {"from": "e", "properties": "props"}}
        },
        "destinations": {}
      }
      """#)
    #expect(configuration.timeZone == "Asia/Kolkata")
    #expect(configuration.identifiers == [.phone, .identity])
    #expect(configuration.stateDirectory == "\(folder)/state")
    #expect(configuration.maxConcurrentRuns == 3)
    #expect(configuration.stallTimeout == 60)
    #expect(configuration.keepHistoryDays == 30)
    #expect(
      configuration.onFailure
        == FailureNotice(
          webhook: .literal("https://hooks.example.com/a?b=c"), command: ["/usr/bin/notify", "", "-x"]))
    let events = EventMapping(
      from: "(SELECT * FROM e)",
      columns: [
        .ts: "t", .name: "n", .objectId: "o", .id: "i", .identity: "y", .email: "e", .phone: "p",
        .profileName: "q", .platform: "f", .pushToken: "k", .allIdentities: "a", .device: "d", .session: "s",
        .controlGroup: "c",
      ],
      properties: .expressions([
        .init(name: "b", expression: "x + 1"), .init(name: "a", expression: "lower(y)"),
      ]),
      tsUnit: .iso8601, tsTimeZone: "Europe/Berlin", sequence: "rowid")
    let profiles = ProfileMapping(
      from: "profiles",
      columns: [
        .objectId: "o", .identity: "i", .email: "e", .phone: "p", .allIdentities: "a", .device: "d",
        .communication: "c", .updatedAt: "u", .deletedAt: "x",
      ], properties: .everyOtherColumn, updatedAtUnit: .seconds, lookback: 1800)
    #expect(
      configuration.sources["été"]
        == .sqlite(
          SQLiteSourceConfiguration(
            databases: [.init(id: "0", path: "/a"), .init(id: "00", path: "\(folder)/b")], events: events,
            profiles: profiles, mayBlockWriters: true)))
    #expect(configuration.sources["plain"]?.events == EventMapping(from: "e", properties: .column("props")))
  }

  @Test func everyKeyOfEveryDestination() throws {
    let (configuration, folder) = try configuration(
      #"""
      {
        "account": "acme", "sources": {},
        "destinations": {
          "directory": {"type": "directory", "path": "out", "prefix": "{account}/{date}/", "mode": "600", "group": "staff"},
          "s3": {
            "type": "s3", "bucket": "arn:aws:s3:eu-west-1:1:accesspoint/x", "prefix": "raw/", "region": "eu-west-1",
            "endpoint": "http://127.0.0.1:9000", "pathStyle": true, "accessKeyId": "AKIA", "secretAccessKey": {"file": "key"},
            "sessionToken": {"env": "TOKEN"}, "profile": "p", "roleArn": "arn:aws:iam::1:role/r", "externalId": "e",
            "sse": "aws:kms", "kmsKeyId": "k", "storageClass": "STANDARD_IA", "tags": {"team": "data", "empty": ""},
            "caFile": "ca.pem", "allowHTTP": false, "maxUploadBytesPerSecond": 1000000
          },
          "gcs": {
            "type": "gcs", "bucket": "b", "endpoint": "http://[::1]:4443", "serviceAccountKey": {"credential": "gcs-key"},
            "storageClass": "NEARLINE"
          },
          "managed": {"type": "azure", "account": "acme1", "container": "$web", "accessTier": "Cool"},
          "key": {"type": "azure", "account": "acme1", "container": "c", "accountKey": {"env": "K"}, "endpoint": "https://h/x"},
          "sas": {"type": "azure", "account": "acme1", "container": "c", "sasToken": {"file": "/s"}},
          "client": {
            "type": "azure", "account": "acme1", "container": "c", "clientId": "i", "tenantId": "t",
            "clientSecret": {"env": "S"}, "endpoint": "http://far:1", "allowHTTP": true
          }
        }
      }
      """#)
    #expect(
      configuration.destinations["directory"]
        == .directory(
          DirectoryConfiguration(
            prefix: "{account}/{date}/", path: "\(folder)/out", mode: 0o600, group: "staff")))

    var s3 = S3Configuration(bucket: "arn:aws:s3:eu-west-1:1:accesspoint/x")
    s3.prefix = "raw/"
    s3.region = "eu-west-1"
    s3.endpoint = "http://127.0.0.1:9000"
    s3.pathStyle = true
    s3.accessKeyId = .literal("AKIA")
    s3.secretAccessKey = .file("\(folder)/key")
    s3.sessionToken = .environment("TOKEN")
    s3.profile = "p"
    s3.roleArn = "arn:aws:iam::1:role/r"
    s3.externalId = "e"
    s3.sse = .kms
    s3.kmsKeyId = "k"
    s3.storageClass = "STANDARD_IA"
    s3.tags = ["team": "data", "empty": ""]
    s3.cloud = CloudOptions(caFile: "\(folder)/ca.pem", allowHTTP: false, maxUploadBytesPerSecond: 1_000_000)
    #expect(configuration.destinations["s3"] == .s3(s3))

    var gcs = GCSConfiguration(bucket: "b")
    gcs.endpoint = "http://[::1]:4443"
    gcs.serviceAccountKey = .credential("gcs-key")
    gcs.storageClass = "NEARLINE"
    #expect(configuration.destinations["gcs"] == .gcs(gcs))

    var managed = AzureConfiguration(account: "acme1", container: "$web", access: .managedIdentity)
    managed.accessTier = "Cool"
    #expect(configuration.destinations["managed"] == .azure(managed))
    var key = AzureConfiguration(account: "acme1", container: "c", access: .accountKey(.environment("K")))
    key.endpoint = "https://h/x"
    #expect(configuration.destinations["key"] == .azure(key))
    #expect(
      configuration.destinations["sas"]
        == .azure(AzureConfiguration(account: "acme1", container: "c", access: .sasToken(.file("/s")))))
    var client = AzureConfiguration(
      account: "acme1", container: "c",
      access: .client(id: .literal("i"), tenant: "t", secret: .environment("S")))
    client.endpoint = "http://far:1"
    client.cloud.allowHTTP = true
    #expect(configuration.destinations["client"] == .azure(client))
  }

  @Test(arguments: [
    ("90s", 90), ("0s", 0), ("30m", 1800), ("1h", 3600), ("2d", 172_800), ("366d", 366 * 86400),
  ])
  func lookback(_ text: String, _ seconds: Int) throws {
    let sound = ConfigurationFolder.sound.replacing(
      #"{"from": "profiles"}"#, with: #"{"from": "profiles", "lookback": "\#(text)"}"#)
    #expect(try configuration(sound).0.sources["main"]?.profiles?.lookback == seconds)
  }

  @Test(arguments: ["", "s", "-1s", "1.5h", "1H", "1 h", "1h30m", "367d", "99999999999999999999s", "１h"])
  func noLookback(_ text: String) throws {
    let sound = ConfigurationFolder.sound.replacing(
      #"{"from": "profiles"}"#, with: #"{"from": "profiles", "lookback": "\#(text)"}"#)
    let diagnostics = try ConfigurationFolder(exportd: sound).load().diagnostics
    #expect(diagnostics.map(\.path.description) == ["$.sources.main.profiles.lookback"])
  }

  // MARK: Definitions

  @Test func defaultsOfADefinition() throws {
    let read = try definition(
      """
      {"source": "main", "destination": "local", "data": {"events": ["Charged", "all", "a\\u0000b"]},
       "frequency": {"everyHours": 6}, "format": "json"}
      """)
    #expect(
      read
        == Definition(
          source: "main", destination: "local", data: .events(["Charged", "all", "a\0b"]),
          frequency: .recurring(Recurrence(everyHours: 6, at: "00:00")), format: .json))
    #expect(read.compression == Compression(codec: .none))
    #expect(read.maxFileBytes == 100_000_000)
    #expect(read.includeObjectId && !read.asString && !read.guardFormulas)
  }

  @Test func everyKeyOfADefinition() throws {
    let read = try definition(
      """
      {"source": "main", "destination": "local", "data": {"profiles": "all"}, "identifiers": ["email", "identity"],
       "frequency": {"everyHours": 24, "from": "2026-11-24", "at": "06:30", "until": "2026-11-24", "delayMinutes": 240,
         "profiles": "compared"},
       "format": "csv", "asString": true, "includeObjectId": false, "compression": {"codec": "gzip", "level": 1},
       "maxFileBytes": 1e6, "csv": {"guardFormulas": true}, "stopRecurring": false, "resumeRecurring": false,
       "timeZone": "America/New_York"}
      """)
    #expect(
      read
        == Definition(
          source: "main", destination: "local", data: .profiles, identifiers: [.email, .identity],
          frequency: .recurring(
            Recurrence(
              everyHours: 24, from: "2026-11-24", at: "06:30", until: "2026-11-24", delayMinutes: 240,
              profiles: .compared)),
          format: .csv, asString: true, includeObjectId: false,
          compression: Compression(codec: .gzip, level: 1),
          maxFileBytes: 1_000_000, guardFormulas: true, timeZone: "America/New_York"))
  }

  @Test(arguments: [
    (#""today""#, Period.today), (#""yesterday""#, .yesterday), (#""currentWeek""#, .currentWeek),
    (#""previousWeek""#, .previousWeek), (#""currentMonth""#, .currentMonth),
    (#""previousMonth""#, .previousMonth),
    (#""now""#, .now), (#"{"day": "2026-11-03"}"#, .day("2026-11-03")), (#"{"lastDays": 60}"#, .lastDays(60)),
    (#"{"from": "2026-11-01", "to": "2026-11-10"}"#, .days(from: "2026-11-01", to: "2026-11-10")),
  ])
  func periods(_ text: String, _ period: Period) throws {
    let read = try definition(
      """
      {"source": "main", "destination": "local", "data": {"profiles": "all"}, "frequency": {"once": \(text)}, "format": "json",
       "stopRecurring": true, "resumeRecurring": true}
      """)
    #expect(read.frequency == .once(period))
    #expect(read.stopRecurring && read.resumeRecurring)
  }

  @Test(arguments: [
    ("json", "events", Compression.Codec.none), ("csv", "events", .none), ("xml", "events", .none),
    ("parquet", "events", .gzip), ("json", "profiles", .gzip), ("csv", "profiles", .gzip),
    ("xml", "profiles", .gzip),
    ("parquet", "profiles", .gzip),
  ])
  func compressionByDefault(_ format: String, _ data: String, _ codec: Compression.Codec) throws {
    let read = try definition(
      """
      {"source": "main", "destination": "local", "data": {"\(data)": "all"}, "frequency": {"everyHours": 4},
       "format": "\(format)"}
      """)
    #expect(read.compression == Compression(codec: codec))
  }
}
