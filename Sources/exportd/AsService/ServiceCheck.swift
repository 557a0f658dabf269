import Engine
import ExportConfig
import ExportCore
import Foundation
import Glibc

/// Whether the service reaches every path of its configuration, and what it takes where it does not.
struct ServiceCheck {
  private let unit: ServiceUnit
  private let needs: [ServiceNeed]
  private(set) var dropIn = DropIn()
  /// What stands in the way now: `source main, database 0: the user exportd may not read /srv/app/app.db`.
  private(set) var findings: [String] = []
  /// What a person does besides the drop-in, each a command or a comment.
  private(set) var steps: [String] = []

  /// - Throws: ``Failure`` 77 when not typed by root, and where nothing can be run as the service.
  init(_ needs: [ServiceNeed]) throws {
    guard geteuid() == 0 else {
      throw Failure(
        .permission, "only root may run something as the service: `sudo exportd check --as-service`")
    }
    unit = try ServiceUnit()
    self.needs = needs
    var found = try Self.obstacles(to: needs, unit, dropIn)
    let obstacles = found
    // Behind one obstacle there may be another: a directory may not be entered, and then it is read-only. Each trial shows
    // the next, and the last one that the drop-in is enough.
    while true {
      var isNew = false
      for obstacle in found where dropIn.add(for: obstacle, of: unit) { isNew = true }
      guard isNew else { break }
      found = try Self.obstacles(to: needs, unit, dropIn)
    }
    // Put into words while this is still root, who sees every path.
    findings = Self.unique(obstacles.map(sentence))
    // How a directory is shared is more than that it may be entered.
    let shared = Set(found.filter(\.isShared).map(\.place))
    steps = Self.unique(found.filter { $0.isShared || !shared.contains($0.place) }.flatMap(steps))
  }

  private static func obstacles(
    to needs: [ServiceNeed], _ unit: ServiceUnit, _ dropIn: DropIn
  ) throws -> [ServiceNeed.Obstacle] {
    let answer = try unit.run(
      ["reach"], with: dropIn, input: try JSONEncoder().encode(needs))
    return try JSONDecoder().decode([ServiceNeed.Obstacle].self, from: answer)
  }

  /// What sources, and if wanted destinations, say to the service with the drop-in: a path may be reached and still not be a
  /// database that can be queried.
  func probe(_ configuration: String, withDestinations: Bool) throws -> Probe.Report {
    let answer = try unit.run(
      ["reach", "--probe", "--config", configuration] + (withDestinations ? ["--destinations"] : []),
      with: dropIn)
    return try JSONDecoder().decode(Probe.Report.self, from: answer)
  }

  // MARK: Words

  private func sentence(_ obstacle: ServiceNeed.Obstacle) -> String {
    let need = obstacle.need
    let place = obstacle.place
    let outside = ServiceNeed.inode(of: place)
    let problem =
      if outside == nil {
        "\(place) does not exist"
      } else if outside != obstacle.inode {
        "\(place) is hidden by the unit's sandbox"
      } else if obstacle.code == EROFS {
        "\(place) is read-only in the unit's sandbox"
      } else if place != need.path || need.use == .list {
        "the user \(unit.user) may not enter \(place)"
      } else {
        switch need.use {
        case .write, .share: "the user \(unit.user) may not write in \(place)"
        case .execute: "the user \(unit.user) may not execute \(place)"
        case .read, .list: "the user \(unit.user) may not read \(place)"
        }
      }
    return "\(need.subject): " + (place == need.path ? problem : "\(need.path): \(problem)")
  }

  private func steps(_ obstacle: ServiceNeed.Obstacle) -> [String] {
    let need = obstacle.need
    guard ServiceNeed.inode(of: obstacle.place) != nil else {
      return ["# \(need.subject): there is no \(obstacle.place); check the path"]
    }
    if let made = need.made { return ["install -d -o \(unit.user) -g \(unit.group) \(made)"] }
    guard obstacle.code == EACCES, ServiceNeed.inode(of: obstacle.place) == obstacle.inode else {
      return [
        "# \(need.subject): the unit itself keeps \(obstacle.place) away; look at `systemctl cat \(ServiceUnit.name)`"
      ]
    }
    if obstacle.isShared, let group = obstacle.group, let database = need.database {
      // What one of the two makes there, the other must be able to write.
      return ["chgrp \(group) \(need.path) && chmod g+rwxs \(need.path) && chmod g+rw \(database)"]
    }
    return [
      (obstacle.group == nil ? "chgrp \(unit.group) \(obstacle.place) && " : "")
        + "chmod g+\(obstacle.letters) \(obstacle.place)"
    ]
  }

  private static func unique(_ lines: [String]) -> [String] {
    lines.reduce(into: []) { kept, line in if !kept.contains(line) { kept.append(line) } }
  }

  /// For people, on standard output.
  var text: String {
    guard !findings.isEmpty else {
      return
        "As the service, the user \(unit.user) in its sandbox reaches all \(needs.count) paths of the configuration.\n"
    }
    var text = ""
    if !dropIn.isEmpty {
      text += "\nThe drop-in that is missing, \(DropIn.path):\n\n\(dropIn.text)"
    }
    if !steps.isEmpty {
      text +=
        "\n\(dropIn.isEmpty ? "What is missing" : "And besides"):\n\n" + steps.map { "\($0)\n" }.joined()
    } else {
      text += "\nTried out: with it the service reaches all \(needs.count) paths.\n"
    }
    return text
      + "\nThen: systemctl daemon-reload && systemctl restart exportd && exportd check --as-service\n"
  }
}
