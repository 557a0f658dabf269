import ExportCore
import ExportTesting
import Foundation
import Testing

@testable import CloudDestinations

/// One after the other: the servers are slow, and some requirements look at the clock.
@Suite(.serialized) struct S3BucketTests {
  @Test(arguments: S3Peer.allCases, DestinationConformance.Requirement.allCases)
  func conforms(peer: S3Peer, requirement: DestinationConformance.Requirement) async throws {
    try await withTemporaryDirectory { staging in
      try await TestBucket.at(peer, staging: staging) { test in
        try await DestinationConformance(
          test.bucket, staging: staging, part: S3Layout().part, unfinished: { try await test.unfinished() }
        ).check(requirement)
      }
    }
  }
}
