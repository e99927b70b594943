"""Tables of pandas, polars or Arrow as Arrow tables, with what their types mean kept."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sojourn.scenarios.faults import Fault, Faults, fault, quoted, shown

PERIOD = "pandas.period"  # of which Arrow keeps the number: months since 1970 where the period is a month
SINCE = "write it as the dates on which the periods start, as in table[{name}] = table[{name}].dt.start_time"


def arrow(log: Any) -> Any:
    """A table as an Arrow table. Periods of pandas become the times at which they start; its named index stays a column.

    Raises:
        Faults: if it is no table, or one whose columns cannot be told apart or hold values of several types.
    """
    import pyarrow as pa

    try:
        if isinstance(log, pa.Table | pa.RecordBatch):
            table = log if isinstance(log, pa.Table) else pa.Table.from_batches([log])
        elif type(log).__module__.split(".")[0] == "pandas" and hasattr(log, "columns"):
            _told_apart([str(one) for one in log.columns])
            table = pa.Table.from_pandas(_flat(log), preserve_index=False)
        elif hasattr(log, "__arrow_c_stream__"):
            table = pa.table(log)
        else:
            said = f"{shown(type(log).__name__)} is neither a path nor a table"
            raise fault("the log", "", said, "give a path, or a table of pandas, polars or Arrow")
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as problem:
        first = str(problem).strip().splitlines()[0][:160]
        raise fault("the table", "", f"cannot be taken as columns: {first}", "give every column one type") from None
    _told_apart(table.column_names)
    _no_periods(table.schema, "the table", table.column_names)
    return table


def no_periods(file: Path, name: str, wanted: Iterable[str]) -> None:
    """Faults if a Parquet file keeps one of the wanted columns as periods of pandas, which other readers take for numbers."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        schema = parquet.read_schema(file)
    except (pa.ArrowException, OSError, ValueError):
        return  # DuckDB will say what is wrong with it
    _no_periods(schema, name, wanted)


def _no_periods(schema: Any, name: str, wanted: Iterable[str]) -> None:
    wrong = []
    for column in wanted:
        place = schema.get_field_index(column)
        if place < 0:
            continue
        field = schema.field(place)
        kept = (field.metadata or {}).get(b"ARROW:extension:name", b"").decode()
        if PERIOD in (kept, getattr(field.type, "extension_name", "")):
            said = "holds periods of pandas, of which only a number is kept"
            wrong.append(Fault(name, f"column {column}", "", said, SINCE.format(name=quoted(column))))
    if wrong:
        raise Faults(wrong)


def _flat(frame: Any) -> Any:
    """A data frame of pandas with its named index as columns, and periods as the times at which they start."""
    levels = [one for one in frame.index.names if one is not None and one not in frame.columns]
    if levels:
        frame = frame.reset_index(level=levels)
    periods = [name for name in frame.columns if str(frame[name].dtype).startswith("period[")]
    return frame.assign(**{name: frame[name].dt.start_time for name in periods}) if periods else frame


def _told_apart(names: list[str]) -> None:
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise Faults(
            Fault(
                "the table",
                "",
                quoted(name),
                f"{names.count(name)} columns are named {quoted(name)}",
                "give each its own name",
            )
            for name in twice
        )
