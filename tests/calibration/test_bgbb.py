"""Donors with a yearly occasion (Fader, Hardie and Shang 2010): the published fit, and what the model says of newcomers."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sojourn.calibration.bgbb import BgBb, BgBbFit, fit_occasions
from sojourn.calibration.histories import histories
from sojourn.scenarios.faults import Faults


@pytest.fixture(scope="module")
def donors() -> BgBbFit:
    package = pytest.importorskip("lifetimes")
    path = Path(package.__file__).parent / "datasets" / "donations.csv"
    with path.open(encoding="ascii") as stream:
        rows = np.array([[float(cell) for cell in row] for row in list(csv.reader(stream))[1:]])
    return fit_occasions(*rows.T)


def test_the_published_fit(donors: BgBbFit) -> None:
    assert donors.known.customers == 11_104
    told = {name: f"{getattr(donors.model, name):.3f}" for name in BgBb.names}
    assert told == {"alpha": "1.204", "beta": "0.750", "gamma": "0.657", "delta": "2.783"}
    assert f"{donors.log_likelihood:.1f}" == "-33225.6"
    assert all(0.0 < error < 0.5 for error in donors.errors.values())


def test_what_is_published_of_single_donors(donors: BgBbFit) -> None:
    """Gifts in the five years after the six: none so far .07, all six 3.75."""
    known = histories([0, 6], [0, 6], [6, 6])
    order = np.argsort(known.repeats)
    assert [f"{gifts:.2f}" for gifts in donors.model.expected_given(known, 5)[order]] == ["0.07", "3.75"]


def test_formulas_agree_with_sums_and_with_drawn_customers() -> None:
    """20,000 customers with known chances: means within 3.3 standard errors, three of them (alarm rate 3e-3)."""
    model = BgBb(1.2, 0.75, 0.66, 2.8)
    rng = np.random.default_rng(7)
    size, past, ahead = 20_000, 6, 5
    p, theta = rng.beta(1.2, 0.75, size), rng.beta(0.66, 2.8, size)
    leaves = rng.geometric(theta)  # gone before this occasion
    occasion = np.arange(1, past + ahead + 1)
    gifts = (rng.random((size, occasion.size)) < p[:, None]) & (occasion < leaves[:, None])
    x = gifts[:, :past].sum(axis=1)
    t_x = np.where(x > 0, past - np.argmax(gifts[:, past - 1 :: -1], axis=1), 0)
    found = x.mean(), gifts[:, past:].sum(axis=1)
    assert abs(found[0] - float(model.expected(past))) < 3.3 * x.std() / np.sqrt(size)
    known = histories(x, t_x, np.full(size, past))
    forecast = float(known.weight @ model.expected_given(known, ahead)) / size
    assert abs(found[1].mean() - forecast) < 3.3 * found[1].std() / np.sqrt(size)
    still = float(known.weight @ model.alive(known)) / size
    assert abs(np.mean(leaves > past + 1) - still) < 3.3 * np.sqrt(still * (1.0 - still) / size)
    refitted = fit_occasions(x, t_x, np.full(size, past))
    for name in BgBb.names:
        assert abs(getattr(refitted.model, name) - getattr(model, name)) < 4.0 * refitted.errors[name], name


def test_gamma_of_one_is_a_limit_and_no_hole() -> None:
    near = [float(BgBb(1.0, 1.0, g, 2.0).expected(10)) for g in (1.0 - 1e-4, 1.0, 1.0 + 1e-4)]
    assert near[0] > near[1] > near[2]
    assert near[0] - near[2] < 1e-3
    # Alive at occasion j with probability B(1, 2 + j) / B(1, 2) = 2 / (2 + j).
    assert near[1] == pytest.approx(0.5 * sum(2.0 / (2.0 + j) for j in range(1, 11)), rel=1e-5)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (([1], [2.5], [6]), "no row of occasions"),
        (([3], [2], [6]), "no row of occasions"),
        (([0, 0], [0, 0], [6, 6]), "nobody bought"),
        (([1], [7], [6]), "bought last outside"),
    ],
)
def test_what_is_no_row_of_occasions_is_refused(columns: Any, message: str) -> None:
    with pytest.raises(Faults, match=message):
        fit_occasions(*columns)
