"""Very many series in little memory and with few descriptors."""
from checker import held_against_source
from place import days_ago, midnight


def test_sixty_thousand_series_with_256_descriptors_in_128_mebibytes(place):
    names, dates = 20_000, 3
    db = place.database()
    db.execute("BEGIN")
    db.executemany(
        "INSERT INTO events (name, ts, object_id, properties) VALUES (?, ?, ?, ?)",
        ((f"Event number {number}", midnight(dates - day) + number * 4000 + round, f"o{number % 1000}",
          f'{{"Amount": {number}.{day}0, "Campaign": "{"c" * 60}"}}')
         for round in range(2) for day in range(dates) for number in range(names)))
    db.execute("COMMIT")
    place.configure()
    place.define("all", {"once": {"from": days_ago(dates), "to": days_ago(1)}})
    daemon = place.daemon(launcher=("sh", "-c", 'ulimit -n 256 && exec "$@"', "sh"))
    place.wait_until_done("all", 180)
    peak = daemon.peak_memory
    daemon.end()
    request = place.request("all")
    assert held_against_source(place, request) == 2 * names * dates
    (manifest,) = place.manifests(request)
    assert len(manifest["files"]) == names * dates
    assert peak < 128, f"{peak:.0f} MiB"
    return f"{peak:.0f} MiB"
