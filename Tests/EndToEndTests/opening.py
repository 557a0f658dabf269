"""A state directory that nobody has used yet, and several who come at once."""
import concurrent.futures
import shutil


def test_many_may_open_a_new_state_directory_at_once(place):
    place.database().close()
    place.configure()
    place.define("all-events", {"everyHours": 6})
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for _ in range(6):
            for command in [pool.submit(place.exportd, "status", "--json") for _ in range(8)]:
                command.result()
            shutil.rmtree(f"{place.directory}/state")
