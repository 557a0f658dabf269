"""`exportd edit` with editors of all kinds; it takes effect with the next run."""
import json
import os
import stat

from place import days_ago
from screen import Screen


def editor(place, script):
    """A program that edits as the script says; `$1` is the file."""
    path = f"{place.directory}/editor {len(os.listdir(place.directory))}"
    with open(path, "w") as file:
        file.write(f"#!/bin/sh\n{script}\n")
    os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
    return f"'{path}'"


def edit(place, name, script, code=0, variable="EDITOR", **environment):
    other = {"EDITOR": "VISUAL", "VISUAL": "EDITOR"}[variable]
    settings = {variable: editor(place, script), other: "", "TMPDIR": place.directory, **environment}
    return place.exportd("edit", name, code=code, launcher=["env", *(f"{k}={v}" for k, v in settings.items())])


def drafts(place):
    return [name for name in os.listdir(place.directory) if name.startswith("exportd-")]


def definition(place, name):
    return place.status(name)["export"]["definition"]


def revision(place, name):
    return place.manifests(place.request(name))[-1]["definitionRevision"]


def test_edit_takes_effect_with_the_next_run_and_leaves_nothing_behind(place):
    place.sample(events=500)
    place.create("orders", {"everyHours": 24, "from": days_ago(1)})
    place.exportd("run", "orders")
    assert revision(place, "orders") == 1
    done = edit(place, "orders", 'sed -i \'s/"format": "json"/"format": "json", "compression": "gzip"/\' "$1"')
    assert "takes effect with the next run" in done.stdout, done.stdout
    assert definition(place, "orders")["compression"] == "gzip" and drafts(place) == []
    assert revision(place, "orders") == 1, "a run that is done changes no more"
    # VISUAL is asked before EDITOR, and both may hold arguments.
    done = edit(place, "orders", 'test "$1" = -x && sed -i s/gzip/none/ "$2"', variable="VISUAL",
                EDITOR="false", VISUAL=editor(place, 'test "$1" = -x && sed -i s/gzip/none/ "$2"') + " -x")
    assert definition(place, "orders")["compression"] == "none"
    # A window that is owed is run as the newest revision says.
    os.rename(place.destination, f"{place.destination}.away")
    open(place.destination, "w").close()
    place.create("failing", {"everyHours": 24, "from": days_ago(1)})
    place.exportd("run", "failing", code=1)
    edit(place, "failing", 'sed -i \'s/"format": "json"/"format": "json", "asString": true/\' "$1"')
    os.unlink(place.destination)
    os.rename(f"{place.destination}.away", place.destination)
    place.exportd("run", "failing")
    assert revision(place, "failing") == 2
    name = place.status("failing", "--run", str(place.status("failing")["runs"][0]["id"]))["fileList"][0]["name"]
    with open(f"{place.destination}/{name}") as file:
        assert isinstance(json.loads(file.readlines()[1])["eventProps"]["Amount"], str)


def test_edit_stores_nothing_that_is_not_changed_or_not_valid(place):
    place.sample(events=100)
    place.create("orders", {"everyHours": 6})
    before = definition(place, "orders")
    assert "is as it was" in edit(place, "orders", "true").stdout and drafts(place) == []
    failed = edit(place, "orders", "exit 3", code=1)
    assert "nothing is stored" in failed.stderr and "Set EDITOR" in failed.stderr, failed.stderr
    gone = edit(place, "orders", 'rm "$1"', code=1)
    assert "is gone; nothing is stored" in gone.stderr, gone.stderr
    wrong = edit(place, "orders", 'sed -i s/everyHours/everyHour/ "$1"', code=78)
    assert 'did you mean "everyHours"' in wrong.stderr and "your text is in" in wrong.stderr, wrong.stderr
    # What somebody typed is never thrown away, nor shown to others.
    kept = [f"{place.directory}/{name}" for name in drafts(place)]
    assert len(kept) == 2 and all(stat.S_IMODE(os.stat(path).st_mode) == 0o600 for path in kept), kept
    assert any(path in wrong.stderr for path in kept)
    missing = place.exportd("edit", "orders", code=1, launcher=["env", "VISUAL=", "EDITOR=/nowhere", "TMPDIR=/tmp"])
    assert "/nowhere" in missing.stderr
    assert definition(place, "orders") == before
    assert place.status("orders")["runs"] == []


def test_edit_on_a_terminal_lets_one_mend_a_mistake(place):
    place.sample(events=100)
    place.create("orders", {"everyHours": 6})
    count = f"{place.directory}/count"
    # The first time it breaks the definition, the second time it mends it.
    program = editor(place, f'if [ -e "{count}" ]; then sed -i s/jsn/json/ "$1"; else touch "{count}"; '
                            'sed -i \'s/"json"/"jsn"/; s/: 6/: 8/\' "$1"; fi')
    with Screen(place.binary, "edit", "orders", "--config", place.configuration,
                environment={"EDITOR": program, "VISUAL": "", "TMPDIR": place.directory}) as screen:
        screen.wait_for("the mistake", lambda _: b"Edit it again? [Y/n]" in screen.written)
        assert b'$.format' in screen.written, screen.written
        screen.type("\n")
        assert screen.wait() == 0, screen.written
    assert definition(place, "orders")["frequency"]["everyHours"] == 8
    os.unlink(count)
    with Screen(place.binary, "edit", "orders", "--config", place.configuration,
                environment={"EDITOR": program, "VISUAL": "", "TMPDIR": place.directory}) as screen:
        screen.wait_for("the mistake", lambda _: b"Edit it again? [Y/n]" in screen.written)
        screen.type("n\n")
        assert screen.wait() == 78, screen.written
    assert definition(place, "orders")["format"] == "json"


def test_edit_refuses_what_may_not_be_edited_before_anybody_types(place):
    place.sample(events=100)
    place.exportd("run", place.create("orders", {"once": "yesterday"}) and "orders")
    daemon = place.daemon()
    place.wait_until_done("all-events")
    opened = f"{place.directory}/opened"
    for name, words in {
            "all-events": ["exports.d/all-events.json", "exportd reload"], "orders": ["cannot be changed"]}.items():
        refused = edit(place, name, f"touch {opened}", code=75)
        assert all(word in refused.stderr for word in words), refused.stderr
    assert "there are: all-events" in edit(place, "nothing", f"touch {opened}", code=1).stderr
    assert not os.path.exists(opened)
    # Another data type is another export.
    place.create("charged", {"everyHours": 6}, events=["Charged"])
    refused = edit(place, "charged", 'sed -i \'s/"events": *\\[/"profiles": "all", "x": [/\' "$1"', code=78)
    assert "nothing is stored" in refused.stderr, refused.stderr
    daemon.end()


def test_edit_notices_that_somebody_else_was_faster(place):
    place.sample(events=100)
    place.create("orders", {"everyHours": 6})
    inner = editor(place, 'sed -i "s/: 6/: 12/" "$1"')
    late = edit(place, "orders", f'EDITOR="{inner}" {place.binary} edit orders --config {place.configuration}'
                                 ' && sed -i "s/: 6/: 8/" "$1"', code=75)
    assert "was changed by somebody else" in late.stderr and "your text is in" in late.stderr, late.stderr
    assert definition(place, "orders")["frequency"]["everyHours"] == 12
