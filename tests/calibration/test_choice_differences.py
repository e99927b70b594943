"""Choices in a log: own chances and log-odds of covariates, fitted and written."""

import math
from pathlib import Path

import numpy as np
import pytest

from sojourn.calibration import logs
from sojourn.calibration.fit import fit
from sojourn.calibration.posterior import companion
from tests.calibration.loops import MAPPING


def planted(folder: Path, strength: float | None, slope: float, last: str) -> logs.Log:
    """Customers decide (10 days if they buy, else 4) and come back; .3 of stays end so, log-odds `slope` a unit of size."""
    rng = np.random.default_rng(9)
    rows = ["who,when,what,size"]
    for customer in range(500):
        size = round(float(rng.gamma(4.0, 0.5)), 3)
        odds = math.log(0.3 / 0.7) + slope * (size - 2.0)
        mean = 1.0 / (1.0 + math.exp(-odds))
        mine = float(rng.beta(strength * mean, strength * (1.0 - mean))) if strength is not None else mean
        at = float(rng.uniform(0.0, 30.0))
        while at < 100.0:
            rows.append(f"{customer},{at!r},waiting,{size}")
            buys = rng.uniform() < mine
            at += float(rng.gamma(4.0, 2.5 if buys else 1.0))
            if at < 100.0:
                rows.append(f"{customer},{at!r},{'bought' if buys else 'browsed'},{size}")
            at += float(rng.exponential(10.0))
    log, mapping = folder / "log.csv", folder / "map.toml"
    log.write_text("\n".join(rows) + "\n")
    text = MAPPING.format(until=100, more="", last=last).replace(
        'bought = "bought"', 'bought = "bought"\nbrowsed = "browsed"', 1
    )
    mapping.write_text(text.replace('[ends]\ngone = "gone"\n', "").replace('gone = "lost"\n', ""))
    return logs.read(log, mapping)


def test_own_chances_reach_the_scenario(tmp_path: Path) -> None:
    """a + b = 3 and a mean of .3, each within 3.3 standard errors (.1 %)."""
    found = fit(planted(tmp_path, 3.0, 0.0, '[forms]\nwaiting = "choice"\n'))
    own = found.stages["waiting"].differ.chance
    assert own is not None
    assert abs(own.theta[1] - math.log(3.0)) < 3.3 * math.sqrt(own.covariance[1, 1])
    scenario = found.scenario()
    assert scenario.frailty is not None
    assert set(scenario.frailty.beta) == {f"waiting -> {own.to}"}
    mean = scenario.stages["waiting"].choices["bought"].probability
    # Of 500 customers with a spread of sqrt(.3 * .7 / 4) among them.
    assert mean == pytest.approx(0.3, abs=3.3 * math.sqrt(0.21 / 4.0 / 500.0 + 0.21 / 4_000.0))
    assert any("how likely they take this way" in note for note in found.notes)


def test_log_odds_of_a_covariate_reach_the_scenario_and_its_draws(tmp_path: Path) -> None:
    """.6 a unit, within 3.3 standard errors (.1 %), against the other exit."""
    last = '[covariates]\nsize = "size"\n[forms]\nwaiting = "choice"\n'
    found = fit(planted(tmp_path, None, 0.6, last))
    scenario = found.scenario()
    assert scenario.history is not None
    (place,) = [k for k, one in enumerate(scenario.history.effects) if one.log_odds is not None]
    effect = scenario.history.effects[place]
    (told,) = found.stages["waiting"].differ.effects[effect.exit.split(" -> ")[1]]
    sign = 1.0 if effect.exit == "waiting -> bought" else -1.0
    assert abs(told.slope - sign * 0.6) < 3.3 * told.error
    assert effect.log_odds == pytest.approx(told.slope, rel=1e-3)
    drawn = np.array(companion(found, 200, 1, scenario.document()).draws["history", "effects", place, "log_odds"])
    assert drawn.mean() == pytest.approx(told.slope, abs=4.0 * told.error / math.sqrt(200.0))
