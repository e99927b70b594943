"""Fits the exits of every stage as a race: each exit has its own latent time, and the first wins.

The likelihood of a race factors into one part an exit (cause-specific hazards; Prentice et al. 1978): for exit e a
stay is complete where it ended by e, and censored where it ended otherwise or was still open. So every exit is fitted
alone, and all of it uses every stay. Raw counts of exits are provenance only: under censoring the slow exits are the
ones not seen yet.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.choices import ChoiceFit
from sojourn.calibration.curves import restricted
from sojourn.calibration.differences import Differences, differences
from sojourn.calibration.durations import FEW, MARGIN, LawFit, percent
from sojourn.calibration.exit_laws import Form, fit_exit
from sojourn.calibration.forms import Chosen, Leaving, choose
from sojourn.calibration.logs import Log
from sojourn.calibration.ranks import log_rank
from sojourn.calibration.regressions import columns
from sojourn.calibration.segments import Together, laws_of, together
from sojourn.calibration.spells import Pile, spells
from sojourn.calibration.stays import NOTHING, Floats, Integers
from sojourn.scenarios.plurals import plural, verb

APART = 0.01  # chance of segments so different by the log-rank test below which they get laws of their own


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
        choice: the stage as a choice, where it is one (by the mapping or because the data prefer it); else it is a race.
        choice_by_segment: choices that differ between segments, by segment; then it holds every segment.
        together: exits of a race at which segments are pulled together, since some of them are small.
        differ: what customers differ in beyond their segment; the laws and chances above are those that go with it.
        restricted: mean days of a stay within `longest`, and its standard error, by no law (area under Kaplan-Meier).
        forms: what the law of each exit is made of, by next stage.
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
    restricted: tuple[float, float] = (0.0, 0.0)
    forms: dict[str, Form] = field(default_factory=dict)
    choice: ChoiceFit | None = None
    choice_by_segment: dict[str, ChoiceFit] = field(default_factory=dict)
    differ: Differences = field(default_factory=Differences)
    together: dict[str, Together] = field(default_factory=dict)

    @property
    def form(self) -> str:
        """What the stage is written as: end, choice or race."""
        if not self.exits:
            return "end"
        return "choice" if self.choice is not None else "race"

    @property
    def mean_within_reach(self) -> bool:
        """Whether the mean stay is no longer than the longest one watched: if it is, only the law speaks for it."""
        return self.dwell is not None and self.dwell.mean <= self.longest


def fit_stage(log: Log, stage: int, like: StageFit | None = None) -> StageFit:
    """Fit all exits of one stage (an index into `log.stages`, no end).

    `like` is a fit to more of the same data, whose decisions on deadlines, shares that never leave and laws read from the
    data are kept; the law of the whole stay is then left out.
    """
    rows = log.stays.stage == stage
    if log.late is not None:
        rows &= ~np.isnan(log.late)  # how old such a stay was nobody knows
    late = log.late[rows] if log.late is not None else None
    days = log.stays.until[rows] - log.stays.entry[rows]
    following = log.stays.following[rows]
    segment = log.segment[log.stays.customer[rows]]
    name = log.stages[stage]
    exits: dict[str, LawFit] = {}
    by_segment: dict[str, dict[str, LawFit]] = {}
    forms: dict[str, Form] = {}
    warnings: list[str] = []
    together_: dict[str, Together] = {}
    nexts = np.flatnonzero(np.bincount(following + 1, minlength=len(log.stages) + 1)[1:])
    for to in nexts:
        ended = following == to
        target = log.stages[int(to)]
        law, forms[target] = fit_exit(days, ended, log.resolution, like.forms.get(target) if like else None, late)
        exits[target] = law
        apart = _by_segment(days, ended, segment, log, law, forms[target].pile, late)
        if apart:
            by_segment[target] = apart
        if late is not None:
            continue  # shifts of segments are told of stays from their beginning on
        pulled = _together(days, ended, segment, log, law, apart, like.together.get(target) if like else None)
        if pulled is not None:
            together_[target] = pulled
            by_segment[target] = laws_of(pulled, pulled.found, days, ended, segment, log.segments)
    names = {int(to): log.stages[int(to)] for to in nexts}
    leaving = Leaving(name, days, following, segment, log.segments, names, log.resolution, forms, late)
    before = Chosen(like.choice, like.choice_by_segment) if like is not None else None
    chosen = choose(leaving, _form(log, name), exits, by_segment, before) if names else Chosen()
    warnings += chosen.notes
    # Whoever was there already is there because they are slow: what customers differ in is told of those seen from the start.
    seen = np.ones(int(rows.sum()), dtype=np.bool_)
    if late is not None and log.arrived is not None:
        seen = log.arrived[log.stays.customer[rows]]
    differ = Differences(chosen=chosen)
    if seen.all() or int(seen.sum()) >= FEW:
        whole = rows.copy()
        whole[rows] = seen
        differ = differences(
            leaving if seen.all() else leaving.only(seen),
            log.stays.customer[whole],
            log.frailty,
            exits,
            by_segment,
            chosen,
            like.differ if like is not None else None,
            columns(log, whole),
            together=together_,
        )
    exits, by_segment, chosen = {**exits, **differ.laws}, {**by_segment, **differ.by_segment}, differ.chosen
    warnings += differ.said(name)
    if chosen.choice is None:
        warnings += [one.said(f"{name} -> {to}") for to, one in together_.items()]
    for target, law in (chosen.choice.laws if chosen.choice is not None else exits).items():
        warnings += said(f"{name} -> {target}", law, float(days.max()), chosen.choice is None)
    left = following != NOTHING
    dwell = fit_exit(days, left, log.resolution, None, late)[0] if np.any(left) and like is None else None
    # Where even the mean is out of reach, `mean_within_reach` says more.
    if dwell is not None and dwell.complete < dwell.censored and dwell.mean <= days.max():
        were = verb(dwell.censored, "was", "were")
        warnings.append(
            f"{dwell.censored:,} of {plural(days.size, 'stay')} in {name} {were} still open: what happens later than "
            f"{days.max():.0f} days is the law's word, not the data's."
        )
    return StageFit(
        stage=name,
        entries=int(days.size),
        still_open=int(np.sum(~left)),
        longest=float(days.max()),
        exits=exits,
        dwell=dwell,
        by_segment=by_segment if chosen.choice is None else {},
        warnings=tuple(warnings),
        restricted=restricted(spells(days, left, log.resolution, late=late)) if np.any(left) else (0.0, 0.0),
        forms=forms,
        choice=chosen.choice,
        choice_by_segment=chosen.by_segment,
        differ=differ,
        together=together_,
    )


def said(way: str, law: LawFit, longest: float, race: bool) -> Iterator[str]:
    """What is out of the ordinary about the law of one exit, in sentences."""
    if law.complete < FEW and law.curve is None:
        seen = "once" if law.complete == 1 else f"{law.complete} times"
        yield f"{way} was seen {seen}: too few for more than an exponential law."
    if law.further and law.deadline is not None:
        every = sorted((law.deadline, *law.further))
        told = ", ".join(f"day {one.day:.4g} ({percent(one.share, 1)} of all leave then)" for one in every)
        yield f"{way}: exits pile up on {told}. Its law is written as quantiles that jump on these days."
    elif law.deadline is not None:
        day, share = law.deadline
        yield (
            f"{way}: exits pile up on day {day:.4g} of the stay. It is written as a deadline, on which {percent(share, 1)} leave "
            f"(standard error {percent(law.errors['share'], 1)})."
        )
    if not race:
        return
    if law.law == "empirical":
        why = "nearly all exits are on one day"
        if law.goodness is not None:
            why = f"the nearest misplaces {percent(law.goodness.gap)} of the exits"
        after = (
            ""
            if law.never == 0.0
            else (
                f" Nobody was watched beyond {longest:.0f} days: the {percent(law.never)} who had not left this way by then are "
                "written as never leaving so."
            )
        )
        yield f"{way}: no law fits ({why}), so its law is read from the data.{after}"
    elif law.never > 0.0:
        yield (
            f"{way}: {percent(law.never, 1)} never leave this way (standard error {percent(law.errors['never'], 1)}); those "
            f"who do are done long before the {longest:.0f} days that stays were watched."
        )


def _form(log: Log, stage: str) -> str | None:
    """What the mapping says that a stage is; what is asked for under [frailty] says it too."""
    asked = {law for exit_, law in log.frailty.items() if exit_.split(" -> ")[0] == stage}
    implied = "race" if asked & {"gamma", "normal"} else "choice" if "beta" in asked else None
    return log.forms.get(stage, implied)


def _together(
    days: Floats,
    ended: NDArray[np.bool_],
    segment: Integers,
    log: Log,
    law: LawFit,
    apart: dict[str, LawFit],
    like: Together | None,
) -> Together | None:
    """Segments pulled together, where some have fewer than ten such exits and that is better than laws apart."""
    seen = np.bincount(segment[ended], minlength=len(log.segments))
    if len(log.segments) < 3 or (like is None and not np.any(seen < FEW)):
        return None
    found = together(days, ended, segment, len(log.segments), log.resolution, law)
    if found is None or like is not None:
        return found
    distinct = {id(one): one for one in apart.values()}.values()
    other = law.score - sum(one.score for one in distinct) if apart else 0.0
    return found if found.gain > other else None


def _by_segment(
    days: Floats,
    ended: NDArray[np.bool_],
    segment: Integers,
    log: Log,
    pooled: LawFit,
    pile: Pile | None,
    late: Floats | None,
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
    form = Form(pile)
    laws = [
        fit_exit(days[group], ended[group], log.resolution, form, None if late is None else late[group])[0]
        for group in groups
    ]
    if any(not law.aic for law in laws):
        return {}
    if pooled.curve is None:
        if sum(law.score for law in laws) + MARGIN >= pooled.score:
            return {}
    else:  # where no law fits, criteria of laws tell nothing
        which = np.full(days.shape, len(groups) - 1, dtype=np.int64)
        for k, group in enumerate(groups):
            which[group] = k
        if log_rank(days, ended, which, np.arange(days.size)) >= APART:
            return {}
    result = {}
    for k, name in enumerate(log.segments):
        own = np.flatnonzero(large == k)
        result[name] = laws[int(own[0])] if own.size else laws[-1]
    return result
