"""Tables of pandas and Arrow: what their types mean is kept, or they are refused with a remedy."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from sojourn.calibration import logs
from sojourn.calibration.mapping import read_mapping
from sojourn.scenarios.faults import Faults

pytest.importorskip("pandas")
import pandas as pd

MAPPING = read_mapping('customer = "who"\ntime = "when"\nevent = "what"\n[stages]\na = ["a"]\nb = ["b"]\n')


@pytest.fixture
def table() -> pd.DataFrame:
    """200 customers who wait 90 days."""
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(200), unit="D")
    ahead = pd.DataFrame({"who": range(200), "when": start, "what": "a"})
    after = pd.DataFrame({"who": range(200), "when": start + pd.Timedelta(days=90), "what": "b"})
    return pd.concat([ahead, after], ignore_index=True)


def waited(table: object) -> float:
    """Mean days in `a`."""
    found = logs.read(table, MAPPING)
    return float(found.stays.days[found.stays.stage == 0].mean())


@pytest.mark.parametrize(("unit", "off"), [("D", 0.0), ("W", 3.0), ("M", 2.0), ("Q", 2.0)])
def test_periods_begin_when_they_begin(table: pd.DataFrame, unit: str, off: float) -> None:
    """Their numbers count months or quarters since 1970: taken for days, 90 days would be 3, or 1."""
    told = table.assign(when=table.when.dt.to_period(unit))
    assert waited(told) == pytest.approx(90.0, abs=off + 1e-9)
    told.loc[3, "when"] = pd.NaT
    with pytest.raises(Faults, match="1 row without a time, first in data row 4"):
        waited(told)


def test_periods_that_are_numbers_by_now_are_refused(table: pd.DataFrame, tmp_path: Path) -> None:
    told = table.assign(when=table.when.dt.to_period("M"))
    file = tmp_path / "log.parquet"
    told.to_parquet(file)
    for log in (pa.Table.from_pandas(told), file):
        with pytest.raises(Faults, match=r"column when: holds periods of pandas.*dt\.start_time"):
            waited(log)
    assert waited(pa.Table.from_pandas(table)) == pytest.approx(90.0)


def test_a_named_index_is_a_column(table: pd.DataFrame) -> None:
    assert waited(table.set_index("who")) == pytest.approx(90.0)
    assert waited(table.set_index(["who", "when"])) == pytest.approx(90.0)
    assert waited(table.set_index(table.who)) == pytest.approx(90.0)  # it is there already


def test_categories_are_their_words(table: pd.DataFrame) -> None:
    told = table.assign(what=pd.Categorical(table.what, categories=["b", "x", "a"], ordered=True))
    assert waited(told.astype({"who": "category"})) == pytest.approx(90.0)


def test_spans_of_time_are_no_times(table: pd.DataFrame) -> None:
    with pytest.raises(Faults, match="400 rows with a time that is neither a date, a time nor a number of days"):
        waited(table.assign(when=table.when - table.when.min()))


@pytest.mark.parametrize("arrow", [False, True])
def test_columns_of_one_name_are_told(table: pd.DataFrame, arrow: bool) -> None:
    twice: object = pd.concat([table, table[["what"]]], axis=1)
    if arrow:
        whole = pa.Table.from_pandas(table)
        twice = whole.append_column("what", whole["what"])
    with pytest.raises(Faults, match='2 columns are named "what"; give each its own name'):
        waited(twice)
