"""What a test of one effect looks like in a scenario: who is in it, what is counted, and how it comes out without the lever.

Base rates are those of the scenario as it stands, under the baseline, from a few lives: a test would run in that market.
"""

import math
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
    found = _design(scenario, baseline, kind, scale, str(effect[kind]), seed, customers)
    if found is None:
        return None
    return Trial(*found, math.log(doubt.central) if ratio else doubt.central, ratio)


def _design(
    scenario: Scenario, baseline: str, kind: str, scale: str, name: str, seed: int, customers: int | None
) -> tuple[str, str, Design] | None:
    if kind == "exit":
        stage, _, to = name.partition(" -> ")
        share = _measured(scenario, baseline, f"step.{stage}.{to}", seed, customers)
        if share is None or not 0.0 < share < 1.0:
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
        about = scenario.about
        until = min(scenario.arrivals.until_day or about.horizon_days, about.horizon_days)
        rate = scenario.arrivals.expected(about.horizon_days) / until
        return ("days", "arrivals", Counts(rate)) if scenario.arrivals.cohort is None and rate > 0.0 else None
    if kind == "referrals":
        refers = scenario.stages[name].referrals
        stay = _measured(scenario, baseline, f"dwell.{name}", seed, customers)
        if refers is None or stay is None or refers.rate_per_day * stay <= 0.0:
            return None
        # Stays differ: with exponential ones the variance of a Poisson count of mean m is m + m^2.
        return f"customers who enter {name}", "invitations of a stay", Counts(refers.rate_per_day * stay, 1.0)
    return None


def _measured(scenario: Scenario, baseline: str, measure: str, seed: int, customers: int | None) -> float | None:
    found = run(scenario, baseline, replications=LIVES, seed=seed, customers=customers)
    one = found.outcomes[baseline].measures.get(measure)
    return None if one is None else one.mean
