"""What a report is made of: HTML elements with everything escaped, and the style sheet."""

import base64
import html
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sojourn.plots.pictures import Picture

STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b1f24; --soft: #57606a; --faint: #d5d9de; --tint: #f3f5f7;
  --better: #00594e; --worse: #a83208; --accent: #27508f; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181d; --ink: #e8ebee; --soft: #a3acb6; --faint: #39414a;
  --tint: #1e242b; --better: #5fd0bd; --worse: #ff9d76; --accent: #8fb4ee; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto,
  "DejaVu Sans", sans-serif; overflow-wrap: break-word; }
main { max-width: 50rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.2rem; margin: 2.25rem 0 .5rem; padding-top: .75rem; border-top: 1px solid var(--faint); }
h3 { font-size: 1rem; margin: 1.5rem 0 .4rem; }
p, ul, dl { margin: .5rem 0; }
ul { padding-left: 1.2rem; }
li { margin: .3rem 0; }
.soft, figcaption, .unit { color: var(--soft); }
.answer { font-size: 1.25rem; line-height: 1.4; font-weight: 600; margin: 1.25rem 0; padding: .8rem 1rem;
  border-left: 4px solid var(--accent); background: var(--tint); }
.answer::first-letter { text-transform: uppercase; }
table { border-collapse: collapse; width: 100%; margin: .75rem 0; font-size: .92rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: .3rem; }
caption span { display: block; position: sticky; left: 0; width: fit-content; max-width: min(48rem, calc(100vw - 2rem)); }
.wide { overflow-x: auto; margin: .75rem 0; } .wide table { margin: 0; }
.wide th:first-child { position: sticky; left: 0; background: var(--paper); min-width: 9.5rem; max-width: 16rem;
  overflow-wrap: anywhere; }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--faint); }
thead th { color: var(--soft); font-weight: 600; border-bottom: 2px solid var(--faint); }
tbody th { font-weight: 600; }
.unit { font-weight: 400; font-size: .85em; }
.range { display: inline-block; font-size: .88em; }
.better { color: var(--better); } .worse { color: var(--worse); } .unsure { color: var(--soft); }
.better .mean, .worse .mean { font-weight: 600; }
figure { margin: 1.25rem 0 2rem; }
figure img { display: block; box-sizing: content-box; width: calc(100% - 12px); max-width: 42rem; height: auto; object-fit: cover;
  object-position: bottom; border: 6px solid #ffffff; border-radius: 6px; }
figcaption { font-size: .92rem; max-width: 42rem; margin-top: .5rem; }
details { margin: 1rem 0; } summary { cursor: pointer; font-weight: 600; color: var(--accent); padding: .3rem 0; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; font-size: .92rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
code { font-size: .92em; }
.grade { display: inline-block; font-size: .85em; padding: 0 .45em; border: 1px solid var(--faint); border-radius: 4px; }
@media (max-width: 40rem) {
  main { padding: 1rem .75rem 2rem; }
  h1 { font-size: 1.3rem; } .answer { font-size: 1.1rem; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, caption, tbody, tr, th, td { display: block; } .wide th:first-child { position: static; min-width: 0; max-width: none; }
  tr { padding: .5rem 0; border-bottom: 1px solid var(--faint); }
  th, td { border: 0; padding: .1rem 0; }
  td:empty { display: none; }
  td[data-head]::before { content: attr(data-head) ": "; color: var(--soft); }
  figure img { width: calc(100% + 1rem - 4px); max-width: none; margin: 0 -.5rem; border-width: 2px; }
  dl.facts { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .4rem; }
}
@media (prefers-color-scheme: dark) { figure img { filter: brightness(.92); } }
@media print {
  :root { color-scheme: light; --paper: #ffffff; --ink: #000000; --soft: #444444; --faint: #bbbbbb; --tint: #ffffff;
    --better: #00594e; --worse: #a83208; --accent: #27508f; }
  main { max-width: none; padding: 0; }
  h2, h3 { break-after: avoid; } figure, tr, .answer { break-inside: avoid; }
  figure img { filter: none; border: 0; width: auto; max-width: min(100%, 14.5cm); max-height: 20cm; }
  .wide { overflow: visible; } table { font-size: .8rem; } th, td { padding-right: .5rem; }
  .wide th:first-child, caption span { position: static; max-width: none; min-width: 6rem; }
  details:not([open]) { display: none; }  /* on paper nobody can unfold it */
}
"""
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"  # nothing is loaded from anywhere, ever


class Cell(NamedTuple):
    """A figure of a table: what it says, its interval, and whether it is better, worse or not known."""

    mean: str
    range: str = ""
    kind: str = ""


def text(content: object) -> str:
    """Escapes text, so that a name is never markup; characters that HTML does not allow are shown as a box.

    A figure and its % stay on one line.
    """
    told = "".join(c if c in "\n\t" or (c >= " " and not "\ud800" <= c <= "\udfff") else "\ufffd" for c in str(content))
    return html.escape(re.sub(r"(?<=\d) %", "\N{NO-BREAK SPACE}%", told), quote=True)


def page(title: str, parts: Iterable[str]) -> str:
    """The whole file."""
    body = "\n".join(part for part in parts if part)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def sentence(content: str) -> str:
    """Escapes a sentence; a command in backticks is set as one."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", text(content))


def paragraph(content: str, name: str = "") -> str:
    """A paragraph of plain text."""
    return f"<p{_class(name)}>{sentence(content)}</p>"


def section(heading: str, *parts: str) -> str:
    """A section with a heading; nothing where it would be empty."""
    inner = "\n".join(part for part in parts if part)
    return f"<section>\n<h2>{text(heading)}</h2>\n{inner}\n</section>" if inner else ""


def folded(heading: str, *parts: str) -> str:
    """What is there for those who open it."""
    inner = "\n".join(part for part in parts if part)
    return f"<details>\n<summary>{text(heading)}</summary>\n{inner}\n</details>" if inner else ""


def bullets(lines: Iterable[str]) -> str:
    """A list of sentences of plain text."""
    items = "".join(f"<li>{sentence(line)}</li>\n" for line in lines if line)
    return f"<ul>\n{items}</ul>" if items else ""


def facts(pairs: Iterable[tuple[str, object]]) -> str:
    """Names and what they are."""
    return '<dl class="facts">\n' + "".join(f"<dt>{text(k)}</dt><dd>{text(v)}</dd>\n" for k, v in pairs) + "</dl>"


def table(heads: Sequence[str], rows: Iterable[tuple[tuple[str, str], Sequence[Cell]]], caption: str = "") -> str:
    """A table: the first head is that of the row names; a row is its name with its unit, and its cells.

    It never widens the page: too wide a one scrolls in a box of its own, beside its row names, and shrinks on paper.
    """
    drawn = []
    for (name, unit), cells in rows:
        small = f' <span class="unit">{text(unit)}</span>' if unit else ""
        inner = "".join(_cell(head, cell) for head, cell in zip(heads[1:], cells, strict=True))
        drawn.append(f'<tr><th scope="row">{text(name)}{small}</th>{inner}</tr>\n')
    if not drawn:
        return ""
    top = "".join(f'<th scope="col">{text(head)}</th>' for head in heads)
    said = f"<caption><span>{text(caption)}</span></caption>\n" if caption else ""
    inner = f"<table>\n{said}<thead><tr>{top}</tr></thead>\n<tbody>\n{''.join(drawn)}</tbody>\n</table>"
    # A box that scrolls is to be reached by the keyboard, and named for those who hear the page.
    return f'<div class="wide" tabindex="0" role="region" aria-label="{text(caption or heads[0])}">{inner}</div>'


def picture(one: Picture) -> str:
    """A picture inside the page, with its title, its caption and words for those who cannot see it.

    The heading says the title: the image is shown without the strip above the figure that says it too.
    """
    data = one.png
    wide, tall = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    source = f"data:image/png;base64,{base64.b64encode(data).decode('ascii')}"
    shape = " / ".join(f"{inches:g}" for inches in one.figure.get_size_inches())
    return (
        f'<figure>\n<h3>{text(one.title)}</h3>\n<img src="{source}" width="{wide}" height="{tall}"'
        f' style="aspect-ratio: {shape}" alt="{text(one.alt)}">\n'
        f"<figcaption>{text(one.caption)}</figcaption>\n</figure>"
    )


def _cell(head: str, cell: Cell) -> str:
    spread = f' <span class="range">{text(cell.range)}</span>' if cell.range else ""
    verdict = f" {cell.kind}" if cell.kind in ("better", "worse") else ""
    if not cell.mean and not spread:
        return "<td></td>"
    return f'<td data-head="{text(head)}"{_class(cell.kind)}><span class="mean">{text(cell.mean)}</span>{spread}{verdict}</td>'


def _class(name: str) -> str:
    return f' class="{text(name)}"' if name else ""
