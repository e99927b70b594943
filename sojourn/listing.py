"""What `sojourn scenarios` prints: the library, with the strategies and variants of each scenario."""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

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
        "A scenario of your own is a file: sojourn validate FILE."
    )
    out.print(Text(closing), soft_wrap=True)


def _parts(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "title", str(content.get("scenario", {}).get("title", ""))
    yield "strategies", ", ".join(content.get("strategies", {"baseline": {}}))
    if content.get("variants"):
        yield "variants", ", ".join(content["variants"])
