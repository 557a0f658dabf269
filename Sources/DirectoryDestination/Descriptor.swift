import Glibc

/// An open file or directory, closed when it goes out of use.
struct Descriptor: ~Copyable {
  let number: Int32

  /// Takes over an open descriptor; nil for the -1 of a failed call, with `errno` as that call left it.
  init?(_ number: Int32) {
    guard number >= 0 else { return nil }
    self.number = number
  }

  deinit { close(number) }

  /// Waits until content and attributes are on the disk. False on a failure, with `errno`.
  func synchronise() -> Bool {
    while fsync(number) != 0 { if errno != EINTR { return false } }
    return true
  }

  /// Writes all bytes. False on a failure, with `errno`.
  func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
      let written = Glibc.write(number, rest.baseAddress, rest.count)
      if written < 0 {
        if errno == EINTR { continue }
        return false
      }
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
    }
    return true
  }

  /// Fills the buffer as far as the file goes; nil on a failure, with `errno`.
  func read(_ buffer: UnsafeMutableRawBufferPointer) -> Int? {
    var filled = 0
    while filled < buffer.count {
      let count = Glibc.read(number, buffer.baseAddress! + filled, buffer.count - filled)
      if count == 0 { break }
      if count < 0 {
        if errno == EINTR { continue }
        return nil
      }
      filled += count
    }
    return filled
  }

  /// Nil on a failure, with `errno`.
  var status: stat? {
    var status = stat()
    return fstat(number, &status) == 0 ? status : nil
  }
}
