"""The comment in a scenario file that names its companion: `# 200 joint draws of its 15 calibrated numbers: a.draws.parquet`.

It is for people, and it tells when a file was copied without its companion, whose draws nobody would miss otherwise.
"""

import re
from pathlib import Path

from sojourn.scenarios.companion import Companion, beside

LINE = re.compile(
    r"^# [\d,]+ joint draws? of its [\d,]+ calibrated numbers?: (?P<name>[^\r\n]+?)[^\S\r\n]*(?:\r?\n|\Z)", re.M
)


def line(companion: Companion, path: str | Path) -> str:
    """The comment for a scenario file at `path`."""
    name = "".join(one if one.isprintable() else "?" for one in beside(path).name)
    return f"# {companion.said}: {name}\n"


def named(text: str) -> str | None:
    """The companion that a scenario's text names; None where it names none."""
    found = LINE.search(text)
    return None if found is None else found["name"]


def renamed(text: str, companion: Companion | None, path: str | Path) -> str:
    """A scenario's text for a file at `path`: its comment names the companion there, and is gone where there is none."""
    told = "" if companion is None else line(companion, path)
    return LINE.sub(lambda _: told, text, count=1)
