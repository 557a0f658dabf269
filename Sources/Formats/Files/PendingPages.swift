import Glibc

/// Bytes that wait to become a chunk, those of one series behind one another in small pages: however many
/// series there are, together they take a fixed amount of memory.
struct PendingPages: ~Copyable {
  /// The pages of one series.
  struct Chain {
    fileprivate var first: UInt32 = 0
    fileprivate var last: UInt32 = 0
    fileprivate(set) var bytes = 0

    /// Every page but the last is full.
    var pages: Int { (bytes + pageBytes - 1) / pageBytes }
  }

  /// About a record: what is lost in a half-full last page is lost once for every series.
  static let pageBytes = 512

  let pageCount: Int
  private(set) var freePages: Int
  private let storage: UnsafeMutableRawPointer
  /// The page behind a page, in its chain or in the list of free ones.
  private let next: UnsafeMutablePointer<UInt32>
  private var free: UInt32 = 0
  /// Pages from here on have never been used, so the system has not yet given memory for them.
  private var untouched = 0

  init(bytes: Int) {
    pageCount = bytes / PendingPages.pageBytes
    freePages = pageCount
    storage = .allocate(byteCount: pageCount * PendingPages.pageBytes, alignment: 64)
    next = .allocate(capacity: pageCount)
  }

  deinit {
    storage.deallocate()
    next.deallocate()
  }

  /// How many more pages a chain takes for so many more bytes.
  func pagesNeeded(_ count: Int, by chain: Chain) -> Int {
    (chain.bytes + count + PendingPages.pageBytes - 1) / PendingPages.pageBytes - chain.pages
  }

  /// There must be enough free pages.
  mutating func append(_ bytes: UnsafeRawBufferPointer, to chain: inout Chain) {
    guard var source = bytes.baseAddress else { return }
    var left = bytes.count
    var offset = chain.bytes % PendingPages.pageBytes
    while left > 0 {
      if offset == 0 { addPage(to: &chain) }
      let count = min(left, PendingPages.pageBytes - offset)
      memcpy(storage + Int(chain.last) * PendingPages.pageBytes + offset, source, count)
      source += count
      left -= count
      chain.bytes += count
      offset = 0
    }
  }

  @inline(__always)
  private mutating func addPage(to chain: inout Chain) {
    precondition(freePages > 0)
    freePages -= 1
    let page: UInt32
    if freePages >= pageCount - untouched {
      page = free
      free = next[Int(page)]
    } else {
      page = UInt32(untouched)
      untouched += 1
    }
    if chain.bytes == 0 { chain.first = page } else { next[Int(chain.last)] = page }
    chain.last = page
  }

  /// Moves all bytes of a chain to the end of `out`, and frees its pages.
  mutating func drain(_ chain: inout Chain, into out: inout OutputBytes) {
    guard chain.bytes > 0 else { return }
    out.reserve(chain.bytes)
    var page = chain.first
    var left = chain.bytes
    while left > 0 {
      let count = min(left, PendingPages.pageBytes)
      out.append(
        UnsafeRawBufferPointer(start: storage + Int(page) * PendingPages.pageBytes, count: count))
      page = next[Int(page)]
      left -= count
    }
    self.free(&chain)
  }

  /// Forgets all bytes of a chain.
  mutating func free(_ chain: inout Chain) {
    guard chain.bytes > 0 else { return }
    freePages += chain.pages
    next[Int(chain.last)] = free
    free = chain.first
    chain = Chain()
  }
}
