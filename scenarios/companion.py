"""The companion of a scenario file: joint draws of its calibrated numbers, in Parquet beside it.

`my-journey.toml` has `my-journey.draws.parquet`: one column a number, named by its place in the scenario (a JSON list of keys
and indices, since names of keys may hold dots), one row a draw. A row is a whole: numbers that were estimated together
are drawn together. The metadata holds the number that stood in the scenario when the draws were made, so that a number
which was edited by hand since is known to be someone's decision, and is no longer drawn.
"""

import json
import math
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sojourn.scenarios.faults import Faults, fault
from sojourn.scenarios.overrides import Place, has

SUFFIX = ".draws.parquet"
FORMAT = 1
LARGEST = 1 << 30  # bytes
CENTRALS = b"sojourn.centrals"
VERSION = b"sojourn.draws"
ANEW = "calibrate again, or take the file away: the scenario runs without it"
CLOSE = 1e-12  # relative: the same number, written and read again

Value = float | tuple[float, ...]


@dataclass(frozen=True)
class Companion:
    """Draws of numbers of a scenario, by place; all of one length, and draw k of all of them belongs together."""

    centrals: dict[Place, Value]
    """What the scenario says: a number, or a list of them (the days of an empirical law)."""
    draws: dict[Place, tuple[Value, ...]]

    @property
    def count(self) -> int:
        """How many draws there are."""
        return len(next(iter(self.draws.values()), ()))

    @property
    def said(self) -> str:
        """How many draws there are and of how many numbers, in words."""
        draws = "1 joint draw" if self.count == 1 else f"{self.count:,} joint draws"
        numbers = sum(len(one) if isinstance(one, tuple) else 1 for one in self.centrals.values())
        return f"{draws} of its {numbers:,} calibrated {'number' if numbers == 1 else 'numbers'}"

    def without(self, places: Iterable[Place]) -> "Companion | None":
        """What is left of it when some numbers are no longer what the log says; None where nothing is."""
        gone = set(places)
        kept = [place for place in self.centrals if place not in gone]
        left = Companion({place: self.centrals[place] for place in kept}, {place: self.draws[place] for place in kept})
        return left if kept else None

    def untouched(self, document: Mapping[str, Any]) -> "Companion":
        """The part of it whose numbers still stand in a scenario's document as they were calibrated."""
        kept = [place for place, central in self.centrals.items() if _same(value_at(document, place), central)]
        return Companion({place: self.centrals[place] for place in kept}, {place: self.draws[place] for place in kept})


def beside(scenario: str | Path) -> Path:
    """Where the companion of a scenario file stands; it need not exist."""
    path = Path(scenario)
    return path.with_name(path.stem + SUFFIX)


def value_at(document: Mapping[str, Any], place: Place) -> Any:
    """What stands at a place of a document; None where there is no such place."""
    table: Any = document
    for step in place:
        if not has(table, step):
            return None
        table = table[step]
    return table


def read(path: str | Path) -> Companion | None:
    """The companion at `path` (see `beside`); None where there is no file. Raises Faults where it is none of ours."""
    import pyarrow as pa  # only where draws are wanted: `sojourn validate` starts without it
    from pyarrow import parquet

    name = str(path)
    try:
        if not os.path.isfile(path):
            return None
        if os.path.getsize(path) > LARGEST:
            raise fault(name, "", f"has more than {LARGEST >> 20:,} MiB; no companion is so large", ANEW)
        table = parquet.read_table(path, memory_map=False)
    except Faults:
        raise
    except (OSError, ValueError, pa.ArrowException) as problem:
        first = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise fault(name, "", f"is no companion of a scenario: {first[:120]}", ANEW) from None
    metadata = table.schema.metadata or {}
    try:
        if int(metadata[VERSION]) != FORMAT:
            raise fault(name, "", f"is of format {int(metadata[VERSION])}; this program reads {FORMAT}", ANEW)
        centrals = {_place(column): _value(value) for column, value in json.loads(metadata[CENTRALS])}
        draws = {
            _place(column): tuple(_value(one) for one in table[column].to_pylist()) for column in table.column_names
        }
        if not draws or centrals.keys() != draws.keys():
            raise ValueError("its columns are not those that its metadata names")
        if not table.num_rows:
            raise fault(name, "", "holds no draw", ANEW)
    except (KeyError, ValueError, TypeError) as problem:
        raise fault(name, "", f"is no companion of a scenario: {str(problem)[:120]}", ANEW) from None
    return Companion(centrals, draws)


def write(path: str | Path, companion: Companion) -> Path:
    """Write a companion, whole or not at all. The same draws give the same bytes. Raises Faults where it cannot be."""
    import pyarrow as pa
    from pyarrow import parquet

    columns = {_column(place): list(values) for place, values in companion.draws.items()}
    arrays = [pa.array([list(one) if isinstance(one, tuple) else one for one in values]) for values in columns.values()]
    centrals = [[_column(place), value] for place, value in companion.centrals.items()]
    metadata = {VERSION: str(FORMAT), CENTRALS: json.dumps(centrals, allow_nan=False)}
    table = pa.table(dict(zip(columns, arrays, strict=True))).replace_schema_metadata(metadata)
    target = Path(path)
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=".sojourn-", dir=target.parent)
        os.close(handle)
        parquet.write_table(table, temporary)
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    except OSError as problem:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        why = f"cannot be written: {problem.strerror or problem}"
        raise fault(str(path), "", why, "give a file in a folder that exists") from None
    return target


def _column(place: Place) -> str:
    return json.dumps(list(place), ensure_ascii=False)


def _place(column: str) -> Place:
    steps = json.loads(column)
    if not isinstance(steps, list) or not steps or not all(isinstance(one, str) or type(one) is int for one in steps):
        raise ValueError(f"the column {column[:60]} names no place")
    return tuple(steps)


def _value(value: Any) -> Value:
    """A number or a tuple of numbers, all finite; ValueError for anything else."""
    if isinstance(value, list):
        return tuple(_number(one) for one in value)
    return _number(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{str(value)[:40]} is no number")
    return float(value)


def _same(value: Any, central: Value) -> bool:
    if isinstance(central, tuple):
        return isinstance(value, list | tuple) and len(value) == len(central) and all(map(_same, value, central))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isclose(value, central, rel_tol=CLOSE, abs_tol=0.0)
