import ExportCore
import Glibc

/// The fields of an event's device that have columns of their own in formats with columns.
enum DeviceField: Int, CaseIterable {
  case make, model, appVersion, sdkVersion, osVersion, browser, dpi
  /// Members of `dimensions`.
  case width, height, unit

  /// In a header, behind the name of the device.
  var column: StaticString {
    switch self {
    case .make: "make"
    case .model: "model"
    case .appVersion: "appVersion"
    case .sdkVersion: "sdkVersion"
    case .osVersion: "osVersion"
    case .browser: "browser"
    case .dpi: "dpi"
    case .width: "dimensions.width"
    case .height: "dimensions.height"
    case .unit: "dimensions.unit"
    }
  }

  @inline(__always)
  fileprivate init?(_ name: UnsafeRawBufferPointer) {
    switch name.count {
    case 3 where name.elementsEqual("dpi".utf8): self = .dpi
    case 4 where name.elementsEqual("make".utf8): self = .make
    case 5 where name.elementsEqual("model".utf8): self = .model
    case 7 where name.elementsEqual("browser".utf8): self = .browser
    case 9 where name.elementsEqual("osVersion".utf8): self = .osVersion
    case 10 where name.elementsEqual("appVersion".utf8): self = .appVersion
    case 10 where name.elementsEqual("sdkVersion".utf8): self = .sdkVersion
    default: return nil
    }
  }

  @inline(__always)
  fileprivate init?(ofDimensions name: UnsafeRawBufferPointer) {
    switch name.count {
    case 4 where name.elementsEqual("unit".utf8): self = .unit
    case 5 where name.elementsEqual("width".utf8): self = .width
    case 6 where name.elementsEqual("height".utf8): self = .height
    default: return nil
    }
  }
}

/// Which members of the device at hand are such fields.
struct DeviceInfo: ~Copyable {
  /// Indices of the values' tokens; 0 where there is none.
  private var cells = [UInt32](repeating: 0, count: DeviceInfo.fieldCount)
  private var isEmpty = true

  static let fieldCount = DeviceField.unit.rawValue + 1

  /// Index of the token of a field's value, by the raw value of the field; 0 where the device has none.
  @inline(__always)
  func cell(_ field: Int) -> Int { Int(cells[field]) }

  /// Takes up the device of a row.
  mutating func place(_ device: borrowing JSONField, _ names: inout MemberNames) {
    if !isEmpty { for i in cells.indices { cells[i] = 0 } }
    isEmpty = device.isAbsent
    guard !isEmpty else { return }
    device.withValue { object in
      object.forEachName { name in
        if let field = names.withText(of: name, in: object, DeviceField.init(_:)) {
          cells[field.rawValue] = UInt32(name + 1)
        } else if names.withText(of: name, in: object, { $0.elementsEqual("dimensions".utf8) }) {
          placeDimensions(object, at: name + 1, &names)
        }
      }
    }
  }

  private mutating func placeDimensions(_ device: JSONValue, at index: Int, _ names: inout MemberNames) {
    guard device.tokens[index].kind == .object else { return }
    let end = Int(device.tokens[index].next)
    var name = index + 1
    while name < end {
      if let field = names.withText(of: name, in: device, DeviceField.init(ofDimensions:)) {
        cells[field.rawValue] = UInt32(name + 1)
      }
      name = Int(device.tokens[name + 1].next)
    }
  }
}
