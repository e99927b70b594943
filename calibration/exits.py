"""Fits the exits of every stage as a race: each exit has its own latent time, and the first wins.

The likelihood of a race factors into one part an exit (cause-specific hazards; Prentice et al. 1978): for exit e a
stay is complete where it ended by e, and censored where it ended otherwise or was still open. So every exit is fitted
alone, and all of it uses every stay. Raw counts of exits are provenance only: under censoring the slow exits are the
ones not seen yet.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.durations import FEW, MARGIN, LawFit, fit_law
from sojourn.calibration.logs import Log
from sojourn.calibration.stays import NOTHING, Floats, Integers


@dataclass(frozen=True)
class StageFit:
    """What the log says about one stage.

    Attributes:
        entries: stays in the stage.
        still_open: stays open when the watching ended.
        longest: days of the longest stay, as far as it was watched.
        exits: the law of each exit seen, by next stage, over all customers.
        by_segment: laws of exits that differ between segments, by next stage and segment; an exit that is not here
        has the law
            of `exits` in every segment.
        dwell: the law of the whole stay, whichever way it ends; None where nobody was seen to leave.
        warnings: what weakens these numbers, in sentences.
    """

    stage: str
    entries: int
    still_open: int
    longest: float
    exits: dict[str, LawFit]
    dwell: LawFit | None
    by_segment: dict[str, dict[str, LawFit]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def mean_within_reach(self) -> bool:
        """Whether the mean stay is no longer than the longest one watched: if it is, only the law speaks for it."""
        return self.dwell is not None and self.dwell.mean <= self.longest


def fit_stage(log: Log, stage: int) -> StageFit:
    """Fit all exits of one stage (an index into `log.stages`, no end)."""
    rows = log.stays.stage == stage
    days = log.stays.days[rows]
    following = log.stays.following[rows]
    segment = log.segment[log.stays.customer[rows]]
    name = log.stages[stage]
    exits: dict[str, LawFit] = {}
    by_segment: dict[str, dict[str, LawFit]] = {}
    warnings: list[str] = []
    for to in np.unique(following[following != NOTHING]):
        ended = following == to
        law = fit_law(days, ended, resolution=log.resolution)
        target = log.stages[int(to)]
        exits[target] = law
        if law.complete < FEW:
            seen = "once" if law.complete == 1 else f"{law.complete} times"
            warnings.append(f"{name} -> {target} was seen {seen}: too few for more than an exponential law.")
        apart = _by_segment(days, ended, segment, log, law)
        if apart:
            by_segment[target] = apart
    left = following != NOTHING
    dwell = fit_law(days, left, resolution=log.resolution) if np.any(left) else None
    # Where even the mean is out of reach, `mean_within_reach` says more.
    if dwell is not None and dwell.complete < dwell.censored and dwell.mean <= days.max():
        warnings.append(
            f"{dwell.censored:,} of {days.size:,} stays in {name} were still open: what happens later than "
            f"{days.max():.0f} days is the law's word, not the data's."
        )
    return StageFit(
        stage=name,
        entries=int(days.size),
        still_open=int(np.sum(~left)),
        longest=float(days.max()),
        exits=exits,
        dwell=dwell,
        by_segment=by_segment,
        warnings=tuple(warnings),
    )


def _by_segment(
    days: Floats, ended: NDArray[np.bool_], segment: Integers, log: Log, pooled: LawFit
) -> dict[str, LawFit]:
    """A law for each segment where AIC prefers that to one for all, else nothing.

    Segments with fewer than ten such exits share one law.
    """
    if len(log.segments) < 2 or not pooled.aic:
        return {}
    events = np.bincount(segment[ended], minlength=len(log.segments))
    large = np.flatnonzero(events >= FEW)
    groups = [segment == k for k in large]
    rest = ~np.isin(segment, large)
    if np.any(rest):
        if not np.any(rest & ended):
            return {}  # nothing is known of the rest but that it is small; one law for all is the safe reading
        groups.append(rest)
    if len(groups) < 2:
        return {}
    laws = [fit_law(days[group], ended[group], resolution=log.resolution) for group in groups]
    if any(not law.aic for law in laws):
        return {}
    if sum(law.aic[law.law] for law in laws) + MARGIN >= pooled.aic[pooled.law]:
        return {}
    result = {}
    for k, name in enumerate(log.segments):
        own = np.flatnonzero(large == k)
        result[name] = laws[int(own[0])] if own.size else laws[-1]
    return result
