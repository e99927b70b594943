"""What results show of themselves at a prompt: what they are of, and the answer, in a line."""

from collections.abc import Callable
from typing import Any

import pytest

import sojourn as sj
from sojourn.eventlog import EventLog
from sojourn.scenarios.brief import LONGEST, brief, listed

from .conftest import COFFEE, ROOT

MAP = ROOT / "docs" / "examples" / "map.toml"
SMALL: dict[str, Any] = {"customers": 100, "replications": 2}


@pytest.fixture(scope="module")
def scenario() -> sj.Scenario:
    return sj.load(COFFEE)


@pytest.fixture(scope="module")
def first() -> sj.Scenario:
    return sj.load(ROOT / "docs" / "examples" / "first.toml")


def short(found: object) -> str:
    told = repr(found)
    assert len(told) <= LONGEST
    assert "\n" not in told
    assert told.startswith(f"<{type(found).__name__}: ")
    return told


def test_a_run_shows_its_strategies_and_a_comparison_its_verdict(scenario: sj.Scenario) -> None:
    found = sj.compare(scenario, ["today", "call_everybody"], **SMALL)
    told = short(found)
    assert "coffee; today, call_everybody; 2 replications" in told
    assert found.verdict.sentence.removesuffix(".") in told
    run = sj.run(scenario, **SMALL, keep=True)
    mean = run.outcomes["today"].measures["profit"].mean
    assert mean is not None
    told = short(run)
    assert "coffee; today, call_everybody, cheaper_renewals; 2 replications; seed 1" in told
    assert f"Mean profit: today {mean:,.4g}, call_everybody" in told
    assert "coffee; today; 2 replications" in short(run.outcomes["today"])
    assert "today; replication 0; 1" in short(run.outcomes["today"].journeys[0])
    assert "coffee; " in short(scenario)
    assert "5 stages" in short(scenario)
    assert str(scenario) == repr(scenario)


@pytest.mark.parametrize(
    "asked",
    [
        lambda s: sj.sensitivity(s, ["today", "perks_for_premium"], **SMALL),
        lambda s: sj.twins(s, ["today", "perks_for_premium"], **SMALL),
        lambda s: sj.commitment(s, strategies=["today"], customers=200, replications=1),
        lambda s: sj.worth(s, ["today", "perks_for_premium"], customers=100, draws=20),
    ],
    ids=["sensitivity", "twins", "commitment", "worth"],
)
def test_what_has_a_sentence_shows_it(first: sj.Scenario, asked: Callable[[sj.Scenario], Any]) -> None:
    found = asked(first)
    told = short(found)
    assert told.startswith(f"<{type(found).__name__}: {first.about.name}; today")
    assert found.sentence[:40] in told


def test_what_comes_of_a_log(scenario: sj.Scenario, tmp_path: Any) -> None:
    with EventLog(tmp_path) as log:
        sj.run(scenario, "today", customers=400, replications=1, sink=log)
        log.close()
    events = tmp_path / "events.parquet"
    read = sj.read_log(events, MAP)
    assert f"{read.counts['customers']} customers; {read.counts['stays']:,} stays" in short(read)
    fitted = sj.fit(read)
    assert "customers; " in short(fitted)
    assert f"{read.counts['customers']} customers" in short(sj.calibrate(events, MAP, holdout=0.0, draws=0))
    ahead = sj.forecast(fitted.scenario(), read, days=30, draws=20, replications=1, despite_drift="whole")
    assert ahead.sentence[:40] in short(ahead)
    checked = sj.check(read, replications=2)
    assert checked.sentence.removesuffix(".") in short(checked)
    verdict = sj.validate_fit(events, MAP, replications=19)
    assert verdict.sentence.removesuffix(".") in short(verdict)


def test_long_answers_are_cut_and_long_lists_counted() -> None:
    told = brief(3, "a", "", "b", answer="x" * 1000)
    assert told.startswith("<int: a; b. xxx")
    assert told.endswith("x...>")
    assert len(told) == LONGEST
    assert listed([str(k) for k in range(9)]) == "0, 1, 2, 3, 4, 5 and 3 more"
