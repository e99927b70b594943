"""Word of mouth as it is lived: branching processes, a market that runs dry, and who an invitee is."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sojourn.sim import tables as at
from sojourn.sim.journeys import ARRIVAL, REFERRAL
from sojourn.sim.openly import next_invitee
from sojourn.sim.streams import INVITING, uniform
from sojourn.sim.tables import HEADER, INVITEES, nobody, seeded

BODY = """
[stages.a]
race.over = {{ law = "exponential", mean = {mean} }}
referrals = {{ rate_per_day = {rate}, enters = "a" }}
[stages.over]
end = true
{more}
"""


def test_the_family_of_a_subcritical_branching_process(scenario: Any, live: Any) -> None:
    """R = .03 x 20 = .6: a founder's family has 1/(1 - R) members, with variance (R + R^2)/(1 - R)^3 (geometric offspring).

    400 founders; false-alarm rate 1e-4 two-sided (normal; families are skewed, so the fence is five errors wide).
    """
    journeys = live(scenario(BODY.format(mean=20, rate=0.03, more=""), arrivals="cohort = 400", horizon=5000), seed=2)
    families = np.bincount(journeys.customers.root, minlength=400)
    assert families.sum() == journeys.customers.customer.size
    assert abs(families.mean() - 2.5) < 5.0 * math.sqrt(0.96 / 0.4**3 / 400)
    # Offspring of one customer over a lifetime: geometric with mean R, chi-square at 1e-4.
    ids = journeys.customers.customer
    brought = np.bincount(
        np.searchsorted(ids, journeys.customers.inviter[journeys.customers.source == REFERRAL]), minlength=ids.size
    )
    share = 0.6 ** np.arange(4) / 1.6 ** np.arange(1, 5)
    seen = np.append(np.bincount(brought, minlength=4)[:4], (brought >= 4).sum())
    assert stats.chisquare(seen, np.append(share, 1.0 - share.sum()) * ids.size).pvalue > 1e-4


@pytest.mark.parametrize("days", [10.0, 25.0, 40.0])
def test_a_pure_birth_process_grows_exponentially(scenario: Any, live: Any, days: Any) -> None:
    """Nobody leaves: E N(t) = n e^(bt), variance n e^(bt)(e^(bt) - 1) (Yule). False-alarm rate 1e-4 two-sided, three times."""
    journeys = live(scenario(BODY.format(mean=1e11, rate=0.05, more=""), arrivals="cohort = 150", horizon=40), seed=5)
    growth = math.exp(0.05 * days)
    number = int((journeys.customers.arrived <= days).sum())
    assert abs(number - 150 * growth) < 3.89 * math.sqrt(150 * growth * (growth - 1.0)) + 1


def test_birth_and_death(scenario: Any, live: Any, stays: Any) -> None:
    """E alive at t = n e^((b - d)t), variance n (b + d)/(b - d) e^((b-d)t)(e^((b-d)t) - 1). False-alarm rate 1e-4 two-sided."""
    journeys = live(scenario(BODY.format(mean=50, rate=0.05, more=""), arrivals="cohort = 200", horizon=60), seed=5)
    alive = sum(to is None for to in stays(journeys, "a").to)
    growth = math.exp(0.03 * 60)
    assert abs(alive - 200 * growth) < 3.89 * math.sqrt(200 * 0.07 / 0.03 * growth * (growth - 1.0))


def test_invitations_follow_the_integrated_rate(scenario: Any, live: Any) -> None:
    """Under steps of a lever the rate integrated from one invitation to the next is the customer's own threshold. Exact."""
    more = """
[levers.bonus]
effects = [{ referrals = "a", rate_ratio = 4.0 }]
[strategies.pushed]
bonus = [{ day = 20, level = 1.0 }, { day = 60, level = 0.25 }]
"""
    built = scenario(BODY.format(mean=40, rate=0.02, more=more), arrivals="cohort = 60", horizon=150)
    journeys = live(built, seed=7)
    events, people, net = journeys.events, journeys.customers, seeded(np.zeros(HEADER), 7, 0)

    def gathered(start: Any, end: Any) -> Any:
        pieces = [(0, 20, 1.0), (20, 60, 4.0), (60, math.inf, 4.0**0.25)]
        return sum(0.02 * r * max(min(end, b) - max(start, a), 0.0) for a, b, r in pieces)

    checked = 0
    for row in np.flatnonzero(events.stage == 0):
        customer, since, until = int(events.customer[row]), events.time[row], journeys.until[row]
        invited = np.sort(people.arrived[(people.inviter == customer)])
        for number, day in enumerate([*invited, None]):
            threshold = -math.log(uniform(net, customer, 0, INVITING, 1, number))
            if day is None:
                assert gathered(since, until) <= threshold + 1e-9
            else:
                assert since <= day <= until
                assert gathered(since, day) == pytest.approx(threshold, rel=1e-9, abs=1e-10)
                since = day
                checked += 1
    assert checked > 50


def invitee(net: Any, inviter: int, number: int) -> int:
    """The id of the `number`-th whom a customer invites, by the rule."""
    me = nobody(net)
    me.whole[at.ID], me.whole[at.INVITATIONS] = inviter, number - 1
    return int(next_invitee(net, me))


def test_who_an_invitee_is(scenario: Any, live: Any) -> None:
    """Ids derive from the inviter and the number; roots lead to an arrival; nobody is invited before the inviter came."""
    journeys = live(scenario(BODY.format(mean=20, rate=0.04, more=""), arrivals="cohort = 100", horizon=3000), seed=3)
    people, net = journeys.customers, seeded(np.zeros(HEADER), 3, 0)
    row = {int(customer): k for k, customer in enumerate(people.customer)}
    assert len(row) == people.customer.size
    assert np.array_equal(people.source == REFERRAL, people.customer >= INVITEES)
    assert (people.inviter[people.source == ARRIVAL] == -1).all()
    assert np.array_equal(people.root[people.source == ARRIVAL], people.customer[people.source == ARRIVAL])
    order = np.argsort(people.arrived, kind="stable")
    count: dict[int, int] = {}
    for k in order:
        if people.source[k] == REFERRAL:
            inviter = int(people.inviter[k])
            count[inviter] = count.get(inviter, 0) + 1
            assert people.customer[k] == invitee(net, inviter, count[inviter])
            assert people.root[k] == people.root[row[inviter]]
            assert people.arrived[k] > people.arrived[row[inviter]]


def test_invitees_are_the_same_persons_under_every_strategy(scenario: Any, live: Any) -> None:
    """More invitations add people; those who are invited anyway are themselves: same traits, same inviter."""
    more = """
[segments.regular]
share = 0.5
[segments.premium]
share = 0.5
[levers.bonus]
effects = [{ referrals = "a", rate_ratio = 1.5 }]
[strategies]
plain = {}
pushed = { bonus = 1.0 }
"""
    built = scenario(BODY.format(mean=20, rate=0.03, more=more), arrivals="cohort = 150", horizon=500)
    plain, pushed = (live(built, name).customers for name in ("plain", "pushed"))
    common, here, there = np.intersect1d(plain.customer, pushed.customer, return_indices=True)
    assert common.size == plain.customer.size < pushed.customer.size
    for column in ("segment", "source", "inviter", "root", "frailty"):
        assert np.array_equal(getattr(plain, column)[here], getattr(pushed, column)[there])


def test_a_market_that_runs_dry_slows_in_proportion(scenario: Any, live: Any) -> None:
    """dN/dt = rate (1 - N/size): a prospect is met by day t with p = 1 - exp(-rate t/size), each for itself, so N is binomial.

    Twenty replications together; false-alarm rate 1e-4 two-sided for each of two days.
    """
    body = '[market]\nsize = 200\n[stages.a]\ndwell = { law = "exponential", mean = 1 }\nexits = { over = 1.0 }\n'
    body += "[stages.over]\nend = true\n"
    built = scenario(body, arrivals="rate_per_day = 8", horizon=50)
    arrived = [live(built, seed=1, replication=r).customers.arrived for r in range(20)]
    assert max(len(days) for days in arrived) <= 200
    for day in (20.0, 50.0):
        met = sum(int((days <= day).sum()) for days in arrived)
        assert stats.binomtest(met, 20 * 200, 1.0 - math.exp(-8 * day / 200)).pvalue > 1e-4


def test_a_small_market_ends_an_avalanche(scenario: Any, live: Any) -> None:
    built = scenario(BODY.format(mean=20, rate=0.5, more="[market]\nsize = 300"), arrivals="cohort = 3", horizon=500)
    people = live(built).customers
    assert 290 <= people.customer.size <= 300


def test_a_market_counts_arrivals_and_invitees(scenario: Any, live: Any) -> None:
    built = scenario(
        BODY.format(mean=20, rate=0.1, more="[market]\nsize = 150"), arrivals="rate_per_day = 5", horizon=200
    )
    people = live(built).customers
    assert people.customer.size <= 150
    assert {ARRIVAL, REFERRAL} <= set(people.source.tolist())
    assert people.customer.size > 140


def test_a_cohort_is_cut_to_the_market(scenario: Any, live: Any) -> None:
    built = scenario(BODY.format(mean=20, rate=0.1, more="[market]\nsize = 60"), arrivals="cohort = 100", horizon=50)
    people = live(built).customers
    assert people.customer.tolist() == list(range(60))


def test_invitees_enter_where_the_stage_says(scenario: Any, live: Any) -> None:
    body = """
[stages.a]
dwell = { law = "exponential", mean = 2 }
exits = { b = 1.0 }
[stages.b]
race.over = { law = "exponential", mean = 60 }
race.a = { law = "exponential", mean = 30 }
referrals = { rate_per_day = 0.03, enters = "c" }
[stages.c]
dwell = { law = "exponential", mean = 2 }
exits = { b = 0.3, over = 0.7 }
[stages.over]
end = true
"""
    journeys = live(scenario(body, arrivals="cohort = 40", horizon=200))
    first = journeys.events.stage[journeys.first[:-1]]
    assert np.array_equal(first == 2, journeys.customers.source == REFERRAL)
    assert np.unique(journeys.customers.customer).size == journeys.customers.customer.size  # though stays in b repeat
    # The inviter is in the referring stage at that very moment.
    events, people = journeys.events, journeys.customers
    for k in np.flatnonzero(people.source == REFERRAL):
        mine = (events.customer == people.inviter[k]) & (events.stage == 1)
        assert ((events.time[mine] < people.arrived[k]) & (people.arrived[k] <= journeys.until[mine])).any()


def test_an_end_may_refer_until_the_horizon(scenario: Any, live: Any) -> None:
    """Advocates stay for good: each invites a Poisson number with mean rate x time left. False-alarm rate 1e-4 two-sided."""
    body = """
[stages.a]
dwell = { law = "deterministic", value = 10 }
exits = { advocate = 1.0 }
[stages.advocate]
end = true
referrals = { rate_per_day = 0.02, enters = "b" }
[stages.b]
dwell = { law = "deterministic", value = 1 }
exits = { over = 1.0 }
[stages.over]
end = true
"""
    people = live(scenario(body, arrivals="cohort = 300", horizon=60)).customers
    number = int((people.source == REFERRAL).sum())
    assert 0.5e-4 < stats.poisson(300 * 0.02 * 50).cdf(number) < 1 - 0.5e-4
