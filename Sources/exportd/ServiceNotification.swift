import Glibc

/// Tells the service manager how the daemon is: one datagram to the socket named by NOTIFY_SOCKET
/// (sd_notify(3)); nothing happens when there is none. A datagram is all it takes, so there is no library for it.
struct ServiceNotification: Sendable {
  private let path: String?

  init() { path = getenv("NOTIFY_SOCKET").map { String(cString: $0) } }

  var isSupervised: Bool { path != nil }

  /// Half the time after which the service manager would restart a daemon that does not answer, in milliseconds;
  /// nil when it does not watch.
  static var watchdogInterval: Int64? {
    guard let text = getenv("WATCHDOG_USEC"), let microseconds = Int64(String(cString: text)),
      microseconds > 0
    else { return nil }
    if let pid = getenv("WATCHDOG_PID"), String(cString: pid) != String(getpid()) { return nil }
    return microseconds / 2000
  }

  func ready(status: String) { send("READY=1\nSTATUS=\(status)") }

  /// What follows never waits for a service manager that is too busy to read: the work must not.
  /// - Returns: whether it was taken.
  func status(_ status: String) -> Bool { send("STATUS=\(status)", MSG_DONTWAIT) }
  func alive() -> Bool { send("WATCHDOG=1", MSG_DONTWAIT) }
  func stopping() { send("STOPPING=1\nSTATUS=ending runs at a resumable point", MSG_DONTWAIT) }

  /// READY=1 must follow, whatever becomes of the reload.
  func reloading() {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    send("RELOADING=1\nMONOTONIC_USEC=\(Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)")
  }

  @discardableResult
  private func send(_ message: String, _ flags: Int = 0) -> Bool {
    guard let path else { return true }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var name = Array(path.utf8)
    guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return true }
    // A leading @ stands for the NUL of an abstract socket.
    if name.first == UInt8(ascii: "@") { name[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
    let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { return false }
    defer { close(socket) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
    let bytes = Array(message.utf8)
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL | flags), $0, length) >= 0
      }
    }
  }
}
