"""Moments, waits and cells against slow readings of the same log, customer by customer."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sojourn as sj
from sojourn.experiments import commitment_states as states
from sojourn.experiments.commitment_cells import TOP, estimated, grow, place, wilson
from sojourn.experiments.commitment_states import Goal, ages_of, goal_of, observe, waits
from sojourn.experiments.commitment_words import state_words
from sojourn.sim.journeys import RENEGED, UNRESOLVED, Journeys
from sojourn.sim.network import Network, build
from sojourn.sim.run import simulate

FIRST = Path(__file__).parents[1] / "scenarios" / "first.toml"
WITHIN, OBSERVED = 40.0, 325.0


@pytest.fixture(scope="module")
def lived() -> tuple[Network, Journeys, Goal]:
    """A busy desk: with 30,000 customers in a year many wait, give up, and fail more than once."""
    network = build(sj.load(str(FIRST)), "today")
    return network, simulate(network, seed=2, customers=30_000), goal_of(network, ("advocacy",), WITHIN, OBSERVED)


def test_the_wait_ends_with_the_first_entry_that_decides(lived: tuple[Network, Journeys, Goal]) -> None:
    _, journeys, goal = lived
    found = waits(journeys, goal)
    names = {"advocacy": states.LOYAL, "lapsed": states.LOST, "churned": states.LOST}
    for who in range(0, found.kind.size, 7):
        rows = range(journeys.first[who], journeys.first[who + 1])
        deciding = [r for r in rows if journeys.stages[journeys.events.stage[r]] in names]
        if deciding:
            row = deciding[0]
            assert found.kind[who] == names[journeys.stages[journeys.events.stage[row]]]
            assert (found.row[who], found.time[who]) == (row, journeys.events.time[row])
        else:
            assert (found.kind[who], found.row[who], found.time[who]) == (states.OPEN, rows.stop, journeys.horizon)
    assert {int(k) for k in found.kind} == {states.OPEN, states.LOYAL, states.LOST}


def slowly(lived: tuple[Network, Journeys, Goal], who: int, ages: Any) -> dict[tuple[int, int], tuple[Any, ...]]:
    """Moments of one customer, (row, age) -> (time, codes, visit, reached), read off the log row by row."""
    journeys = lived[1]
    events, names = journeys.events, journeys.stages
    rows = range(journeys.first[who], journeys.first[who + 1])
    ended = {"advocacy", "lapsed", "churned"}
    decided = next((r for r in rows if names[events.stage[r]] in ended), None)
    failures, found = [], {}
    visits, purchases = dict.fromkeys(names, -1), 0
    for row in rows:
        if row == decided:
            break
        stage = names[events.stage[row]]
        visits[stage] += 1
        purchases += stage == "purchase"
        start = events.time[row] + events.waited[row] + events.handled[row]
        if events.contact[row] in (RENEGED, UNRESOLVED):
            failures.append(start)
        for k, age in enumerate(ages[events.stage[row]]):
            time = start + age
            if time > OBSERVED or (k and time >= journeys.until[row]):
                continue
            felt = [time - failed for failed in failures if time - failed < 90.0 - 1e-9]
            newest = 0
            if felt:  # from 1, more than 90 days old, to 6, at most 7 days old
                newest = 1 + sum(round(min(felt), 6) <= days for days in states.FAILED_DAYS)
            codes = (
                int(journeys.customers.segment[who]),
                min(int(events.satisfaction[row] // 5), 19),
                min(len(felt), 3),
                newest,
                min(purchases, 3),
                sum(events.waited[row] > days for days in states.WAITED_DAYS),
            )
            reached = decided is not None and names[events.stage[decided]] == "advocacy"
            reached = reached and events.time[decided] <= time + WITHIN
            found[row, k] = (time, codes, visits[stage], reached)
    return found


def test_moments_are_what_the_log_shows(lived: tuple[Network, Journeys, Goal]) -> None:
    network, journeys, goal = lived
    ages = ages_of([journeys], goal)
    moments = observe(journeys, network, goal, ages, offset=5)
    assert np.all(np.diff(moments.who) >= 0)
    same = np.diff(moments.who) == 0
    assert np.all(np.diff(moments.time)[same] >= 0)
    seen = {"failures": 0, "twice": 0, "visits": 0, "reached": 0}
    failed = np.flatnonzero((journeys.events.contact == RENEGED) | (journeys.events.contact == UNRESOLVED))
    often = np.flatnonzero(np.bincount(journeys.who[failed]) > 1)
    for who in [*range(0, journeys.customers.customer.size, 20), *often[:200].tolist()]:
        here = np.flatnonzero(moments.who == who + 5)
        expected = slowly(lived, who, ages)
        assert [(int(moments.row[i]), int(moments.age[i])) for i in here] == list(expected)
        for i in here:
            time, codes, visit, reached = expected[int(moments.row[i]), int(moments.age[i])]
            assert moments.time[i] == pytest.approx(time)
            assert tuple(moments.codes[i].tolist()) == codes
            assert (moments.visit[i], moments.reached[i]) == (visit, reached)
            seen["failures"] += codes[2] > 0
            seen["twice"] += codes[2] > 1
            seen["visits"] += visit > 0
            seen["reached"] += reached
    assert min(seen.values()) >= 20, seen


def test_every_moment_of_a_full_stage_and_age_has_one_cell(lived: tuple[Network, Journeys, Goal]) -> None:
    network, journeys, goal = lived
    ages = ages_of([journeys], goal)
    moments = observe(journeys, network, goal, ages)
    cells = grow([moments], ages, 2)
    found = place(moments, cells)
    full = {(cell.stage, cell.age) for cell in cells}
    for key in {(int(s), int(a)) for s, a in zip(moments.stage, moments.age, strict=True)}:
        inside = found[(moments.stage == key[0]) & (moments.age == key[1])]
        assert (inside >= 0).all() if key in full else (inside == -1).all()
    sizes = np.bincount(found[found >= 0], minlength=len(cells))
    for cell, size in zip(cells, sizes, strict=True):
        mine = [n for other, n in zip(cells, sizes, strict=True) if (other.stage, other.age) == (cell.stage, cell.age)]
        assert size >= (100 if len(mine) > 1 else 30)
    words = [(cell.stage, cell.age, state_words(network, cell)) for cell in cells]
    assert len(set(words)) == len(words) > 10


def test_chances_count_a_customer_with_many_moments_for_what_they_are_worth() -> None:
    """100 customers, each with 10 moments that agree: an interval as of 100, not of 1,000."""
    who = np.repeat(np.arange(100), 10)
    reached = np.repeat(np.arange(100) < 80, 10)
    nothing = np.zeros(1000, dtype=np.int64)
    codes = np.zeros((1000, 6), dtype=np.int16)
    moments = states.Moments(
        who, nothing, nothing.astype(np.int16), codes[:, 0], nothing.astype(np.int32), np.arange(1000.0), codes, reached
    )
    found = estimated(moments, nothing, 2)
    low, high = wilson(np.array([0.8]), np.array([100.0]))
    assert found.mean[0] == 0.8
    assert (found.low[0], found.high[0]) == pytest.approx((low[0], high[0]))
    assert (found.moments[1], found.low[1], found.high[1]) == (0, 0.0, 1.0)
    assert np.isnan(found.mean[1])


def test_wilson_is_the_textbook_interval() -> None:
    """Agresti and Coull 1998: 0 of 10 at 95 % is 0 to .2775; here at 90 %: z^2 / (n + z^2)."""
    low, high = wilson(np.array([0.0, 1.0]), np.array([10.0, 10.0]))
    z2 = 1.6448536**2
    assert low == pytest.approx([0.0, 10 / (10 + z2)])
    assert high == pytest.approx([z2 / (10 + z2), 1.0])


def test_states_are_named_by_what_tells_them_apart(lived: tuple[Network, Journeys, Goal]) -> None:
    from sojourn.experiments.commitment_cells import Cell

    network = lived[0]
    every = frozenset({0, 1})

    def words(
        low: tuple[int, ...] = (0,) * 6, high: tuple[int, ...] = (TOP,) * 6, segments: frozenset[int] = every
    ) -> str:
        return state_words(network, Cell(0, 0, low, high, segments))

    assert words() == "anybody"
    assert words(segments=frozenset({1})) == "premium"
    assert words((0, 12, 0, 0, 0, 0)) == "satisfaction 60 or more"
    assert words((0, 12, 0, 0, 0, 0), (TOP, 14, TOP, TOP, TOP, TOP)) == "satisfaction 60 to 75"
    assert words(high=(TOP, 11, 0, TOP, TOP, TOP)) == "satisfaction below 60, no failure felt"
    assert words((0, 0, 2, 0, 0, 0)) == "2 or more failures felt"
    assert words((0, 0, 1, 0, 0, 0), (TOP, TOP, 1, TOP, TOP, TOP)) == "1 failure felt"
    assert words((0, 0, 1, 0, 0, 0), (TOP, TOP, 2, TOP, TOP, TOP)) == "1 or 2 failures felt"
    assert words((0, 0, 0, 4, 0, 0)) == "newest failure at most 30 days old"
    assert words((0, 0, 0, 1, 0, 0), (TOP, TOP, TOP, 3, TOP, TOP)) == "newest failure more than 30 days old"
    assert words(high=(TOP, TOP, TOP, 3, TOP, TOP)) == "no failure felt, or the newest failure more than 30 days old"
    assert words(high=(TOP, TOP, TOP, TOP, 0, TOP)) == "no purchase so far"
    assert words(high=(TOP, TOP, TOP, TOP, TOP, 0)) == "did not wait"
    assert words((0, 0, 0, 0, 0, 3)) == "waited more than 0.5 days"
    assert words((0, 0, 0, 0, 0, 1), (TOP, TOP, TOP, TOP, TOP, 3)) == "waited more than 0 and at most 1 days"
