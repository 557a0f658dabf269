import ExportCore

/// Profiles as XML: a root element with a `Profile` for each, a line each. Everything but the identity column stands in
/// entries of its group, so that no two names meet. What is absent is left out.
struct XMLProfileEncoder: ProfileRecordEncoder {
  let end = OutputBytes.xmlEnd

  func begin(_ columns: borrowing ProfileColumns, into out: inout OutputBytes) {
    out.append(literal: OutputBytes.xmlBeginning)
  }

  func encode(
    _ profile: borrowing ProfileRecord, _ columns: borrowing ProfileColumns, into out: inout OutputBytes
  ) {
    out.open("Profile")
    out.append(element: "identity", profile.identity)
    appendIdentities(profile, to: &out)
    out.append(element: "device", entriesOf: profile.device)
    out.append(element: "commPrefs", entriesOf: profile.communication)
    out.append(element: "profileProps", entriesOf: profile.properties)
    if profile.isDeleted { out.append(literal: "<deleted>true</deleted>") }
    out.append(literal: "</Profile>\n")
  }

  /// An entry for each of all identities, and one for the objectId.
  private func appendIdentities(_ profile: borrowing ProfileRecord, to out: inout OutputBytes) {
    guard !profile.allIdentities.isAbsent || profile.objectId != nil else { return }
    out.open("profileIdentities")
    if !profile.allIdentities.isAbsent {
      profile.allIdentities.withValue { identities in
        identities.forEachElement { index in
          out.append(literal: "<entry><key>all_identities</key>")
          out.append(element: "value", identities, at: index)
          out.append(literal: "</entry>")
        }
      }
    }
    if let objectId = profile.objectId {
      out.append(literal: "<entry><key>objectId</key>")
      out.append(element: "value", objectId)
      out.append(literal: "</entry>")
    }
    out.close("profileIdentities")
  }
}
