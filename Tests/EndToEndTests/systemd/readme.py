"""What the README tells a person to type and to write, so that the tests do just that."""
import json
import pathlib
import re

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]


def block(section, word, language):
    """The one code block of a section, in that language, that contains the word."""
    text = (REPOSITORY / "README.md").read_text()
    part = re.split(r"^## ", text, flags=re.MULTILINE)
    chapters = [chapter for chapter in part if chapter.startswith(f"{section}\n")]
    blocks = [found for chapter in chapters
              for found in re.findall(rf"^ *```{language}\n(.*?)^ *```", chapter, re.MULTILINE | re.DOTALL)]
    fitting = [found for found in blocks if word in found]
    assert len(fitting) == 1, f"README, {section}: {len(fitting)} blocks of {language} with {word!r}, not one"
    return fitting[0]


def commands(word):
    """Commands of the section on systemd."""
    return block("Under systemd", word, "sh")


def example(word):
    """A configuration file of the section on one's own database."""
    return json.loads(block("Your own database", word, "json"))
