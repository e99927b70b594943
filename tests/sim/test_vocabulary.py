from typing import Any

import pytest

from sojourn.scenarios.files import loads
from sojourn.sim.estimates import Estimate
from sojourn.sim.vocabulary import direction, headline, in_order, is_share, prefix, title, unit

COIN = """
format = 1
[scenario]
name = "coin"
start = "toss"
horizon_days = 365
currency = "EUR"
[arrivals]
cohort = 1
[stages.toss]
dwell = { law = "deterministic", value = 1 }
exits = { over = 1.0 }
[stages.over]
end = true
"""


@pytest.mark.parametrize(
    ("name", "key", "of", "better", "words"),
    [
        ("profit", "profit", "EUR", 1, "Profit, discounted to day 0"),
        ("profit.undiscounted", "profit", "EUR", 1, "Profit, undiscounted"),
        ("clv.90", "clv", "EUR", 1, "Customer lifetime value over 90 days"),
        ("cost", "cost", "EUR", -1, "Cost"),
        ("roi", "roi", "ratio", 1, "Profit per unit of cost, both discounted"),
        ("reach.in_store", "reach", "share", 0, "Share of customers who ever enter in store"),
        ("occupancy.toss", "occupancy", "share", 0, "Share of customers in toss at the horizon"),
        ("step.in_store.till", "step", "share", 0, "From in store, next till"),
        ("step.toss.open", "step", "share", 0, "Still in toss at the end of follow-up"),
        ("time_to.till", "time_to", "days", 0, "Median days from arrival to till, of those who reach it"),
        ("retention.90", "retention", "share", 1, "Buyers not lost 90 days after the first purchase"),
        ("churn_rate", "churn_rate", "per 30.44 customer-days", -1, "Losses per month (30.44 days) of a buyer"),
        ("desk.first_line.wait", "desk.wait", "days", -1, "Days of waiting at first line"),
        ("desk.first_line.abandoned", "desk.abandoned", "share", -1, "Share who give up at first line"),
        ("desk.first_line.requests", "desk.requests", "per customer", 0, "Requests per customer at first line"),
        ("desk.first_line.failures", "desk.failures", "share", -1, "Share of requests that fail at first line"),
        (
            "desk.a.failures_per_customer",
            "desk.failures_per_customer",
            "per customer",
            -1,
            "Failures per customer at a",
        ),
        ("survey.in_app.bias", "survey.bias", "points", 0, "Satisfaction measured less true, survey in app"),
        ("survey.in_app.responses", "survey.responses", "share", 0, "Share who answer survey in app"),
        ("survey.in_app.asked", "survey.asked", "requests", 0, "Requests of survey in app"),
        ("nps", "nps", "points", 1, "Net Promoter Score of customers not lost"),
        ("referrals", "referrals", "per customer", 1, "Invited customers per customer"),
    ],
)
def test_what_a_name_means(name: Any, key: Any, of: Any, better: Any, words: Any) -> None:
    assert (prefix(name), unit(name, loads(COIN)), direction(name), title(name)) == (key, of, better, words)
    assert is_share(name) == (of == "share")


def test_at_most_eight_and_none_that_is_zero_throughout() -> None:
    names = ["profit", "revenue", "cost", "conversion", "purchases", "retention.30", "retention.90", "satisfaction",
             "clv", "nps", "desk.help.wait", "desk.help.abandoned", "referrals", "churn_rate", "reach.toss"]  # fmt: skip
    full = {name: Estimate(1.0, 0.9, 1.1) for name in names}
    assert headline(full) == (
        "profit",
        "revenue",
        "cost",
        "conversion",
        "purchases",
        "retention.90",
        "satisfaction",
        "clv",
    )
    empty = (
        full
        | {name: Estimate(0.0, 0.0, 0.0) for name in ("revenue", "clv", "purchases")}
        | {"satisfaction": Estimate(None, None, None)}
    )
    chosen = headline(empty)
    assert len(chosen) == 8
    assert not {"revenue", "clv", "purchases", "satisfaction"} & set(chosen)
    assert "revenue" in headline(empty, full)  # somewhere it is not zero
    assert headline({}) == ()
    everybody, most = Estimate(1.0, 1.0, 1.0), Estimate(0.9, 0.8, 1.0)
    assert headline({"reach.a": everybody, "reach.b": most, "purchases": everybody}) == ("purchases", "reach.b")
    assert headline({"reach.a": everybody}, {"reach.a": most}) == ("reach.a",)
    assert headline({"conversion": most, "reach.a": most, "reach.b": Estimate(0.9, 0.7, 1.0)}) == (
        "conversion",
        "reach.b",
    )


def test_measures_of_one_kind_stay_in_their_order() -> None:
    mixed = ["reach.b", "cost", "unheard", "reach.a", "profit.undiscounted", "profit"]
    assert in_order(mixed) == ["profit.undiscounted", "profit", "cost", "reach.b", "reach.a", "unheard"]
