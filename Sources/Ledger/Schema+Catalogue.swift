extension Schema {
  /// Migration 6: the catalogue of properties (SPEC section 6). The table of migration 1 has never had a row.
  static let catalogue = """
    DROP TABLE catalogue;
    -- The columns of an export's files: every property that a DONE run has had, per event name (one, empty, for
    -- profiles) and group. `run_id`: the run that put it in, or widened its type last.
    CREATE TABLE catalogue (
      export_id INTEGER NOT NULL REFERENCES export (id),
      event_name TEXT NOT NULL,
      property_group TEXT NOT NULL
        CHECK (property_group IN ('eventProps', 'sessionProps', 'device', 'commPrefs', 'profileProps')),
      property TEXT NOT NULL,
      position INTEGER NOT NULL CHECK (position >= 0),
      type TEXT NOT NULL CHECK (type IN ('UNKNOWN', 'BOOLEAN', 'INT53', 'INT64', 'DOUBLE', 'STRING')),
      run_id INTEGER NOT NULL,
      PRIMARY KEY (export_id, event_name, property_group, property),
      UNIQUE (export_id, event_name, property_group, position)
    ) STRICT, WITHOUT ROWID;

    -- What a run adds to it, known before the files that need it are written; becomes the export's with the commit.
    CREATE TABLE pending_catalogue (
      run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
      event_name TEXT NOT NULL,
      property_group TEXT NOT NULL
        CHECK (property_group IN ('eventProps', 'sessionProps', 'device', 'commPrefs', 'profileProps')),
      property TEXT NOT NULL,
      position INTEGER NOT NULL CHECK (position >= 0),
      type TEXT NOT NULL CHECK (type IN ('UNKNOWN', 'BOOLEAN', 'INT53', 'INT64', 'DOUBLE', 'STRING')),
      PRIMARY KEY (run_id, event_name, property_group, property),
      UNIQUE (run_id, event_name, property_group, position)
    ) STRICT, WITHOUT ROWID;

    -- How often the catalogue has changed, and at which of them a run stands: pinned with its first attempt.
    ALTER TABLE export ADD COLUMN catalogue_revision INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE run ADD COLUMN catalogue_revision INTEGER;
    CREATE INDEX file_event ON file (run_id, event_name);

    CREATE TRIGGER catalogue_inserted_by_commit BEFORE INSERT ON catalogue
    WHEN NOT EXISTS (SELECT 1 FROM run JOIN export ON export.id = run.export_id
      WHERE run.id = NEW.run_id AND run.export_id = NEW.export_id AND run.state = 'RUNNING'
        AND run.manifest IS NOT NULL AND run.catalogue_revision = export.catalogue_revision)
    BEGIN SELECT RAISE(ABORT, 'the catalogue changes only with the commit of a run'); END;
    CREATE TRIGGER catalogue_widened_by_commit BEFORE UPDATE ON catalogue
    WHEN NOT EXISTS (SELECT 1 FROM run JOIN export ON export.id = run.export_id
      WHERE run.id = NEW.run_id AND run.export_id = NEW.export_id AND run.state = 'RUNNING'
        AND run.manifest IS NOT NULL AND run.catalogue_revision = export.catalogue_revision)
    BEGIN SELECT RAISE(ABORT, 'the catalogue changes only with the commit of a run'); END;
    CREATE TRIGGER catalogue_only_widens BEFORE UPDATE ON catalogue
    WHEN NEW.position <> OLD.position OR NOT (NEW.type = OLD.type OR OLD.type = 'UNKNOWN' OR NEW.type = 'STRING'
      OR (OLD.type = 'INT53' AND NEW.type IN ('INT64', 'DOUBLE')))
    BEGIN SELECT RAISE(ABORT, 'a column keeps its position, and its type only widens'); END;
    CREATE TRIGGER catalogue_only_grows BEFORE DELETE ON catalogue
    WHEN (SELECT deleted_at FROM export WHERE id = OLD.export_id) IS NULL
    BEGIN SELECT RAISE(ABORT, 'the catalogue of an export only grows'); END;
    CREATE TRIGGER catalogue_revision_moves_forward BEFORE UPDATE OF catalogue_revision ON export
    WHEN NEW.catalogue_revision < OLD.catalogue_revision
    BEGIN SELECT RAISE(ABORT, 'the revision of a catalogue never moves back'); END;

    -- All files of one event in a run have the same columns: those that are delivered, or may be, are outdated before the
    -- columns change.
    CREATE TRIGGER pending_catalogue_inserted BEFORE INSERT ON pending_catalogue
    WHEN EXISTS (SELECT 1 FROM file WHERE run_id = NEW.run_id AND event_name IS nullif(NEW.event_name, '')
      AND kind = 'data' AND state IN ('sending', 'delivered'))
      OR NOT EXISTS (SELECT 1 FROM run WHERE id = NEW.run_id AND state = 'RUNNING' AND manifest IS NULL)
    BEGIN SELECT RAISE(ABORT, 'files that were written with other columns are outdated first'); END;
    CREATE TRIGGER pending_catalogue_updated BEFORE UPDATE ON pending_catalogue
    WHEN EXISTS (SELECT 1 FROM file WHERE run_id = NEW.run_id AND event_name IS nullif(NEW.event_name, '')
      AND kind = 'data' AND state IN ('sending', 'delivered'))
      OR NOT EXISTS (SELECT 1 FROM run WHERE id = NEW.run_id AND state = 'RUNNING' AND manifest IS NULL)
    BEGIN SELECT RAISE(ABORT, 'files that were written with other columns are outdated first'); END;
    CREATE TRIGGER pending_catalogue_deleted BEFORE DELETE ON pending_catalogue
    WHEN EXISTS (SELECT 1 FROM file WHERE run_id = OLD.run_id AND event_name IS nullif(OLD.event_name, '')
      AND kind = 'data' AND state IN ('sending', 'delivered'))
      AND (SELECT manifest FROM run WHERE id = OLD.run_id) IS NULL
    BEGIN SELECT RAISE(ABORT, 'files that were written with other columns are outdated first'); END;
    CREATE TRIGGER run_done_with_its_catalogue BEFORE UPDATE OF state ON run
    WHEN NEW.state = 'DONE' AND EXISTS (SELECT 1 FROM pending_catalogue WHERE run_id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'what a run adds to the catalogue becomes its export''s with the commit'); END;
    """
}
