extension Field {
  /// The path of a file or directory, made absolute.
  /// - Parameter folder: what a relative one is relative to; an absolute path.
  func path(in folder: String) -> String? {
    guard let path = text("the path of a file or directory") else { return nil }
    guard !path.hasPrefix("~") else {
      fail("~ is not replaced by a home directory; write the whole path")
      return nil
    }
    return Self.absolute(path, in: folder)
  }

  static func absolute(_ path: String, in folder: String) -> String {
    if path.hasPrefix("/") { return path }
    let relative = path.hasPrefix("./") ? path.dropFirst(2) : path[...]
    return folder.hasSuffix("/") ? folder + relative : "\(folder)/\(relative)"
  }

  /// An http or https address with nothing in it that does not belong. Its text is never repeated: some carry a
  /// token in their path.
  func webAddress() -> WebAddress? {
    var field = self
    field.isSecret = true
    return field.text("an address that begins with https:// or http://, as in \"https://host:8443/path\"") {
      guard let address = WebAddress($0) else { return nil }
      return address
    }
  }
}

/// The parts of an http or https URL (RFC 3986) that decide whether it may be used.
struct WebAddress: Hashable {
  let text: String
  let isEncrypted: Bool
  /// Lower case; an IPv6 address without its brackets.
  let host: String
  /// Whether a user, a query or a fragment is part of it.
  let hasMoreThanPlace: Bool

  /// Nil for what is no such URL.
  init?(_ text: String) {
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }) else { return nil }
    let lower = text.lowercased()
    guard let scheme = ["https://", "http://"].first(where: lower.hasPrefix) else { return nil }
    self.text = text
    isEncrypted = scheme == "https://"
    let rest = lower.dropFirst(scheme.count)
    let authority = rest.prefix { !"/?#".contains($0) }
    hasMoreThanPlace = authority.contains("@") || rest.contains("?") || rest.contains("#")
    let place = authority.split(separator: "@", omittingEmptySubsequences: false).last!
    let afterHost: Substring
    if place.hasPrefix("["), let end = place.firstIndex(of: "]") {
      host = String(place[place.index(after: place.startIndex)..<end])
      afterHost = place[place.index(after: end)...]
      guard host.utf8.allSatisfy({ "0123456789abcdef:.".utf8.contains($0) }) else { return nil }
    } else {
      host = String(place.prefix { $0 != ":" })
      afterHost = place.dropFirst(host.count)
      guard host.utf8.allSatisfy({ "abcdefghijklmnopqrstuvwxyz0123456789.-_".utf8.contains($0) }) else {
        return nil
      }
    }
    guard !host.isEmpty else { return nil }
    if !afterHost.isEmpty {
      guard afterHost.first == ":", let port = UInt16(afterHost.dropFirst()), port > 0 else { return nil }
    }
  }

  /// Whether it stays on this machine.
  var isLoopback: Bool {
    host == "localhost" || host == "::1"
      || (host.hasPrefix("127.") && host.split(separator: ".").count == 4
        && host.split(separator: ".").allSatisfy { UInt8($0) != nil })
  }
}
