"""States that no strategy saves, states that none is worth its money in, and the money behind both."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sojourn as sj
from sojourn.experiments.commitment import Commitment, commitment
from sojourn.experiments.commitment_worth import Purse
from sojourn.scenarios.faults import Faults
from sojourn.sim.money import book
from sojourn.sim.network import build
from sojourn.sim.run import simulate

FIRST = Path(__file__).parents[1] / "scenarios" / "first.toml"
Make = Callable[..., Any]

ANGRY = """
[stages.trial]
dwell = { law = "exponential", mean = 5 }
exits = { use = 0.7, angry = 0.3 }
[stages.use]
race.fond = { law = "exponential", mean = 20 }
race.gone = { law = "exponential", mean = 30 }
[stages.angry]
race.use = { law = "exponential", mean = 2000 }
race.gone = { law = "exponential", mean = 10 }
[stages.fond]
role = "loyal"
race.gone = { law = "exponential", mean = 100 }
[stages.gone]
end = true
role = "lost"
[levers.calls]
cost = { per_day = 3 }
effects = [{ exit = "use -> fond", hazard_ratio = 1.5, evidence = "assumed" }]
[levers.rescue]
cost = { per_day = 40 }
effects = [{ exit = "angry -> use", hazard_ratio = 200.0, evidence = "assumed" }]
[strategies.today]
[strategies.call]
calls = 1.0
"""
RESCUE = """
[strategies.win_back]
rescue = [{ day = 20, level = 0.5 }, { day = 60, level = 1.0, ramp_days = 30 }]
"""


def angry(scenario: Make, more: str = "", **options: Any) -> Commitment:
    made = scenario(ANGRY + more, start="trial", horizon=200, arrivals="rate_per_day = 60")
    return commitment(made, replications=2, **options)


def num(value: float | None) -> float:
    assert value is not None
    return value


def test_a_state_that_no_strategy_saves_is_found(scenario: Make) -> None:
    found = angry(scenario)
    assert {state.stage for state in found.states if state.lost} == {"angry"}
    assert {state.stage for state in found.states if not state.lost} == {"trial", "use"}
    assert list(found.lost.stages) == ["angry"]
    assert num(found.lost.fall.low) <= 0.3 <= num(found.lost.fall.high) + 0.01  # some are still on trial
    assert found.lost.begin.mean == 0.0
    assert not any(state.saved_by for state in found.states)


def test_it_is_not_claimed_where_a_strategy_rescues(scenario: Make) -> None:
    found = angry(scenario, RESCUE)
    assert not any(state.lost for state in found.states)
    assert found.lost.fall.mean == 0.0
    saved = [state for state in found.states if state.saved_by]
    assert {state.stage for state in saved} == {"angry"}
    assert {state.saved_by for state in saved} == {("win_back",)}
    assert all(num(state.chance.high) <= 0.05 for state in saved)


def test_unless_it_cannot_be_paid(scenario: Make) -> None:
    """In force throughout, the rescue costs 40 a day for 200 days, calls 3 a day."""
    found = angry(scenario, RESCUE, budget=7999)
    assert {name: cost.affordable for name, cost in found.costs.items()} == {
        "today": True,
        "call": True,
        "win_back": False,
    }
    assert found.costs["win_back"].extra == pytest.approx(8000)
    assert found.costs["call"].extra == pytest.approx(600)
    assert {state.stage for state in found.states if state.lost} == {"angry"}
    assert all(set(state.strategies) == {"today", "call"} for state in found.states)
    assert not any(state.lost for state in angry(scenario, RESCUE, budget=8000).states)


def test_who_begins_there_has_not_fallen(scenario: Make) -> None:
    body = ANGRY.replace("use = 0.7, angry = 0.3", "use = 0.04, angry = 0.96")
    made = scenario(body, start="trial", horizon=200, arrivals="rate_per_day = 60")
    found = commitment(made, replications=2)
    assert num(found.lost.begin.mean) > 0.99  # on trial the chance is .04 at most
    assert found.lost.fall.mean == 0.0


QUIET = """
[stages.use]
race.buy = { law = "exponential", mean = 20 }
race.quiet = { law = "exponential", mean = 30 }
[stages.buy]
role = "purchase"
revenue = 50
dwell = { law = "exponential", mean = 2 }
exits = { use = 0.8, fond = 0.2 }
[stages.quiet]
race.buy = { law = "exponential", mean = 300 }
race.gone = { law = "exponential", mean = 20 }
[stages.fond]
role = "loyal"
race.gone = { law = "exponential", mean = 100 }
[stages.gone]
end = true
role = "lost"
[levers.letters]
cost = { per_customer_day = 0.4 }
effects = [{ exit = "use -> buy", hazard_ratio = 2.0, evidence = "assumed" }]
[strategies.today]
[strategies.write]
letters = 1.0
"""


def test_a_state_that_is_not_worth_more_money_is_found(scenario: Make) -> None:
    made = scenario(QUIET, start="use", horizon=200, arrivals="rate_per_day = 50")
    found = commitment(made, replications=2)
    assert {state.stage for state in found.states if state.unpaid} == {"quiet"}
    assert found.unpaid is not None
    assert list(found.unpaid.stages) == ["quiet"]
    assert num(found.unpaid.fall.low) > 0.3
    for state in found.states:
        worth = state.strategies["write"].worth
        assert worth is not None
        if state.stage == "use":
            assert num(worth.low) > 0.0
        if state.stage == "quiet" and state.age == 0.0:  # some buy again, and gain later; most cost 40 cents a day
            assert num(worth.high) < 0.0


def test_it_is_not_claimed_where_a_strategy_pays(scenario: Make) -> None:
    more = (
        QUIET
        + """
[levers.offers]
cost = { per_customer_day = 0.05 }
effects = [{ exit = "quiet -> buy", hazard_ratio = 10.0, evidence = "assumed" }]
[strategies.offer]
offers = 1.0
"""
    )
    made = scenario(more, start="use", horizon=200, arrivals="rate_per_day = 50")
    found = commitment(made, replications=2, exact=False)
    assert not any(state.unpaid for state in found.states)
    assert not any(state.unpaid for state in commitment(made, replications=2).states)
    worths = [state.strategies["offer"].worth for state in found.states if state.stage == "quiet"]
    assert all(num(worth.low) > 0.0 for worth in worths if worth is not None)
    assert sum(worth is not None for worth in worths) >= 3


def test_fixed_costs_are_shared_by_days(scenario: Make) -> None:
    """A lever that does nothing costs each customer its daily cost over the customers there are, for the days until the end."""
    body = ANGRY.replace("hazard_ratio = 1.5", "hazard_ratio = 1.0")
    made = scenario(body, start="trial", horizon=200, arrivals="rate_per_day = 60")
    found = commitment(made, replications=2, within=50.0)
    state = next(state for state in found.states if state.stage == "angry" and state.age == 0.0)
    tried = state.strategies["call"]
    # About 60 a day stay 5 days on trial, 3 in 10 ten in anger, 7 in 10 twelve in use, 2 in 5 of these 100 more once fond.
    customers = 60 * (5 + 0.3 * 10 + 0.7 * 12 + 0.7 * 0.6 * 100 * (1 - np.exp(-1)))
    assert tried.gain == 0.0
    assert num(tried.cost) == pytest.approx(3 / customers * 10, rel=0.3)
    assert state.unpaid


def test_without_a_second_strategy_nothing_is_said_of_money(scenario: Make) -> None:
    found = angry(scenario, strategies=["today"])
    assert found.unpaid is None
    assert not any(state.unpaid for state in found.states)


def test_levers_show_where_crossing_moves(scenario: Make) -> None:
    found = angry(scenario)
    assert list(found.levers) == ["calls", "rescue"]
    for one in found.levers.values():
        assert num(one.difference.low) > 0.0
        assert one.stage == "fond"
        assert num(one.sure.mean) == pytest.approx(found.crossings[0.9].sure + num(one.difference.mean), abs=0.01)
    assert num(found.levers["rescue"].sure.mean) > 0.5


@pytest.mark.parametrize("strategy", ["today", "perks_for_premium", "service_first"])
def test_the_margin_of_any_window_is_that_of_the_ledger(strategy: str) -> None:
    network = build(sj.load(str(FIRST)), strategy)
    journeys = simulate(network, seed=4, customers=1500)
    purse, people = Purse(journeys, network), journeys.customers
    who = np.arange(people.customer.size)

    def ledger(days: float) -> np.ndarray:
        money = book(journeys, network, discounted=True, window=days)
        return np.bincount(journeys.who, weights=money.revenue - money.cost, minlength=who.size)

    delta = np.log1p(0.1) / 365
    np.testing.assert_allclose(purse.window(who, people.arrived - 1e-6, 60.0), ledger(60.0), atol=1e-5)
    followed = np.flatnonzero(people.arrived + 90 < journeys.horizon)
    apart = np.exp(delta * 30) * (ledger(90.0) - ledger(30.0))
    found = purse.window(who[followed], people.arrived[followed] + 30.0, 60.0)
    np.testing.assert_allclose(found, apart[followed], atol=1e-6)
    assert np.abs(found).max() > 10.0


def test_only_loyal_stages_that_can_be_reached_are_asked_for(scenario: Make) -> None:
    made = scenario(ANGRY, start="trial", horizon=200)
    bad: list[tuple[dict[str, Any], str]] = [
        ({"loyal": ["fonnd"]}, '"test" has no stage "fonnd"; did you mean "fond"?'),
        ({"loyal": ["trial"]}, 'customers begin in "trial"'),
        ({"loyal": ["gone"]}, '"gone" has the role lost'),
        ({"within": 0.0}, "0 days is out of range; give days from above 0 to 99800, such as 100"),
        ({"within": float("nan")}, "out of range"),
        ({"strategies": ["tody"]}, 'no strategy named "tody"; did you mean "today"?'),
        ({"strategies": []}, "no strategy is named"),
        ({"budget": -1.0}, "no such budget"),
        ({"customers": 0}, "no such number"),
        ({"replications": 0}, "no such number of replications"),
        ({"seed": -1}, "no such seed"),
    ]
    for options, said in bad:
        with pytest.raises(Faults) as caught:
            commitment(made, **options)
        assert said in str(caught.value)
    with pytest.raises(Faults) as caught:
        commitment(made, loyal=["fonnd"], within=-1.0, seed=-1)
    assert len(caught.value.faults) == 3


def test_a_scenario_without_a_loyal_stage_is_told_the_remedy(scenario: Make) -> None:
    made = scenario(ANGRY.replace('role = "loyal"\n', ""), start="trial", horizon=200)
    with pytest.raises(Faults, match="name one with --loyal STAGE"):
        commitment(made)
    assert commitment(made, loyal=["fond"], replications=1, customers=500).loyal == ("fond",)
