import CloudDestinations
import Testing

@Suite struct S3CredentialsTests {
  @Test func nothingSecretIsPrinted() {
    let credentials = S3Credentials(
      accessKeyId: "AKIDEXAMPLE", secretAccessKey: "hidden-key", sessionToken: "hidden-token")
    for text in ["\(credentials)", String(reflecting: credentials)] {
      #expect(text.contains("AKIDEXAMPLE"))
      #expect(!text.contains("hidden"))
    }
  }
}
