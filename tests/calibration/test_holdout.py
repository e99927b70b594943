"""What a fit may see: customers by chance, or what was known at a date."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sojourn.calibration import logs
from sojourn.calibration.arrivals import ArrivalsFit
from sojourn.calibration.holdout import day_of, known_at, split
from sojourn.calibration.logs import Log
from sojourn.calibration.newcomers import newcomers
from sojourn.scenarios.faults import Faults

LOG = """\
who,when,what
a,2024-01-01,trial
a,2024-01-11,bought
b,2024-01-05,trial
b,2024-01-21,gone
c,2024-01-15,trial
d,2024-01-20,trial
d,2024-01-25,bought
"""
MAPPING = """\
customer = "who"
time = "when"
event = "what"
observed_until = 2024-01-31
[stages]
trial = "trial"
bought = "bought"
[ends]
gone = "gone"
"""


@pytest.fixture
def small(written: Any) -> Log:
    return logs.read(*written(LOG, MAPPING))


def test_the_log_as_it_looked_at_a_day(small: Log) -> None:
    then = known_at(small, 14.5)  # in the middle of 15 January
    assert then.customers.tolist() == ["a", "b", "c"]
    assert then.until.tolist() == [14.5] * 3
    rows = zip(
        then.stays.customer, then.stays.stage, then.stays.entry, then.stays.until, then.stays.following, strict=True
    )
    assert [tuple(map(float, row)) for row in rows] == [
        (0, 0, 0.0, 10.0, 1), (0, 1, 10.0, 14.5, -1), (1, 0, 4.0, 14.5, -1), (2, 0, 14.0, 14.5, -1),
    ]  # fmt: skip
    assert then.counts["customers"] == 3
    assert then.counts["stays still open"] == 3
    assert then.horizon == 14.5


def test_covariates_go_with_the_stays_that_were_known(written: Any) -> None:
    text = LOG.replace("what\n", "what,size\n").replace("trial\n", "trial,3\n").replace("bought\n", "bought,4\n")
    mapping = MAPPING + '[covariates]\nsize = { column = "size", per = "stay" }\n'
    log = logs.read(*written(text.replace("gone\n", "gone,5\n"), mapping))
    (then,) = known_at(log, 14.5).covariates
    assert then.values.tolist() == [3.0, 4.0, 3.0, 3.0]


def test_what_happens_at_the_day_itself_is_not_known_yet(small: Log) -> None:
    then = known_at(small, 10.0)
    assert then.stays.following.tolist() == [-1, -1]
    assert then.stays.until.tolist() == [10.0, 10.0]


def test_known_at_the_end_is_the_log(small: Log) -> None:
    last = float(small.until.max())
    then = known_at(small, last)
    assert then.customers.tolist() == small.customers.tolist()
    for now, was in zip(then.stays[:5], small.stays[:5], strict=True):
        assert now is not None
        assert was is not None
        assert np.array_equal(now, was)


def test_days_by_date_moment_and_number(small: Log) -> None:
    assert day_of(small, "2024-01-10") == 10.0  # its end
    assert day_of(small, "2024-01-10T12:00") == 9.5
    assert day_of(small, "2024-01-10T12:00+02:00") == pytest.approx(9.5 - 2 / 24)
    assert day_of(small, 12.25) == 12.25
    for wrong in ("2024-02-30", "tomorrow", "2023-12-01", "2025-01-01", -1.0, 400):
        with pytest.raises(Faults):
            day_of(small, wrong)


def test_a_split_by_time_holds_out_those_who_came_later(planted: Any) -> None:
    log = logs.read(planted.log, planted.mapping)
    parts = split(log, "time", at=120.0)
    assert parts.train.until.max() == 120.0
    assert parts.train.start.max() < 120.0 <= parts.rest.start.min()
    assert parts.train.customers.size + parts.rest.customers.size == log.customers.size
    assert set(parts.train.customers).isdisjoint(parts.rest.customers)
    late = split(log, "time", share=0.25)
    assert abs(late.rest.customers.size / log.customers.size - 0.25) < 0.001


@pytest.mark.parametrize(
    ("how", "settings", "message"),
    [
        ("customer", {"share": 0.0}, "no share"),
        ("customer", {"share": 0.005}, "held out: too few"),
        ("customer", {"at": 100.0}, "split is by customer"),
        ("time", {"at": 179.9}, "too few"),
        ("time", {"at": 0.5}, "too few"),
    ],
)
def test_splits_that_leave_nothing_are_refused(planted: Any, how: Any, settings: Any, message: str) -> None:
    log = logs.read(planted.log, planted.mapping)
    with pytest.raises(Faults, match=message):
        split(log, how, **settings)


def test_where_all_start_at_once_nobody_is_new(tmp_path: Path) -> None:
    rows = [f"{k},0,trial\n{k},{k % 9 + 1},bought\n" for k in range(200)]
    (tmp_path / "log.csv").write_text("who,when,what\n" + "".join(rows))
    (tmp_path / "map.toml").write_text(MAPPING.replace("2024-01-31", "30.0"))
    with pytest.raises(Faults, match="--split customer"):
        split(logs.read(tmp_path / "log.csv", tmp_path / "map.toml"), "time")


def test_newcomers_come_as_the_arrivals_say(planted: Any) -> None:
    """Counts of 400 draws within four standard errors (alarm rate 6e-5 each)."""
    log = logs.read(planted.log, planted.mapping)
    parts = split(log, "time", at=120.0)
    rate = parts.train.customers.size / 120.0
    rng = np.random.default_rng(3)
    steady = [newcomers(ArrivalsFit(None, rate, None, ""), parts, rng) for _ in range(400)]
    counts = np.array([days.size for days in steady])
    expected = rate * (float(parts.rest.until.max()) - 120.0)
    spread = np.sqrt(expected + expected**2 / parts.train.customers.size)
    assert abs(counts.mean() - expected) < 4.0 * spread / 20.0
    assert abs(counts.std() / spread - 1.0) < 4.0 / np.sqrt(800)
    assert all(days.min() >= 120.0 and days.max() <= 180.0 for days in steady)
    # Days of the week stay in step: nobody comes on the last two of seven, counted back from the split.
    weekly = tuple(([4.0, 4.0, 4.0, 4.0, 4.0, 0.0, 0.0] * 18)[-120:])
    came = newcomers(ArrivalsFit(None, None, weekly, ""), parts, rng)
    assert np.all((came - 120.0) % 7.0 < 5.0)
    assert newcomers(ArrivalsFit(10, None, None, ""), parts, rng).size == 0
    assert newcomers(ArrivalsFit(None, 5.0, None, "", 60.0), parts, rng).size == 0
