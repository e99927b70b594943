"""What every event of a log means: rules are applied to each different value once, however many rows it has."""

from typing import NamedTuple

import pyarrow as pa

from sojourn.calibration.inspection import Inspection
from sojourn.calibration.intake import Intake
from sojourn.calibration.mapping_form import history_order
from sojourn.calibration.rules import Meant
from sojourn.calibration.sqltext import rows_of
from sojourn.scenarios.faults import Fault, clipped, nearest, quoted, shown

NEARLY = 0.9  # share of the rows from which nearly all mean nothing
SHOWN = 12  # events without a meaning that are told
LOST, IGNORED = -1, -2  # in place of a stage: has none before its history has come; means none and need not


class Meaning(NamedTuple):
    """What a value means, with the conditions that hold: a stage (or LOST), and the rules by history that may take its place."""

    stage: int
    later: int  # a bit each, in the order of `history_order`


def find_meanings(taken: Intake, check: Inspection) -> None:
    """Make the table `meaning` (event, flags, stage, later, told) of the events that mean a stage, now or by history.

    Faults go to `check`: events that mean nothing, or two things at once, or are compared with a number and hold none.
    """
    mapping = taken.mapping
    rules = list(mapping.rules())
    later = history_order(mapping)
    place = {name: k for k, name in enumerate(mapping.names)}
    flag = {where.text: k for k, where in enumerate(taken.conditions)}
    found = rows_of(
        taken.connection,
        "SELECT event, flags, count(*) AS n, min(rowid) + 1 FROM rows WHERE trim(event) <> '' GROUP BY event, flags "
        "ORDER BY n DESC, event",
    )
    rows: list[tuple[str, int, int, int, bool]] = []
    strange: dict[str, tuple[int, int]] = {}
    for event, flags, number, row in found:

        def holds(rule: Meant, event: str = event, flags: int = flags) -> bool:
            return rule.covers(event) and (rule.where is None or bool(flags >> flag[rule.where.text] & 1))

        bad = _numbers(taken, check, rules, event, flags, number, row)
        own = [rule for rule in rules if rule.after is None and holds(rule)]
        bits = sum(1 << k for k, rule in enumerate(later) if holds(rule))
        best = max((rule.rank(event) for rule in own), default=-1)
        stages = {rule.stage: None for rule in own if rule.rank(event) == best}
        passed = max((rule.rank(event) for rule in mapping.ignored if holds(rule)), default=-1)
        if len(stages) > 1:
            _twice(taken, check, event, number, row, list(stages))
        elif stages and best >= passed:
            rows.append((event, flags, place[next(iter(stages))], bits, event in mapping.told))
        elif bits:
            rows.append((event, flags, IGNORED if passed >= 0 else LOST, bits, event in mapping.told))
        elif passed < 0 and not bad:
            before = strange.get(event, (0, row))
            strange[event] = before[0] + number, min(before[1], row)
    _strange(taken, check, strange, rules)
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], [], [], []]
    kinds = (pa.string(), pa.int64(), pa.int16(), pa.int64(), pa.bool_())
    arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
    taken.connection.register("meant", pa.table(arrays, names=["event", "flags", "stage", "later", "told"]))
    taken.connection.execute("CREATE TEMP TABLE meaning AS SELECT * FROM meant")


def _numbers(
    taken: Intake, check: Inspection, rules: list[Meant], event: str, flags: int, number: int, row: int
) -> bool:
    """A fault, and true, where a condition compares a cell with a number and the cell holds none."""
    found = False
    for k, column in enumerate(taken.numbers, len(taken.conditions)):
        asked = any(r.where is not None and column in r.where.numbers and r.covers(event) for r in rules)
        if asked and flags >> k & 1:
            rows = "1 row" if number == 1 else f"{number:,} rows"
            said = (
                f"{rows} with the event {shown(event)} whose {clipped(column)} is no number, first in data row {row:,}"
            )
            remedy = "write numbers as 1234.5, or leave the cell empty"
            check.faults.append(Fault(taken.name, f"column {clipped(column)}", "", said, remedy))
            found = True
    return found


def _twice(taken: Intake, check: Inspection, event: str, number: int, row: int, stages: list[str]) -> None:
    rows = "1 row" if number == 1 else f"{number:,} rows"
    said = f"the event {shown(event)} means {' and '.join(map(quoted, stages))} ({rows}, first in data row {row:,})"
    remedy = f"make one of their rules in {taken.mapping_file} narrower, by a condition or by its value"
    check.faults.append(Fault(taken.name, check.place("event"), shown(event), said, remedy))


def _swapped(taken: Intake, values: list[str]) -> bool:
    """Whether most rows have an event of the mapping where their customer should stand."""
    if not values:
        return False
    among = ", ".join("?" for _ in values)
    number = rows_of(taken.connection, f"SELECT count(*) FROM rows WHERE customer IN ({among})", [*values])[0][0]
    return 2 * int(number) > taken.rows


def _strange(taken: Intake, check: Inspection, strange: dict[str, tuple[int, int]], rules: list[Meant]) -> None:
    values = list(dict.fromkeys(value for rule in rules for value in rule.values))
    place = check.place("event")
    lost = sum(number for number, _ in strange.values())
    if len(strange) > SHOWN and lost > NEARLY * taken.rows and _swapped(taken, values):
        said = f"{len(strange):,} values in {lost:,} of {taken.rows:,} rows mean no stage, and "
        said += f"{check.place('customer')} holds the events: the two look swapped"
        remedy = f"swap customer and event in {taken.mapping_file}, or the names of the columns in the log"
        check.faults.append(Fault(taken.name, place, "", said, remedy))
        return
    for event, (number, row) in list(strange.items())[:SHOWN]:
        rows = "1 row" if number == 1 else f"{number:,} rows"
        partly = any(rule.where is not None and rule.covers(event) for rule in rules)
        remedy = nearest(event, values).removeprefix("; ") if values and not partly else ""
        if event not in values and event.strip() in values:
            remedy = f"take the blanks around {quoted(event.strip())} out"
        remedy = f"{remedy} or " if remedy.startswith(("did you mean", "take")) else ""
        message = f"the event {shown(event)} means no stage{' where no condition holds' if partly else ''}"
        check.faults.append(
            Fault(
                taken.name,
                place,
                shown(event),
                f"{message} ({rows}, first in data row {row:,})",
                f"{remedy}add it to a stage of {taken.mapping_file} or to its ignore list",
            )
        )
    if len(strange) > SHOWN:
        rest = list(strange.values())[SHOWN:]
        more = sum(number for number, _ in rest)
        said = f"more than {SHOWN} events mean no stage: {len(rest):,} others with {more:,} rows"
        check.faults.append(Fault(taken.name, place, "", said, "add them to stages or to ignore, by a pattern too"))
