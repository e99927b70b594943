"""Figures as columns: equally long lists by name, as pandas, polars and Arrow take them."""

from collections.abc import Iterable, Sequence
from typing import Any

from sojourn.sim.estimates import Estimate

Columns = dict[str, list[Any]]


def columns(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Columns:
    """Return rows as columns of these names; what is undefined is None."""
    table = list(rows)
    if any(len(row) != len(names) for row in table):
        raise ValueError(f"each row has {len(names)} cells: {', '.join(names)}")
    return {name: [row[k] for row in table] for k, name in enumerate(names)}


def spread(name: str) -> tuple[str, str, str]:
    """Return the names of the columns of an estimate: the figure itself and the ends of its interval."""
    return name, f"{name}_low", f"{name}_high"


def figures(found: dict[str, dict[str, Estimate]], names: Sequence[str]) -> Columns:
    """Return estimates by a first and a second name, one a row; `names` are those of the five columns."""
    return columns(names, [(one, other, *told) for one, by in found.items() for other, told in by.items()])
