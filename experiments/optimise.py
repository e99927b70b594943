"""The best mix of lever levels under a budget and other limits, confirmed on customers that the search has not seen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sojourn.experiments.frontier import Place, frontier
from sojourn.experiments.mixes import SPENDING, Evaluator, Mix, Mixer
from sojourn.experiments.optimise_words import sentence
from sojourn.experiments.searching import CORNERS, DEEPER, LAST, Goal, Limit, Search, Trial
from sojourn.scenarios.arguments import checked_arguments
from sojourn.scenarios.brief import brief
from sojourn.scenarios.faults import Fault, Faults, fault, nearest
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.plurals import plural
from sojourn.sim.estimates import Estimate
from sojourn.sim.estimating import Parts, difference, over_replications
from sojourn.sim.keeping import Keeper
from sojourn.sim.measures import names
from sojourn.sim.network import build
from sojourn.sim.run import MAX_SEED
from sojourn.sim.sharing import processors
from sojourn.sim.unmeasured import no_measure
from sojourn.sim.vocabulary import direction
from sojourn.sim.wordofmouth import refuse_avalanche

REPLICATIONS = 8
FRESH = 20  # replications of the confirmation at least
LATEST = 0.75  # of the horizon: the last day on which a lever may start
MOST_LEVERS = 12
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Optimum:
    """What a search found, and how it does on customers that the search has not seen."""

    scenario: Scenario
    mixer: Mixer
    measure: str
    limits: tuple[Limit, ...]
    mix: Mix | None
    """None where no mix that was tried keeps the limits."""
    trials: tuple[Trial, ...]
    claimed: Estimate
    """Gain over the baseline on the search's own customers: too high, since the luckiest of many was chosen."""
    gain: Estimate
    """The same on fresh customers: the honest figure."""
    spending: Estimate
    """What the mix costs beyond the baseline, discounted to day 0, on fresh customers."""
    bounded: dict[str, Estimate]
    """Every limited measure on fresh customers."""
    frontier: tuple[Place, ...]
    frontier_measure: str
    replications: int
    """Of each trial of the wide search; the close search has four times as many."""
    fresh_replications: int
    customers: int | None
    seed: int

    @property
    def better(self) -> bool:
        """Whether the mix beats the baseline on fresh customers: its 90 % interval lies on the better side of 0."""
        low, high = (self.gain.low, self.gain.high) if self.mix is not None else (None, None)
        if low is None or high is None:
            return False
        return low > 0.0 if direction(self.measure) > 0 else high < 0.0

    def __repr__(self) -> str:
        return brief(self, self.scenario.about.name, plural(len(self.trials), "mix", "mixes"), answer=self.sentence)

    @property
    def sentence(self) -> str:
        """The mix, what it brings against the baseline on fresh customers, and what it costs."""
        return sentence(self)

    def plans(self) -> dict[str, Any]:
        """The mix as a strategy of the scenario file. Raises ValueError where there is none."""
        if self.mix is None:
            raise ValueError("no mix keeps the limits")
        return self.mixer.plans(self.mix)

    def document(self) -> dict[str, Any]:
        """The JSON shape of `sojourn optimise --json`."""
        return {
            "scenario": self.scenario.about.name,
            "baseline": self.mixer.baseline,
            "measure": self.measure,
            "sentence": self.sentence,
            "limits": [
                {"measure": one.measure, "at_least" if one.above else "at_most": one.value} for one in self.limits
            ],
            "mix": None if self.mix is None else _mix(self.mixer, self.mix),
            "strategy": None if self.mix is None else self.plans(),
            "better": self.better,
            "gain": self.gain._asdict(),
            "claimed_by_the_search": self.claimed._asdict(),
            "spending": self.spending._asdict(),
            "bounded": {name: one._asdict() for name, one in self.bounded.items()},
            "frontier": {
                "measure": self.frontier_measure,
                "places": [
                    {"mix": _mix(self.mixer, one.mix), "spending": one.spending._asdict(), "gain": one.figure._asdict()}
                    for one in self.frontier
                ],
            },
            "trials": [
                {"mix": _mix(self.mixer, one.mix), "gain": one.gain, "excess": list(one.excess)} for one in self.trials
            ],
            "replications": {"search": self.replications, "fresh": self.fresh_replications},
            "customers": self.customers,
            "seed": self.seed,
        }


@checked_arguments
def optimise(
    scenario: Scenario,
    levers: Sequence[str] | None = None,
    *,
    baseline: str | None = None,
    measure: str = "profit",
    budget: float | None = None,
    at_least: Mapping[str, float] | None = None,
    at_most: Mapping[str, float] | None = None,
    schedules: bool = False,
    trials: int | None = None,
    replications: int = REPLICATIONS,
    customers: int | None = None,
    seed: int = 1,
    frontier_measure: str | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    kept: Keeper | None = None,
) -> Optimum:
    """Choose levels of levers so that a measure is as good as can be, and confirm the choice on fresh customers.

    Args:
        scenario: from `sojourn.load`.
        levers: those whose levels are chosen, between 0 and 1; all if left out. The others stay as the baseline has them.
        baseline: the strategy to beat, and whose conditions (`when`) levers keep; the first of the file if left out.
        measure: what is to be best; its direction is the measure's own.
        budget: what the levers (and agents they add) may cost beyond the baseline by the horizon, discounted to day 0.
        at_least: measures that must not be below a value.
        at_most: measures that must not be above one.
        schedules: choose the day from which each lever holds, too.
        trials: mixes of the wide search; by default 24 and 12 for each number that is chosen.
        replications: of each trial; the last trials have four times as many.
        customers: candidates of a replication, in place of the scenario's own arrivals.
        seed: of the search; the confirmation has the next one.
        frontier_measure: what the frontier shows against spending; `measure` if left out.
        workers: processors that share replications; the result does not depend on it.
        progress: called with (trials done, in all).
        kept: where simulated pieces are looked up and kept.

    Raises:
        Faults: names that the scenario lacks, or numbers that no search can have.
    """
    chosen = tuple(scenario.levers if levers is None else dict.fromkeys(levers))
    base = baseline or next(iter(scenario.strategies))
    shown = frontier_measure or measure
    limits = [Limit(name, value, True) for name, value in (at_least or {}).items()]
    limits += [Limit(name, value, False) for name, value in (at_most or {}).items()]
    _check(scenario, chosen, base, measure, shown, limits, budget, trials, replications, seed)
    if budget is not None:
        limits.append(Limit(SPENDING, budget, False))
    refuse_avalanche([build(scenario, base)], customers)
    mixer = Mixer(scenario, base, chosen, schedules, max(round(LATEST * scenario.about.horizon_days), 1.0))
    wanted = [measure, shown, *(one.measure for one in limits if one.measure != SPENDING)]
    count = max(trials or 24 + 12 * mixer.size, _fewest(mixer))
    done, total = 0, count + LAST + 8

    def news(some: int) -> None:
        nonlocal done
        done += some
        if progress is not None:
            progress(min(done, total), total)

    how = {"customers": customers, "workers": workers or processors(), "kept": kept}
    evaluate = Evaluator(mixer, wanted, seed=seed, **how)  # type: ignore[arg-type]
    goal = Goal(measure, direction(measure) or 1, tuple(limits))
    search = Search(mixer, evaluate, goal, replications=replications, seed=seed, news=news)
    search.wide(count)
    best = search.close()
    fresh = Evaluator(mixer, wanted, seed=(seed + 1) % (MAX_SEED + 1), **how)  # type: ignore[arg-type]
    many = max(FRESH, DEEPER * replications)
    nothing = Estimate(None, None, None)
    claimed = gain = spending = nothing
    bounded: dict[str, Estimate] = {}
    if best is not None:
        own = evaluate(best.mix, search.replications), evaluate(None, search.replications)
        claimed = _gain(own[1], own[0], measure)
        found, before = fresh(best.mix, many), fresh(None, many)
        gain, spending = _gain(before, found, measure), _gain(before, found, SPENDING)
        bounded = _bounded(found, limits)
    places = frontier(
        mixer,
        [_tried(evaluate, trial.mix, shown, replications) for trial in search.trials.values()],
        fresh,
        measure=shown,
        sign=direction(shown) or 1,
        replications=many,
        seed=seed,
    )
    places = [one._replace(limited=tuple(_bounded(fresh(one.mix, many), limits).items())) for one in places]
    if progress is not None:
        progress(total, total)
    return Optimum(
        scenario, mixer, measure, tuple(limits), best.mix if best else None, tuple(search.trials.values()), claimed, gain,
        spending, bounded, tuple(places), shown, replications, many, customers, seed,
    )  # fmt: skip


def _gain(base: Sequence[Parts], found: Sequence[Parts], measure: str) -> Estimate:
    return difference([one[measure] for one in base], [one[measure] for one in found]).interval()


def _bounded(found: Sequence[Parts], limits: Sequence[Limit]) -> dict[str, Estimate]:
    """Every limited measure, but for spending."""
    measures = [one.measure for one in limits if one.measure != SPENDING]
    return {name: over_replications([part[name] for part in found]).interval() for name in measures}


def _tried(evaluate: Evaluator, mix: Mix, measure: str, replications: int) -> tuple[Mix, float, float]:
    found, base = evaluate(mix, replications), evaluate(None, replications)
    gain, cost = _gain(base, found, measure).mean, _gain(base, found, SPENDING).mean
    return mix, (direction(measure) or 1) * (gain or 0.0), cost or 0.0


def _mix(mixer: Mixer, mix: Mix) -> dict[str, Any]:
    return {
        name: {"level": level, "from_day": day}
        for name, level, day in zip(mixer.levers, mix.levels, mix.days, strict=True)
    }


def _fewest(mixer: Mixer) -> int:
    """Trials of the design: corners and a spread."""
    levers = len(mixer.levers)
    return (2**levers if levers <= CORNERS else levers + 2) + 2 + 4 + 3 * mixer.size


def _check(
    scenario: Scenario,
    levers: Sequence[str],
    baseline: str,
    measure: str,
    shown: str,
    limits: Sequence[Limit],
    budget: float | None,
    trials: int | None,
    replications: int,
    seed: int,
) -> None:
    source = scenario.about.name
    if not scenario.levers:
        raise fault(source, "levers", "there are none, so there is nothing to choose", "add a lever to the scenario")
    wrong = [
        Fault(source, "levers", name, f'no lever named "{name}"', nearest(name, scenario.levers))
        for name in levers
        if name not in scenario.levers
    ]
    if not levers:
        wrong.append(Fault(source, "levers", "", "no lever is named", f"name some of: {', '.join(scenario.levers)}"))
    if len(levers) > MOST_LEVERS:
        many = f"{len(levers)} levers are more than a search can tell apart (at most {MOST_LEVERS})"
        wrong.append(Fault(source, "levers", "", many, "name the ones that matter; sojourn sensitivity ranks them"))
    if baseline not in scenario.strategies:
        remedy = nearest(baseline, scenario.strategies)
        wrong.append(Fault(source, "baseline", baseline, f'no strategy named "{baseline}"', remedy))
    if budget is not None and not budget >= 0.0:
        wrong.append(Fault("optimise", "budget", f"{budget:g}", "is no budget", "give money, 0 or more"))
    if trials is not None and trials < 1:
        wrong.append(Fault("optimise", "trials", str(trials), "no trial, no choice", "give 1 or more"))
    if replications < 2:
        remedy = f"give 2 or more; {REPLICATIONS} if left out"
        wrong.append(Fault("optimise", "replications", str(replications), "are too few for an interval", remedy))
    if not 0 <= seed <= MAX_SEED:
        wrong.append(Fault("optimise", "seed", str(seed), "no such seed", f"give a whole number from 0 to {MAX_SEED}"))
    if not wrong:
        known = names(build(scenario, baseline))
        asked = [("measure", measure), ("frontier", shown), *(("limits", one.measure) for one in limits)]
        wrong += [no_measure(scenario, place, name, known) for place, name in dict.fromkeys(asked) if name not in known]
    if wrong:
        raise Faults(wrong)
