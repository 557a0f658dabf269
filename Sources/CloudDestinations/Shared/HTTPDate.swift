import Foundation
import NIOHTTP1

extension Date {
  /// As headers have it (RFC 9110 section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
  var httpDate: String { Self.httpFormat.string(from: self) }

  init?(httpDate text: String) {
    guard let date = Self.httpFormat.date(from: text) else { return nil }
    self = date
  }

  /// Seconds by which this machine's clock is ahead of the one that made the header `Date` of an answer.
  static func skew(_ answer: CloudAnswer) -> Int? {
    answer.headers.first(name: "Date").flatMap(Date.init(httpDate:)).map {
      Int(Date.now.timeIntervalSince($0).rounded())
    }
  }

  /// Made anew each time: formatters are not for several threads.
  private static var httpFormat: DateFormatter {
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.timeZone = TimeZone(secondsFromGMT: 0)
    format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
    return format
  }
}
