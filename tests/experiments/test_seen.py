"""Where hardly any customer lives differently, equal differences claim nothing."""

import numpy as np
import pytest

from sojourn import paying, validation
from sojourn.experiments.compare import compare
from sojourn.experiments.seen import FEWEST, acts, customers_apart, withheld
from sojourn.experiments.worth import worth
from sojourn.scenarios.files import loads
from sojourn.sim.estimating import Jackknife
from sojourn.sim.run import run

RARE = """
format = 1
[scenario]
name = "rare"
start = "a"
horizon_days = 100
[arrivals]
cohort = 30
[stages.a]
dwell = { law = "exponential", mean = 10 }
exits = { b = 0.01, z = 0.99 }
[stages.b]
role = "purchase"
revenue = 100000
dwell = { law = "deterministic", value = 1 }
exits = { z = 1.0 }
[stages.z]
end = true
role = "lost"
[levers.l]
cost = { per_day = 1 }
effects = [ { exit = "a -> b", log_odds = 0.4 } ]
[levers.idle]
cost = { per_day = 2 }
[strategies.base]
[strategies.on]
l = 1
[strategies.paid]
idle = 1
"""


@pytest.mark.parametrize(("replications", "customers"), [(1, 30), (3, 3), (20, 1)])
def test_a_rare_effect_that_nobody_met_is_no_loss(replications: int, customers: int) -> None:
    """The truth is a gain of some 450 a customer; so few see the price alone, 100 in every replication."""
    found = compare(loads(RARE), ["base", "on"], replications=replications, customers=customers, workers=1)
    assert found.differences["on - base"]["profit"] == (-100.0, None, None)
    assert found.verdict.winner is None
    few = "one replication" if replications == 1 else f"{replications} replications"
    assert found.verdict.sentence.startswith(f"{few} cannot show that on differs from base")
    assert not found.payback


@pytest.mark.parametrize("seed", range(1, 9))
def test_a_handful_of_lives_wins_nothing(seed: int) -> None:
    """20 replications of 30 customers, of whom one to four are won: no interval, or one that holds 0. Seeds are fixed."""
    found = compare(loads(RARE), ["base", "on"], replications=20, seed=seed, workers=1)
    base, on = (one.parts for one in found.result.outcomes.values())
    won = sum(one["conversion"] != two["conversion"] for one, two in zip(base, on, strict=True))
    assert (found.verdict.winner is None) or won >= FEWEST


def test_enough_of_it_is_told() -> None:
    """200 replications: 6,000 customers, of whom some 30 are won, all of them gains."""
    found = compare(loads(RARE), ["base", "on"], replications=200, workers=1)
    assert found.verdict.winner == "on"


@pytest.mark.parametrize("replications", [1, 4])
def test_what_only_costs_is_known_to_the_cent(replications: int) -> None:
    found = compare(loads(RARE), ["base", "paid"], replications=replications, workers=1)
    assert found.differences["paid - base"]["profit"] == pytest.approx((-200.0, -200.0, -200.0))
    assert found.verdict.winner == "base"
    assert not acts(loads(RARE), "base", "paid")
    assert acts(loads(RARE), "base", "on")


def test_customers_apart_are_counted_one_by_one() -> None:
    scenario = loads(RARE.replace("b = 0.01, z = 0.99", "b = 0.5, z = 0.5").replace("log_odds = 0.4", "log_odds = 40"))
    found = run(scenario, ["base", "on"], replications=1, customers=1000, keep=True, workers=1).outcomes
    base, on = (found[name].journeys[0] for name in ("base", "on"))
    bought = [set(one.events.customer[one.events.stage == 1].tolist()) for one in (base, on)]
    assert customers_apart(base, base) == 0
    assert customers_apart(base, on) == len(bought[1] - bought[0]) > 400


def test_few_units_give_no_errors() -> None:
    spread = Jackknife(20.0, 20.0 + np.arange(20.0) / 100.0)
    wide = Jackknife(1.0, np.arange(20.0))
    assert withheld(spread, FEWEST, 20) is spread
    assert withheld(spread, FEWEST - 1, 20).left_out.size == 0
    assert withheld(wide, 1, 20) is wide  # it holds 0, and claims nothing
    assert withheld(spread, 3, 3) is spread  # all of them differ
    assert withheld(Jackknife(1.0, np.ones(3)), 3, 3).left_out.size == 0  # but by the same amount
    same = Jackknife(0.0, np.zeros(20))
    assert withheld(same, 0, 20) is same


def test_no_money_is_no_tie() -> None:
    text = RARE.replace("revenue = 100000\n", "").replace("cost = { per_day = 1 }\n", "")
    plain = loads(text.replace("cost = { per_day = 2 }\n", ""))
    found = compare(plain, ["base", "on"], replications=2, workers=1)
    said = (
        "profit is not measured, for the scenario states no money: ask for another measure, as by --measure conversion."
    )
    assert found.verdict.sentence == said
    again = compare(plain, ["base", "on"], measure="conversion", replications=200, workers=1)
    assert again.verdict.sentence.startswith("on beats base by ")


def test_levers_that_can_only_lose_money_are_no_answer() -> None:
    """Levers cost money and nothing brings any: no verdict on profit. A cost on the way is one that a lever may save."""
    spent = loads(RARE.replace("revenue = 100000\n", ""))
    found = compare(spent, ["base", "on"], replications=2, workers=1)
    reason = "for the scenario states no revenue, so that every lever can only lose money"
    assert (
        found.verdict.sentence
        == f"profit tells nothing, {reason}: ask for another measure, as by --measure conversion."
    )
    assert not list(paying.lines(found))
    doubted = RARE.replace("log_odds = 0.4", "log_odds = { central = 0.4, low = 0.1, high = 0.8 }")
    weighed = worth(
        loads(doubted.replace("revenue = 100000\n", "")), ["base", "on"], draws=20, replications=2, workers=1
    )
    assert weighed.sentence == found.verdict.sentence
    assert list(validation.money(spent))
    for measure in ("cost", "conversion"):
        told = compare(spent, ["base", "on"], measure=measure, replications=2, workers=1)
        assert "tells nothing" not in told.verdict.sentence
    for other in (RARE, RARE.replace("revenue = 100000\n", "cost = 3\n")):
        assert "tells nothing" not in compare(loads(other), ["base", "on"], replications=2, workers=1).verdict.sentence
        assert not list(validation.money(loads(other)))
