import ExportCore
import Glibc

/// Some changes that become durable together.
struct ChangeGroup: ~Copyable {
  private let tree: DirectoryTree
  private let changes: [Change]
  private var outcomes: [Result<Void, ExportError>]
  /// For each directory that must be made durable, the changes that hang on it.
  private var dependants: [[String]: [Int]] = [:]

  init(_ tree: DirectoryTree, _ changes: [Change]) {
    self.tree = tree
    self.changes = changes
    outcomes = Array(repeating: .success(()), count: changes.count)
  }

  /// Makes them, and gives the outcome of each in their order.
  mutating func make() -> [Result<Void, ExportError>] {
    // Deletions last: they remove directories that become empty, into which others may be about to deliver.
    for i in changes.indices where !changes[i].isDeletion { attempt(i) }
    for i in changes.indices where changes[i].isDeletion { attempt(i) }
    for (levels, affected) in dependants { synchronise(levels, affected) }
    return outcomes
  }

  private mutating func attempt(_ i: Int) {
    do throws(ExportError) {
      let changed: [String]?
      switch changes[i] {
      case .deliver(let file, let name):
        try tree.deliver(file, as: name)
        changed = name.levels
      case .put(let bytes, let name):
        try tree.put(bytes, as: name)
        changed = name.levels
      case .delete(let name): changed = try tree.delete(name)
      }
      if let changed { dependants[changed, default: []].append(i) }
    } catch {
      outcomes[i] = .failure(error)
    }
  }

  /// What cannot be made durable is undone and has failed.
  private mutating func synchronise(_ levels: [String], _ affected: [Int]) {
    do throws(ExportError) {
      guard let directory = try tree.directory(levels), directory.synchronise() else {
        throw tree.failure("make the directory durable", levels.joined(separator: "/"))
      }
    } catch {
      for i in affected {
        tree.undo(changes[i])
        outcomes[i] = .failure(error)
      }
    }
  }
}

extension Change {
  fileprivate var isDeletion: Bool {
    if case .delete = self { true } else { false }
  }
}
