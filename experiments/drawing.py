"""Lives of the market under numbers as they may be: every draw of the numbers is lived a few times, under every strategy.

Each draw has customers of its own (replications of its own number), and they are the same under every strategy: differences
between strategies stay paired, and what is said over all draws does not hang on the luck of the few lives that one draw has.
"""

import math
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.experiments.parameters import Draws
from sojourn.scenarios.faults import Fault, Faults
from sojourn.scenarios.model import Scenario
from sojourn.sim.keeping import Keeper
from sojourn.sim.lives import Lives
from sojourn.sim.measures import measured, names
from sojourn.sim.network import build
from sojourn.sim.run import MAX_CUSTOMERS, MAX_SEED, refuse_crowds, simulate
from sojourn.sim.sharing import in_turn, processors
from sojourn.sim.wordofmouth import refuse_avalanche, reproduction

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]
FEW, MOST = 2, 1000  # lives of a draw
TAME = 0.5  # R of word of mouth below which no draw needs the long computation of how many will be invited


@dataclass(frozen=True)
class Lived:
    """What each draw of the numbers came to."""

    draws: Draws
    strategies: tuple[str, ...]
    replications: int
    """Lives of each draw."""
    figures: dict[str, Floats]
    """By measure, shape (draws, strategies, lives); NaN where undefined."""

    def contrasts(self, measure: str) -> Floats:
        """The measure less that of the first strategy, shape (draws, strategies, lives)."""
        figures = self.figures[measure]
        found: Floats = figures - figures[:, :1]
        return found


class Piece(NamedTuple):
    """One draw, to be lived anywhere."""

    draws: Draws
    number: int
    strategies: tuple[str, ...]
    replications: int
    seed: int
    customers: int | None
    engine: str
    measures: tuple[str, ...]
    kept: Keeper | None


def live(
    draws: Draws,
    strategies: Sequence[str],
    *,
    replications: int = FEW,
    seed: int = 1,
    customers: int | None = None,
    engine: str = "compiled",
    workers: int | None = None,
    measures: Sequence[str] | None = None,
    progress: Progress | None = None,
    kept: Keeper | None = None,
) -> Lived:
    """Live every draw under every strategy.

    Args:
        draws: from `parameters.draw`.
        strategies: names, the baseline first.
        replications: lives of each draw, 2 or more, so that chance can be told from the numbers.
        seed: of the customers.
        customers: exactly so many candidates a life, in place of the scenario's own random number.
        engine: "compiled" or "simpy", with the same figures.
        workers: processors that share the draws; all by default. What comes out does not depend on it.
        measures: those wanted; all by default.
        progress: called with (draws done, in all).
        kept: where draws that are done are looked up, and written down.

    Raises:
        Faults: an option is out of range, or a draw makes a scenario that is not sound or that word of mouth runs away in.
    """
    _check(draws.base, replications, seed, customers)
    wanted = tuple(measures) if measures is not None else names(build(draws.base, strategies[0]))
    refuse_crowds([build(draws.base, name) for name in strategies], customers)
    pieces = [
        Piece(draws, i, tuple(strategies), replications, seed, customers, engine, wanted, kept)
        for i in range(draws.count)
    ]
    found = np.empty((len(wanted), draws.count, len(strategies), replications))
    with _pooled(pieces, engine, workers) as results:
        for i, figures in enumerate(results):
            found[:, i] = figures
            if progress is not None:
                progress(i + 1, draws.count)
    return Lived(draws, tuple(strategies), replications, dict(zip(wanted, found, strict=True)))


def _lived(piece: Piece) -> Floats:
    """Figures of one draw, shape (measures, strategies, lives)."""
    scenario, first = piece.draws.scenario(piece.number), piece.number * piece.replications
    asked = sha256("\n".join((*piece.strategies, "", *piece.measures)).encode()).hexdigest()[:16]
    about = f"{scenario.digest[:24]}/{asked}/{piece.seed}/{piece.customers}"
    key = f"draw/{about}/{first}/{piece.replications}"
    if piece.kept is not None and (known := piece.kept.get(key)) is not None:
        return np.array(known, dtype=np.float64)
    figures = np.empty((len(piece.measures), len(piece.strategies), piece.replications))
    for s, name in enumerate(piece.strategies):
        network = build(scenario, name)
        if reproduction(network) > TAME:
            with _of_draw(piece.number):
                refuse_avalanche([network], piece.customers)
        for r in range(piece.replications):
            how = {"seed": piece.seed, "replication": first + r}
            journeys = simulate(network, customers=piece.customers, engine=piece.engine, **how)
            parts = measured(Lives(journeys, network), piece.measures)
            for m, measure in enumerate(piece.measures):
                figures[m, s, r] = parts[measure].figure if measure in parts else math.nan
    if piece.kept is not None:
        piece.kept.put(key, figures.tolist())
    return figures


@contextmanager
def _of_draw(number: int) -> Iterator[None]:
    try:
        yield
    except Faults as found:
        about = f"with the numbers of draw {number + 1}, "
        raise Faults(one_of(fault, about) for fault in found.faults) from None


def one_of(fault: Fault, about: str) -> Fault:
    """The fault with words before its message."""
    return Fault(fault.file, fault.path, fault.value, about + fault.message, fault.remedy)


@contextmanager
def _pooled(pieces: Iterable[Piece], engine: str, workers: int | None) -> Iterator[Iterator[Floats]]:
    """Figures in the order of the draws; kernels do not hold Python's lock, SimPy does."""
    if workers is None:
        workers = processors() if engine == "compiled" else 1
    if workers <= 1:
        yield map(_lived, pieces)
        return
    pool: Executor
    if engine == "compiled":
        pool = ThreadPoolExecutor(workers)
    else:
        pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
        pieces = [piece._replace(kept=None) for piece in pieces]  # a journal belongs to one process
    try:
        yield in_turn(pool, _lived, pieces, 2 * workers)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _check(scenario: Scenario, replications: int, seed: int, customers: int | None) -> None:
    faults, source = [], scenario.about.name
    if not FEW <= replications <= MOST:
        remedy = f"give {FEW} to {MOST}: with one life a draw, chance cannot be told from the numbers"
        what = "no such number of lives of a draw"
        faults.append(Fault(source, "draw replications", f"{replications}", what, remedy))
    if not 0 <= seed <= MAX_SEED:
        remedy = f"give a whole number from 0 to {MAX_SEED}"
        faults.append(Fault(source, "seed", f"{seed}", "no such seed", remedy))
    if customers is not None and not 1 <= customers <= MAX_CUSTOMERS:
        faults.append(Fault(source, "customers", f"{customers}", "no such number of customers", "give 1 or more"))
    if faults:
        raise Faults(faults)
