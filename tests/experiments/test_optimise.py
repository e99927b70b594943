"""The best mix: against closed forms, within limits, confirmed on fresh customers, and the same after a stop."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from sojourn.experiments.journal import journal
from sojourn.experiments.mixes import Evaluator, Mix, Mixer
from sojourn.experiments.optimise import Optimum, optimise
from sojourn.experiments.surface import fitted
from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import load, loads
from sojourn.scenarios.model import Scenario
from sojourn.sim.estimates import Estimate
from sojourn.sim.money import book, overhead
from sojourn.sim.run import simulate

FIRST = Path(__file__).parents[1] / "scenarios" / "first.toml"
CUSTOMERS, MARGIN, SHARE, DAYS = 3_000, 60.0, 0.45, 100
CALLS, FIXED = 12.5, 140.0  # money a customer, money a day
ON_CALLS, ON_SITE = 1.2, 0.7
HALF, SLOPE = 0.35, 2.0


@pytest.fixture(scope="module")
def shop() -> Scenario:
    """Customers buy or do not; one lever costs by the customer, one by the day and comes in an S."""
    return loads(f"""
format = 1
[scenario]
name = "shop"
start = "visit"
horizon_days = {DAYS}
annual_discount_rate = 0.0
[arrivals]
cohort = {CUSTOMERS}
[stages.visit]
dwell = {{ law = "exponential", mean = 0.5 }}
exits = {{ purchase = {SHARE}, gone = {1 - SHARE} }}
[stages.purchase]
end = true
role = "purchase"
revenue = {MARGIN}
[stages.gone]
end = true
role = "lost"
[levers.calls]
cost = {{ per_customer = {CALLS} }}
effects = [{{ exit = "visit -> purchase", log_odds = {ON_CALLS}, evidence = "assumed" }}]
[levers.site]
cost = {{ per_day = {FIXED} }}
response = {{ half = {HALF}, slope = {SLOPE} }}
effects = [{{ exit = "visit -> purchase", log_odds = {ON_SITE}, evidence = "assumed" }}]
[strategies.today]
calls = 0.1
""")


def hill(x: float) -> float:
    return float(x**SLOPE / (x**SLOPE + HALF**SLOPE) * (1.0 + HALF**SLOPE))


def profit(calls: float, site: float) -> float:
    """Expected profit; nothing is discounted. Levers act when the dwell starts, on the first day for the whole cohort."""
    odds = math.log(SHARE / (1.0 - SHARE)) + ON_CALLS * calls + ON_SITE * hill(site)
    bought = 1.0 / (1.0 + math.exp(-odds))
    return CUSTOMERS * (MARGIN * bought - CALLS * calls) - FIXED * DAYS * site


def spending(calls: float, site: float) -> float:
    return CUSTOMERS * CALLS * calls + FIXED * DAYS * site


def exact(budget: float | None) -> float:
    """The best profit there is, from many starts."""
    best = profit(0.1, 0.0) if budget is None or budget >= 0.0 else profit(0.0, 0.0)
    limit = [] if budget is None else [{"type": "ineq", "fun": lambda x: budget + spending(0.1, 0.0) - spending(*x)}]
    for start in np.random.default_rng(3).random((20, 2)):
        found = minimize(
            lambda x: -profit(*x) / 1000.0, start, bounds=[(0.0, 1.0)] * 2, constraints=limit, method="SLSQP"
        )
        if found.success:
            best = max(best, -float(found.fun) * 1000.0)
    return float(best)


@pytest.fixture(scope="module")
def found(shop: Scenario) -> Optimum:
    return optimise(shop, trials=22, seed=1)


@pytest.mark.parametrize(("budget", "seed"), [(None, 1), (6_000.0, 2)])
def test_regret_is_at_most_two_percent_of_what_there_is_to_gain(
    shop: Scenario, found: Optimum, budget: float | None, seed: int
) -> None:
    """The surface is smooth, and 3,000 customers times 8 to 32 replications tell profits apart to some 40."""
    if budget is not None:
        found = optimise(shop, budget=budget, trials=22, seed=seed)
    assert found.mix is not None
    calls, site = found.mix.levels
    top, now = exact(budget), profit(0.1, 0.0)
    assert top - now > 10_000.0
    assert top - profit(calls, site) <= 0.02 * (top - now)
    assert found.better
    if budget is not None:
        assert spending(calls, site) - spending(0.1, 0.0) <= budget * 1.002  # the mean of random arrivals is none here
        assert found.spending.mean == pytest.approx(spending(calls, site) - spending(0.1, 0.0), rel=1e-9)


def test_the_confirmed_gain_is_honest(found: Optimum) -> None:
    """The fresh interval, widened to 99.9 % (Student, 31 degrees of freedom), holds the true gain: a false alarm in 1,000."""
    assert found.mix is not None
    assert found.gain.mean is not None
    assert found.gain.high is not None
    truth = profit(*found.mix.levels) - profit(0.1, 0.0)
    half = (found.gain.high - found.gain.mean) / 1.6955 * 3.633
    assert abs(found.gain.mean - truth) <= half


def test_the_sentence_tells_the_mix_its_gain_and_its_cost(found: Optimum, shop: Scenario) -> None:
    assert found.better
    assert found.mix is not None
    assert found.spending.mean is not None
    calls, site = found.mix.levels
    told = found.sentence
    assert told.startswith(f"The mix (calls {calls:g}, site {site:g}) beats today by USD ")
    assert f"for USD {found.spending.mean:+,.0f} on levers, on customers that the search has not seen." in told
    assert found.document()["sentence"] == told
    assert len(repr(found)) <= 300
    assert "The mix (calls" in repr(found)
    nothing = Estimate(0.0, 0.0, 0.0)
    assert replace(found, gain=nothing).sentence.startswith("Nothing beats today")
    assert "keeps the limits" in replace(found, mix=None).sentence
    unsure = replace(found, gain=Estimate(100.0, -300.0, 500.0)).sentence
    assert "is not distinguishable from today: USD +100" in unsure
    free = replace(found, spending=nothing).sentence
    assert "for USD 0 on levers" in free


def test_what_a_lever_costs_is_what_the_ledger_charges() -> None:
    """For whom a lever is may hang on what its own stage changes: whoever is counted, it is what is missing when it is free."""
    document = load(FIRST).document()
    document["levers"]["personalization"]["cost"] = {"per_customer": 2.0, "per_day": 5.0}
    document["stages"]["awareness"]["touchpoint"] = {"performance": 60.0, "sd": 20.0}
    document["strategies"] = {"now": {"personalization": {"level": 0.5, "when": "satisfaction < 65"}}}
    scenario = Scenario.model_validate(document)
    mixer = Mixer(scenario, "now", ("personalization", "referral_incentive"), False, 1.0)
    evaluate = Evaluator(mixer, ("cost",), seed=2, customers=600, workers=1)
    mix = Mix((0.8, 1.0), (0.0, 0.0))
    spent = evaluate(mix, 1)[0]["spending"].value
    network = mixer.network(mix)
    free = mixer.network(mix, free=True)
    costs = [
        float(book(simulate(one, seed=2, customers=600), one, discounted=True).cost.sum())
        + overhead(one, 365.0, discounted=True)
        for one in (network, free)
    ]
    assert spent == pytest.approx(costs[0] - costs[1], rel=1e-9)  # desks here pay no agents
    asked = simulate(network, seed=2, customers=600)
    first = asked.events.sequence == 0
    assert 0.0 < spent < 0.8 * (2.0 * first.sum() + 5.0 * 365.0) + 10.0 * (asked.customers.source == 1).sum()


def test_the_frontier_rises_with_what_is_spent(found: Optimum) -> None:
    spent = [one.spending.mean or 0.0 for one in found.frontier]
    figures = [one.figure.mean or 0.0 for one in found.frontier]
    assert len(spent) >= 4
    assert spent == sorted(spent)
    assert figures == sorted(figures)
    for one in found.frontier:
        top = exact(one.spending.mean)
        assert profit(*one.mix.levels) >= top - 0.05 * (exact(None) - profit(0.1, 0.0))


def test_where_no_lever_pays_the_baseline_stays(shop: Scenario) -> None:
    """Dear levers: the best is to pull none, and a mix that equals the baseline is not called better."""
    document = shop.document()
    for lever in document["levers"].values():
        lever["cost"] = {"per_customer": 400.0}
    document["strategies"] = {"nothing": {}}
    found = optimise(Scenario.model_validate(document), trials=20, replications=3, seed=1)
    assert found.mix is not None
    assert found.mix.levels == (0.0, 0.0)
    assert not found.better
    assert found.gain == (0.0, 0.0, 0.0)


def test_limits_on_other_measures_are_kept_or_said_to_be_out_of_reach(shop: Scenario) -> None:
    limited = optimise(shop, at_least={"conversion": 0.82}, trials=20, replications=4, seed=1)
    assert limited.mix is not None
    assert (limited.bounded["conversion"].mean or 0.0) >= 0.82 - 0.005  # standard error of 60,000 customers: .0016
    assert profit(*limited.mix.levels) < exact(None) - 100.0  # more conversion than pays
    none = optimise(shop, at_least={"conversion": 0.9}, trials=20, replications=2, seed=1)
    assert none.mix is None
    assert not none.better
    assert none.document()["mix"] is None


def test_a_later_start_is_found_where_it_pays() -> None:
    """Customers come from day 60 on only, the lever costs by the day: to start earlier is money for nothing."""
    scenario = loads(f"""
format = 1
[scenario]
name = "season"
start = "visit"
horizon_days = 120
annual_discount_rate = 0.0
[arrivals]
daily = {[0] * 60 + [100] * 60}
[stages.visit]
dwell = {{ law = "exponential", mean = 0.5 }}
exits = {{ purchase = 0.2, gone = 0.8 }}
[stages.purchase]
end = true
role = "purchase"
revenue = 60
[stages.gone]
end = true
role = "lost"
[levers.site]
cost = {{ per_day = 500 }}
effects = [{{ exit = "visit -> purchase", log_odds = 1.0, evidence = "assumed" }}]
[strategies.today]
""")
    found = optimise(scenario, schedules=True, trials=24, replications=4, seed=1)
    assert found.mix is not None
    assert found.mix.levels[0] > 0.9
    assert 54.0 <= found.mix.days[0] <= 61.0  # a day of site is 500 of some 29,000


def pieces(found: Optimum) -> dict[str, Any]:
    return found.document()


def test_a_search_that_is_stopped_goes_on_to_the_same_end(shop: Scenario, tmp_path: Path) -> None:
    options: dict[str, Any] = {"levers": ["calls"], "trials": 12, "replications": 2, "customers": 300, "seed": 5}
    whole = pieces(optimise(shop, workers=1, **options))
    counted = []
    for stop_at in (3, 9, 16):
        kept_before = 0

        def stop(done: int, total: int, at: int = stop_at) -> None:
            if done >= at:
                raise KeyboardInterrupt

        try:
            with journal(tmp_path / "out", "q") as kept:
                kept_before = len(kept)
                optimise(shop, workers=2, progress=stop, kept=kept, **options)
        except KeyboardInterrupt:
            counted.append(kept_before)
    with journal(tmp_path / "out", "q") as kept:
        assert len(kept) > counted[-1] > counted[1] > counted[0] == 0
        assert pieces(optimise(shop, workers=2, kept=kept, **options)) == whole


def test_a_surface_goes_through_what_is_smooth_and_past_what_is_noise() -> None:
    generator = np.random.default_rng(2)
    points = generator.random((40, 2))
    truth = np.sin(3 * points[:, 0]) + points[:, 1] ** 2
    at = generator.random((200, 2)) * 0.8 + 0.1
    expected = np.sin(3 * at[:, 0]) + at[:, 1] ** 2
    mean, error = fitted(points, truth).at(at)
    assert np.abs(mean - expected).max() < 0.02
    assert (error >= 0.0).all()
    noisy, _ = fitted(points, truth + 0.05 * generator.standard_normal(40)).at(at)
    assert np.sqrt(np.mean((noisy - expected) ** 2)) < 0.05


def test_what_is_asked_wrongly_is_told_all_at_once() -> None:
    scenario = load("point-of-no-return")
    with pytest.raises(Faults) as found:
        optimise(scenario, ["personalisation", "experience"], baseline="tody", budget=-5.0, trials=0, replications=1)
    told = str(found.value)
    for words in ("personalization", "today", "budget", "trials", "replications"):
        assert words in told
    with pytest.raises(Faults, match="profits"):
        optimise(scenario, measure="profits")
    with pytest.raises(Faults, match="satisfactions"):
        optimise(scenario, at_least={"satisfactions": 3.0})
