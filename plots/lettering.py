"""How much room words take, and how they are cut and broken to fit: in inches, without drawing anything."""

import warnings
from functools import lru_cache

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

FONT = "DejaVu Sans"  # ships with matplotlib: the same picture on every machine
SIZE, SMALL = 10.5, 9.0  # points


@lru_cache(maxsize=1024)  # the same words are tried again and again
def span(text: str, size: float = SIZE, weight: str = "normal") -> float:
    """How wide a line of text is, in inches (a little generous, as the screen rounds)."""
    if not text:
        return 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        points, _, _ = TextToPath().get_text_width_height_descent(
            text, FontProperties(family=FONT, size=size, weight=weight), ismath=False
        )
    return 1.03 * float(points) / 72


def fitted(text: str, room: float, size: float = SIZE, weight: str = "normal") -> str:
    """The text cut to `room` inches; an ellipsis stands for the middle, as names often differ at their ends."""
    if span(text, size, weight) <= room:
        return text
    keep = len(text) - 1
    while keep > 1 and span(_cut(text, keep), size, weight) > room:
        keep -= 1
    return _cut(text, keep)


def _cut(text: str, keep: int) -> str:
    tail = keep // 3
    return text[: keep - tail].rstrip() + "…" + (text[-tail:].lstrip() if tail else "")


def wrapped(text: str, room: float, size: float = SIZE, weight: str = "normal", lines: int = 2) -> list[str]:
    """The text in at most `lines` lines of `room` inches, broken between words; the last is cut if need be."""
    rows: list[str] = []
    words = text.split(" ")
    while words and len(rows) < lines - 1:
        take = len(words)
        while take > 1 and span(" ".join(words[:take]), size, weight) > room:
            take -= 1
        rows.append(fitted(" ".join(words[:take]), room, size, weight))
        words = words[take:]
    if words:
        rows.append(fitted(" ".join(words), room, size, weight))
    return rows
