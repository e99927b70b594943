"""Many futures of today's customers and of newcomers, each with numbers, pasts, arrivals and luck of its own."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from sojourn.calibration.bases import Bases
from sojourn.calibration.future_arrivals import Newcomers
from sojourn.calibration.happenings import Frame, Tally, frame, of_journeys, priced, stacked
from sojourn.calibration.logs import Log
from sojourn.calibration.openings import OnTheirWay, openers_of
from sojourn.experiments.journal import Journal
from sojourn.scenarios.model import Scenario
from sojourn.sim.money import overhead
from sojourn.sim.network import build
from sojourn.sim.openers import with_openers
from sojourn.sim.run import refuse_crowds, simulate
from sojourn.sim.wordofmouth import refuse_avalanche

Progress = Callable[[int, int], None]


class Futures(NamedTuple):
    """Simulated futures by strategy; `tallies` have a first axis of futures, which is the same for all strategies."""

    frame: Frame
    tallies: dict[str, Tally]
    overheads: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]  # costs of levers per day and of agents' pay
    priced: bool


def predict(
    scenario: Scenario,
    log: Log,
    way: OnTheirWay,
    bases: Bases,
    newcomers: Newcomers,
    *,
    days: float,
    strategies: Sequence[str],
    draws: int,
    replications: int,
    seed: int,
    kept: Journal | None = None,
    progress: Progress | None = None,
) -> Futures:
    """Simulate `draws` times `replications` futures of the `days` after the log ends, under each strategy.

    A future has the same numbers, customers, pasts and draws under every strategy, so that strategies are compared person by
    person. Future k does not depend on how many there are.
    """
    what, money = frame(scenario, tuple(log.silent), days), priced(scenario)
    found: dict[str, list[Tally]] = {name: [] for name in strategies}
    costs: dict[str, list[float]] = {name: [] for name in strategies}
    for k in range(draws):
        key = f"draw {k}"
        piece = kept.get(key) if kept is not None else None
        if piece is None:
            piece = _draw(log, way, bases.draw(k), newcomers, what, money, strategies, (seed, k, replications))
            if kept is not None:
                kept.put(key, piece)
        for name in strategies:
            for tally, cost in piece[name]:
                found[name].append(Tally(*(np.array(part, dtype=np.float64) for part in tally)))
                costs[name].append(cost)
        if progress is not None:
            progress(k + 1, draws)
    return Futures(
        what,
        {name: stacked(many) for name, many in found.items()},
        {name: np.array(many) for name, many in costs.items()},
        money,
    )


def windowed(document: dict[str, Any], days: float, arrivals: dict[str, Any]) -> Scenario:
    """A scenario whose day 0 is today and whose horizon is the window's end."""
    changed = {key: value for key, value in document.items() if key not in ("surveys", "sources")}
    changed["scenario"] = {**document["scenario"], "horizon_days": days}
    changed["arrivals"] = arrivals
    return Scenario.model_validate(changed)


def _draw(
    log: Log,
    way: OnTheirWay,
    document: dict[str, Any],
    newcomers: Newcomers,
    what: Frame,
    money: bool,
    strategies: Sequence[str],
    luck: tuple[int, int, int],
) -> dict[str, list[Any]]:
    """The futures under one draw of the numbers: tallies as lists, and overheads, by strategy."""
    seed, k, replications = luck
    piece: dict[str, list[Any]] = {name: [] for name in strategies}
    for r in range(replications):
        number = k * replications + r
        arriving = newcomers.draw(what.days, np.random.default_rng([seed, 1, number]))
        scenario = windowed(document, what.days, arriving.table)
        opened = None
        for name in strategies:
            network = build(scenario, name)
            if k == 0 and r == 0:
                refuse_avalanche([network], arriving.exactly)
                refuse_crowds([network], arriving.exactly)
            if opened is None:
                opened = openers_of(log, way, network, np.random.default_rng([seed, 2, number]))
            network = with_openers(network, opened)
            journeys = simulate(network, seed=seed, replication=number, customers=arriving.exactly)
            tally = of_journeys(what, journeys, network, money)
            cost = overhead(network, what.days, discounted=False) if money else 0.0
            piece[name].append(([part.tolist() for part in tally], cost))
    return piece
