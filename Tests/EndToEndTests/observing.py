"""How one sees what an installation does: by its commands, and by what lies at its destination."""
import json
import os
import time


class Observed:
    """An installation whose commands `exportd(*arguments)` runs."""

    def status(self, *arguments):
        return json.loads(self.exportd("status", *arguments, "--json").stdout)

    def request(self, name):
        return self.status(name)["export"]["requestId"]

    def wait_for(self, what, seconds, condition, pause=0.1):
        """What the condition gives, as soon as it is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
            time.sleep(pause)
        raise AssertionError(f"{what}: not within {seconds} s: {json.dumps(self.status())}")

    def wait_until_done(self, name, seconds=60, count=1):
        """The runs of an export, once there are so many and all are DONE."""
        def done():
            runs = self.status(name, "--limit", "1000")["runs"]
            return len(runs) >= count and all(run["state"] == "DONE" for run in runs) and runs
        return self.wait_for(f"{count} runs of {name} are DONE", seconds, done, pause=0.2)


class Depot:
    """The directory `destination` to which exports are delivered."""

    def names(self):
        """Every file at the destination, hidden ones too, relative to it."""
        return {os.path.relpath(os.path.join(directory, name), self.destination)
                for directory, _, names in os.walk(self.destination) for name in names}

    def delivered_names(self, request=None):
        """Those of an export, or of all."""
        stem = "" if request is None else f"{request}-"
        return {name for name in self.names()
                if os.path.basename(name).startswith(stem) and not os.path.basename(name).startswith(".")}

    def temporary_names(self):
        return {name for name in self.names() if os.path.basename(name).startswith(".")}

    def manifests(self, request):
        """Those of an export, oldest window first."""
        manifests = []
        for name in self.delivered_names(request):
            if name.endswith("-manifest.json"):
                with open(f"{self.destination}/{name}") as file:
                    manifests.append({**json.load(file), "manifestName": name})
        return sorted(manifests, key=lambda manifest: manifest["window"]["from"])
