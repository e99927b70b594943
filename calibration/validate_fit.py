"""One verb: a log and its mapping in, a verdict out on where a model fitted to a part of it may be believed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sojourn.calibration.beginnings import startable
from sojourn.calibration.calibrate import censoring
from sojourn.calibration.copies import Copy, copy_of, given_up_said, naive_copy
from sojourn.calibration.fit import fit
from sojourn.calibration.further import ask
from sojourn.calibration.hints import hints
from sojourn.calibration.holdout import How, some, split
from sojourn.calibration.items import Questions, Samples, answers, curves, items
from sojourn.calibration.logs import Log, read
from sojourn.calibration.mapping import Mapping
from sojourn.calibration.newcomers import newcomers
from sojourn.calibration.samples import Sample, observed
from sojourn.calibration.validate import FITTED, LARGEST
from sojourn.calibration.verdict import Verdict
from sojourn.calibration.yardsticks import plan
from sojourn.experiments.journal import Journal, digest
from sojourn.scenarios.arguments import checked_arguments
from sojourn.scenarios.faults import fault

FEWEST_COPIES = 19  # below which no rank can be rarer than one in twenty
NAIVE_COPIES = 10  # of the plainest model; their mean is all that is told
Progress = Callable[[int, int], None]


@checked_arguments
def validate_fit(
    log: Any,
    mapping: str | Path | Mapping,
    *,
    how: How = "customer",
    at: str | float | None = None,
    share: float = 0.3,
    replications: int = 50,
    seed: int = 1,
    progress: Progress | None = None,
    kept: Journal | None = None,
) -> Verdict:
    """Fit to a part of a log, simulate the rest, and say where the model may be believed.

    Args:
        log: path of an event log, or a table of pandas, polars or Arrow (see `logs.read`).
        mapping: path of the mapping file, or the mapping itself.
        how: "customer": people held out by chance. "time": fitted to what was known at a date, judged by those who came later.
        at: by time, the date (its end), moment or day at which the fit stands; left out, `share` of the customers came later.
        share: of the customers held out, between 0 and 1.
        replications: simulated copies of the customers held out, 19 or more.
        seed: of the split by customer, the resamples and the simulation.
        progress: called with (replications done, in all).
        kept: finished copies of work that was stopped (see `journal`); looked up first, and written to.

    Raises:
        Faults: all mistakes of mapping, log or split.
    """
    return judge(
        read(log, mapping),
        how=how,
        at=at,
        share=share,
        replications=replications,
        seed=seed,
        progress=progress,
        kept=kept,
    )


def judge(
    log: Log,
    *,
    how: How = "customer",
    at: str | float | None = None,
    share: float = 0.3,
    replications: int = 50,
    seed: int = 1,
    progress: Progress | None = None,
    kept: Journal | None = None,
) -> Verdict:
    """As `validate_fit`, with a log at hand."""
    if replications < FEWEST_COPIES:
        raise fault(
            "--replications",
            "",
            f"{replications} copies cannot show what is rarer than one in {replications + 1}",
            f"give {FEWEST_COPIES} or more; 50 is what you get when you leave it out",
        )
    log = startable(log)
    parts = split(log, how, share=share, at=at, seed=seed)
    # Who was there before the watching began has no start to count from: fitted to, but not compared.
    parts = parts._replace(train=startable(some(parts.train, FITTED)), rest=some(parts.rest.begun, LARGEST))
    train, rest = parts.train, parts.rest
    fitted = fit(train)
    beside = observed(rest)
    names = {*fitted.stages, *fitted.absorbing, *fitted.silent, *fitted.contracts}
    known = frozenset(k for k, name in enumerate(log.stages) if name in names)
    absorbing = frozenset(k for k, name in enumerate(log.stages) if name in fitted.absorbing)
    what = plan(beside, log.stages, known, absorbing)
    what = what._replace(grid=what.grid + log.resolution)  # what happens at once is seen within the resolution
    asked = Questions(what, ask(beside, log.stages, known, absorbing))
    copies, came, given_up = [], [], 0
    question = {"split": how, "day": parts.day, "seed": seed, "watched": rest.window.tolist()}
    name = digest(fitted.scenario(), **question) if kept is not None else ""
    for replication in range(replications):
        piece = kept.get(f"{name} {replication}") if kept is not None else None
        copy = copy_of(train, rest, seed, replication, fitted, fit) if piece is None else _unwritten(piece)
        if kept is not None and piece is None:
            kept.put(f"{name} {replication}", [*(column.tolist() for column in copy.sample), [copy.given_up]])
        copies.append(copy.sample)
        given_up += copy.given_up
        rng = np.random.default_rng([seed, replication, 2])
        came.append(newcomers(fitted.arrivals, parts, rng) if log.calendar else np.empty(0))
        if progress is not None:
            progress(replication + 1, replications)
    plainest = [naive_copy(train, rest, seed, replication) for replication in range(NAIVE_COPIES)]
    arrived = np.sort(rest.start) if log.calendar and fitted.arrivals.cohort is None else np.empty(0)
    samples = Samples(beside, copies, plainest, arrived, came, how == "time" and arrived.size > 0)
    told = answers(asked, samples, rest)
    found = items(asked, samples, told, rest, log.stages)
    return Verdict(
        fit=fitted,
        said=parts.said,
        how=how,
        day=parts.day,
        items=found,
        curves=curves(asked, told, log.stages),
        reasons=hints(found, fitted),
        naive_lines=tuple(censoring(fitted)),
        replications=replications,
        customers_fitted=int(train.customers.size),
        customers_held_out=int(rest.customers.size),
        notes=(given_up_said(given_up, replications),) if given_up else (),
    )


def _unwritten(piece: list[list[float]]) -> Copy:
    """A copy as it was before it was written down."""
    customer, stage, entry, until, following, window, given_up = piece
    whole = [np.array(column, dtype=np.int64) for column in (customer, stage, following)]
    days = [np.array(column, dtype=np.float64) for column in (entry, until, window)]
    sample = Sample(whole[0], whole[1], days[0], days[1], whole[2], days[2])
    return Copy(sample, int(given_up[0]))
