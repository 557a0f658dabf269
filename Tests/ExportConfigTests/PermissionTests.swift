import ExportCore
import Foundation
import Testing

@testable import ExportConfig

@Suite struct PermissionTests {
  @Test(arguments: [
    // A group that may read: become a member.
    ("exportd", 0o640, false, "root:exportd, mode 0640): usermod -aG exportd bob"),
    ("exportd", 0o600, false, "root:exportd, mode 0600): chmod g+r /e/x.json && usermod -aG exportd bob"),
    ("exportd", 0o600, true, "root:exportd, mode 0600): chmod g+r /e/x.json"),
    // Nobody becomes a member of root's group.
    ("root", 0o640, false, "root:root, mode 0640): chgrp exportd /e/x.json && usermod -aG exportd bob"),
    (
      "root", 0o600, true,
      "root:root, mode 0600): chgrp exportd /e/x.json && chmod g+r /e/x.json && usermod -aG exportd bob"
    ),
    (
      "exportd", 0o640, true,
      "root:exportd, mode 0640): look for access control lists (getfacl) and the unit's sandbox"
    ),
  ])
  func advice(_ group: String, _ mode: UInt32, _ isMember: Bool, _ text: String) {
    let advice = PermissionAdvice(
      path: "/e/x.json", isDirectory: false, owner: "root", group: group, mode: mode, user: "bob",
      userIsInGroup: isMember)
    #expect(advice.text == "may not be read by the user bob (\(text)")
  }

  @Test func adviceOnADirectory() {
    let advice = PermissionAdvice(
      path: "/e", isDirectory: true, owner: "root", group: "staff", mode: 0o2740, user: "bob",
      userIsInGroup: true)
    #expect(advice.text == "may not be entered by the user bob (root:staff, mode 2740): chmod g+x /e")
  }

  /// The whole way, as a user who really may not.
  @Test func theSystemRefuses() throws {
    let folder = try ConfigurationFolder(definitions: ["a.json": "{}"])
    try #require(chmod("\(folder.path)/exports.d/a.json", 0o000) == 0)
    let complaints = try asAnotherUser { folder.complaints() }
    #expect(complaints.count == 1)
    let complaint = try #require(complaints.first)
    #expect(complaint.hasPrefix("exports.d/a.json: error: may not be read by the user "))
    #expect(complaint.contains(", mode 0000): "))
    #expect(
      complaint.contains("chmod g+r \(folder.path)/exports.d/a.json".replacing("\(folder.path)/", with: "")))
    #expect(try asAnotherUser { folder.load().broken.map(\.name) } == ["a"])

    try #require(chmod("\(folder.path)/exports.d", 0o000) == 0)
    let closed = try asAnotherUser { folder.load() }
    try #require(chmod("\(folder.path)/exports.d", 0o755) == 0)
    #expect(closed.configuration == nil)
    #expect(closed.diagnostics.map(\.file) == ["\(folder.path)/exports.d"])
  }

  /// Root may read everything: on this thread, file access becomes that of nobody for a while (setfsuid(2),
  /// which Swift's Glibc does not show).
  private func asAnotherUser<Value>(_ body: () throws -> Value) throws -> Value {
    guard geteuid() == 0 else { return try body() }
    let symbol = try #require(dlsym(nil, "setfsuid"))
    let setfsuid = unsafeBitCast(symbol, to: (@convention(c) (uid_t) -> Int32).self)
    _ = setfsuid(65534)
    defer { _ = setfsuid(0) }
    return try body()
  }
}
