"""The verdict on a fit: where the model may be believed and where not, in words, with the figures behind them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from sojourn.calibration.fit import Fit
from sojourn.calibration.spreads import within
from sojourn.calibration.validate import Check, FitCurve, Quantity
from sojourn.scenarios.brief import brief
from sojourn.scenarios.plurals import plural
from sojourn.sim.estimates import Estimate

RATE = 0.05  # of calling anything off in a model that is right, over all items together
WIDE = 0.25  # half-width of a prediction, relative to it, beyond which the data cannot tell much
WIDE_SHARE = 0.03  # and for shares, in points besides
SLIGHT = 0.05  # relative error up to which what is proven to be off is still good enough
SLIGHT_SHARE = 0.01  # for shares, points up to which it is
NAMED = 4  # items that a line names

Call = Literal["yes", "slightly off", "in doubt", "no", "cannot tell"]
Kind = Literal["figure", "curve", "distance"]


class Item(NamedTuple):
    """One thing that was asked of the model.

    Attributes:
        name, unit, about: as in JSON; in words.
        kind: what it is; a curve is asked as a whole, by the largest gap to its band.
        stage: whose it is; empty where it is of all.
        observed: the figure of the customers held out with its sampling error; of a curve, at its end; of a distance, to the
            simulation.
        simulated: where that of so many new customers should lie nine times in ten; of a distance, what chance alone gives
            (simulated against simulated), its upper end the 95 % point.
        naive: what the plainest model gives: frequencies and means of finished stays.
        unfinished: the figure observed, had unfinished stays been left out; None where that is not asked.
        chance: p value of this item alone; `adjusted`: of all together.
        gap: how far off, in the unit; of a curve, where it is farthest.
        until: of a curve that leaves its band, the day when it first does.
        n: customers or stays behind the observed figure.
    """

    name: str
    unit: str
    about: str
    kind: Kind
    stage: str
    observed: Estimate
    simulated: Estimate
    naive: float | None
    unfinished: float | None
    chance: float
    adjusted: float
    gap: float
    until: float | None
    n: int
    call: Call

    @property
    def inside(self) -> bool:
        """Whether the observed figure lies in the 90 % interval of the simulated one."""
        return within(self.observed, self.simulated)

    @property
    def sides(self) -> str:
        """`simulated 1.9, observed 2.6`."""
        return f"simulated {_told(self.simulated.mean, self.unit)}, observed {_told(self.observed.mean, self.unit)}"


def call(
    kind: Kind,
    unit: str,
    observed: Estimate,
    simulated: Estimate,
    chance: float,
    adjusted: float,
    gap: float,
    grain: float = 0.0,
) -> Call:
    """Whether the model may be believed in one item.

    Off is what would come about in fewer than one of twenty logs of a model that is right, all items counted together; in
    doubt what would, but rarely by itself. What is off by so little that no decision turns on it is told apart, and so is what
    is predicted so vaguely that it could hardly have been off. Nothing turns on less than `grain`.
    """
    share = unit.startswith("share")
    little = kind != "distance" and gap <= max(
        SLIGHT * abs(observed.mean or 0.0), SLIGHT_SHARE if share else 0.0, grain
    )
    if adjusted <= RATE:
        return "no" if not little else "slightly off" if gap > grain else "yes"
    if chance <= RATE and not little:
        return "in doubt"
    if kind != "distance" and simulated.low is not None and simulated.high is not None:
        half = 0.5 * (simulated.high - simulated.low)
        if half > WIDE * abs(simulated.mean or 0.0) and half > (WIDE_SHARE if share else grain):
            return "cannot tell"
    return "yes"


@dataclass(frozen=True)
class Verdict:
    """What was asked of a fit, and where it may be believed.

    Attributes:
        fit: to the customers that it could see.
        said: how the customers were split.
        how: "time" or "customer"; `day` is that of the split by time.
        items: everything asked, figures first, then curves, then distances.
        curves: observed and simulated shares by day; the band of the simulated one holds for the whole curve at once.
        reasons: what may be behind what is off, in sentences.
        naive_lines: what leaving unfinished stays out would have said, in sentences.
        replications: simulated copies.
        customers_fitted, customers_held_out: how many.
        notes: on the verdict itself, in sentences.
    """

    fit: Fit
    said: str
    how: str
    day: float | None
    items: tuple[Item, ...]
    curves: tuple[FitCurve, ...]
    reasons: tuple[str, ...]
    naive_lines: tuple[str, ...]
    replications: int
    customers_fitted: int
    customers_held_out: int
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return brief(self, plural(self.replications, "simulated copy", "simulated copies"), answer=self.sentence)

    @property
    def figures(self) -> tuple[Item, ...]:
        """What has an interval of its own."""
        return tuple(item for item in self.items if item.kind == "figure")

    @property
    def distances(self) -> tuple[Item, ...]:
        """Distances of whole sets of journeys."""
        return tuple(item for item in self.items if item.kind == "distance")

    @property
    def believed(self) -> bool:
        """Whether nothing is off."""
        return all(item.call != "no" for item in self.items)

    @property
    def coverage(self) -> tuple[int, int]:
        """How many observed figures lie in their 90 % prediction interval, and of how many."""
        told = [item for item in self.figures if item.simulated.low is not None and item.observed.mean is not None]
        return sum(item.inside for item in told), len(told)

    @property
    def check(self) -> Check:
        """Figures and curves in the form of the check of `calibrate`, as pictures take them."""
        told = tuple(
            Quantity(i.name, i.unit, i.observed, i.simulated, i.unfinished, i.n) for i in self.figures if i.stage
        )
        return Check(told, self.curves, self.customers_fitted, self.customers_held_out)

    @property
    def sentence(self) -> str:
        """How many figures lie where they should, in a sentence."""
        inside, number = self.coverage
        return (
            f"{inside} of {number} figures of {self.customers_held_out:,} customers held out lie in their 90 % prediction "
            f"interval ({self.said})."
        )

    def lines(self) -> tuple[str, ...]:
        """The verdict: what to believe, what not and why, what the data cannot tell, and how it was asked."""
        return tuple(line for line in self._lines() if line)

    def _lines(self) -> Iterator[str]:
        by_call: dict[str, list[Item]] = {}
        for item in self.items:
            by_call.setdefault(item.call, []).append(item)
        good = [*by_call.get("yes", []), *by_call.get("slightly off", [])]
        bad = by_call.get("no", [])
        early = [f"{item.about} up to {item.until:,.0f} days" for item in bad if item.until is not None]
        if good or early:
            limit = f", up to {self.curves[0].observed.x[-1]:,.0f} days from the start" if self.curves else ""
            yield f"Believe{limit}: {'; '.join([*self._gathered(good), *early])}."
        else:
            yield "Believe: nothing that was asked."
        if bad:
            worst = sorted(bad, key=lambda item: (item.adjusted, item.kind != "figure", -_relative(item)))
            why = f" Why: {' '.join(self.reasons)}" if self.reasons else ""
            yield f"Do not believe: {_listed([self._off(item) for item in worst], NAMED)}.{why}"
        doubtful = by_call.get("in doubt", [])
        if doubtful:
            told = _listed([self._off(item) for item in doubtful], NAMED)
            yield f"In doubt (rare by chance, but so much was asked that one may be): {told}."
        slight = by_call.get("slightly off", [])
        if slight:
            yield f"Off, but by little: {_listed([self._off(item) for item in slight], NAMED)}."
        vague = by_call.get("cannot tell", [])
        if vague:
            yield f"Too few data to tell: {'; '.join(self._gathered(vague))}."
        yield self.sentence
        yield from self.notes

    def _gathered(self, chosen: list[Item]) -> list[str]:
        """Items in words, stage by stage; a stage of which everything asked is among them is named as a whole."""
        order = {name: k for k, name in enumerate(self.fit.log.stages)}
        stages = sorted({item.stage for item in chosen if item.stage}, key=lambda name: order[name])
        asked = {name: sum(item.stage == name for item in self.items) for name in stages}
        mine = {name: [item for item in chosen if item.stage == name] for name in stages}
        whole = [name for name in stages if len(mine[name]) == asked[name]]
        told = [f"everything asked of {_and(whole)}"] if whole else []
        for name in stages:
            if name not in whole:
                told.append(f"of {name}: {_and(dict.fromkeys(_short(item) for item in mine[name]))}")
        return told + [item.about for item in chosen if not item.stage]

    def _off(self, item: Item) -> str:
        if item.kind == "distance":
            chance = _told(item.simulated.mean, item.unit)
            return f"{item.about} (distance {_told(item.observed.mean, item.unit)}, of which chance gives {chance})"
        if item.kind == "curve":
            after = f" beyond {item.until:,.0f} days" if item.until is not None else ""
            return f"{item.about}{after} (off by up to {100.0 * item.gap:.0f} points)"
        return f"{item.about} ({item.sides})"


def _short(item: Item) -> str:
    """An item in words, where its stage is named before."""
    kind, _, rest = item.name.partition(".")
    to = rest.removeprefix(f"{item.stage}.")
    return {
        "reach": "how many reach it",
        "time_to": "when",
        "step": f"the way to {to}",
        "dwell": "days",
        "visits": "visits",
        "standing": "how many are there at the end",
        "return": "coming back after the first visit" if to == "first" else "coming back later",
    }.get(kind, item.about)


def _relative(item: Item) -> float:
    return item.gap / max(abs(item.observed.mean or 0.0), 1e-9)


def _told(value: float | None, unit: str) -> str:
    if value is None:
        return "undefined"
    if unit.startswith("share"):
        return f"{100.0 * value:.{0 if value >= 0.0995 else 1}f} %"
    said = f"{value:,.0f}" if abs(value) >= 99.5 else f"{value:.2g}" if abs(value) < 0.995 else f"{value:.{1}f}"
    return f"{said} days" if unit.startswith("days") else said


def _and(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _listed(parts: list[str], most: int) -> str:
    shown = parts[:most]
    if len(parts) > most:
        shown.append(f"{len(parts) - most} more")
    return "; ".join(shown)
