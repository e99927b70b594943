import math

import pytest

from sojourn.experiments.parameters import doubts
from sojourn.experiments.testable import trial_of
from sojourn.experiments.trials import Amounts, Counts, Means, Shares
from sojourn.scenarios.files import loads

TEXT = """
format = 1
[scenario]
name = "tests"
start = "look"
horizon_days = 400
[arrivals]
rate_per_day = 5
until_day = 200
[stages.look]
dwell = {{ law = "gamma", mean = 3, shape = 4 }}
exits = {{ use = 0.25, gone = 0.75 }}
touchpoint = {{ performance = 70, sd = 9 }}
desk = {{ name = "help", probability = 0.2 }}
revenue = {{ law = "gamma", mean = 10, shape = 4 }}
[stages.use]
race.gone = {{ law = "exponential", mean = 20 }}
referrals = {{ rate_per_day = 0.02, enters = "look" }}
[stages.gone]
end = true
role = "lost"
[satisfaction]
start = {{ mean = 70, sd = 8 }}
expectation = {{ mean = 70, sd = 5 }}
gain = 0.3
loss_aversion = 2.0
learning = 0.3
recovery = 0.2
[desks.help]
agents = 5
handle = {{ law = "exponential", mean = 0.1 }}
[levers.pull]
[[levers.pull.effects]]
{effect}
[strategies.today]
[strategies.pulled]
pull = 1.0
"""
RATIO = "{ central = 1.2, low = 1.0, high = 1.4 }"
EFFECTS = {
    f'exit = "look -> use"\nlog_odds = {RATIO}': (Shares(0.25), 1.2, "customers who enter look"),
    f'exit = "use -> gone"\nhazard_ratio = {RATIO}': (
        Shares(0.8, hazard=True),
        math.log(1.2),
        "customers who enter use",
    ),
    f'touchpoint = "look"\npoints = {RATIO}': (Means(9.0), 1.2, "answers about look"),
    f'demand = "look"\nlog_odds = {RATIO}': (Shares(0.2), 1.2, "customers who enter look"),
    f"arrivals = true\nrate_ratio = {RATIO}": (Counts(5.0), math.log(1.2), "days"),
    f'referrals = "use"\nrate_ratio = {RATIO}': (Counts(0.4, 1.0), math.log(1.2), "customers who enter use"),
    f'spend = "look"\nrate_ratio = {RATIO}': (Amounts(0.5), math.log(1.2), "customers who enter look"),
    f'dwell = "look"\ntime_ratio = {RATIO}': (Amounts(0.5), math.log(1.2), "customers who enter look"),
    f'desk = "help"\nhandle_ratio = {RATIO}': (Amounts(1.0), math.log(1.2), "contacts of help"),
}


@pytest.mark.parametrize("effect", EFFECTS)
def test_each_kind_of_effect_has_its_test(effect: str) -> None:
    """Base rates come from 4 lives of a thousand customers: a share of .25 has a standard error of .007, a mean of 3 %."""
    design, central, units = EFFECTS[effect]
    scenario = loads(TEXT.format(effect=effect))
    (doubt,) = doubts(scenario)
    found = trial_of(scenario, "today", doubt, seed=1, customers=None)
    assert found is not None
    assert found.units == units
    assert found.effect == pytest.approx(central)
    assert type(found.design) is type(design)
    for ours, truth in zip(vars(found.design).values(), vars(design).values(), strict=True):
        assert ours == pytest.approx(truth, rel=0.12)
    a_day = {"days": None, "contacts of help": None, "customers who enter use": 5.0 * 0.25}.get(units, 5.0)
    assert found.a_day == (None if a_day is None else pytest.approx(a_day, rel=0.1))


def test_what_two_arms_cannot_measure_has_none() -> None:
    for effect in (f'desk = "help"\nagents = {RATIO}', f'dwell = "use -> gone"\ntime_ratio = {RATIO}'):
        scenario = loads(TEXT.format(effect=effect))
        assert trial_of(scenario, "today", doubts(scenario)[0], seed=1, customers=None) is None
