extension Schema {
  /// Migration 7: which exports have changed, so that the daemon reads those again and no others.
  static let changes = """
    -- The exports in the order in which they, or their runs, last changed, whichever process did it. A number is never
    -- used twice.
    CREATE TABLE change (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      export_id INTEGER NOT NULL UNIQUE REFERENCES export (id) ON DELETE CASCADE
    ) STRICT;
    INSERT INTO change (export_id) SELECT id FROM export ORDER BY id;
    CREATE TRIGGER change_export_inserted AFTER INSERT ON export
    BEGIN INSERT INTO change (export_id) VALUES (NEW.id); END;
    CREATE TRIGGER change_export_updated AFTER UPDATE ON export
    BEGIN
      DELETE FROM change WHERE export_id = NEW.id;
      INSERT INTO change (export_id) VALUES (NEW.id);
    END;
    CREATE TRIGGER change_run_inserted AFTER INSERT ON run
    BEGIN
      DELETE FROM change WHERE export_id = NEW.export_id;
      INSERT INTO change (export_id) VALUES (NEW.export_id);
    END;
    CREATE TRIGGER change_run_updated AFTER UPDATE ON run
    BEGIN
      DELETE FROM change WHERE export_id = NEW.export_id;
      INSERT INTO change (export_id) VALUES (NEW.export_id);
    END;
    CREATE TRIGGER change_run_deleted AFTER DELETE ON run
    BEGIN
      DELETE FROM change WHERE export_id = OLD.export_id;
      INSERT INTO change (export_id) VALUES (OLD.export_id);
    END;
    """
}
