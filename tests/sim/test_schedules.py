"""Levels over time: paths, the grid of breaks, agents on duty, expected arrivals."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.scenarios.model import Response, Step
from sojourn.sim import effects
from sojourn.sim.compiling import from_python
from sojourn.sim.network import build
from sojourn.sim.schedules import capacity, grid, intake, path_of, responded
from sojourn.sim.tables import RAMP_NODES

DAY = st.floats(0.0, 300.0).map(lambda day: round(day, 3))

level_at, response = from_python(effects.level_at), from_python(effects.response)


@st.composite
def plans(draw: Any) -> Any:
    """Steps in order, whose ramps end before the next begins."""
    days = sorted(draw(st.lists(DAY, min_size=1, max_size=5, unique=True)))
    rows = []
    for day, following in zip(days, [*days[1:], 400.0], strict=True):
        share = draw(st.sampled_from([0.0, 0.0, 0.4, 1.0]))
        ramp = math.floor(share * (following - day) * 1000) / 1000
        if day + ramp > following:
            ramp = 0.0
        rows.append({"day": day, "level": draw(st.floats(0.0, 1.0)), "ramp_days": ramp})
    return rows


def level(rows: Any, day: Any) -> Any:
    now = 0.0
    for row in rows:
        if day < row["day"]:
            break
        part = min((day - row["day"]) / row["ramp_days"], 1.0) if row["ramp_days"] > 0 else 1.0
        now += part * (row["level"] - now)
    return now


def path(rows: Any) -> Any:
    return path_of([Step(**row) for row in rows])


@given(plans(), st.lists(st.floats(0.0, 500.0), min_size=1, max_size=20))
def test_levels_follow_the_plan(rows: Any, days: Any) -> None:
    edges = [row["day"] for row in rows] + [row["day"] + row["ramp_days"] for row in rows]
    times = np.array([*days, *edges])
    assert path(rows).at(times) == pytest.approx([level(rows, day) for day in times], abs=1e-9)


@settings(max_examples=25)
@given(plans())
def test_rules_and_network_see_the_same_level(scenario: Any, rows: Any) -> None:
    text = '[stages.a]\nrace.b = { law = "exponential", mean = 5 }\n[stages.b]\nend = true\n'
    text += (
        "[levers.push]\ncost = { per_day = 1 }\nresponse = { half = 0.3, slope = 2.0 }\n[strategies.pushed]\npush = ["
    )
    text += ", ".join("{ " + ", ".join(f"{k} = {v!r}" for k, v in row.items()) + " }" for row in rows) + "]\n"
    network = build(scenario(text, horizon=400), "pushed")
    times = np.array(
        [0.0, 1.0, 77.7, 399.0, *(row["day"] for row in rows), *(row["day"] + row["ramp_days"] for row in rows)]
    )
    seen = [level_at(network.cells, 0, float(day)) for day in times]
    assert network.levels("push", times) == pytest.approx(seen, abs=1e-9)
    curve = responded(np.array(seen), network.scenario.levers["push"].response)
    assert curve == pytest.approx([response(network.cells, 0, x) for x in seen], rel=1e-12)


def test_a_jump_is_taken_on_its_day_and_nothing_holds_before() -> None:
    rows = [{"day": 10.0, "level": 0.6, "ramp_days": 0.0}]
    assert path(rows).at(np.array([0.0, math.nextafter(10.0, 0.0), 10.0, 1e9])).tolist() == [0.0, 0.0, 0.6, 0.6]
    assert path([]).at(np.array([0.0, 5.0])).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("half", [0.2, 0.5, 3.0])
@pytest.mark.parametrize("slope", [0.5, 1.0, 4.0])
def test_a_response_runs_from_nothing_to_all(half: Any, slope: Any) -> None:
    curve = responded(np.linspace(0.0, 1.0, 101), Response(half=half, slope=slope))
    assert curve[0] == 0.0
    assert curve[-1] == pytest.approx(1.0)
    assert (np.diff(curve) > 0.0).all()
    hill = 0.5**slope / (0.5**slope + half**slope)
    assert curve[50] == pytest.approx(hill * (1.0 + half**slope), rel=1e-12)


def test_breaks_are_the_jumps_and_the_nodes_of_ramps() -> None:
    one = path([{"day": 20.0, "level": 1.0, "ramp_days": 0.0}, {"day": 50.0, "level": 0.0, "ramp_days": 16.0}])
    other = path([{"day": 0.0, "level": 0.5, "ramp_days": 0.0}, {"day": 90.0, "level": 0.7, "ramp_days": 0.0}])
    breaks, effects = grid([one, other], [None, None], 80.0)
    assert breaks.tolist() == [0.0, 20.0, *[50.0 + k for k in range(RAMP_NODES + 1)], math.inf]
    assert effects[:, 1].tolist() == [0.5] * (len(breaks) - 1)  # the step of day 90 is past the horizon
    assert effects[0, 0] == 0.0
    assert effects[1, 0] == 1.0
    assert effects[2:-1, 0] == pytest.approx([1.0 - (k + 0.5) / 16.0 for k in range(RAMP_NODES)])
    assert effects[-1, 0] == 0.0


def test_a_step_that_changes_nothing_is_no_break() -> None:
    same = path([{"day": 0.0, "level": 0.5, "ramp_days": 0.0}, {"day": 30.0, "level": 0.5, "ramp_days": 10.0}])
    breaks, effects = grid([same], [None], 100.0)
    assert breaks.tolist() == [0.0, math.inf]
    assert effects.tolist() == [[0.5]]


@given(plans(), plans(), st.floats(0.0, 20.0), st.floats(-6.0, 6.0), st.floats(-6.0, 6.0))
def test_agents_on_duty_are_the_whole_part(one: Any, other: Any, agents: Any, first: Any, second: Any) -> None:
    paths = [path(one), path(other)]
    rows = capacity(agents, [(0, first), (1, second)], paths, [None, None], 350.0)
    assert rows[0][0] == 0.0
    assert [row[0] for row in rows] == sorted({row[0] for row in rows})
    for day in np.linspace(0.0, 349.9, 200):
        exact = max(agents + first * level(one, day) + second * level(other, day), 0.0)
        heads = [heads for start, heads in rows if start <= day][-1]
        # Where the sum passes a whole number the day is found by bisection, with a hair's breadth of 1e-9.
        assert heads == math.floor(exact + 1e-9) or abs(exact - round(exact)) < 1e-6


@given(
    plans(),
    plans(),
    st.floats(0.0, 20.0),
    st.floats(-6.0, 6.0),
    st.floats(-6.0, 6.0),
    st.floats(0.05, 2),
    st.floats(0.3, 8),
)
def test_agents_with_curved_responses(
    one: Any, other: Any, agents: Any, first: Any, second: Any, half: Any, slope: Any
) -> None:
    """Two curves may cross within a ramp; agents then are never off by more than the crossing is worth."""
    paths, curve = [path(one), path(other)], Response(half=half, slope=slope)
    rows = capacity(agents, [(0, first), (1, second)], paths, [curve, None], 350.0)
    for day in np.linspace(0.0, 349.9, 100):
        bent = float(responded(np.array([level(one, day)]), curve)[0])
        exact = max(agents + first * bent + second * level(other, day), 0.0)
        heads = [heads for start, heads in rows if start <= day][-1]
        assert abs(heads - math.floor(exact + 1e-9)) <= 1


@pytest.mark.parametrize(
    ("arrivals", "until", "total"),
    [
        ("rate_per_day = 4", 60.0, 240.0),
        ("rate_per_day = 4\nuntil_day = 20", 20.0, 80.0),
        ("rate_per_day = 4\nuntil_day = 60.0", 60.0, 240.0),
        ("daily = [1, 0, 5]", 60.0, 120.0),
        ("daily = [1, 0, 5]\nuntil_day = 4.5", 4.5, 7.0),
        ("impressions_per_day = 500\nclick_through = 0.02", 60.0, 600.0),
        ("cohort = 70", 0.0, 70.0),
    ],
)
def test_expected_arrivals(scenario: Any, arrivals: Any, until: Any, total: Any) -> None:
    text = '[stages.a]\nrace.b = { law = "exponential", mean = 5 }\n[stages.b]\nend = true\n'
    built = scenario(text, arrivals=arrivals, horizon=60)
    nodes = intake(built)
    assert nodes[0] == (0.0, 0.0)
    assert nodes[-1] == pytest.approx((until, total))
    assert built.arrivals.expected(60.0) == pytest.approx(total)
    assert all(a[0] <= b[0] and a[1] <= b[1] for a, b in itertools.pairwise(nodes))
