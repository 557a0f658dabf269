/// Placeholder until the reader of TZif files lands.
package struct Zone: Hashable, Sendable {
  package let name: String
}
