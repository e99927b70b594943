"""Results as columns: what a data frame takes, with the figures of the document."""

from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

import sojourn as sj
from sojourn.sim.columns import columns

from .conftest import COFFEE, ROOT

SMALL: dict[str, Any] = {"customers": 100, "replications": 2}


@pytest.fixture(scope="module")
def comparison() -> sj.Comparison:
    return sj.compare(sj.load(COFFEE), ["today", "call_everybody"], **SMALL)


@pytest.fixture(scope="module")
def first() -> sj.Scenario:
    return sj.load(ROOT / "docs" / "examples" / "first.toml")


def test_a_run_is_a_row_for_each_strategy_and_measure(comparison: sj.Comparison) -> None:
    table = comparison.result.table()
    assert list(table) == ["strategy", "measure", "mean", "low", "high"]
    frame = pd.DataFrame(table).set_index(["strategy", "measure"])
    told = comparison.result.document()["strategies"]
    assert len(frame) == sum(len(one["measures"]) for one in told.values())
    for strategy, one in told.items():
        for measure, figure in one["measures"].items():
            row = frame.loc[(strategy, measure)]
            assert {name: None if pd.isna(value) else value for name, value in row.items()} == figure
    assert frame.dtypes.tolist() == ["float64"] * 3
    assert pa.table(table).num_rows == len(frame)


def test_a_comparison_is_a_row_for_each_strategy_but_the_baseline(comparison: sj.Comparison) -> None:
    table = comparison.table()
    assert list(table) == ["strategy", "measure", "difference", "low", "high"]
    assert set(table["strategy"]) == {"call_everybody"}
    means = pd.DataFrame(comparison.result.table()).pivot(index="measure", columns="strategy", values="mean")
    apart = pd.Series(table["difference"], index=table["measure"])["profit"]
    assert apart == pytest.approx(means.loc["profit", "call_everybody"] - means.loc["profit", "today"])
    told = comparison.document()["differences"]["call_everybody - today"]["profit"]
    assert told == {"mean": apart, "low": table["low"][0], "high": table["high"][0]}


def test_worth_is_a_row_a_strategy(first: sj.Scenario) -> None:
    found = sj.worth(first, ["today", "perks_for_premium"], customers=100, draws=20)
    table = found.table()
    assert table["strategy"] == ["today", "perks_for_premium"]
    assert sum(table["chance"]) == pytest.approx(1.0)
    assert [*zip(table["benefit"], table["benefit_low"], table["benefit_high"], strict=True)] == [*found.means]
    assert [*zip(table["regret"], table["regret_low"], table["regret_high"], strict=True)] == [*found.regrets]


@pytest.mark.parametrize(
    ("method", "names"),
    [
        ("tornado", {"at_low", "at_high_high", "break_even", "break_even_low"}),
        ("morris", {"strength", "strength_low", "effect"}),
        ("sobol", {"first", "total", "total_high"}),
    ],
)
def test_sensitivity_is_a_row_a_number_the_most_telling_first(first: sj.Scenario, method: Any, names: set[str]) -> None:
    how: dict[str, Any] = {} if method == "tornado" else {"points": 2}
    found = sj.sensitivity(first, ["today", "perks_for_premium"], method=method, **how, **SMALL)
    table = found.table()
    assert {"path", "central", "low", "high"} | names <= set(table)
    told = found.document()["numbers"]
    assert table["path"] == [one["path"] for one in told]
    assert table["central"] == [one["central"] for one in told]
    if method == "tornado":
        assert table["break_even"] == [one["break_even"]["value"] for one in told]
    else:
        figure = "strength" if method == "morris" else "total"
        assert table[figure] == [one[figure]["mean"] for one in told]


def test_rows_must_have_a_cell_a_column() -> None:
    assert columns(("a", "b"), []) == {"a": [], "b": []}
    with pytest.raises(ValueError, match="2 cells: a, b"):
        columns(("a", "b"), [(1, 2), (3,)])
