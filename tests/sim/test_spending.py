"""What levers cost is what would not be in the ledger if they were free."""

from copy import deepcopy
from pathlib import Path

import pytest

from sojourn.scenarios.files import load, overlay
from sojourn.sim.money import book, overhead
from sojourn.sim.network import build
from sojourn.sim.run import simulate
from sojourn.sim.spending import lever_spending

FIRST = Path(__file__).parents[1] / "scenarios" / "first.toml"
PLANS = {
    "personalization": 0.2,
    "service_quality": [{"day": 0, "level": 0.0}, {"day": 60, "level": 0.9, "ramp_days": 30}],
    "loyalty_perks": {"level": 0.8, "when": "segment == premium and purchases >= 2"},
    "referral_incentive": {"level": 0.7, "when": "satisfaction >= 60"},
    "awareness_spend": 0.5,
}
COSTS = {
    "levers.personalization.cost": {"per_day": 20.0, "per_customer_day": 0.01, "per_customer": 0.7},
    "levers.loyalty_perks.cost": {"per_customer_day": 0.3},
    "levers.referral_incentive.cost": {"per_referral": 10.0, "per_customer": 0.2},
    "strategies.everything": PLANS,
    "segments.premium.override": {"levers.personalization.cost.per_customer": 1.1},
}


@pytest.mark.parametrize("discounted", [True, False])
def test_each_lever_costs_what_is_missing_when_it_is_free(discounted: bool) -> None:
    scenario = overlay(load(FIRST).document(), COSTS)
    network = build(scenario, "everything")
    journeys = simulate(network, seed=4, customers=4_000)
    spent = lever_spending(journeys, network, discounted=discounted)

    def costs(of: str | None) -> float:
        changed = deepcopy(scenario.document())
        if of is not None:
            changed["levers"][of].pop("cost", None)
            if of == "personalization":
                changed["segments"]["premium"]["override"] = {}
        one = build(overlay(changed, {}), "everything")
        lived = simulate(one, seed=4, customers=4_000)
        return float(book(lived, one, discounted=discounted).cost.sum()) + overhead(
            one, lived.horizon, discounted=discounted
        )

    whole = costs(None)
    assert (journeys.customers.source == 1).sum() > 20  # somebody is invited, so that bonuses are tried
    for name in PLANS:
        assert spent[name] == pytest.approx(whole - costs(name), rel=1e-9, abs=1e-6), name
        assert spent[name] > 0.0


def test_levers_at_rest_cost_nothing() -> None:
    network = build(load(FIRST), "today")
    spent = lever_spending(simulate(network, seed=1, customers=300), network, discounted=True)
    assert set(spent) == set(network.levers)
    assert [name for name, cost in spent.items() if cost] == ["personalization"]
