"""An experiment read from a log: its arms, who was in them, and how far they went."""

import numpy as np

from sojourn.calibration.armcounts import ArmCounts, settle
from sojourn.calibration.logits import above
from sojourn.calibration.logs import Log
from sojourn.calibration.stays import NOTHING, Floats, Integers
from sojourn.scenarios.faults import Fault, Faults, fault, nearest, quoted

MISMATCH = 0.001  # false-alarm rate of the test that arms are as large as planned
SAME = 1e-6  # days: watching that differs by less does not differ
WATCHED = 0.01  # of the test that arms were watched for equally long


def arms_of(log: Log, control: str | None) -> tuple[tuple[int, ...], tuple[float, ...] | None]:
    """Places of the arms in `log.arms`, control first and the others by dose, and their doses in that order."""
    if not log.arms:
        remedy = 'name its column in the mapping, as in arm = "group"'
        raise fault(log.source, "", "has no arms, as far as the mapping says", remedy)
    place, doses = settle(log.arms, log.doses or None, control, log.source)
    others = [k for k in range(len(log.arms)) if k != place]
    if doses is None:
        return (place, *others), None
    others.sort(key=lambda k: doses[k])
    return (place, *others), (0.0, *(doses[k] for k in others))


def journey_of(log: Log, names: tuple[str, ...] | None) -> tuple[int, ...]:
    """The chain along which a total effect is taken apart, as places in `log.stages`.

    It is the one named, else the most travelled way: from the usual first stage to the usual next one, each stage once,
    ends left out.
    """
    if names is not None:
        faults = [
            Fault("--journey", "", name, f"no stage named {quoted(name)}", nearest(name, log.stages))
            for name in names
            if name not in log.stages
        ]
        if not faults and (len(names) < 2 or len(set(names)) < len(names)):
            faults.append(Fault("--journey", "", "", "is no chain of stages", "name two stages or more, each once"))
        if faults:
            raise Faults(faults)
        return tuple(log.stages.index(name) for name in names)
    number = len(log.stages)
    steps = np.zeros((number, number), dtype=np.int64)
    seen = log.stays.following != NOTHING
    np.add.at(steps, (log.stays.stage[seen], log.stays.following[seen]), 1)
    steps[:, log.ends] = 0
    chain = [start_of(log)]
    while True:
        onward = steps[chain[-1]].copy()
        onward[chain] = 0
        if not onward.any():
            return tuple(chain)
        chain.append(int(np.argmax(onward)))


def start_of(log: Log) -> int:
    """The stage in which most customers begin."""
    return int(np.argmax(np.bincount(log.stays.stage[log.first[:-1]], minlength=len(log.stages))))


def along(
    log: Log, arms: tuple[int, ...], doses: tuple[float, ...] | None, chain: tuple[int, ...], dates: str
) -> ArmCounts:
    """Customers of each arm who were in the stages of a chain, one after the other, by the end of the watching.

    A count is of customers who entered the stage after having entered all stages before it.
    """
    reached = np.zeros((log.customers.size, len(chain)), dtype=np.bool_)
    position = np.arange(log.stays.stage.size)
    done = np.full(log.customers.size, NOTHING, dtype=np.int64)
    for k, stage in enumerate(chain):
        rows = np.flatnonzero((log.stays.stage == stage) & (position > done[log.stays.customer]))
        first = np.full(log.customers.size, position.size, dtype=np.int64)
        np.minimum.at(first, log.stays.customer[rows], rows)
        reached[:, k] = first < position.size
        done = first  # beyond all rows for those who did not come: nothing lies behind it
    table: Integers = np.array([reached[log.arm == arm].sum(axis=0) for arm in arms], dtype=np.int64)
    names = tuple(log.arms[arm] for arm in arms)
    assigned = np.array([np.sum(log.arm == arm) for arm in arms], dtype=np.int64)
    start = log.stages[start_of(log)]
    return ArmCounts(
        log.source, tuple(log.stages[k] for k in chain), names, 0, doses, table, dates, start=start, assigned=assigned
    )


def watched_alike(log: Log, arms: tuple[int, ...]) -> float:
    """p-value that customers of all arms were watched for equally long in the mean."""
    days: list[Floats] = [log.window[log.arm == arm] for arm in arms]
    if any(part.size < 2 for part in days) or np.ptp(np.concatenate(days)) < SAME:
        return 1.0
    mean = np.array([part.mean() for part in days])
    error = np.array([part.var(ddof=1) / part.size for part in days])
    error = np.maximum(error, SAME**2)
    middle = np.sum(mean / error) / np.sum(1.0 / error)
    return above(float(np.sum((mean - middle) ** 2 / error)), len(days) - 1)


def mismatch(assigned: Integers, planned: Floats) -> float:
    """p-value that arms are as large as planned (sample-ratio mismatch, chi-square); `planned` are shares."""
    expected = assigned.sum() * planned / planned.sum()
    return above(float(np.sum((assigned - expected) ** 2 / expected)), assigned.size - 1)
