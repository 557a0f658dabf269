import ExportConfig
import Testing

/// A sound `exportd.json` with one piece replaced → everything that is said about it.
private struct Broken: CustomTestStringConvertible, Sendable {
  let piece: String
  let replacement: String
  let complaints: [String]

  init(_ piece: String, _ replacement: String, _ complaints: [String]) {
    self.piece = piece
    self.replacement = replacement
    self.complaints = complaints
  }

  var testDescription: String { replacement }
}

@Suite struct ConfigurationErrorTests {
  @Test(arguments: [
    Broken(
      #""acme""#, "12",
      [
        "2:14: error: $.account: must be 1 to 32 letters, digits or _; found the number 12"
      ]),
    Broken(
      #""acme""#, #""a c""#,
      [
        #"2:14: error: $.account: must be 1 to 32 letters, digits or _; found the string "a c""#
      ]),
    Broken(
      #""acme""#, "\"\"",
      [
        "2:14: error: $.account: must be 1 to 32 letters, digits or _; found an empty string"
      ]),
    Broken(
      #""acme""#, #""aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa""#,
      [
        #"2:14: error: $.account: must be 1 to 32 letters, digits or _; found the string "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa""#
      ]),
    Broken(
      #""account""#, #""acount""#,
      [
        #"2:3: error: $.acount: unknown key "acount"; did you mean "account"? allowed here: "account", "timeZone", "identifiers", "stateDirectory", "maxConcurrentRuns", "stallTimeout", "history", "onFailure", "sources", "destinations""#
      ]),
    Broken(
      "\"account\": \"acme\",\n", "",
      [
        #"1:1: error: the key "account" is missing"#
      ]),
    Broken(
      #""account": "acme""#, #""account": "acme", "account": "acme""#,
      [
        #"2:22: error: $.account: key "account" is written a second time; the first is in line 2"#
      ]),
    Broken(
      #""account": "acme""#, #""account": "acme", "timeZone": "Asia/Kolkatta""#,
      [
        #"2:34: error: $.timeZone: unknown time zone "Asia/Kolkatta"; did you mean "Asia/Kolkata"? allowed here: IANA names as in "Europe/Berlin""#
      ]),
    Broken(
      #""account": "acme""#, #""account": "acme", "timeZone": "kolkata""#,
      [
        #"2:34: error: $.timeZone: unknown time zone "kolkata"; did you mean "Asia/Kolkata"? allowed here: IANA names as in "Europe/Berlin""#
      ]),
    Broken(
      #""account": "acme""#, #""account": "acme", "timeZone": "../etc""#,
      [
        #"2:34: error: $.timeZone: unknown time zone "../etc"; allowed here: IANA names as in "Europe/Berlin""#
      ]),
    Broken(
      #""account": "acme""#, #""account": "acme", "timeZone": 5"#,
      [
        #"2:34: error: $.timeZone: must be the IANA name of a time zone, as in "Europe/Berlin"; found the number 5"#
      ]),
    Broken(
      #""account": "acme""#, #""account": "acme", "history": {"keepDay": 4}"#,
      [
        #"2:34: error: $.history.keepDay: unknown key "keepDay"; did you mean "keepDays"? allowed here: "keepDays""#
      ]),
    Broken(
      #""account": "acme""#, #""account": "acme", "history": 400"#,
      [
        "2:33: error: $.history: must be an object; found the number 400"
      ]),
    Broken(
      #""account": "acme""#, #""account": "acme", "maxConcurrentRuns": 0, "stallTimeout": 1.5"#,
      [
        "2:43: error: $.maxConcurrentRuns: must be a whole number from 1 to 1000; found the number 0",
        "2:62: error: $.stallTimeout: must be a whole number from 1 to 86400; found the number 1.5",
      ]),
    Broken(
      #""account": "acme""#, #""account": "acme", "stateDirectory": "~/state""#,
      [
        "2:40: error: $.stateDirectory: ~ is not replaced by a home directory; write the whole path"
      ]),
    Broken(
      #""account": "acme""#, #""account": "acme", "foo": 1, "Time_Zone": "UTC""#,
      [
        #"2:22: error: $.foo: unknown key "foo"; allowed here: "account", "timeZone", "identifiers", "stateDirectory", "maxConcurrentRuns", "stallTimeout", "history", "onFailure", "sources", "destinations""#,
        #"2:32: error: $.Time_Zone: unknown key "Time_Zone"; did you mean "timeZone"? allowed here: "account", "timeZone", "identifiers", "stateDirectory", "maxConcurrentRuns", "stallTimeout", "history", "onFailure", "sources", "destinations""#,
      ]),
    Broken(
      #""account": "acme""#, #""account": "acme", "timezones": []"#,
      [
        #"2:22: error: $.timezones: unknown key "timezones"; did you mean "timeZone"? allowed here: "account", "timeZone", "identifiers", "stateDirectory", "maxConcurrentRuns", "stallTimeout", "history", "onFailure", "sources", "destinations""#
      ]),
    Broken(
      #""account": "acme""#, #""account": "acme", "onFailure": {}"#,
      [
        #"2:35: error: $.onFailure: must have "webhook", "command" or both"#
      ]),
    Broken(
      #""account": "acme""#,
      #""account": "acme", "onFailure": {"webhook": "hooks.example.com/TOKEN", "command": ["", "", 5]}"#,
      [
        #"2:47: error: $.onFailure.webhook: must be an address that begins with https:// or http://, as in "https://host:8443/path"; found a string"#,
        "2:86: error: $.onFailure.command[0]: must be a string that is not empty; found a string",
        "2:94: error: $.onFailure.command[2]: must be a string that is not empty; found a number",
      ]),
    Broken(
      #"["identity", "email"]"#, "[]",
      [
        "3:18: error: $.identifiers: must be a list of identifiers; found an empty list"
      ]),
    Broken(
      #"["identity", "email"]"#, #"["identity", "emial", "identity", 3]"#,
      [
        #"3:31: error: $.identifiers[1]: unknown identifier "emial"; did you mean "email"? allowed here: "identity", "email", "phone""#,
        #"3:40: error: $.identifiers[2]: must be in the list only once; found the string "identity" again"#,
        #"3:52: error: $.identifiers[3]: must be one of "identity", "email", "phone"; found the number 3"#,
      ]),
    Broken(
      #"["identity", "email"]"#, #""identity""#,
      [
        #"3:18: error: $.identifiers: must be a list of identifiers; found the string "identity""#
      ]),
    Broken(
      #""sources""#, #""source""#,
      [
        #"4:3: error: $.source: unknown key "source"; did you mean "sources"? allowed here: "account", "timeZone", "identifiers", "stateDirectory", "maxConcurrentRuns", "stallTimeout", "history", "onFailure", "sources", "destinations""#
      ]),
    Broken(
      #""type": "sqlite""#, #""type": "sqllite", "foo": 1"#,
      [
        #"6:15: error: $.sources.main.type: unknown source type "sqllite"; did you mean "sqlite"? allowed here: "sqlite""#
      ]),
    Broken(
      #""type": "sqlite""#, #""tpye": "sqlite", "foo": 1"#,
      [
        #"6:7: error: $.sources.main.tpye: unknown key "tpye"; did you mean "type"? allowed here: "type""#
      ]),
    Broken(
      #""type": "sqlite""#, #""type": null"#,
      [
        #"6:15: error: $.sources.main.type: must be "sqlite"; found null"#
      ]),
    Broken(
      #"[{"id": "0", "path": "shard0.db"}]"#,
      #"[{"id": 0, "path": ""}, {"id": "1"}, {"id": "1", "path": "/x"}, 4]"#,
      [
        "7:28: error: $.sources.main.databases[0].id: must be 1 to 32 letters, digits or _; found the number 0",
        "7:39: error: $.sources.main.databases[0].path: must be the path of a file or directory; found an empty string",
        #"7:44: error: $.sources.main.databases[1]: the key "path" is missing"#,
        #"7:64: error: $.sources.main.databases[2].id: the database id "1" is taken by another database of this source"#,
        #"7:84: error: $.sources.main.databases[3]: must be a database, as in {"id": "0", "path": "/srv/app/shard0.db"}; found the number 4"#,
      ]),
    Broken(
      #"[{"id": "0", "path": "shard0.db"}]"#, "[]",
      [
        #"7:20: error: $.sources.main.databases: must be a list of databases, as in [{"id": "0", "path": "/srv/app/shard0.db"}]; found an empty list"#
      ]),
    Broken(
      #"[{"id": "0", "path": "shard0.db"}]"#, #"{"0": "shard0.db"}"#,
      [
        #"7:20: error: $.sources.main.databases: must be a list of databases, as in [{"id": "0", "path": "/srv/app/shard0.db"}]; found an object"#
      ]),
    Broken(
      #"[{"id": "0", "path": "shard0.db"}]"#, #"[{"id": "0", "path": "a\u0000b"}]"#,
      [
        "7:41: error: $.sources.main.databases[0].path: must not contain the character U+0000"
      ]),
    Broken(
      #"{"from": "events"}"#,
      #"{"form": "events", "columns": {"tss": "x", "name": 3}, "properties": {"a": 4, "": "x"}, "tsUnit": "ms", "lookback": "1h"}"#,
      [
        #"8:18: error: $.sources.main.events.form: unknown key "form"; did you mean "from"? allowed here: "from", "columns", "properties", "tsUnit", "tsTimeZone", "sequence""#,
        #"8:48: error: $.sources.main.events.columns.tss: unknown key "tss"; did you mean "ts"? allowed here: "ts", "name", "objectId", "id", "identity", "email", "phone", "profileName", "platform", "pushToken", "allIdentities", "device", "session", "controlGroup""#,
        "8:68: error: $.sources.main.events.columns.name: must be an SQL expression; found the number 3",
        "8:92: error: $.sources.main.events.properties.a: must be an SQL expression; found the number 4",
        #"8:95: error: $.sources.main.events.properties[""]: a name must not be empty or contain the character U+0000"#,
        #"8:115: error: $.sources.main.events.tsUnit: unknown unit "ms"; allowed here: "milliseconds", "seconds", "microseconds", "nanoseconds", "iso8601""#,
        #"8:121: error: $.sources.main.events.lookback: unknown key "lookback"; allowed here: "from", "columns", "properties", "tsUnit", "tsTimeZone", "sequence""#,
      ]),
    Broken(
      #"{"from": "events"}"#, #"{"from": "SELECT * FROM x", "tsTimeZone": "Europe/Berlin", "sequence": ""}"#,
      [
        #"8:26: error: $.sources.main.events.from: a SELECT stands in parentheses here: "(SELECT …)""#,
        #"8:45: warning: $.sources.main.events.tsTimeZone: "tsTimeZone" has no effect without "tsUnit": "iso8601""#,
        "8:88: error: $.sources.main.events.sequence: must be an SQL expression; found an empty string",
      ]),
    Broken(
      #"{"from": "events"}"#, #"{"from": "e", "tsUnit": "miliseconds", "properties": true}"#,
      [
        #"8:41: error: $.sources.main.events.tsUnit: unknown unit "miliseconds"; did you mean "milliseconds"? allowed here: "milliseconds", "seconds", "microseconds", "nanoseconds", "iso8601""#,
        #"8:70: error: $.sources.main.events.properties: must be the name of a column of JSON objects, "*", or an object of SQL expressions by property; found true"#,
      ]),
    Broken(
      #"{"from": "events"}"#, #""events""#,
      [
        #"8:17: error: $.sources.main.events: must be an object; found the string "events""#
      ]),
    Broken(
      #"{"from": "profiles"}"#, #"{"from": "profiles", "lookback": "1 hour"}"#,
      [
        #"9:52: error: $.sources.main.profiles.lookback: must be a duration of at most "366d", as in "90s", "30m", "1h" or "2d"; found the string "1 hour""#
      ]),
    Broken(
      #"{"from": "profiles"}"#, #"{"from": "profiles", "lookback": 3600, "tsUnit": "seconds"}"#,
      [
        #"9:52: error: $.sources.main.profiles.lookback: must be a duration of at most "366d", as in "90s", "30m", "1h" or "2d"; found the number 3600"#,
        #"9:58: error: $.sources.main.profiles.tsUnit: unknown key "tsUnit"; allowed here: "from", "columns", "properties", "updatedAtUnit", "tsTimeZone", "lookback""#,
      ]),
    Broken(
      #"{"type": "directory", "path": "exports"}"#,
      #"{"type": "directory", "mode": 640, "prefix": "/x", "bucket": "b"}"#,
      [
        #"18:14: error: $.destinations.local: the key "path" is missing"#,
        #"18:44: error: $.destinations.local.mode: must be permissions in octal, as in "0640"; found the number 640"#,
        "18:59: error: $.destinations.local.prefix: must not begin with '/': a prefix lies below the destination's root",
        #"18:65: error: $.destinations.local.bucket: unknown key "bucket"; allowed here: "type", "prefix", "path", "mode", "group""#,
      ]),
    Broken(
      #"{"type": "directory", "path": "exports"}"#,
      #"{"type": "directory", "path": "x", "mode": "0999", "prefix": "{evntDate}/"}"#,
      [
        #"18:57: error: $.destinations.local.mode: must be permissions in octal, as in "0640"; found the string "0999""#,
        #"18:75: error: $.destinations.local.prefix: unknown variable "{evntDate}"; did you mean "{eventDate}"? allowed here: {account}, {export}, {requestId}, {runTimestamp}, {date}, {eventDate}, {eventName}, {databaseId}, {dataType}"#,
      ]),
    Broken(
      #"{"type": "directory", "path": "exports"}"#,
      #"{"type": "directory", "path": "x", "prefix": "a/../b"}"#,
      [
        #"18:59: error: $.destinations.local.prefix: must not have the level ".."; found the string "a/../b""#
      ]),
    Broken(
      #"{"type": "directory", "path": "exports"}"#, #"{"type": "directory", "path": "x", "prefix": "a//b"}"#,
      [
        #"18:59: error: $.destinations.local.prefix: must not have an empty level; found the string "a//b""#
      ]),
    Broken(
      #"{"type": "directory", "path": "exports"}"#,
      #"{"type": "directory", "path": "x", "prefix": "a/{date"}"#,
      [
        #"18:59: error: $.destinations.local.prefix: a '{' without its '}', or a '}' without its '{'; found the string "a/{date""#
      ]),
    Broken(
      #"{"type": "directory", "path": "exports"}"#, #"{"type": "directory", "path": "x", "prefix": "a\nb"}"#,
      [
        #"18:59: error: $.destinations.local.prefix: must not contain control characters; found the string "a\nb""#
      ]),
    Broken(
      #"{"type": "directory", "path": "exports"}"#, #"{"type": "dirctory"}"#,
      [
        #"18:23: error: $.destinations.local.type: unknown destination type "dirctory"; did you mean "directory"? allowed here: "directory", "s3", "gcs", "azure""#
      ]),
    Broken(
      #"{"type": "directory", "path": "exports"}"#, #""exports""#,
      [
        #"18:14: error: $.destinations.local: must be an object; found the string "exports""#
      ]),
    Broken(
      #""bucket": "acme-lake""#,
      #""bucket": "s3://acme", "endpoint": "http://minio:9000", "sse": "aws:kmss", "tags": {"a": 1}, "maxUploadBytesPerSecond": 0"#,
      [
        #"19:38: error: $.destinations.lake.bucket: must be the name alone, without an address or a path; found the string "s3://acme""#,
        #"19:63: error: $.destinations.lake.endpoint: http:// sends everything in the clear; write https://, or set "allowHTTP": true beside it"#,
        #"19:91: error: $.destinations.lake.sse: unknown encryption "aws:kmss"; did you mean "aws:kms"? allowed here: "AES256", "aws:kms""#,
        "19:117: error: $.destinations.lake.tags.a: must be a string; found the number 1",
        "19:148: error: $.destinations.lake.maxUploadBytesPerSecond: must be a whole number from 1 upwards; found the number 0",
      ]),
    Broken(
      #""bucket": "acme-lake""#,
      #""bucket": "acme", "accessKeyId": "TOKEN", "kmsKeyId": "x", "externalId": "q", "storageclass": "x""#,
      [
        #"19:46: error: $.destinations.lake.accessKeyId: "accessKeyId" needs "secretAccessKey" beside it"#,
        #"19:70: error: $.destinations.lake.kmsKeyId: "kmsKeyId" needs "sse": "aws:kms" beside it"#,
        #"19:87: error: $.destinations.lake.externalId: "externalId" needs "roleArn" beside it"#,
        #"19:106: error: $.destinations.lake.storageclass: unknown key "storageclass"; did you mean "storageClass"? allowed here: "type", "prefix", "bucket", "caFile", "allowHTTP", "maxUploadBytesPerSecond", "region", "endpoint", "pathStyle", "accessKeyId", "secretAccessKey", "sessionToken", "profile", "roleArn", "externalId", "sse", "kmsKeyId", "storageClass", "tags""#,
      ]),
    Broken(
      #""bucket": "acme-lake""#,
      #""bucket": "acme", "endpoint": "https://u:TOKEN@host", "accessKeyId": {"flie": "TOKEN"}, "secretAccessKey": {"file": "x", "env": "TOKEN"}, "sessionToken": 12345"#,
      [
        "19:58: error: $.destinations.lake.endpoint: must not contain a user, a '?' or a '#'",
        #"19:97: error: $.destinations.lake.accessKeyId: must be a string, {"file": PATH}, {"env": NAME} or {"credential": NAME}"#,
        #"19:98: error: $.destinations.lake.accessKeyId.flie: unknown key "flie"; did you mean "file"? allowed here: "file", "env", "credential""#,
        #"19:149: error: $.destinations.lake.secretAccessKey.env: "env" does not go with "file": one form at a time"#,
        #"19:182: error: $.destinations.lake.sessionToken: must be a string, {"file": PATH}, {"env": NAME} or {"credential": NAME}; found a number"#,
      ]),
    Broken(
      #""bucket": "acme-lake""#,
      #""bucket": "acme", "endpoint": "minio:9000", "accessKeyId": {}, "secretAccessKey": {"credential": "../x"}"#,
      [
        #"19:58: error: $.destinations.lake.endpoint: must be an address that begins with https:// or http://, as in "https://host:8443/path"; found a string"#,
        #"19:87: error: $.destinations.lake.accessKeyId: must be a string, {"file": PATH}, {"env": NAME} or {"credential": NAME}"#,
        "19:125: error: $.destinations.lake.secretAccessKey.credential: must be the name of a systemd credential; found a string",
      ]),
    Broken(
      #"{"type": "s3", "bucket": "acme-lake", "prefix": "{eventName}/"}"#,
      #"{"type": "azure", "account": "acme", "container": "c", "accountKey": "TOKEN", "sasToken": "TOKEN", "tenantId": "t"}"#,
      [
        #"19:91: error: $.destinations.lake.sasToken: "sasToken" does not go with "accountKey": one way of access at a time"#,
        #"19:112: error: $.destinations.lake.tenantId: "tenantId" does not go with "accountKey": one way of access at a time"#,
      ]),
    Broken(
      #"{"type": "s3", "bucket": "acme-lake", "prefix": "{eventName}/"}"#,
      #"{"type": "azure", "account": "Acme", "container": "c", "clientId": "TOKEN"}"#,
      [
        #"19:42: error: $.destinations.lake.account: must be the name of a storage account: 3 to 24 lower-case letters and digits; found the string "Acme""#,
        #"19:68: error: $.destinations.lake.clientId: "clientId" needs "tenantId" and "clientSecret" beside it"#,
      ]),
    Broken(
      #"{"type": "s3", "bucket": "acme-lake", "prefix": "{eventName}/"}"#,
      #"{"type": "gcs", "bucket": "b", "serviceAccountKey": "TOKEN"}"#,
      [
        #"19:65: error: $.destinations.lake.serviceAccountKey: must be {"file": PATH}, {"env": NAME} or {"credential": NAME}; found a string"#
      ]),
    Broken(
      #"{"type": "s3", "bucket": "acme-lake", "prefix": "{eventName}/"}"#,
      #"{"type": "gcs", "bucket": "b", "serviceAccountKey": {"type": "TOKEN"}}"#,
      [
        #"19:65: error: $.destinations.lake.serviceAccountKey: must be {"file": PATH}, {"env": NAME} or {"credential": NAME}"#,
        #"19:66: error: $.destinations.lake.serviceAccountKey.type: unknown key "type"; allowed here: "file", "env", "credential""#,
      ]),
  ])
  private func says(_ broken: Broken) throws {
    let sound = ConfigurationFolder.sound
    let text = sound.replacing(broken.piece, with: broken.replacement, maxReplacements: 1)
    try #require(text != sound)
    let folder = try ConfigurationFolder(exportd: text)
    #expect(folder.complaints() == broken.complaints.map { "exportd.json:\($0)" })
    let hasErrors = broken.complaints.contains { $0.contains(": error: ") }
    #expect((folder.load().configuration == nil) == hasErrors)
  }

  @Test func theTextThatIsBrokenAboveIsSound() throws {
    #expect(try ConfigurationFolder().complaints() == [])
  }
}
