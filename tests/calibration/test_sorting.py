"""Stays that DuckDB sorts out, against the same rules written down plainly in Python, on random small logs."""

from fnmatch import fnmatchcase
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import pytest

from sojourn.calibration import logs
from sojourn.calibration.mapping import Mapping, read_mapping
from sojourn.scenarios.faults import Faults

COLUMNS = 'customer = "who"\ntime = "when"\nevent = "what"\nobserved_until = 100\n'
STAGES = """
[stages]
a = ["a1", "a2"]
b = [{ pattern = "b*" }]
c = { event = "c", where = "amount >= 50 and channel == web" }
d = { event = "c", where = "not (amount >= 50 and channel == web)" }
again = { event = "a1", after = "b" }
[ends]
e = "e"
"""
MAPPINGS = {
    "plain": "",
    "new stays": 'repeats = "new stay"\n',
    "sessions": 'repeats = "new stay"\nsessions = { gap_minutes = 7200 }\n',
    "silence": "new_journey_after_days = 20\n",
    "re-entry": 'new_journey_on = "a"\n',
    "a column": 'journey = "trip"\n',
    "ignored": 'ignore = ["x", { pattern = "y?" }]\n',
}


class Row(NamedTuple):
    customer: str
    time: float
    event: str
    amount: float
    channel: str
    trip: str


def random_log(seed: int) -> list[Row]:
    """Rows in no order, many at equal times."""
    rng = np.random.default_rng(seed)
    events = np.array(["a1", "a2", "b1", "b2", "c", "e", "x", "yy"])
    weights = np.array([0.2, 0.15, 0.15, 0.1, 0.25, 0.03, 0.07, 0.05])
    rows = []
    for _ in range(int(rng.integers(20, 60))):
        rows.append(
            Row(
                f"k{rng.integers(0, 6)}",
                float(rng.integers(0, 60)) + float(rng.choice([0.0, 0.25])),
                str(rng.choice(events, p=weights)),
                float(rng.integers(0, 100)),
                str(rng.choice(["web", "shop"])),
                f"t{rng.integers(0, 2)}",
            )
        )
    return rows


def meaning(row: Row, been: set[str]) -> str | None:
    if row.event == "a1" and "b" in been:
        return "again"
    if row.event in ("a1", "a2"):
        return "a"
    if fnmatchcase(row.event, "b*"):
        return "b"
    if row.event == "c":
        return "c" if row.amount >= 50 and row.channel == "web" else "d"
    return "e" if row.event == "e" else None


def plainly(rows: list[Row], mapping: Mapping) -> list[tuple[str, str, float, float, str | None]]:
    """Customer or journey, stage, entry, until and next stage, by the rules of the docs, one row after the other."""
    key = (lambda row: (row.customer, row.trip)) if mapping.journey else (lambda row: (row.customer, ""))
    kept = [row for row in rows if meaning(row, set()) is not None]
    result: list[tuple[str, str, float, float, str | None]] = []
    for (customer, trip), group in groupby(sorted(kept, key=lambda row: (*key(row), row.time)), key=key):
        journeys: list[list[Row]] = []
        for row in group:
            before = journeys[-1][-1] if journeys else None
            new = before is None
            if before is not None and mapping.new_journey_after_days is not None:
                new = row.time - before.time > mapping.new_journey_after_days
            if before is not None and mapping.new_journey_on is not None:
                new = new or (meaning(row, set()) == "a" and meaning(before, set()) != "a")
            if new:
                journeys.append([])
            journeys[-1].append(row)
        for number, journey in enumerate(journeys, 1):
            split = mapping.new_journey_after_days is not None or mapping.new_journey_on is not None
            name = f"{customer}/{trip}" if mapping.journey else f"{customer}/{number}" if split else customer
            until = journeys[number][0].time if number < len(journeys) else 100.0
            result += one_journey(name, journey, until, mapping)
    return result


def one_journey(
    name: str, rows: list[Row], until: float, mapping: Mapping
) -> list[tuple[str, str, float, float, str | None]]:
    been: set[str] = set()
    entered: list[tuple[str, float]] = []
    before: tuple[str, float] | None = None
    for row in rows:
        stage = meaning(row, been)
        assert stage is not None
        been.add(stage)
        if stage == "e" and before is None:
            return []
        repeat = before is not None and before[0] == stage
        same = repeat and mapping.repeats == "same stay"
        if repeat and mapping.sessions is not None and before is not None:
            same = row.time - before[1] <= mapping.sessions.gap_minutes / 1440.0
        if not same:
            entered.append((stage, row.time))
        before = (stage, row.time)
        if stage == "e":
            break
    found: list[tuple[str, str, float, float, str | None]] = []
    for k, (stage, entry) in enumerate(entered):
        last = k + 1 == len(entered)
        found.append((name, stage, entry, until if last else entered[k + 1][1], None if last else entered[k + 1][0]))
    return found


def text(rows: list[Row]) -> str:
    lines = [f"{r.customer},{r.time!r},{r.event},{r.amount!r},{r.channel},{r.trip}" for r in rows]
    return "\n".join(["who,when,what,amount,channel,trip", *lines]) + "\n"


@pytest.mark.parametrize("kind", MAPPINGS)
def test_stays_are_those_of_the_plain_rules(kind: str, written: Any) -> None:
    more = MAPPINGS[kind]
    if "ignore" not in more:
        more += 'ignore = ["x", "yy"]\n'
    compared, refused = 0, []
    for seed in range(6):
        rows = random_log(seed)
        paths = written(text(rows), COLUMNS + more + STAGES)
        try:
            log = logs.read(*paths)
        except Faults as faults:  # too many go on after an end, which the rules do not allow
            refused.append(str(faults))
            continue
        s = log.stays
        first = min(r.time for r in rows if meaning(r, set()) is not None)
        got = [
            (
                log.customers[s.customer[k]],
                log.stages[s.stage[k]],
                float(s.entry[k]) + first,
                float(s.until[k]) + first,
                None if s.following[k] < 0 else log.stages[s.following[k]],
            )
            for k in range(s.stage.size)
        ]
        assert got == plainly(rows, read_mapping(COLUMNS + more + STAGES))
        compared += 1
    assert compared >= 3
    assert all("go on after an end" in one for one in refused)


def test_journeys_of_a_customer_are_of_one_person(written: Any) -> None:
    rows = ["1,0,a", "1,2,b", "1,50,a", "1,55,b", "2,1,a"]
    mapping = 'customer = "who"\ntime = "when"\nevent = "what"\nobserved_until = 60\nnew_journey_after_days = 20\n'
    log = logs.read(*written("who,when,what\n" + "\n".join(rows) + "\n", mapping + '[stages]\na = "a"\nb = "b"\n'))
    assert log.customers.tolist() == ["1/1", "1/2", "2/1"]
    assert log.person.tolist() == ["1", "1", "2"]
    assert log.people.tolist() == [0, 0, 1]
    assert log.until.tolist() == [50.0, 60.0, 60.0]
    assert log.counts["people"] == 2
    assert log.counts["customers"] == 3
