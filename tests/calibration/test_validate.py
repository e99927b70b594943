"""The check on customers held out."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sojourn.calibration import logs, validate
from sojourn.calibration.fit import fit
from sojourn.calibration.samples import Sample, observed
from sojourn.calibration.stays import Stays
from sojourn.calibration.validate import Quantity, check, hold_out
from sojourn.calibration.yardsticks import measure, plan
from sojourn.scenarios.faults import Faults
from sojourn.sim.estimates import Estimate


def test_the_split_is_by_person_the_same_every_time_and_of_the_share_asked_for() -> None:
    people = np.array([f"p{k // 3}" for k in range(9_000)], dtype=object)
    held = hold_out(people, 0.3, seed=1)
    assert np.all(held.reshape(-1, 3).min(axis=1) == held.reshape(-1, 3).max(axis=1))  # nobody on both sides
    assert np.array_equal(held, hold_out(people, 0.3, seed=1))
    assert not np.array_equal(held, hold_out(people, 0.3, seed=2))
    assert abs(held.mean() - 0.3) < 5 * (0.21 / 3_000) ** 0.5  # five sigma
    some = hold_out(people[:30], 0.3, seed=1)
    assert np.array_equal(some, held[:30])  # nor does it depend on who else is there


def test_figures_count_unfinished_stays() -> None:
    # Ten customers in stage 0, each goes to 1 after 4 days; half were watched for 2 days only.
    window = np.array([2.0] * 5 + [10.0] * 5)
    sample = Sample(
        customer=np.array([0, 1, 2, 3, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9]),
        stage=np.array([0] * 5 + [0, 1] * 5),
        entry=np.array([0.0] * 5 + [0.0, 4.0] * 5),
        until=np.array([2.0] * 5 + [4.0, 10.0] * 5),
        following=np.array([-1] * 5 + [1, -1] * 5),
        window=window,
    )
    what = plan(sample, ("a", "b"), frozenset({0, 1}), frozenset({1}))._replace(grid=np.linspace(0.0, 10.0, 61))
    assert measure(sample, what).curves[0][-1] == 1.0  # all who were watched long enough
    assert float(np.mean(np.isin(np.arange(10), sample.customer[sample.stage == 1]))) == 0.5  # the raw share


def test_what_everybody_does_lies_inside_when_everybody_simulated_does_it(written: Any) -> None:
    """Sums of shares end a rounding above 1 or below; a figure of 100 % is 100 %, and never outside of 100 %."""
    rng = np.random.default_rng(0)
    rows = ["who,when,what"]
    for k in range(400):
        days = np.cumsum([rng.uniform(0.0, 100.0), rng.gamma(2.0, 5.0), rng.gamma(2.0, 3.0)])
        rows += [f"{k},{day!r},{what}" for day, what in zip(days.tolist(), "abx", strict=True)]
    mapping = 'customer = "who"\ntime = "when"\nevent = "what"\nobserved_until = 300\n'
    mapping += '[stages]\na = "a"\nb = "b"\n[ends]\nx = "x"\n'
    found = check(logs.read(*written("\n".join(rows) + "\n", mapping)), replications=2)
    certain = [one for one in found.quantities if one.observed.mean is not None and one.observed.mean > 0.999]
    assert {one.name for one in certain if one.unit.startswith("share")} >= {"reach.x", "step.a.b", "step.b.x"}
    shares = [one for one in found.quantities if one.unit.startswith("share")]
    assert all(0.0 <= float(one.observed.mean or 0.0) <= 1.0 for one in shares)
    assert all(one.inside for one in certain if one.unit.startswith("share"))
    assert all(band.mean.min() >= 0.0 and band.mean.max() <= 1.0 for curve in found.curves for band in curve[1:])


def test_ends_of_an_interval_lie_in_it_however_sums_were_rounded() -> None:
    def inside(seen: float, low: float, high: float) -> bool:
        return Quantity("", "share", Estimate(seen, seen, seen), Estimate(low, low, high), None, 1).inside

    assert inside(1.0, 1.0 - 4e-15, 1.0 - 4e-15)
    assert inside(1.0 - 4e-15, 1.0, 1.0)
    assert not inside(0.999, 1.0, 1.0)


def test_a_true_model_passes_and_a_wrong_one_does_not(planted: Any, monkeypatch: Any) -> None:
    log = logs.read(planted.log, planted.mapping)
    right = check(log, replications=10)
    assert right.customers_fitted + right.customers_held_out == 6_000
    # Figures move together: in 30 such logs 88 % of all lay inside, at least 13 of 19 in each.
    assert right.inside >= 12, right.sentence
    assert {one.name for one in right.quantities} >= {"reach.purchase", "step.awareness.gone", "dwell.retention"}
    for one in right.quantities:
        for found in (one.observed, one.simulated):
            assert found.mean is not None
            assert found.low is not None
            assert found.high is not None
            assert found.low <= found.mean <= found.high
    for curve in right.curves:
        assert curve.observed.x[0] == 0.0
        assert np.all(np.diff(curve.observed.mean) >= -1e-12)

    # The same customers fitted as if no unfinished stay existed: the mistake that the check must show.
    def naive_fit(log: Any, like: Any = None) -> Any:
        ended = (log.stays.following >= 0) | log.ends[log.stays.stage]
        some = log.take(np.unique(log.stays.customer[ended]))
        ended = (some.stays.following >= 0) | some.ends[some.stays.stage]
        return fit(replace(some, stays=Stays(*(column[ended] for column in some.stays))), like)

    monkeypatch.setattr(validate, "fit", naive_fit)
    wrong = check(log, replications=10)
    outside = {one.name for one in wrong.quantities if not one.inside}
    assert outside >= {"dwell.awareness", "dwell.consideration", "dwell.retention"}
    assert wrong.inside < right.inside


def test_too_few_customers_are_refused(planted: Any) -> None:
    log = logs.read(planted.log, planted.mapping)
    with pytest.raises(Faults, match="too few for a check"):
        check(log.take(np.arange(40, dtype=np.int64)))


def test_an_observed_sample_begins_at_each_customers_own_start(planted: Any) -> None:
    log = logs.read(planted.log, planted.mapping)
    sample = observed(log)
    assert np.all(sample.entry[np.flatnonzero(np.diff(sample.customer, prepend=-1))] == 0.0)
    assert np.all(sample.until <= sample.window[sample.customer] + 1e-9)
