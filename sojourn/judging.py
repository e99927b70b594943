"""What `sojourn validate-fit` does: fit to a part of a log, judge by the rest, print the verdict and write the page."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from sojourn.calibration.round_trip import RoundTrip, round_trip
from sojourn.calibration.validate_fit import validate_fit
from sojourn.calibration.verdict import Verdict
from sojourn.calibration.verdict_document import planted_document, verdict_document
from sojourn.experiments.journal import Journal, journal
from sojourn.judged import distances_table, figures_table, numbers_table, page
from sojourn.opening import blaming, opened
from sojourn.options import LARGEST_SEED, Options
from sojourn.output import REPORT, encode, staged
from sojourn.plots.pictures import judged
from sojourn.plots.words import minus
from sojourn.scenarios.faults import Fault, Faults, fault
from sojourn.scenarios.untouched import with_draws
from sojourn.terminal import console, plain, progress

if TYPE_CHECKING:
    from sojourn.calibration.holdout import How

DOCUMENT = "verdict.json"
SHARE = 0.3  # of the customers held out
SKIPPED = 6  # ways without a true number that are named
NEWS = "Simulating the customers held out"


@dataclass(frozen=True)
class Asked:
    """The options of the command; `log` and `mapping`, or else `planted`."""

    log: str | None
    mapping: str | None
    split: "How"
    at: str | None
    share: float | None
    planted: str | None
    customers: int | None
    replications: int
    seed: int
    out: str | None
    as_json: bool

    def check(self) -> None:
        """Raise Faults for options that do not go together, all at once."""
        wrong = []
        if self.planted is None:
            if self.log is None:
                wrong.append(Fault("LOG", "", "", "is missing", "name an event log, or a scenario with --planted"))
            elif self.mapping is None:
                wrong.append(
                    Fault("--stages", "", "", "is missing", "name the mapping file of the log: --stages MAP.toml")
                )
            if self.customers is not None:
                wrong.append(
                    Fault("--customers", "", "", "is for --planted", "a log has its own customers; leave it out")
                )
        else:
            given = {"LOG": self.log, "--stages": self.mapping, "--at": self.at}
            given["--share"] = None if self.share is None else f"{self.share:g}"
            given["--split"] = self.split if self.split == "time" else None
            wrong += [
                Fault(name, "", value, "has no meaning with --planted", "leave it out: the log is simulated")
                for name, value in given.items()
                if value is not None
            ]
        if self.at is not None and self.split != "time":
            wrong.append(Fault("--at", "", self.at, "is a date, and the split is by customer", "add --split time"))
        if self.at is not None and self.share is not None:
            wrong.append(
                Fault(
                    "--share",
                    "",
                    f"{self.share:g}",
                    "says how many come after the split, and so does --at",
                    "give one of them",
                )
            )
        if not 0 <= self.seed < LARGEST_SEED:
            wrong.append(Fault("--seed", "", str(self.seed), "is no seed", f"give 0 to {LARGEST_SEED - 1}"))
        if wrong:
            raise Faults(wrong)


def print_verdict(asked: Asked) -> None:
    """Judge a fit and print it or JSON; Faults for whatever is wrong with log, mapping or options."""
    asked.check()
    inputs = (asked.log, asked.mapping, *(() if asked.planted is None else with_draws(asked.planted)))
    out = staged(asked.out, inputs) if asked.out is not None else nullcontext()
    with out as folder, journal(asked.out, "validate-fit") as kept:
        trip = None
        with progress(NEWS) as news:
            if asked.planted is not None:
                trip = _planted(asked, folder, news, kept)
                found = trip.verdict
            else:
                found = _of_log(asked, news, kept)
        document = encode(planted_document(trip) if trip is not None else verdict_document(found))
        if folder is not None:
            _write(folder, found, trip, document)
    if asked.as_json:
        click.echo(document, nl=False)
    else:
        _print(console(), found, trip, asked.out)


def _of_log(asked: Asked, news: Callable[[int, int], None], kept: Journal) -> Verdict:
    if asked.log is None or asked.mapping is None:
        raise fault("LOG", "", "is missing", "name an event log and its mapping file")
    return validate_fit(
        asked.log,
        asked.mapping,
        how=asked.split,
        at=asked.at,
        share=SHARE if asked.share is None else asked.share,
        replications=asked.replications,
        seed=asked.seed,
        progress=news,
        kept=kept,
    )


def _planted(asked: Asked, folder: Path | None, news: Callable[[int, int], None], kept: Journal) -> RoundTrip:
    name = asked.planted or ""
    Options(asked.customers, max(asked.replications, 1), asked.seed).check()
    scenario, _ = opened(name, None)
    with blaming(name, scenario):
        return round_trip(
            scenario,
            customers=asked.customers,
            replications=asked.replications,
            seed=asked.seed,
            folder=folder,
            progress=news,
            kept=kept,
        )


def _write(folder: Path, found: Verdict, trip: RoundTrip | None, document: str) -> None:
    drawn = judged(found)
    for one in drawn:
        (folder / f"{one.name}.png").write_bytes(one.png)
    (folder / DOCUMENT).write_text(document, encoding="utf-8")
    (folder / REPORT).write_text(page(found, drawn, trip), encoding="utf-8")


def _print(shown: Console, found: Verdict, trip: RoundTrip | None, out: str | None) -> None:
    lines = [*found.lines(), *found.naive_lines]
    if trip is not None:
        _say(shown, trip.sentence, "bold")
        table = numbers_table(trip)
        if table is not None:
            shown.print()
            shown.print(table)
            shown.print()
        for line in trip.skipped[:SKIPPED]:
            _say(shown, f"- {line}")
        if len(trip.skipped) > SKIPPED:
            _say(shown, f"- and {len(trip.skipped) - SKIPPED} more")
        shown.print()
    for k, line in enumerate(lines):
        _say(shown, line, "bold" if k == 0 or line.startswith("Do not believe") else "")
    for table in (figures_table(found), distances_table(found)):
        if table is not None:
            shown.print()
            shown.print(table)
    if out is not None:
        shown.print()
        _say(shown, f"The page: {out}/{REPORT}")


def _say(shown: Console, line: str, style: str = "") -> None:
    shown.print(plain(minus(line)), style=style, soft_wrap=True)
