/// How a ``Destination`` tells whoever waits for a delivery that it is getting on, so that a slow one is not taken for one that
/// hangs.
package struct DeliveryProgress: Sendable {
  /// Called whenever something has gone out.
  package var moved: @Sendable () -> Void

  package init(moved: @escaping @Sendable () -> Void) { self.moved = moved }

  /// Of the delivery that the task belongs to; set by who delivers.
  @TaskLocal package static var current = DeliveryProgress {}
}
