import Glibc
import TimeZones

/// The machine's own time zone, for times that belong to no export.
enum LocalClock {
  /// From TZ, else from where /etc/localtime leads; UTC when neither names a zone.
  static var zone: Zone {
    let fromVariable = getenv("TZ").map { String(cString: $0) }.map {
      $0.hasPrefix(":") ? String($0.dropFirst()) : $0
    }
    return (fromVariable ?? linked).flatMap { try? Assembly.zones.zone(named: $0) } ?? .utc
  }

  /// `14:05:09`.
  static func time(at instant: Instant) -> String {
    let second = zone.localDateTime(at: instant).secondOfDay
    return [second / 3600, second / 60 % 60, second % 60]
      .map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
  }

  private static var linked: String? {
    guard let path = realpath("/etc/localtime", nil) else { return nil }
    defer { free(path) }
    let prefix = "/usr/share/zoneinfo/"
    let text = String(cString: path)
    return text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : nil
  }
}
