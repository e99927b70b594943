"""Arrivals are what the log shows while it was watched, however long its scenario is to last."""

from typing import Any

import numpy as np
import pytest

from sojourn.calibration import logs
from sojourn.calibration.arrivals import ArrivalsFit, fit_arrivals
from sojourn.calibration.fit import Fit, fit
from sojourn.calibration.future_arrivals import newcomers
from sojourn.calibration.posterior import companion

MAPPING = """\
customer = "who"
time = "when"
event = "what"
observed_until = {until}
{more}
[stages]
a = "a"
[ends]
b = "b"
"""


def fitted(written: Any, came: Any, until: float, horizon: float | None) -> Fit:
    """A fit to customers who came on these days and stay for a day."""
    rows = [f"{k},{day!r},a" for k, day in enumerate(came.tolist())]
    rows += [f"{k},{day + 1.0!r},b" for k, day in enumerate(came.tolist()) if day + 1.0 < until]
    more = "" if horizon is None else f"horizon_days = {horizon}"
    return fit(logs.read(*written("\n".join(["who,when,what", *rows]) + "\n", MAPPING.format(until=until, more=more))))


def steady() -> Any:
    """Ten a day for 60 days, the first on day 0."""
    return np.arange(600) / 10.0


def weekly(days: int) -> Any:
    """Thirty customers on each of five days a week, none on the other two, over so many days."""
    return np.concatenate([day + np.arange(30) / 30.0 for day in range(days) if day % 7 < 5])


@pytest.mark.parametrize("horizon", [None, 20, 45, 59, 61, 365])
def test_a_steady_rate_does_not_hang_on_how_long_the_scenario_lasts(written: Any, horizon: float | None) -> None:
    found = fitted(written, steady(), 60.0, horizon)
    arrivals = found.scenario().arrivals
    assert arrivals.rate_per_day == pytest.approx(10.0)
    assert arrivals.until_day is None
    assert found.scenario().about.horizon_days == (horizon or 60.0)
    told = [note for note in found.notes if note.startswith("The scenario lasts")]
    assert len(told) == (horizon in (61, 365))
    assert all("customers come at the same rate" in note for note in told)
    # What a forecast takes from the log is known from the days that were watched.
    coming = newcomers(found.scenario(), found.log, 60.0)
    assert coming.arrived == 600
    assert coming.over == pytest.approx(60.0)


@pytest.mark.parametrize(("horizon", "until_day"), [(20.0, None), (365.0, 60.0)])
def test_arrivals_that_had_stopped_do_not_come_again(written: Any, horizon: float, until_day: float | None) -> None:
    for came in (steady(), weekly(60)):
        found = fitted(written, came, 120.0, horizon)
        arrivals = found.scenario().arrivals
        assert arrivals.until_day == (until_day if until_day is None else pytest.approx(until_day, abs=3.0))
        if until_day is not None:
            assert arrivals.expected(horizon) == pytest.approx(came.size, rel=1e-3)
            assert any("nobody comes" in note for note in found.notes)


@pytest.mark.parametrize("until", [71.5, 73.4, 76.0])  # the last on a weekend, which is no end of arrivals
def test_days_come_again_in_step_with_the_days_of_the_week(written: Any, until: float) -> None:
    came = weekly(77)
    came = came[came < until]
    found = fitted(written, came, until, 365.0)
    daily = np.array(found.scenario().arrivals.daily)
    assert daily.size == 77
    assert daily[: int(until)].tolist() == np.bincount(came.astype(int), minlength=int(until))[: int(until)].tolist()
    assert daily[daily > 0.0] == pytest.approx(30.0, abs=0.7)  # the last day was watched for a part of 30
    assert np.all((daily > 0.0) == (np.arange(77) % 7 < 5))
    assert any("in step with the days of the week" in note for note in found.notes)
    # Draws have as many days, and nobody comes on days without customers.
    drawn = companion(found, 3, 1)
    rates = np.array(drawn.draws["arrivals", "daily"])
    assert rates.shape == (3, daily.size)
    assert np.all((rates == 0.0) == (daily == 0.0))
    # A scenario that is shorter than the log has the log's days as they are.
    short = fitted(written, came, until, 20.0).scenario().arrivals
    assert sum(short.daily or ()) == came.size


def test_the_rest_of_a_day_and_of_a_week_is_as_a_week_before() -> None:
    days = tuple(float(k) for k in range(1, 10))
    assert ArrivalsFit(None, None, days, "", part=0.5).written == (*days[:8], 9.0 + 0.5 * 2.0, 3.0, 4.0, 5.0, 6.0, 7.0)
    assert ArrivalsFit(None, None, days, "").written == days
    assert ArrivalsFit(None, None, days[:5], "", part=0.5).written == days[:5]  # no week before


def test_what_was_known_on_a_day_was_watched_to_that_day(written: Any) -> None:
    from sojourn.calibration.holdout import known_at

    log = known_at(fitted(written, steady(), 60.0, 365).log, 30.0)
    assert fit_arrivals(log).rate_per_day == pytest.approx(10.0)
    assert not log.outlasted
