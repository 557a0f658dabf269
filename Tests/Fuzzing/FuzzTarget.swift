/// What libFuzzer calls with every input that it makes up.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  if let complaint = FuzzedRow(UnsafeBufferPointer(start: bytes, count: count)).complaint() {
    fatalError(complaint)
  }
  return 0
}
