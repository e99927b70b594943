"""What ends a command: 0 done, 2 the user's input is wrong, 1 our fault. No traceback in any of them.

`SOJOURN_DEBUG=1` in the environment lets the traceback of an unexpected error through.
"""

import errno
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import click

from sojourn.scenarios.faults import Faults
from sojourn.terminal import plain

STOPPED = "Stopped. Nothing was written."
DONE, OUR_FAULT, WRONG_INPUT, INTERRUPTED = 0, 1, 2, 130


def say(message: str) -> None:
    """Print one line for people on stderr, whatever characters it holds."""
    click.echo(plain(message), err=True)


def _quiet_exit() -> NoReturn:
    """Leave when the reader of our output has gone (`sojourn run ... | head`), without a word."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                os.dup2(nowhere.fileno(), stream.fileno())
    sys.exit(DONE)


@contextmanager
def guarded() -> Iterator[None]:
    """Turn what goes wrong inside into a sentence on stderr and an exit code."""
    try:
        yield
        sys.stdout.flush()
    except Faults as faults:
        for fault in faults.faults:
            say(str(fault))
        sys.exit(WRONG_INPUT)
    except KeyboardInterrupt as stop:
        _say_stopped(stop)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        _quiet_exit()
    except MemoryError:
        _say_too_large()
    except (click.exceptions.Exit, click.ClickException, click.Abort):
        raise
    except Exception as error:
        if _interrupted(error):
            _say_stopped(error)
            sys.exit(INTERRUPTED)
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:  # from mmap, or from starting a worker
            _say_too_large()
        if os.environ.get("SOJOURN_DEBUG"):
            traceback.print_exc()
        name = type(error).__name__
        say(f"sojourn failed, and it is not your fault ({name}: {error}).")
        say("Run it again with SOJOURN_DEBUG=1 in the environment, and report the command and what it prints.")
        sys.exit(OUR_FAULT)


def _say_too_large() -> NoReturn:
    say("There is not enough memory for this: use fewer --customers, or a shorter horizon.")
    sys.exit(WRONG_INPUT)


def _say_stopped(error: BaseException) -> None:
    """Say that nothing was written, or what is kept: long work notes on its way out where it can be taken up again."""
    notes = getattr(error, "__notes__", ())
    for line in (STOPPED, *notes):
        say(line)


def _interrupted(error: BaseException | None) -> bool:
    """Whether Ctrl-C is behind an error: DuckDB and numba, when it falls into their code, tell it in ways of their own."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt) or (
            isinstance(error, RuntimeError) and str(error) == "Query interrupted"
        ):
            return True
        error = error.__cause__ or error.__context__
    return False


@contextmanager
def terminable() -> Iterator[None]:
    """Let a polite kill (SIGTERM) end a command as Ctrl-C does: workers stop, and half-written folders go."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Guarded(click.Group):
    """A click group whose commands run under `guarded`."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command and turn every failure into its exit code."""
        with guarded(), terminable():
            return super().invoke(ctx)
