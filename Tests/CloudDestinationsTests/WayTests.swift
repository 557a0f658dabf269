import ExportCore
import ExportTesting
import Foundation
import NIOHTTP1
import Testing

@testable import CloudDestinations

/// Which way requests take, and whom they trust.
@Suite struct WayTests {
  private func bucket(_ configuration: S3Configuration, _ connections: CloudConnections) throws
    -> CloudDestination
  {
    try CloudDestination.s3(
      configuration, region: "us-east-1", stagingDirectory: "/nowhere", connections: connections,
      layout: S3Layout(), retries: impatient
    ) { S3Credentials(accessKeyId: "AKID", secretAccessKey: "hidden-secret") }
  }

  private func withConnections(
    _ environment: [String: String] = [:], _ body: (CloudConnections) async throws -> Void
  ) async throws {
    let connections = CloudConnections(environment: environment)
    do {
      try await body(connections)
    } catch {
      await connections.shutDown()
      throw error
    }
    await connections.shutDown()
  }

  @Test func aProxyIsAskedForTheWayThere() async throws {
    try await ScriptedServer.answering({ _ in .hangUp }) { proxy in
      let environment = [
        "http_proxy": proxy.endpoint.replacing("://", with: "://me:w%6Frd@"), "no_proxy": "other.test",
      ]
      // RFC 6761: never resolved, so that only a proxy can lead there.
      var configuration = S3Configuration(bucket: "lake")
      configuration.endpoint = "http://s3.invalid:9000"
      configuration.cloud.allowHTTP = true
      let ready = configuration
      try await withConnections(environment) { connections in
        await #expect(throws: ExportError.self) { try await bucket(ready, connections).put([1], as: "a/b") }
      }
      let request = try #require(proxy.requests.first)
      #expect(request.method == "CONNECT")
      #expect(request.uri == "s3.invalid:9000")
      #expect(
        request.headers["proxy-authorization"] == ["Basic \(Data("me:word".utf8).base64EncodedString())"])
    }
  }

  /// A certificate for 127.0.0.1, signed by nobody but itself.
  private static let certificate = """
    import datetime, ipaddress, sys
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "exportd test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(True, None), True).sign(key, hashes.SHA256()))
    open(sys.argv[1] + "/cert.pem", "wb").write(certificate.public_bytes(serialization.Encoding.PEM))
    open(sys.argv[1] + "/key.pem", "wb").write(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    """

  @Test func whoIsNotTrustedGetsNothing() async throws {
    try await withTemporaryDirectory { directory in
      _ = try Python.run(Self.certificate, arguments: [directory], needsReaders: true)
      try FileManager.default.createDirectory(
        atPath: "\(directory)/buckets/lake", withIntermediateDirectories: true)
      let server = try await PythonServer([
        "rclone", "serve", "s3", "\(directory)/buckets", "--addr", "127.0.0.1:PORT", "--auth-key",
        "AKID,hidden-secret", "--cert", "\(directory)/cert.pem", "--key", "\(directory)/key.pem",
        "--config", "/dev/null",
      ])
      try await withConnections { try await distrust("https://127.0.0.1:\(server.port)", directory, $0) }
    }
  }

  private func distrust(
    _ endpoint: String, _ directory: String, _ connections: CloudConnections
  ) async throws {
    var configuration = S3Configuration(bucket: "lake")
    configuration.endpoint = endpoint
    let distrustful = try bucket(configuration, connections)
    let error = await #expect(throws: ExportError.self) { try await distrustful.put([1], as: "a/b") }
    #expect(error?.kind == .lasting)
    #expect(error?.problem.contains("no TLS connection can be made") == true)
    #expect(error?.hint?.contains("caFile") == true)

    configuration.cloud.caFile = "\(directory)/cert.pem"
    try await bucket(configuration, connections).probe()

    configuration.cloud.caFile = "\(directory)/key.pem"
    let mistaken = await #expect(throws: ExportError.self) {
      try await bucket(configuration, connections).put([1], as: "a/b")
    }
    #expect(mistaken?.object == "caFile \(directory)/key.pem")
  }
}
