"""One scenario, some strategies, many replications: journeys and what they measure."""

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple

from sojourn.scenarios.arguments import checked_arguments
from sojourn.scenarios.brief import brief, listed
from sojourn.scenarios.faults import Fault, Faults
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.plurals import plural
from sojourn.sim.columns import Columns, figures
from sojourn.sim.curves import Curves, Trace, combine, trace
from sojourn.sim.estimates import Estimate
from sojourn.sim.estimating import Parts, estimate
from sojourn.sim.journeys import Journeys
from sojourn.sim.keeping import Keeper, plain, restored
from sojourn.sim.lives import Lives
from sojourn.sim.measures import measure_single, measured
from sojourn.sim.network import Network, build, check_strategies
from sojourn.sim.sharing import in_turn, processors
from sojourn.sim.vocabulary import headline
from sojourn.sim.wordofmouth import refuse_avalanche

ENGINES = ("compiled", "simpy")
MAX_SEED = 2**32 - 1
MAX_CUSTOMERS = 2**31
BYTES_EACH = 1000  # of memory that a customer takes at least while a replication is run and measured
Progress = Callable[[int, int], None]
Sink = Callable[[Journeys], None]


@dataclass(frozen=True)
class Outcome:
    """One strategy's results over all replications."""

    network: Network
    measures: dict[str, Estimate]
    parts: tuple[Parts, ...]  # by replication
    curves: Curves
    journeys: tuple[Journeys, ...]  # by replication; empty unless asked for

    def __repr__(self) -> str:
        about = (self.network.scenario.about.name, self.network.strategy, plural(len(self.parts), "replication"))
        return brief(self, *about, plural(len(self.measures), "measure"))


@dataclass(frozen=True)
class Result:
    """What a run gives: outcomes by strategy, and what is needed to repeat it."""

    scenario: Scenario
    seed: int
    engine: str
    replications: int
    customers: int | None
    outcomes: dict[str, Outcome]

    def __repr__(self) -> str:
        lives = plural(self.replications, "replication")
        measures = {name: outcome.measures for name, outcome in self.outcomes.items()}
        first = headline(*measures.values(), most=1)
        told = [
            f"{name} {one[first[0]].mean:,.4g}"
            for name, one in measures.items()
            if first and one[first[0]].mean is not None
        ]
        answer = f"Mean {first[0]}: {', '.join(told)}" if told else ""
        return brief(self, self.scenario.about.name, listed(self.outcomes), lives, f"seed {self.seed}", answer=answer)

    def table(self) -> Columns:
        """Every measure of every strategy with its interval, a row each: strategy, measure, mean, low, high."""
        measures = {name: outcome.measures for name, outcome in self.outcomes.items()}
        return figures(measures, ("strategy", "measure", "mean", "low", "high"))

    def document(self) -> dict[str, Any]:
        """The JSON shape of `measures.json` and `--json`."""
        strategies = {
            name: {"measures": {measure: figure._asdict() for measure, figure in outcome.measures.items()}}
            for name, outcome in self.outcomes.items()
        }
        return {"scenario": self.scenario.about.name, "strategies": strategies}


class Task(NamedTuple):
    """One replication of one strategy, to be worked off anywhere."""

    network: Network
    seed: int
    replication: int
    customers: int | None
    engine: str
    alone: bool  # the only replication
    wanted: bool  # the journeys themselves are wanted
    workers: int  # for this task
    known: dict[str, Any] | None = None  # what it left, if it was done before

    @property
    def key(self) -> str:
        """What it is kept under."""
        about = f"{self.network.scenario.digest[:24]}/{self.network.strategy}/{self.seed}/{self.customers}"
        return f"run/{about}/{self.replication}{'/alone' if self.alone else ''}"


class Done(NamedTuple):
    """What a task leaves."""

    parts: Parts
    trace: Trace
    single: dict[str, Estimate] | None
    journeys: Journeys | None


def simulate(
    network: Network,
    *,
    seed: int = 1,
    replication: int = 0,
    customers: int | None = None,
    engine: str = "compiled",
    workers: int = 1,
) -> Journeys:
    """The journeys of one replication. `customers` fixes the number of candidates; both engines give the same bits.

    `workers` processors share the customers where nothing couples them; what comes out does not depend on it.
    """
    # numba and SimPy are loaded only where something runs.
    from sojourn.sim.recording import finished_customers, finished_events

    if engine == "simpy":
        from sojourn.sim.reference import Reference

        log, contacts, people = Reference(network.cells, seed, replication, customers).run()
    else:
        from sojourn.sim import compiled

        log, contacts, people = compiled.run(
            network.cells, seed, replication, customers, coupled=network.coupled, workers=workers
        )
    return Journeys(
        network.strategy,
        replication,
        network.stages,
        network.segments,
        network.scenario.about.horizon_days,
        finished_events(network.cells, log, contacts),
        finished_customers(network.cells, people),
        seed,
    )


@checked_arguments
def run(
    scenario: Scenario,
    strategy: str | Sequence[str] | None = None,
    *,
    customers: int | None = None,
    replications: int = 20,
    seed: int = 1,
    engine: str = "compiled",
    workers: int | None = None,
    keep: bool = False,
    progress: Progress | None = None,
    sink: Sink | None = None,
    kept: Keeper | None = None,
) -> Result:
    """Simulate strategies of a scenario, all of them unless some are named.

    Args:
        scenario: from `sojourn.load`.
        strategy: a name, several, or None for all in file order.
        customers: exactly so many candidates a replication, in place of the scenario's own random number.
        replications: independent repetitions; replication r of every strategy has the same customers and draws.
        seed: 0 to 2^32 - 1. The same seed gives the same journeys, whatever the number of workers.
        engine: "compiled", or "simpy": the readable reference, some 50 times slower, with the same journeys to the last bit.
        workers: processors that share the replications, or the customers of a single one; all of this machine's by default
            (one for "simpy", whose processes are slow to start).
        keep: keep the journeys in `Outcome.journeys` (about 100 bytes a stage entry).
        progress: called with (replications done, in all).
        sink: called with the journeys of each replication, in order of strategy (by name) and replication.
        kept: where replications are looked up before they are measured, and kept once they are. Journeys are not kept: where
            they are wanted, they are simulated again.

    Raises:
        Faults: an option or a name is wrong, or word of mouth would run away (see `wordofmouth`).
    """
    if workers is None:
        workers = processors() if engine == "compiled" else 1
    _check(customers, replications, seed, engine, workers)
    names = check_strategies(
        scenario, [strategy] if isinstance(strategy, str) else strategy or list(scenario.strategies)
    )
    networks = {name: build(scenario, name) for name in names}
    refuse_avalanche(networks.values(), customers)
    refuse_crowds(networks.values(), customers)
    alone, wanted = replications == 1, keep or sink is not None
    within = max(workers // (len(names) * replications), 1)
    tasks = [
        Task(networks[name], seed, r, customers, engine, alone, wanted, within)
        for name in sorted(names)
        for r in range(replications)
    ]
    if kept is not None:
        tasks = [task._replace(known=kept.get(task.key)) for task in tasks]
    outcomes: dict[str, Outcome] = {}
    if sink is not None and len(tasks) == 1 and workers > 1:
        mapped: AbstractContextManager[Iterator[Done]] = nullcontext(iter([_beside(tasks[0], sink)]))
        sink = None
    else:
        mapped = _mapped(tasks, workers)
    with mapped as results:
        finished = 0
        for name in sorted(names):
            done: list[Done] = []
            for result in (next(results) for _ in range(replications)):
                if kept is not None and tasks[finished].known is None:
                    kept.put(tasks[finished].key, plain(result.parts, result.trace, result.single))
                if sink is not None and result.journeys is not None:
                    sink(result.journeys)
                done.append(result if keep else result._replace(journeys=None))
                finished += 1
                if progress is not None:
                    progress(finished, len(tasks))
            outcomes[name] = _outcome(networks[name], done)
    return Result(scenario, seed, engine, replications, customers, {name: outcomes[name] for name in names})


def _outcome(network: Network, done: Sequence[Done]) -> Outcome:
    parts = tuple(one.parts for one in done)
    measures = done[0].single if done[0].single is not None else estimate(parts)
    kept = tuple(one.journeys for one in done if one.journeys is not None)
    return Outcome(network, measures, parts, combine([one.trace for one in done]), kept)


def _work(task: Task) -> Done:
    if task.known is not None and not task.wanted:
        return Done(*restored(task.known), None)
    return _measured(task, _lived(task))


def _beside(task: Task, sink: Sink) -> Done:
    """One task whose journeys go to `sink` while they are measured: writing a log takes as long as measuring it."""
    lived = _lived(task)
    with ThreadPoolExecutor(1) as pool:
        taken = pool.submit(sink, lived)
        done = _measured(task, lived)
        taken.result()
    return done


def _lived(task: Task) -> Journeys:
    return simulate(
        task.network,
        seed=task.seed,
        replication=task.replication,
        customers=task.customers,
        engine=task.engine,
        workers=task.workers,
    )


def _measured(task: Task, lived: Journeys) -> Done:
    if task.known is not None:
        return Done(*restored(task.known), lived)
    network = task.network
    fixed = task.customers is not None or network.scenario.arrivals.cohort is not None
    lives = Lives(lived, network)
    parts, single = measure_single(lives, fixed=fixed) if task.alone else (measured(lives), None)
    return Done(parts, trace(lived, network, lives), single, lived if task.wanted else None)


@contextmanager
def _mapped(tasks: Sequence[Task], workers: int) -> Iterator[Iterator[Done]]:
    """Results in the order of the tasks, from this thread or from several."""
    workers = min(workers, len(tasks))
    if workers <= 1:
        yield map(_work, tasks)
        return
    pool: Executor
    if tasks[0].engine == "compiled":  # kernels and most of numpy do not hold Python's lock: threads start at once
        pool = ThreadPoolExecutor(workers)
    else:  # spawned, not forked: a fork copies threads' locks in whatever state they are
        pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    try:
        yield in_turn(pool, _work, tasks, 2 * workers)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def refuse_crowds(networks: Iterable[Network], customers: int | None) -> None:
    """Raise Faults where one replication would not fit into this machine's memory."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 8 << 30
    for network in networks:
        expected = customers if customers is not None else float(network.intake[1][-1])
        most = int(memory / BYTES_EACH)
        if expected > most:
            about = network.scenario.about.name
            path = "run: customers" if customers is not None else "arrivals"
            what = f"{expected:,.0f} customers a replication do not fit into this machine's {memory / 2**30:.0f} GiB of memory"
            raise Faults(
                (Fault(about, path, f"{expected:g}", what, f"have at most {most:,}; --customers N sets how many come"),)
            )


def _check(customers: int | None, replications: int, seed: int, engine: str, workers: int) -> None:
    faults = []
    if customers is not None and not 1 <= customers <= MAX_CUSTOMERS:
        faults.append(Fault("run", "customers", str(customers), "no such number of customers", "give 1 or more"))
    if replications < 1:
        remedy = "give 1 or more; 20 show how far chance carries the answer"
        faults.append(Fault("run", "replications", str(replications), "no replication, no result", remedy))
    if not 0 <= seed <= MAX_SEED:
        faults.append(Fault("run", "seed", str(seed), "no such seed", f"give a whole number from 0 to {MAX_SEED}"))
    if engine not in ENGINES:
        faults.append(Fault("run", "engine", engine, f'no engine named "{engine}"', f"choose {' or '.join(ENGINES)}"))
    if workers < 1:
        faults.append(Fault("run", "workers", str(workers), "no worker, no work", "give 1 or more"))
    if faults:
        raise Faults(tuple(faults))
