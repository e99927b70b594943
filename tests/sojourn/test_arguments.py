"""What public functions are given in Python: the wrong kind of thing is told with its place, value and remedy."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import sojourn as sj

from .conftest import COFFEE, ROOT

MAP = ROOT / "docs" / "examples" / "map.toml"
PUBLIC = {name: getattr(sj, name) for name in sj.__all__ if inspect.isfunction(getattr(sj, name))}
ON_SCENARIOS = [name for name, one in PUBLIC.items() if next(iter(inspect.signature(one).parameters), "") == "scenario"]
SMALL: dict[str, Any] = {"customers": 50, "replications": 2}


@pytest.fixture(scope="module")
def scenario() -> sj.Scenario:
    return sj.load(COFFEE)


def told(call: Callable[[], object]) -> list[str]:
    with pytest.raises(sj.Faults) as caught:
        call()
    return str(caught.value).split("\n")


def test_every_public_function_that_takes_something_looks_at_it() -> None:
    assert len(ON_SCENARIOS) > 10
    for name, function in PUBLIC.items():
        assert name == "library" or hasattr(function, "__wrapped__"), name


@pytest.mark.parametrize("name", ON_SCENARIOS)
@pytest.mark.parametrize("given", ["point-of-no-return", Path("a.toml"), None, 3])
def test_what_is_no_scenario_is_refused(name: str, given: object) -> None:
    further = ["log.csv"] if name == "forecast" else []
    first = told(lambda: PUBLIC[name](given, *further))[0]
    value = f'"{given}"' if isinstance(given, str) else "a PosixPath" if isinstance(given, Path) else str(given)
    remedy = f'load it first: sj.load("{given}")' if isinstance(given, str | Path) else "give what sj.load returns"
    assert first == f"{name}: scenario: {value} is not a Scenario; {remedy}"


def test_all_that_is_wrong_comes_at_once_with_values_and_remedies(scenario: sj.Scenario) -> None:
    wrong: dict[str, Any] = {"customers": 100.0, "replications": "100", "seed": "a", "settle": True}
    assert told(lambda: sj.compare(scenario, **wrong)) == [
        "compare: settle: True is not a Settling; give sj.Settling()",
        "compare: customers: 100.0 is not a whole number; write 100",
        'compare: replications: "100" is not a whole number; write 100, without quotes',
        'compare: seed: "a" is not a whole number; give a whole number',
    ]
    refused: dict[str, Any] = {"budget": "much", "at_least": 3, "schedules": 1, "progress": 1, "customers": True}
    assert told(lambda: sj.optimise(scenario, **refused)) == [
        'optimise: budget: "much" is not a number; give a number',
        "optimise: at_least: 3 is not a dict; give a dict",
        "optimise: schedules: 1 is not True or False; give True or False",
        "optimise: customers: True is not a whole number; give a whole number",
        "optimise: progress: 1 is not a function; give a function",
    ]
    pairs: dict[str, Any] = {"budget": 3, "willingness": ("satisfaction", 1)}
    assert [line.split(" is ")[0] for line in told(lambda: sj.worth(scenario, **pairs))] == [
        "worth: willingness: a list of 2 items",
        "worth: budget: 3",
    ]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: sj.load(None), "load: source: None is not a text or a path; give a text or a path"),  # type: ignore[arg-type]
        (lambda: sj.loads(b"x"), "loads: text: a bytes is not a text; give a text"),  # type: ignore[arg-type]
        (
            lambda: sj.read_log("log.csv", {"customer": "client"}),  # type: ignore[arg-type]
            "read_log: mapping: a table with 1 key is not a text or a path or a Mapping; "
            'give the path of a mapping file, such as "map.toml"',
        ),
        (
            lambda: sj.calibrate(pd.Series([1, 2], name="day"), MAP),
            'the log: "Series" is neither a path nor a table; give a path, or a table of pandas, polars or Arrow',
        ),
        (
            lambda: sj.fit(pd.DataFrame({"day": [1]})),
            "fit: log: a DataFrame is not a Log; give sj.read_log(log, mapping)",
        ),
    ],
)
def test_files_and_logs(call: Callable[[], object], said: str) -> None:
    assert told(call) == [said]


@pytest.mark.parametrize("given", [1e300, float("nan"), float("inf"), "9" * 5000, " ", [], b"3", 3 + 0j])
def test_whatever_is_no_count_gets_a_sentence(given: Any, scenario: sj.Scenario) -> None:
    (line,) = told(lambda: sj.run(scenario, customers=given))
    assert line.startswith("run: customers: ")
    assert line.endswith(" is not a whole number; give a whole number")
    assert len(line) < 160


def test_numbers_of_numpy_are_numbers(scenario: sj.Scenario) -> None:
    plain = sj.run(scenario, "today", seed=3, **SMALL)
    of_numpy = sj.run(scenario, "today", seed=np.uint32(3), customers=np.int64(50), replications=np.int16(2))  # type: ignore[arg-type]
    assert of_numpy.document() == plain.document()
    assert type(of_numpy.customers) is type(of_numpy.seed) is int


def test_one_text_is_one_name(scenario: sj.Scenario) -> None:
    assert list(sj.run(scenario, "today", **SMALL).outcomes) == ["today"]
    assert told(lambda: sj.compare(scenario, "today", **SMALL)) == [
        "coffee: strategies: a comparison needs at least two strategies; "
        "name two of: today, call_everybody, cheaper_renewals"
    ]
    assert 'no strategy named "nobody"' in told(lambda: sj.compare(scenario, "nobody", **SMALL))[0]
    names = np.array(["today", "call_everybody"])
    assert list(sj.compare(scenario, names, **SMALL).result.outcomes) == ["today", "call_everybody"]  # type: ignore[arg-type]


def test_an_argument_that_there_is_not_stays_an_error_of_the_caller(scenario: sj.Scenario) -> None:
    with pytest.raises(TypeError, match="custmers"):
        sj.compare(scenario, custmers=3)
