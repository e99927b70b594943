"""What it is worth to know more before deciding: which number, how much money, and how large a test.

Numbers are drawn from what is known of them, every strategy lives each draw (see `drawing`), and the rest is arithmetic on arrays
(`information`, `acceptability`, `trials`). Chance is no part of it: nobody can know beforehand who will come.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.experiments.acceptability import STEPS, Curve, by_budget, by_price, prices, rounded_up
from sojourn.experiments.drawing import FEW, Lived, Progress, live
from sojourn.experiments.information import GROUPS, Choice, Partial, choose, expected, partial
from sojourn.experiments.layers import band
from sojourn.experiments.parameters import amiss, bearing, draw, edited
from sojourn.experiments.questions import Question, questions
from sojourn.experiments.testable import Trial, trial_of
from sojourn.experiments.trials import NEARLY, SIZES, Sizing, sampled, sizing
from sojourn.experiments.worth_asked import Asked, asked
from sojourn.scenarios.arguments import checked_arguments
from sojourn.scenarios.brief import brief, listed
from sojourn.scenarios.companion import Companion
from sojourn.scenarios.faults import dotted, fault
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.plurals import plural
from sojourn.sim.columns import Columns, columns, spread
from sojourn.sim.estimates import LEVEL, Estimate
from sojourn.sim.estimating import Jackknife, student
from sojourn.sim.keeping import Keeper
from sojourn.sim.vocabulary import direction

Floats = NDArray[np.float64]
COST = "cost"
HARDLY = 0.01  # of the worth of knowing exactly, below which no test is listed


class Learned(NamedTuple):
    """What it is worth to know one number, or numbers that are measured together, exactly."""

    question: Question
    partial: Partial

    @property
    def estimate(self) -> Estimate:
        """The expected value of knowing it, with its 90 % interval."""
        half = student(LEVEL, 10**6) * self.partial.error
        return Estimate(self.partial.value, max(self.partial.value - half, 0.0), self.partial.value + half)


class Testing(NamedTuple):
    """The test of the number that is most worth knowing."""

    question: Question
    trial: Trial
    size: Sizing | None
    """Units in each arm for 80 % power at the central effect."""
    values: tuple[tuple[int, float], ...]
    """Units in each arm, and the expected value of such a test in money."""


@dataclass(frozen=True)
class Worth:
    """What deciding now risks, and what knowing more is worth."""

    lived: Lived
    asked: Asked
    choice: Choice
    means: tuple[Estimate, ...]
    """By strategy: what it brings beyond the first, better being more: on average over all draws, and where the numbers alone may
    put it.
    """
    chances: tuple[Estimate, ...]
    """By strategy: in which share of the draws it is expected to be best."""
    regrets: tuple[Estimate, ...]
    """By strategy: what choosing it loses on average against the best of each draw."""
    learned: tuple[Learned, ...]
    """By question, the most valuable first."""
    testing: Testing | None
    price: Curve | None
    budget: Curve | None
    kept: tuple[str, ...]
    """Calibrated numbers that were edited by hand since and so were not drawn, by path."""
    undrawn: str
    """Why no calibrated number was drawn though there is a companion; empty where some were, or there is none."""

    def __repr__(self) -> str:
        draws = plural(self.lived.draws.count, "draw")
        return brief(self, self.scenario.about.name, listed(self.strategies), draws, answer=self.sentence)

    @property
    def strategies(self) -> tuple[str, ...]:
        """Names, the baseline first."""
        return self.lived.strategies

    @property
    def scenario(self) -> Scenario:
        """What the file says."""
        return self.lived.draws.base

    @property
    def best(self) -> str:
        """The strategy to choose now."""
        return self.strategies[self.choice.best]

    @property
    def perfect(self) -> Estimate:
        """The expected value of knowing all numbers in doubt: what deciding now risks on average."""
        return self.regrets[self.choice.best]

    @property
    def sentence(self) -> str:
        """The answer in words and money."""
        from sojourn.experiments.worth_words import sentence

        return sentence(self)

    def table(self) -> Columns:
        """A row a strategy: what it brings beyond the first (`benefit`), in which share of draws it is best (`chance`) and its
        `regret`, each with the ends of its interval (`benefit_low`, `benefit_high` and so on).
        """
        names = ("strategy", *spread("benefit"), *spread("chance"), *spread("regret"))
        told = zip(self.strategies, self.means, self.chances, self.regrets, strict=True)
        return columns(names, [(name, *mean, *chance, *regret) for name, mean, chance, regret in told])

    def document(self) -> dict[str, Any]:
        """The JSON shape of `sojourn worth --json`."""
        from sojourn.experiments.worth_words import document

        return document(self)


@checked_arguments
def worth(
    scenario: Scenario,
    strategies: Sequence[str] | None = None,
    *,
    draws: int = 200,
    replications: int = FEW,
    measure: str = "profit",
    willingness: str | tuple[str, float, float] | None = None,
    budget: tuple[float, float] | None = None,
    seed: int = 1,
    customers: int | None = None,
    engine: str = "compiled",
    workers: int | None = None,
    companion: Companion | None = None,
    progress: Progress | None = None,
    kept: Keeper | None = None,
) -> Worth:
    """Say what deciding now risks, which number is worth measuring before, and how large a test would have to be.

    Args:
        scenario: what the file says; effects with intervals are in doubt, and calibrated numbers with a companion.
        strategies: at least two, the baseline first; all by default.
        draws: of the numbers in doubt.
        replications: lives of each draw, 2 or more.
        measure: what decides.
        willingness: a second measure that is worth money too: its name, or (name, lowest, highest price of a unit). By default
            satisfaction, or purchases where nothing is said about satisfaction.
        budget: the range of what a strategy may cost beyond the baseline; by default from 0 to what the dearest one costs.
        seed, customers, engine, workers, progress, kept: as in `drawing.live`.
        companion: joint draws of calibrated numbers (`scenarios.companion.read`).

    Raises:
        Faults: nothing is in doubt, fewer than two strategies, or an option is wrong.
    """
    what = asked(scenario, strategies, measure, willingness, budget, draws, replications, customers)
    drawn = draw(scenario, draws, seed, companion)
    matter = bearing(drawn.doubts, scenario, what.strategies)
    if not matter:
        from sojourn.experiments.doubted import nothing

        raise nothing(scenario, companion)
    how: dict[str, Any] = {"seed": seed, "customers": customers, "engine": engine, "workers": workers}
    wanted = tuple(dict.fromkeys((measure, COST, *([what.second] if what.second else []))))
    lived = live(
        drawn, what.strategies, replications=replications, measures=wanted, progress=progress, kept=kept, **how
    )
    if willingness is None and what.second is not None and not _defined(lived, what.second).all():
        what = what._replace(second=None)  # nobody asked for it
    _check_defined(lived, (measure, COST, *([what.second] if what.second else [])))
    contrasts = direction(measure) * lived.contrasts(measure)
    found = questions(drawn, matter)
    columns = np.hstack([question.columns for question in found])
    benefits = _benefits(columns, contrasts)
    choice, errors = choose(benefits), jackknifed(columns, contrasts)
    learned = _learned(found, contrasts, seed)
    t = student(LEVEL, GROUPS - 1)
    return Worth(
        lived,
        what,
        choice,
        tuple(Estimate(float(one.mean()), *band(one)) for one in benefits.T),
        tuple(_about(p, t * e, 1.0) for p, e in zip(choice.chance, errors[0], strict=True)),
        tuple(_about(r, t * e) for r, e in zip(choice.regret, errors[1], strict=True)),
        learned,
        _testing(scenario, what, learned, contrasts, seed, customers),
        _by_price(columns, lived, what, contrasts),
        _by_budget(columns, lived, what, contrasts),
        tuple(map(dotted, edited(scenario, companion))),
        amiss(scenario, companion),
    )


def jackknifed(columns: Floats, contrasts: Floats) -> tuple[Floats, Floats]:
    """Jackknife errors of chances and regrets, a twentieth of the draws left out in turn; both of shape (strategies,)."""
    groups = np.arange(len(contrasts)) % GROUPS
    parts = [choose(_benefits(columns[groups != k], contrasts[groups != k])) for k in range(GROUPS)]
    chances, regrets = (np.array([one[k] for one in parts]).T for k in (1, 2))
    errors = [np.array([Jackknife(0.0, row).error for row in rows]) for rows in (chances, regrets)]
    return errors[0], errors[1]


def _benefits(columns: Floats, contrasts: Floats) -> Floats:
    found = np.zeros(contrasts.shape[:2])
    found[:, 1:] = expected(columns, contrasts[:, 1:])
    return found


def _learned(found: Sequence[Question], contrasts: Floats, seed: int) -> tuple[Learned, ...]:
    benefits = contrasts.mean(axis=2)
    told = [Learned(question, partial(question.columns, benefits, seed)) for question in found]
    return tuple(sorted(told, key=lambda one: (-one.partial.found, -one.partial.value, -one.partial.raw)))


def _testing(
    scenario: Scenario, what: Asked, learned: Sequence[Learned], contrasts: Floats, seed: int, customers: int | None
) -> Testing | None:
    """The test of the most valuable number that one can be made for."""
    for one in learned:
        question = one.question
        if not one.partial.found or len(question.doubts) > 1:
            continue
        trial = trial_of(scenario, what.strategies[0], question.doubts[0], seed=seed, customers=customers)
        if trial is None:
            continue
        effects = np.log(question.columns[:, 0]) if trial.ratio else question.columns[:, 0]
        benefits = np.hstack((np.zeros((len(contrasts), 1)), one.partial.fit.fitted))
        scale = one.partial.value / one.partial.raw  # the bias of the fit is taken off each size alike
        values: list[tuple[int, float]] = []
        for n in SIZES:
            values.append((n, scale * sampled(effects, benefits, trial.design.error(n, trial.effect))))
            if values[-1][1] >= NEARLY * one.partial.value:
                break
        told = tuple((n, worth) for n, worth in values if worth >= HARDLY * one.partial.value)
        return Testing(question, trial, sizing(trial.design, trial.effect, seed), told or (values[-1],))
    return None


def _by_price(columns: Floats, lived: Lived, what: Asked, contrasts: Floats) -> Curve | None:
    if what.second is None:
        return None
    second = direction(what.second) * lived.contrasts(what.second)
    means = contrasts.mean(axis=(0, 2)), second.mean(axis=(0, 2))
    span = prices(*means) if what.prices is None else np.linspace(*what.prices, STEPS)
    return by_price(columns, contrasts, second, span)


def _by_budget(columns: Floats, lived: Lived, what: Asked, contrasts: Floats) -> Curve | None:
    cost = lived.contrasts(COST)
    if what.budget is None:
        highest = float(np.quantile(cost.mean(axis=2), 0.95, axis=0).max())
        if not highest > 0.0:
            return None
        span = np.linspace(0.0, rounded_up(highest), STEPS)
    else:
        span = np.linspace(*what.budget, STEPS)
    return by_budget(columns, contrasts, cost, span)


def _about(value: float, half: float, most: float = np.inf) -> Estimate:
    return Estimate(float(value), float(max(value - half, 0.0)), float(min(value + half, most)))


def _defined(lived: Lived, measure: str) -> NDArray[np.bool_]:
    """Whether a measure is defined in all lives of each draw; shape (draws,)."""
    return np.asarray(np.isfinite(lived.figures[measure]).all(axis=(1, 2)), dtype=np.bool_)


def _check_defined(lived: Lived, measures: Sequence[str]) -> None:
    for measure in measures:
        undefined = int(np.sum(~_defined(lived, measure)))
        if undefined:
            raise fault(
                lived.draws.base.about.name,
                "measure",
                f"{measure} is undefined in {undefined} of {lived.draws.count} draws",
                "take another measure, or let more customers come",
                measure,
            )
