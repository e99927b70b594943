"""What `sojourn validate-fit` does: fit to a part of a log, judge by the rest, print the verdict and write the page."""

from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from sojourn.calibration.validate_fit import validate_fit
from sojourn.calibration.verdict_document import verdict_document
from sojourn.judged import distances_table, figures_table, page
from sojourn.output import REPORT, encode, staged
from sojourn.plots.pictures import judged
from sojourn.plots.words import minus
from sojourn.scenarios.faults import fault
from sojourn.terminal import console, plain, progress

if TYPE_CHECKING:
    from sojourn.calibration.holdout import How

DOCUMENT = "verdict.json"


def print_verdict(
    log: str,
    *,
    mapping: str,
    split: "How",
    at: str | None,
    share: float,
    replications: int,
    seed: int,
    out: str | None,
    as_json: bool,
) -> None:
    """Judge a fit and print it or JSON; Faults for whatever is wrong with log, mapping or options."""
    if seed < 0:
        raise fault("--seed", "", f"{seed} is no seed", "give a whole number from 0 on")
    with staged(out) if out is not None else nullcontext() as folder:
        with progress("Simulating the customers held out") as news:
            found = validate_fit(
                log, mapping, how=split, at=at, share=share, replications=replications, seed=seed, progress=news
            )
        document = encode(verdict_document(found))
        if folder is not None:
            drawn = judged(found)
            for one in drawn:
                (folder / f"{one.name}.png").write_bytes(one.png)
            (folder / DOCUMENT).write_text(document, encoding="utf-8")
            (folder / REPORT).write_text(page(found, drawn), encoding="utf-8")
    if as_json:
        click.echo(document, nl=False)
        return
    shown = console()
    for k, line in enumerate((*found.lines(), *found.naive_lines)):
        shown.print(
            plain(minus(line)), style="bold" if k == 0 or line.startswith("Do not believe") else "", soft_wrap=True
        )
    for table in (figures_table(found), distances_table(found)):
        if table is not None:
            shown.print()
            shown.print(table)
    if out is not None:
        shown.print()
        shown.print(plain(f"The page: {out}/{REPORT}"), soft_wrap=True)
