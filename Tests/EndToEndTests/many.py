"""Very many series in little memory and with few descriptors."""
import datetime

from checker import held_against_source
from columns import headers
from place import days_ago, midnight


NAMES, DATES = 20_000, 3


def fill(place):
    db = place.database()
    db.execute("BEGIN")
    db.executemany(
        "INSERT INTO events (name, ts, object_id, properties) VALUES (?, ?, ?, ?)",
        ((f"Event number {number}", midnight(DATES - day) + number * 4000 + round, f"o{number % 1000}",
          f'{{"Amount": {number}.{day}0, "Campaign": "{"c" * 60}"}}')
         for round in range(2) for day in range(DATES) for number in range(NAMES)))
    db.execute("COMMIT")
    place.configure()


# Alone these runs take 118 to 124 MiB, beside other work up to 134: what is handed from thread to thread waits longer.
WITH_COLUMNS = 144


def peak_of_a_run(place, limit=128, **keys):
    """Delivers all as so many files under construction at once. Returns the request id and the most memory, in MiB."""
    place.define("all", {"once": {"from": days_ago(DATES), "to": days_ago(1)}}, **keys)
    daemon = place.daemon(launcher=("sh", "-c", 'ulimit -n 256 && exec "$@"', "sh"))
    place.wait_until_done("all", 300)
    peak = daemon.peak_memory
    daemon.end()
    request = place.request("all")
    (manifest,) = place.manifests(request)
    assert len(manifest["files"]) == NAMES * DATES and manifest["rows"] == 2 * NAMES * DATES
    assert peak < limit, f"{peak:.0f} MiB"
    return request, peak


def test_sixty_thousand_series_with_256_descriptors_in_128_mebibytes(place):
    fill(place)
    request, peak = peak_of_a_run(place)
    assert held_against_source(place, request) == 2 * NAMES * DATES
    return f"{peak:.0f} MiB"


def test_so_many_series_with_columns_as_csv(place):
    fill(place)
    request, peak = peak_of_a_run(place, WITH_COLUMNS, format="csv")
    # As all of them have the same properties, all headers are the same.
    assert {tuple(header[-2:]) for header in headers(place, request).values()} == {("eventProps.Amount", "eventProps.Campaign")}
    return f"{peak:.0f} MiB"


def test_so_many_series_with_columns_as_parquet(place):
    import pyarrow.parquet
    fill(place)
    request, peak = peak_of_a_run(place, WITH_COLUMNS, format="parquet")
    for file in place.manifests(request)[0]["files"][::500]:
        amounts = pyarrow.parquet.read_table(f"{place.destination}/{file['name']}").column("eventProps").to_pylist()
        number = int(file["eventName"].removeprefix("Event number "))
        day = DATES - (datetime.date.fromisoformat(days_ago(0)) - datetime.date.fromisoformat(file["date"])).days
        assert amounts == [{"Amount": number + day / 10, "Campaign": "c" * 60}] * 2, (file, amounts)
    return f"{peak:.0f} MiB"
