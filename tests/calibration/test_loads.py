"""One trait that loads on several exits: against an integral, planted truths, and in a scenario."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad

from sojourn.calibration import logs
from sojourn.calibration.fit import fit
from sojourn.calibration.hazards import spans
from sojourn.calibration.loads import Way, fit_loads, log_likelihood
from sojourn.calibration.posterior import companion
from tests.calibration.loops import MAPPING, weibull


def test_the_likelihood_is_the_integral_over_the_trait() -> None:
    """Two customers, two exits, exponential laws."""
    days, who = np.array([3.0, 8.0, 2.0]), np.array([0, 0, 1])
    ended = np.array([[True, False, False], [False, True, False]])
    ways = tuple(Way(str(k), spans(days, ended[k], who, 1.0), "exponential", np.zeros(1)) for k in range(2))
    means, loads = np.array([6.0, 9.0]), np.array([0.7, -0.4])
    total = 0.0
    for customer in range(2):
        rows = who == customer

        def seen(z: float, rows: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]" = rows) -> float:
            value = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
            for k in range(2):
                rate = math.exp(loads[k] * z) / means[k]
                value *= rate ** int(ended[k][rows].sum()) * math.exp(-rate * float(days[rows].sum()))
            return value

        total += math.log(quad(seen, -12.0, 12.0)[0])
    found = log_likelihood(ways, tuple(np.log([mean]) for mean in means), loads)
    assert found == pytest.approx(total, rel=1e-8)


def planted(folder: Path, seed: int, customers: int) -> logs.Log:
    """Hazards of buying (Weibull, 30 days, shape 1.5) and of leaving (80 days) times exp(.8 Z) and exp(-.5 Z)."""
    rng = np.random.default_rng(seed)
    rows = ["who,when,what"]
    for customer in range(customers):
        z, at = float(rng.normal()), float(rng.uniform(0.0, 60.0))
        rows.append(f"{customer},{at!r},waiting")
        while True:
            buys, goes = weibull(rng, math.exp(0.8 * z)), float(rng.exponential(80.0) / math.exp(-0.5 * z))
            at += min(buys, goes)
            if at > 150.0:
                break
            rows.append(f"{customer},{at!r},{'bought' if buys < goes else 'gone'}")
            at += float(rng.exponential(1.0))
            if goes < buys or at > 150.0:
                break
            rows.append(f"{customer},{at!r},waiting")
    log, mapping = folder / "log.csv", folder / "map.toml"
    log.write_text("\n".join(rows) + "\n")
    asked = '[frailty]\n"waiting -> bought" = "normal"\n"waiting -> gone" = "normal"\n'
    mapping.write_text(MAPPING.format(until=150, more="", last=asked))
    return logs.read(log, mapping)


def test_a_planted_trait_reaches_the_scenario_and_its_draws(tmp_path: Path) -> None:
    """Loads .8 and -.5 and the law's numbers within 3.3 standard errors (.1 % each)."""
    found = fit(planted(tmp_path, 3, 700))
    assert found.loads is not None
    assert np.all(np.abs(found.loads.loads - [0.8, -0.5]) < 3.3 * found.loads.errors)
    law = found.stages["waiting"].exits["bought"]
    assert law.law == "weibull"
    assert abs(law.parameters["median"] - 30.0) < 3.3 * law.errors["median"]
    scenario = found.scenario()
    assert scenario.frailty is not None
    assert scenario.frailty.loads["waiting -> gone"] == pytest.approx(found.loads.loads[1], rel=1e-3)
    assert scenario.frailty.gamma == {}
    assert any("loads on several exits" in note for note in found.notes)
    drawn = companion(found, 300, 1, scenario.document())
    loads = np.array(drawn.draws["frailty", "loads", "waiting -> bought"])
    assert loads.mean() == pytest.approx(found.loads.loads[0], abs=4.0 * found.loads.errors[0] / math.sqrt(300.0))
    assert loads.std() == pytest.approx(found.loads.errors[0], rel=0.2)


def test_turning_the_trait_round_changes_nothing() -> None:
    rng = np.random.default_rng(5)
    who = np.repeat(np.arange(150), 4)
    z = rng.normal(size=150)[who]
    days = [rng.exponential(10.0 / np.exp(load * z)) for load in (0.7, -0.7)]
    ways = tuple(
        Way(str(k), spans(one, one < 30.0, who, 1.0), "exponential", np.log([10.0])) for k, one in enumerate(days)
    )
    one, other = fit_loads(ways), fit_loads(ways[::-1])
    assert one is not None
    assert other is not None
    assert one.loads[0] > 0.0 > one.loads[1]
    assert other.loads[::-1] == pytest.approx(-one.loads, abs=1e-4)
