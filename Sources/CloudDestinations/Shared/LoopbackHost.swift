extension String {
  /// Whether the host of an address is this machine, by its name (RFC 6761 section 6.3) or its number in full (RFC 1122 section
  /// 3.2.1.3, RFC 4291 section 2.5.3), in brackets or not. What goes there stays here, so that it need not be encrypted; a name
  /// that only begins like such a number is somebody else's.
  var isLoopbackHost: Bool {
    let host = lowercased()
    if host == "localhost" || host.hasSuffix(".localhost") || host == "::1" || host == "[::1]" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }
}
