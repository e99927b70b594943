"""Mixes of lever levels, as strategies of a scenario, and what a mix brings on given customers."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from sojourn.experiments.coalitions import unpriced
from sojourn.scenarios.files import overlay
from sojourn.scenarios.model import Plan, Scenario, Step
from sojourn.sim.estimating import Part, Parts
from sojourn.sim.journeys import Floats, Journeys
from sojourn.sim.keeping import Keeper
from sojourn.sim.lives import Lives
from sojourn.sim.measures import measured
from sojourn.sim.money import agents_pay, book, by_segment, overhead
from sojourn.sim.network import Network, build
from sojourn.sim.run import simulate

NAME = "optimised"
SPENDING = "spending"  # beside the measures: what levers cost, and agents beyond the baseline's, discounted to day 0
DIGITS = 2  # of levels: finer than any lever is set
DAYS = 0  # of starting days


class Mix(NamedTuple):
    """A level for each lever, from 0 to 1, and the day from which it holds."""

    levels: tuple[float, ...]
    days: tuple[float, ...]


@dataclass(frozen=True)
class Mixer:
    """Turns mixes of some levers into strategies; every other lever stays as the baseline has it."""

    scenario: Scenario
    baseline: str
    levers: tuple[str, ...]
    scheduled: bool
    latest: float
    """The last day on which a lever may start; in days."""

    @property
    def size(self) -> int:
        """How many numbers a mix has."""
        return len(self.levers) * (2 if self.scheduled else 1)

    def mix(self, point: Floats | Sequence[float]) -> Mix:
        """The mix of a point of the unit cube, rounded to what people would set: levels first, then starting days."""
        numbers = np.clip(np.asarray(point, dtype=np.float64), 0.0, 1.0)
        levels = tuple(round(float(one), DIGITS) for one in numbers[: len(self.levers)])
        if not self.scheduled:
            return Mix(levels, (0.0,) * len(levels))
        days = (round(float(one) * self.latest, DAYS) for one in numbers[len(self.levers) :])
        return Mix(levels, tuple(day if level else 0.0 for level, day in zip(levels, days, strict=True)))

    def point(self, mix: Mix) -> Floats:
        """The point of a mix; shape (size,)."""
        days = [day / self.latest for day in mix.days] if self.scheduled else []
        return np.array([*mix.levels, *days])

    def own(self) -> Mix:
        """The mix nearest to the baseline: the levels with which it begins, held throughout."""
        network = self.network(None)
        now = [float(network.levels(name, 0.0)) for name in self.levers]
        return self.mix([*now, *([0.0] * (self.size - len(now)))])

    def plans(self, mix: Mix) -> dict[str, Any]:
        """The strategy that a mix is, as a scenario file says it. A lever is for whom the baseline has it for."""
        own = dict(self.scenario.strategies[self.baseline])
        for name, level, day in zip(self.levers, mix.levels, mix.days, strict=True):
            own[name] = Plan((Step(day=day, level=level),), own[name].when if name in own else None)
        return {name: _written(plan) for name, plan in own.items()}

    def network(self, mix: Mix | None, *, free: bool = False) -> Network:
        """The scenario under a mix, None for the baseline itself; `free` where no lever costs anything."""
        document = self.scenario.document()
        strategies = document.get("strategies") or {}
        name = self.baseline
        if mix is not None:
            name, document = NAME, {**document, "strategies": {**strategies, NAME: self.plans(mix)}}
        return build(overlay(unpriced(document, self.scenario.levers) if free else document, {}), name)


def _written(plan: Plan) -> Any:
    """A plan as a person would write it: a level where it is one throughout, else its steps, and for whom."""
    steps = [
        {"day": one.day, "level": one.level, **({"ramp_days": one.ramp_days} if one.ramp_days else {})}
        for one in plan.steps
    ]
    constant = len(plan.steps) == 1 and not plan.steps[0].day and not plan.steps[0].ramp_days
    if plan.when is None:
        return plan.steps[0].level if constant else steps
    return {**({"level": plan.steps[0].level} if constant else {"steps": steps}), "when": plan.when}


class Evaluator:
    """Runs mixes on the same customers, replication by replication, and remembers what came out."""

    def __init__(
        self,
        mixer: Mixer,
        measures: Iterable[str],
        *,
        seed: int,
        customers: int | None,
        workers: int,
        kept: Keeper | None = None,
    ) -> None:
        self.mixer, self.measures = mixer, tuple(dict.fromkeys(measures))
        self._seed, self._customers, self._workers, self._kept = seed, customers, workers, kept
        self._found: dict[Mix | None, list[Parts]] = {}

    def __call__(self, mix: Mix | None, replications: int) -> list[Parts]:
        """The measures asked for and `spending` of a mix, by replication (0 to replications - 1); None is the baseline."""
        found = self._found.setdefault(mix, [])
        wanted = range(len(found), replications)
        if not wanted:
            return found[:replications]
        network, free = self.mixer.network(mix), self.mixer.network(mix, free=True)
        about = f"mix/{self._seed}/{self._customers}/{list(mix) if mix is not None else None}"

        def one(replication: int) -> Parts:
            key = f"{about}/{replication}"
            told = self._kept.get(key) if self._kept is not None else None
            if told is None:
                parts = self._simulated(network, free, replication)
                if self._kept is not None:
                    self._kept.put(key, {name: list(part) for name, part in parts.items()})
                return parts
            return {name: Part.restored(part) for name, part in told.items()}

        if self._workers > 1 and len(wanted) > 1:
            with ThreadPoolExecutor(self._workers) as pool:
                found.extend(pool.map(one, wanted))
        else:
            found.extend(map(one, wanted))
        return found[:replications]

    def _simulated(self, network: Network, free: Network, replication: int) -> Parts:
        lives = partial(simulate, seed=self._seed, replication=replication, customers=self._customers)
        journeys = lives(network)
        every = measured(Lives(journeys, network), self.measures)
        # What customers do never hangs on costs: the same lives, less what the levers' prices add to the ledger. Prices by
        # the customer and by the referral are booked as customers live; the others by the day, afterwards.
        lived = journeys
        prices = [own.levers[name].cost for own in by_segment(network) for name in network.levers]
        if any(price.per_customer or price.per_referral for price in prices):
            lived = lives(free)
        spent = _costs(journeys, network) - _costs(lived, free) + agents_pay(network, journeys.horizon, discounted=True)
        return {**{name: every[name] for name in self.measures}, SPENDING: Part("total", spent)}


def _costs(journeys: Journeys, network: Network) -> float:
    booked = float(book(journeys, network, discounted=True).cost.sum())
    return booked + overhead(network, journeys.horizon, discounted=True)
