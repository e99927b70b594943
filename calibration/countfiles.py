"""Reads counts by arm from a file.

As CSV, one row an arm and a stage, in journey order (`dose` may be left out):

    arm,dose,stage,customers
    control,0,click,17293
    control,0,enrol,3785

As TOML:

    stages = ["click", "enrol", "pay"]
    control = "control"                                      # optional
    dates = "the first 23 days"                              # optional: when it ran, for the source
    [arms]
    control = [17293, 3785, 2033]
    screener = { dose = 1, customers = [17260, 3423, 1945] }
"""

import csv
import io
import math
import re
from pathlib import Path

from sojourn.calibration.armcounts import ArmCounts, arm_counts
from sojourn.scenarios.faults import Fault, Faults, fault, nearest, quoted, shown
from sojourn.scenarios.plurals import plural
from sojourn.scenarios.syntax import tables

LARGEST = 1_000_000  # bytes of a file of counts
COLUMNS = ("arm", "stage", "customers", "dose")
COLUMNS_ARE = "the columns are arm, stage, customers, and dose if you like; an event log needs --stages MAP.toml"


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


class _Table:
    """Counts as they are gathered from the lines of a CSV file, and what is wrong with them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.cells: dict[tuple[str, str], int] = {}
        self.doses: dict[str, float] = {}
        self.faults: list[Fault] = []

    def blame(self, place: str, message: str, remedy: str, value: str = "") -> None:
        """Keep a fault."""
        self.faults.append(Fault(self.name, place, value and shown(value), message, remedy))

    def take(self, place: str, row: dict[str, str]) -> None:
        """Take one line."""
        arm, stage, customers, dose = row["arm"], row["stage"], row["customers"], row.get("dose", "")
        if not re.fullmatch(r"\d{1,13}", customers):
            self.blame(place, f"{shown(customers)} is no count", "give a whole number", customers)
            return
        if (arm, stage) in self.cells:
            self.blame(place, f"arm {quoted(arm)} has the stage {quoted(stage)} twice", "keep one")
        self.cells[arm, stage] = int(customers)
        if dose and not _numeric(dose):
            self.blame(place, f"{shown(dose)} is no dose", "give a number, or leave it out", dose)
        elif dose and self.doses.setdefault(arm, float(dose)) != float(dose):
            self.blame(place, f"arm {quoted(arm)} has two doses", "keep one", dose)

    def parts(self) -> Parts:
        """The counts by arm, if nothing is wrong; else Faults."""
        arms, stages = (list(dict.fromkeys(cell[k] for cell in self.cells)) for k in (0, 1))
        for arm in arms:
            for stage in stages:
                if (arm, stage) not in self.cells:
                    message = f"has no row for the stage {quoted(stage)}"
                    self.blame(f"arm {quoted(arm)}", message, "give every arm every stage")
        if self.faults:
            raise Faults(self.faults)
        customers = {arm: [self.cells[arm, stage] for stage in stages] for arm in arms}
        return customers, stages, self.doses or None, None, ""


def _csv(text: str, name: str) -> Parts:
    lines = csv.reader(io.StringIO(text), delimiter=";" if ";" in text.partition("\n")[0] else ",")
    table = _Table(name)
    try:
        header = [cell.strip() for cell in next(lines, [])]
        for column in COLUMNS[:3]:
            if column not in header:
                table.blame("line 1", f"there is no column {quoted(column)}", COLUMNS_ARE, column)
        for column in header:
            if column not in COLUMNS:
                table.blame("line 1", f"unknown column {quoted(column)}", nearest(column, COLUMNS), column)
        if table.faults:
            raise Faults(table.faults)
        for line in lines:
            place = f"line {lines.line_num}"
            if len(line) == len(header):
                table.take(place, {key: cell.strip() for key, cell in zip(header, line, strict=True)})
            elif any(cell.strip() for cell in line):
                table.blame(
                    place, f"has {plural(len(line), 'cell')}, the header {len(header)}", "give one cell a column"
                )
    except csv.Error as problem:
        raise fault(
            name, f"line {lines.line_num}", f"cannot be read as CSV: {problem}", "quote cells as needed"
        ) from None
    return table.parts()


def _toml(text: str, name: str) -> Parts:
    document = tables(text, name, "a file of counts", "there is no such day; write dates as 2017-12-31")
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


def _numeric(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
