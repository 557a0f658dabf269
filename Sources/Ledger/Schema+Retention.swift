extension Schema {
  /// Migration 3: history that does not grow without end, and notices to people.
  static let retention = """
    -- Spans of DONE windows whose runs are no longer in the history, joined: rows that come late for them are still sent.
    CREATE TABLE done_span (
      export_id INTEGER NOT NULL REFERENCES export (id),
      span_from INTEGER NOT NULL,
      span_to INTEGER NOT NULL,
      PRIMARY KEY (export_id, span_from),
      CHECK (span_from < span_to)
    ) STRICT, WITHOUT ROWID;

    -- A complete run's files are in its manifest; the rows served its attempts.
    DROP TRIGGER file_delete_before_commit;
    CREATE TRIGGER file_delete_before_commit BEFORE DELETE ON file
    WHEN EXISTS (SELECT 1 FROM run WHERE id = OLD.run_id AND manifest IS NOT NULL AND state <> 'DONE')
    BEGIN SELECT RAISE(ABORT, 'the files of a committed run are not forgotten'); END;
    CREATE TRIGGER run_open_stays BEFORE DELETE ON run WHEN OLD.state IN ('PENDING', 'RUNNING')
    BEGIN SELECT RAISE(ABORT, 'a run that has not ended stays'); END;
    CREATE TRIGGER run_files_are_deleted_first BEFORE DELETE ON run
    WHEN OLD.state IN ('FAILED', 'STOPPED', 'SKIPPED') AND EXISTS (SELECT 1 FROM file WHERE run_id = OLD.id)
    BEGIN SELECT RAISE(ABORT, 'a run that has names at its destination stays'); END;
    CREATE INDEX run_history ON run (finished_at) WHERE finished_at IS NOT NULL;

    -- What people are to be told, written in the transaction of what happened.
    CREATE TABLE notice (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      kind TEXT NOT NULL CHECK (kind IN ('failed', 'recovered')),
      export_id INTEGER NOT NULL REFERENCES export (id),
      run_id INTEGER NOT NULL,
      error TEXT,
      created_at INTEGER NOT NULL,
      told_at INTEGER,
      attempt INTEGER NOT NULL DEFAULT 0,
      next_attempt_at INTEGER
    ) STRICT;
    CREATE INDEX notice_open ON notice (id) WHERE told_at IS NULL;
    CREATE INDEX notice_last ON notice (export_id, id);
    """
}
