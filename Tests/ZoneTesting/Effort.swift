import Foundation

/// How much the long property tests do: `EFFORT=long` in the environment asks for every case there is, anything
/// else for a fixed selection that touches every zone and every transition.
package enum Effort {
  package static let isLong = ProcessInfo.processInfo.environment["EFFORT"] == "long"
}
