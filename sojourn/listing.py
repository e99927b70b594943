"""What `sojourn scenarios` prints: the library, one scenario a line."""

import tomllib

from rich import box
from rich.table import Table
from rich.text import Text

from sojourn.scenarios.files import library
from sojourn.terminal import console, plain


def print_library() -> None:
    """Print name, title and strategies of every scenario of the library; reads the files without checking them."""
    out = console()
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)
    for head in ("name", "title", "strategies"):
        table.add_column(head, overflow="fold", no_wrap=head == "name")
    for name, path in sorted(library().items()):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        title = str(content.get("scenario", {}).get("title", ""))
        strategies = ", ".join(content.get("strategies", {"baseline": {}}))
        table.add_row(Text(name), Text(plain(title)), Text(plain(strategies)))
    out.print(table)
    out.print(
        Text("Try: sojourn compare NAME. A scenario of your own is a file: sojourn validate FILE."), soft_wrap=True
    )
