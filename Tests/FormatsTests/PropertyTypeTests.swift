import ExportCore
import Testing

@testable import Formats

@Suite struct PropertyTypeTests {
  private func type(_ number: String) -> PropertyType {
    var number = number
    return number.withUTF8 { PropertyType(number: UnsafeRawBufferPointer($0)) }
  }

  @Test(arguments: [
    ("0", PropertyType.int53), ("-0", .int53), ("12", .int53), ("9007199254740992", .int53),
    ("-9007199254740992", .int53), ("9007199254740993", .int64), ("9223372036854775807", .int64),
    ("-9223372036854775808", .int64), ("9223372036854775808", .string), ("-9223372036854775809", .string),
    ("9999999999999999999", .string), ("12345678901234567890", .string),
    ("123456789012345678901234567890", .string),
  ])
  func integersAreWhatHoldsThem(number: String, type: PropertyType) {
    #expect(self.type(number) == type)
  }

  @Test(arguments: [
    ("0.1", PropertyType.double), ("-0.0", .double), ("1.0", .double), ("1e2", .double), ("1E+2", .double),
    ("1e308", .double), ("1.8e308", .string), ("1e400", .string), ("-1E400", .string), ("1e-300", .double),
    ("1e-400", .string), ("0e-400", .double), ("0.0e999", .double), ("0.1000000000000000000001", .double),
    ("12345678901234567890.5", .double), ("12345678901234567890e0", .double),
  ])
  func decimalsAreDoublesThatHoldThem(number: String, type: PropertyType) {
    #expect(self.type(number) == type)
  }

  @Test func longNumbers() {
    let digits = String(repeating: "7", count: 400)
    #expect(type(digits) == .string)
    #expect(type(digits + ".5") == .string)
    #expect(type("0." + digits) == .double)
    #expect(type("0." + String(repeating: "0", count: 400) + "1") == .string)
    #expect(type("0." + String(repeating: "0", count: 400)) == .double)
  }

  /// What a type holds, as sets of kinds of values: widening is their union, closed under what types there are.
  @Test func wideningIsTheNarrowestTypeThatHoldsBoth() {
    let holds: [PropertyType: Set<String>] = [
      .unknown: [], .boolean: ["b"], .int53: ["i"], .int64: ["i", "l"], .double: ["i", "d"],
      .string: ["b", "i", "l", "d", "s"],
    ]
    for a in PropertyType.allCases {
      for b in PropertyType.allCases {
        let both = holds[a]!.union(holds[b]!)
        let wide = a.widened(by: b)
        #expect(both.isSubset(of: holds[wide]!))
        #expect(!holds.contains { both.isSubset(of: $1) && $1.count < holds[wide]!.count }, "\(a) and \(b)")
        #expect(wide == b.widened(by: a))
        #expect(wide.widened(by: a) == wide)
      }
    }
  }
}
