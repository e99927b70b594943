"""A round trip: a scenario is simulated, its log fitted, and every number laid beside the true one."""

import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sojourn.calibration.candidates import CANDIDATES
from sojourn.calibration.choices import ChoiceFit
from sojourn.calibration.durations import LawFit
from sojourn.calibration.exits import StageFit
from sojourn.calibration.fit import Fit, fit
from sojourn.calibration.newton import gradient
from sojourn.calibration.planting import plant
from sojourn.calibration.stays import Floats
from sojourn.calibration.validate_fit import Progress, judge
from sojourn.calibration.verdict import Verdict
from sojourn.experiments.journal import Journal
from sojourn.scenarios.arguments import checked_arguments
from sojourn.scenarios.brief import brief
from sojourn.scenarios.dwell import Deadline, Deterministic, Empirical, Law
from sojourn.scenarios.history import PAST, HistoryEffect
from sojourn.scenarios.lawtable import mean, quantile, survival
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.stages import Stage

REACH = 1.6449  # standard errors of a 90 % interval, to either side
FAR = 3.3  # standard errors beyond which a number is named: one in a thousand


class Compared(NamedTuple):
    """One number of a scenario: as it was planted, and as the fit has it. `z` is the difference in standard errors."""

    place: str
    what: str
    truth: float
    fitted: float
    error: float

    @property
    def z(self) -> float:
        """The fitted number less the true one, in standard errors."""
        return (self.fitted - self.truth) / self.error


@dataclass(frozen=True)
class RoundTrip:
    """What came back of what was planted.

    Attributes:
        scenario: what was planted.
        fit: to the whole log.
        numbers: all that can be compared.
        skipped: what cannot, and why, in sentences.
        verdict: on the fit, by customers held out.
    """

    scenario: Scenario
    fit: Fit
    numbers: tuple[Compared, ...]
    skipped: tuple[str, ...]
    verdict: Verdict

    def __repr__(self) -> str:
        return brief(self, self.scenario.about.name, answer=self.sentence)

    @property
    def sentence(self) -> str:
        """How many numbers came back, in a sentence."""
        if not self.numbers:
            return "No number of this scenario can be read off a log of its events."
        inside = sum(abs(one.z) <= REACH for one in self.numbers)
        worst = max(self.numbers, key=lambda one: abs(one.z))
        return (
            f"{inside} of {len(self.numbers)} planted numbers lie in the 90 % interval of the fit to "
            f"{self.fit.log.customers.size:,} customers; the farthest is {abs(worst.z):.1f} standard errors off ({worst.place}, "
            f"{worst.what}: planted {worst.truth:.4g}, fitted {worst.fitted:.4g})."
        )

    @property
    def far(self) -> tuple[Compared, ...]:
        """Numbers farther from the truth than chance explains: one in a thousand would be."""
        return tuple(one for one in self.numbers if abs(one.z) > FAR)


@checked_arguments
def round_trip(
    scenario: Scenario,
    *,
    customers: int | None = None,
    replications: int = 50,
    seed: int = 1,
    folder: Path | None = None,
    progress: Progress | None = None,
    kept: Journal | None = None,
) -> RoundTrip:
    """Simulate the first strategy, write its events as a log, fit that log, compare the numbers, and judge the fit.

    Args:
        scenario: what is planted.
        customers: how many arrive; the scenario's own arrivals if left out.
        replications: of the verdict, see `validate_fit`.
        seed: of the planted customers; the verdict has the next.
        folder: where log and mapping are kept; nowhere if left out.
        progress: called with (replications done, in all) of the verdict.
        kept: as in `validate_fit`.

    Raises:
        Faults: where nobody moves, or too few customers come for a verdict.
    """
    if folder is not None:
        planted = plant(scenario, folder, customers=customers, seed=seed)
    else:
        with tempfile.TemporaryDirectory(prefix="sojourn-") as made:
            planted = plant(scenario, Path(made), customers=customers, seed=seed)
    found = fit(planted.log)
    numbers, skipped = compared(scenario, found)
    verdict = judge(planted.log, replications=replications, seed=seed + 1, progress=progress, kept=kept)
    return RoundTrip(scenario, found, numbers, skipped, verdict)


def compared(scenario: Scenario, found: Fit) -> tuple[tuple[Compared, ...], tuple[str, ...]]:
    """Numbers of a scenario beside those of a fit to a log of it, and in sentences what cannot be laid beside and why."""
    numbers: list[Compared] = []
    skipped = []
    for name, stage in found.stages.items():
        for to in stage.exits:
            place = f"{name} -> {to}"
            why = _moved(scenario, name, to)
            if why is None:
                pairs, why = _pairs(scenario, found, stage, to)
                numbers += [one for pair in pairs for one in _numbers(*pair)]
            if why is not None:
                skipped.append(f"{place}: {why}.")
    return tuple(numbers), (*dict.fromkeys(skipped), *_differences(scenario, found))


def _differences(scenario: Scenario, found: Fit) -> Iterator[str]:
    """What customers were planted to differ in beside what was found of it; the fit gives no errors of these."""
    planted, fitted = scenario.frailty, found.scenario().frailty
    for law in ("gamma", "speed", "beta"):
        asked = getattr(planted, law, {})
        seen = getattr(fitted, law, {})
        for exit_name, value in asked.items():
            stage = exit_name.split(" -> ")[0]
            # Of two exits of a choice either may carry the same draw.
            near = [one for one in seen if one == exit_name or (law == "beta" and one.startswith(f"{stage} -> "))]
            told = f"{seen[near[0]]:.3g}" if near else "none was found"
            yield f"{exit_name}: customers differ by a {law} draw; planted {value:.3g}, fitted {told}."
    for effect in scenario.history.effects if scenario.history is not None else ():
        lived = _lived(scenario, found, effect)
        if lived is not None:
            yield f"{effect.exit}: {effect.per} do {effect.value:.3g} ({effect.scale}) as planted, fitted {lived}."


def _lived(scenario: Scenario, found: Fit, effect: HistoryEffect) -> str | None:
    """The fitted effect of the past with its interval; None for what the log does not tell."""
    name, _, to = effect.exit.partition(" -> ")
    if effect.per not in PAST or name not in found.stages:
        return None
    effects = found.stages[name].differ.effects
    # Of two exits of a choice an effect on one is the opposite on the other.
    turned = to not in effects and effect.scale == "log_odds" and len(scenario.stages[name].exit_names) == 2
    other = next(iter(effects.values()), ()) if turned else effects.get(to, ())
    same = [one for one in other if one.column.name == effect.per and one.scale == effect.scale]
    if not same:
        return "none was found"
    central, low, high = same[0].numbers if not turned else (-same[0].numbers[k] for k in (0, 2, 1))
    limits = effect.up_to, same[0].column.up_to
    cut = f" (counted up to {limits[1]}, planted up to {limits[0]})" if limits[0] != limits[1] else ""
    return f"{central:.3g} [{low:.3g}, {high:.3g}]{cut}"


def _moved(scenario: Scenario, name: str, to: str) -> str | None:
    """Why an exit has no single true number, where something moves it; None where it has."""
    exits = {f"{name} -> {other}" for other in scenario.stages[name].exit_names}
    frailty = scenario.frailty
    if frailty is not None and exits & {*frailty.loads, *frailty.gamma, *frailty.speed, *frailty.beta}:
        return "customers differ in it (frailty)"
    if scenario.history is not None and exits & {effect.exit for effect in scenario.history.effects}:
        return "what customers lived through, or a trait, moves it (history)"
    moods = scenario.satisfaction
    if moods is not None and exits & {effect.exit for effect in moods.effects}:
        return "satisfaction moves it"
    if scenario.stages[name].desk is not None or any(
        effect.exit in exits for desk in scenario.desks.values() for effect in desk.effects
    ):
        return "the service desk moves it"
    plans = next(iter(scenario.strategies.values()))
    acting = {f"{effect.exit or effect.dwell}" for lever in plans for effect in scenario.levers[lever].effects}
    if acting & {*exits, name}:
        return "a lever of the strategy moves it"
    return None if to in scenario.stages[name].exit_names else "the scenario has no such way"


Pair = tuple[str, LawFit, Law | None, tuple[float, float, float] | None]


def _pairs(scenario: Scenario, found: Fit, stage: StageFit, to: str) -> tuple[list[Pair], str | None]:
    """Fitted laws beside true ones, for all segments together or for each; and why not, where they cannot be."""
    name = stage.stage
    apart = {one: scenario.for_segment(one).stages[name] for one in found.shares if one in scenario.segments}
    truths = list(apart.values()) or [scenario.stages[name]]
    same = all(other.law(to) == truths[0].law(to) and _chance(other, to) == _chance(truths[0], to) for other in truths)
    if same and not stage.choice_by_segment and to not in stage.by_segment:
        law = stage.choice.laws[to] if stage.choice is not None else stage.exits[to]
        return [(f"{name} -> {to}", law, truths[0].law(to), _share(stage.choice, truths[0], to))], None
    if to in stage.by_segment or stage.choice_by_segment:
        pairs: list[Pair] = []
        for one, truth in apart.items():
            choice = stage.choice_by_segment.get(one)
            own = choice.laws[to] if choice is not None and to in choice.laws else stage.by_segment.get(to, {}).get(one)
            if own is not None:
                pairs.append((f"{name} -> {to} ({one})", own, truth.law(to), _share(choice, truth, to)))
        return pairs, None
    return [], "segments differ, and the log does not tell them apart here"


def _chance(stage: Stage, to: str) -> float | None:
    return stage.choices[to].probability if to in stage.choices else None


def _share(choice: ChoiceFit | None, truth: Stage, to: str) -> tuple[float, float, float] | None:
    """Planted and fitted probability and its error, where both are choices."""
    planted = _chance(truth, to)
    if choice is None or planted is None or not choice.errors.get(to, 0.0) > 0.0:
        return None
    return planted, choice.probabilities[to], choice.errors[to]


def _numbers(
    place: str, law: LawFit, truth: Law | None, share: tuple[float, float, float] | None
) -> Iterator[Compared]:
    if share is not None:
        yield Compared(place, "probability", *share)
    if truth is None or isinstance(truth, Deterministic | Empirical | Deadline):
        return
    if law.curve is not None or law.never > 0.0 or law.deadline is not None:
        return
    if law.law == truth.law:
        for name, value in law.parameters.items():
            error = law.errors.get(name, math.nan)
            planted = {"mean": mean(truth), "median": quantile(truth, 0.5)}.get(name, getattr(truth, name, math.nan))
            if error > 0.0 and math.isfinite(error) and math.isfinite(planted):
                yield Compared(place, name, float(planted), value, error)
        return
    # Another law describes the stays as well: what both say of one day is compared.
    if law.maximum is None:
        return
    theta, covariance, _ = law.maximum
    candidate, day = CANDIDATES[law.law], np.array([quantile(truth, 0.5)])

    def left(at: Floats) -> float:
        return float(np.exp(candidate.log_survival(at, day))[0])

    slope = gradient(left, theta)
    error = math.sqrt(max(float(slope @ covariance @ slope), 0.0))
    if error > 0.0:
        yield Compared(place, f"share left after {day[0]:.3g} days", survival(truth, float(day[0])), left(theta), error)
