/// How a ``Destination`` tells whoever waits for a delivery that it is getting on, so that a slow one is not taken for one that
/// hangs.
package enum DeliveryProgress {
  /// Called whenever something has gone out; set by who delivers, for the tasks below it.
  @TaskLocal package static var moved: @Sendable () -> Void = {}
}
