"""What is said about word of mouth before a run: R, doubling time, expected invitees; and who is refused."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from sojourn.scenarios import lawtable
from sojourn.scenarios.faults import Faults
from sojourn.sim.journeys import REFERRAL
from sojourn.sim.network import build
from sojourn.sim.run import run
from sojourn.sim.wordofmouth import word_of_mouth

ONE = """
[stages.a]
race.over = {law}
referrals = {{ rate_per_day = {rate}, enters = "a" }}
[stages.over]
end = true
{more}
"""


def known(scenario: Any, text: Any, strategy: Any = None, customers: Any = None, **how: Any) -> Any:
    built = scenario(text, **how)
    return word_of_mouth(build(built, strategy or next(iter(built.strategies))), customers)


LAWS = [
    '{ law = "exponential", mean = 20 }',
    '{ law = "weibull", mean = 20, shape = 0.7 }',
    '{ law = "weibull", mean = 20, shape = 3.0 }',
    '{ law = "lognormal", mean = 20, sigma = 1.2 }',
    '{ law = "gamma", mean = 20, shape = 0.5 }',
    '{ law = "loglogistic", mean = 20, shape = 4.0 }',
    '{ law = "deterministic", value = 20 }',
    '{ law = "empirical", share = [0, 0.5, 1.0], days = [0, 10, 60] }',
    '{ law = "deadline", day = 30, share = 0.5, otherwise = { law = "exponential", mean = 10 } }',
]


@pytest.mark.parametrize("law", LAWS)
def test_one_stage_refers_for_as_long_as_it_lasts(scenario: Any, law: Any) -> None:
    text = ONE.format(law=law, rate=0.03, more="")
    built = scenario(text)
    mean = lawtable.mean(built.stages["a"].race["over"])
    assert known(scenario, text).reproduction == pytest.approx(0.03 * mean)


def test_a_stage_of_no_length_is_passed(scenario: Any) -> None:
    """Its customers are counted in the next stage: 100 of them invite .02 x 20 each, and so on."""
    text = ONE.format(law=LAWS[0], rate=0.02, more="")
    text += '[stages.door]\ndwell = { law = "deterministic", value = 0 }\nexits = { a = 1.0 }\n'
    found = known(scenario, text, start="door", arrivals="cohort = 100", horizon=2000)
    assert found.reproduction == pytest.approx(0.4)
    assert found.invitees == pytest.approx(100 * 0.4 / 0.6, rel=0.06)


def test_a_stretched_stay_invites_for_longer(scenario: Any) -> None:
    more = '[levers.tie]\neffects = [{ dwell = "a", time_ratio = 1.5 }]\n[strategies.tied]\ntie = 1.0\n'
    found = known(scenario, ONE.format(law=LAWS[4], rate=0.02, more=more), horizon=100)
    assert found.reproduction == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("law", "left"),
    [
        ('{ law = "loglogistic", median = 60, shape = 1.5 }', lambda t: 1.0 / (1.0 + (t / 60.0) ** 1.5)),
        ('{ law = "lognormal", median = 60, sigma = 10 }', lambda t: stats.norm.sf(math.log(t / 60.0) / 10.0)),
        (
            '{ law = "deadline", day = 1000, share = 0.3, otherwise = { law = "loglogistic", median = 60, shape = 1.5 } }',
            lambda t: 0.3 + 0.7 / (1.0 + (t / 60.0) ** 1.5),  # before the day
        ),
    ],
)
@pytest.mark.parametrize("ratio", [0.6, 0.02])
def test_a_race_whose_heavy_tail_a_lever_makes_heavier(scenario: Any, law: Any, left: Any, ratio: float) -> None:
    """Ages at which a hundredth of the hazard reaches what is looked at are beyond a float: R is the mean stay all the same."""
    text = f"""
[stages.a]
race.b = {{ law = "exponential", mean = 30 }}
race.over = {law}
referrals = {{ rate_per_day = 0.01, enters = "a" }}
[stages.b]
end = true
[stages.over]
end = true
[levers.guarantee]
effects = [{{ exit = "a -> over", hazard_ratio = {ratio} }}]
[strategies.on]
guarantee = 1
"""
    stay = integrate.quad(lambda t: math.exp(-t / 30.0) * left(t) ** ratio, 0.0, 990.0, limit=200)[0]
    assert known(scenario, text).reproduction == pytest.approx(0.01 * stay, rel=1e-6)


def test_nobody_refers(scenario: Any) -> None:
    assert (
        known(scenario, '[stages.a]\nrace.over = { law = "exponential", mean = 2 }\n[stages.over]\nend = true\n')
        is None
    )


def test_a_loop_through_choices_counts_every_stay(scenario: Any) -> None:
    """Stays in b follow a geometric number of returns: R = rate x mean / (1 - .6)."""
    text = """
[stages.a]
dwell = { law = "exponential", mean = 3 }
exits = { b = 0.5, over = 0.5 }
[stages.b]
dwell = { law = "gamma", mean = 10, shape = 2 }
exits = { b = 0.6, over = 0.4 }
referrals = { rate_per_day = 0.05, enters = "a" }
[stages.over]
end = true
"""
    assert known(scenario, text).reproduction == pytest.approx(0.5 * 0.05 * 10 / 0.4, rel=0.01)


def test_segments_are_averaged_and_entry_stages_are_told_apart(scenario: Any) -> None:
    """Two referring stages that lead into each other: the spectral radius of the next-generation matrix by hand."""
    text = """
[segments.regular]
share = 0.75
[segments.premium]
share = 0.25
[segments.premium.override]
"stages.b.referrals" = { rate_per_day = 0.10, enters = "c" }
[stages.b]
race.over = { law = "exponential", mean = 10 }
referrals = { rate_per_day = 0.02, enters = "c" }
[stages.c]
race.b = { law = "exponential", mean = 30 }
race.over = { law = "exponential", mean = 15 }
referrals = { rate_per_day = 0.03, enters = "b" }
[stages.over]
end = true
"""
    rate = 0.75 * 0.02 + 0.25 * 0.10
    from_b = np.array([0.0, rate * 10])  # (into b, into c)
    stay = 1.0 / (1 / 30 + 1 / 15)
    from_c = np.array([0.03 * stay, 0.0]) + (1 / 3) * from_b
    radius = max(abs(np.linalg.eigvals(np.array([from_b, from_c]))))
    assert known(scenario, text, start="b").reproduction == pytest.approx(radius, rel=0.01)


def test_the_doubling_time_of_birth_and_death(scenario: Any) -> None:
    found = known(scenario, ONE.format(law='{ law = "exponential", mean = 40 }', rate=0.05, more=""), horizon=100)
    assert found.reproduction == pytest.approx(2.0, rel=0.01)
    assert found.doubling_days == pytest.approx(math.log(2.0) / (0.05 - 1 / 40), rel=0.02)
    assert known(scenario, ONE.format(law=LAWS[0], rate=0.03, more="")).doubling_days is None


@pytest.mark.parametrize("rate", [0.01, 0.03, 0.05])
@pytest.mark.parametrize("horizon", [50, 200])
def test_expected_invitees_of_a_cohort(scenario: Any, rate: Any, horizon: Any) -> None:
    """Birth and death from n: invited by T = n b (e^((b-d)T) - 1)/(b - d)."""
    text = ONE.format(law='{ law = "exponential", mean = 25 }', rate=rate, more="")
    gap = rate - 1 / 25
    exact = 100 * rate * math.expm1(gap * horizon) / gap
    assert known(scenario, text, arrivals="cohort = 100", horizon=horizon).invitees == pytest.approx(exact, rel=0.06)


def test_expected_invitees_of_a_stream_scale_with_customers(scenario: Any) -> None:
    text = ONE.format(law=LAWS[0], rate=0.02, more="")
    plain = known(scenario, text, arrivals="rate_per_day = 4", horizon=100)
    half = known(scenario, text, arrivals="rate_per_day = 4", horizon=100, customers=200)
    assert half.invitees == pytest.approx(plain.invitees / 2.0)


RICH = """
[segments.regular]
share = 0.6
[segments.premium]
share = 0.4
[segments.premium.override]
"stages.b.referrals" = { rate_per_day = 0.03, enters = "a" }
[stages.a]
dwell = { law = "lognormal", median = 6, sigma = 0.7 }
exits = { b = 0.6, over = 0.4 }
[stages.b]
race.b2 = { law = "weibull", mean = 25, shape = 1.5 }
race.over = { law = "gamma", mean = 60, shape = 2 }
referrals = { rate_per_day = 0.01, enters = "a" }
[stages.b2]
dwell = { law = "deterministic", value = 4 }
exits = { b = 1.0 }
[stages.over]
end = true
[levers.stay]
effects = [{ exit = "b -> over", hazard_ratio = 0.5 }, { referrals = "b", rate_ratio = 2.0 }]
[levers.win]
effects = [{ exit = "a -> b", log_odds = 0.8 }]
[strategies]
plain = {}
pushed = { stay = [{ day = 40, level = 1.0 }], win = { level = 1.0, when = "segment == premium" } }
"""


@pytest.mark.parametrize("strategy", ["plain", "pushed"])
def test_expected_invitees_are_those_of_simulations(scenario: Any, live: Any, strategy: Any) -> None:
    """Twelve replications with 300 candidates each against the renewal equation, whose grid is good to 2 %.

    False-alarm rate 1e-4 two-sided beyond that allowance.
    """
    built = scenario(RICH, arrivals="rate_per_day = 5\nuntil_day = 60", horizon=150)
    said = word_of_mouth(build(built, strategy), None)
    assert said is not None
    expected = said.invitees
    counts = np.array([
        (live(built, strategy, seed=1, replication=r).customers.source == REFERRAL).sum() for r in range(12)
    ])  # fmt: skip
    assert abs(counts.mean() - expected) < 5.45 * counts.std(ddof=1) / math.sqrt(12) + 0.02 * expected


def test_levers_count_at_the_level_they_end_with(scenario: Any) -> None:
    more = '[levers.bonus]\neffects = [{ referrals = "a", rate_ratio = 3.0 }]\n'
    more += "[strategies.pushed]\nbonus = [{ day = 30, level = 0.5 }]\n"
    found = known(scenario, ONE.format(law=LAWS[0], rate=0.02, more=more), horizon=100)
    assert found.reproduction == pytest.approx(0.4 * math.sqrt(3.0), rel=0.01)


def test_a_market_bounds_the_invitees(scenario: Any) -> None:
    text = ONE.format(law=LAWS[0], rate=0.5, more="[market]\nsize = 300")
    found = known(scenario, text, arrivals="cohort = 3", horizon=500)
    assert found.reproduction == pytest.approx(10.0, rel=0.01)
    assert found.invitees == pytest.approx(297.0, abs=0.1)  # all but the cohort


MEMBERS = ONE.format(law='{ law = "exponential", mean = 80 }', rate=0.015, more="[market]\nsize = 1500")


def test_a_market_that_arrivals_fill_as_well_leaves_less_for_invitees(scenario: Any) -> None:
    """Four a day and invitations into one market: n' = (4 + .015 m)(1 - n / 1500), m' = n' - m / 80, solved by scipy."""

    def slope(_: float, at: Any) -> list[float]:
        n, m, _ = at
        left = 1.0 - n / 1500.0
        return [(4.0 + 0.015 * m) * left, (4.0 + 0.015 * m) * left - m / 80.0, 0.015 * m * left]

    exact = integrate.solve_ivp(slope, (0.0, 365.0), (0.0, 0.0, 0.0), rtol=1e-9).y[2, -1]
    assert exact == pytest.approx(593.0, abs=1.0)
    found = known(scenario, MEMBERS, arrivals="rate_per_day = 4", horizon=365)
    assert found.invitees == pytest.approx(exact, rel=0.01)


def test_a_cohort_larger_than_the_market_leaves_no_room(scenario: Any) -> None:
    assert known(scenario, MEMBERS, arrivals="cohort = 5000", horizon=365).invitees == 0.0


def test_invitees_into_a_market_are_those_of_simulations(scenario: Any, live: Any) -> None:
    """Twelve replications, whose grid is allowed 2 %. False-alarm rate 1e-4 two-sided beyond that allowance."""
    built = scenario(MEMBERS, arrivals="rate_per_day = 4", horizon=365)
    said = word_of_mouth(build(built, "baseline"))
    assert said is not None
    expected = said.invitees
    counts = np.array([(live(built, seed=1, replication=r).customers.source == REFERRAL).sum() for r in range(12)])
    assert abs(counts.mean() - expected) < 5.45 * counts.std(ddof=1) / math.sqrt(12) + 0.02 * expected


def test_an_avalanche_is_refused_before_it_starts(scenario: Any) -> None:
    built = scenario(ONE.format(law=LAWS[0], rate=0.5, more=""), arrivals="cohort = 3", horizon=500)
    with pytest.raises(Faults) as caught:
        run(built, replications=1)
    (fault,) = caught.value.faults
    assert fault.path == "market.invitee_cap"
    assert "R = 10" in fault.message
    assert "[market]" in fault.remedy


def test_the_cap_can_be_lowered_and_obeyed(scenario: Any) -> None:
    text = ONE.format(law=LAWS[0], rate=0.03, more="[market]\ninvitee_cap = 100")
    with pytest.raises(Faults):
        run(scenario(text, arrivals="cohort = 100", horizon=500), replications=1)
    result = run(scenario(text, arrivals="cohort = 30", horizon=500), replications=1)
    assert result.outcomes["baseline"].measures["referrals"].mean is not None


def test_growth_without_end_runs_in_a_small_market(scenario: Any) -> None:
    built = scenario(ONE.format(law=LAWS[0], rate=0.5, more="[market]\nsize = 200"), arrivals="cohort = 3", horizon=100)
    result = run(built, replications=2, keep=True)
    assert all(journeys.customers.customer.size <= 200 for journeys in result.outcomes["baseline"].journeys)


def test_endless_invitations_of_people_who_invite_nobody(scenario: Any) -> None:
    """Some stay in c for ever and invite, but whom they invite invites nobody: no generation outgrows the one before."""
    text = """
[stages.a]
dwell = { law = "exponential", mean = 5 }
exits = { c = 0.5, gone = 0.5 }
referrals = { rate_per_day = 0.01, enters = "a" }
[stages.c]
race.gone = { law = "empirical", share = [0, 0.5, 0.9], days = [0, 4, 30], never = 0.1 }
referrals = { rate_per_day = 0.01, enters = "d" }
[stages.d]
dwell = { law = "exponential", mean = 5 }
exits = { gone = 1.0 }
[stages.gone]
end = true
"""
    assert known(scenario, text, arrivals="cohort = 10", horizon=20).doubling_days is None


def test_a_loop_without_time_where_nobody_invites_does_not_feed_itself(scenario: Any) -> None:
    """Only the desk takes time, which R leaves out: stays without end, in which no time passes to invite anybody."""
    text = """
[stages.a]
dwell = { law = "deterministic", value = 0 }
exits = { b = 1.0 }
desk = { name = "d", probability = 0.5 }
[stages.b]
race.a = { law = "deterministic", value = 0 }
race.gone = { law = "exponential", mean = 30 }
referrals = { rate_per_day = 0.01, enters = "a" }
[stages.gone]
end = true
[desks.d]
agents = 1
handle = { law = "exponential", mean = 0.5 }
"""
    found = known(scenario, text, arrivals="cohort = 10", horizon=20)
    assert (found.reproduction, found.invitees) == (0.0, 0.0)


def test_only_stays_that_never_end_invite_without_end(scenario: Any) -> None:
    """From a half go to c for ever and half invite in b for ten days; whoever begins in a has .5 x 10 x .02 invitees."""
    text = """
[stages.a]
dwell = { law = "exponential", mean = 5 }
exits = { c = 0.5, b = 0.5 }
[stages.b]
dwell = { law = "exponential", mean = 10 }
exits = { gone = 1.0 }
referrals = { rate_per_day = 0.02, enters = "a" }
[stages.c]
dwell = { law = "exponential", mean = 1 }
exits = { d = 1.0 }
[stages.d]
dwell = { law = "exponential", mean = 1 }
exits = { c = 1.0 }
[stages.gone]
end = true
"""
    assert known(scenario, text, horizon=20).reproduction == pytest.approx(0.1, rel=1e-6)
