"""Logs of very many stays: what is looked at on some of them says what it would say of all."""

import math
import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from sojourn.calibration import differences, logs, sources
from sojourn.calibration.alike import distinct
from sojourn.calibration.fit import fit
from sojourn.calibration.mapping import read_mapping
from sojourn.calibration.names import Names
from sojourn.calibration.spells import COARSE, gathered

MAPPING = (
    'customer = "who"\ntime = "when"\nevent = "what"\nobserved_until = {until}\nrepeats = "new stay"\n'
    '[stages]\na = "a"\nb = "b"\n[ends]\ne = "e"\n'
)


def table(customers: int, until: float, speeds: bool) -> Any:
    """Customers who go from a to b and back, some faster than others, or all alike; as an Arrow table."""
    rng = np.random.default_rng(5)
    speed = rng.gamma(2.0, 0.5, customers) if speeds else np.ones(customers)
    who, when, what = [], [], []
    time = rng.uniform(0.0, 30.0, customers)
    for step in range(6):
        seen = time < until
        who.append(np.arange(customers)[seen])
        when.append(time[seen])
        what.append(np.full(int(seen.sum()), "ab"[step % 2]))
        time = time + rng.exponential(8.0, customers) / speed
    import pyarrow as pa

    return pa.table({"who": np.concatenate(who), "when": np.concatenate(when), "what": np.concatenate(what)})


def test_binned_durations_keep_their_number_and_sum() -> None:
    days = np.random.default_rng(3).weibull(0.8, 50_000) * 20.0
    times, weights = gathered(days, 3e-3)
    assert weights.sum() == days.size
    assert times @ weights == pytest.approx(days.sum(), rel=1e-12)
    assert np.all(np.diff(times) > 0.0)
    # Each mean lies in a bin no wider than asked: no duration is farther from it than that.
    place = np.searchsorted(times, days)
    near = np.minimum(
        np.abs(days / times[np.clip(place, 0, times.size - 1)] - 1.0),
        np.abs(days / times[np.maximum(place - 1, 0)] - 1.0),
    )
    assert near.max() <= 3e-3 * 1.01


def test_cells_of_stays_are_those_of_sorting() -> None:
    rng = np.random.default_rng(1)
    days, kind = rng.exponential(3.0, 20_000), rng.integers(0, 3, 20_000)
    days[:50] = 0.0
    rows, place = distinct(days, kind)
    width = np.full(days.size, -1)
    width[days > 0.0] = np.floor(np.log(days[days > 0.0]) / COARSE).astype(np.int64)
    cell = kind + (width - width.min()) * (kind.max() + 2)
    _, expected, inverse = np.unique(cell, return_index=True, return_inverse=True)
    np.testing.assert_array_equal(rows, expected)
    np.testing.assert_array_equal(place, inverse)


def test_what_customers_differ_in_shows_on_some_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a gamma of variance 1/2 and thousands of stays it is seen either way, and the estimates agree within 4 errors."""
    log = logs.read(table(4_000, 60.0, True), read_mapping(MAPPING.format(until=60)))
    whole = fit(log).stages["a"].differ.speeds["b"]
    monkeypatch.setattr(differences, "MANY", 3_000)
    thinned = fit(log)
    some = thinned.stages["a"].differ.speeds["b"]
    error = math.log(some.shape.high / some.shape.low) / (2.0 * 1.645)
    assert abs(math.log(some.shape.central / whole.shape.central)) < 4.0 * error
    assert any("is told from" in note for note in thinned.notes)
    assert thinned.stages["a"].exits["b"].complete == int(np.sum(log.stays.following == 1))


def test_alike_customers_stay_alike_on_some_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(differences, "MANY", 3_000)
    log = logs.read(table(3_000, 60.0, False), read_mapping(MAPPING.format(until=60)))
    found = fit(log)
    assert not found.stages["a"].differ.speeds
    assert not any("is told from" in note for note in found.notes)


def test_names_are_texts_with_places() -> None:
    names = Names(["b", "a", "b", "ü"])
    assert names[1] == "a"
    assert names[np.array([3, 0])].tolist() == ["ü", "b"]
    assert names[np.array([True, False, False, True])].tolist() == ["b", "ü"]
    assert names[1:3].tolist() == ["a", "b"]
    unique, place = names.distinct()
    expected, inverse = np.unique(names.astype(str), return_inverse=True)
    assert unique == expected.tolist()
    assert place.tolist() == inverse.tolist()
    assert np.asarray(names).tolist() == list(names)


def test_python_holds_stays_and_not_the_log(tmp_path: Path) -> None:
    """A log of 200,000 rows with long texts: what reading it leaves in Python is stays of 28 bytes, and names."""
    path = tmp_path / "long.parquet"
    duckdb.execute(
        f"""COPY (SELECT 'customer-' || (k // 4) AS who, k * 0.001 AS "when", ['a', 'b', 'a', 'e'][k % 4 + 1] AS what,
        repeat('x', 500) AS note FROM range(200000) t(k)) TO '{path}'"""
    )
    mapping = read_mapping(MAPPING.format(until=300))
    logs.read(path, mapping)  # modules that a first reading loads stay too
    tracemalloc.start()
    log = logs.read(path, mapping)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    columns = sum(column.nbytes for column in log.stays[:5])
    assert log.counts["rows read"] == 200_000
    assert columns == 28 * log.stays.stage.size
    assert kept < 2.5 * columns


def test_a_log_larger_than_memory_is_sorted_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows alone take some 150 MB; with 100 MB DuckDB gives the same stays, and leaves nothing behind on disk."""
    path = tmp_path / "wide.parquet"
    duckdb.execute(
        f"""COPY (SELECT 'a long name of customer ' || ((k // 3) * 7919 % 100000) || repeat('x', 160) AS who,
        (k % 3) + (k // 3) * 1e-3 AS "when", ['a', 'b', 'e'][k % 3 + 1] AS what FROM range(300000) t(k)
        ORDER BY hash(k)) TO '{path}'"""
    )
    mapping = read_mapping(MAPPING.format(until=300))
    whole = logs.read(path, mapping)
    monkeypatch.setattr(sources, "MEMORY", "100MB")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "spill"))
    (tmp_path / "spill").mkdir()
    small = logs.read(path, mapping)
    for one, other in zip(small.stays, whole.stays, strict=True):
        np.testing.assert_array_equal(one, other)
    assert list((tmp_path / "spill").iterdir()) == []
