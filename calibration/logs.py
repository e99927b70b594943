"""An event log, read, checked and sorted into stays, with a count of all that was set aside."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.covariates import Covariate, Told, read_told
from sojourn.calibration.gaps import gaps
from sojourn.calibration.intake import take_in
from sojourn.calibration.mapping import Mapping, load_mapping
from sojourn.calibration.mapping_form import Every
from sojourn.calibration.names import Names
from sojourn.calibration.rows import UNKNOWN, Rows, read_rows
from sojourn.calibration.sources import open_source
from sojourn.calibration.stays import NOTHING, Floats, Integers, Sorted, Stays, sort_stays
from sojourn.calibration.unmet import unmet
from sojourn.calibration.windows import Watched, watched
from sojourn.scenarios.arguments import arguments_checked
from sojourn.scenarios.brief import brief, listed
from sojourn.scenarios.faults import Fault, Faults, clipped, quoted
from sojourn.scenarios.plurals import plural

ABSORBED = 0.05  # of the number of stays: so many repeats within stays are worth a word
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
        span: days from day 0 to the end of the watching, or of the longest watching where all start on one day 0.
        horizon: days that a scenario of this log lasts: `span`, unless the mapping asks for more or less.
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
        covariates: columns of the log by which customers or stays may differ, a value for each stay.
        history: what of a customer's past the mapping asks about ("visits", "purchases", "days_since_first").
        arrived: whether each customer's begin was seen, shape (customers,); None where all begins were. Others were there
            already: their stays count, from the age at which they were watched on, and they are no arrivals.
        unstarted: customers left out because they were first seen in a stage that nobody leaves, by its name (`beginnings`).
    """

    source: str
    stages: tuple[str, ...]
    ends: NDArray[np.bool_]
    stays: Stays
    customers: Names
    start: Floats
    until: Floats
    segment: Integers
    segments: tuple[str, ...]
    labels: tuple[str, ...]
    person: Names
    clock: str | None
    resolution: float
    calendar: bool
    span: float
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
    covariates: tuple[Covariate, ...] = ()
    history: tuple[str, ...] = ()
    arrived: NDArray[np.bool_] | None = None
    unstarted: dict[str, int] = field(default_factory=dict)

    def __repr__(self) -> str:
        counted = (plural(self.counts[name], name.removesuffix("s")) for name in ("customers", "stays"))
        return brief(self, self.source, *counted, f"{self.span:,.4g} days", listed(self.stages))

    @property
    def window(self) -> Floats:
        """Days for which each customer was watched, shape (customers,)."""
        return self.until - self.start

    @cached_property
    def first(self) -> Integers:
        """Row of each customer's first stay, and the number of rows at the end; shape (customers + 1,)."""
        return np.searchsorted(self.stays.customer, np.arange(self.customers.size + 1, dtype=self.stays.customer.dtype))

    @cached_property
    def people(self) -> Integers:
        """Which of the people behind the journeys each is of, from 0, shape (customers,)."""
        return np.arange(self.customers.size, dtype=np.int64) if self.person is self.customers else self.person.codes()

    @cached_property
    def late(self) -> Floats | None:
        """Ages from which stays were watched, NaN where nobody knows the begin, shape (stays,); None: all from their entry."""
        ages = self.stays.seen_from
        return None if ages is None or not (np.any(ages > 0.0) or np.any(np.isnan(ages))) else ages

    @property
    def outlasted(self) -> bool:
        """Whether a scenario of this log lasts a day longer than the log, or more."""
        return self.horizon - self.span >= 1.0

    @property
    def begun(self) -> "Log":
        """The same log with the customers whose begin was seen; the log itself where all were."""
        return self if self.arrived is None or not np.any(self.arrived) else self.only(self.arrived)

    def some(self, number: int) -> "Log":
        """At most so many customers, evenly from all of them: neighbours in a log tend to be alike."""
        size = self.customers.size
        return self if size <= number else self.take(np.arange(number, dtype=np.int64) * size // number)

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
            None if was.seen_from is None else was.seen_from[rows],
        )
        open_stays = (stays.following == NOTHING) & ~self.ends[stays.stage]
        counts = {
            **self.counts,
            "customers": int(index.size),
            "stays": int(stays.stage.size),
            "stays still open": int(np.sum(open_stays)),
        }
        customers = self.customers[index]
        return replace(
            self,
            stays=stays,
            customers=customers,
            start=self.start[index],
            until=self.until[index],
            segment=self.segment[index],
            # The same customer twice is one person twice: names tell, as long as they are looked at.
            person=self.person[index],
            arm=self.arm[index],
            arrived=None if self.arrived is None else self.arrived[index],
            covariates=tuple(one._replace(values=one.values[rows]) for one in self.covariates),
            counts=counts,
        )


@arguments_checked(name="read_log")
def read(log: Any, mapping: str | Path | Mapping) -> Log:
    """Read an event log with its mapping.

    Args:
        log: path of a file (CSV, Parquet, JSON lines, XES, a DuckDB database), or a table of pandas, polars or Arrow.
        mapping: path of the mapping file, or the mapping itself.

    Raises:
        Faults: all mistakes of the mapping, or else of the log, each with place, value and remedy.
    """
    if isinstance(mapping, Mapping):
        return read_with(log, mapping)
    return read_with(log, load_mapping(mapping), str(mapping))


def read_with(log: Any, mapping: Mapping, mapping_file: str = "<mapping>") -> Log:
    """Read an event log with a mapping at hand; `mapping_file` names it in messages. Raises Faults as `read` does."""
    wanted = frozenset((*mapping.columns.values(), *mapping.asked, *mapping.covariate_columns.values()))
    query = None if mapping.log is None else mapping.log.query
    with open_source(log, query, wanted, mapping_file, mapping.timezone or "UTC") as (connection, source):
        rows = read_rows(take_in(connection, source, mapping, mapping_file))
        told = read_told(rows)
        found = sort_stays(rows)
    faults = _wrong(rows, found, mapping, source.name, mapping_file)
    if faults:
        raise Faults(faults)
    result = _log(rows, found, mapping, source.name, told)
    if not np.any(result.stays.following != NOTHING):
        where = f" between observed_from ({_shown(mapping)}) and observed_until" if mapping.observed_from else ""
        said = f"no customer was seen to move from one stage to another{where}"
        raise Faults([Fault(source.name, "", "", said, "give a longer log, or mend the window of watching")])
    if result.arrived is not None and not np.any(result.arrived):
        _begun_somewhere(result, mapping_file)
    return result


def _begun_somewhere(log: Log, mapping_file: str) -> None:
    """Raises Faults where no begin was seen, and the stages in which customers start show none either."""
    ages = log.stays.seen_from
    if ages is None:
        return
    known = np.unique(log.stays.stage[~np.isnan(ages)])
    dark = np.setdiff1d(log.stays.stage[log.first[:-1]], known)
    if dark.size:
        listed = ", ".join(log.stages[k] for k in dark)
        raise Faults(
            [
                Fault(
                    mapping_file,
                    "already",
                    "",
                    f"nobody's begin is known: all {log.customers.size:,} customers of {log.source} were in {listed} already",
                    f"give a log in which some customers enter {listed}, or, if these events are when they did, take them out of "
                    "already",
                )
            ]
        )


def _shown(mapping: Mapping) -> str:
    return clipped(str(mapping.observed_from))


def _wrong(rows: Rows, found: Sorted, mapping: Mapping, name: str, mapping_file: str) -> list[Fault]:
    """What only the sequence of events can show."""
    faults = [
        Fault(
            name,
            "event" if isinstance(mapping.event, Every) else f"column {clipped(mapping.event)}",
            quoted(value),
            f"{number:,} events {quoted(value)} come before the stage that gives them a meaning",
            f"add a stage for {quoted(value)} without `after` to {mapping_file}",
        )
        for value, number in found.homeless.items()
    ]
    ended = int(np.count_nonzero(found.stays.stage >= len(mapping.stages)))  # nothing follows an end: one each
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
    faults += _unseen_wrong(found, mapping, name, mapping_file)
    if not faults and not np.any(found.stays.following != NOTHING):
        faults.append(
            Fault(name, "", "", "no customer was ever seen to move from one stage to another", "give a longer log")
        )
    return faults


def _unseen_wrong(found: Sorted, mapping: Mapping, name: str, mapping_file: str) -> list[Fault]:
    """Stages that customers are to leave unseen, or at the end of a term, and that the log shows otherwise or not at all."""
    faults: list[Fault] = []
    names, log = mapping.names, Path(name).name
    for stage in mapping.silent:
        here = names.index(stage)
        onward = found.stays.following[found.stays.stage == here]
        away = onward[(onward != NOTHING) & (onward != here)]
        path, out = f"silent.{stage}", f"take {stage} out of [silent]"
        if away.size:
            to = names[int(np.bincount(away).argmax())]
            said = f"{away.size:,} stays in {stage} end with a move on, most often to {to}: leaving is seen"
            faults.append(Fault(mapping_file, path, "", said, f"{out}, or put the events that follow it under ignore"))
        elif onward.size and not np.any(onward == here):
            said = f"nobody in {log} comes back to {stage}: nothing tells how often customers do"
            faults.append(Fault(mapping_file, path, "", said, f"give a longer log, or {out}"))
    for stage, end in mapping.contracts.items():
        here = names.index(stage)
        onward = found.stays.following[found.stays.stage == here]
        others = onward[~np.isin(onward, (NOTHING, here, names.index(end)))]
        path, out = f"contracts.{stage}", f"take {stage} out of [contracts]"
        if others.size:
            said = f"{others.size:,} stays in {stage} end otherwise, most often in {names[int(np.bincount(others).argmax())]}"
            faults.append(Fault(mapping_file, path, "", said, f"{out}, or put the events that follow it under ignore"))
        elif onward.size and not np.any(onward == names.index(end)):
            said = f"nobody in {log} leaves {stage} for {end}: nothing tells the chance to leave at the end of a term"
            faults.append(Fault(mapping_file, path, "", said, f"give a longer log, or {out}"))
        elif onward.size and not np.any(onward == here):
            said = f"nobody in {log} renews {stage}: nothing tells who stays at the end of a term"
            remedy = f"list the event of a renewal under {stage} in [stages], or {out}"
            faults.append(Fault(mapping_file, path, "", said, remedy))
    return faults


def _log(rows: Rows, found: Sorted, mapping: Mapping, name: str, told: tuple[Told, ...]) -> Log:
    seen = watched(rows, found, mapping)
    stays, start, until, customers, person = seen.stays, seen.start, seen.until, seen.customers, seen.person
    size = customers.size
    calendar = mapping.clock == "calendar"
    lengths = stays.days[stays.days > 0.0]
    shortest = float(lengths.min()) if lengths.size else 1.0
    span = max(float(until.max()) if calendar else float((until - start).max()), shortest)
    segment = rows.segment[seen.which]
    unsegmented = int(np.sum(segment == rows.labels.index(UNKNOWN))) if UNKNOWN in rows.labels else 0
    counts = {
        "rows read": rows.taken.rows,
        "rows ignored": rows.ignored,
        "rows behind a later one": rows.backwards,
        "rows at an hour that was there twice": rows.twice,
        "repeats within a stay": found.repeats,
        "rows of one moment and stage": found.doubled,
        "rows after an end": found.after_end,
        "customers seen only at an end": found.only_end,
        "customers gone before the watching": seen.gone,
        "stays over before the watching": seen.over,
        "stays with an unknown begin": seen.unknown,
        "customers": size,
        "people": size if person is customers else int(np.unique(person.codes()).size),
        "stays": int(stays.stage.size),
        "stays still open": int(np.sum((stays.following == NOTHING) & (stays.stage < len(mapping.stages)))),
        "stays of no length": int(np.sum((stays.following != NOTHING) & (stays.days == 0.0))),
        "customers without a segment": unsegmented if mapping.segment is not None else 0,
    }
    ends = np.zeros(len(mapping.names), dtype=np.bool_)
    ends[len(mapping.stages) :] = True
    covariates = tuple(one.at(stays, seen.which, seen.base) for one in told)
    lacking = gaps(told, covariates, stays, ends, seen.which, seen.base, rows.taken.mapping_file)
    return Log(
        source=Path(name).name,
        stages=mapping.names,
        ends=ends,
        stays=stays,
        customers=customers,
        start=start,
        until=until,
        segment=segment,
        segments=rows.segments,
        labels=rows.labels,
        person=person,
        clock=seen.clock,
        resolution=1.0 if rows.daily else 0.5 * shortest,
        calendar=calendar,
        span=span,
        horizon=mapping.horizon_days or span,
        roles=dict(mapping.roles),
        arm=rows.arm[seen.which],
        arms=rows.arms,
        doses=dict(mapping.doses),
        counts=counts,
        notes=(*_notes(rows, counts, mapping, seen), *_absorbed(found, mapping), *unmet(mapping, stays), *lacking),
        silent=dict(mapping.silent),
        contracts=dict(mapping.contracts),
        forms={name: form for name, form in mapping.forms.items() if form != "auto"},
        frailty={exit_: law for exit_, law in mapping.frailty.items() if law != "auto"},
        arrived=seen.arrived,
        covariates=covariates,
        history=tuple(mapping.history),
    )


def _notes(rows: Rows, counts: dict[str, int], mapping: Mapping, seen: Watched) -> list[str]:
    notes = []
    if mapping.observed_until is None:
        notes.append(
            "observed_until is left out: the watching is taken to end with the last event of the log "
            f"({rows.last}), for everybody."
        )
    notes += rows.doubts
    for who, number in rows.nameless:
        named = (
            f"1 row is of the customer {quoted(who)}"
            if number == 1
            else f"{number:,} rows are of the customer {quoted(who)}"
        )
        notes.append(f"{named}: if that is no name, take them out.")
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
        (
            "rows behind a later one",
            "1 row stands behind a later one of its customer: rows are taken by time.",
            "rows stand behind a later one of their customer: rows are taken by time.",
        ),
        (
            "rows at an hour that was there twice",
            "1 time lies in an hour that clocks went through twice: it is taken as the second.",
            "times lie in an hour that clocks went through twice: they are taken as the second.",
        ),
        (
            "customers gone before the watching",
            "1 customer had gone before the watching began and is left out.",
            "customers had gone before the watching began and are left out.",
        ),
        (
            "stays over before the watching",
            "1 stay was over before the watching began and is left out: only who stayed long enough is in such a log.",
            "stays were over before the watching began and are left out: only who stayed long enough is in such a log.",
        ),
        (
            "stays with an unknown begin",
            "1 stay has an unknown begin and is left out of the laws.",
            "stays have an unknown begin and are left out of the laws.",
        ),
    ):
        if counts[key]:
            notes.append(one if counts[key] == 1 else f"{counts[key]:,} {many}")
    return notes


def _absorbed(found: Sorted, mapping: Mapping) -> Iterator[str]:
    """Repeats that may well have been meant as stays of their own."""
    total = sum(found.again.values())
    if mapping.sessions is None and total > ABSORBED * found.stays.stage.size:
        name, most = next(iter(found.again.items()))
        yield (
            f"{total:,} events came while their customer was in that stage already, most often in {name} ({most:,}): they belong "
            'to the stay under way. repeats = "new stay" in the mapping makes each of them the begin of another.'
        )
