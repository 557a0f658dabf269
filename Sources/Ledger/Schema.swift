import GRDB

/// The numbered migrations of the state database. A migration that has shipped is never edited: what
/// changes comes as the next number. The rules that guard data stand here as constraints and triggers, so
/// that no code path, and no second process, can break them.
enum Schema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { try $0.execute(sql: first) }
    migrator.registerMigration("2") { try $0.execute(sql: profiles) }
    migrator.registerMigration("3") { try $0.execute(sql: retention) }
    migrator.registerMigration("4") { try $0.execute(sql: refusals) }
    migrator.registerMigration("5") { try $0.execute(sql: waiting) }
    migrator.registerMigration("6") { try $0.execute(sql: catalogue) }
    migrator.registerMigration("7") { try $0.execute(sql: changes) }
    migrator.registerMigration("8") { try $0.execute(sql: tidying) }
    return migrator
  }

  /// Migration 4: an answer to a wish says whether a rule stood in its way.
  private static let refusals = """
    ALTER TABLE wish ADD COLUMN refused INTEGER NOT NULL DEFAULT 0 CHECK (refused IN (0, 1));
    """

  /// Migration 5: a recurring profile export of a file that cannot begin yet is told apart from one that was stopped.
  private static let waiting = """
    ALTER TABLE export ADD COLUMN waits INTEGER NOT NULL DEFAULT 0
      CHECK (waits = 0 OR (waits = 1 AND stopped_by = 'daemon' AND resumes_after IS NOT NULL));
    UPDATE export SET waits = 1 WHERE stopped_by = 'daemon' AND resumes_after IS NOT NULL AND stopped_at IS NULL;
    """

  private static let first = """
    -- The exports, live and deleted. `id` is the request id: identity, never the name.
    CREATE TABLE export (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      origin TEXT NOT NULL CHECK (origin IN ('file', 'command')),
      data_type TEXT NOT NULL CHECK (data_type IN ('events', 'profiles')),
      revision INTEGER NOT NULL CHECK (revision >= 1),
      planned_through INTEGER,
      has_sequence INTEGER CHECK (has_sequence IN (0, 1)),
      stopped_by TEXT CHECK (stopped_by IN ('person', 'file', 'daemon')),
      stopped_at INTEGER,
      reason TEXT,
      created_at INTEGER NOT NULL,
      deleted_at INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX export_live_name ON export (name) WHERE deleted_at IS NULL;
    CREATE TRIGGER export_data_type_is_final BEFORE UPDATE OF data_type ON export
    WHEN NEW.data_type IS NOT OLD.data_type
    BEGIN SELECT RAISE(ABORT, 'the data type of an export never changes'); END;
    CREATE TRIGGER export_planned_through_moves_forward BEFORE UPDATE OF planned_through ON export
    WHEN OLD.planned_through IS NOT NULL
      AND (NEW.planned_through IS NULL OR NEW.planned_through < OLD.planned_through)
    BEGIN SELECT RAISE(ABORT, 'plannedThrough never moves back'); END;

    -- Every state that a definition has had. `definition` is as the person wrote it, `resolved` what runs
    -- are made from.
    CREATE TABLE revision (
      export_id INTEGER NOT NULL REFERENCES export (id),
      number INTEGER NOT NULL CHECK (number >= 1),
      definition TEXT NOT NULL,
      resolved TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      PRIMARY KEY (export_id, number)
    ) STRICT, WITHOUT ROWID;

    -- One run a window. `run_timestamp` is given at the first attempt and `revision` is pinned with the
    -- first delivered file; `manifest` is set by the commit and only then may the run be DONE.
    CREATE TABLE run (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      export_id INTEGER NOT NULL REFERENCES export (id),
      window_from INTEGER,
      window_to INTEGER NOT NULL,
      voided INTEGER NOT NULL DEFAULT 0 CHECK (voided IN (0, 1)),
      state TEXT NOT NULL
        CHECK (state IN ('PENDING', 'RUNNING', 'DONE', 'FAILED', 'STOPPED', 'SKIPPED')),
      reason TEXT,
      boot_id TEXT,
      run_timestamp INTEGER,
      revision INTEGER,
      attempt INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
      scheduled_at INTEGER NOT NULL,
      first_attempt_at INTEGER,
      started_at INTEGER,
      finished_at INTEGER,
      next_attempt_at INTEGER,
      rows INTEGER NOT NULL DEFAULT 0,
      bytes INTEGER NOT NULL DEFAULT 0,
      files INTEGER NOT NULL DEFAULT 0,
      rejected INTEGER NOT NULL DEFAULT 0,
      error TEXT,
      manifest_name TEXT,
      manifest BLOB,
      UNIQUE (export_id, run_timestamp),
      FOREIGN KEY (export_id, revision) REFERENCES revision (export_id, number),
      CHECK (window_from IS NULL OR window_from < window_to),
      CHECK ((state = 'RUNNING') = (boot_id IS NOT NULL)),
      CHECK (attempt = 0 OR run_timestamp IS NOT NULL),
      CHECK ((manifest IS NULL) = (manifest_name IS NULL)),
      CHECK (state <> 'DONE' OR manifest IS NOT NULL),
      CHECK (manifest IS NULL OR state IN ('PENDING', 'RUNNING', 'DONE')),
      CHECK (state <> 'SKIPPED' OR reason IS NOT NULL)
    ) STRICT;
    CREATE UNIQUE INDEX run_alone ON run (export_id) WHERE state = 'RUNNING';
    CREATE UNIQUE INDEX run_window ON run (export_id, window_to) WHERE voided = 0;
    CREATE INDEX run_open ON run (state, export_id) WHERE state IN ('PENDING', 'RUNNING');
    -- The latest run of each of ten thousand exports, without reading their histories.
    CREATE INDEX run_begun ON run (export_id, started_at, window_to);
    CREATE INDEX run_ended ON run (export_id, finished_at, window_to);
    CREATE INDEX run_in_vain ON run (export_id) WHERE state IN ('STOPPED', 'FAILED', 'SKIPPED');
    CREATE TRIGGER run_windows_are_apart BEFORE INSERT ON run
    WHEN NEW.voided = 0 AND EXISTS (
      SELECT 1 FROM run WHERE export_id = NEW.export_id AND voided = 0
        AND window_from < NEW.window_to AND window_to > NEW.window_from)
    BEGIN SELECT RAISE(ABORT, 'the window overlaps one that is already planned'); END;
    CREATE TRIGGER run_window_is_final BEFORE UPDATE OF export_id, window_from, window_to ON run
    BEGIN SELECT RAISE(ABORT, 'the window of a run never changes'); END;
    CREATE TRIGGER run_timestamp_is_final BEFORE UPDATE OF run_timestamp ON run
    WHEN OLD.run_timestamp IS NOT NULL AND NEW.run_timestamp IS NOT OLD.run_timestamp
    BEGIN SELECT RAISE(ABORT, 'the timestamp of a run never changes'); END;
    CREATE TRIGGER run_done_is_final BEFORE UPDATE ON run WHEN OLD.state = 'DONE'
    BEGIN SELECT RAISE(ABORT, 'a complete run never changes'); END;
    CREATE TRIGGER run_commit_is_final BEFORE UPDATE OF manifest ON run
    WHEN OLD.manifest IS NOT NULL AND NEW.manifest IS NOT OLD.manifest
    BEGIN SELECT RAISE(ABORT, 'a committed run only goes forward'); END;

    -- The upper bound of each database, pinned at a run's first attempt.
    CREATE TABLE cut (
      run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
      database_id TEXT NOT NULL,
      cut TEXT NOT NULL,
      PRIMARY KEY (run_id, database_id)
    ) STRICT, WITHOUT ROWID;

    -- What a run has at its destination, or may have. A name is written down before it is sent, so that
    -- whatever happens nothing can lie there unknown.
    CREATE TABLE file (
      run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
      name TEXT NOT NULL,
      kind TEXT NOT NULL CHECK (kind IN ('data', 'rejected')),
      database_id TEXT NOT NULL,
      event_name TEXT,
      date TEXT,
      file_index INTEGER,
      rows INTEGER NOT NULL,
      bytes INTEGER NOT NULL,
      sha256 TEXT NOT NULL,
      first_key TEXT,
      last_key TEXT,
      revision INTEGER NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('sending', 'delivered', 'stale', 'undeletable')),
      error TEXT,
      PRIMARY KEY (run_id, name)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER file_insert_before_commit BEFORE INSERT ON file
    WHEN (SELECT manifest FROM run WHERE id = NEW.run_id) IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'a committed run takes no more files'); END;
    CREATE TRIGGER file_update_before_commit BEFORE UPDATE ON file
    WHEN (SELECT manifest FROM run WHERE id = OLD.run_id) IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'the files of a committed run never change'); END;
    CREATE TRIGGER file_delete_before_commit BEFORE DELETE ON file
    WHEN (SELECT manifest FROM run WHERE id = OLD.run_id) IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'the files of a committed run are not forgotten'); END;
    CREATE TRIGGER run_commit_needs_delivery BEFORE UPDATE OF manifest ON run
    WHEN NEW.manifest IS NOT NULL
      AND EXISTS (SELECT 1 FROM file WHERE run_id = NEW.id AND state <> 'delivered')
    BEGIN SELECT RAISE(ABORT, 'a run commits when all its files are delivered'); END;

    -- The bound of the last DONE run of an export in a database; moves in the transaction of a commit.
    -- `created_bound` is the bound when the export was stored: older rows without a time are not its business.
    CREATE TABLE watermark (
      export_id INTEGER NOT NULL REFERENCES export (id),
      database_id TEXT NOT NULL,
      bound INTEGER,
      fingerprint TEXT,
      created_bound INTEGER,
      run_id INTEGER,
      PRIMARY KEY (export_id, database_id)
    ) STRICT, WITHOUT ROWID;

    -- The order and type of every property that an export has sent, per event name.
    CREATE TABLE catalogue (
      export_id INTEGER NOT NULL REFERENCES export (id),
      event_name TEXT NOT NULL,
      property_group TEXT NOT NULL,
      property TEXT NOT NULL,
      position INTEGER NOT NULL,
      type TEXT NOT NULL,
      run_id INTEGER NOT NULL,
      PRIMARY KEY (export_id, event_name, property_group, property),
      UNIQUE (export_id, event_name, property_group, position)
    ) STRICT, WITHOUT ROWID;

    -- What commands ask of the daemon, and its answers.
    CREATE TABLE wish (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      wish TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      taken_by TEXT,
      answered_at INTEGER,
      succeeded INTEGER CHECK (succeeded IN (0, 1)),
      answer TEXT,
      CHECK ((answered_at IS NULL) = (succeeded IS NULL))
    ) STRICT;
    CREATE INDEX wish_open ON wish (id) WHERE answered_at IS NULL;

    -- The process that holds the lock of the state directory, or the last one that did.
    CREATE TABLE daemon (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      boot_id TEXT NOT NULL,
      pid INTEGER NOT NULL,
      version TEXT NOT NULL,
      started_at INTEGER NOT NULL,
      reload_error TEXT,
      reloaded_at INTEGER
    ) STRICT;
    """
}
