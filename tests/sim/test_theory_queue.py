"""Queues in the long run against Erlang's formulas, and Little's law. A day stands for a minute."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sojourn.sim.journeys import RENEGED

LOAD, HANDLE, PATIENCE = 6.0, 6.0, 3.0  # one call a minute
WARM, END, BATCHES = 300.0, 9300.0, 30


def erlang_c(agents: Any, load: Any = LOAD, handle: Any = HANDLE) -> Any:
    """P(wait), mean wait and share answered within t of M/M/c."""
    blocked = load**agents / math.factorial(agents) / sum(load**k / math.factorial(k) for k in range(agents + 1))
    wait = blocked / (1.0 - load / agents * (1.0 - blocked))
    drain = (agents - load) / handle
    return wait, wait / drain, lambda t: 1.0 - wait * math.exp(-drain * t)


def erlang_a(agents: Any, load: Any = LOAD, handle: Any = HANDLE, patience: Any = PATIENCE, rate: Any = 1.0) -> Any:
    """P(abandon) and mean wait of M/M/c+M, from its birth and death process."""
    weights = [1.0]
    for n in range(1, 400):
        weights.append(weights[-1] * rate / (min(n, agents) / handle + max(n - agents, 0) / patience))
    share = np.array(weights) / sum(weights)
    waiting = float(sum(max(n - agents, 0) * p for n, p in enumerate(share)))
    return waiting / patience / rate, waiting / rate


def test_the_formulas_give_the_published_tables() -> None:
    for agents, load, wait in (
        (10, 6, 0.10130),
        (14, 10, 0.17413),
        (12, 10, 0.44939),
        (11, 10, 0.68212),
        (5, 4, 0.55411),
    ):
        assert erlang_c(agents, load)[0] == pytest.approx(wait, abs=6e-6)
    for agents, wait, soon, seconds in ((8, 0.357, 0.681, 64.3), (9, 0.196, 0.834, 23.5)):
        found = erlang_c(agents)
        assert found[0] == pytest.approx(wait, abs=6e-4)
        assert found[1] * 60.0 == pytest.approx(seconds, abs=0.06)
        assert found[2](1.0 / 3.0) == pytest.approx(soon, abs=6e-4)
    for agents, abandon, seconds in ((8, 0.068, 12.3), (9, 0.037, 6.6), (6, 0.187, 33.6)):
        found = erlang_a(agents)
        assert found[0] == pytest.approx(abandon, abs=6e-4)
        assert found[1] * 60.0 == pytest.approx(seconds, abs=0.06)
        assert found[0] == pytest.approx(found[1] / PATIENCE)


def desk_text(agents: Any, patience: Any) -> Any:
    more = f'patience = {{ law = "exponential", mean = {PATIENCE} }}' if patience else ""
    return f"""
[stages.a]
dwell = {{ law = "deterministic", value = 0 }}
exits = {{ over = 1.0 }}
desk = {{ name = "help" }}
[stages.over]
end = true
[desks.help]
agents = {agents}
handle = {{ law = "exponential", mean = {HANDLE} }}
{more}
"""


def batched(times: Any, values: Any) -> Any:
    """Means of a value over 30 stretches of time after the warm-up."""
    place = ((times - WARM) / (END - WARM) * BATCHES).astype(int)
    inside = (times >= WARM) & (times < END)
    return np.bincount(place[inside], values[inside], BATCHES) / np.bincount(place[inside], minlength=BATCHES)


def fits(batches: Any, expected: Any) -> Any:
    """Whether the mean of batch means is within a Student fence of false-alarm rate 1e-4 two-sided."""
    fence = stats.t.isf(0.5e-4, BATCHES - 1) * batches.std(ddof=1) / math.sqrt(BATCHES)
    return abs(batches.mean() - expected) < fence


@pytest.fixture(scope="module")
def lived(scenario: Any, live: Any) -> Any:
    found = {}

    def get(agents: Any, patience: Any) -> Any:
        if (agents, patience) not in found:
            built = scenario(desk_text(agents, patience), arrivals="rate_per_day = 1", horizon=END + 200.0)
            found[agents, patience] = live(built, seed=12)
        return found[agents, patience]

    return get


@pytest.mark.parametrize("agents", [8, 9])
def test_erlang_c(lived: Any, stays: Any, agents: Any) -> None:
    """9,000 calls in 30 batches; three figures for each staffing, false-alarm rate 1e-4 each."""
    journeys = lived(agents, False)
    rows = stays(journeys, "a").rows
    times, waited = journeys.events.time[rows], journeys.events.waited[rows]
    wait, mean, within = erlang_c(agents)
    assert fits(batched(times, (waited > 0.0).astype(float)), wait)
    assert fits(batched(times, waited), mean)
    assert fits(batched(times, (waited <= 1.0 / 3.0).astype(float)), within(1.0 / 3.0))


@pytest.mark.parametrize("agents", [6, 8, 9])
def test_erlang_a(lived: Any, stays: Any, agents: Any) -> None:
    """9,000 calls in 30 batches; three figures for each staffing, false-alarm rate 1e-4 each. Overload is no trouble here."""
    journeys = lived(agents, True)
    rows = stays(journeys, "a").rows
    times, waited = journeys.events.time[rows], journeys.events.waited[rows]
    gone = (journeys.events.contact[rows] == RENEGED).astype(float)
    abandon, mean = erlang_a(agents)
    assert fits(batched(times, gone), abandon)
    assert fits(batched(times, waited), mean)
    # P(abandon) = E[wait] / mean patience, within the same run.
    assert fits(batched(times, gone - waited / PATIENCE), 0.0)


def area(begins: Any, ends: Any, start: Any, end: Any) -> Any:
    """Integral over [start, end] of the number who are there."""
    return float(np.clip(np.minimum(ends, end) - np.maximum(begins, start), 0.0, None).sum())


@pytest.mark.parametrize(("agents", "patience"), [(8, False), (6, True)])
def test_little_s_law_of_a_queue(lived: Any, stays: Any, agents: Any, patience: Any) -> None:
    """L = lambda W with L from the clock and W from the customers; they differ by who is there at either end only."""
    journeys = lived(agents, patience)
    rows = stays(journeys, "a").rows
    times, waited = journeys.events.time[rows], journeys.events.waited[rows]
    in_line = area(times, times + waited, WARM, END) / (END - WARM)
    inside = (times >= WARM) & (times < END)
    rate = inside.sum() / (END - WARM)
    assert in_line == pytest.approx(rate * waited[inside].mean(), rel=0.02)
    # And against the formulas: L_q = lambda W_q, on batches (false-alarm rate 1e-4).
    edges = np.linspace(WARM, END, BATCHES + 1)
    by_time = np.array([area(times, times + waited, a, b) / (b - a) for a, b in itertools.pairwise(edges)])
    assert fits(by_time, erlang_a(agents)[1] if patience else erlang_c(agents)[1])


def test_little_s_law_of_a_stage(scenario: Any, live: Any, stays: Any) -> None:
    """The number in a stage, 20 arrivals a day of mean stay 10 days, averages 200 (M/G/infinity).

    Its time average over T has variance at most lambda E[S^2] / T. False-alarm rate 1e-4 two-sided.
    """
    body = '[stages.a]\ndwell = { law = "lognormal", mean = 10, sigma = 0.8 }\nexits = { over = 1.0 }\n'
    body += "[stages.over]\nend = true\n"
    journeys = live(scenario(body, arrivals="rate_per_day = 20", horizon=500), seed=3)
    found = stays(journeys, "a")
    begins, ends = journeys.events.time[found.rows], journeys.until[found.rows]
    number = area(begins, ends, 150.0, 500.0) / 350.0
    second = 10.0**2 * math.exp(0.8**2)
    assert abs(number - 200.0) < 3.89 * math.sqrt(20.0 * second / 350.0)
    # At any moment it is a Poisson number: far-apart moments are nearly independent (fence for 8 counts, rate 1e-4).
    at = np.array([(begins <= t) & (ends > t) for t in np.linspace(150, 499, 8)]).sum(axis=1)
    assert (np.abs(at - 200) < stats.norm.isf(1e-4 / 16) * math.sqrt(200) + 1).all()
