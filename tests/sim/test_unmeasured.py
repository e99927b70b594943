"""Measures that a scenario does not have: why, for a name that another scenario would have, and the nearest name for others."""

import pytest

from sojourn.scenarios.faults import Fault
from sojourn.scenarios.files import library, load, loads
from sojourn.sim.measures import names
from sojourn.sim.network import build
from sojourn.sim.unmeasured import no_measure
from sojourn.sim.vocabulary import DIRECTION

BARE = """
format = 1
[scenario]
name = "bare"
start = "a"
horizon_days = 100
[arrivals]
rate_per_day = 1.0
[stages.a]
dwell = { law = "exponential", mean = 5.0 }
exits = { b = 1.0 }
[stages.b]
end = true
"""
SAYING = {  # what is missing, by measure
    "satisfaction": "says nothing of satisfaction",
    "nps": "says nothing of satisfaction",
    "conversion": "has no stage of the role purchase",
    "purchases": "has no stage of the role purchase",
    "repeat_rate": "has no stage of the role purchase",
    "retention.30": "has no stage of the role purchase",
    "churn_rate": "has no stage of the role purchase",
    "cac": "has no stage of the role purchase",
    "impressions": "does not say how many see an advertisement",
    "click_through": "does not say how many see an advertisement",
    "information": "has no stage that gathers information",
    "referrals": "has nobody who invites others",
    "desk.support.wait": "has no service desk",
    "survey.after.nps": "has no survey",
    "clv.365": "ends after 100 days",
}


def asked(text: str, measure: str) -> Fault:
    scenario = loads(text)
    known = names(build(scenario, next(iter(scenario.strategies))))
    assert measure not in known
    return no_measure(scenario, "measure", measure, known)


@pytest.mark.parametrize(("measure", "why"), SAYING.items())
def test_a_known_name_is_told_what_the_scenario_lacks(measure: str, why: str) -> None:
    fault = asked(BARE, measure)
    assert fault.message == f"{measure} is not measured, for the scenario {why}"
    assert fault.remedy.endswith(", or take another measure")


def test_every_measure_that_some_scenarios_lack_has_its_reason() -> None:
    scenario = loads(BARE)
    there = {name.split(".")[0] for name in names(build(scenario, "baseline"))}
    assert {name.split(".")[0] for name in DIRECTION} == there | {name.split(".")[0] for name in SAYING}


def test_what_the_remedy_says_makes_the_measure() -> None:
    parts = {
        "nps": (
            "[satisfaction]\nstart = { mean = 60.0 }\nexpectation = { mean = 60.0 }\ngain = 0.1\nlearning = 0.1\nrecovery = 0.1\n"
        ),
        "churn_rate": 'role = "purchase"\n',
    }
    with_satisfaction = BARE + parts["nps"]
    assert "does not say how satisfaction answers" in asked(with_satisfaction, "nps").message
    answered = with_satisfaction + "nps = { mean = 7.0, per_10_points = 1.0, sd = 1.5 }\n"
    assert "nps" in names(build(loads(answered), "baseline"))
    buying = BARE.replace("[stages.b]\n", "[stages.b]\n" + parts["churn_rate"])
    assert "has no stage of the role lost" in asked(buying, "churn_rate").message
    assert "states no acquisition_cost" in asked(buying, "cac").message


def test_names_that_nothing_bears_are_told_the_nearest() -> None:
    fault = asked(BARE, "proft")
    assert str(fault) == 'bare: measure: no measure named "proft"; did you mean "profit"?'
    assert str(asked(BARE, "reach.c")).startswith('bare: measure: no measure named "reach.c"; did you mean "reach.')
    assert "no measure named" in asked(BARE, "retentoin.30").message


def test_no_reason_is_given_for_what_is_measured() -> None:
    """The reasons go by the file as a whole: none of them is ever said of a measure that a shipped scenario has."""
    for name in library():
        scenario = load(name)
        for measure in names(build(scenario, next(iter(scenario.strategies)))):
            assert "no measure named" in no_measure(scenario, "measure", measure, ()).message, (name, measure)
