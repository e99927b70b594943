"""CDNOW: calibrated on 39 weeks, simulated for the next 39; the simulation gives the model's own analytic forecast."""

from typing import Any

import numpy as np
import pytest

from sojourn.calibration import logs
from sojourn.calibration.fit import Fit, fit
from sojourn.calibration.mapping import read_mapping
from sojourn.scenarios.model import Scenario
from sojourn.sim.network import build
from sojourn.sim.run import simulate

MAPPING = """
customer = "who"
time = "when"
event = "what"
observed_until = 1997-09-30T00:00:00
horizon_days = 546
[stages]
purchase = ["purchase"]
[roles]
purchase = "purchase"
[silent]
purchase = "KIND"
"""
ALARM = 3.3  # standard errors of the simulation: two-sided rate 1e-3 a figure
AHEAD = 273.0  # days


@pytest.fixture(scope="module")
def fitted(cdnow: Any, tmp_path_factory: Any) -> Any:
    """Fits of both models to the log, by name."""
    path = tmp_path_factory.mktemp("cdnow") / "log.csv"
    rows = [f"{who},{day},purchase\n" for who, day in cdnow.rows if day <= "1997-09-30"]
    path.write_text("who,when,what\n" + "".join(rows))
    return {
        kind: fit(logs.read_with(path, read_mapping(MAPPING.replace("KIND", kind)))) for kind in ("bgnbd", "paretonbd")
    }


def repeats(scenario: Scenario, seed: int) -> Any:
    """Repeat purchases: the customer and the day of each, and the segment of every customer."""
    journeys = simulate(build(scenario, next(iter(scenario.strategies))), seed=seed)
    rows = journeys.events.stage == journeys.stages.index("purchase_again")
    return journeys.events.customer[rows], journeys.events.time[rows], journeys.customers.segment


@pytest.mark.parametrize("kind", ["bgnbd", "paretonbd"])
def test_newcomers_buy_as_the_formula_says(fitted: Any, kind: str) -> None:
    """Expected purchases 13, 39, 52 and 78 weeks after the first; alarm rate 4e-3 a model."""
    found: Fit = fitted[kind]
    document = {**found.scenario().document(), "arrivals": {"cohort": 30_000}}
    who, time, _ = repeats(Scenario.model_validate(document), seed=21)
    for weeks in (13, 39, 52, 78):
        counts = np.bincount(who[time <= 7 * weeks], minlength=30_000)
        expected = float(found.silent["purchase"].model.expected(7.0 * weeks))
        assert abs(counts.mean() - expected) < ALARM * counts.std() / np.sqrt(counts.size), weeks


def today(found: Fit, cohort: int) -> tuple[Scenario, Any, Any]:
    """Those alive at the end of calibration as a cohort, one segment for each purchases and time watched; who they stand for.

    Of a customer alive after x repeats in time T the rate is gamma (r + x, alpha + T) and the chance to leave beta (a, b + x).
    """
    silent = found.silent["purchase"]
    known, model = silent.known, silent.model
    alive = known.weight * model.alive(known)
    classes, place = np.unique(np.stack([known.repeats, known.watched], axis=1), axis=0, return_inverse=True)
    sizes = np.bincount(np.ravel(place), weights=alive)
    p = silent.parameters
    segments = {}
    for k, (x, watched) in enumerate(classes.tolist()):
        chance = p["a"] / (p["a"] + p["b"] + x)
        segments[f"s{k}"] = {
            "share": float(sizes[k] / sizes.sum()),
            "override": {
                "frailty.gamma.purchase_waiting -> purchase_again": p["r"] + x,
                "frailty.beta.purchase_again -> purchase_over": p["a"] + p["b"] + x,
                "stages.purchase_waiting.race.purchase_again.mean": (p["alpha"] + watched) / (p["r"] + x),
                "stages.purchase_again.exits": {"purchase_waiting": 1.0 - chance, "purchase_over": chance},
            },
        }
    document = found.scenario().document()
    document["scenario"] |= {"start": "purchase_waiting", "horizon_days": AHEAD}
    del document["stages"]["purchase"]
    document |= {"arrivals": {"cohort": cohort}, "segments": segments, "sources": []}
    return Scenario.model_validate(document), classes, sizes


def test_customers_of_today_buy_as_the_formula_says(fitted: Any, cdnow: Any) -> None:
    """Repeats of the next 39 weeks, 1,653 by the formula, and those of each class of 0, 1, ..., 7 and more; alarm rate 1e-2."""
    found: Fit = fitted["bgnbd"]
    scenario, classes, sizes = today(found, 60_000)
    who, _, segment = repeats(scenario, seed=22)
    counts = np.bincount(who, minlength=segment.size)
    silent = found.silent["purchase"]
    known = silent.known
    expected = known.weight * silent.model.expected_given(known, AHEAD)
    assert f"{expected.sum():.0f}" == "1653"
    total = sizes.sum()
    assert abs(counts.mean() * total - 1653.4) < ALARM * counts.std() / np.sqrt(counts.size) * total
    bought = np.minimum(classes[:, 0], 7)[segment]
    for x in range(8):
        here = counts[bought == x]
        alive = sizes[np.minimum(classes[:, 0], 7) == x].sum()
        per_customer = expected[np.minimum(known.repeats, 7) == x].sum() / alive
        assert abs(here.mean() - per_customer) < ALARM * here.std() / np.sqrt(here.size), x
