import ExportCore
import ExportTesting
import Foundation
import Testing

@testable import CloudDestinations

/// One after the other: the servers are slow, and some requirements look at the clock.
@Suite(.serialized) struct GCSBucketTests {
  @Test(arguments: GCSPeer.allCases, DestinationConformance.Requirement.allCases)
  func conforms(peer: GCSPeer, requirement: DestinationConformance.Requirement) async throws {
    var layout = GCSLayout()
    layout.chunk = layout.largestSingle
    try await withTemporaryDirectory { staging in
      try await TestGCSBucket.at(peer, staging: staging, layout: layout) { test in
        try await DestinationConformance(
          test.bucket, staging: staging, part: layout.chunk,
          unfinished: { try await test.unfinished() }
        ).check(requirement)
      }
    }
  }
}
