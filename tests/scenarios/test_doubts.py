"""What is allowed but probably not meant, and where satisfaction settles in the long run."""

import re
from collections.abc import Callable

import numpy as np
import pytest

from sojourn.scenarios.check_pace import expected_stays
from sojourn.scenarios.checks import warnings
from sojourn.scenarios.faults import Fault
from sojourn.scenarios.files import loads
from sojourn.scenarios.satisfaction import long_run_satisfaction
from sojourn.scenarios.targets import MEASURES
from sojourn.sim.vocabulary import DIRECTION

Edit = Callable[[str, str], str]
MINIMAL = """
format = 1
scenario = {{ name = "least", start = "a", horizon_days = 10 }}
arrivals = {{ cohort = 5 }}
[stages.a]
dwell = {{ law = "exponential", mean = 3 }}
exits = {{ b = 1 }}
{touchpoint}
[stages.b]
end = true
[satisfaction]
start = {{ mean = 70, sd = 10 }}
expectation = {{ mean = {expectation}, sd = 5 }}
gain = 0.3
learning = {learning}
recovery = {recovery}
"""


@pytest.mark.parametrize(
    ("old", "new", "path", "message", "remedy"),
    [
        ("points_per_day_waited = 0.0", "points_per_day_waited = 2.0", "desks.support.effects[0]", "counted twice",
         "points_per_day_waited"),
        ("failure_points = 0.0", "failure_points = 2.0", "desks.support.effects[1]", "counted twice", "failure_points"),
        ('desk = { name = "support", probability = 0.3 }', 'desk = { name = "help", probability = 0.3 }\n'
         '[desks.help]\nagents = 1\nhandle = { law = "gamma", mean = 1, shape = 1 }\n[desks.help2]\nagents = 1\n'
         'handle = { law = "gamma", mean = 1, shape = 1 }', "desks.help2", "no stage uses", "to a stage"),
        ("annual_discount_rate = 0.10", "annual_discount_rate = 10", "scenario.annual_discount_rate", "1,000 %", "0.1 for"),
        ("[strategies.today]", '[[targets]]\nname = "t"\nstatement = "s"\norigin = "o"\nmeasure = "convrsion"\nvalue = 0.4\n'
         "tolerance = 0.1\n[strategies.today]", "targets[0].measure", "no measure named", '"conversion"?'),
        ("until_day = 365", "until_day = 400", "arrivals.until_day", "after the horizon", "take it out"),
        ("day = 60", "day = 600", "strategies.service_first.service_quality[1].day", "after the horizon", "earlier"),
        ("[levers.personalization]", "[levers.nothing]\n[levers.personalization]", "levers.nothing", "no effects", "add"),
        ("share = 0.8", "share = 0.8\n[segments.nobody]\nshare = 0", "segments.nobody.share", "empty", "take"),
        ("{ exit = \"post_purchase -> loyalty\", log_odds = 0.30 },", '{ exit = "purchase -> post_purchase", log_odds = 1 },',
         "satisfaction.effects[0]", "single exit", "another exit"),
        ('role = "purchase" ', "", "strategies.perks_for_premium.loyalty_perks.when", "purchases", "mark one"),
        ("[strategies.today]", '[[sources]]\npaths = ["stages.nowhere"]\nevidence = "assumed"\n[strategies.today]',
         "sources[0].paths[0]", "names nothing", "keys joined by dots"),
        ("[strategies.today]", '[[sources]]\npaths = ["stages"]\nevidence = "borrowed"\n[strategies.today]',
         "sources[0]", "names no source", "add source"),
        ("exits = { consideration = 0.35, lapsed = 0.65 }", "exits = { consideration = 0.35, lapsed = 0.65, churned = 0 }\n"
         '[[levers.personalization.effects]]\nexit = "awareness -> churned"\nlog_odds = 1',
         "levers.personalization.effects[0]", "probability 0", "positive"),
        ("points = { central = 8.0, low = 3.0, high = 13.0 }", 'points = 3\n[[levers.service_quality.effects]]\n'
         'demand = "loyalty"\nlog_odds = 1\n[stages.loyalty.desk]\nname = "support"\n[[levers.service_quality.effects]]\n'
         'touchpoint = "post_purchase"\npoints = 1', "levers.service_quality.effects[1].demand", "everybody", "between"),
        ('enters = "consideration" }', 'enters = "consideration" }\ngathers = 1\n[levers.ask]\n'
         'effects = [{ information = "advocacy", log_odds = 1 }]', "levers.ask.effects[0].information", "everything", "between"),
        ("recovery = 0.2 ", "recovery = 0 ", "satisfaction.recovery", "falls by", "set recovery"),
        ("exits.lapsed = 0.75", 'exits.lapsed = { probability = 0.75, dwell = { law = "gamma", mean = 1, shape = 1 } }',
         "stages.consideration.dwell", "never used", "take it out"),
    ],
)  # fmt: skip
def test_warnings(edited: Edit, old: str, new: str, path: str, message: str, remedy: str) -> None:
    text = edited(old, new)
    if "help2" in new:
        begin, end = text.index("[desks.support]"), text.index("# --- levers")
        text = text[:begin] + text[end:].replace('desk = "support"', 'desk = "help"')
    found = warnings(loads(text), "x.toml")
    assert [doubt.path for doubt in found] == [path], "\n".join(map(str, found))
    assert message in found[0].message
    assert remedy in found[0].remedy


@pytest.mark.parametrize(("agents", "message"), [("0.5", "rounds down to 0"), ("0", "is 0 and")])
def test_a_desk_without_agents(first: str, agents: str, message: str) -> None:
    text = first.replace("agents = 1 ", f"agents = {agents} ", 1)
    assert warnings(loads(text)) == ()  # a lever adds two
    (doubt,) = warnings(loads(text.replace("agents = 2\n", "agents = -2\n", 1)))
    assert doubt.path == "desks.support.agents"
    assert message in doubt.message


def test_a_cohort_larger_than_the_market(first: str) -> None:
    text = re.sub(r"\nrate_per_day = 40 [^\n]*\nuntil_day = [^\n]*\n", "\ncohort = 5000\n", first)
    assert warnings(loads(text)) == ()
    (doubt,) = warnings(loads(re.sub(r"(\[market\]\n)size = \d+", r"\1size = 10", text)))
    assert doubt.path == "arrivals.cohort"
    assert "market of 10" in doubt.message


SHUT = """
format = 1
scenario = { name = "shut", start = "a", horizon_days = 10 }
arrivals = { cohort = 5 }
[variants.other]
override = {}
[variants.open]
override = { "stages.a.exits" = { b = 0.0, z = 1.0 } }
[stages.a]
dwell = { law = "exponential", mean = 3 }
exits = { b = 0, z = 1 }
[stages.b]
dwell = { law = "exponential", mean = 3 }
exits = { c = 0, z = 1 }
[stages.c]
dwell = { law = "exponential", mean = 3 }
exits = { z = 1.0 }
[stages.z]
end = true
"""


def test_an_exit_that_no_version_opens_is_doubted_and_one_that_a_variant_opens_is_not() -> None:
    (doubt,) = warnings(loads(SHUT))  # of c nothing is said: the first shut exit is one mistake
    assert doubt.path == "stages.a.exits.b"
    assert '"a -> b" positive' in doubt.remedy
    opened = SHUT.replace("{ b = 0.0, z = 1.0 }", "{ b = 0.5, z = 0.5 }")
    assert warnings(loads(opened)) == ()
    assert loads(opened, variant="open").stages["a"].choices["b"].probability == 0.5
    assert loads(opened, variant="other").stages["a"].choices["b"].probability == 0.0


def test_measures_of_targets_are_those_that_are_measured() -> None:
    assert set(MEASURES) == {name.split(".")[0] for name in DIRECTION}


LOOP = """
format = 1
scenario = {{ name = "loop", start = "a", horizon_days = {horizon} }}
arrivals = {{ cohort = 5 }}
[stages.a]
dwell = {{ law = "gamma", mean = {days}, shape = 2 }}
exits = {{ b = 1.0 }}
[stages.b]
race.a = {{ law = "exponential", mean = {days} }}
race.z = {{ law = "exponential", mean = 30 }}
[stages.z]
end = true
"""


@pytest.mark.parametrize("horizon", [100.0, 1000.0])
def test_expected_stays_of_a_loop(horizon: float) -> None:
    """a is passed before an exponential horizon with the chance p, b is left for a with the chance q: 1 / (1 - p q) rounds."""
    scenario = loads(LOOP.format(days=2.0, horizon=horizon))
    p, q = 1 / (1 + 2 / horizon), (1 / 2) / (1 / 2 + 1 / 30 + 1 / horizon)
    found = expected_stays(scenario)
    assert found["a"] == pytest.approx(1 / (1 - p * q))
    assert found["b"] == pytest.approx(p / (1 - p * q))


def test_an_absurd_number_of_stays_is_refused(faults_of: Callable[[str], tuple[Fault, ...]]) -> None:
    assert faults_of(LOOP.format(days=1e-3, horizon=100)) == ()
    (fault,) = faults_of(LOOP.format(days=1e-7, horizon=100))
    assert fault.path == "stages.a"
    # Half of the time is spent in b: 60 days until z, so 1 / (1/60 + 1/100) = 37.5 days, of 10^7 stays each.
    assert "about 380,000,000 stays in 100 days" in fault.message
    assert "longer" in fault.remedy


def test_money_that_grows_beyond_a_float_is_refused(
    edited: Edit, faults_of: Callable[[str], tuple[Fault, ...]]
) -> None:
    text = edited("annual_discount_rate = 0.10", "annual_discount_rate = -0.95")
    assert faults_of(text) == ()
    (fault,) = faults_of(text.replace("horizon_days = 365", "horizon_days = 100000", 1))
    assert fault.path == "scenario.annual_discount_rate"


def settle(performance: float, sd: float, expectation: float, learning: float, recovery: float) -> float:
    """Mean S after many touches of many customers, without the clamp that the formula leaves out."""
    random = np.random.default_rng(7)
    start = 70 + 10 * random.standard_normal(20_000)
    hope, mood = expectation + 5 * random.standard_normal(20_000), start.copy()
    total = 0.0
    for touch in range(160):
        gap = performance + sd * random.standard_normal(20_000) - hope
        mood += recovery * (start - mood) + 0.3 * np.where(gap > 0, gap, 2 * gap)
        hope += learning * gap
        total += float(mood.mean()) if touch >= 80 else 0.0
    return total / 80


@pytest.mark.parametrize(("learning", "recovery"), [(0.3, 0.4), (1.0, 0.6), (0.0, 0.6)])
def test_the_long_run_of_satisfaction(learning: float, recovery: float) -> None:
    text = MINIMAL.format(
        touchpoint="touchpoint = { performance = 72, sd = 8 }", expectation=70, learning=learning, recovery=recovery
    )
    found = long_run_satisfaction(loads(text))
    # 20,000 customers: the standard error is about .08 points; the seed is fixed.
    assert found["a"].mean == pytest.approx(settle(72, 8, 70, learning, recovery), abs=0.3)


def test_the_long_run_without_a_pull_back() -> None:
    touchpoint = "touchpoint = { performance = 72, sd = 8 }"
    drifting = long_run_satisfaction(
        loads(MINIMAL.format(touchpoint=touchpoint, expectation=72, learning=0.5, recovery=0))
    )["a"]
    assert drifting.mean is None
    assert drifting.drift < 0
    certain = touchpoint.replace("sd = 8", "sd = 0")
    still = long_run_satisfaction(loads(MINIMAL.format(touchpoint=certain, expectation=72, learning=0.5, recovery=0)))[
        "a"
    ]
    assert still == (70.0, 0.0)
    rising = long_run_satisfaction(
        loads(MINIMAL.format(touchpoint=certain, expectation=60, learning=0, recovery=0.1).replace("sd = 5", "sd = 0"))
    )["a"]
    assert rising.mean == 100.0
    assert rising.drift == pytest.approx(0.3 * 12)


def test_no_satisfaction_no_long_run(first: str) -> None:
    begin, end = first.index("[satisfaction]"), first.index("[desks.support]")
    text = (first[:begin] + first[end:]).replace("touchpoint = {", "# touchpoint = {", 1)
    text = text.replace('touchpoint = "post_purchase"\npoints', 'dwell = "post_purchase"\ntime_ratio', 1)
    assert long_run_satisfaction(loads(text)) == {}
