"""Times that are not written as 2017-12-31 14:30: read by the format that the mapping names, or by one that fits, for a guess."""

import re
from collections.abc import Iterator

from sojourn.calibration.instants import as_text, dated
from sojourn.calibration.sources import Source
from sojourn.calibration.sqltext import Connection, literal, rows_of

FITS = 0.9  # share of the cells that a format must read to be proposed
SAMPLE = 200_000  # rows that are looked at
DAYS = (
    "%d.%m.%Y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d-%m-%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%y-%m-%d",
    "%d.%m.%y",
    "%m/%d/%y",
    "%d/%m/%y",
)
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p")
KNOWN = re.compile(r"%-?[dmyHIMSj]|%[YbBaApfgnzZ%]")
DAY = (("%Y", "%y", "%-y"), ("%m", "%-m", "%b", "%B", "%j", "%-j"), ("%d", "%-d", "%j", "%-j"))


def amiss(form: str) -> str | None:
    """What is wrong with a format of times; None where nothing is."""
    rest = KNOWN.sub("", form)
    if "%" in rest:
        return f"{rest[rest.index('%') :][:2]} is no part of a time"
    parts = KNOWN.findall(form)
    lacking = [what for what, any_of in zip(("year", "month", "day"), DAY, strict=True) if not set(any_of) & set(parts)]
    return f"has no {' and no '.join(lacking)}" if lacking else None


def as_iso(column: str, kind: str, form: str) -> str:
    """SQL of a column that is written in a format as text of the common form; NULL where the format does not fit.

    The format is a value, which `amiss` has checked: it enters SQL quoted.
    """
    read = f"try_strptime(trim({as_text(column, kind)}), {literal(form)})"
    timed = any(part.removeprefix("%").removeprefix("-") in "HIMSfgn" for part in KNOWN.findall(form))
    return f"CAST({read if timed else f'CAST({read} AS DATE)'} AS VARCHAR)"


def fitting(connection: Connection, source: Source) -> tuple[str, list[str]] | None:
    """The first column that some formats read, and these formats, the one that reads most first; None where there is none.

    Several that read as many are told all: of 03/04/2025 nobody can say which is the month.
    """
    texts = {name: as_text(source.columns[name], kind) for name, kind in source.kinds.items() if not dated(kind)}
    sample = f"(SELECT * FROM {source.relation} LIMIT {SAMPLE})"
    for name, text in texts.items():
        forms = list(_forms(connection, sample, text))
        if not forms:
            continue
        counted = ", ".join(
            f"count(*) FILTER (year(try_strptime(trim({text}), {literal(form)})) BETWEEN 1900 AND 2200)"
            for form in forms
        )
        filled, *read = rows_of(connection, f"SELECT count(nullif(trim({text}), '')), {counted} FROM {sample}")[0]
        most = max(read)
        if most and most >= FITS * filled:
            return name, [form for form, number in zip(forms, read, strict=True) if number == most]
    return None


def _forms(connection: Connection, sample: str, text: str) -> Iterator[str]:
    """Formats that read the first cell of a column which holds anything."""
    first = rows_of(connection, f"SELECT trim({text}) FROM {sample} WHERE trim({text}) <> '' LIMIT 1")
    if not first or not re.match(r"\d{1,4}[./-]\d{1,2}[./-]\d", first[0][0]):
        return
    for day in DAYS:
        for clock in CLOCKS:
            if rows_of(connection, f"SELECT try_strptime(?, {literal(day + clock)}) IS NOT NULL", [first[0][0]])[0][0]:
                yield day + clock
