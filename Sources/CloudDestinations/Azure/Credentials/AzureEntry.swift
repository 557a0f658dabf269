/// What opens a storage account, its secrets read.
package enum AzureEntry: Sendable {
  /// Base64.
  case accountKey(String)
  /// The query of a shared access signature.
  case sasToken(String)
  /// Of an application in Microsoft Entra ID.
  case client(id: String, tenant: String, secret: String)
  /// Of the machine, container or pod that this runs on.
  case managedIdentity
}
