"""Draws of calibrated numbers beside their scenario: what is written is read, and edits by hand are seen."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from sojourn.scenarios import companion, companion_line
from sojourn.scenarios.companion import Companion
from sojourn.scenarios.faults import Faults

MEAN = ("stages", "loyalty", "race", "churned", "mean")
INSIDE = ("segments", "premium", "override", "stages.loyalty.race.churned", "mean")
DAYS = ("stages", "trial", "race", "gone", "days")


def some() -> Companion:
    generator = np.random.default_rng(7)
    means = tuple(float(one) for one in generator.lognormal(5.0, 0.1, 40))
    lists = tuple((0.0, float(one), 30.0) for one in generator.uniform(3.0, 5.0, 40))
    return Companion({MEAN: 200.1, INSIDE: 0.1, DAYS: (0.0, 4.0, 30.0)}, {MEAN: means, INSIDE: means, DAYS: lists})


def document() -> dict[str, object]:
    return {
        "stages": {
            "loyalty": {"race": {"churned": {"law": "exponential", "mean": 200.1}}},
            "trial": {"race": {"gone": {"law": "empirical", "share": [0, 0.5, 0.9], "days": [0, 4, 30]}}},
        },
        "segments": {"premium": {"override": {"stages.loyalty.race.churned": {"law": "exponential", "mean": 0.1}}}},
    }


def test_what_is_written_is_read_to_the_last_bit(tmp_path: Path) -> None:
    path = companion.beside(tmp_path / "my.journey.toml")
    assert path.name == "my.journey.draws.parquet"
    assert companion.read(path) is None
    companion.write(path, some())
    assert companion.read(path) == some()
    assert some().count == 40
    before = path.read_bytes()
    companion.write(path, some())
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_a_number_edited_by_hand_is_no_longer_drawn() -> None:
    assert some().untouched(document()) == some()
    edited = document()
    edited["stages"]["loyalty"]["race"]["churned"]["mean"] = 180.0  # type: ignore[index]
    assert set(some().untouched(edited).draws) == {INSIDE, DAYS}
    assert set(some().untouched({"stages": {}}).draws) == set()


@pytest.mark.parametrize(
    "broken", ["text", "other table", "future", "not finite", "no place", "one column short", "no row"]
)
def test_what_is_no_companion_is_refused_with_a_remedy(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "journey.draws.parquet"
    companion.write(path, some())
    table = parquet.read_table(path)
    metadata = dict(table.schema.metadata)
    if broken == "text":
        path.write_text("no Parquet")
    elif broken == "other table":
        parquet.write_table(pa.table({"a": [1.0]}), path)
    elif broken == "future":
        parquet.write_table(table.replace_schema_metadata({**metadata, companion.VERSION: "2"}), path)
    elif broken == "not finite":
        parquet.write_table(table.set_column(0, table.column_names[0], pa.array([float("inf")] * 40)), path)
    elif broken == "no row":
        parquet.write_table(table.slice(0, 0), path)
    elif broken == "no place":
        centrals = json.dumps([["[{}]", 1.0]])
        parquet.write_table(table.replace_schema_metadata({**metadata, companion.CENTRALS: centrals}), path)
    else:
        parquet.write_table(table.drop_columns([table.column_names[0]]).replace_schema_metadata(metadata), path)
    with pytest.raises(Faults, match="calibrate again"):
        companion.read(path)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Faults, match="cannot be written"):
        companion.write(tmp_path / "nowhere" / "a.draws.parquet", some())


def test_the_comment_names_the_companion_of_its_own_file() -> None:
    head = "# Calibrated by Sojourn.\n"
    text = f"{head}{companion_line.line(some(), 'old.toml')}format = 1\n"
    assert text == f"{head}# 40 joint draws of its 5 calibrated numbers: old.draws.parquet\nformat = 1\n"
    assert companion_line.named(text) == "old.draws.parquet"
    fewer = some().without([MEAN, DAYS])
    assert fewer is not None
    new = companion_line.renamed(text, fewer, "folder/new.toml")
    assert new == f"{head}# 40 joint draws of its 1 calibrated number: new.draws.parquet\nformat = 1\n"
    assert companion_line.named(new) == "new.draws.parquet"
    assert companion_line.renamed(new, None, "new.toml") == f"{head}format = 1\n"
    assert companion_line.renamed("format = 1\n", some(), "new.toml") == "format = 1\n"
    assert companion_line.named("format = 1\n") is None
    assert some().without([MEAN, INSIDE, DAYS]) is None
