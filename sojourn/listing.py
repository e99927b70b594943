"""What `sojourn scenarios` does: list the library with strategies and variants, or give the file of one scenario."""

import os
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from sojourn.output import refused, writable, write_text
from sojourn.scenarios.faults import fault, nearest, quoted
from sojourn.scenarios.files import library
from sojourn.terminal import console, plain


def print_library() -> None:
    """Print name, title, strategies and variants of every scenario of the library; reads the files without checking them."""
    out = console()
    for name, path in sorted(library().items()):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        out.print(Text(name, "bold"))
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for head, words in _parts(content):
            table.add_row(f"  {head}", Text(plain(words)))
        out.print(table)
        out.print()
    closing = (
        "Try: sojourn compare NAME. Another version of it: --variant NAME.\n"
        "To change one, write its file: sojourn scenarios NAME --out FILE.\n"
        "A scenario of your own is a file: sojourn validate FILE."
    )
    out.print(Text(closing), soft_wrap=True)


def give_scenario(name: str | None, out: str | None, *, overwrite: bool) -> None:
    """Write the file of a shipped scenario to `out`, remarks and all, or print it where there is no `out`.

    Raises Faults for a name that the library lacks, and where `out` is there already, unless `overwrite`.
    """
    shipped = library()
    if name is None:
        raise fault("--out", "", "which scenario is to be written is not said", f"name one of: {', '.join(shipped)}")
    if name not in shipped:
        raise fault(
            "scenarios", "", f"no scenario of the library is named {quoted(name)}", nearest(name, shipped), name
        )
    text = shipped[name].read_text(encoding="utf-8")
    if out is None:
        click.echo(text, nl=False)
        return
    target = writable(out, inputs=shipped.values())
    if not overwrite and os.path.lexists(target):
        raise refused(out, "is there already", "name another file, or add --overwrite")
    write_text(out, text)
    said = f"Written to {out}: the whole file of {name}. Change it, and see: sojourn validate {shlex.quote(out)}"
    console().print(Text(plain(said)), soft_wrap=True)


def _parts(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "title", str(content.get("scenario", {}).get("title", ""))
    yield "strategies", ", ".join(content.get("strategies", {"baseline": {}}))
    if content.get("variants"):
        yield "variants", ", ".join(content["variants"])
