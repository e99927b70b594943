"""Numbers of a size that is seldom meant: percent for shares, shares for points, conditions that tell nobody apart."""

from pathlib import Path

import pytest

from sojourn.scenarios.check_sizes import doubtful
from sojourn.scenarios.checks import warnings
from sojourn.scenarios.conditions import Name, parse
from sojourn.scenarios.files import inspect, library, loads

COFFEE = (Path(__file__).parents[2] / "docs" / "examples" / "coffee.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("log_odds = { central = 0.3, low = 0.1, high = 0.5 }", "log_odds = 35",
         "levers.welcome_call.effects[0].log_odds: log-odds of 35 make a chance of 50 % into 100 %; write 0.35 if 35 hundredths "
         "are meant; most effects are between -1 and 1"),
        ("log_odds = 0.25", "log_odds = -6",
         "satisfaction.effects[0].log_odds: log-odds of -6 make a chance of 50 % into 0.247 %; write -0.06 if"),
        ("hazard_ratio = 0.7", "hazard_ratio = 30",
         "levers.loyalty_price.effects[0].hazard_ratio: a ratio of 30 means 30 times as much; write 1.3 for 30 % more, 0.7 for "
         "30 % less"),
        ("rate_ratio = 0.9", "rate_ratio = 0.04",
         "levers.loyalty_price.effects[1].rate_ratio: a ratio of 0.04 means 96 % less; write 1.04 for 4 % more, 0.96 for 4 % "),
        ("rate_ratio = 0.9", "rate_ratio = 900", "effects[1].rate_ratio: a ratio of 900 means 900 times as much; 1 means no"),
        ("performance = 74", "performance = 0.74",
         "stages.trial.touchpoint.performance: a performance of 0.74 is next to nothing: points go from 0 to 100; write 74 if"),
        ("expectation = { mean = 70", "expectation = { mean = 0.7", "satisfaction.expectation.mean: an expectation of 0.7 is"),
        ('exit = "trial -> subscribed", log_odds = { central = 0.3, low = 0.1, high = 0.5 }',
         'touchpoint = "trial", points = 0.08',
         "points: moves perceived performance, which goes from 0 to 100, by 0.08 of a point; write 8 if 8 points are meant"),
        ("welcome_call = 1.0", 'welcome_call = { level = 0.8, when = "satisfaction > 0.8" }',
         "strategies.call_everybody.welcome_call.when: compares satisfaction, which goes from 0 to 100, with 0.8; write 80 if"),
        ("welcome_call = 1.0", 'welcome_call = { level = 0.8, when = "satisfaction > 50 and purchases < 0" }',
         "welcome_call.when: purchases goes from 0 up, so comparing it with 0 as here holds for nobody; mend the number"),
    ],
)  # fmt: skip
def test_a_slip_is_told_in_one_line(old: str, new: str, told: str) -> None:
    assert old in COFFEE
    (doubt,) = warnings(loads(COFFEE.replace(old, new)), "c.toml")
    assert told in str(doubt)


@pytest.mark.parametrize("scale", ["log_odds = 4.9", "log_odds = -4.9"])
def test_strong_effects_are_not_doubted(scale: str) -> None:
    assert not warnings(loads(COFFEE.replace("log_odds = 0.25", scale)))


@pytest.mark.parametrize("ratio", ["0.05", "20"])
def test_strong_ratios_are_not_doubted(ratio: str) -> None:
    assert not warnings(loads(COFFEE.replace("hazard_ratio = 0.7", f"hazard_ratio = {ratio}")))


def test_no_shipped_scenario_is_doubted() -> None:
    examples = (Path(__file__).parents[2] / "docs" / "examples").glob("*.toml")
    scenarios = [path for path in examples if "[arrivals]" in path.read_text("utf-8")]
    assert len(scenarios) >= 3
    for path in [*scenarios, *library().values()]:
        assert not inspect(path).warnings, path


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("satisfaction > 100", "nobody"), ("satisfaction >= 100", None), ("satisfaction <= 100", "everybody"),
        ("satisfaction < 100", None), ("satisfaction >= 0", "everybody"), ("satisfaction > 0", None),
        ("satisfaction < 0", "nobody"), ("satisfaction <= 0", None), ("satisfaction == 101", "nobody"),
        ("satisfaction != 101", "everybody"), ("satisfaction > -5", "everybody"), ("satisfaction <= -5", "nobody"),
        ("purchases == 1.5", "nobody"), ("purchases != 1.5", "everybody"), ("purchases == 0", None),
        ("failures >= 0", "everybody"), ("spend > 0", None), ("information > 60", "nobody"), ("value > 0", None),
        ("information >= 1", None), ("100 < satisfaction", "nobody"),
    ],
)  # fmt: skip
def test_comparisons_that_always_or_never_hold(text: str, holds: str | None) -> None:
    ((op, name, value),) = parse(text).comparisons
    assert isinstance(value, float)
    doubt = doubtful(Name(name), op, value)
    assert (doubt is None) if holds is None else (doubt is not None and f"holds for {holds}" in doubt[0])
