import ExportCore

extension Field {
  /// A secret in any of its forms. No message repeats what stands here.
  /// - Parameter folder: what a relative path is relative to.
  func secret(in folder: String) -> Secret? {
    if case .string = node.value { return hidden.text().map { .literal($0) } }
    return hidden.reference(in: folder, "a string, \(Self.forms)")
  }

  /// A secret that may not be written into the configuration itself.
  func secretReference(in folder: String) -> Secret? { hidden.reference(in: folder, Self.forms) }

  /// An http or https address, or where it is to be taken from.
  func secretWebAddress(in folder: String) -> Secret? {
    if case .object = node.value { return secretReference(in: folder) }
    return webAddress().map { .literal($0.text) }
  }

  private static let forms = #"{"file": PATH}, {"env": NAME} or {"credential": NAME}"#

  private var hidden: Field {
    var field = self
    field.isSecret = true
    return field
  }

  private func reference(in folder: String, _ forms: String) -> Secret? {
    object(forms) { fields in
      let found = [
        fields.optional("file") { $0.path(in: folder) }.map(Secret.file),
        fields.optional("env") { $0.text("the name of an environment variable", Self.variable) }
          .map(Secret.environment),
        fields.optional("credential") { $0.text("the name of a systemd credential", Self.credential) }
          .map(Secret.credential),
      ]
      let named = ["file", "env", "credential"].filter(fields.has)
      guard named.count == 1 else {
        if named.isEmpty {
          fields.miss(["file", "env", "credential"]) { fail("must be \(forms)") }
        } else {
          fields.refuse(
            named[1], "\(named[1].quoted) does not go with \(named[0].quoted): one form at a time")
        }
        return nil
      }
      return found.compactMap(\.self).first
    }
  }

  private static func variable(_ name: String) -> String? {
    name.utf8.contains(UInt8(ascii: "=")) ? nil : name
  }

  /// A credential is a file in a directory of systemd's.
  private static func credential(_ name: String) -> String? {
    name.utf8.contains(UInt8(ascii: "/")) || name == "." || name == ".." ? nil : name
  }
}
