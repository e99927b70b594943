"""Counts by arm along a chain of stages: what a published experiment, or a dashboard, usually gives."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sojourn.calibration.stays import Integers
from sojourn.scenarios.base import NAME_PATTERN
from sojourn.scenarios.faults import Fault, Faults, fault, nearest, quoted, shown

MOST = 10**12  # customers
LARGEST_DOSE = 1e12
CONTROLS = ("control", "none", "placebo", "baseline", "no treatment")


@dataclass(frozen=True)
class ArmCounts:
    """Customers by arm and stage. Of counts, the first stage holds everybody who was assigned to the arm.

    Attributes:
        source: where the counts come from, for messages and provenance.
        stages: the chain, in journey order.
        arms: names; `control` is the place of the control arm.
        doses: dose of each arm, 0 for control; None where arms have no dose.
        customers: shape (arms, stages), each no larger than the one before.
        dates: when it ran, in words; empty where nobody says.
        start: the stage in which customers begin; the first of the chain where it is empty.
        assigned: customers of each arm, where the chain does not begin with all of them; shape (arms,).
    """

    source: str
    stages: tuple[str, ...]
    arms: tuple[str, ...]
    control: int
    doses: tuple[float, ...] | None
    customers: Integers
    dates: str = ""
    start: str = ""
    assigned: Integers | None = None

    @property
    def sizes(self) -> Integers:
        """Customers who were assigned to each arm, shape (arms,)."""
        return self.customers[:, 0] if self.assigned is None else self.assigned

    @property
    def treated(self) -> tuple[int, ...]:
        """Places of the arms that are not control."""
        return tuple(k for k in range(len(self.arms)) if k != self.control)


def arm_counts(
    customers: Mapping[str, Sequence[int]],
    stages: Sequence[str],
    *,
    control: str | None = None,
    doses: Mapping[str, float] | None = None,
    source: str = "counts",
    dates: str = "",
) -> ArmCounts:
    """Counts given in Python: customers by arm, along `stages`. Raises Faults with everything that is wrong."""
    faults = list(_wrong_chain(customers, stages, source))
    if faults:
        raise Faults(faults)
    arms = tuple(customers)
    place, dosed = settle(arms, doses, control, source)
    table = np.array([list(map(int, customers[arm])) for arm in arms], dtype=np.int64)
    return ArmCounts(source, tuple(stages), arms, place, dosed, table, dates)


def settle(
    arms: Sequence[str], doses: Mapping[str, float] | None, control: str | None, source: str
) -> tuple[int, tuple[float, ...] | None]:
    """Which arm is control, and the doses in order of the arms.

    Control is the arm named, else the one of dose 0, else one called control (or none, placebo, baseline). It needs no dose:
    effects are counted from there. Raises Faults where no arm or several can be control, or doses do not fit.
    """
    if len(arms) < 2:
        raise fault(source, "arms", "has one arm" if arms else "has no arm", "give a control and a treated arm")
    if control is not None and control not in arms:
        raise fault(source, "control", f"no arm named {quoted(control)}", nearest(control, arms), control)
    given = doses or {}
    candidates = [control] if control is not None else [arm for arm in arms if given.get(arm) == 0.0]
    candidates = candidates or [arm for arm in arms if arm.strip().lower() in CONTROLS]
    if len(candidates) != 1:
        said = "no arm is control" if not candidates else f"{len(candidates)} arms could be control"
        listed = ", ".join(quoted(arm) for arm in arms[:12])
        raise fault(source, "control", said, f"say which (--control NAME); the arms are {listed}")
    chosen = candidates[0]
    place = list(arms).index(chosen)
    if not given:
        return place, None
    faults = list(_wrong_doses(arms, {chosen: 0.0, **given}, chosen, source))
    if faults:
        raise Faults(faults)
    return place, tuple(float(given.get(arm, 0.0)) for arm in arms)


def _wrong_doses(arms: Sequence[str], doses: Mapping[str, float], control: str, source: str) -> Iterable[Fault]:
    """What is wrong with doses: every arm one of its own, above 0 but for control."""
    owners: dict[float, str] = {}
    for arm in arms:
        place = f"arm {quoted(arm)}"
        if arm not in doses:
            yield Fault(source, place, "", "has no dose", "give every arm a dose, or none")
            continue
        dose = doses[arm]
        if not (math.isfinite(dose) and 0.0 <= dose <= LARGEST_DOSE):
            yield Fault(source, place, shown(dose), f"{shown(dose)} is no dose", "a dose is 0 or more")
        elif arm == control and dose != 0.0:
            yield Fault(source, place, shown(dose), f"is control and has the dose {dose:g}", "give control the dose 0")
        elif owners.setdefault(dose, arm) != arm:
            remedy = "put their customers into one arm"
            yield Fault(source, place, shown(dose), f"has the dose {dose:g}, as {quoted(owners[dose])} has", remedy)
    for arm in doses:
        if arm not in arms:
            yield Fault(source, "doses", quoted(arm), f"no arm named {quoted(arm)}", nearest(arm, arms))


def _wrong_chain(customers: Mapping[str, Sequence[Any]], stages: Sequence[str], source: str) -> Iterable[Fault]:
    if len(stages) < 2:
        yield Fault(
            source, "stages", "", "has fewer than two stages", "give where customers start and where they go on to"
        )
    for k, stage in enumerate(stages):
        if not re.fullmatch(NAME_PATTERN, stage):
            yield Fault(
                source,
                "stages",
                quoted(stage),
                f"{quoted(stage)} is no name for a stage",
                "use letters, digits, _ and -",
            )
        elif stage in stages[:k]:
            yield Fault(source, "stages", quoted(stage), f"the stage {quoted(stage)} stands twice", "name each once")
    for arm, numbers in customers.items():
        place = f"arm {quoted(arm)}"
        if not arm.strip():
            yield Fault(source, "arms", quoted(arm), "an arm has no name", "name it")
        if len(numbers) != len(stages):
            yield Fault(
                source, place, "", f"has {len(numbers)} counts for {len(stages)} stages", "give one count a stage"
            )
            continue
        if any(isinstance(n, bool) or not isinstance(n, int | np.integer) or not 0 <= n <= MOST for n in numbers):
            yield Fault(source, place, "", "has a count that is no whole number from 0 on", "count customers")
            continue
        for k in range(1, len(numbers)):
            if numbers[k] > numbers[k - 1]:
                said = (
                    f"has more customers in {stages[k]} ({numbers[k]:,}) than in {stages[k - 1]} ({numbers[k - 1]:,})"
                )
                yield Fault(source, place, "", said, "count customers, not events, and put stages in journey order")
        if numbers[0] == 0:
            yield Fault(source, place, "", "has no customers", "leave the arm out")
