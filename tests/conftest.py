"""What tests of every floor share: short scenario texts, and journeys lived through them."""

import signal
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import settings

# The same examples each time: a statistical test keeps its seeds, and a red test stays red.
settings.register_profile("sojourn", deadline=None, derandomize=True, database=None)
settings.load_profile("sojourn")

# A shell lets what it runs in the background ignore Ctrl-C, and whatever that starts would: our tests of it need it heard.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

MOMENTS = 1500  # rows that the reference engine gives in less than a tenth of a second
HEAD = """format = 1
[scenario]
name = "test"
start = {start}
horizon_days = {horizon}
{about}
[arrivals]
{arrivals}
"""


def _scenario(
    body: Any, *, start: Any = "a", horizon: Any = 1e5, arrivals: Any = "cohort = 10", about: Any = ""
) -> Any:
    from sojourn.scenarios.files import loads

    named = f'"{start}"' if isinstance(start, str) else "{ " + ", ".join(f"{k} = {v}" for k, v in start.items()) + " }"
    return loads(HEAD.format(start=named, horizon=float(horizon), about=about, arrivals=arrivals) + body)


def _live(scenario: Any, strategy: Any = None, *, seed: Any = 1, replication: Any = 0, customers: Any = None) -> Any:
    from sojourn.sim.network import build
    from sojourn.sim.run import simulate

    network = build(scenario, strategy or next(iter(scenario.strategies)))
    how = {"seed": seed, "replication": replication, "customers": customers}
    journeys = simulate(network, engine="compiled", **how)
    if journeys.events.time.size <= MOMENTS:
        assert _same(journeys, simulate(network, engine="simpy", **how)), "the engines differ"
    return journeys


class Stays(NamedTuple):
    """All stays in one stage: days in it, the next stage (None while open) and the row of each; shapes (stays,)."""

    days: np.ndarray
    to: np.ndarray
    rows: np.ndarray


def _stays(journeys: Any, stage: Any) -> Any:
    rows = np.flatnonzero(journeys.events.stage == journeys.stages.index(stage))
    names = np.array([*journeys.stages, None], dtype=object)
    days = journeys.until[rows] - journeys.events.time[rows]
    return Stays(days, names[journeys.next_stage[rows]], rows)


def _columns(journeys: Any) -> Any:
    return *journeys.events.columns().values(), *journeys.events.contacts, *journeys.customers


def _same(one: Any, other: Any) -> Any:
    """Whether two logs are the same, bit for bit."""
    return all(
        np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(_columns(one), _columns(other), strict=True)
    )


@pytest.fixture(scope="session")
def scenario() -> Callable[..., Any]:
    """(body, start=, horizon=, arrivals=, about=) -> Scenario: the tables after [arrivals], written out."""
    return _scenario


@pytest.fixture(scope="session")
def live() -> Callable[..., Any]:
    """(scenario, strategy=None, seed=, replication=, customers=) -> Journeys.

    From the compiled engine; short ones from the reference engine too, which must agree to the bit.
    """
    return _live


@pytest.fixture(scope="session")
def stays() -> Callable[..., Any]:
    """(journeys, stage) -> Stays."""
    return _stays


@pytest.fixture(scope="session")
def same() -> Callable[..., Any]:
    """(journeys, journeys) -> bool, to the bit."""
    return _same
