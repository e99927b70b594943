"""Effects planted in a scenario, simulated, exported as a log, and measured again."""

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from sojourn.calibration.levers import LeverFit, measure_lever
from sojourn.calibration.mapping import load_mapping
from sojourn.eventlog import EventLog
from sojourn.scenarios.files import load, loads
from sojourn.scenarios.model import Scenario
from sojourn.sim.run import run

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
TRIALS = 40
# At 90 %, 36 of 40 intervals cover in the mean; fewer than 28 do once in 11,000 such tests; of six exits one does once in 1,900.
LEAST = 28
PLANTED = {
    "trial -> waiting": 0.0,
    "trial -> subscribed": 0.5,
    "waiting -> trial": 0.0,
    "waiting -> lapsed": 0.0,
    "subscribed -> subscribed": 0.0,
    "subscribed -> churned": math.log(0.7),
}


@pytest.fixture(scope="module")
def experiment() -> Scenario:
    return load(str(EXAMPLES / "experiment.toml"))


@pytest.fixture(scope="module")
def trials(experiment: Scenario, tmp_path_factory: Any) -> list[LeverFit]:
    """The experiment of the docs, 40 times with 1,000 customers, each read from a log of its own."""
    folder = tmp_path_factory.mktemp("trials")
    with EventLog(folder) as log:
        run(experiment, "trial", customers=1_000, replications=TRIALS, seed=4, workers=1, sink=log)
    return [
        measure_lever(path, "call", mapping=EXAMPLES / "experiment-map.toml", control="without", scenario=experiment)
        for path in logs(folder)
    ]


def logs(folder: Path) -> Iterator[Path]:
    """One log a replication."""
    connection = duckdb.connect()
    for k in range(TRIALS):
        path = folder / f"trial{k}.parquet"
        connection.execute(
            f"COPY (FROM read_parquet('{folder / 'events.parquet'}') WHERE replication = {k}) TO '{path}' (FORMAT parquet)"
        )
        yield path


def test_intervals_of_planted_effects_cover(trials: list[LeverFit]) -> None:
    covered: Counter[str] = Counter()
    scales: dict[str, str] = {}
    for trial in trials:
        for effect in trial.effects:
            low, high = effect.shift.interval()
            covered[effect.exit] += low <= PLANTED[effect.exit] <= high
            scales[effect.exit] = effect.scale
    assert set(covered) == set(PLANTED)
    page = (EXAMPLES.parent / "levers-from-experiments.md").read_text(encoding="utf-8")
    assert f"the planted effect {min(covered.values())} to {max(covered.values())} times" in page
    assert min(covered.values()) >= LEAST, covered
    assert {name for name, scale in scales.items() if scale == "log_odds"} == {
        "trial -> waiting",
        "trial -> subscribed",
    }


def test_effects_of_nothing_are_hardly_ever_clear_and_real_ones_mostly_are(trials: list[LeverFit]) -> None:
    clear: Counter[str] = Counter()
    for trial in trials:
        clear.update(effect.exit for effect in trial.effects if effect.shift.clear)
        named = [line for line in trial.text.splitlines() if "not distinguishable" in line]
        assert len(named) == sum(not effect.shift.clear for effect in trial.effects)
    assert all(clear[exit_] <= TRIALS - LEAST for exit_, shift in PLANTED.items() if shift == 0.0), clear
    assert clear["trial -> subscribed"] > 30
    assert clear["subscribed -> churned"] > 30


def test_checks_alarm_about_as_rarely_as_they_say(trials: list[LeverFit]) -> None:
    """Nothing is wrong with these experiments. Each makes some nine checks at 1 %: four alarms in 40 experiments, above 12
    once in 3,600 such tests."""
    assert sum(len(trial.warnings) for trial in trials) <= 12, [trial.warnings for trial in trials]


def test_doses_of_a_planted_curve_are_recovered(experiment: Scenario, tmp_path: Path) -> None:
    """One experiment with four doses: sizes within 3.3 standard errors (once in 500 such tests they are not), and the dose of
    90 % in its interval (one in ten is not: with the seed fixed here it is)."""
    text = (EXAMPLES / "experiment.toml").read_text(encoding="utf-8")
    head, _ = text.split("[strategies.trial]")
    head = head.replace("[levers.call]", "[levers.call]\nresponse = { half = 0.2, slope = 1.0 }")
    levels = {"none": 0.0, "some": 0.25, "more": 0.5, "all": 1.0}
    scenario = loads(head + "".join(f"[strategies.{name}]\ncall = {level}\n" for name, level in levels.items()))
    with EventLog(tmp_path) as log:
        for name in sorted(levels):
            run(scenario, name, customers=4_000, replications=len(levels), seed=9, workers=1, sink=log)
    # Strategies see the same customers; taking another replication of each makes them different people.
    chosen = " OR ".join(f"(strategy = '{name}' AND replication = {k})" for k, name in enumerate(levels))
    query = f"SELECT *, strategy || customer AS who FROM read_parquet('{tmp_path / 'events.parquet'}') WHERE {chosen}"
    duckdb.connect().execute(f"COPY ({query}) TO '{tmp_path / 'log.parquet'}' (FORMAT parquet)")
    mapping = (EXAMPLES / "experiment-map.toml").read_text(encoding="utf-8")
    mapping = mapping.replace('customer = "customer"', 'customer = "who"').replace(
        'arm = "segment"', 'arm = "strategy"'
    )
    mapping += "[doses]\n" + "".join(f"{name} = {4 * level}\n" for name, level in levels.items())
    (tmp_path / "map.toml").write_text(mapping, encoding="utf-8")
    assert load_mapping(tmp_path / "map.toml").doses["all"] == 4.0

    exits = ["trial -> subscribed", "subscribed -> churned"]
    found = measure_lever(
        tmp_path / "log.parquet", "call", mapping=tmp_path / "map.toml", scenario=scenario, exits=exits
    )
    response = found.response
    assert response is not None
    assert response.doses == (1.0, 2.0, 4.0)
    assert response.form == "hill"
    for exit_, size, (low, high) in zip(exits, response.sizes, response.intervals, strict=True):
        assert abs(size - PLANTED[exit_]) < 3.3 / 1.645 * 0.5 * (high - low)
    assert response.nearly is not None
    true = 0.2 / (1.2 / 0.9 - 1.0) * 4.0
    assert response.nearly[1] < true < response.nearly[2]
    (lever,) = found.levers
    assert lever.name == "call"
    assert [effect.exit for effect in lever.effects] == exits


def test_a_measured_lever_at_full_level_gives_the_numbers_of_its_arm() -> None:
    """Udacity's screener, put into a scenario of the control arm and simulated: shares within four standard errors."""
    control, arm = (17293, 3785, 2033), (17260, 3423, 1945)
    enrol, pay = control[1] / control[0], control[2] / control[1]
    base = f"""
format = 1
[scenario]
name = "screener"
start = "click"
horizon_days = 400
[arrivals]
cohort = 100
[stages.click]
dwell = {{ law = "exponential", mean = 1 }}
exits = {{ enrol = {enrol!r}, gone = {1.0 - enrol!r} }}
[stages.enrol]
dwell = {{ law = "exponential", mean = 1 }}
exits = {{ pay = {pay!r}, gone = {1.0 - pay!r} }}
[stages.pay]
end = true
[stages.gone]
end = true
"""
    grown = measure_lever(EXAMPLES / "screener.toml", "screener", scenario=loads(base)).into(base)
    scenario = loads(grown + "\n[strategies.on]\nscreener = 1.0\n")
    number = 60_000
    figures = run(scenario, "on", customers=number, replications=1, workers=1).outcomes["on"].measures
    for stage, taken in (("enrol", arm[1]), ("pay", arm[2])):
        share = taken / arm[0]
        reached = figures[f"reach.{stage}"].mean
        assert reached is not None
        assert abs(reached - share) < 4.0 * math.sqrt(share * (1.0 - share) / number)


def test_journeys_of_a_log_are_counts_of_its_customers(trials: list[LeverFit]) -> None:
    counts = trials[0].counts
    assert counts.stages == ("trial", "subscribed")
    assert counts.arms == ("without", "called")
    assert counts.customers[:, 0].sum() == 1_000
    assert np.all(counts.customers[:, 1] < counts.customers[:, 0])
