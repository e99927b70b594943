"""Covariates with cells that are no numbers, without values, of one value, or with values that come too late."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from sojourn.calibration import logs
from sojourn.calibration.cells import read_cells
from sojourn.calibration.mapping import read_mapping
from sojourn.scenarios.faults import Faults

MAPPING = """customer = "who"
time = "when"
event = "what"
observed_until = 99
[stages]
a = ["a"]
b = ["b"]
[covariates]
age = {}
"""
Cell = Callable[[int], object]


def read(folder: Path, first: Cell, last: Cell, column: str = '"age"') -> logs.Log:
    """100 customers who move on after a day; of each what stands on the first of its rows and on the last."""

    def rows() -> Iterator[str]:
        for k in range(100):
            yield f"{k},{k / 10},a,{first(k)}"
            yield f"{k},{k / 10 + 1},b,{last(k)}"

    path = folder / "log.csv"
    path.write_text("who,when,what,age\n" + "\n".join(rows()) + "\n")
    return logs.read(path, read_mapping(MAPPING.format(column), "map.toml"))


def told(log: logs.Log) -> list[str]:
    return [note for note in log.notes if "Covariate" in note]


def refused(folder: Path, first: Cell, last: Cell) -> str:
    with pytest.raises(Faults) as caught:
        read(folder, first, last)
    return str(caught.value)


@pytest.mark.parametrize("word", ["n/a", "NA", "null", "NaN", "-"])
@pytest.mark.parametrize("few", [3, 100])
def test_the_usual_words_for_nothing_are_empty_among_numbers(tmp_path: Path, word: str, few: int) -> None:
    """Also where so few numbers differ that they could be words."""

    def cell(k: int) -> object:
        return word if k == 7 else k % few

    log = read(tmp_path, cell, cell)
    (age,) = log.covariates
    assert age.words == ()
    values = age.values[log.stays.stage == 0]
    names = [int(name) for name in log.customers.tolist()]
    np.testing.assert_array_equal(values, [np.nan if k == 7 else k % few for k in names])
    assert told(log) == [
        f'Covariate age: 2 cells say "{word}" or the like, and count as empty.',
        "Covariate age: 1 of 100 customers has no value and is taken with the mean of the others.",
    ]


@pytest.mark.parametrize("few", [3, 100])
@pytest.mark.parametrize("word", ["inf", "x", "4O"])
def test_a_cell_that_is_no_number_is_named(tmp_path: Path, few: int, word: str) -> None:
    said = refused(tmp_path, lambda k: word if k == 7 else k % few, lambda k: k % few)
    assert f'log.csv: column age: 1 cell is no number, beside 199 others: "{word}" (data row 15); mend' in said
    said = refused(tmp_path, lambda k: k, lambda k: f'"{k},5"' if k > 50 else k)
    assert '49 cells are no numbers, beside 151 others: "51,5" (data row 104), "52,5" (data row 106)' in said
    assert "and 46 more; write numbers with a decimal point" in said


def test_words_stay_words() -> None:
    """Sizes of households, the largest in words: every tenth cell is a category, no mistake."""
    cells = read_cells(np.array([*"123412341", "5+"] * 30, dtype=object))
    assert "5+" in cells.words
    assert (len(cells.words), cells.odd.size) == (5, 0)
    assert read_cells(np.array(["none", "web", "shop", "none"], dtype=object)).words == ("none", "shop", "web")
    assert read_cells(np.array([], dtype=object)).value.size == 0


def test_decimal_commas_are_not_too_many_words(tmp_path: Path) -> None:
    assert "write numbers with a decimal point" in refused(tmp_path, lambda k: f'"{k},5"', lambda k: f'"{k},5"')
    assert "group them into at most 20" in refused(tmp_path, lambda k: f"w{k}", lambda k: f"w{k}")


def test_values_that_are_missing_are_counted(tmp_path: Path) -> None:
    few = told(read(tmp_path, lambda k: k if k >= 9 else "", lambda k: ""))
    assert few == ["Covariate age: 9 of 100 customers have no value and are taken with the mean of the others."]
    (many,) = told(read(tmp_path, lambda k: "yes" if k % 2 else "no" if k % 4 else "", lambda k: ""))
    assert many.startswith(
        "Covariate age: 25 of 100 customers have no value and are taken with the most frequent word. "
    )
    assert "These are many" in many
    (stays,) = told(read(tmp_path, lambda k: "", lambda k: k, '{ column = "age", per = "stay" }'))
    assert stays.startswith("Covariate age: 100 of 200 stays have no value")
    assert told(read(tmp_path, lambda k: k, lambda k: "")) == []


def test_a_value_of_all_is_told(tmp_path: Path) -> None:
    assert told(read(tmp_path, lambda k: 5, lambda k: 5)) == ["Covariate age is 5 for all customers: it has no effect."]
    notes = told(read(tmp_path, lambda k: "x" if k else "", lambda k: ""))
    assert notes[-1] == 'Covariate age is "x" for all customers that have a value: it has no effect.'


def test_a_value_that_comes_with_the_exit_does_not_explain_it(tmp_path: Path) -> None:
    said = refused(tmp_path, lambda k: "", lambda k: k if k < 60 else "")
    assert "covariates.age: of 60 finished stays whose customer has a value, 60 have it only on a row" in said
    assert "first row" in said
    notes = told(read(tmp_path, lambda k: k if k >= 40 else "", lambda k: k))  # 40 of 100: less than half
    assert notes == [
        "Covariate age: 40 of 100 finished stays have a value only from a row at or after their end; what is known only then may "
        "tell of the exit more than explain it."
    ]
