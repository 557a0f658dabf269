/// A time zone: what clocks in it show at every instant, exactly as its TZif file says (RFC 9636).
///
/// A value over shared, immutable storage: cheap to copy. Two zones are equal when their names and all their
/// changes of local time are, so a zone that the system has updated differs from the one read before.
/// All look-ups are binary searches without allocation.
package struct Zone: Hashable, Sendable {
  /// IANA name, `Europe/Berlin`.
  package let name: String
  private let timeline: ZoneTimeline

  /// UTC, which needs no file.
  package static let utc = Zone(
    name: "UTC", timeline: ZoneTimeline(always: LocalTimeType(offset: 0, abbreviation: "UTC")))

  private init(name: String, timeline: ZoneTimeline) {
    self.name = name
    self.timeline = timeline
  }

  /// From the bytes of a TZif file, version 2 or later. Throws ``ZoneError`` `damaged` for bytes that are no
  /// whole TZif file, and `unsupported` for version 1 and for files that count leap seconds.
  package init(name: String, tzif bytes: [UInt8]) throws(ZoneError) {
    do throws(ZoneError.Problem) {
      self.init(name: name, timeline: ZoneTimeline(try TZifFile(bytes)))
    } catch {
      throw ZoneError(zone: name, problem: error)
    }
  }

  /// Seconds east of UTC.
  package func offset(at instant: Instant) -> Int { timeline.type(at: instant.seconds).offset }

  /// What the local time is called, `CEST` or `+0530`.
  package func abbreviation(at instant: Instant) -> String {
    timeline.type(at: instant.seconds).abbreviation
  }

  /// The stretch around `instant` in which the offset stays as it is, for loops that keep it.
  package func span(containing instant: Instant) -> OffsetSpan {
    let span = timeline.span(at: instant.seconds)
    return OffsetSpan(
      offset: span.offset, from: Instant(seconds: span.from), until: Instant(seconds: span.until))
  }

  /// What clocks show at `instant`.
  package func localDateTime(at instant: Instant) -> LocalDateTime {
    instant.localDateTime(utcOffset: offset(at: instant))
  }

  /// The first instant at which clocks show `local` or have just leapt over it: a time that happens twice
  /// means the first, one that does not exist the first instant after the gap. Never falls as `local` rises.
  package func firstInstant(of local: LocalDateTime) -> Instant {
    let wanted = min(
      max(Instant(local, utcOffset: 0).seconds, TZifFile.earliestTransition), TZifFile.latestTransition)
    // No clock shows `wanted` before this.
    var span = timeline.span(at: wanted - Int64(LocalTimeType.offsets.upperBound))
    while span.until <= wanted - Int64(span.offset) { span = timeline.span(at: span.until) }
    return Instant(seconds: max(span.from, wanted - Int64(span.offset)))
  }

  /// The first instant of a local day: 00:00, or the end of the gap that swallows it.
  package func startOfDay(_ date: LocalDate) -> Instant {
    firstInstant(of: LocalDateTime(date, .midnight))
  }

  /// Every change of the offset in `range`, in order.
  package func transitions(in range: Range<Instant>) -> [OffsetTransition] {
    var transitions: [OffsetTransition] = []
    let begin = range.lowerBound
    var span = span(containing: begin.seconds == .min ? begin : begin - 1)
    while span.until < range.upperBound {
      let next = self.span(containing: span.until)
      if next.offset != span.offset {
        transitions.append(OffsetTransition(at: span.until, before: span.offset, after: next.offset))
      }
      span = next
    }
    return transitions
  }
}

/// A half-open stretch of time [from, until) in which a zone's offset stays the same. The offset may be no
/// different beyond either end: the name of the local time can change by itself.
package struct OffsetSpan: Hashable, Sendable {
  /// Seconds east of UTC.
  package let offset: Int
  /// `Int64.min` seconds when it has no beginning.
  package let from: Instant
  /// `Int64.max` seconds when it has no end.
  package let until: Instant

  package func contains(_ instant: Instant) -> Bool { from <= instant && instant < until }
}

/// A change of a zone's offset.
package struct OffsetTransition: Hashable, Sendable {
  /// The first instant of the new offset.
  package let at: Instant
  /// Seconds east of UTC until then.
  package let before: Int
  /// Seconds east of UTC from then on. Larger than `before`: clocks leap over a gap.
  package let after: Int
}
