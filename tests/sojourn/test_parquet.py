"""What our writer writes, other readers read."""

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from sojourn import eventlog
from sojourn.eventlog import EventLog
from sojourn.parquet import BLOCK, DOUBLE, INT32, INT64, TEXT, Column, Ids, ParquetFile, Places, Same
from sojourn.scenarios.files import load
from sojourn.sim.network import build
from sojourn.sim.run import simulate


def written(path: Path, kind: int, columns: list[tuple[int, Column]]) -> Any:
    """The values of a file of one column, from DuckDB and from pyarrow."""
    file = ParquetFile(path, {"a": kind}, {"a"})
    file.finish([file.write(rows, {"a": column}) for rows, column in columns])
    file.close()
    found = [
        value for (value,) in duckdb.connect().execute("SELECT a FROM read_parquet($p)", {"p": str(path)}).fetchall()
    ]
    arrow = pytest.importorskip("pyarrow.parquet")
    assert arrow.read_table(path)["a"].to_pylist() == found
    return found


@pytest.mark.parametrize("count", [1, 2, 3, 16, 17, 256, 257, 5000])
def test_dictionaries_of_any_width(count: int, tmp_path: Path) -> None:
    names = [f"né {n}" for n in range(count)]
    place = np.random.default_rng(count).integers(-1, count, 1003).astype(np.int16)
    expected = [None if p < 0 else names[p] for p in place]
    assert written(tmp_path / "a", TEXT, [(1003, Places(place, names))]) == expected


@pytest.mark.parametrize("rows", [1, 2, BLOCK, BLOCK + 1, BLOCK + 2, 3 * BLOCK + 7])
def test_ids_of_any_distance(rows: int, tmp_path: Path) -> None:
    random = np.random.default_rng(rows)
    for ids in (
        np.arange(rows),
        random.integers(0, 300, rows),
        random.permutation(rows) * 1000,
        random.integers(0, 2**62, rows),
        np.where(random.random(rows) < 0.01, 2**40 + np.arange(rows), np.arange(rows)),
    ):
        assert written(tmp_path / "a", INT64, [(rows, Ids(ids))]) == ids.tolist()


def test_nothing_some_and_the_same(tmp_path: Path) -> None:
    numbers = np.array([0.5, np.nan, -1e300, np.nan])
    columns: list[tuple[int, Column]] = [
        (4, numbers), (9, Same(None)), (300, Same(2.5)), (2, np.array([np.nan, np.nan])), (1, np.array([7.0])),
    ]  # fmt: skip
    expected = [0.5, None, -1e300, None, *[None] * 9, *[2.5] * 300, None, None, 7.0]
    assert written(tmp_path / "a", DOUBLE, columns) == expected
    inviters: list[tuple[int, Column]] = [(3, Ids(np.array([-1, 2**40, 3]))), (2, Ids(np.array([-1, -1])))]
    assert written(tmp_path / "a", INT64, inviters) == [None, 2**40, 3, None, None]
    assert written(tmp_path / "a", INT32, [(70_000, Same(19))]) == [19] * 70_000
    assert written(tmp_path / "a", TEXT, [(3, Same("")), (1, Same(None))]) == ["", "", "", None]


def test_bounds_of_groups_are_told(tmp_path: Path) -> None:
    """Readers pass over groups that cannot hold what is asked for."""
    written(tmp_path / "a", DOUBLE, [(3, np.array([3.0, np.nan, 1.5])), (1, np.array([9.0]))])
    query = "SELECT stats_min_value, stats_max_value, stats_null_count FROM parquet_metadata($p)"
    found = duckdb.connect().execute(query, {"p": str(tmp_path / "a")}).fetchall()
    assert found == [("1.5", "3.0", 1), ("9.0", "9.0", 0)]


def test_groups_are_read_in_the_order_of_the_footer(tmp_path: Path) -> None:
    file = ParquetFile(tmp_path / "a", {"a": INT64})
    groups = [file.write(1, {"a": Ids(np.array([n]))}) for n in range(20)]
    file.finish(groups[::-1])
    file.close()
    query = "SELECT a FROM read_parquet($p)"
    found = duckdb.connect().execute(query, {"p": str(tmp_path / "a")}).fetchall()
    assert [n for (n,) in found] == list(range(19, -1, -1))


@pytest.mark.parametrize("size", [7, 1 << 18])
def test_a_log_in_slices_is_the_log(size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every column of both files, invitees, segments and satisfaction included, whatever the size of a slice."""
    monkeypatch.setattr(eventlog, "SLICE", size)
    scenario = load(str(Path(__file__).parents[1] / "scenarios" / "first.toml"))
    lived = simulate(build(scenario, next(iter(scenario.strategies))), customers=150)
    with EventLog(tmp_path) as log:
        log(lived)
        log.write(tmp_path)

    def read(name: str) -> dict[str, Any]:
        query = duckdb.connect().execute("SELECT * FROM read_parquet($p)", {"p": str(tmp_path / f"{name}.parquet")})
        names = [column for column, *_ in query.description]
        return dict(zip(names, map(list, zip(*query.fetchall(), strict=True)), strict=True))

    order, events, customers = lived.by_time(), lived.events, lived.customers
    who = lived.who[order]
    names, sources = np.array([*lived.stages, None], dtype=object), np.array(["arrival", "referral"])
    segments = np.array(lived.segments)
    assert read("events") == {
        "strategy": [lived.strategy] * order.size,
        "replication": [0] * order.size,
        "customer": events.customer[order].tolist(),
        "sequence": events.sequence[order].tolist(),
        "stage": names[events.stage[order]].tolist(),
        "from_stage": names[lived.from_stage[order]].tolist(),
        "time": events.time[order].tolist(),
        "segment": segments[customers.segment[who]].tolist(),
        "source": sources[customers.source[who]].tolist(),
    }
    assert (customers.source == 1).any()
    assert read("customers") == {
        "strategy": [lived.strategy] * customers.customer.size,
        "replication": [0] * customers.customer.size,
        "customer": customers.customer.tolist(),
        "arrived": customers.arrived.tolist(),
        "segment": segments[customers.segment].tolist(),
        "source": sources[customers.source].tolist(),
        "inviter": [None if one < 0 else one for one in customers.inviter.tolist()],
        "root": customers.root.tolist(),
        "frailty": customers.frailty.tolist(),
        "satisfaction": customers.satisfaction.tolist(),
        "expectation": customers.expectation.tolist(),
    }
