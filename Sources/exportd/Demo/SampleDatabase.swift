import GRDB

/// A database such as the application of a small shop would have: profiles, and events of the last three days. SQLite
/// makes the rows itself, from one statement a table.
struct SampleDatabase {
  let path: String
  /// Keeps the people of one database apart from those of another.
  let id: Int
  let events: Int
  let profiles: Int

  /// - Parameter now: in milliseconds: the time of the newest event.
  func make(now: Int64) throws {
    var configuration = GRDB.Configuration()
    // A sample that the power takes away is made anew.
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = OFF") }
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = WAL") }
    try queue.write { database in
      try database.execute(sql: Self.tables)
      try database.execute(sql: Self.people, arguments: ["id": id, "count": profiles, "now": now])
      try database.execute(
        sql: Self.happenings, arguments: ["id": id, "count": events, "people": profiles, "now": now])
    }
    try queue.close()
  }

  private static let tables = """
    CREATE TABLE profiles (
      object_id TEXT PRIMARY KEY, identity TEXT, email TEXT, phone TEXT, updated_at INTEGER NOT NULL,
      properties TEXT);
    CREATE TABLE events (
      id INTEGER PRIMARY KEY, name TEXT NOT NULL, ts INTEGER NOT NULL, object_id TEXT, platform TEXT,
      properties TEXT);
    CREATE INDEX events_ts ON events (ts);
    CREATE INDEX profiles_updated_at ON profiles (updated_at);
    """

  /// Nine in ten have signed in.
  private static let people = """
    WITH RECURSIVE number (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < :count),
    dice AS MATERIALIZED (
      SELECT i, random() & 1023 AS age, random() & 1023 AS place, random() & 1023 AS plan FROM number)
    INSERT INTO profiles
    SELECT 'person-' || :id || '-' || i, iif(i % 10, 'user' || :id || i, NULL),
      iif(i % 3, 'user' || :id || i || '@example.com', NULL),
      iif(i % 5, NULL, printf('+4930%07d', i)), :now - age * 2592000,
      json_object(
        'city', json_extract('["Pune","Berlin","Lagos","Osaka","São Paulo","Montréal"]', '$[' || (place % 6) || ']'),
        'plan', iif(plan % 5, 'free', 'plus'), 'newsletter', json(iif(age % 2, 'true', 'false')))
    FROM dice
    """

  /// One after the other, as an application writes them.
  private static let happenings = """
    WITH RECURSIVE number (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < :count),
    dice AS MATERIALIZED (
      SELECT i, random() & 1023 AS kind, 1 + (random() & 1048575) % :people AS person,
        1 + (random() & 1023) % 400 AS product, random() & 1023 AS chance
      FROM number)
    INSERT INTO events (name, ts, object_id, platform, properties)
    SELECT
      CASE WHEN kind < 360 THEN 'App Launched' WHEN kind < 680 THEN 'Product Viewed'
        WHEN kind < 840 THEN 'Search' WHEN kind < 950 THEN 'Added to Cart' ELSE 'Charged' END,
      :now - 259200000 + i * 259200000 / :count, 'person-' || :id || '-' || person,
      json_extract('["Web","iOS","Android"]', '$[' || (chance % 3) || ']'),
      CASE WHEN kind < 360 THEN json_object('version', '4.' || (chance % 7), 'cold', json(iif(chance % 2, 'true', 'false')))
        WHEN kind < 680 THEN json_object('product', 'P-' || product, 'price', round(product * 0.95, 2))
        WHEN kind < 840 THEN json_object('query', 'shoes ' || (product % 50), 'results', chance % 90)
        WHEN kind < 950 THEN
          json_object('product', 'P-' || product, 'price', round(product * 0.95, 2), 'quantity', 1 + chance % 3)
        ELSE json_object(
          'amount', round(product * 0.95 + 4.9, 2), 'currency', 'EUR',
          'items', json_array(json_object('product', 'P-' || product, 'price', round(product * 0.95, 2))))
      END
    FROM dice
    """
}
