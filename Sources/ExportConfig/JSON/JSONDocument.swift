import ExportCore

/// One JSON file that was read whole.
package struct JSONDocument: Sendable {
  /// As diagnostics name it.
  package let file: String
  package let root: JSONNode
  private let lines: TextLines

  /// Reads UTF-8 without a byte order mark; at most one error, since what follows a broken place cannot be told.
  /// A name that an object repeats is not an error yet: see ``repeatedNames``.
  /// - Throws: the ``Diagnostic`` that says how to mend it.
  package init(file: String, bytes: [UInt8]) throws(Diagnostic) {
    let lines = TextLines(bytes)
    if let mistake = JSONMistake(encodingOf: bytes) {
      throw Diagnostic(file: file, position: lines.position(of: mistake.offset), message: mistake.message)
    }
    let root: Result<JSONNode, JSONSyntaxError> = bytes.withUnsafeBytes { text in
      var tokens = JSONTokens()
      do throws(JSONSyntaxError) {
        try tokens.read(text)
        return .success(JSONNode(Array(tokens.tokens), 0, text))
      } catch {
        return .failure(error)
      }
    }
    switch root {
    case .success(let root):
      self.file = file
      self.root = root
      self.lines = lines
    case .failure(let error):
      let mistake = JSONMistake(error, in: lines)
      throw Diagnostic(file: file, position: lines.position(of: mistake.offset), message: mistake.message)
    }
  }

  package func position(of offset: Int) -> TextPosition { lines.position(of: offset) }

  /// A diagnostic at the value that `path` leads to, or at the last one on the way that is there.
  package func diagnostic(
    _ severity: Diagnostic.Severity = .error, at path: JSONPath, _ message: String
  ) -> Diagnostic {
    var node = root
    for step in path.steps {
      let inner: JSONNode? =
        switch (step, node.value) {
        case (.name(let name), _): node[name]
        case (.index(let index), .array(let elements)):
          elements.indices.contains(index) ? elements[index] : nil
        case (.index, _): nil
        }
      guard let inner else { break }
      node = inner
    }
    return Diagnostic(
      severity, file: file, position: position(of: node.offset), path: path, message: message)
  }

  /// An error for every name that its object has had before, in the order of the text.
  package var repeatedNames: [Diagnostic] {
    var found: [Diagnostic] = []
    collectRepeatedNames(in: root, .root, into: &found)
    return found
  }

  private func collectRepeatedNames(in node: JSONNode, _ path: JSONPath, into found: inout [Diagnostic]) {
    switch node.value {
    case .array(let elements):
      for (index, element) in elements.enumerated() {
        collectRepeatedNames(in: element, path.appending(index), into: &found)
      }
    case .object(let members):
      var seen: [String: Int] = [:]
      for member in members {
        let path = path.appending(member.name)
        if let first = seen[member.name] {
          found.append(
            Diagnostic(
              file: file, position: position(of: member.nameOffset), path: path,
              message:
                "key \(member.name.quoted) is written a second time; the first is in line \(position(of: first).line)"
            ))
        } else {
          seen[member.name] = member.nameOffset
        }
        collectRepeatedNames(in: member.node, path, into: &found)
      }
    default: break
    }
  }
}
