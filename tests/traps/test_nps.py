"""Trap 8: the Net Promoter Score as a driver. It is what customers answer, and nothing follows from it."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from sojourn.scenarios.conditions import NAMES, ConditionError, parse
from sojourn.scenarios.files import library, overlay
from sojourn.scenarios.levers import FITTING
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.schema import json_schema
from sojourn.sim.network import build
from sojourn.sim.run import run, simulate


@pytest.mark.parametrize("name", library())
def test_trap_8_another_score_changes_no_event(name: str, same: Any) -> None:
    """Naive: ten points more NPS, so many more sales. Right: with other answers to the same satisfaction all journeys are the
    same to the bit, money and all, and only the score differs.
    """
    file = tomllib.loads(library()[name].read_text(encoding="utf-8"))
    answers = {"mean": 3.0, "per_10_points": -2.0, "sd": 0.5}
    before, after = overlay(file, {}), overlay(file, {"satisfaction.nps": answers})
    for strategy in before.strategies:
        one, other = (simulate(build(scenario, strategy), customers=2000) for scenario in (before, after))
        assert one.events.time.size > 2000
        assert same(one, other)
    scores = differing(before, after)
    assert "nps" in scores
    assert {score.rpartition(".")[2] for score in scores} <= {
        "nps",
        "true_nps",
        "nps_bias",
    }  # what surveys measure of it, too


@pytest.mark.parametrize("name", library())
def test_trap_8_satisfaction_is_what_acts(name: str) -> None:
    """The other way round the score follows: where satisfaction acts otherwise, people do, and the score is another one."""
    file = tomllib.loads(library()[name].read_text(encoding="utf-8"))
    scales = ("log_odds", "hazard_ratio")
    effects = [{"exit": effect["exit"], **{scale: 3.0 for scale in scales if scale in effect}}
               for effect in file["satisfaction"]["effects"]]  # fmt: skip
    assert {"nps", "satisfaction", "profit"} <= differing(
        overlay(file, {}), overlay(file, {"satisfaction.effects": effects})
    )


def differing(one: Scenario, other: Scenario) -> set[str]:
    """The measures in which two scenarios differ under their first strategy."""
    first = next(iter(one.strategies))
    told, retold = (
        run(scenario, first, customers=4000, replications=2).outcomes[first].measures for scenario in (one, other)
    )
    return {measure for measure in told if told[measure] != retold[measure]}


def test_trap_8_no_key_lets_anything_depend_on_the_score() -> None:
    """Of all keys of the format only satisfaction.nps names the score, and its own keys are those of the answer."""
    assert [path for path in keys(json_schema()) if "nps" in path[-1].lower()] == [("Satisfaction", "nps")]
    schema = json_schema()["$defs"]["Nps"]["properties"]
    assert {*schema} == {"mean", "per_10_points", "sd"}
    assert not [
        name for name in (*FITTING, *(scale for scales in FITTING.values() for scale in scales)) if "nps" in name
    ]


def test_trap_8_no_condition_asks_for_the_score() -> None:
    assert "nps" not in NAMES
    for text in ("nps >= 50", "NPS > 8", "promoter == yes"):
        with pytest.raises(ConditionError):
            parse(text)


def keys(schema: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield (part, key) for all keys of the format."""
    for part, content in {**schema["$defs"], "Scenario": schema}.items():
        for key in content.get("properties", {}):
            yield part, key
