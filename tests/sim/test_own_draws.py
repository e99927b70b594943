"""What is a customer's own about an exit: gamma factors on hazards, beta probabilities; against closed forms."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from sojourn.sim.network import build
from sojourn.sim.run import simulate

ALARM = 3.9  # standard errors: two-sided rate 1e-4 a comparison
BUY = """
[stages.first]
dwell = { law = "deterministic", value = 0 }
exits = { waiting = 1.0 }
[stages.waiting]
race.repeat = { law = "exponential", mean = 20 }
[stages.repeat]
role = "purchase"
dwell = { law = "deterministic", value = 0 }
exits = { waiting = 0.75, silent = 0.25 }
[stages.silent]
end = true
"""
BG = BUY + '[frailty]\ngamma = { "waiting -> repeat" = 0.6 }\nbeta = { "repeat -> silent" = 3.2 }\n'
PARETO = """
[stages.waiting]
race.repeat = { law = "exponential", mean = 20 }
race.silent = { law = "exponential", mean = 30 }
[stages.repeat]
role = "purchase"
dwell = { law = "deterministic", value = 0 }
exits = { waiting = 1.0 }
[stages.silent]
end = true
[frailty]
gamma = { "waiting -> repeat" = 0.6, "waiting -> silent" = 0.7 }
"""
RENEW = """
[stages.member]
dwell = { law = "deterministic", value = 30 }
exits = { member = 0.85, left = 0.15 }
[stages.left]
end = true
[frailty]
beta = { "member -> left" = 4.474 }
"""


def entries(journeys: Any, stage: str, until: float) -> Any:
    """Entries of each customer to a stage by a day."""
    events = journeys.events
    here = (events.stage == journeys.stages.index(stage)) & (events.time <= until)
    return np.bincount(events.customer[here], minlength=journeys.customers.customer.size)


def near(values: Any, expected: float) -> bool:
    """Whether a mean lies within ALARM standard errors of what is expected."""
    return bool(abs(values.mean() - expected) < ALARM * values.std() / math.sqrt(values.size))


@pytest.mark.parametrize("until", [5.0, 40.0, 100.0])
def test_bg_nbd(scenario: Any, live: Any, until: float) -> None:
    """Mean repeat purchases (Fader, Hardie and Lee 2005, equation 9), and the share who never bought again; alarm rate 2e-4."""
    journeys = live(scenario(BG, start="first", arrivals="cohort = 20000"), seed=4)
    r, alpha, a, b = 0.6, 20 * 0.6, 0.8, 2.4
    bought = entries(journeys, "repeat", until)
    power = (alpha / (alpha + until)) ** r
    mean = (a + b - 1) / (a - 1) * (1 - power * special.hyp2f1(r, b, a + b - 1, until / (alpha + until)))
    assert near(bought, mean)
    assert near(bought == 0, power)


@pytest.mark.parametrize("until", [5.0, 40.0, 100.0])
def test_pareto_nbd(scenario: Any, live: Any, until: float) -> None:
    """Mean repeat purchases (Schmittlein et al. 1987), and the share still there; alarm rate 2e-4."""
    journeys = live(scenario(PARETO, start="waiting", arrivals="cohort = 20000"), seed=5)
    r, alpha, s, beta = 0.6, 20 * 0.6, 0.7, 30 * 0.7
    left = (beta / (beta + until)) ** (s - 1)
    assert near(entries(journeys, "repeat", until), r * beta / (alpha * (s - 1)) * (1 - left))
    assert near(entries(journeys, "silent", until) == 0, (beta / (beta + until)) ** s)


@pytest.mark.parametrize("renewals", [1, 2, 3])
def test_shifted_beta_geometric(scenario: Any, live: Any, renewals: int) -> None:
    """Survival after so many renewals (Fader and Hardie 2007): higher than 0.85^t, because who leaves readily has left."""
    journeys = live(scenario(RENEW, start="member", arrivals="cohort = 20000"), seed=6)
    a, b = 0.15 * 4.474, 0.85 * 4.474
    expected = math.exp(special.betaln(a, b + renewals) - special.betaln(a, b))
    assert near(entries(journeys, "left", 30.0 * renewals + 1) == 0, expected)
    assert renewals == 1 or expected > 0.85**renewals + 0.02


def test_a_rate_is_the_customers_own_at_every_visit(scenario: Any, live: Any) -> None:
    """Without leaving, counts are negative binomial; a rate drawn anew at each visit would give less spread. Alarm rate 1e-4."""
    text = BUY.replace("waiting = 0.75, silent = 0.25", "waiting = 1.0").replace("[stages.silent]\nend = true\n", "")
    journeys = live(
        scenario(
            text + '[frailty]\ngamma = { "waiting -> repeat" = 0.6 }\n',
            start="first",
            horizon=91,
            arrivals="cohort = 20000",
        )
    )
    bought = np.minimum(entries(journeys, "repeat", 90.0), 20)
    p = 12.0 / (12.0 + 90.0)
    expected = stats.nbinom.pmf(np.arange(20), 0.6, p)
    expected = 20000 * np.append(expected, 1 - expected.sum())
    assert stats.chisquare(np.bincount(bought, minlength=21), expected).pvalue > 1e-4


def test_large_shapes_and_strengths_leave_customers_alike(scenario: Any) -> None:
    """A factor of spread 1/sqrt(1000) and probabilities of spread 4e-4: nearly everybody lives as without them."""
    alike = BUY + '[frailty]\ngamma = { "waiting -> repeat" = 1000 }\nbeta = { "repeat -> silent" = 1e6 }\n'
    one, other = (
        simulate(build(scenario(text, start="first", arrivals="cohort = 2000"), "baseline"), seed=2)
        for text in (BUY, alike)
    )
    same = entries(one, "repeat", 50.0) == entries(other, "repeat", 50.0)
    assert same.mean() > 0.9


def test_of_three_exits_the_others_share_what_is_left(scenario: Any, live: Any) -> None:
    """In the mean each exit has its stated probability; alarm rate 3e-4."""
    text = """
[stages.a]
dwell = { law = "exponential", mean = 1 }
exits = { b = 0.5, c = 0.3, gone = 0.2 }
[stages.b]
end = true
[stages.c]
end = true
[stages.gone]
end = true
[frailty]
beta = { "a -> gone" = 1.5 }
"""
    journeys = live(scenario(text, arrivals="cohort = 20000"), seed=9)
    for stage, share in (("b", 0.5), ("c", 0.3), ("gone", 0.2)):
        assert near(entries(journeys, stage, 1e9) > 0, share)


def test_levers_and_normal_frailty_come_on_top(scenario: Any, live: Any) -> None:
    """Of a race with a hazard ratio: E exp(-ratio H G) = (1 + ratio H / k)^-k. Of a choice: log-odds add up. Alarm rate 2e-4."""
    more = """
[levers.push]
effects = [{ exit = "waiting -> repeat", hazard_ratio = 2.5 }, { exit = "repeat -> silent", log_odds = 1.0 }]
[strategies.on]
push = [{ day = 10, level = 1.0 }]
"""
    journeys = live(scenario(BG + more, start="first", arrivals="cohort = 20000"), seed=11)
    exposure = (10 + 2.5 * 20) / 20  # by day 30, a lever from day 10 on
    assert near(entries(journeys, "repeat", 30.0) == 0, (1 + exposure / 0.6) ** -0.6)
    events = journeys.events
    first = (events.stage == journeys.stages.index("repeat")) & (events.time > 10.0) & (events.sequence == 2)
    onward = events.stage[np.flatnonzero(first) + 1] == journeys.stages.index("silent")
    chance = np.linspace(0.0, 1.0, 200_001)[1:-1]
    weight = stats.beta.pdf(chance, 0.8, 2.4)
    expected = (weight / (1 + (1 - chance) / chance * math.exp(-1))).sum() / weight.sum()
    assert near(onward, float(expected))


def test_draws_are_the_same_under_every_strategy(scenario: Any) -> None:
    more = """
[levers.push]
effects = [{ exit = "waiting -> repeat", hazard_ratio = 1.0 }]
[strategies.off]
[strategies.on]
push = 1.0
"""
    found = scenario(BG + more, start="first", arrivals="cohort = 500")
    one, other = (simulate(build(found, name), seed=2) for name in ("off", "on"))
    assert np.array_equal(one.events.stage, other.events.stage)
    assert one.events.time == pytest.approx(other.events.time, rel=1e-12)
