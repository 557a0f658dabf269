/// Why a time zone cannot be had, in words for the person who must act.
package struct ZoneError: Error, Hashable {
  package enum Problem: Error, Hashable {
    /// Not of the form of an IANA name.
    case malformedName
    /// The database in `directory` has no zone of that name.
    case unknown(directory: String)
    /// There is no database in `directory`.
    case databaseMissing(directory: String)
    /// The file at `path` is there, but the system does not let us read it.
    case unreadable(path: String, reason: String)
    /// The file is no whole TZif file (RFC 9636).
    case damaged(reason: String)
    /// The file is whole, but of a kind that cannot give POSIX time.
    case unsupported(reason: String)
  }

  /// The name that was asked for.
  package let zone: String
  package let problem: Problem

  package init(zone: String, problem: Problem) {
    self.zone = zone
    self.problem = problem
  }
}

extension ZoneError: CustomStringConvertible {
  package var description: String {
    let zone = String(reflecting: zone)
    return switch problem {
    case .malformedName:
      "\(zone) is not a time zone name: use an IANA name like Europe/Berlin"
    case .unknown(let directory):
      "time zone \(zone) is not known in \(directory): use an IANA name like Europe/Berlin"
    case .databaseMissing(let directory):
      "time zone \(zone) cannot be read, \(directory) does not exist: apt-get install tzdata"
    case .unreadable(let path, let reason):
      "time zone \(zone) cannot be read, \(path): \(reason)"
    case .damaged(let reason):
      "the file of time zone \(zone) is damaged (\(reason)): apt-get install --reinstall tzdata"
    case .unsupported(let reason):
      "the file of time zone \(zone) cannot be used: \(reason)"
    }
  }
}
