extension Schema {
  /// Migration 2: profiles, and the rule that a one-time profile export never runs beside a recurring one of its
  /// source (SPEC section 4).
  static let profiles = """
    -- What the rule is about: the source of the newest revision, whether the export recurs, and whether nothing of it
    -- is ahead any more. `resumes_after`: the one-time export at whose end this one starts again.
    ALTER TABLE export ADD COLUMN source TEXT NOT NULL DEFAULT '';
    ALTER TABLE export ADD COLUMN is_recurring INTEGER NOT NULL DEFAULT 1 CHECK (is_recurring IN (0, 1));
    ALTER TABLE export ADD COLUMN done_at INTEGER;
    ALTER TABLE export ADD COLUMN resumes_after INTEGER REFERENCES export (id);
    UPDATE export SET
      source = (SELECT json_extract(resolved, '$.definition.source') FROM revision
        WHERE export_id = export.id AND number = export.revision),
      is_recurring = (SELECT json_extract(resolved, '$.definition.frequency.once') IS NULL FROM revision
        WHERE export_id = export.id AND number = export.revision);
    CREATE INDEX export_resumes ON export (resumes_after) WHERE resumes_after IS NOT NULL;

    -- The cut of a profile run, pinned at its first attempt, and the cut that its delta begins from. `admitted_at`:
    -- since when a one-time profile run may run; it stays admitted until it has ended.
    ALTER TABLE run ADD COLUMN cut_at INTEGER;
    ALTER TABLE run ADD COLUMN previous_cut_at INTEGER;
    ALTER TABLE run ADD COLUMN admitted_at INTEGER;
    CREATE UNIQUE INDEX run_profiles_merge ON run (export_id)
      WHERE window_from IS NULL AND state IN ('PENDING', 'RUNNING');

    -- What the next delta of a profile export begins from; moves in the transaction of a commit. `memory` names the file
    -- in the state directory that remembers what was sent.
    CREATE TABLE profile_mark (
      export_id INTEGER NOT NULL REFERENCES export (id),
      database_id TEXT NOT NULL,
      mode TEXT NOT NULL CHECK (mode IN ('changed', 'compared', 'full')),
      cut_at INTEGER NOT NULL,
      since INTEGER NOT NULL,
      memory TEXT,
      memory_sha256 TEXT,
      run_id INTEGER NOT NULL,
      PRIMARY KEY (export_id, database_id),
      CHECK ((memory IS NULL) = (memory_sha256 IS NULL))
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER profile_mark_moves_forward BEFORE UPDATE OF since ON profile_mark
    WHEN NEW.mode = OLD.mode AND NEW.since < OLD.since
    BEGIN SELECT RAISE(ABORT, 'what a delta begins from never moves back'); END;

    CREATE VIEW active_recurring_profiles AS
      SELECT id, name, source FROM export WHERE data_type = 'profiles' AND is_recurring = 1
        AND stopped_by IS NULL AND deleted_at IS NULL AND done_at IS NULL;
    -- Runs of recurring profile exports that still read, send, or have their manifest to deliver.
    CREATE VIEW recurring_profiles_in_flight AS
      SELECT run.id AS run_id, export.id, export.name, export.source
      FROM run JOIN export ON export.id = run.export_id
      WHERE data_type = 'profiles' AND is_recurring = 1
        AND (run.state = 'RUNNING' OR (run.state = 'PENDING' AND run.manifest IS NOT NULL));
    CREATE VIEW admitted_one_time_profiles AS
      SELECT run.id AS run_id, export.id, export.name, export.source
      FROM run JOIN export ON export.id = run.export_id
      WHERE data_type = 'profiles' AND is_recurring = 0
        AND run.admitted_at IS NOT NULL AND run.state IN ('PENDING', 'RUNNING');

    CREATE TRIGGER run_is_not_inserted_admitted BEFORE INSERT ON run
    WHEN NEW.admitted_at IS NOT NULL OR NEW.state = 'RUNNING'
    BEGIN SELECT RAISE(ABORT, 'a run begins PENDING and is admitted later'); END;
    CREATE TRIGGER run_admission_waits_for_recurring BEFORE UPDATE OF admitted_at, state ON run
    WHEN NEW.admitted_at IS NOT NULL AND NEW.state IN ('PENDING', 'RUNNING')
      AND (OLD.admitted_at IS NULL OR OLD.state NOT IN ('PENDING', 'RUNNING'))
      AND EXISTS (SELECT 1 FROM export WHERE id = NEW.export_id AND data_type = 'profiles' AND is_recurring = 0)
      AND (EXISTS (SELECT 1 FROM active_recurring_profiles AS active JOIN export ON export.id = NEW.export_id
          WHERE active.source = export.source)
        OR EXISTS (SELECT 1 FROM recurring_profiles_in_flight AS flight JOIN export ON export.id = NEW.export_id
          WHERE flight.source = export.source))
    BEGIN SELECT RAISE(ABORT, 'a recurring profile export of the source is active'); END;
    CREATE TRIGGER run_one_time_profiles_need_admission BEFORE UPDATE OF state ON run
    WHEN NEW.state = 'RUNNING' AND NEW.admitted_at IS NULL
      AND EXISTS (SELECT 1 FROM export WHERE id = NEW.export_id AND data_type = 'profiles' AND is_recurring = 0)
    BEGIN SELECT RAISE(ABORT, 'a one-time profile run begins when it is admitted'); END;
    CREATE TRIGGER run_recurring_profiles_wait BEFORE UPDATE OF state ON run
    WHEN NEW.state = 'RUNNING' AND OLD.state <> 'RUNNING'
      AND EXISTS (SELECT 1 FROM export JOIN admitted_one_time_profiles AS admitted
        ON admitted.source = export.source
        WHERE export.id = NEW.export_id AND export.data_type = 'profiles' AND export.is_recurring = 1)
    BEGIN SELECT RAISE(ABORT, 'a one-time profile export of the source is running'); END;
    CREATE TRIGGER export_recurring_profiles_inserted BEFORE INSERT ON export
    WHEN NEW.data_type = 'profiles' AND NEW.is_recurring = 1 AND NEW.stopped_by IS NULL
      AND NEW.deleted_at IS NULL AND NEW.done_at IS NULL
      AND EXISTS (SELECT 1 FROM admitted_one_time_profiles WHERE source = NEW.source)
    BEGIN SELECT RAISE(ABORT, 'a one-time profile export of the source is running'); END;
    CREATE TRIGGER export_recurring_profiles_started
    BEFORE UPDATE OF stopped_by, deleted_at, done_at, source, is_recurring ON export
    WHEN NEW.data_type = 'profiles' AND NEW.is_recurring = 1 AND NEW.stopped_by IS NULL
      AND NEW.deleted_at IS NULL AND NEW.done_at IS NULL
      AND EXISTS (SELECT 1 FROM admitted_one_time_profiles WHERE source = NEW.source)
    BEGIN SELECT RAISE(ABORT, 'a one-time profile export of the source is running'); END;
    CREATE TRIGGER export_one_time_profiles_keep_source BEFORE UPDATE OF source, is_recurring ON export
    WHEN (NEW.source IS NOT OLD.source OR NEW.is_recurring IS NOT OLD.is_recurring)
      AND EXISTS (SELECT 1 FROM admitted_one_time_profiles WHERE id = OLD.id)
    BEGIN SELECT RAISE(ABORT, 'an admitted run keeps its source'); END;

    -- Windows planned by a clock that was far ahead are voided: kept in the history, and planned again. Nothing else of a
    -- complete run ever changes, and only for voided windows does plannedThrough move back.
    DROP TRIGGER run_done_is_final;
    CREATE TRIGGER run_done_is_final BEFORE UPDATE OF export_id, window_from, window_to, state, boot_id, run_timestamp,
      revision, attempt, scheduled_at, first_attempt_at, started_at, finished_at, next_attempt_at, rows, bytes, files,
      rejected, error, manifest_name, manifest, cut_at, previous_cut_at, admitted_at ON run
    WHEN OLD.state = 'DONE'
    BEGIN SELECT RAISE(ABORT, 'a complete run never changes'); END;
    CREATE TRIGGER run_voided_stays_voided BEFORE UPDATE OF voided ON run WHEN OLD.voided = 1 AND NEW.voided = 0
    BEGIN SELECT RAISE(ABORT, 'a voided window stays voided'); END;
    CREATE INDEX run_voided ON run (export_id) WHERE voided = 1;
    DROP TRIGGER export_planned_through_moves_forward;
    CREATE TRIGGER export_planned_through_moves_forward BEFORE UPDATE OF planned_through ON export
    WHEN OLD.planned_through IS NOT NULL
      AND (NEW.planned_through IS NULL OR NEW.planned_through < OLD.planned_through)
      AND (NOT EXISTS (SELECT 1 FROM run WHERE export_id = OLD.id AND voided = 1
          AND window_to = OLD.planned_through)
        OR EXISTS (SELECT 1 FROM run WHERE export_id = OLD.id AND voided = 0
          AND window_to > coalesce(NEW.planned_through, -9223372036854775808)))
    BEGIN SELECT RAISE(ABORT, 'plannedThrough never moves back'); END;
    """
}
