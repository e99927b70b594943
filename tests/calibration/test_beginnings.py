"""Customers first seen where nobody leaves are left out and told; resamples in which nobody moves are drawn anew and told."""

from typing import Any

import numpy as np
import pytest

from sojourn.calibration import logs
from sojourn.calibration.bases import from_refits
from sojourn.calibration.beginnings import TRIES, resampled, scarce, startable, stuck
from sojourn.calibration.calibrate import calibrate
from sojourn.calibration.fit import fit
from sojourn.calibration.holdout import resample
from sojourn.calibration.validate_fit import judge
from sojourn.scenarios.faults import Faults

HEAD = 'customer = "who"\ntime = "when"\nevent = "what"\nobserved_until = 100\n'
MAPPING = HEAD + '[stages]\nsignup = "signup"\nagain = "again"\n[ends]\nlost = "lost"\n'


def rows_of(customers: int, movers: int) -> list[str]:
    """Customers who sign up, of whom so many move on to `again` and stay there."""
    rows = ["who,when,what"] + [f"{k},{k % 50},signup" for k in range(customers)]
    return rows + [f"{k},{k % 50 + 5 + k % 9},again" for k in range(movers)]


def read(written: Any, rows: list[str], mapping: str = MAPPING) -> Any:
    return logs.read(*written("\n".join(rows) + "\n", mapping))


def test_who_is_first_seen_where_nobody_leaves_is_left_out_and_told(written: Any) -> None:
    rows = [*rows_of(120, 80), "x,3,again", "y,4,again"]
    found = calibrate(*written("\n".join(rows) + "\n", MAPPING), replications=2, draws=20)
    assert found.fit.scenario().about.start == "signup"
    assert found.log.counts["customers"] == 120
    assert found.log.counts["customers first seen where nobody leaves"] == 2
    (told,) = [note for note in found.notes if "first seen in again" in note]
    assert told.startswith("2 of 122 customers are first seen in again, which nobody is seen to leave")
    assert "put it under [ends]" in told
    assert any("Nobody was seen to leave again (80 stays)" in note for note in found.notes)
    # Nothing else is other than in a log without them.
    without = fit(read(written, rows[:-2]))
    assert found.fit.stages == without.stages
    assert found.fit.arrivals == without.arrivals


def test_a_log_in_which_all_can_start_is_as_it_is(written: Any) -> None:
    log = read(written, rows_of(60, 30))
    assert startable(log) is log


def test_a_stage_in_which_only_such_customers_were_is_not_called_unseen(written: Any) -> None:
    rows = ["who,when,what"] + [f"{k},{k % 50},signup\n{k},{k % 50 + 3},lost" for k in range(60)] + ["x,3,again"]
    found = fit(read(written, rows))
    assert found.log.unstarted == {"again": 1}
    assert not any("never shows" in note for note in found.notes)
    (told,) = [note for note in found.notes if "first seen in again" in note]
    assert told.startswith("1 of 61 customers is first seen in again")


def test_who_was_there_before_the_watching_is_not_left_out(written: Any) -> None:
    rows = [*rows_of(60, 30), "x,1,again"]
    log = read(written, rows, MAPPING.replace("[stages]", "observed_from = 2\n[stages]"))
    assert not np.any(stuck(log))
    assert log.customers.size == startable(log).customers.size


def test_where_nobody_is_left_is_a_fault(written: Any) -> None:
    log = read(written, rows_of(60, 1))
    with pytest.raises(Faults, match="no customer was seen to move"):
        fit(log.take(np.arange(1, 60)))


def test_resamples_without_anybody_who_moves_are_drawn_anew(written: Any) -> None:
    """With one mover of 200, 36.7 % of resamples hold none: 400 are given up for 632 kept, within five sigma (alarm 6e-7)."""
    log = read(written, rows_of(200, 1))
    rng = np.random.default_rng(1)
    drawn = [resampled(log, rng) for _ in range(400)]
    assert all(np.any(one.stays.following >= 0) for one, _ in drawn)
    none = (1.0 - 1.0 / 200.0) ** 200
    given_up = np.array([number for _, number in drawn])
    assert abs(given_up.mean() - none / (1.0 - none)) < 5.0 * np.sqrt(none) / (1.0 - none) / 20.0
    assert given_up.max() < TRIES
    assert scarce(log) == ("signup",)
    # Where nobody needs to be drawn anew, nothing changes.
    log = read(written, rows_of(200, 100))
    one, number = resampled(log, np.random.default_rng(2))
    assert number == 0
    assert one.customers.tolist() == resample(log, np.random.default_rng(2)).customers.tolist()
    assert scarce(log) == ()


def test_few_movers_block_neither_check_nor_verdict_nor_forecast(written: Any) -> None:
    paths = written("\n".join(rows_of(400, 4)) + "\n", MAPPING)
    found = calibrate(*paths, replications=20, draws=0)
    assert found.check is not None
    (told,) = [note for note in found.notes if "resamples of the customers" in note]
    assert "drawn anew" in told
    assert told in found.check.notes
    verdict = judge(found.log, replications=19)
    assert any("drawn anew" in line for line in verdict.lines())
    bases = from_refits(found.fit.scenario(), found.log, 30, 1)
    assert any("Few people leave signup" in said for said in bases.said)
    assert all("again" in bases.draw(k)["stages"]["signup"]["race"] for k in range(30))
