"""Who was there before the watching began: ages at which stays enter, and what a fit makes of them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sojourn.calibration import logs
from sojourn.calibration.calibrate import calibrate
from sojourn.calibration.durations import fit_law
from sojourn.calibration.fit import fit
from sojourn.calibration.piles import find_pile
from sojourn.calibration.posterior import companion
from sojourn.calibration.spells import spells
from sojourn.scenarios.faults import Faults
from sojourn.sim.survival import aalen_johansen

COLUMNS = 'customer = "who"\ntime = "when"\nevent = "what"\n'
TWO = '[stages]\na = "a"\nb = "b"\n[ends]\ne = "e"\n'


def read(written: Any, rows: list[str], rest: str, header: str = "who,when,what") -> logs.Log:
    return logs.read(*written("\n".join([header, *rows]) + "\n", COLUMNS + rest))


def test_stays_enter_at_the_age_at_which_watching_began(written: Any) -> None:
    rows = ["1,0,a", "1,30,b", "2,5,a", "2,8,b", "2,25,e", "3,12,a", "3,14,e", "4,1,a", "4,3,e"]
    log = read(written, rows, "observed_from = 10\nobserved_until = 40\n" + TWO)
    s = log.stays
    got = [(log.customers[s.customer[k]], log.stages[s.stage[k]], s.entry[k], s.until[k]) for k in range(s.stage.size)]
    # Day 0 is the begin of the watching; customer 4 had gone before it, and the first stay of customer 2 was over.
    assert got[:3] == [("1", "a", -10, 20), ("1", "b", 20, 30), ("2", "b", -2, 15)]
    assert s.seen_from is not None
    assert s.seen_from.tolist()[:3] == [10.0, 0.0, 2.0]
    assert log.customers.tolist() == ["1", "2", "3"]
    assert log.arrived is not None
    assert log.arrived.tolist() == [False, False, True]
    assert log.counts["customers gone before the watching"] == 1
    assert log.counts["stays over before the watching"] == 2
    assert fit(log).arrivals.until_day is None
    assert sum("before the watching began" in note for note in log.notes) == 2


def test_a_column_may_say_from_when_each_was_watched(written: Any) -> None:
    rows = [
        "1,2017-01-01,a,2017-01-11",
        "1,2017-01-21,b,2017-01-11",
        "2,2017-01-05,a,2017-01-01",
        "2,2017-01-09,b,2017-01-01",
    ]
    log = read(written, rows, 'observed_from = "since"\nobserved_until = 2017-01-31\n' + TWO, "who,when,what,since")
    assert log.stays.seen_from is not None
    assert log.stays.seen_from.tolist() == [10.0, 0.0, 0.0, 0.0]
    assert log.clock == "2017-01-01 00:00:00"


def test_events_that_tell_a_state_have_no_begin(written: Any) -> None:
    rows = ["1,0,was_a", "1,7,b", "2,1,a", "2,4,b", "2,9,was_a", "3,2,a", "3,6,b"]
    rest = 'already = ["was_a"]\nobserved_until = 20\n[stages]\na = ["a", "was_a"]\nb = "b"\n'
    log = read(written, rows, rest)
    assert (
        log.counts["stays with an unknown begin"] == 1
    )  # that of customer 2 begins when it is told: they were in b before
    assert fit(log).stages["a"].entries == 3
    assert fit(log).starts == {"a": 1.0}


def truncated(seed: int, number: int = 20_000) -> tuple[Any, Any, Any]:
    """Weibull stays that began up to 400 days before the watching, seen only if they lasted, then watched for 100 days."""
    rng = np.random.default_rng(seed)
    began = rng.uniform(-400.0, 100.0, number)
    days = 60.0 * rng.weibull(0.7, number)
    seen = began + days > 0.0
    began, days = began[seen], days[seen]
    ended = began + days <= 100.0
    return np.minimum(days, 100.0 - began), ended, np.maximum(-began, 0.0)


def test_delayed_entry_takes_off_the_bias_of_those_who_stayed() -> None:
    """The estimates lie within 4 standard errors of the truth (1 in 8,000 by chance, both); without entry ages they do not."""
    days, ended, late = truncated(1)
    right = fit_law(days, ended, laws=("weibull",), late=late)
    truth = {"shape": 0.7, "median": 60.0 * np.log(2.0) ** (1.0 / 0.7)}
    for name, value in truth.items():
        assert abs(right.parameters[name] - value) < 4.0 * right.errors[name]
    wrong = fit_law(days, ended, laws=("weibull",))
    assert abs(wrong.parameters["median"] - truth["median"]) > 10.0 * wrong.errors["median"]


def test_without_late_stays_nothing_changes() -> None:
    days, ended, late = truncated(2, 3_000)
    none = np.zeros_like(late)
    assert fit_law(days, ended, late=none) == fit_law(days, ended)
    assert find_pile(days, ended, 0.1, none) == find_pile(days, ended, 0.1)
    assert spells(days, ended, 0.1, late=none).exposure == spells(days, ended, 0.1).exposure
    for one, other in zip(
        aalen_johansen(days, np.where(ended, 0, -1), 1, none),
        aalen_johansen(days, np.where(ended, 0, -1), 1),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


def test_aalen_johansen_counts_who_is_watched_at_each_age() -> None:
    # By hand: at 2 days two are watched (not the one from 3 days on), at 4 days two.
    times, survival, _ = aalen_johansen([2.0, 4.0, 5.0], [0, 0, -1], 1, np.array([0.0, 1.0, 3.0]))
    assert times.tolist() == [2.0, 4.0, 5.0]
    assert survival.tolist() == [0.5, 0.25, 0.25]


def log_of(tmp_path: Path, seed: int) -> tuple[Path, Path]:
    """Trials that are bought (with 40 %, after 20 days) or given up (after 50), and those from before day 0 are seen late."""
    rng = np.random.default_rng(seed)
    number = 6_000
    began = rng.uniform(-200.0, 150.0, number)
    buys = rng.random(number) < 0.4
    days = rng.exponential(np.where(buys, 20.0, 50.0))
    at, end = (began + 1000.0).tolist(), (began + days + 1000.0).tolist()
    rows = ["who,when,what"]
    for k in np.flatnonzero(began + days > 0.0):
        rows.append(f"{k},{at[k]!r},trial")
        if began[k] + days[k] <= 150.0:
            rows.append(f"{k},{end[k]!r},{'bought' if buys[k] else 'gone'}")
    log, mapping = tmp_path / "log.csv", tmp_path / "map.toml"
    log.write_text("\n".join(rows) + "\n")
    mapping.write_text(
        COLUMNS + 'observed_from = 1000\nobserved_until = 1150\n[stages]\ntrial = "trial"\n[ends]\nbought = "bought"\n'
        'gone = "gone"\n[forms]\ntrial = "choice"\n'
    )
    return log, mapping


def test_a_choice_with_delayed_entry_finds_the_planted_probabilities(tmp_path: Path) -> None:
    """Within 4 standard errors (1 in 16,000 by chance); leaving the ages aside misses by more than 5."""
    found = calibrate(*log_of(tmp_path, 3), replications=4)
    choice = found.fit.stages["trial"].choice
    assert choice is not None
    assert abs(choice.probabilities["bought"] - 0.4) < 4.0 * choice.errors["bought"]
    stage = found.fit.stages["trial"]
    truth = sum(share * mean * -np.expm1(-stage.longest / mean) for share, mean in ((0.4, 20.0), (0.6, 50.0)))
    assert abs(stage.restricted[0] - truth) < 4.0 * stage.restricted[1]
    assert found.check is not None
    assert found.log.arrived is not None
    # The check is among those whose begin was seen.
    assert found.check.customers_held_out + found.check.customers_fitted == int(found.log.arrived.sum())
    wrong = fit(replace(found.log, stays=found.log.stays._replace(seen_from=None)))
    naive = wrong.stages["trial"].choice
    assert naive is not None
    assert abs(naive.probabilities["bought"] - 0.4) > 5.0 * naive.errors["bought"]


@pytest.mark.parametrize("form", ["race", "choice"])
def test_draws_lie_around_the_fit_with_delayed_entry(form: str, tmp_path: Path) -> None:
    """Their mean lies within a standard error of the estimate; without ages it would lie more than five off (above)."""
    log, mapping = log_of(tmp_path, 4)
    mapping.write_text(mapping.read_text().replace('"choice"', f'"{form}"'))
    found = fit(logs.read(log, mapping))
    drawn = companion(found, 200, 1)
    place: tuple[str, ...] = ("stages", "trial", "exits", "bought", "probability")
    if form == "race":
        exits = found.stages["trial"].exits
        to = next(name for name, law in exits.items() if law.never == 0.0 and law.curve is None)
        place = ("stages", "trial", "race", to, next(iter(exits[to].parameters)))
    values = np.array(drawn.draws[place], dtype=np.float64)
    central = drawn.centrals[place]
    assert isinstance(central, float)
    assert abs(values.mean() - central) < values.std()
    assert 0.0 < values.std() < 0.1 * central


def test_a_log_in_which_nobody_arrives_is_a_cohort(written: Any) -> None:
    log = read(written, ["1,0,a", "1,15,b", "2,3,a", "2,18,e"], "observed_from = 10\nobserved_until = 20\n" + TWO)
    found = fit(log)
    assert found.arrivals.cohort == 2
    assert "nobody was seen to arrive" in found.arrivals.said
    assert found.scenario().arrivals.cohort == 2


def test_a_window_that_ends_before_it_begins_is_a_fault(written: Any) -> None:
    with pytest.raises(Faults, match="the watching begins no earlier than it ends"):
        read(written, ["1,0,a", "1,5,b"], "observed_from = 10\nobserved_until = 8\n" + TWO)
