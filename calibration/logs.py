"""An event log, read, checked and sorted into stays, with a count of all that was set aside."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.mapping import Mapping, load_mapping
from sojourn.calibration.rows import Rows, read_rows
from sojourn.calibration.stays import NOTHING, Floats, Integers, Sorted, Stays, sort_stays
from sojourn.calibration.tables import open_log
from sojourn.scenarios.faults import Fault, Faults, clipped, quoted

RETURNS = 0.05  # share of ended customers who may come back before an end is taken for none


@dataclass(frozen=True)
class Log:
    """The stays of all customers. Times are days from the first event of the log.

    Attributes:
        source: name of the log file, for messages and provenance.
        stages: names, in the order of the mapping, ends last.
        ends: which of the stages end a journey; shape (stages,).
        stays: the stays, in columns.
        customers: names, shape (customers,).
        start: day of each customer's first event, shape (customers,).
        until: day to which each customer was watched, shape (customers,).
        segment: index into `segments`, shape (customers,).
        segments: names for the scenario; `labels` are the values of the log behind them.
        person: who is behind each journey, shape (customers,); the customer unless the mapping names a column.
        clock: the time of day 0 (ISO, UTC); None where the log counts days.
        resolution: the finest difference between times, days.
        calendar: false where all customers are put on one start (clock = "customer").
        horizon: days that a scenario of this log lasts.
        roles: what measures count a stage as, by its name.
        arm: index into `arms`, -1 for customers without one, shape (customers,).
        arms: the arms of an experiment; none where the mapping names no such column.
        doses: doses of the arms, by name; empty where the mapping gives none.
        forms: "choice" or "race" of stages where the data are not to tell, by name.
        counts: what was read, and what was set aside and why.
        notes: what a reader should know, in sentences.
        silent: stages that customers leave unseen, and the model of that (see `silent`).
        contracts: stages under contract, and the end into which customers leave (see `contracts`).
        frailty: what the mapping asks of differences between customers, by exit ("a -> b"): "gamma", "beta" or "none".
    """

    source: str
    stages: tuple[str, ...]
    ends: NDArray[np.bool_]
    stays: Stays
    customers: NDArray[Any]
    start: Floats
    until: Floats
    segment: Integers
    segments: tuple[str, ...]
    labels: tuple[str, ...]
    person: NDArray[Any]
    clock: str | None
    resolution: float
    calendar: bool
    horizon: float
    roles: dict[str, str]
    arm: Integers
    arms: tuple[str, ...]
    doses: dict[str, float]
    counts: dict[str, int]
    notes: tuple[str, ...]
    silent: dict[str, str] = field(default_factory=dict)
    contracts: dict[str, str] = field(default_factory=dict)
    forms: dict[str, str] = field(default_factory=dict)
    frailty: dict[str, str] = field(default_factory=dict)

    @property
    def window(self) -> Floats:
        """Days for which each customer was watched, shape (customers,)."""
        return self.until - self.start

    @cached_property
    def first(self) -> Integers:
        """Row of each customer's first stay, and the number of rows at the end; shape (customers + 1,)."""
        return np.searchsorted(self.stays.customer, np.arange(self.customers.size + 1)).astype(np.int64)

    def only(self, chosen: NDArray[np.bool_]) -> "Log":
        """The same log with some of its customers; `chosen` has shape (customers,)."""
        return self.take(np.flatnonzero(chosen).astype(np.int64))

    def take(self, index: Integers) -> "Log":
        """The same log with the customers at `index`, in that order; one who is there twice counts twice."""
        lengths = np.diff(self.first)[index]
        begins = np.cumsum(lengths) - lengths
        rows = np.repeat(self.first[:-1][index] - begins, lengths) + np.arange(int(lengths.sum()))
        was = self.stays
        stays = Stays(
            np.repeat(np.arange(index.size), lengths).astype(np.int64),
            was.stage[rows],
            was.entry[rows],
            was.until[rows],
            was.following[rows],
        )
        open_stays = (stays.following == NOTHING) & ~self.ends[stays.stage]
        counts = {
            **self.counts,
            "customers": int(index.size),
            "stays": int(stays.stage.size),
            "stays still open": int(np.sum(open_stays)),
        }
        return replace(
            self,
            stays=stays,
            customers=self.customers[index],
            start=self.start[index],
            until=self.until[index],
            segment=self.segment[index],
            person=self.person[index],
            arm=self.arm[index],
            counts=counts,
        )


def read(log_path: str | Path, mapping_path: str | Path) -> Log:
    """Read an event log with its mapping file.

    Raises:
        Faults: all mistakes of the mapping, or else of the log, each with place, value and remedy.
    """
    return read_with(log_path, load_mapping(mapping_path), str(mapping_path))


def read_with(log_path: str | Path, mapping: Mapping, mapping_file: str = "<mapping>") -> Log:
    """Read an event log with a mapping at hand; `mapping_file` names it in messages. Raises Faults as `read` does."""
    name = str(log_path)
    with open_log(log_path, mapping, mapping_file) as connection:
        rows = read_rows(connection, mapping, name, mapping_file)
    found = sort_stays(rows, mapping)
    faults = _wrong(rows, found, mapping, name, mapping_file)
    if faults:
        raise Faults(faults)
    return _log(rows, found, mapping, name)


def _wrong(rows: Rows, found: Sorted, mapping: Mapping, name: str, mapping_file: str) -> list[Fault]:
    """What only the sequence of events can show."""
    faults = [
        Fault(
            name,
            f"column {clipped(mapping.event)}",
            quoted(value),
            f"{number:,} events {quoted(value)} come before the stage that gives them a meaning",
            f"add a stage for {quoted(value)} without `after` to {mapping_file}",
        )
        for value, number in found.homeless.items()
    ]
    ended = int(np.unique(found.stays.customer[found.stays.stage >= len(mapping.stages)]).size)
    if found.returned > RETURNS * max(ended, 1) and found.returned > 1:
        faults.append(
            Fault(
                mapping_file,
                "ends",
                "",
                f"{found.returned:,} of {ended:,} customers go on after an end",
                "move the stage that they come back from to [stages]",
            )
        )
    names = mapping.names
    for name in mapping.silent:
        here = found.stays.stage == names.index(name)
        onward = found.stays.following[here]
        onward = onward[(onward != NOTHING) & (onward != names.index(name))]
        if onward.size:
            to = names[int(np.bincount(onward).argmax())]
            faults.append(
                Fault(
                    mapping_file,
                    f"silent.{name}",
                    "",
                    f"{onward.size:,} stays in {name} end with a move on, most often to {to}: leaving is seen",
                    f"take {name} out of [silent], or put the events that follow it under ignore",
                )
            )
    for name, end in mapping.contracts.items():
        onward = found.stays.following[found.stays.stage == names.index(name)]
        others = onward[~np.isin(onward, (NOTHING, names.index(name), names.index(end)))]
        if others.size:
            faults.append(
                Fault(
                    mapping_file,
                    f"contracts.{name}",
                    "",
                    f"{others.size:,} stays in {name} end otherwise, most often in {names[int(np.bincount(others).argmax())]}",
                    f"take {name} out of [contracts], or put the events that follow it under ignore",
                )
            )
    if not faults and not np.any(found.stays.following != NOTHING):
        faults.append(
            Fault(name, "", "", "no customer was ever seen to move from one stage to another", "give a longer log")
        )
    return faults


def _log(rows: Rows, found: Sorted, mapping: Mapping, name: str) -> Log:
    stays = found.stays
    present = np.unique(stays.customer)
    index = np.full(rows.customers.size, NOTHING, dtype=np.int64)
    index[present] = np.arange(present.size)
    stays = stays._replace(customer=index[stays.customer])
    start = np.full(present.size, np.inf)
    np.minimum.at(start, stays.customer, stays.entry)
    until = rows.until[present]
    calendar = mapping.clock == "calendar"
    span = float(until.max()) if calendar else float((until - start).max())
    lengths = stays.days[stays.days > 0.0]
    shortest = float(lengths.min()) if lengths.size else 1.0
    counts = {
        "rows read": rows.read,
        "rows ignored": rows.ignored,
        "repeats within a stay": found.repeats,
        "rows after an end": found.after_end,
        "customers seen only at an end": found.only_end,
        "customers": int(present.size),
        "people": int(np.unique(rows.person[present].astype(str)).size),
        "stays": int(stays.stage.size),
        "stays still open": int(np.sum((stays.following == NOTHING) & (stays.stage < len(mapping.stages)))),
        "stays of no length": int(np.sum((stays.following != NOTHING) & (stays.days == 0.0))),
        "customers without a segment": rows.unsegmented,
    }
    ends = np.zeros(len(mapping.names), dtype=np.bool_)
    ends[len(mapping.stages) :] = True
    return Log(
        source=Path(name).name,
        stages=mapping.names,
        ends=ends,
        stays=stays,
        customers=rows.customers[present],
        start=start,
        until=until,
        segment=rows.segment[present],
        segments=rows.segments,
        labels=rows.labels,
        person=rows.person[present],
        clock=rows.clock,
        resolution=1.0 if rows.daily else 0.5 * shortest,
        calendar=calendar,
        horizon=mapping.horizon_days or max(span, shortest),
        roles=dict(mapping.roles),
        arm=rows.arm[present],
        arms=rows.arms,
        doses=dict(mapping.doses),
        counts=counts,
        notes=tuple(_notes(rows, counts)),
        silent=dict(mapping.silent),
        contracts=dict(mapping.contracts),
        forms={name: form for name, form in mapping.forms.items() if form != "auto"},
        frailty={exit_: law for exit_, law in mapping.frailty.items() if law != "auto"},
    )


def _notes(rows: Rows, counts: dict[str, int]) -> list[str]:
    notes = []
    if rows.assumed_until:
        notes.append(
            "observed_until is left out: the watching is taken to end with the last event of the log, for everybody."
        )
    short = counts["stays of no length"]
    if short and rows.daily:
        stays = "1 stay" if short == 1 else f"{short:,} stays"
        notes.append(f"The log counts whole days: {stays} within one day count as ending within a day.")
    elif short:
        notes.append(f"{'1 stay has' if short == 1 else f'{short:,} stays have'} no length: two stages at one moment.")
    for key, one, many in (
        (
            "rows after an end",
            "1 row comes after its customer's end and is left out.",
            "rows come after their customer's end and are left out.",
        ),
        (
            "customers seen only at an end",
            "1 customer is seen only at an end and is left out.",
            "customers are seen only at an end and are left out.",
        ),
        (
            "customers without a segment",
            "1 customer has no segment: segment `unknown`.",
            "customers have no segment: segment `unknown`.",
        ),
    ):
        if counts[key]:
            notes.append(one if counts[key] == 1 else f"{counts[key]:,} {many}")
    return notes
