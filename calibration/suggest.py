"""`sojourn calibrate --suggest`: a mapping to start from, with what was guessed marked as a guess.

Columns are told by their names and contents, stages stand in the order in which their events usually come first, and whatever is
proposed has been read with the log: the mapping runs as it is.
"""

import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from sojourn.calibration.columns import Guess, guess
from sojourn.calibration.instants import as_text, counts, dated
from sojourn.calibration.logs import read_with
from sojourn.calibration.mapping import read_mapping
from sojourn.calibration.sources import Source, open_source
from sojourn.calibration.sqltext import Connection, rows_of
from sojourn.calibration.succession import Event, events
from sojourn.calibration.timeformats import as_iso, fitting
from sojourn.scenarios.faults import Faults, clipped, fault
from sojourn.scenarios.plurals import plural

STAGES = 12  # proposed of any log; events beyond them are ignored, unless they are steps
STEPS = 60  # proposed where they are steps of one way: customers come through them once
SEEN = 0.02  # share of the customers of the commonest event that a step has at least
ONCE = 1.2  # rows a customer that it has at most
OFTEN = 0.1  # share from which it is told of an ignored event that many have it
RARE = 0.002  # share of the rows below which an event is proposed to be ignored, where there are many
BACK = 0.03  # share of customers who may go on after an end
LOUD = r"page_?view|heartbeat|^ping|scroll|impression|keep_?alive|session_(start|end)|^login$|^logout$"
LOST = r"churn|cancel|lapse|lost|unsubscri|expire|left|gone|clos(e|ed)|terminat|drop(ped)?_?o(ut|ff)|opt(ed)?_?out|death|abandon"
BOUGHT = r"purchas|bought|order|redeem|paid|payment|subscrib|convert|checkout|sale"
LOYAL = r"loyal|advoca|referr|promoter"


def suggest(log: Any, query: str | None = None) -> str:
    """A mapping file for a log, as text with comments; it can be read with the log as it is.

    Args:
        log: as for `logs.read`.
        query: what to select where the log is a DuckDB database file.

    Raises:
        Faults: if the log cannot be read as a table, or shows no column of customers or of times.
    """
    with open_source(log, query, mapping_file="--query") as (connection, source):
        found = guess(connection, source)
        forms: list[str] = []
        if found.time is None or _ancient(connection, source, found.time):
            source, forms = _written(connection, source)
            found = guess(connection, source)
        _enough(found, source)
        told = events(connection, source, found.customer or "", found.event, found.time or "")
        last = _last(connection, source, found.time or "")
    lines = [
        *_lines(source, found, told, last, forms),
        *(["", "[log]", f"query = {_text(query)}"] if query is not None else []),
    ]
    text = "\n".join(lines) + "\n"
    try:
        read_with(log, read_mapping(text, "the mapping proposed"), "the mapping proposed")
    except Faults as faults:
        mend = "\n".join(f"#   {line[:200]}" for line in str(faults).splitlines()[:8])
        text = f"# This does not run yet. What is in the way:\n{mend}\n{text}"
    return text


def _enough(found: Guess, source: Source) -> None:
    columns = ", ".join(clipped(one) for one in list(source.columns)[:12]) or "none"
    missing = [what for name, what in ((found.customer, "customers"), (found.time, "times")) if name is None]
    if missing:
        message = f"no column looks like {' and none like '.join(missing)} (columns: {columns})"
        raise fault(source.name, "", message, "write the mapping by hand: customer, time, event and [stages]")


def _ancient(connection: Connection, source: Source, time: str) -> bool:
    """Whether all times would lie before 1900, as those with years of two digits do."""
    kind = source.kinds[time]
    if counts(kind) or dated(kind):
        return False
    moment = f"TRY_CAST(trim({as_text(source.columns[time], kind)}) AS TIMESTAMPTZ)"
    return bool(rows_of(connection, f"SELECT max({moment}) < '1900-01-01'::TIMESTAMPTZ FROM {source.relation}")[0][0])


def _written(connection: Connection, source: Source) -> tuple[Source, list[str]]:
    """The log with a column of times in a form of its own read by it, and the forms that fit; as it is where there is none."""
    found = fitting(connection, source)
    if found is None:
        return source, []
    column, forms = found
    iso = as_iso(source.columns[column], source.kinds[column], forms[0])
    return source._replace(columns={**source.columns, column: iso}, kinds={**source.kinds, column: "VARCHAR"}), forms


def _last(connection: Connection, source: Source, time: str) -> str:
    """The end of the log as a mapping writes it: a date, or a number of days."""
    kind, column = source.kinds[time], source.columns[time]
    text = as_text(column, kind)
    if not counts(kind):
        moment = f"CAST({column} AS TIMESTAMP)" if dated(kind) else f"TRY_CAST(trim({text}) AS TIMESTAMPTZ)"
        day = rows_of(connection, f"SELECT CAST(CAST(max({moment}) AS DATE) AS VARCHAR) FROM {source.relation}")[0][0]
        if day is not None:
            return str(day)
    number = rows_of(connection, f"SELECT max(TRY_CAST(trim({text}) AS DOUBLE)) FROM {source.relation}")[0][0]
    return repr(float(math.ceil(number or 0.0)))


def _lines(source: Source, found: Guess, told: list[Event], last: str, forms: list[str]) -> Iterator[str]:
    yield "# Proposed by `sojourn calibrate --suggest`. Guesses are marked; read them, mend them, and then:"
    yield f"#   sojourn calibrate {source.name} --stages THIS-FILE --out my-journey.toml"
    if found.swapped:
        yield "# By their names customer and event were the other way round; by what the columns hold they look swapped."
    yield f"customer = {_text(found.customer or '')}"
    yield f"time = {_text(found.time or '')}"
    if forms:
        others = " or ".join(_text(form) for form in forms[1:])
        yield f"time_format = {_text(forms[0])}   # a guess{f'; it may as well be {others}' if others else ''}"
    alone = found.event is None
    if alone:
        yield 'event = { value = "purchase" }   # a guess: no column tells events apart, so every row is one purchase'
    else:
        yield f"event = {_text(found.event or '')}"
    if found.journey is not None:
        yield f"journey = {_text(found.journey)}   # a guess: it tells several journeys of a customer apart"
    if found.segments:
        yield f"segment = {_text(found.segments[0])}   # a guess: one value a customer; take it out if it tells nothing"
    for name in found.segments[1:4]:
        yield f"# segment = {_text(name)}   # or this"
    for name in found.arms[:2]:
        yield f"# arm = {_text(name)}   # if this is the arm of an experiment (see sojourn lever)"
    if found.until is not None:
        yield f"observed_until = {_text(found.until)}   # a guess: the column that says how long each customer was watched"
    else:
        yield f"observed_until = {last}   # the last event of the log; put the day on which the log was taken"
    yield "# observed_from = 2017-01-01   # if customers were there before the log begins: the day from which they were watched"
    yield '# timezone = "Europe/Berlin"   # if times name no zone and are not UTC'
    ends, stages, ignored = _sorted(told)
    if alone or len(stages) == 1:
        yield from _silent(stages)
        return
    often = max(stages, key=lambda one: one.again)
    if often.again > 0.2:
        share = f"{100 * often.again:.0f} % of the rows of {_text(often.value)}"
        yield f"# {share} find their customer there already. Are they part of the same stay"
        yield "# (pages of one visit), or does each begin a new one (orders, renewals)?"
        yield 'repeats = "same stay"   # or "new stay"'
    if ignored:
        what = plural(len(ignored), "event that means", "events that mean")
        yield f"ignore = [   # {what} no stage, a guess; move what matters to [stages]"
        most = max(one.customers for one in told)
        yield from (f"  {_text(one.value)},   # {_rows(one.rows)}{_many(one, most)}" for one in ignored)
        yield "]"
    yield ""
    yield "[stages]   # in the order in which they usually come first"
    names: dict[str, str] = {}
    for one in (*stages, *ends):
        names[one.value] = _stage(one.value, names.values())
    for one in stages:
        yield f"{names[one.value]} = [{_text(one.value)}]   # {_about(one)}"
        if not ends and one.after <= BACK and one.customers >= 20:
            yield f"#   hardly anybody does anything after {_text(one.value)}: if it ends the journey, move it to [ends]"
    if ends:
        yield ""
        yield "[ends]   # a guess by their names; nothing after them is used"
        yield from (f"{names[one.value]} = [{_text(one.value)}]   # {_about(one)}" for one in ends)
    roles = list(_roles(stages, ends, names))
    if roles:
        yield ""
        yield "[roles]   # a guess by their names: what conversion, retention and churn count"
        yield from roles


def _silent(stages: list[Event]) -> Iterator[str]:
    """A list of purchases: nobody says goodbye."""
    value = stages[0].value if stages else "purchase"
    name = _stage(value, ())
    yield ""
    yield "[stages]"
    yield f"{name} = [{_text(value)}]   # the only event: it repeats, and customers leave without a word"
    yield ""
    yield "[roles]"
    yield f'{name} = "purchase"   # a guess'
    yield ""
    yield "[silent]   # so it is fitted as buy-till-you-die (docs/silent-churn.md)"
    yield f'{name} = "bgnbd"   # or "paretonbd"; with -k (as "bgnbd-k") for regular purchases'


def _sorted(told: list[Event]) -> tuple[list[Event], list[Event], list[Event]]:
    """Ends, stages and what is ignored."""
    total = sum(one.rows for one in told)
    ends = [one for one in told if re.search(LOST, _word(one.value)) and one.after <= BACK and one.customers]
    rest = [one for one in told if one not in ends]
    loud = [one for one in rest if re.search(LOUD, _word(one.value))]
    if len(rest) - len(loud) < 2:
        loud = []
    quiet = [one for one in rest if one not in loud]
    ranked = sorted(quiet, key=lambda one: -one.customers)
    kept = ranked[:STAGES] + [one for one in ranked[STAGES:STEPS] if _step(one, ranked[0].customers)]
    if len(quiet) > STAGES // 2:
        kept = [one for one in kept if one.rows >= RARE * total] or kept
    stages = [one for one in quiet if one in kept]
    return ends, stages, [one for one in rest if one not in stages]


def _step(one: Event, most: int) -> bool:
    """Whether an event looks like a step: many customers have it, and hardly any have it twice."""
    return one.customers >= max(SEEN * most, 1) and one.each <= ONCE


def _many(one: Event, most: int) -> str:
    share = one.customers / max(most, 1)
    return f"; {100 * share:.0f} % as many customers as the commonest event" if share >= OFTEN else ""


def _word(value: str) -> str:
    """An event as its name is looked at: lower case, with _ for all that parts words."""
    return re.sub(r"[^a-z0-9]+", "_", value.lower()).strip("_")


def _roles(stages: Sequence[Event], ends: Sequence[Event], names: dict[str, str]) -> Iterator[str]:
    for one in (*stages, *ends):
        word = _word(one.value)
        if one in ends:
            yield f'{names[one.value]} = "lost"'
        elif re.search(LOYAL, word):
            yield f'{names[one.value]} = "loyal"'
        elif re.search(BOUGHT, word) and not re.search(
            r"start|begin|cancel|return|refund|view|add|post|pre_|after|before|no_", word
        ):
            yield f'{names[one.value]} = "purchase"'


def _stage(value: str, taken: Any) -> str:
    name = _word(value)[:60] or "stage"
    while name in taken:
        name += "_"
    return name


def _about(one: Event) -> str:
    said = f"{_rows(one.rows)}"
    if one.first >= 0.05:
        said += f"; {100 * one.first:.0f} % of customers begin here"
    return said


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
