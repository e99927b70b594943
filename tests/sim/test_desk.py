"""Service desks, customer by customer, against a second simulation of queues written for these tests."""

import heapq
import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sojourn.sim.journeys import NOT_ASKED, RENEGED, RESOLVED, UNRESOLVED, WAITING
from sojourn.sim.measures import measure
from sojourn.sim.network import build
from sojourn.sim.streams import SERVICE, pair
from sojourn.sim.tables import HEADER, seeded


def queue(asks: Any, ranks: Any, services: Any, patience: Any, capacity: Any) -> Any:
    """Waits and whether served, by request: c(t) agents, first by rank, then by time, then by id.

    `asks` is sorted; `capacity` rows (day, agents). A contact under way is finished; callers give up at their patience.
    """
    order = 0
    events = [(day, -1, -1) for day, _ in capacity[1:]] + [(asks[k], 2 * k + 1, k) for k in range(len(asks))]
    heapq.heapify(events)
    waits, served = np.full(len(asks), np.nan), np.zeros(len(asks), dtype=bool)
    line: list[tuple[Any, Any, int]] = []
    busy = 0
    while events:
        now, kind, who = heapq.heappop(events)
        agents = [heads for day, heads in capacity if day <= now][-1]
        if kind == -2:
            busy -= 1
        elif who >= 0 and kind == 2 * who + 1:
            heapq.heappush(line, (ranks[who], asks[who], who))
        while line and busy < agents:
            _rank, asked, next_one = heapq.heappop(line)
            if asked + patience[next_one] < now or (asked + patience[next_one] == now and asked < now):
                waits[next_one] = patience[next_one]
                continue
            waits[next_one], served[next_one] = now - asked, True
            busy += 1
            order += 1
            heapq.heappush(events, (now + services[next_one], -2, next_one))
    waits[np.isnan(waits)] = np.asarray(patience)[np.isnan(waits)]
    return waits, served


BODY = """
[segments.regular]
share = 0.7
[segments.premium]
share = 0.3
[stages.a]
dwell = {{ law = "deterministic", value = 0 }}
exits = {{ over = 1.0 }}
desk = {{ name = "help" }}
[stages.over]
end = true
[desks.help]
agents = {agents}
handle = {handle}
{more}
"""
SIX = '{ law = "exponential", mean = 6 }'
ARRIVING = "rate_per_day = 1\nuntil_day = 300"


def drawn(journeys: Any, rows: Any, seed: Any, mean: Any, second: Any = False) -> Any:
    """Exponential times that the desk's draws give: handle times, or (second) patience."""
    net = seeded(np.zeros(HEADER), seed, journeys.replication)
    shares = [pair(net, int(c), 0, SERVICE, 1, 1)[1 if second else 0] for c in journeys.events.customer[rows]]
    return -mean * np.log(shares)


@pytest.mark.parametrize("priority", ["", 'priority = ["segment == premium"]'])
@pytest.mark.parametrize("patience", [math.inf, 3.0])
@pytest.mark.parametrize("agents", [1, 6, 8])
def test_every_wait_is_that_of_the_queue(
    scenario: Any, live: Any, stays: Any, priority: Any, patience: Any, agents: Any
) -> None:
    """Exact: first in first out or by rank, with and without callers who give up, from hardly busy to overloaded."""
    more = priority + (f'\npatience = {{ law = "exponential", mean = {patience} }}' if patience < math.inf else "")
    built = scenario(BODY.format(agents=agents, handle=SIX, more=more), arrivals=ARRIVING, horizon=1e5)
    journeys = live(built, seed=4, customers=300)
    rows = stays(journeys, "a").rows
    events = journeys.events
    ranks = np.where(journeys.customers.segment[journeys.who[rows]] == 1, 0, 1) if priority else np.zeros(len(rows))
    patient = drawn(journeys, rows, 4, patience, second=True) if patience < math.inf else np.full(len(rows), math.inf)
    waits, served = queue(events.time[rows], ranks, drawn(journeys, rows, 4, 6.0), patient, [(0.0, agents)])
    assert np.array_equal(events.contact[rows] == RESOLVED, served)
    assert np.array_equal(events.contact[rows] == RENEGED, ~served)
    assert events.waited[rows] == pytest.approx(waits, rel=1e-9, abs=1e-9)
    assert events.handled[rows] == pytest.approx(np.where(served, drawn(journeys, rows, 4, 6.0), 0.0), rel=1e-9)
    assert stays(journeys, "a").days == pytest.approx(events.waited[rows] + events.handled[rows], abs=1e-9)


@pytest.mark.parametrize(
    ("steps", "capacity"),
    [
        ("[{ day = 50, level = 1.0 }, { day = 120, level = 0.0 }]", [(0.0, 4), (50.0, 9), (120.0, 4)]),
        ("[{ day = 100, level = 1.0 }]", [(0.0, 4), (100.0, 9)]),
        (
            "[{ day = 40, level = 1.0, ramp_days = 50 }]",
            [(0.0, 4), (50.0, 5), (60.0, 6), (70.0, 7), (80.0, 8), (90.0, 9)],
        ),
    ],
)
def test_agents_come_and_go_with_a_lever(scenario: Any, live: Any, stays: Any, steps: Any, capacity: Any) -> None:
    lever = f'[levers.staff]\neffects = [{{ desk = "help", agents = 5 }}]\n[strategies.more]\nstaff = {steps}\n'
    built = scenario(BODY.format(agents=4, handle=SIX, more="") + lever, arrivals=ARRIVING, horizon=1e5)
    days, heads = build(built, "more").agents("help")
    assert np.column_stack([days, heads]) == pytest.approx(np.array(capacity), abs=1e-6)
    journeys = live(built, seed=4, customers=300)
    rows = stays(journeys, "a").rows
    times = journeys.events.time[rows]
    waits, _ = queue(times, np.zeros(300), drawn(journeys, rows, 4, 6.0), np.full(300, math.inf), capacity)
    assert journeys.events.waited[rows] == pytest.approx(waits, abs=1e-6)
    assert waits.max() > 1.0


def test_fewer_agents_finish_what_they_began(scenario: Any, live: Any, stays: Any) -> None:
    """Three contacts of 10 days begin on day 0; on day 2 one agent is left, who takes the next at day 10."""
    lever = (
        '[levers.cut]\neffects = [{ desk = "help", agents = -2 }]\n[strategies.cut]\ncut = [{ day = 2, level = 1 }]\n'
    )
    body = BODY.format(agents=3, handle='{ law = "deterministic", value = 10 }', more="") + lever
    journeys = live(scenario(body, arrivals="cohort = 6", horizon=100))
    rows = stays(journeys, "a").rows
    assert journeys.events.waited[rows].tolist() == [0, 0, 0, 10, 20, 30]
    assert journeys.events.handled[rows].tolist() == [10] * 6


def test_nobody_is_served_before_there_is_an_agent(scenario: Any, live: Any, stays: Any) -> None:
    lever = (
        '[levers.open]\neffects = [{ desk = "help", agents = 2 }]\n[strategies.open]\nopen = [{ day = 7, level = 1 }]\n'
    )
    body = BODY.format(agents=0, handle='{ law = "deterministic", value = 1 }', more="") + lever
    journeys = live(scenario(body, arrivals="cohort = 5", horizon=100))
    assert journeys.events.waited[stays(journeys, "a").rows].tolist() == [7, 7, 8, 8, 9]


def test_no_agents_at_all(scenario: Any, live: Any, stays: Any) -> None:
    body = BODY.format(agents=0.9, handle=SIX, more="")
    journeys = live(scenario(body, arrivals="cohort = 5", horizon=20))
    rows = stays(journeys, "a").rows
    assert (journeys.events.contact[rows] == WAITING).all()
    assert journeys.events.waited[rows].tolist() == [20.0] * 5
    assert journeys.last.all()


@pytest.mark.parametrize(("agents", "whole"), [(1.9, 1), (2.0, 2), (2.999999, 2)])
def test_fractions_of_agents_round_down(scenario: Any, live: Any, stays: Any, agents: Any, whole: Any) -> None:
    body = BODY.format(agents=agents, handle='{ law = "deterministic", value = 1 }', more="")
    journeys = live(scenario(body, arrivals="cohort = 6", horizon=20))
    assert journeys.events.waited[stays(journeys, "a").rows].tolist() == [k // whole for k in range(6)]


def test_thirds_of_agents_make_a_whole(scenario: Any) -> None:
    levers = "".join(f'[levers.l{k}]\neffects = [{{ desk = "help", agents = 0.1 }}]\n' for k in range(10))
    levers += "[strategies.all]\n" + "\n".join(f"l{k} = 1.0" for k in range(10))
    built = scenario(BODY.format(agents=2, handle=SIX, more="") + levers)
    assert build(built, "all").agents("help")[1].tolist() == [3]


def test_equal_times_are_served_by_id_and_premium_first(scenario: Any, live: Any, stays: Any) -> None:
    """All ask on day 0: the first in line takes the agent, then premium by id, then the others by id."""
    body = BODY.format(
        agents=1, handle='{ law = "deterministic", value = 1 }', more='priority = ["segment == premium"]'
    )
    journeys = live(scenario(body, arrivals="cohort = 12", horizon=100), seed=3)
    premium = journeys.customers.segment == 1
    assert 1 < premium.sum() < 11
    rest = [k for k in range(1, 12) if premium[k]] + [k for k in range(1, 12) if not premium[k]]
    waited = journeys.events.waited[stays(journeys, "a").rows]
    assert np.argsort(waited).tolist() == [0, *rest]
    assert sorted(waited.tolist()) == list(range(12))


def test_giving_up_happens_exactly_at_the_end_of_patience(scenario: Any, live: Any, stays: Any) -> None:
    more = 'patience = { law = "deterministic", value = 2.5 }\nfailure_days = 10'
    body = BODY.format(agents=1, handle='{ law = "deterministic", value = 2 }', more=more)
    journeys = live(scenario(body, arrivals="cohort = 5", horizon=100))
    rows = stays(journeys, "a").rows
    assert journeys.events.waited[rows].tolist() == [0, 2, 2.5, 2.5, 2.5]
    assert journeys.events.contact[rows].tolist() == [RESOLVED, RESOLVED, RENEGED, RENEGED, RENEGED]
    assert stays(journeys, "a").days.tolist() == [2, 4, 2.5, 2.5, 2.5]


def test_served_at_the_last_moment(scenario: Any, live: Any, stays: Any) -> None:
    """Patience ends as an agent comes free: the agent's customer has the lower id, so that comes first."""
    more = 'patience = { law = "deterministic", value = 2 }'
    body = BODY.format(agents=1, handle='{ law = "deterministic", value = 2 }', more=more)
    journeys = live(scenario(body, arrivals="cohort = 3", horizon=100))
    rows = stays(journeys, "a").rows
    assert journeys.events.contact[rows].tolist() == [RESOLVED, RESOLVED, RENEGED]
    assert journeys.events.waited[rows].tolist() == [0, 2, 2]


def test_the_horizon_cuts_contacts(scenario: Any, live: Any, stays: Any) -> None:
    """At the horizon one is being served (to day 12), one waits since day 0; both are told as they are."""
    body = BODY.format(agents=1, handle='{ law = "deterministic", value = 6 }', more="")
    journeys = live(scenario(body, arrivals="cohort = 3", horizon=10))
    rows = stays(journeys, "a").rows
    assert journeys.events.contact[rows].tolist() == [RESOLVED, RESOLVED, WAITING]
    assert journeys.events.waited[rows].tolist() == [0, 6, 10]
    assert journeys.events.handled[rows].tolist() == [6, 6, 0]
    assert stays(journeys, "a").to.tolist() == ["over", None, None]


def test_a_service_that_ends_on_the_horizon_counts(scenario: Any, live: Any, stays: Any) -> None:
    body = BODY.format(agents=1, handle='{ law = "deterministic", value = 5 }', more="")
    journeys = live(scenario(body, arrivals="cohort = 2", horizon=10))
    assert stays(journeys, "a").to.tolist() == ["over", "over"]


def test_unresolved_contacts(scenario: Any, live: Any, stays: Any) -> None:
    """Binomial share, independent of who asks and of the handle time. False-alarm rate 1e-4 for each of two."""
    text = BODY.format(agents=4000, handle=SIX, more="unresolved = 0.3")
    text = text.replace('name = "help" }', 'name = "help", probability = 0.4 }')
    journeys = live(scenario(text, arrivals="cohort = 4000", horizon=1000))
    rows = stays(journeys, "a").rows
    rows = rows[journeys.events.contact[rows] != NOT_ASKED]
    open_ones = journeys.events.contact[rows] == UNRESOLVED
    assert ((journeys.events.contact[rows] == RESOLVED) | open_ones).all()
    assert stats.binomtest(int(open_ones.sum()), len(rows), 0.3).pvalue > 1e-4
    handled = journeys.events.handled[rows]
    assert stats.ks_2samp(handled[open_ones], handled[~open_ones]).pvalue > 1e-4


def test_demand_and_handle_time_move_with_levers(scenario: Any, live: Any, stays: Any) -> None:
    """Asking .3 with log-odds + ln 2; handle times .8 of what they were, customer by customer. Binomial, rate 1e-4 twice."""
    levers = """
[levers.calls]
effects = [{ demand = "a", log_odds = 0.6931471805599453 }]
[levers.tools]
effects = [{ desk = "help", handle_ratio = 0.64 }]
[strategies]
plain = {}
busy = { calls = 1.0, tools = 0.5 }
"""
    text = BODY.format(agents=4000, handle=SIX, more="").replace(
        'name = "help" }', 'name = "help", probability = 0.3 }'
    )
    built = scenario(text + levers, arrivals="cohort = 2000", horizon=1000)
    plain, busy = (live(built, name) for name in ("plain", "busy"))
    rows = stays(plain, "a").rows, stays(busy, "a").rows
    asked = plain.events.contact[rows[0]] != NOT_ASKED, busy.events.contact[rows[1]] != NOT_ASKED
    for seen, share in zip(asked, (0.3, 0.6 / 1.3), strict=True):
        assert stats.binomtest(int(seen.sum()), 2000, share).pvalue > 1e-4
    assert (asked[1] | ~asked[0]).all()  # more demand takes nobody's contact away
    one, other = plain.events.handled[rows[0]][asked[0]], busy.events.handled[rows[1]][asked[0]]
    assert other == pytest.approx(0.8 * one, rel=1e-12)


@pytest.mark.parametrize(("probability", "share"), [(0.0, 0.0), (1.0, 1.0)])
def test_nobody_or_everybody_asks(scenario: Any, live: Any, stays: Any, probability: Any, share: Any) -> None:
    text = BODY.format(agents=9, handle=SIX, more="").replace(
        'name = "help" }', f'name = "help", probability = {probability} }}'
    )
    journeys = live(scenario(text, arrivals="cohort = 200", horizon=1000))
    assert (journeys.events.contact[stays(journeys, "a").rows] != NOT_ASKED).mean() == share


def test_contacts_and_agents_are_paid(scenario: Any, live: Any, stays: Any) -> None:
    more = (
        "cost_per_contact = 6\nrevenue_per_contact = 4\ncost_per_agent_day = 10\n"
        + 'patience = { law = "exponential", mean = 3 }'
    )
    built = scenario(BODY.format(agents=3, handle=SIX, more=more), arrivals=ARRIVING, horizon=400)
    journeys = live(built, customers=300)
    contact = journeys.events.contact
    served = int(((contact == RESOLVED) | (contact == UNRESOLVED)).sum())
    assert 0 < served < 300
    parts = measure(journeys, build(built, "baseline"))
    assert parts["cost"].value == pytest.approx(6 * served + 10 * 3 * 400)
    assert parts["revenue"].value == pytest.approx(4 * served)
    assert parts["desk.help.abandoned"].value == pytest.approx((contact == RENEGED).sum())


def test_segments_have_patience_and_handle_times_of_their_own(scenario: Any, live: Any, stays: Any) -> None:
    more = 'patience = { law = "deterministic", value = 2 }\n[segments.premium.override]\n'
    more += '"desks.help.patience" = { law = "deterministic", value = 5 }\n'
    journeys = live(scenario(BODY.format(agents=0, handle=SIX, more=more), arrivals="cohort = 50", horizon=100))
    rows = stays(journeys, "a").rows
    premium = journeys.customers.segment[journeys.who[rows]] == 1
    assert journeys.events.waited[rows].tolist() == np.where(premium, 5.0, 2.0).tolist()


def test_two_desks_do_not_mix(scenario: Any, live: Any, stays: Any) -> None:
    body = """
[stages.a]
dwell = { law = "deterministic", value = 0 }
exits = { b = 1.0 }
desk = { name = "one" }
[stages.b]
dwell = { law = "deterministic", value = 0 }
exits = { over = 1.0 }
desk = { name = "two" }
[stages.over]
end = true
[desks.one]
agents = 1
handle = { law = "deterministic", value = 1 }
[desks.two]
agents = 1
handle = { law = "deterministic", value = 2 }
"""
    journeys = live(scenario(body, arrivals="cohort = 4", horizon=100))
    assert journeys.events.waited[stays(journeys, "a").rows].tolist() == [0, 1, 2, 3]
    assert journeys.events.waited[stays(journeys, "b").rows].tolist() == [0, 1, 2, 3]
