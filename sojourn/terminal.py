"""Where text meets the screen: consoles, safe text, progress."""

import codecs
import io
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console

from sojourn.plots.words import MINUS

Progress = Callable[[int, int], None]
PIPED_WIDTH = 120  # columns of tables where no terminal says how wide it is
LACKING = "sojourn.lacking"  # how streams treat characters that their encoding lacks
PLAIN = str.maketrans({MINUS: "-", "…": "...", "→": "->"})
FIRST_NEWS = 10.0  # seconds before the first line of progress where there is no bar; each next one takes twice as long


def plain(text: str) -> str:
    """Return `text` on one line, control characters and undecodable bytes spelled out: no value of a file acts."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


class _Screen(Console):
    """A console that leaves it to `guard` what happens when its reader has gone: rich would end with an exit code of 1."""

    def on_broken_pipe(self) -> None:
        """Tell who called."""
        raise BrokenPipeError


def console(*, err: bool = False) -> Console:
    """Return a console that takes values as they are: no markup, no emoji, no guessed highlights."""
    stream = sys.stderr if err else sys.stdout
    forgive(stream)
    terminal = stream.isatty()
    width = None if terminal or "COLUMNS" in os.environ else PIPED_WIDTH
    return _Screen(file=stream, markup=False, emoji=False, highlight=False, width=width)


def forgive(stream: TextIO) -> None:
    """Let plain characters stand for those that the stream's encoding lacks: not every terminal speaks UTF-8."""
    if isinstance(stream, io.TextIOWrapper) and "utf" not in stream.encoding.lower():
        codecs.register_error(LACKING, _stand_in)
        stream.reconfigure(errors=LACKING)


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    lost = error.object[error.start : error.end].translate(PLAIN)
    return "".join(c if c.isascii() else c.encode("unicode_escape").decode() for c in lost), error.end


@contextmanager
def progress(what: str) -> Iterator[Progress]:
    """Yield a callback (done, total): a bar where stderr is a terminal, elsewhere a line now and then."""
    if sys.stderr.isatty():
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        shown = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Bar(*shown, console=console(err=True), transient=True) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
        return
    began, due = time.monotonic(), FIRST_NEWS

    def line(done: int, total: int) -> None:
        nonlocal due
        if time.monotonic() - began >= due and done < total:
            due *= 2
            print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)

    yield line
