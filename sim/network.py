"""A scenario under one strategy, as one array of cells (see `tables`): all that engines read."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sojourn.scenarios.conditions import Name, Op, parse
from sojourn.scenarios.faults import Fault, Faults, nearest
from sojourn.scenarios.history import PAST
from sojourn.scenarios.lawtable import LawTable
from sojourn.scenarios.model import ByStay, Desk, Effect, Scenario, Stage, Trait
from sojourn.scenarios.traits import Drawn, at_stay, words_of
from sojourn.sim import tables as at
from sojourn.sim.journeys import SOURCES
from sojourn.sim.schedules import Path, capacity, grid, intake, path_of
from sojourn.sim.tables import CHOICE, END, MAX_BANDS, RACE, Cells

MULTIPLIES = ("hazard_ratio", "time_ratio", "rate_ratio", "handle_ratio")  # scales given as ratios: their log adds up


@dataclass(frozen=True)
class Network:
    """A scenario under one strategy."""

    scenario: Scenario
    strategy: str
    cells: Cells
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
        net = self.cells
        row = int(net[at.DESK_ROWS]) + self.desks.index(desk) * at.DESK_WIDTH
        first, count = int(net[row + at.DESK_AGENTS_FIRST]), int(net[row + at.DESK_AGENTS_COUNT])
        steps = net[first : first + count * at.AGENTS_WIDTH].reshape(count, at.AGENTS_WIDTH)
        return steps[:, at.AGENTS_DAY].copy(), steps[:, at.AGENTS_NUMBER].astype(np.int64)

    @property
    def breaks(self) -> NDArray[np.float64]:
        """Days at which some lever's level changes; the first is 0, the last inf."""
        first, last = int(self.cells[at.BREAKS]), int(self.cells[at.RESPONSES])
        return self.cells[first:last]

    @property
    def intake(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Days, and the cumulative expected arrivals by then, straight in between."""
        first, count = int(self.cells[at.INTAKE_FIRST]), int(self.cells[at.INTAKE_COUNT])
        nodes = self.cells[first : first + count * at.INTAKE_WIDTH].reshape(count, at.INTAKE_WIDTH)
        return nodes[:, at.INTAKE_DAY], nodes[:, at.INTAKE_TOTAL]

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
    """Lays out the cells; each method puts the rows of one thing and returns its place or its row."""

    def __init__(self, scenario: Scenario, strategy: str) -> None:
        self.scenario = scenario
        self.strategy = strategy
        self.plans = scenario.strategies[strategy]
        self.table = LawTable()
        self.table.put([0.0] * at.HEADER)
        self.stage_index = {name: k for k, name in enumerate(scenario.stages)}
        self.segment_index = {name: k for k, name in enumerate(scenario.segments)}
        self.lever_index = {name: k for k, name in enumerate(scenario.levers)}
        self.desk_index = {name: k for k, name in enumerate(scenario.desks)}
        self.slots: dict[str, int] = {}
        self.widest = widest(scenario)
        self.words = {name: words_of_trait(scenario, name) for name in scenario.traits}
        self.paths = tuple(path_of(self.plans[name].steps if name in self.plans else ()) for name in scenario.levers)

    def network(self) -> Network:
        scenario, horizon = self.scenario, self.scenario.about.horizon_days
        own = [scenario.for_segment(name) for name in scenario.segments]
        responses = [part.levers[name].response for part in own for name in scenario.levers]
        levers, _ = self.rows([self.lever(part, name) for part in own for name in scenario.levers])
        stages, _ = self.rows([self.stage(part, stage) for part in own for stage in part.stages])
        desks, _ = self.rows([self.desk(part, desk) for part in own for desk in part.desks])
        shares = cumulative([segment.share for segment in scenario.segments.values()])
        spends = [segment.spend_ratio for segment in scenario.segments.values()]
        segments, _ = self.rows([self.segment(*parts) for parts in zip(own, shares, spends, strict=True)])
        places = [self.stage_index[stage] for stage in scenario.starts]
        first = self.first_laws(own)
        starts = self.rows(list(zip(cumulative(list(scenario.starts.values())), places, strict=True)))
        traits, _ = self.rows([[self.trait(name, trait)] for part in own for name, trait in part.traits.items()])
        of_stays = [self.stay_traits(part, stage) for part in own for stage in part.stages]
        by_stay = any(place >= 0 for places in of_stays for place in places)
        arrivals = self.terms(scenario, "arrivals", "", ("rate_ratio",))
        self.guard_bands()
        breaks, response = grid(self.paths * len(own), responses, horizon)
        failures = any(desk.failure_days for part in own for desk in part.desks.values())
        market = scenario.market.size if scenario.market is not None else None
        header = {
            at.HORIZON: horizon,
            at.STAGES: len(scenario.stages), at.DESKS: len(scenario.desks), at.LEVERS: len(scenario.levers),
            at.SEGMENTS: len(own),
            at.COHORT: scenario.arrivals.cohort or -1, at.MARKET: market or -1,
            at.STAGE_ROWS: stages, at.DESK_ROWS: desks, at.LEVER_ROWS: levers, at.SEGMENT_ROWS: segments,
            at.STARTS_FIRST: starts[0], at.STARTS_COUNT: starts[1],
            at.BEGINS: places[0] if first else -1,
            at.BEGINS_LAW: self.table.add(first[0]) if first and all(law == first[0] for law in first) else -1,
            **dict(zip((at.INTAKE_FIRST, at.INTAKE_COUNT), self.rows(intake(scenario)), strict=True)),
            at.ARRIVALS_FIRST: arrivals[0], at.ARRIVALS_COUNT: arrivals[1],
            at.BREAKS: self.table.put(breaks), at.RESPONSES: self.table.put(response.ravel()),
            at.SINCES: self.table.put(self.stage_index[name] for name in self.slots), at.SINCES_COUNT: len(self.slots),
            at.TRAIT_ROWS: traits, at.TRAITS_COUNT: len(scenario.traits),
            at.STAY_TRAIT_ROWS: self.rows(of_stays)[0] if by_stay else 0, at.STAY_TRAITS: by_stay,
            at.FELT_SLOTS: at.FELT_AT_ONCE if failures else 0,
            at.ALWAYS: sum(1 << k for name, k in self.lever_index.items() if self.condition(name) is None),
            # A mask of more than 53 levers is no exact cell: then each is looked at.
            at.CONDITIONAL: any(self.condition(name) is not None for name in scenario.levers) or len(scenario.levers) > 53,
            at.FRAIL: any(part.frailty is not None and any(part.frailty.loads.values()) for part in own),
            at.SATISFIED: any(part.satisfaction is not None for part in own),
            at.PAID: any(self.paid(stage) for part in own for stage in part.stages.values())
            or any(lever.cost.per_customer or lever.cost.per_referral for part in own for lever in part.levers.values()),
            at.VALUED: any(part.value is not None for part in own),
            at.INFORMED: any(stage.gathers is not None for part in own for stage in part.stages.values()),
            at.INVITING: any(stage.referrals is not None for part in own for stage in part.stages.values()),
            at.SERVED: any(stage.desk is not None for part in own for stage in part.stages.values()),
        }  # fmt: skip
        more = (at.CONDITIONAL, at.SINCES_COUNT, at.FRAIL, at.SATISFIED, at.PAID, at.INVITING, at.INFORMED)
        header[at.BARE] = not any(header[cell] for cell in more) and all(part.history is None for part in own)
        (cells,) = self.table.done()
        for place, value in header.items():
            cells[place] = value
        return Network(scenario, self.strategy, cells, self.paths)

    def rows(self, rows: Sequence[Sequence[float]]) -> tuple[int, int]:
        """Put rows one after the other; returns the place of the first, and how many."""
        return self.table.put(cell for row in rows for cell in row), len(rows)

    def first_laws(self, own: Sequence[Scenario]) -> list[Any]:
        """The laws of stays where arrivals begin, by segment and exit; none where that is not one choice stage for all."""
        begin = [part.stages[next(iter(part.starts))] for part in own]
        if len(self.scenario.starts) > 1 or not all(stage.choices for stage in begin):
            return []
        return [choice.dwell or stage.dwell for stage in begin for choice in stage.choices.values()]

    # --- levers and what they act on ------------------------------------------------------------------------

    def lever(self, own: Scenario, name: str) -> Sequence[float]:
        lever, path = own.levers[name], self.paths[self.lever_index[name]]
        half, slope = (lever.response.half, lever.response.slope) if lever.response is not None else (0.0, 1.0)
        return (
            *self.rows(path.steps),
            *self.codes(self.condition(name)),
            half,
            slope,
            lever.cost.per_customer,
            lever.cost.per_referral,
        )

    def condition(self, lever: str) -> str | None:
        """For whom the strategy pulls a lever, None for everybody."""
        return self.plans[lever].when if lever in self.plans else None

    def codes(self, condition: str | None) -> tuple[int, int]:
        """A condition's rows: place and count."""
        index = {
            Name.SEGMENT: self.segment_index,
            Name.STAGE: self.stage_index,
            Name.SOURCE: {name: k for k, name in enumerate(SOURCES)},
        }
        codes = []
        for op, name, value in parse(condition).code if condition else ():
            number = index[Name(name)][value] if isinstance(value, str) and op not in (Op.AND, Op.OR, Op.NOT) else value
            codes.append((float(op), float(name), float(number)))
        return self.rows(codes)

    def terms(self, own: Scenario, kind: str, target: str, scales: tuple[str, ...]) -> tuple[int, int]:
        """The rows of all lever effects on one target: place and count."""
        terms = []
        for name, lever in own.levers.items():
            for effect in lever.effects:
                if effect.target == (kind, target) and effect.scale in scales:
                    slot = self.slots.setdefault(effect.since, len(self.slots)) if effect.since is not None else -1
                    start, end = effect.days if effect.days is not None else (0.0, math.inf)
                    terms.append((self.lever_index[name], logged(effect), effect.informed or 0.0, slot, start, end))
        return self.rows(terms)

    def guard_bands(self) -> None:
        """Extra arrivals have room for 64 times the base stream."""
        effects = [effect for lever in self.scenario.levers.values() for effect in lever.effects if effect.arrivals]
        highest = math.exp(sum(max(logged(effect), 0.0) for effect in effects))
        if highest > MAX_BANDS:
            remedy = f"keep their rate_ratio below {MAX_BANDS} in all, or raise the rate of arrivals itself"
            what = f"levers can multiply arrivals by {highest:.3g}"
            raise Faults((Fault(self.scenario.about.name, "levers", f"{highest:.3g}", what, remedy),))

    # --- customers and stages -------------------------------------------------------------------------------

    def segment(self, own: Scenario, share: float, spend: float) -> Sequence[float]:
        s, sigma = own.satisfaction, own.value.sigma if own.value is not None else 0.0
        if s is None:
            return share, spend, *[0.0] * (at.SEGMENT_WIDTH - 3), sigma
        start = (s.start.mean, s.start.sd, s.expectation.mean, s.expectation.sd)
        return share, spend, 1.0, *start, s.gain, s.loss_aversion, s.learning, s.recovery, sigma

    def stage(self, own: Scenario, name: str) -> Sequence[float]:
        stage = own.stages[name]
        touch, use, invites = stage.touchpoint, stage.desk, stage.referrals
        kind = {"end": END, "choice": CHOICE, "race": RACE}[stage.kind]
        ways = [self.exit(own, name, to) for to in (stage.choices if kind == CHOICE else stage.race)]
        failures = any(direct(desk, f"{name} -> {to}")[1] for desk in own.desks.values() for to in stage.choices)
        return (
            kind, *self.rows(ways), stage.role == "purchase",
            self.table.add(stage.revenue), self.table.add(stage.cost), stage.acquisition_cost, self.paid(stage),
            touch is not None and own.satisfaction is not None,
            touch.performance if touch is not None else 0.0, touch.sd if touch is not None else 0.0,
            self.desk_index[use.name] if use is not None else -1, log_odds(use.probability) if use is not None else 0.0,
            invites.rate_per_day if invites is not None else 0.0,
            self.stage_index[invites.enters] if invites is not None else -1,
            *self.terms(own, "touchpoint", name, ("points",)),
            *self.terms(own, "demand", name, ("log_odds",)),
            *self.terms(own, "spend", name, ("rate_ratio",)),
            *self.terms(own, "referrals", name, ("rate_ratio",)),
            log_odds(stage.gathers) if stage.gathers is not None else -math.inf,
            *self.terms(own, "information", name, ("log_odds",)),
            *chances(ways if kind == CHOICE else [], failures),
            self.stage_index[name] * self.widest,
        )  # fmt: skip

    def paid(self, stage: Stage) -> bool:
        """Whether entries to a stage bring or cost anything."""
        return stage.revenue is not None or stage.cost is not None or stage.acquisition_cost != 0.0

    def exit(self, own: Scenario, stage: str, to: str) -> Sequence[float]:
        here, name = own.stages[stage], f"{stage} -> {to}"
        if here.kind == "choice":
            probability = here.choices[to].probability
            weight = math.log(probability) if probability > 0.0 else -math.inf
            dwell = self.table.add(here.choices[to].dwell or here.dwell)
        else:
            weight, dwell = 0.0, self.table.add(here.race[to])
        per_10 = 0.0
        for effect in own.satisfaction.effects if own.satisfaction is not None else ():
            if effect.exit == name:
                per_10 += effect.log_odds if effect.log_odds is not None else math.log(effect.hazard_ratio or 1.0)
        load = own.frailty.loads.get(name, 0.0) if own.frailty is not None else 0.0
        draws = own_draws(own, stage, to)
        effects = [(self.desk_index[desk], *direct(own.desks[desk], name)) for desk in own.desks]
        felt = self.rows([effect for effect in effects if effect[1] or effect[2]])
        terms = self.terms(own, "exit", name, ("log_odds", "hazard_ratio"))
        pace, count = self.terms(own, "dwell", name, ("time_ratio",))
        count += self.terms(own, "dwell", stage, ("time_ratio",))[1]  # stands right behind
        rarity = math.exp(-weight) if weight > -math.inf else math.inf
        shifts = per_10 / 10.0, load, *draws, *felt
        return self.stage_index[to], dwell, weight, rarity, *shifts, *terms, pace, count, *self.past(own, name)

    def past(self, own: Scenario, exit: str) -> tuple[int, int]:
        """The rows of what a customer's past and traits do to an exit: place and count."""
        kinds = {name: k for k, name in enumerate((*PAST, *own.traits))}
        effects = own.history.effects if own.history is not None else ()
        return self.rows(
            [
                (
                    kinds[effect.of],
                    effect.eta,
                    math.inf if effect.up_to is None else effect.up_to,
                    effect.around,
                    -1 if effect.word is None else self.words[effect.of].index(effect.word),
                )
                for effect in effects
                if effect.exit == exit
            ]
        )

    def trait(self, name: str, trait: Trait) -> int:
        """The place of the law of what customers have once for all, -1 for what their stays have."""
        return -1 if isinstance(trait, ByStay) else self.drawn(name, trait)

    def stay_traits(self, own: Scenario, stage: str) -> list[int]:
        """The place of the law of each trait at stays in a stage, -1 where no effect asks for it there."""
        if not any(isinstance(trait, ByStay) for trait in own.traits.values()):
            return [-1] * len(own.traits)
        effects = own.history.effects if own.history is not None else ()
        asked = {effect.of for effect in effects if effect.exit.partition(" -> ")[0] == stage}
        found = []
        for name, trait in own.traits.items():
            drawn = at_stay(trait, stage) if name in asked else None
            found.append(-1 if drawn is None else self.drawn(name, drawn))
        return found

    def drawn(self, name: str, drawn: Drawn) -> int:
        """The place of a law; one of words has a jump to the number of each, so that one uniform tells which."""
        if not isinstance(drawn, Mapping):
            return self.table.add(drawn)
        ends = [*cumulative(list(drawn.values()))[:-1], 1.0]
        numbers = [self.words[name].index(word) for word in drawn]
        return self.table.quantiles(
            [(share, k) for k, span in zip(numbers, pairwise([0.0, *ends]), strict=True) for share in span]
        )

    def desk(self, own: Scenario, name: str) -> Sequence[float]:
        desk = own.desks[name]
        responses = [self.scenario.levers[lever].response for lever in self.scenario.levers]
        effects = [
            (self.lever_index[lever], effect.range.central)
            for lever in own.levers
            for effect in own.levers[lever].effects
            if effect.target == ("desk", name) and effect.scale == "agents"
        ]
        agents = capacity(desk.agents, effects, self.paths, responses, own.about.horizon_days)
        return (
            self.table.add(desk.handle), self.table.add(desk.patience), desk.tolerance, desk.points_per_day_waited,
            desk.failure_points, desk.unresolved, desk.failure_days or 0.0,
            *self.terms(own, "desk", name, ("handle_ratio",)),
            *self.rows([self.codes(condition) for condition in desk.priority]),
            *self.rows(agents),
        )  # fmt: skip


def words_of_trait(scenario: Scenario, name: str) -> tuple[str, ...]:
    """The words that a trait may be in any segment; a customer has the number of one. None for a number."""
    return words_of(*(scenario.for_segment(segment).traits[name] for segment in scenario.segments))


def widest(scenario: Scenario) -> int:
    """The most exits that a stage has, as any segment meets it."""
    parts = [scenario.for_segment(name) for name in scenario.segments]
    return max(len(stage.choices) + len(stage.race) for part in parts for stage in part.stages.values())


def own_draws(own: Scenario, stage: str, to: str) -> tuple[float, float]:
    """The law of what is a customer's own about an exit: (shape, 0) of a factor on the hazard, (shape, 1) of a speed, (a, b) of
    a probability.
    """
    if own.frailty is None:
        return 0.0, 0.0
    name = f"{stage} -> {to}"
    if own.stages[stage].kind == "race":
        speed = own.frailty.speed.get(name, 0.0)
        return (speed, 1.0) if speed > 0.0 else (own.frailty.gamma.get(name, 0.0), 0.0)
    strength, mean = own.frailty.beta.get(name, 0.0), own.stages[stage].choices[to].probability
    return strength * mean, strength * (1.0 - mean)


def chances(exits: Sequence[Sequence[float]], failures: bool) -> tuple[float, float]:
    """Whether a choice between these exits is the same for everybody at all times: 1, or .5 if only a stay's own wait moves it.
    Then the odds of the second of two. `failures`: whether those at desks act on any of the exits.
    """
    moved = (
        at.EXIT_PER_POINT, at.EXIT_FRAILTY, at.EXIT_OWN, at.EXIT_TERMS_COUNT, at.EXIT_PAST_COUNT
    )  # fmt: skip
    if failures or any(exit[cell] for exit in exits for cell in moved):
        return 0.0, 0.0
    plain = 0.5 if any(exit[at.EXIT_FELT_COUNT] for exit in exits) else 1.0
    if len(exits) != 2:
        return plain, 0.0
    first, second = (exit[at.EXIT_WEIGHT] for exit in exits)
    return plain, math.inf if first == -math.inf else math.exp(second - first)


def log_odds(probability: float) -> float:
    """Logit of a probability in [0, 1], infinite at the ends."""
    if probability <= 0.0 or probability >= 1.0:
        return math.inf if probability >= 1.0 else -math.inf
    return math.log(probability / (1.0 - probability))


def cumulative(shares: Sequence[float]) -> list[float]:
    """Running sums of shares, scaled to end at 1."""
    total = math.fsum(shares)
    return [sum(shares[: k + 1]) / total for k in range(len(shares))]


def direct(desk: Desk, exit: str) -> tuple[float, float]:
    """What a desk does to an exit directly, log scale: per day waited, per failure felt."""
    waited = failure = 0.0
    for effect in desk.effects:
        if effect.exit != exit:
            continue
        waited += effect.log_odds_per_day_waited or math.log(effect.hazard_ratio_per_day_waited or 1.0)
        failure += effect.log_odds_per_failure or math.log(effect.hazard_ratio_per_failure or 1.0)
    return waited, failure
