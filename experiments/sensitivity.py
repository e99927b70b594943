"""Which numbers a difference between two strategies hangs on: tornado with break-evens, Morris screening, Sobol indices.

All of it is simulated on the same customers and draws, so that a number's effect is not drowned in luck; each figure says what
luck is left in it.
"""

from collections.abc import Mapping, Sequence

from sojourn.experiments.decomposition import Luck
from sojourn.experiments.numbers import absorbing, checked, chosen, in_doubt
from sojourn.experiments.pieces import Help
from sojourn.experiments.probe import CENTRE, Probe, noticed
from sojourn.experiments.sensitivity_found import Effect, Method, Sensitivity, Share, Swing
from sojourn.experiments.sensitivity_methods import screening, shares_of_variance, swings
from sojourn.experiments.twins import pair_of
from sojourn.scenarios.arguments import checked_arguments
from sojourn.scenarios.companion import Companion
from sojourn.scenarios.faults import Fault, Faults, nearest
from sojourn.scenarios.model import Scenario
from sojourn.sim.keeping import Keeper
from sojourn.sim.measures import names
from sojourn.sim.network import build
from sojourn.sim.run import Progress
from sojourn.sim.unmeasured import no_measure

METHODS: tuple[Method, ...] = ("tornado", "morris", "sobol")
REPLICATIONS: Mapping[str, int] = {"tornado": 20, "morris": 4, "sobol": 4}
POINTS: Mapping[str, int] = {"morris": 10, "sobol": 64}


@checked_arguments
def sensitivity(
    scenario: Scenario,
    strategies: Sequence[str] | None = None,
    *,
    measure: str = "profit",
    method: Method = "tornado",
    numbers: Sequence[str] = (),
    companion: Companion | None = None,
    points: int | None = None,
    customers: int | None = None,
    replications: int | None = None,
    seed: int = 1,
    workers: int | None = None,
    progress: Progress | None = None,
    kept: Keeper | None = None,
) -> Sensitivity:
    """Find out which numbers the difference between two strategies hangs on.

    Args:
        scenario: the scenario.
        strategies: two, the baseline first; by default the first two of the scenario.
        measure: what is compared.
        method: `tornado` (each number from end to end, with break-even), `morris` (screening) or `sobol` (shares of variance).
        numbers: paths that name numbers, as `stages.*.race.churned`; by default all that are in doubt: those with a declared
            interval, and calibrated ones.
        companion: draws of calibrated numbers (see `scenarios.companion`).
        points: trajectories of `morris` (10), or points of `sobol` (64, a power of 2).
        customers, replications, seed: as in `sim.run.run`; by default 20 replications for `tornado`, else 4.
        workers: threads; all processors by default. Results do not depend on it.
        progress: called with (done, in all): runs, and then numbers whose break-even is found.
        kept: a journal, in which runs are looked up and kept (see `experiments.journal`).

    Raises:
        Faults: names that the scenario lacks, numbers that cannot be moved, options out of range.
    """
    baseline, strategy = pair_of(scenario, strategies)
    _check(scenario, baseline, measure, method, points, replications)
    every = chosen(scenario, numbers, companion) if numbers else in_doubt(scenario, companion)
    seen = tuple(one for one in every if noticed(scenario, one.place, (baseline, strategy)))
    if not seen:
        remedy = 'name some: --numbers "stages.*.race.*.mean", or give effects { central = ..., low = ..., high = ... }'
        what = "no number has an interval that either strategy could notice"
        raise Faults([Fault(scenario.about.name, "levers", "", what, remedy)])
    filling = absorbing(scenario, seen) if method != "tornado" else ()  # a tornado moves one at a time
    seen = tuple(one for one in seen if one not in filling)
    checked(scenario, seen)
    luck = Luck(customers, replications if replications is not None else REPLICATIONS[method], seed)
    probe = Probe(scenario, baseline, strategy, measure, luck, Help(workers, progress, kept))
    swung: tuple[Swing, ...] = ()
    effects: tuple[Effect, ...] = ()
    shares: tuple[Share, ...] = ()
    spread = noise = None
    if method == "tornado":
        swung = swings(probe, seen)
    elif method == "morris":
        effects, noise = screening(probe, seen, points or POINTS[method])
    else:
        shares, spread, noise = shares_of_variance(probe, seen, points or POINTS[method])
    difference = probe.difference(CENTRE).interval()
    missing = len(every) - len(seen) - len(filling)
    names_of_filling = tuple(one.label for one in filling)
    return Sensitivity(
        scenario, baseline, strategy, measure, method, luck, difference, seen, missing, swung, effects, shares, spread, noise,
        names_of_filling,
    )  # fmt: skip


def _check(
    scenario: Scenario, baseline: str, measure: str, method: str, points: int | None, replications: int | None
) -> None:
    faults = []
    known = names(build(scenario, baseline))
    if measure not in known:
        faults.append(no_measure(scenario, "measure", measure, known))
    if method not in METHODS:
        faults.append(Fault("--method", "", method, f'no method named "{method}"', nearest(method, METHODS)))
    if replications is not None and replications < 1:
        faults.append(Fault("--replications", "", str(replications), "no replication, no result", "give 1 or more"))
    if points is not None and (points < 2 or (method == "sobol" and points & (points - 1))):
        remedy = "give a power of 2: 32, 64, 128" if method == "sobol" else "give 2 or more"
        faults.append(Fault("--points", "", str(points), f"{points} does not suit {method}", remedy))
    if faults:
        raise Faults(faults)
