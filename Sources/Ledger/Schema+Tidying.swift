extension Schema {
  /// Migration 8: runs that may have left unfinished files, until those are removed.
  static let tidying = """
    -- An attempt had begun, perhaps of a process that is gone, and the run has ended without completing: whoever ended it,
    -- nobody goes on with what was under way.
    CREATE TABLE run_to_tidy (
      run_id INTEGER PRIMARY KEY REFERENCES run (id) ON DELETE CASCADE
    ) STRICT;
    CREATE TRIGGER run_ended_in_vain AFTER UPDATE OF state ON run
    WHEN NEW.state IN ('STOPPED', 'FAILED', 'SKIPPED') AND OLD.state IN ('PENDING', 'RUNNING') AND NEW.attempt > 0
    BEGIN INSERT OR IGNORE INTO run_to_tidy (run_id) VALUES (NEW.id); END;
    """
}
