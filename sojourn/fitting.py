"""What `sojourn calibrate` prints: what was fitted, and how it fares on customers whom the fit has not seen."""

from collections.abc import Sequence

import click
from rich.console import Console
from rich.text import Text

from sojourn.calibration.calibrate import calibrate
from sojourn.calibration.validate import Check, Quantity
from sojourn.grids import Grid
from sojourn.opening import options_named
from sojourn.output import encode, writable, write_text
from sojourn.plots.words import SHARE, interval, number
from sojourn.sim.vocabulary import title
from sojourn.tables import LABEL
from sojourn.terminal import console, plain, progress


def print_calibration(log: str, mapping: str, out: str, draws: int = 200, as_json: bool = False) -> None:
    """Fit a scenario to an event log, write it to `out`, its draws beside it, and print the check or JSON; Faults else."""
    writable(out, inputs=(log, mapping), draws=True)
    with options_named(), progress("Checking on held-out customers") as news:
        found = calibrate(log, mapping, draws=draws, progress=news)
    write_text(out, found.text_for(out))
    beside = found.write_draws(out)
    if as_json:
        click.echo(encode(found.document()), nl=False)
        return
    shown = console()
    first, *rest = found.summary()
    _say(shown, first, "bold")
    if found.check is not None:
        _table(shown, found.check)
    shown.print()
    for line in rest:
        _say(shown, f"- {line}")
    if beside is not None:
        _say(shown, f"- {found.drawn} stand in {beside.name}.")
    _say(shown, f"Written to {out}. Add levers and strategies there, then: sojourn compare {out}")


def _table(out: Console, check: Check) -> None:
    """Print observed beside simulated; what lies outside its prediction interval is marked."""
    heads = ("figure", "observed on others", "simulated, 90 % prediction", "without the unfinished", "")
    table = Grid(*heads[: None if _naive(check.quantities) else 3], first=LABEL)
    for row in check.quantities:
        kind = SHARE if row.unit.startswith(SHARE) else row.unit
        unit = row.unit.replace(SHARE, "%", 1)
        cells = [Text(f"{title(row.name)} ({unit})"), Text(interval(row.observed, kind, bare=True))]
        cells.append(Text(interval(row.simulated, kind, bare=True), "" if row.inside else "yellow"))
        if _naive(check.quantities):
            cells.append(
                Text("" if row.naive is None else number(row.naive * (100.0 if kind == SHARE else 1.0), 2), "dim")
            )
            cells.append(Text("" if row.inside else "outside", "yellow"))
        table.add_row(*cells)
    out.print()
    out.print(table)


def _naive(rows: Sequence[Quantity]) -> bool:
    return any(row.naive is not None for row in rows)


def _say(out: Console, text: str, style: str = "") -> None:
    out.print(Text(plain(text), style), soft_wrap=True)
