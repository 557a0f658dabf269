#include <sqlite3.h>

/* sqlite3_db_config takes a variable number of arguments, which Swift cannot pass. */
static inline int sqlite3_accept_strings_in_double_quotes(sqlite3 *db, int accept) {
  return sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, accept, (int *)0);
}
