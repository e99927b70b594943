"""The runs behind commitment: strategies in force throughout, longer than what is observed, in three samples.

One sample shows how to form cells, one estimates their chances, one is counted. Replications of the same number hold the same
customers under every strategy.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from sojourn.experiments.commitment_crossings import Followed
from sojourn.experiments.commitment_points import Valued
from sojourn.experiments.commitment_states import Goal, Moments, ages_of, joined, observe, waits
from sojourn.experiments.commitment_worth import Purse, campaign_cost, joining
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.plans import Plan
from sojourn.sim.journeys import Floats, Journeys
from sojourn.sim.money import overhead
from sojourn.sim.network import Network
from sojourn.sim.run import simulate
from sojourn.sim.sharing import in_turn, processors

Plans = Mapping[str, Plan]
Progress = Callable[[int, int], None]


class Setting(NamedTuple):
    """What all runs share."""

    seed: int
    replications: int  # of each sample
    customers: int | None  # who arrive in the observed days
    follow: float  # days for which customers are counted


class Estimating(NamedTuple):
    """The second sample of a run: moments, what follows them in money, and what the strategy costs."""

    moments: Moments
    valued: Valued
    fixed_a_day: float  # overhead a day
    active: float  # mean number of customers who are at no end
    extra: float  # all costs of levers and desks by the end of the observed days, undiscounted, a replication


class Counting(NamedTuple):
    """The third sample of a run."""

    moments: Moments
    people: Followed


def in_force(scenario: Scenario, plans: Mapping[str, Plans], horizon: float) -> Scenario:
    """The scenario with another horizon and with strategies that stand still: each lever at the highest level of its plan.

    While levels move, a chance depends on the day as well as on the state; with levels that stand still it does not.
    """
    document = scenario.document()
    document.pop("variants", None)
    document["scenario"]["horizon_days"] = horizon
    document["strategies"] = {
        name: {lever: _constant(plan) for lever, plan in levers.items()} for name, levers in plans.items()
    }
    return Scenario.model_validate(document)


def _constant(plan: Plan) -> dict[str, Any]:
    level = {"level": max(step.level for step in plan.steps)}
    return level if plan.when is None else {**level, "when": plan.when}


def followed_days(scenario: Scenario) -> float:
    """For how long customers can be followed: half the horizon, or from the last arrival on where that is longer."""
    horizon = scenario.about.horizon_days
    last = 0.0 if scenario.arrivals.cohort is not None else min(scenario.arrivals.until_day or horizon, horizon)
    return max(horizon / 2.0, horizon - last)


class Runner:
    """Simulates samples of networks, several replications at a time, and tells how far it is."""

    def __init__(
        self, setting: Setting, goal: Goal, scenario: Scenario, progress: Progress | None = None, steps: int = 0
    ) -> None:
        self.setting, self.goal = setting, goal
        self._progress, self._steps, self._done = progress, steps, 0
        self.customers = setting.customers
        if setting.customers is not None and scenario.arrivals.cohort is None:
            whole, part = (scenario.arrivals.expected(days) for days in (goal.observed + goal.within, goal.observed))
            more = whole / part if part > 0.0 else 1.0
            self.customers = max(round(setting.customers * more), 1)  # the same number a day

    def ages(self, network: Network) -> tuple[Floats, ...]:
        """Ages at which to look, by stage, from the first replication."""
        return ages_of([self._live(network, 0)], self.goal)

    def shape(self, network: Network, ages: Sequence[Floats]) -> Moments:
        """Moments of the sample that forms cells."""
        return joined([m for _, m in self._each(network, ages, 0)])

    def estimate(self, network: Network, ages: Sequence[Floats]) -> Estimating:
        """The sample that estimates."""
        parts, valued, active, costs = [], [], 0.0, 0.0
        observed = self.goal.observed
        for journeys, moments in self._each(network, ages, 1):
            purse = Purse(journeys, network)
            who = journeys.who[moments.row]
            valued.append(
                Valued(
                    journeys.customers.customer[who],
                    np.full(who.size, journeys.replication, dtype=np.int64),
                    purse.window(who, moments.time, self.goal.within),
                    purse.active(who, moments.time, self.goal.within),
                    joining(journeys, network, moments.row),
                )
            )
            parts.append(moments)
            active += purse.active_days(observed) / observed
            costs += campaign_cost(journeys, network, observed)
        number = self.setting.replications
        fixed = overhead(network, observed, discounted=False)
        together = Valued(*(np.concatenate(columns) for columns in zip(*valued, strict=True)))
        return Estimating(joined(parts), together, fixed / observed, active / number, fixed + costs / number)

    def count(self, network: Network, ages: Sequence[Floats]) -> Counting:
        """The sample that is counted."""
        parts, people = [], []
        for journeys, moments in self._each(network, ages, 2):
            parts.append(moments)
            people.append(self._people(journeys))
        together = {
            name: np.concatenate([getattr(one, name) for one in people]) for name in Followed._fields if name != "days"
        }
        return Counting(joined(parts), Followed(days=self.setting.follow, **together))

    def skip(self, samples: int) -> None:
        """Count samples as done that theory makes superfluous."""
        for _ in range(samples * self.setting.replications):
            self._tell()

    def _tell(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._steps)

    def _people(self, journeys: Journeys) -> Followed:
        done, own = waits(journeys, self.goal), journeys.customers
        row = np.minimum(done.row, journeys.events.stage.size - 1)
        return Followed(
            own.customer,
            np.full(own.customer.size, journeys.replication, dtype=np.int64),
            own.arrived,
            own.arrived + self.setting.follow <= self.goal.observed + 1e-9,
            self.setting.follow,
            done.kind,
            done.time,
            np.where(done.kind > 0, journeys.events.stage[row], np.int16(-1)).astype(np.int16),
        )

    def _each(self, network: Network, ages: Sequence[Floats], sample: int) -> Iterator[tuple[Journeys, Moments]]:
        """Replications of a sample in order, with moments whose customers are numbered over the whole sample."""
        first, offset = sample * self.setting.replications, 0
        for journeys, moments in self._map(
            lambda r: self._seen(network, ages, r), range(first, first + self.setting.replications)
        ):
            yield journeys, moments._replace(who=moments.who + offset)
            offset += journeys.customers.customer.size
            self._tell()

    def _map(self, work: Callable[[int], Any], replications: Iterable[int]) -> Iterator[Any]:
        workers = min(processors(), self.setting.replications)
        if workers <= 1:
            yield from map(work, replications)
            return
        pool = ThreadPoolExecutor(workers)
        try:
            yield from in_turn(pool, work, replications, workers + 1)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _seen(self, network: Network, ages: Sequence[Floats], replication: int) -> tuple[Journeys, Moments]:
        journeys = self._live(network, replication)
        return journeys, observe(journeys, network, self.goal, ages)

    def _live(self, network: Network, replication: int) -> Journeys:
        return simulate(network, seed=self.setting.seed, replication=replication, customers=self.customers)
