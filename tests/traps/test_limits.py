"""Trap 7: capacity that is free and endless, and word of mouth without an end."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import sojourn as sj
from sojourn.cli import main
from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import library, overlay
from sojourn.sim.run import run

FAN = """
format = 1
[scenario]
name = "fans"
start = "fan"
horizon_days = {horizon}
[arrivals]
cohort = 100
{market}
[stages.fan]
race.gone = {{ law = "exponential", mean = 50 }}
referrals = {{ rate_per_day = {rate}, enters = "fan" }}
[stages.gone]
end = true
"""


def fans(folder: Path, rate: float, horizon: int, market: str = "") -> str:
    file = folder / "fans.toml"
    file.write_text(FAN.format(rate=rate, horizon=horizon, market=market), encoding="utf-8")
    return str(file)


def test_trap_7_word_of_mouth_that_feeds_itself_is_told(tmp_path: Path) -> None:
    """One fan brings R in a lifetime. Naive: with R = 1.5, growth for ever, and no word of it. Right: R and the doubling time
    before the run, and no such words at R = .5.
    """
    told = CliRunner().invoke(main, ["validate", fans(tmp_path, 0.03, 100)])
    assert told.exit_code == 0
    assert "R = 1.5" in told.stdout
    assert "it feeds itself and doubles every 69 days" in told.stdout  # ln 2 / (.03 - .02)
    told = CliRunner().invoke(main, ["validate", fans(tmp_path, 0.01, 100)])
    assert "R = 0.5" in told.stdout
    assert "feeds itself" not in told.stdout


def test_trap_7_an_avalanche_is_refused(tmp_path: Path) -> None:
    """R = 5 for three years. Naive: run until the memory is full. Right: refused before the run, by a limit that has a name."""
    file = fans(tmp_path, 0.1, 1095)
    for command in (["validate", file], ["run", file]):
        told = CliRunner().invoke(main, command)
        assert told.exit_code == 2
        assert "market.invitee_cap" in told.stderr
        assert "R = 5" in told.stderr
    with pytest.raises(Faults):
        run(sj.load(file))


def test_trap_7_a_market_runs_dry(tmp_path: Path) -> None:
    """The same fans among 3,000 people. Naive: growth as in the first weeks, to millions. Right: at most as many as there are."""
    market = "[market]\nsize = 3000\ninvitee_cap = 1000000000"
    scenario = sj.load(fans(tmp_path, 0.1, 150, market))
    (outcome,) = run(scenario, replications=3, keep=True).outcomes.values()
    sizes = [journeys.customers.customer.size for journeys in outcome.journeys]
    assert all(2900 < size <= 3000 for size in sizes)


@pytest.fixture(scope="module")
def staffed() -> Any:
    """Three times the customers of `relationship`, and a lever that puts two more people at the desk."""
    file = tomllib.loads(library()["relationship"].read_text(encoding="utf-8"))
    file["arrivals"]["impressions_per_day"] = 6000
    file["levers"]["staff"] = {"effects": [{"desk": "help", "agents": 2, "evidence": "assumed"}]}
    file["strategies"] = {"one": {}, "three": {"staff": 1.0}}
    return sj.compare(overlay(file, {}), replications=8)


def test_trap_7_a_desk_that_cannot_cope_makes_things_worse(staffed: Any) -> None:
    """Naive: as many customers as one likes are served at once. Right: with one person they wait, give up, are less satisfied and
    leave; three people change that. Differences are paired; their intervals (90 %) are beside 0 by several times their width.
    """
    today = staffed.result.outcomes["one"].measures
    assert today["desk.help.wait"].mean > 1  # days
    assert today["desk.help.abandoned"].mean > 0.2
    three = staffed.differences["three - one"]
    for measure in ("desk.help.wait", "desk.help.abandoned", "desk.help.utilisation", "churn_rate"):
        assert three[measure].high < 0, measure
    for measure in ("satisfaction", "nps", "retention.365"):
        assert three[measure].low > 0, measure


def test_trap_7_agents_cost_money(staffed: Any) -> None:
    """Naive: better service is free. Right: two more people cost 2 x 60 x 730 = 87,600, which is more than they save here."""
    three = staffed.differences["three - one"]
    wages = 2 * 60 * 730
    assert three["cost"].low > wages
    assert three["cost"].high < 1.2 * wages
    assert three["revenue"].low > 0
    assert three["profit"].high < 0
