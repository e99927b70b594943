"""What a test of one effect looks like in a scenario: who is in it, what is counted, and how it comes out without the lever.

Base rates are those of the scenario as it stands, under the baseline, from a few lives: a test would run in that market.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from sojourn.experiments.parameters import Doubt
from sojourn.experiments.trials import Amounts, Counts, Design, Means, Shares
from sojourn.scenarios.companion import value_at
from sojourn.scenarios.lawtable import quantile
from sojourn.scenarios.levers import RATIOS, TARGETS
from sojourn.scenarios.model import Scenario
from sojourn.sim.run import run

LIVES, SLICES = 4, 1000
MOST_LEFT = 0.8  # the share of exits at which counting them tells most about a hazard


class Trial(NamedTuple):
    """Two arms that could measure an effect."""

    units: str  # who or what is counted, in words
    outcome: str  # what is measured of each
    design: Design
    effect: float  # the central one, on the scale on which effects add up
    ratio: bool  # whether that scale is of logs
    a_day: float | None  # units that the market brings a day, None where units are days


def trial_of(scenario: Scenario, baseline: str, doubt: Doubt, *, seed: int, customers: int | None) -> Trial | None:
    """The test that would measure a lever's effect; None where it is another kind of number, or nothing is known of its units."""
    if isinstance(doubt.central, tuple):
        return None
    place = doubt.place[:-1] if doubt.place[-1] == "central" else doubt.place
    if len(place) != 5 or place[0] != "levers" or place[2] != "effects":
        return None
    effect = value_at(scenario.document(), place[:-1])
    scale, kind = str(place[-1]), next(target for target in TARGETS if target in effect)
    ratio = scale in RATIOS
    measures = run(scenario, baseline, replications=LIVES, seed=seed, customers=customers).outcomes[baseline].measures
    known = {name: one.mean for name, one in measures.items() if one.mean is not None}
    found = _design(scenario, known, kind, scale, str(effect[kind]))
    if found is None:
        return None
    stage = str(effect[kind]).partition(" -> ")[0]
    reach = known.get(f"reach.{stage}", 0.0) * (_arrivals_a_day(scenario) or 0.0)
    return Trial(*found, math.log(doubt.central) if ratio else doubt.central, ratio, reach or None)


def _design(
    scenario: Scenario, known: Mapping[str, float], kind: str, scale: str, name: str
) -> tuple[str, str, Design] | None:
    if kind == "exit":
        stage, _, to = name.partition(" -> ")
        share, hazard = known.get(f"step.{stage}.{to}", 0.0), scale == "hazard_ratio"
        outcome = f"whether {to} is next"
        if hazard and share > MOST_LEFT:  # once nearly all have left, who has left tells nothing about how fast
            share, outcome = MOST_LEFT, f"{outcome} by the day by which {100 * MOST_LEFT:.0f} % have gone there"
        return (f"customers who enter {stage}", outcome, Shares(share, hazard)) if 0.0 < share < 1.0 else None
    if kind == "demand":
        use = scenario.stages[name].desk
        if use is None or not 0.0 < use.probability < 1.0:
            return None
        return f"customers who enter {name}", f"whether they ask {use.name}", Shares(use.probability)
    if kind == "touchpoint":
        touch = scenario.stages[name].touchpoint
        if touch is None or touch.sd <= 0.0:
            return None
        return f"answers about {name}", "the experience, 0 to 100", Means(touch.sd)
    if kind == "arrivals":
        rate = _arrivals_a_day(scenario)
        return None if rate is None else ("days", "arrivals", Counts(rate))
    if kind == "referrals":
        refers, stay = scenario.stages[name].referrals, known.get(f"dwell.{name}", 0.0)
        if refers is None or refers.rate_per_day * stay <= 0.0:
            return None
        # Stays differ: with exponential ones the variance of a Poisson count of mean m is m + m^2.
        return f"customers who enter {name}", "invitations of a stay", Counts(refers.rate_per_day * stay, 1.0)
    if kind in ("spend", "dwell", "desk"):
        return _amounts(scenario, kind, scale, name)
    return None


def _amounts(scenario: Scenario, kind: str, scale: str, name: str) -> tuple[str, str, Design] | None:
    """Amounts and times that have a law of their own; not times of a race, in which other exits hide the longest."""
    stage, _, to = name.partition(" -> ")
    law: object = None
    if kind == "desk":
        units, outcome = f"contacts of {name}", "days that they take"
        law = scenario.desks[name].handle if scale == "handle_ratio" else None
    elif kind == "spend":
        units, outcome, law = f"customers who enter {name}", "what they bring", scenario.stages[name].revenue
    else:
        here = scenario.stages[stage]
        units, outcome = f"customers who enter {stage}", "days until they leave"
        if here.kind == "choice":
            law = (here.choices[to].dwell or here.dwell) if to else here.dwell
    spread = 0.0 if law is None or isinstance(law, float) else _spread(law)
    return (units, outcome, Amounts(spread)) if spread > 0.0 else None


def _spread(law: object) -> float:
    """Standard deviation over mean, from the middle of a thousand slices of equal weight; 0 where some never end."""
    slices = np.array([quantile(law, (k + 0.5) / SLICES) for k in range(SLICES)])
    return float(slices.std() / slices.mean()) if np.isfinite(slices).all() and slices.mean() > 0.0 else 0.0


def _arrivals_a_day(scenario: Scenario) -> float | None:
    """The mean over the days on which customers come; None for a cohort."""
    horizon = scenario.about.horizon_days
    until = min(scenario.arrivals.until_day or horizon, horizon)
    rate = scenario.arrivals.expected(horizon) / until
    return rate if scenario.arrivals.cohort is None and rate > 0.0 else None
