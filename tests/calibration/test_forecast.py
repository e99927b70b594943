"""A forecast from a log: what it rests on, what it refuses, and that it can be had again."""

import datetime
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.forecast_worlds import log_of
from sojourn.calibration import logs
from sojourn.calibration.drift import drifts
from sojourn.calibration.fit import fit
from sojourn.calibration.forecast import Forecast, forecast
from sojourn.calibration.future_arrivals import Newcomers, newcomers
from sojourn.calibration.happenings import of_log
from sojourn.calibration.holdout import known_at
from sojourn.calibration.logs import Log
from sojourn.calibration.mapping import read_mapping
from sojourn.calibration.openings import on_their_way
from sojourn.experiments.journal import Journal, journal
from sojourn.scenarios.companion import Companion
from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import loads
from sojourn.scenarios.model import Scenario
from sojourn.sim.network import build
from sojourn.sim.run import simulate

TRUTH = """format = 1
[scenario]
name = "shop"
start = "visit"
horizon_days = 120
[arrivals]
rate_per_day = 8
[stages.visit]
race.cart = { law = "exponential", mean = 15 }
race.gone = { law = "exponential", mean = 30 }
[stages.cart]
exits.bought = { probability = 0.6, dwell = { law = "weibull", mean = 10, shape = 1.5 } }
exits.gone = { probability = 0.4, dwell = { law = "exponential", mean = 6 } }
[stages.bought]
end = true
role = "purchase"
revenue = 50
[stages.gone]
end = true
role = "lost"
"""
PULLED = """
[levers.push]
cost = { per_day = 20 }
effects = [{ exit = "visit -> cart", hazard_ratio = 1.6 }]
[strategies.today]
[strategies.same]
[strategies.campaign]
push = 1.0
"""
DAYS = 28.0


@pytest.fixture(scope="module")
def world() -> Log:
    """The whole of 120 days; forecasts are made on day 90."""
    scenario = loads(TRUTH)
    return log_of(simulate(build(scenario, "baseline"), seed=11), scenario)


@pytest.fixture(scope="module")
def log(world: Log) -> Log:
    return known_at(world, 90.0)


@pytest.fixture(scope="module")
def scenario(log: Log) -> Scenario:
    text = fit(log).scenario_text().replace("[stages.bought]\n", "[stages.bought]\nrevenue = 50\n")
    return loads(text + PULLED)


@pytest.fixture(scope="module")
def found(scenario: Scenario, log: Log) -> Forecast:
    return forecast(scenario, log, days=DAYS, draws=20, replications=5)


def test_the_answer_comes_first_and_both_groups_stand_apart(found: Forecast, world: Log) -> None:
    assert found.sentence.startswith("Within 28 days, ")
    assert "newcomers add" in found.sentence
    assert "same: changes nothing." in found.sentence
    one = found.strategies["today"]
    seen = of_log(found.futures.frame, world, on_their_way(known_at(world, 90.0)))
    assert seen.customers[0] == one.open.customers.mean
    # One world: what was seen lies within three times the half width of the interval (a normal's .8 in a million, each).
    for g, group in enumerate((one.open, one.newcomers)):
        for figure, value in ((group.got_there, seen.got_there[g]), (group.customers, seen.customers[g])):
            assert figure.mean is not None
            assert figure.low is not None
            assert figure.high is not None
            assert abs(value - figure.mean) <= 3.0 * max(figure.high - figure.mean, figure.mean - figure.low)
    for group in (one.open, one.newcomers):
        assert sum(share.mean or 0.0 for share in group.final.values()) == pytest.approx(1.0)
        assert group.revenue is not None
        assert group.revenue.mean == pytest.approx(50.0 * (group.entries["bought"].mean or 0.0))


def test_strategies_are_compared_on_the_same_futures(found: Forecast) -> None:
    """A copy of the baseline differs in nothing, and a pull on an exit never costs a cart."""
    assert all(tuple(figure) == (0.0, 0.0, 0.0) for figure in found.differences["same - today"].values())
    before, after = (found.futures.tallies[name] for name in ("today", "campaign"))
    cart = found.futures.frame.stages.index("cart")
    assert np.all(after.reached[:, :, cart] >= before.reached[:, :, cart])
    gain = found.differences["campaign - today"]["both"]
    assert gain.low is not None
    assert gain.low > 0.0
    profit = found.differences["campaign - today"]["profit"]
    assert profit.mean == pytest.approx(50.0 * (gain.mean or 0.0) - 20.0 * DAYS)


def test_the_same_seed_gives_the_same_and_more_draws_keep_the_first(
    scenario: Scenario, log: Log, found: Forecast
) -> None:
    again = forecast(scenario, log, days=DAYS, strategies=["today"], draws=4, replications=5)
    for one, other in zip(again.futures.tallies["today"], found.futures.tallies["today"], strict=True):
        assert np.array_equal(one, other[:20])


class Stop(Exception):
    pass


def test_a_forecast_goes_on_where_it_was_stopped(scenario: Scenario, log: Log, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done == 3:
            raise Stop

    asked: dict[str, Any] = {"days": DAYS, "strategies": ["today"], "draws": 5, "replications": 4}
    whole = forecast(scenario, log, **asked)
    with pytest.raises(Stop), journal(tmp_path / "out", "a") as kept:
        forecast(scenario, log, kept=kept, progress=stop, **asked)
    with journal(tmp_path / "out", "a") as kept:
        assert len(kept) == 3
        resumed = forecast(scenario, log, kept=kept, **asked)
    assert resumed.document() == whole.document()
    assert isinstance(kept, Journal)


def test_numbers_edited_by_hand_are_certain(scenario: Scenario, log: Log) -> None:
    """Refits leave a stage alone that somebody has decided on."""
    document = scenario.document()
    document["stages"]["visit"]["race"]["cart"] = {"law": "exponential", "mean": 1e6}
    told = forecast(Scenario.model_validate(document), log, days=DAYS, strategies=["today"], draws=20, replications=1)
    assert told.strategies["today"].open.reached["cart"].high == 0.0
    assert any("1 of 3 calibrated parts of the scenario is not as this log gives them" in note for note in told.notes)


def test_a_companion_brings_the_draws(scenario: Scenario, log: Log) -> None:
    """Two draws, one of them of a scenario in which nobody moves; a number that was edited is not drawn."""
    race = scenario.document()["stages"]["visit"]["race"]
    places: dict[Any, Any] = {("stages", "visit", "race", to, "mean"): race[to]["mean"] for to in ("cart", "gone")}
    other = ("stages", "cart", "exits", "bought", "probability")
    companion = Companion(
        {**places, other: 0.123}, {**{place: (value, 1e7) for place, value in places.items()}, other: (0.0, 0.0)}
    )
    told = forecast(scenario, log, days=DAYS, strategies=["today"], companion=companion, draws=20, replications=1)
    cart = told.futures.frame.stages.index("cart")
    moved = told.futures.tallies["today"].reached[:, 0, cart] > 0.0
    assert moved.sum() == 10
    assert "Calibrated numbers are drawn from the companion file: 2 of them, 2 draws." in told.notes
    assert any(note.startswith("1 number was edited by hand") for note in told.notes)


def test_arrivals_may_be_given_by_day(scenario: Scenario, log: Log, tmp_path: Path) -> None:
    path = tmp_path / "coming.csv"
    path.write_text("day,count\n0,40\n10,60\n")
    told = forecast(scenario, log, days=DAYS, strategies=["today"], draws=20, arrivals=path)
    tally = told.futures.tallies["today"]
    visit = told.futures.frame.stages.index("visit")
    weekly = tally.weekly[:, 1, visit].mean(axis=0)
    assert weekly[[2, 3]].tolist() == [0.0, 0.0]
    for expected, seen in ((40.0, weekly[0]), (60.0, weekly[1])):  # means of 40 Poisson counts, 4 standard errors
        assert abs(seen - expected) < 4.0 * np.sqrt(expected / 40)
    nobody = forecast(scenario, log, days=DAYS, strategies=["today"], draws=20, arrivals="none")
    assert nobody.strategies["today"].newcomers.customers.mean == 0.0
    assert "newcomers" not in nobody.sentence


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("when,many\n1,2\n", "has no columns day and count"),
        ("day,count\nsoon,2\n", '"soon" is no day'),
        ("day,count\n1,-2\n", '"-2" is no number of newcomers'),
        ("day,count\n1,2\n1,3\n", "1 is there twice"),
        ("day,count\n-1,2\n", "-1 is before the window begins"),
        ("day,count\n", "has no line with a day"),
    ],
)
def test_arrivals_that_cannot_be_read(scenario: Scenario, log: Log, tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "coming.csv"
    path.write_text(text)
    with pytest.raises(Faults) as wrong:
        newcomers(scenario, log, 90.0, path)
    assert said in str(wrong.value)


def test_uneven_arrivals_go_on_as_unevenly(log: Log) -> None:
    """Ten on Mondays and none else: whole weeks are drawn, so that the newcomers of four weeks are forty."""
    rng = np.random.default_rng(3)
    start = np.sort((7.0 * rng.integers(0, 12, log.customers.size)) + rng.uniform(0.0, 1.0, log.customers.size))
    shifted = replace(log, start=start)
    table = fit(log).scenario().model_dump(mode="json", by_alias=True, exclude_unset=True)
    table["arrivals"] = {"daily": [1.0] * 90}
    coming = newcomers(Scenario.model_validate(table), shifted, 90.0)
    assert coming.weeks is not None
    assert coming.weeks.sum() == np.sum(start >= 90.0 - 12 * 7.0)
    drawn = coming.draw(28.0, np.random.default_rng(1))
    busy = np.array(drawn.table["daily"]) > 0
    assert busy.sum() <= 8
    assert drawn.exactly == sum(drawn.table["daily"])


DRIFT = """
customer = "who"
time = "when"
event = "what"
observed_until = 2026-06-30
[stages]
trial = "trial"
[ends]
bought = "bought"
gone = "gone"
[roles]
bought = "purchase"
"""


@pytest.fixture(scope="module")
def drifting(tmp_path_factory: Any) -> tuple[Log, Scenario]:
    """Of those who come in the first half 1 % buy, of the others 14 %."""
    rng = np.random.default_rng(8)
    begin = datetime.datetime(2026, 1, 1)
    rows = []
    for who, came in enumerate(np.sort(rng.uniform(0.0, 181.0, 3_000)).tolist()):
        buys = rng.random() < (0.01 if came < 90.0 else 0.14)
        ends = came + rng.exponential(6.0)
        rows.append(f"{who},{(begin + datetime.timedelta(days=came)).isoformat()},trial")
        if ends < 181.0:
            rows.append(f"{who},{(begin + datetime.timedelta(days=ends)).isoformat()},{'bought' if buys else 'gone'}")
    path = tmp_path_factory.mktemp("drift") / "log.csv"
    path.write_text("who,when,what\n" + "\n".join(rows) + "\n")
    log = logs.read_with(path, read_mapping(DRIFT))
    return log, fit(log).scenario()


def test_a_log_that_drifts_is_refused_with_figures(drifting: tuple[Log, Scenario]) -> None:
    log, scenario = drifting
    with pytest.raises(Faults) as refused:
        forecast(scenario, log, days=30)
    (fault,) = refused.value.faults
    told = str(fault)
    assert "no basis for a plain forecast: Drift: trial -> bought rose from 1" in told
    assert "to 14 % of stays" in told or "to 13 % of stays" in told or "to 15 % of stays" in told
    assert "--despite-drift" in fault.remedy


def test_despite_drift_the_later_part_speaks_or_the_whole(drifting: tuple[Log, Scenario]) -> None:
    """Of some hundred who come within 60 days and have their 14 % chance: twice as many as the mean of the halves says."""
    log, scenario = drifting
    shares = {}
    for basis in ("later", "whole"):
        told = forecast(scenario, log, days=60, draws=20, replications=5, despite_drift=basis)
        group = told.strategies[next(iter(told.strategies))].newcomers
        shares[basis] = (group.got_there.mean or 0.0) / (group.customers.mean or 1.0)
        assert any(note.startswith("Despite drift: numbers are") for note in told.notes)
        assert any(note.startswith("Drift: trial -> bought rose") for note in told.notes)
    assert 0.10 < shares["later"] < 0.16
    assert 0.05 < shares["whole"] < 0.10


def test_a_date_is_the_end_of_that_day(drifting: tuple[Log, Scenario]) -> None:
    log, scenario = drifting
    told = forecast(scenario, log, until=datetime.date(2026, 7, 14), draws=20, despite_drift="whole")
    assert told.days == pytest.approx(14.0, abs=1e-3)
    assert told.until == datetime.date(2026, 7, 14)
    assert told.sentence.startswith("By 14 Jul 2026, ")
    with pytest.raises(Faults, match="the log itself ends on 2026-06-30"):
        forecast(scenario, log, until=datetime.date(2026, 6, 30))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "how far ahead is not said"),
        ({"days": 10, "until": datetime.date(2027, 1, 1)}, "both --days and --until are given"),
        ({"until": datetime.date(2027, 1, 1)}, "this log has no dates"),
        ({"days": 0}, "no forecast is so long or so short"),
        ({"days": 10, "draws": 3, "replications": 2}, "too few futures for an interval"),
        ({"days": 10, "despite_drift": "perhaps"}, 'no such basis as "perhaps"'),
        ({"days": 10, "strategies": ["campain"]}, 'no strategy named "campain"'),
    ],
)
def test_what_no_forecast_can_have(scenario: Scenario, log: Log, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(Faults) as wrong:
        forecast(scenario, log, **asked)
    assert said in str(wrong.value)


LOOP = """format = 1
[scenario]
name = "loop"
start = "visit"
horizon_days = 120
[arrivals]
rate_per_day = 20
[stages.visit]
race.cart = { law = "exponential", mean = 20 }
[stages.cart]
dwell = { law = "exponential", mean = 2 }
exits = { visit = 1.0 }
[frailty]
gamma = { "visit -> cart" = 0.6 }
"""


def test_eager_customers_who_return_are_no_drift() -> None:
    """Own rates: later stays are more and more those of the eager, and nothing has changed. One log in 100 may alarm."""
    truth = loads(LOOP)
    seen = log_of(simulate(build(truth, "baseline"), seed=21), truth)
    assert any(one.stage == "visit" for one in drifts(seen))
    assert drifts(seen, ["visit"]) == ()
    told = forecast(truth, known_at(seen, 90.0), days=20, draws=20)
    assert told.drift == ()


AGAIN = """format = 1
[scenario]
name = "again"
start = "visit"
horizon_days = 100
[arrivals]
rate_per_day = 6
[stages.visit]
race.bought = { law = "exponential", mean = 20 }
race.gone = { law = "exponential", mean = 40 }
[stages.bought]
role = "purchase"
race.bought = { law = "exponential", mean = 30 }
race.gone = { law = "exponential", mean = 60 }
[stages.gone]
end = true
role = "lost"
"""


def test_who_buys_within_the_window_is_told_apart_from_who_had_bought() -> None:
    """Buyers are on their way too: over no time at all nobody buys, and as many have bought as before."""
    truth = loads(AGAIN)
    seen = known_at(log_of(simulate(build(truth, "baseline"), seed=5), truth), 90.0)
    told = forecast(truth, seen, days=0.001, draws=20, replications=1, arrivals="none")
    way = on_their_way(seen)
    had = int(np.sum(way.stage == seen.stages.index("bought")))  # the only stage on the way that comes after a purchase
    assert 0 < had < way.customer.size
    assert told.had_got_there == had
    assert told.sentence == (
        f"Within 0.001 days, 0 of {way.customer.size} customers on their way will buy ({had} had bought before)."
    )
    assert told.document()["had_got_there_before"] == had
    assert told.document()["gone_before"] is None


def test_silent_buyers_who_have_left_are_counted() -> None:
    """Everybody has bought; those who left unseen are as many as the pasts say, whatever the length of the window."""
    rng = np.random.default_rng(6)
    rows = ["who,when,what"]
    for who in range(300):
        time, pace = float(rng.uniform(0.0, 60.0)), float(rng.gamma(2.0, 0.04))
        while time < 100.0:
            rows.append(f"{who},{time!r},bought")
            if rng.random() < 0.3:
                break
            time += float(rng.exponential(1.0 / pace))
    mapping = (
        'customer = "who"\ntime = "when"\nevent = "what"\nobserved_until = 100\n[stages]\npurchase = "bought"\n'
        '[roles]\npurchase = "purchase"\n[silent]\npurchase = "bgnbd"\n'
    )
    import io

    import pandas as pd

    seen = logs.read_with(pd.read_csv(io.StringIO("\n".join(rows))), read_mapping(mapping))
    scenario = fit(seen).scenario()
    short, long = (
        forecast(scenario, seen, days=days, draws=20, replications=1, arrivals="none") for days in (1.0, 20.0)
    )
    assert short.gone is not None
    assert short.gone == long.gone
    assert 0 < (short.gone.mean or 0.0) < 300
    assert "of 300 customers on their way will buy (all 300 had bought before; " in short.sentence
    assert short.sentence.endswith(" have left without a word).")


@pytest.fixture(scope="module")
def fewer() -> tuple[Log, Scenario]:
    """Journeys go on as ever, and in the second half a third as many begin."""
    truth = loads(AGAIN)
    whole = known_at(log_of(simulate(build(truth, "baseline"), seed=9), truth), 90.0)
    late = np.flatnonzero(whole.start >= 45.0)
    kept = np.ones(whole.customers.size, dtype=np.bool_)
    kept[np.delete(late, np.s_[::3])] = False
    log = whole.only(kept)
    return log, fit(log).scenario()


def test_only_where_newcomers_come_as_in_the_log_must_its_arrivals_be_steady(
    fewer: tuple[Log, Scenario], tmp_path: Path
) -> None:
    log, scenario = fewer
    with pytest.raises(Faults, match="Drift: arrivals fell from") as refused:
        forecast(scenario, log, days=20)
    (fault,) = refused.value.faults
    assert fault.remedy.startswith("--arrivals FILE says how many will come, --arrivals none that nobody does; ")
    path = tmp_path / "coming.csv"
    path.write_text("day,count\n0,5\n3,7\n")
    for arrivals in ("none", path):
        told = forecast(scenario, log, days=20, draws=20, replications=1, arrivals=arrivals)
        assert told.drift == ()
        assert not any("rift" in note for note in told.notes)


def test_arrivals_that_moved_do_not_cost_the_customers_of_before(fewer: tuple[Log, Scenario]) -> None:
    log, scenario = fewer
    asked: dict[str, Any] = {"days": 20, "draws": 20, "replications": 2}
    later = forecast(scenario, log, **asked, despite_drift="later")
    none = forecast(scenario, log, **asked, arrivals="none")
    assert later.strategies["baseline"].open.document() == none.strategies["baseline"].open.document()
    assert (
        f"Numbers are drawn by fitting {log.customers.size:,} customers again, drawn with replacement." in later.notes
    )
    since = later.drift[0].since
    weeks = int((90.0 - since) // 7)
    assert (
        f"Newcomers come as unevenly as since day {since:.0f} of the log: its last {weeks} whole weeks, drawn anew."
        in later.notes
    )
    counts = np.histogram(log.start, 90.0 - 7.0 * np.arange(weeks, -1, -1))[0]
    mean = later.strategies["baseline"].newcomers.customers.mean or 0.0
    # 40 futures of 20 days, nearly three weeks drawn: 4 standard errors, a false alarm in 15,000.
    assert abs(mean - 20.0 / 7.0 * counts.mean()) < 4.0 * np.sqrt(3.0 * counts.var() / 40) + 0.01 * counts.mean()
    steady = Newcomers("", arrived=log.customers.size, over=90.0).since(log, 90.0, since)
    later_ones = int(np.sum(log.start >= since))
    assert (steady.arrived, steady.over) == (later_ones, 90.0 - since)
    assert not Newcomers("", arrived=5, over=90.0).since(log, 90.0, 1e6).of_log
    whole = forecast(scenario, log, **asked, despite_drift="whole")
    assert "Despite drift: arrivals are the mean of both halves." in whole.notes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0,20\n9,10\n10,5\n", "Newcomers come as c.csv expects, 30 within the window; its 5 after that are left out."),
        ("0,20\n", "Newcomers come as c.csv expects, 20 within the window."),
        ("12,20\n", "Nobody else comes within the window, as c.csv says: its days are later ones."),
    ],
)
def test_newcomers_are_counted_within_the_window(
    scenario: Scenario, log: Log, tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "c.csv"
    path.write_text("day,count\n" + text)
    assert newcomers(scenario, log, 90.0, path, days=10.0).said == said


def test_what_is_taken_as_certain_is_not_said_to_be_in_the_intervals(scenario: Scenario, log: Log) -> None:
    document = scenario.document()
    document["stages"]["visit"]["race"]["cart"] = {"law": "exponential", "mean": 21.0}
    document["stages"]["cart"] = {
        "exits": {"bought": 0.5, "gone": 0.5},
        "dwell": {"law": "exponential", "mean": 9.0},
    }
    edited = Scenario.model_validate(document)
    race = document["stages"]["visit"]["race"]["gone"]
    single = Companion(
        {("stages", "visit", "race", "gone", "mean"): race["mean"]},
        {("stages", "visit", "race", "gone", "mean"): (30.0,)},
    )
    for companion in (None, single):
        told = forecast(edited, log, days=DAYS, strategies=["today"], companion=companion, draws=20, replications=1)
        assert (
            "Intervals are of what will be seen: only the luck of customers is in them, as every number is taken as certain."
            in told.notes
        )
        assert any("has a single draw" in note for note in told.notes) == (companion is not None)
