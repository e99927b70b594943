"""One verb: an event log and its mapping in, a scenario out, with a check on customers that the fit has not seen."""

import math
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sojourn.calibration.ahead import ahead
from sojourn.calibration.beginnings import startable
from sojourn.calibration.document import document
from sojourn.calibration.fit import Fit, fit
from sojourn.calibration.logs import Log, read
from sojourn.calibration.mapping import Mapping
from sojourn.calibration.posterior import MOST, companion
from sojourn.calibration.scenario import days, lasting, plain
from sojourn.calibration.validate import Check, Progress, check, hold_out, large_enough, to_check
from sojourn.scenarios.arguments import checked_arguments
from sojourn.scenarios.brief import brief
from sojourn.scenarios.companion import Companion, beside, write
from sojourn.scenarios.companion_line import line
from sojourn.scenarios.faults import fault
from sojourn.scenarios.plurals import plural, verb
from sojourn.scenarios.untouched import overwritten

TELLING = 0.1  # relative difference of the naive mean from which it is worth a line
LEAST = 20  # draws: with fewer than 19 the ends of a 90 % interval cannot be told
SHOWN = 6  # lines on stages that the summary gives at most


@dataclass(frozen=True)
class Calibration:
    """A log, the fit to all of it, the scenario file that it makes, and the check.

    The scenario holds the fit to all customers. The check is of a fit to a part of them, laid beside the rest: so it
    speaks of a model with fewer data than the one written, not of a better one. It is None where the log is too small
    for it.
    """

    log: Log
    fit: Fit
    check: Check | None
    scenario_text: str
    notes: tuple[str, ...]
    companion: Companion | None = None
    """Joint draws of every calibrated number; None where none were asked for, or nothing was estimated."""
    inputs: tuple[str | Path, ...] = ()
    """Files that were read, which `write` must not overwrite."""

    def __repr__(self) -> str:
        return brief(self, self.log.source, answer=self.summary()[0])

    @property
    def drawn(self) -> str:
        """How many draws there are and of how many numbers, in words; empty where there are none."""
        return "" if self.companion is None else self.companion.said

    def text_for(self, path: str | Path) -> str:
        """The scenario's text for a file at `path`, with a comment that names the draws beside it."""
        if self.companion is None:
            return self.scenario_text
        return self.scenario_text.replace("\nformat = 1\n", f"\n{line(self.companion, path)}format = 1\n", 1)

    def summary(self) -> tuple[str, ...]:
        """The answer first, then what censoring changed and what to be careful about, in plain lines."""
        counts = self.log.counts
        laws = sum(len(stage.exits) for stage in self.fit.stages.values())
        stages = len(self.fit.stages)
        out = verb(stages, "it", "them")
        ways = [f"{plural(stages, 'stage')} and {plural(laws, 'way')} out of {out}"] if stages else []
        unseen = len(self.fit.silent)
        if self.fit.contracts:
            ways.append(f"{len(self.fit.contracts)} under contract")
        ways += [f"{unseen} {'stages' if unseen > 1 else 'stage'} that customers leave unseen"] if unseen else []
        lines = [
            f"{plural(counts['customers'], 'customer')} and {plural(counts['stays'], 'stay')} give {', and '.join(ways)}; "
            f"{plural(counts['stays still open'], 'stay was', 'stays were')} still open and "
            f"{verb(counts['stays still open'], 'counts', 'count')} as such."
        ]
        if self.check is not None:
            lines.append(self.check.sentence)
        lines += censoring(self.fit)
        return (*lines, *self.notes)

    def document(self) -> dict[str, Any]:
        """All of it as plain values, for JSON: laws with errors and fit, drift, the check, and the naive figures beside."""
        return document(self.fit, self.check, self.notes, self.companion)

    def write(self, path: str | Path) -> Path:
        """Write the scenario file, whole or not at all, and its draws beside it.

        Raises:
            Faults: where it cannot be, or where a file that was read would be overwritten.
        """
        target = Path(path)
        for place in (target, beside(target)):
            if (found := overwritten(place, self.inputs)) is not None:
                said = f"would overwrite {plain(found)}, which was read"
                raise fault(str(path), "", said, "give another file to write")
        temporary: str | None = None
        try:
            with tempfile.NamedTemporaryFile(
                "w", encoding="utf-8", newline="\n", dir=target.parent, prefix=".sojourn-", delete=False
            ) as stream:
                temporary = stream.name
                stream.write(self.text_for(target))
            os.chmod(temporary, 0o644)
            os.replace(temporary, target)
        except (OSError, ValueError) as problem:
            if temporary is not None:
                Path(temporary).unlink(missing_ok=True)
            reason = getattr(problem, "strerror", None) or "the path is not valid"
            raise fault(str(path), "", f"cannot be written: {reason}", "give a file in a folder that exists") from None
        self.write_draws(target)
        return target

    def write_draws(self, path: str | Path) -> Path | None:
        """Write the draws beside the scenario file `path`, and take away those of an earlier one where there are none now."""
        target = beside(path)
        if self.companion is not None:
            return write(target, self.companion)
        target.unlink(missing_ok=True)
        return None


@checked_arguments
def calibrate(
    log: Any,
    mapping: str | Path | Mapping,
    *,
    holdout: float = 0.3,
    replications: int = 20,
    seed: int = 1,
    draws: int = 200,
    progress: Progress | None = None,
) -> Calibration:
    """Read a log, fit it, check the fit on customers held out, draw its numbers, and write the scenario's text.

    Args:
        log: one row an event: path of a file (CSV, Parquet, JSON lines, XES, a DuckDB database), or a table of pandas, polars or
            Arrow.
        mapping: path of the mapping file (see `mapping`), or the mapping itself.
        holdout: share of people held out for the check; 0 for no check.
        replications: simulated copies of the held-out customers.
        seed: of the split, of the simulation and of the draws.
        draws: how many joint draws of all calibrated numbers go with the scenario, 20 to 10,000; 0 for none.
        progress: called with (replications done, in all) during the check.

    Raises:
        Faults: all mistakes of the mapping, or else of the log.
    """
    if not 0.0 <= holdout <= 0.9:
        raise fault("calibrate", "holdout", "is no share to hold out", "give 0 (no check) to 0.9", holdout)
    if draws and not LEAST <= draws <= MOST:
        what = "is too few to tell how unsure a number is" if 0 < draws < LEAST else "is no number of draws"
        raise fault("calibrate", "draws", what, f"give {LEAST} to {MOST:,}, such as 200, or 0 for none", draws)
    events = startable(read(log, mapping))
    fitted = fit(events)
    scenario = fitted.scenario()  # what is written must run
    checked: Check | None = None
    notes = list(fitted.notes)
    if events.arms:
        arms = ", ".join(events.arms[:6])
        notes.append(
            f"The log has arms ({arms}): this fit is to all of them together. What they do to exits: sojourn lever."
        )
    if holdout > 0.0:
        notes += [one.sentence for one in ahead(fitted, seed)]
        part = to_check(events)
        if large_enough(part, hold_out(part.person, holdout, seed)):
            checked = check(part, holdout=holdout, replications=replications, seed=seed, progress=progress)
            notes += checked.notes
        else:
            notes.append("The log is too small to hold customers out: the fit has not been checked.")
    inputs = tuple(one for one in (log, mapping) if isinstance(one, str | Path))
    drawn = companion(fitted, draws, seed, scenario.document()) if draws else None
    if drawn is not None and not drawn.draws:
        drawn = None
    return Calibration(events, fitted, checked, fitted.scenario_text(), tuple(notes), drawn, inputs)


def censoring(fitted: Fit) -> list[str]:
    """What leaving unfinished stays out would have said, for the stages where it matters most."""
    lines: list[tuple[float, str]] = []
    for name, stage in fitted.stages.items():
        law = stage.dwell
        if law is None or law.naive_mean is None or law.law == "deterministic":
            continue
        read = law.curve is not None or law.never > 0.0
        right = stage.restricted[0] if read else law.mean
        ratio = abs(math.log(max(law.naive_mean, 1e-12) / right)) if math.isfinite(right) else math.inf
        if ratio < TELLING:
            continue
        told = f"A stay in {name} {lasting(stage)}"
        if not stage.mean_within_reach and not read:
            told = (
                f"{stage.still_open:,} of {plural(stage.entries, 'stay')} in {name} "
                f"{verb(stage.still_open, 'was', 'were')} still open, and the mean stay is longer than "
                f"anybody was watched ({days(stage.longest)})"
            )
        lines.append((ratio, f"{told}; leaving the unfinished stays out would have said {days(law.naive_mean)}."))
    # The largest differences, told in journey order.
    kept = sorted(sorted(range(len(lines)), key=lambda k: -lines[k][0])[:SHOWN])
    return [lines[k][1] for k in kept]
