import ExportCore

extension DefinitionDecoder {
  func format(_ field: Field) -> Format? {
    let available = Format.allCases.filter(capabilities.formats.contains)
    return field.oneOf("format", available, of: Format.allCases) { _ in "is not available in this version" }
  }

  /// - Parameters:
  ///   - format: nil when it is not known; then the codec is not held against it.
  func compression(_ field: Field, _ format: Format?, _ dataType: DataType?) -> Compression? {
    if case .object = field.node.value {
      return field.object { compression($0, format, dataType) }
    }
    let codec = self.codec(field, format, dataType, further: [#"{"codec": NAME, "level": NUMBER}"#])
    return codec.map { Compression(codec: $0) }
  }

  private func compression(_ fields: Fields, _ format: Format?, _ dataType: DataType?) -> Compression? {
    guard let codec = fields.required("codec", { self.codec($0, format, dataType) }) else {
      _ = fields.optional("level") { $0.whole(1 ... .max) }
      return nil
    }
    guard let levels = Compression.levels(of: codec) else {
      fields.refuse("level", "\"level\" does not go with the codec \(codec.rawValue.quoted)")
      return Compression(codec: codec)
    }
    return Compression(codec: codec, level: fields.optional("level") { $0.whole(levels) })
  }

  private func codec(
    _ field: Field, _ format: Format?, _ dataType: DataType?, further: [String] = []
  ) -> Compression.Codec? {
    guard let format, let dataType else {
      return field.oneOf("compression", Compression.Codec.allCases)
    }
    let carried =
      dataType == .profiles && format != .parquet
      ? "\(format.rawValue.quoted) profiles" : format.rawValue.quoted
    let suitable = CompressionRule(format, dataType).allowed
    return field.oneOf(
      "compression", suitable.filter(capabilities.codecs.contains), of: Compression.Codec.allCases,
      further: further
    ) { codec in
      suitable.contains(codec)
        ? "is not part of this exportd, which was built without --traits Fast"
        : "does not go with \(carried)"
    }
  }
}

extension Compression {
  /// The levels that a codec has in every build; nil when it has none.
  static func levels(of codec: Codec) -> ClosedRange<Int>? {
    switch codec {
    case .none: nil
    case .gzip: 1...9
    case .zstd: 1...22
    }
  }
}

/// Which codecs go with what an export carries.
struct CompressionRule {
  /// The first is the one that a definition without `compression` gets. Never empty.
  let allowed: [Compression.Codec]

  var standard: Compression { Compression(codec: allowed[0]) }

  init(_ format: Format, _ dataType: DataType) {
    allowed =
      switch (format, dataType) {
      case (.parquet, _): [.gzip, .none, .zstd]
      case (_, .events): [.none, .gzip]
      case (_, .profiles): [.gzip]
      }
  }
}
