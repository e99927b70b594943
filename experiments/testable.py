"""What a test of one effect looks like in a scenario: who is in it, what is counted, and how it comes out without the lever.

Base rates are those of the scenario as it stands, under the baseline, from a few lives: a test would run in that market.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

from sojourn.experiments.parameters import Doubt
from sojourn.experiments.trials import Counts, Design, Means, Shares
from sojourn.scenarios.companion import value_at
from sojourn.scenarios.levers import RATIOS, TARGETS
from sojourn.scenarios.model import Scenario
from sojourn.sim.run import run

LIVES = 4


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
        share = known.get(f"step.{stage}.{to}", 0.0)
        if not 0.0 < share < 1.0:
            return None
        return f"customers who enter {stage}", f"whether {to} is next", Shares(share, scale == "hazard_ratio")
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
    return None


def _arrivals_a_day(scenario: Scenario) -> float | None:
    """The mean over the days on which customers come; None for a cohort."""
    horizon = scenario.about.horizon_days
    until = min(scenario.arrivals.until_day or horizon, horizon)
    rate = scenario.arrivals.expected(horizon) / until
    return rate if scenario.arrivals.cohort is None and rate > 0.0 else None
