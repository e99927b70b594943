"""Counts by arm along a chain of stages: what a published experiment, or a dashboard, usually gives.

As CSV, one row an arm and a stage, in journey order (`dose` may be left out):

    arm,dose,stage,customers
    control,0,click,17293
    control,0,enrol,3785

As TOML:

    stages = ["click", "enrol", "pay"]
    control = "control"                                      # optional
    dates = "2014-10-11 to 2014-11-16"                       # optional, for the source
    [arms]
    control = [17293, 3785, 2033]
    screener = { dose = 1, customers = [17260, 3423, 1945] }
"""

import csv
import io
import math
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sojourn.calibration.stays import Integers
from sojourn.scenarios.base import NAME_PATTERN
from sojourn.scenarios.faults import Fault, Faults, fault, nearest, quoted, shown

LARGEST = 1_000_000  # bytes of a file of counts
MOST = 10**12  # customers
LARGEST_DOSE = 1e12
CONTROLS = ("control", "none", "placebo", "baseline", "no treatment")
COLUMNS = ("arm", "stage", "customers", "dose")
COLUMNS_ARE = "the columns are arm, stage, customers, and dose if you like; an event log needs --stages MAP.toml"


@dataclass(frozen=True)
class ArmCounts:
    """Customers by arm and stage. The first stage holds everybody who was assigned to the arm.

    Attributes:
        source: where the counts come from, for messages and provenance.
        stages: the chain, in journey order.
        arms: names; `control` is the place of the control arm.
        doses: dose of each arm, 0 for control; None where arms have no dose.
        customers: shape (arms, stages), each no larger than the one before.
        dates: when it ran, in words; empty where nobody says.
    """

    source: str
    stages: tuple[str, ...]
    arms: tuple[str, ...]
    control: int
    doses: tuple[float, ...] | None
    customers: Integers
    dates: str = ""

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


def read_counts(path: str | Path, control: str | None = None) -> ArmCounts:
    """Read counts from a CSV or a TOML file. Raises Faults with everything that is wrong, each with its place."""
    name = str(path)
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(LARGEST + 1)
        text = data.decode("utf-8-sig")
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "it is not UTF-8 text"
        raise fault(name, "", f"cannot be read: {reason}", "give counts as CSV or TOML; a log needs --stages") from None
    if len(data) > LARGEST or "\0" in text:
        raise fault(name, "", "is no file of counts", "an event log needs --stages MAP.toml")
    toml = name.endswith(".toml")
    customers, stages, doses, said, dates = _toml(text, name) if toml else _csv(text, name)
    return arm_counts(customers, stages, control=control or said, doses=doses, source=name, dates=dates)


Parts = tuple[dict[str, list[int]], list[str], dict[str, float] | None, str | None, str]


def _csv(text: str, name: str) -> Parts:
    lines = list(csv.reader(io.StringIO(text), delimiter=";" if ";" in text.partition("\n")[0] else ","))
    header = [cell.strip() for cell in lines[0]] if lines else []
    faults = [
        Fault(name, "line 1", quoted(column), f"there is no column {quoted(column)}", COLUMNS_ARE)
        for column in COLUMNS[:3]
        if column not in header
    ]  # fmt: skip
    faults += [
        Fault(name, "line 1", quoted(column), f"unknown column {quoted(column)}", nearest(column, COLUMNS))
        for column in header
        if column not in COLUMNS
    ]
    if faults:
        raise Faults(faults)
    cells: dict[tuple[str, str], int] = {}
    doses: dict[str, float] = {}
    stages: list[str] = []
    arms: list[str] = []
    for number, line in enumerate(lines[1:], 2):
        if not any(cell.strip() for cell in line):
            continue
        place = f"line {number}"
        if len(line) != len(header):
            faults.append(
                Fault(name, place, "", f"has {len(line)} cells, the header {len(header)}", "give one cell a column")
            )
            continue
        row = {key: cell.strip() for key, cell in zip(header, line, strict=True)}
        arm, stage = row["arm"], row["stage"]
        if not re.fullmatch(r"\d{1,13}", row["customers"]):
            faults.append(
                Fault(
                    name,
                    place,
                    shown(row["customers"]),
                    f"{shown(row['customers'])} is no count",
                    "give a whole number",
                )
            )
            continue
        if (arm, stage) in cells:
            faults.append(Fault(name, place, "", f"arm {quoted(arm)} has the stage {quoted(stage)} twice", "keep one"))
        cells[arm, stage] = int(row["customers"])
        stages += [stage] if stage not in stages else []
        arms += [arm] if arm not in arms else []
        if row.get("dose"):
            dose = float(row["dose"]) if _numeric(row["dose"]) else math.nan
            if math.isnan(dose):
                faults.append(
                    Fault(
                        name,
                        place,
                        shown(row["dose"]),
                        f"{shown(row['dose'])} is no dose",
                        "give a number, or leave it out",
                    )
                )
            elif doses.setdefault(arm, dose) != dose:
                faults.append(Fault(name, place, shown(row["dose"]), f"arm {quoted(arm)} has two doses", "keep one"))
    for arm in arms:
        faults += [
            Fault(
                name,
                f"arm {quoted(arm)}",
                "",
                f"has no row for the stage {quoted(stage)}",
                "give every arm every stage",
            )
            for stage in stages
            if (arm, stage) not in cells
        ]
    if faults:
        raise Faults(faults)
    return {arm: [cells[arm, stage] for stage in stages] for arm in arms}, stages, doses or None, None, ""


def _toml(text: str, name: str) -> Parts:
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as problem:
        raise fault(name, "", f"is not valid TOML: {str(problem)[:200]}", "mend the line named here") from None
    faults = [
        Fault(name, key, "", "unknown key", nearest(key, ("stages", "control", "dates", "arms")))
        for key in document
        if key not in ("stages", "control", "dates", "arms")
    ]
    stages, arms = document.get("stages"), document.get("arms")
    if not (isinstance(stages, list) and all(isinstance(one, str) for one in stages)):
        faults.append(Fault(name, "stages", "", "is no list of stages", 'write stages = ["click", "enrol", "pay"]'))
    if not isinstance(arms, dict):
        faults.append(Fault(name, "arms", "", "is no table of arms", "write [arms] and below control = [17293, 3785]"))
        arms = {}
    for key in ("control", "dates"):
        if not isinstance(document.get(key, ""), str):
            faults.append(
                Fault(name, key, shown(document[key]), f"{shown(document[key])} is no text", "put it in quotes")
            )
    customers: dict[str, list[int]] = {}
    doses: dict[str, float] = {}
    for arm, value in arms.items():
        table = value if isinstance(value, dict) else {"customers": value}
        place = f"arms.{arm}"
        faults += [
            Fault(name, f"{place}.{key}", "", "unknown key", nearest(key, ("dose", "customers")))
            for key in table
            if key not in ("dose", "customers")
        ]
        dose = table.get("dose")
        if dose is not None and (isinstance(dose, bool) or not isinstance(dose, int | float)):
            faults.append(Fault(name, f"{place}.dose", shown(dose), f"{shown(dose)} is no dose", "give a number"))
        elif dose is not None:
            doses[arm] = float(dose)
        numbers = table.get("customers")
        if not isinstance(numbers, list):
            faults.append(Fault(name, place, "", "has no list of counts", "write one count a stage: [17293, 3785]"))
        else:
            customers[arm] = numbers
    if faults:
        raise Faults(faults)
    return customers, list(stages or ()), doses or None, document.get("control"), document.get("dates", "")


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


def _numeric(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
