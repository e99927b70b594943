"""A scenario under one strategy, as flat tables: all that engines read."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sojourn.scenarios.conditions import Name, Op, parse
from sojourn.scenarios.faults import Fault, Faults, nearest
from sojourn.scenarios.lawtable import LawTable
from sojourn.scenarios.model import Desk, Effect, Scenario, Stage
from sojourn.sim import tables
from sojourn.sim.journeys import SOURCES
from sojourn.sim.schedules import Path, capacity, grid, intake, path_of
from sojourn.sim.tables import CHOICE, END, MAX_BANDS, RACE, Tables

MULTIPLIES = ("hazard_ratio", "time_ratio", "rate_ratio", "handle_ratio")  # scales given as ratios: their log adds up


@dataclass(frozen=True)
class Network:
    """A scenario under one strategy."""

    scenario: Scenario
    strategy: str
    tables: Tables
    paths: tuple[Path, ...]  # of levels, by lever

    @property
    def stages(self) -> tuple[str, ...]:
        """Stage names in the order of the file; tables and logs hold their index."""
        return tuple(self.scenario.stages)

    @property
    def segments(self) -> tuple[str, ...]:
        """Segment names in the order of the file."""
        return tuple(self.scenario.segments)

    @property
    def desks(self) -> tuple[str, ...]:
        """Desk names in the order of the file."""
        return tuple(self.scenario.desks)

    @property
    def levers(self) -> tuple[str, ...]:
        """Lever names in the order of the file; bit k of `Events.held` belongs to lever k."""
        return tuple(self.scenario.levers)

    @cached_property
    def _by_segment(self) -> tuple[Scenario, ...]:
        return tuple(self.scenario.for_segment(name) for name in self.segments)

    def segment_stage(self, segment: int, stage: int) -> Stage:
        """A stage as one segment meets it, with that segment's overrides."""
        return self._by_segment[segment].stages[self.stages[stage]]

    def segment_scenario(self, segment: int) -> Scenario:
        """The scenario as one segment meets it."""
        return self._by_segment[segment]

    def path(self, lever: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """A lever's level as nodes of a piecewise straight line (days, levels); a jump is two nodes on one day."""
        return self.paths[self.levers.index(lever)].nodes

    def levels(self, lever: str, times: ArrayLike) -> NDArray[np.float64]:
        """A lever's level at each of `times` (days)."""
        return self.paths[self.levers.index(lever)].at(np.asarray(times, dtype=np.float64))

    def agents(self, desk: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Agents on duty at a desk as steps: from each of `days` on, so many; days[0] = 0."""
        row = self.tables.desks[self.desks.index(desk)]
        rows = self.tables.agents[row["agents_first"] : row["agents_first"] + row["agents_count"]]
        return rows["day"].copy(), rows["agents"].copy()

    @property
    def coupled(self) -> bool:
        """Whether customers compete: for a desk, or for room in a finite market."""
        finite = self.scenario.market is not None and self.scenario.market.size is not None
        return finite or any(stage.desk is not None for stage in self.scenario.stages.values())


def check_strategies(scenario: Scenario, names: Sequence[str]) -> tuple[str, ...]:
    """The names as a tuple; raises Faults for one that the scenario lacks."""
    known = tuple(scenario.strategies)
    faults = [
        Fault(scenario.about.name, "strategies", name, f'no strategy named "{name}"', nearest(name, known))
        for name in names
        if name not in known
    ]
    if faults:
        raise Faults(tuple(faults))
    return tuple(names)


def build(scenario: Scenario, strategy: str) -> Network:
    """The network of one strategy. Raises Faults for a strategy that the scenario lacks."""
    (strategy,) = check_strategies(scenario, [strategy])
    return _Builder(scenario, strategy).network()


def logged(effect: Effect) -> float:
    """An effect's central value on the scale on which effects add up: logs of ratios, else as it is."""
    return math.log(effect.range.central) if effect.scale in MULTIPLIES else effect.range.central


class _Builder:
    """Collects rows; each method fills one table."""

    def __init__(self, scenario: Scenario, strategy: str) -> None:
        self.scenario = scenario
        self.strategy = strategy
        self.plans = scenario.strategies[strategy]
        self.laws = LawTable()
        self.stage_index = {name: k for k, name in enumerate(scenario.stages)}
        self.segment_index = {name: k for k, name in enumerate(scenario.segments)}
        self.lever_index = {name: k for k, name in enumerate(scenario.levers)}
        self.desk_index = {name: k for k, name in enumerate(scenario.desks)}
        self.slots: dict[str, int] = {}
        self.rows: dict[str, list[tuple[float, ...]]] = {
            name: [] for name in ("stages", "exits", "felt", "terms", "levers", "steps", "codes", "segments", "desks",
                                  "ranks", "agents", "starts")
        }  # fmt: skip
        self.paths = tuple(path_of(self.plans[name].steps if name in self.plans else ()) for name in scenario.levers)

    def network(self) -> Network:
        scenario = self.scenario
        horizon = scenario.about.horizon_days
        for name in scenario.levers:
            self.lever(name)
        total = math.fsum(segment.share for segment in scenario.segments.values())
        share = 0.0
        for g, name in enumerate(scenario.segments):
            share += scenario.segments[name].share / total
            own = scenario.for_segment(name)
            self.segment(own, share, scenario.segments[name].spend_ratio)
            for stage in own.stages:
                self.stage(own, stage, self.rows["stages"], g)
            for desk in own.desks:
                self.desk(own, desk)
        share, total = 0.0, math.fsum(scenario.starts.values())
        for stage, part in scenario.starts.items():
            share += part / total
            self.rows["starts"].append((share, self.stage_index[stage]))
        arrivals = self.terms(scenario, "arrivals", "", ("rate_ratio",))
        self.guard_bands(arrivals)
        breaks, response = grid(self.paths, [scenario.levers[name].response for name in scenario.levers], horizon)
        size = scenario.market.size if scenario.market is not None and scenario.market.size is not None else -1
        cohort = scenario.arrivals.cohort if scenario.arrivals.cohort is not None else -1
        run = (len(scenario.stages), len(scenario.desks), len(self.slots), horizon, cohort, size, *arrivals)
        laws, points = self.laws.done()
        made = {name: table(getattr(tables, KINDS[name]), rows) for name, rows in self.rows.items()}
        net = Tables(
            run=table(tables.RUN, [run]),
            intake=table(tables.INTAKE, intake(scenario)),
            laws=laws,
            points=points,
            breaks=breaks,
            response=response,
            sinces=np.array([self.stage_index[name] for name in self.slots], dtype=np.int64),
            **made,
        )
        return Network(scenario, self.strategy, net, self.paths)

    # --- levers and what they act on ------------------------------------------------------------------------

    def lever(self, name: str) -> None:
        lever = self.scenario.levers[name]
        path = self.paths[self.lever_index[name]]
        first = len(self.rows["steps"])
        self.rows["steps"] += path.steps
        when = self.plans[name].when if name in self.plans else None
        codes = self.codes(when)
        half, slope = (lever.response.half, lever.response.slope) if lever.response is not None else (0.0, 1.0)
        self.rows["levers"].append(
            (first, len(path.steps), *codes, half, slope, lever.cost.per_customer, lever.cost.per_referral)
        )

    def codes(self, condition: str | None) -> tuple[int, int]:
        """A condition's rows: first and count."""
        first = len(self.rows["codes"])
        index = {
            Name.SEGMENT: self.segment_index,
            Name.STAGE: self.stage_index,
            Name.SOURCE: {name: k for k, name in enumerate(SOURCES)},
        }
        for op, name, value in parse(condition).code if condition else ():
            number = index[Name(name)][value] if isinstance(value, str) and op not in (Op.AND, Op.OR, Op.NOT) else value
            self.rows["codes"].append((int(op), int(name), float(number)))
        return first, len(self.rows["codes"]) - first

    def terms(self, own: Scenario, kind: str, target: str, scales: tuple[str, ...]) -> tuple[int, int]:
        """The rows of all lever effects on one target: first and count."""
        first = len(self.rows["terms"])
        for name, lever in own.levers.items():
            for effect in lever.effects:
                if effect.target == (kind, target) and effect.scale in scales:
                    slot = self.slots.setdefault(effect.since, len(self.slots)) if effect.since is not None else -1
                    start, end = effect.days if effect.days is not None else (0.0, math.inf)
                    self.rows["terms"].append((self.lever_index[name], logged(effect), slot, start, end))
        return first, len(self.rows["terms"]) - first

    def guard_bands(self, span: tuple[int, int]) -> None:
        """Extra arrivals have room for 64 times the base stream."""
        highest = sum(max(row[1], 0.0) for row in self.rows["terms"][span[0] : span[0] + span[1]])
        if math.exp(highest) > MAX_BANDS:
            raise Faults(
                (
                    Fault(
                        self.scenario.about.name,
                        "levers",
                        f"{math.exp(highest):.3g}",
                        f"levers can multiply arrivals by {math.exp(highest):.3g}",
                        f"keep their rate_ratio below {MAX_BANDS} in all, or raise the rate of arrivals itself",
                    ),
                )
            )

    # --- customers and stages -------------------------------------------------------------------------------

    def segment(self, own: Scenario, share: float, spend: float) -> None:
        s = own.satisfaction
        if s is None:
            self.rows["segments"].append((share, spend, 0, *[0.0] * 8))
            return
        start = (s.start.mean, s.start.sd, s.expectation.mean, s.expectation.sd)
        self.rows["segments"].append((share, spend, 1, *start, s.gain, s.loss_aversion, s.learning, s.recovery))

    def stage(self, own: Scenario, name: str, rows: list[tuple[float, ...]], g: int) -> None:
        stage = own.stages[name]
        touch, use, invites = stage.touchpoint, stage.desk, stage.referrals
        kind = {"end": END, "choice": CHOICE, "race": RACE}[stage.kind]
        exits_first = len(self.rows["exits"])
        for to in stage.choices if kind == CHOICE else stage.race if kind == RACE else ():
            self.exit(own, name, to)
        asks = -math.inf
        if use is not None and use.probability > 0.0:
            asks = math.log(use.probability / (1.0 - use.probability)) if use.probability < 1.0 else math.inf
        rows.append(
            (
                kind, exits_first, len(self.rows["exits"]) - exits_first,
                self.laws.add(stage.dwell), stage.role == "purchase",
                self.laws.add(stage.revenue), self.laws.add(stage.cost), stage.acquisition_cost,
                touch is not None and own.satisfaction is not None,
                touch.performance if touch is not None else 0.0, touch.sd if touch is not None else 0.0,
                self.desk_index[use.name] if use is not None else -1, asks,
                invites.rate_per_day if invites is not None else 0.0,
                self.stage_index[invites.enters] if invites is not None else -1,
                *self.terms(own, "touchpoint", name, ("points",)),
                *self.terms(own, "demand", name, ("log_odds",)),
                *self.terms(own, "spend", name, ("rate_ratio",)),
                *self.terms(own, "referrals", name, ("rate_ratio",)),
            )
        )  # fmt: skip

    def exit(self, own: Scenario, stage: str, to: str) -> None:
        here, name = own.stages[stage], f"{stage} -> {to}"
        if here.kind == "choice":
            probability = here.choices[to].probability
            weight = math.log(probability) if probability > 0.0 else -math.inf
            dwell = self.laws.add(here.choices[to].dwell or here.dwell)
        else:
            weight, dwell = 0.0, self.laws.add(here.race[to])
        per_point = 0.0
        for effect in own.satisfaction.effects if own.satisfaction is not None else ():
            if effect.exit == name:
                per_point += (
                    effect.log_odds if effect.log_odds is not None else math.log(effect.hazard_ratio or 1.0)
                ) / 10.0
        load = own.frailty.loads.get(name, 0.0) if own.frailty is not None else 0.0
        felt_first = len(self.rows["felt"])
        for desk in own.desks:
            waited, failure = direct(own.desks[desk], name)
            if waited or failure:
                self.rows["felt"].append((self.desk_index[desk], waited, failure))
        terms = self.terms(own, "exit", name, ("log_odds", "hazard_ratio"))
        pace_first = self.terms(own, "dwell", name, ("time_ratio",))[0]
        self.terms(own, "dwell", stage, ("time_ratio",))
        self.rows["exits"].append(
            (
                self.stage_index[to], dwell, weight, per_point, load,
                felt_first, len(self.rows["felt"]) - felt_first,
                *terms, pace_first, len(self.rows["terms"]) - pace_first,
            )
        )  # fmt: skip

    def desk(self, own: Scenario, name: str) -> None:
        desk = own.desks[name]
        ranks_first = len(self.rows["ranks"])
        for condition in desk.priority:
            self.rows["ranks"].append(self.codes(condition))
        handle = self.terms(own, "desk", name, ("handle_ratio",))
        agents_first = len(self.rows["agents"])
        effects = [
            (self.lever_index[lever], effect.range.central)
            for lever in own.levers
            for effect in own.levers[lever].effects
            if effect.target == ("desk", name) and effect.scale == "agents"
        ]
        responses = [self.scenario.levers[lever].response for lever in self.scenario.levers]
        self.rows["agents"] += capacity(desk.agents, effects, self.paths, responses, own.about.horizon_days)
        self.rows["desks"].append(
            (
                self.laws.add(desk.handle), self.laws.add(desk.patience), desk.tolerance, desk.points_per_day_waited,
                desk.failure_points, desk.unresolved, desk.failure_days or 0.0, *handle,
                ranks_first, len(desk.priority), agents_first, len(self.rows["agents"]) - agents_first,
            )
        )  # fmt: skip


def direct(desk: Desk, exit: str) -> tuple[float, float]:
    """What a desk does to an exit directly, log scale: per day waited, per failure felt."""
    waited = failure = 0.0
    for effect in desk.effects:
        if effect.exit != exit:
            continue
        waited += effect.log_odds_per_day_waited or math.log(effect.hazard_ratio_per_day_waited or 1.0)
        failure += effect.log_odds_per_failure or math.log(effect.hazard_ratio_per_failure or 1.0)
    return waited, failure


KINDS = {
    "stages": "STAGE", "exits": "EXIT", "felt": "FELT", "terms": "TERM", "levers": "LEVER", "steps": "STEP",
    "codes": "CODE", "segments": "SEGMENT", "desks": "DESK", "ranks": "RANK", "agents": "AGENTS", "starts": "START",
}  # fmt: skip


def table(kind: "np.dtype[np.void]", rows: Sequence[tuple[float, ...]]) -> NDArray[np.void]:
    """Rows as an array of one table's dtype."""
    return np.array([tuple(row) for row in rows], dtype=kind)
