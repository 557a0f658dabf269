import Foundation

/// Python's own reading of the system's zones, and the rules of schedules written down once more in Python: an
/// independent witness. One process answers all questions.
package enum PythonZoneinfo {
  /// One answer line per question line. Local times are `2026-11-24T05:30:00`, instants epoch seconds.
  /// - `instant ZONE INSTANT` → `OFFSET ABBREVIATION LOCAL`
  /// - `local ZONE LOCAL` → the first instant at which clocks show LOCAL, or the end of the gap it falls into
  /// - `grid ZONE FIRST-LOCAL HOURS LAST-DATE|- FROM TO` → the boundaries from instant FROM to instant TO
  package static func ask(_ questions: [String]) throws -> [String] {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "zoneinfo-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let script = folder.appendingPathComponent("answer.py")
    try Data(program.utf8).write(to: script)
    let (status, output) = try ChildProgram.run(
      ["python3", script.path], input: Array(questions.joined(separator: "\n").utf8))
    guard status == 0 else { throw Failure(status: status) }
    return String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  package struct Failure: Error, CustomStringConvertible {
    let status: Int32
    package var description: String {
      "python3 ended with \(status): this test needs Python 3.9 or later (apt-get install python3)"
    }
  }

  private static let program = """
    import sys, zoneinfo
    from datetime import datetime, timedelta, timezone, date

    zoneinfo.reset_tzpath(to=["/usr/share/zoneinfo"])
    EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

    def seconds(moment):
        return (moment - EPOCH) // timedelta(seconds=1)

    def utc(instant):
        return EPOCH + timedelta(seconds=instant)

    def first_instant(local, zone):
        late = local.replace(tzinfo=zone, fold=0).astimezone(timezone.utc)
        if late.astimezone(zone).replace(tzinfo=None) == local:
            return seconds(late)
        # In a gap fold 0 keeps the offset before it and so lands behind it, and fold 1 lands before it.
        low = seconds(local.replace(tzinfo=zone, fold=1).astimezone(timezone.utc))
        high = seconds(late)
        before = utc(low).astimezone(zone).utcoffset()
        while high - low > 1:
            middle = (low + high) // 2
            if utc(middle).astimezone(zone).utcoffset() == before:
                low = middle
            else:
                high = middle
        return high

    def grid(zone, first, hours, last, begin, finish):
        start = first_instant(first, zone)
        found = set()
        if 24 % hours == 0:
            near = max(0, (utc(begin).date() - first.date()).days - 3)
            far = (utc(finish).date() - first.date()).days + 3
            for day in range(near, far + 1):
                for hour in range(0, 24, hours):
                    found.add(first_instant(first + timedelta(days=day, hours=hour), zone))
        else:
            step = hours * 3600
            number = max(0, (begin - start) // step)
            while start + number * step <= finish:
                found.add(start + number * step)
                number += 1
        if last:
            midnight = datetime.combine(last, datetime.min.time()) + timedelta(days=1)
            end = first_instant(midnight, zone)
            found = {b for b in found if b < end} | {end}
        return sorted(b for b in found if begin <= b <= finish)

    answers = []
    for question in sys.stdin:
        kind, name, *rest = question.split()
        zone = zoneinfo.ZoneInfo(name)
        if kind == "instant":
            local = utc(int(rest[0])).astimezone(zone)
            offset = local.utcoffset() // timedelta(seconds=1)
            answers.append(f"{offset} {local.tzname()} {local.replace(tzinfo=None).isoformat()}")
        elif kind == "local":
            answers.append(str(first_instant(datetime.fromisoformat(rest[0]), zone)))
        else:
            first, hours, last, begin, finish = rest
            last = None if last == "-" else date.fromisoformat(last)
            found = grid(zone, datetime.fromisoformat(first), int(hours), last, int(begin), int(finish))
            answers.append(" ".join(map(str, found)) or "none")
    print("\\n".join(answers))
    """
}
