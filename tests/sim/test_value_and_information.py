"""What customers differ in beside segments and frailty: their latent value, and how much is known about them."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

BUY = """
[stages.a]
dwell = { law = "exponential", mean = 1 }
exits = { buy = 1.0 }
[stages.buy]
role = "purchase"
end = true
revenue = 10
"""


def test_value_scales_revenue_and_is_1_on_average(scenario: Any, live: Any) -> None:
    """log(revenue / 10) is normal with mean -sigma^2 / 2 and spread sigma, and rises with the quantile told; alarm rate 1e-4."""
    journeys = live(scenario(BUY + "[value]\nsigma = 0.8\n", arrivals="cohort = 4000"), seed=3)
    paid = journeys.events.revenue[1::2]
    assert stats.kstest((np.log(paid / 10) + 0.32) / 0.8, "norm").pvalue > 1e-4
    quantiles = stats.norm.cdf((np.log(paid / 10) + 0.32) / 0.8)
    assert quantiles == pytest.approx(journeys.customers.value, abs=1e-12)


def test_value_of_no_spread_changes_nothing(scenario: Any, live: Any) -> None:
    plain, valued = (live(scenario(BUY + more, arrivals="cohort = 50")) for more in ("", "[value]\nsigma = 0.0\n"))
    for name, one in plain.events.columns().items():
        assert np.array_equal(one, getattr(valued.events, name), equal_nan=True), name
    assert np.isnan(plain.customers.value).all()
    assert ((valued.customers.value > 0.0) & (valued.customers.value < 1.0)).all()


def test_a_lever_for_the_top_tenth_reaches_them_alone(scenario: Any, live: Any) -> None:
    """Who they are depends on nobody else: the same customers with few others as with many."""
    more = """
[value]
sigma = 1.0
[levers.manager]
effects = [{ dwell = "a", time_ratio = 3.0 }]
[strategies.top]
manager = { level = 1, when = "value >= 0.9" }
"""
    few, many = (live(scenario(BUY + more, arrivals=f"cohort = {n}")) for n in (400, 4000))
    held = many.events.held[::2] == 1
    assert np.array_equal(held, many.customers.value >= 0.9)
    assert stats.binomtest(int(held.sum()), 4000, 0.1).pvalue > 1e-4
    assert np.array_equal(few.events.held[::2] == 1, held[:400])
    slow = many.events.time[1::2]
    assert slow[held].mean() / slow[~held].mean() == pytest.approx(3.0, abs=4.0 * 3.0 / math.sqrt(held.sum()))


LEARN = """
[stages.a]
dwell = { law = "exponential", mean = 1 }
exits = { b = 1.0 }
gathers = 0.4
[stages.b]
dwell = { law = "exponential", mean = 1 }
exits = { won = 0.5, gone = 0.5 }
gathers = 0.5
[stages.won]
end = true
[stages.gone]
end = true
role = "lost"
[levers.content]
effects = [{ information = "a", log_odds = 1.2 }]
[levers.offers]
effects = [{ exit = "b -> won", log_odds = 1.5, informed = 0.8 }]
"""


@pytest.mark.parametrize(("level", "learned"), [(0.0, 0.4), (1.0, 1.0 / (1.0 + 1.5 * math.exp(-1.2)))])
def test_an_effect_rests_on_what_is_known(scenario: Any, live: Any, stays: Any, level: Any, learned: Any) -> None:
    """I' = I + g (1 - I) at each stage; the effect counts times 1 - .8 (1 - I). Alarm rate 1e-4."""
    text = f"{LEARN}[strategies.both]\ncontent = {level}\noffers = 1.0\n"
    journeys = live(scenario(text, arrivals="cohort = 20000"))
    known = learned + 0.5 * (1.0 - learned)
    assert journeys.customers.information == pytest.approx(known, abs=1e-12)
    won = 1.0 / (1.0 + math.exp(-1.5 * (1.0 - 0.8 * (1.0 - known))))
    seen = int((stays(journeys, "b").to == "won").sum())
    assert stats.binomtest(seen, 20000, won).pvalue > 1e-4


def test_a_hazard_rests_on_what_is_known(scenario: Any, live: Any, stays: Any) -> None:
    """Races too, through the same sum of effects. Alarm rate 1e-4."""
    text = LEARN.replace("exits = { won = 0.5, gone = 0.5 }\n", "").replace(
        '[stages.b]\ndwell = { law = "exponential", mean = 1 }',
        '[stages.b]\nrace.won = { law = "exponential", mean = 1 }\nrace.gone = { law = "exponential", mean = 1 }',
    )
    text = text.replace("log_odds = 1.5", "hazard_ratio = 3.0") + "[strategies.on]\noffers = 1.0\n"
    journeys = live(scenario(text, arrivals="cohort = 20000"))
    ratio = 3.0 ** (1.0 - 0.8 * (1.0 - 0.7))
    seen = int((stays(journeys, "b").to == "won").sum())
    assert stats.binomtest(seen, 20000, ratio / (1.0 + ratio)).pvalue > 1e-4


def test_information_is_told_by_conditions_and_measured(scenario: Any, live: Any) -> None:
    from sojourn.sim.measures import measure
    from sojourn.sim.network import build

    text = LEARN + '[strategies.on]\noffers = { level = 1.0, when = "information > 0.5" }\n'
    found = scenario(text, arrivals="cohort = 100")
    journeys = live(found)
    held = journeys.events.held >> 1 & 1
    assert (held[journeys.events.stage == 0] == 0).all()
    assert (held[journeys.events.stage == 1] == 1).all()
    assert measure(journeys, build(found, "on"))["information"].figure == pytest.approx(0.7)


ENTRY = """
[stages.a]
gathers = 0.6
role = "purchase"
revenue = { law = "deterministic", value = 10 }
touchpoint = { performance = 40 }
desk = { name = "help", probability = 0.001 }
race.gone = { law = "deterministic", value = 1000 }
[stages.gone]
end = true
[desks.help]
agents = 1
handle = { law = "exponential", mean = 0.001 }
[satisfaction]
start = { mean = 40 }
expectation = { mean = 40 }
gain = 1.0
learning = 0.0
recovery = 0.0
[levers.more]
[[levers.more.effects]]
spend = "a"
rate_ratio = 2.0
evidence = "assumed"
[[levers.more.effects]]
touchpoint = "a"
points = 20.0
evidence = "assumed"
[[levers.more.effects]]
demand = "a"
log_odds = 14.0
evidence = "assumed"
[strategies.knowing]
more = { level = 1.0, when = "information > 0.5" }
[strategies.paid]
more = { level = 1.0, when = "spend >= 10" }
"""


@pytest.mark.parametrize(("strategy", "revenue"), [("knowing", 20.0), ("paid", 10.0)])
@pytest.mark.parametrize("engine", ["compiled", "simpy"])
def test_what_an_entry_teaches_and_brings_counts_from_then_on(
    scenario: Any, strategy: str, revenue: float, engine: str
) -> None:
    """What is learned counts for the money of the entry, the desk and the touchpoint; the money for the latter two."""
    from sojourn.sim.network import build
    from sojourn.sim.run import simulate

    found = scenario(ENTRY, horizon=50.0, arrivals="cohort = 50")
    events = simulate(build(found, strategy), engine=engine).events
    assert events.revenue.tolist() == [revenue] * 50
    assert events.contacts.row.size >= 49  # logit(.001) + 14: one in 120 does not ask
    assert events.satisfaction == pytest.approx(60.0)
