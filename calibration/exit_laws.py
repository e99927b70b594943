"""The law of one exit: the smooth law that explains it best, with a deadline where exits pile up at one age, with a share
that never leaves where the data can tell, and read from the data where no law fits."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.candidates import CANDIDATES, Candidate
from sojourn.calibration.compounds import with_deadlines, with_never
from sojourn.calibration.curves import curve, restricted
from sojourn.calibration.durations import (
    FEW,
    MARGIN,
    LawFit,
    criteria,
    described,
    fit_law,
    fit_laws,
    only_length,
    simplest,
)
from sojourn.calibration.goodness import judge, kaplan_meier_of
from sojourn.calibration.maxima import HOPELESS, Maximum, maxima
from sojourn.calibration.piles import find_pile
from sojourn.calibration.spells import Floats, Pile, Spells, spells

NEVER_MARGIN = 6.0  # by which AIC must prefer that a share never leaves: by chance about twice in a thousand
SOON = 0.05  # of those who leave, the share that may still be there when the watching ends, for `never` to be told
WATCHED = 10  # stays that were watched at least as long as the follow-up counts
LEVEL = 0.25  # of all exits, the share in the second half of the watching above which no level is in sight
LEAST_NEVER = 0.005  # a share that never leaves below which the law alone does
REJECTED = 0.01  # chance of so bad a fit below which a law is given up
GAP = 0.02  # of all exits: a law that strays less than this from the data is kept, however many data there are to tell


class Form(NamedTuple):
    """What a law is made of, decided once and kept when the same exit is fitted again to a part of the data."""

    pile: Pile | None = None
    never: bool | None = None  # None: the data tell
    read: bool | None = None  # from the data, not by a law; None: the data tell
    laws: tuple[str, ...] = tuple(CANDIDATES)  # that were not hopeless


def fit_exit(
    durations: Floats,
    ended: NDArray[np.bool_],
    resolution: float,
    form: Form | None = None,
    late: Floats | None = None,
) -> tuple[LawFit, Form]:
    """The law of one exit, fitted to all stays of its stage.

    Args:
        durations: shape (n,), days.
        ended: shape (n,), true where the stay ended by this exit.
        resolution: of the log, days.
        form: what the law is made of; left out, the data tell. A pile given is one to reckon with, if it is there.
        late: shape (n,), the age from which each stay was watched; left out, from its beginning.

    Returns:
        The law, and what it is made of.
    """
    exits = int(np.sum(ended))
    if exits < FEW or float(durations.max()) <= 0.0 or only_length(durations, ended):
        return fit_law(durations, ended, resolution=resolution, late=late), form or Form()
    pile = form.pile if form is not None else find_pile(durations, ended, resolution, late)
    sample = spells(durations, ended, resolution, pile, late=late)
    if pile is not None and sample.ended - sum(heap for _, heap in sample.heaps) <= 0.0:
        return _read(durations, ended, sample, None), Form(pile, False, True)
    laws = form.laws if form is not None else tuple(CANDIDATES)
    smooth = fit_laws(sample, laws)
    heaped = _with(sample, smooth, pile, laws, never=False) if pile is not None else {}
    best = heaped if heaped and _least(heaped) + MARGIN < _least(smooth) else smooth
    at = pile if best is heaped else None
    want = form.never if form is not None else None
    never: dict[str, Maximum] = {}
    if want or (want is None and _level(sample)):
        never = _with(sample, best, at, laws, never=True)
    if want is None and never and not _told(never, best, durations):
        never = {}
    law = _chosen(sample, never or best, at, durations, ended, never=bool(never))
    read = form.read if form is not None else None
    if read is None:
        read = _rejected(law)
        # The law with the best criterion fails: any other that passes is taken before the data speak alone.
        for other in sorted(best, key=lambda name: criteria(best)[name]) if read else ():
            tried = _chosen(sample, {other: best[other]}, at, durations, ended, never=False)
            if not _rejected(tried):
                return tried, Form(pile, False, False, _hopeful(best))
    made = Form(pile, bool(never), read, _hopeful(never or best))
    return (_read(durations, ended, sample, law) if read else law), made


def _hopeful(fits: Mapping[str, Maximum]) -> tuple[str, ...]:
    """Laws whose criterion is near the best, in the order of the format."""
    scores = criteria(fits)
    return tuple(name for name in CANDIDATES if scores.get(name, math.inf) <= min(scores.values()) + HOPELESS)


def candidate_of(name: str, pile: Pile | None, never: bool) -> Candidate:
    """A law of the format, with shares beside it."""
    law = CANDIDATES[name]
    law = with_never(law) if never else law
    return with_deadlines(law, [one.day for one in pile.each]) if pile is not None else law


def _with(
    sample: Spells, within: Mapping[str, Maximum], pile: Pile | None, laws: Sequence[str], *, never: bool
) -> dict[str, Maximum]:
    """The same laws with one share more: with a deadline, or with a share that never leaves."""
    begins = {}
    for name, (theta, _, _) in within.items():
        base = len(CANDIDATES[name].parameters)
        if never:
            begins[name] = np.concatenate((theta[:base], [-1.5], theta[base:]))
        else:
            odds = [math.log(max(heap, 0.5) / max(sample.ended - heap, 1.0)) for _, heap in sample.heaps]
            begins[name] = np.append(theta, odds)
    # A law that is hopeless alone may be the best beside such a share.
    return maxima(sample, {name: candidate_of(name, pile, never) for name in laws}, begins)


def _least(fits: Mapping[str, Maximum]) -> float:
    return min(criteria(fits).values())


def _level(sample: Spells) -> bool:
    """Whether Kaplan-Meier has become level above 0: without that a share that never leaves need not be looked for."""
    times, survival, _ = kaplan_meier_of(sample)
    watched = np.sort(np.concatenate((times, sample.open_times)))[-1]
    halfway = float(survival[max(int(np.searchsorted(times, 0.5 * watched, side="right")) - 1, 0)])
    last = float(survival[-1])
    return last >= LEAST_NEVER and halfway - last <= LEVEL * (1.0 - last)


def _told(never: Mapping[str, Maximum], best: Mapping[str, Maximum], days: Floats) -> bool:
    """Whether the data can tell that a share never leaves.

    AIC must prefer it by a margin, and the watching must be long against the law of those who leave: of them at most one in
    twenty may still be there at the age to which ten stays were watched (Maller and Zhou 1996 on sufficient follow-up).
    """
    if _least(never) + NEVER_MARGIN >= _least(best):
        return False
    name = simplest(never)
    watched = np.sort(days)[-WATCHED] if days.size >= WATCHED else 0.0
    theta = never[name][0][: len(CANDIDATES[name].parameters)]
    return watched > 0.0 and float(CANDIDATES[name].log_survival(theta, np.array([watched]))[0]) <= math.log(SOON)


def _chosen(
    sample: Spells,
    fits: Mapping[str, Maximum],
    pile: Pile | None,
    days: Floats,
    ended: NDArray[np.bool_],
    *,
    never: bool,
) -> LawFit:
    name = simplest(fits)
    candidate = candidate_of(name, pile, never)
    law = described(name, candidate, fits[name], days, ended, criteria(fits), pile)
    return replace(law, goodness=judge(sample, candidate, fits[name]))


def _rejected(law: LawFit) -> bool:
    fitness = law.goodness
    return fitness is not None and fitness.chance < REJECTED and fitness.gap > GAP


def _read(days: Floats, ended: NDArray[np.bool_], sample: Spells, law: LawFit | None) -> LawFit:
    """The law read from the data; how far it goes is how long stays were watched."""
    points, never = curve(sample)
    middle, spread = restricted(sample)
    done = days[ended]
    return LawFit(
        law="empirical",
        parameters={},
        errors={},
        complete=int(done.size),
        censored=int(days.size - done.size),
        zeros=int(np.sum(done == 0.0)),
        log_likelihood=law.log_likelihood if law is not None else 0.0,
        mean=middle if never == 0.0 else math.inf,
        mean_error=spread if never == 0.0 else math.inf,
        naive_mean=float(done.mean()),
        aic=law.aic if law is not None else {},
        never=never,
        curve=points,
        goodness=law.goodness if law is not None else None,
    )
