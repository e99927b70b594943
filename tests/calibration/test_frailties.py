"""Own speeds and own chances: found where they are, not found where they are not, and written so that the scenario runs."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta as beta_law

from sojourn.calibration.ahead import ahead
from sojourn.calibration.bgnbd import BgNbd
from sojourn.calibration.drift import drifts
from sojourn.calibration.fit import fit
from sojourn.calibration.frailties import OwnChance, own_chance, own_speed, products
from sojourn.calibration.hazards import log_likelihood, spans
from sojourn.calibration.mapping import read_mapping
from sojourn.calibration.posterior import companion
from sojourn.scenarios.faults import Faults
from tests.calibration.loops import Draw, loop, weibull, written_log

LAWS: dict[str, Draw] = {
    "exponential": lambda rng, factor: float(20.0 * rng.exponential() / factor),
    "weibull": weibull,
    "lognormal": lambda rng, factor: float(15.0 * np.exp(1.2 * rng.normal())),
    "loglogistic": lambda rng, factor: float(15.0 * (1.0 / rng.uniform() - 1.0) ** (1.0 / 1.3)),
    "none of ours": lambda rng, factor: float(rng.exponential() * (4.0 if rng.uniform() < 0.4 else 60.0)),
}


def test_speeds_that_do_not_differ_are_not_claimed() -> None:
    """100 logs of five laws, one of which none of ours fits: at a rate of 1 % more than 5 claims have a chance of .1 %."""
    claimed = 0
    for number, law in enumerate(LAWS.values()):
        claimed += sum(own_speed(loop([1, number, seed], 200, None, law).spans) is not None for seed in range(20))
    assert claimed <= 5


def test_speeds_that_differ_are_found_and_covered() -> None:
    """Shape .8 of 120 customers in 14 logs, the law chosen each time: 9 of 90 % intervals at least hold it (alarm .1 %)."""
    found = [own_speed(loop([2, seed], 120, 0.8).spans) for seed in range(14)]
    sound = [one for one in found if one is not None]
    assert len(sound) == 14
    assert sum(one.shape.low <= 0.8 <= one.shape.high for one in sound) >= 9


def test_products_of_residuals_see_speeds_whatever_the_law() -> None:
    assert products(loop([3, 1], 300, 0.5, LAWS["exponential"]).spans) < 1e-6
    assert products(loop([3, 2], 300, None, LAWS["none of ours"]).spans) > 0.01


def chances(seed: int, strength: float | None, customers: int = 400) -> OwnChance | None:
    """Customers with a few stays each, three tenths of which end at `a` (10 days), the last perhaps still open."""
    rng = np.random.default_rng([7, seed])
    who, taken, open_for = [], [], []
    for customer in range(customers):
        mine = float(rng.beta(0.3 * strength, 0.7 * strength)) if strength is not None else 0.3
        stays = 1 + int(rng.poisson(2.0))
        for k in range(stays):
            way = 0 if rng.uniform() < mine else 1
            length, cut = float(rng.exponential((10.0, 20.0)[way])), float(rng.exponential(20.0))
            who.append(customer)
            taken.append(-1 if k == stays - 1 and length > cut else way)
            open_for.append(cut)
    survival = np.exp(-np.array(open_for)[None, :] / np.array([[10.0], [20.0]]))
    shares = np.repeat([[0.3], [0.7]], customers, axis=1)
    return own_chance(np.array(who), np.array(taken), ("a", "b"), shares, survival, ("a", "b"))


def test_own_chances_are_found_covered_and_not_claimed_where_there_are_none() -> None:
    """a + b = 3 in 50 logs: 37 intervals at least hold it (alarm .03 %); of 50 logs without, at most 4 claims at 1 % (.02 %)."""
    found = [chances(seed, 3.0) for seed in range(50)]
    assert sum(one is not None and one.strength.low <= 3.0 <= one.strength.high for one in found) >= 37
    assert sum(chances(seed, None) is not None for seed in range(50)) <= 4


def test_the_likelihood_of_own_chances_is_the_integral() -> None:
    found = chances(1, 3.0)
    assert found is not None
    m, s = found.probability, found.strength.central
    assert m == pytest.approx(0.3, abs=0.05)

    def seen(p: float) -> float:  # two stays by a, one by b, one open with survivals .5 and .2
        return p**2 * (1 - p) * (0.5 * p + 0.2 * (1 - p)) * float(beta_law.pdf(p, s * m, s * (1 - m)))

    a, b = s * m, s * (1.0 - m)
    closed = math.exp(math.lgamma(a + 2) + math.lgamma(b + 1) - math.lgamma(s + 3))
    closed *= math.exp(math.lgamma(s) - math.lgamma(a) - math.lgamma(b)) * ((a + 2) * 0.5 + (b + 1) * 0.2) / (s + 3)
    assert quad(seen, 0.0, 1.0)[0] == pytest.approx(closed, rel=1e-6)


def test_a_log_with_repeats_gets_its_speeds_into_the_scenario(tmp_path: Path) -> None:
    found = fit(written_log(tmp_path, 3, 1_200, 0.8))
    scenario = found.scenario()
    assert scenario.frailty is not None
    assert set(scenario.frailty.gamma) == {"waiting -> bought"}
    own = found.stages["waiting"].differ.speeds["bought"]
    assert abs(math.log(own.shape.central / 0.8)) < 3.3 / 1.645 * math.log(own.shape.high / own.shape.central)  # .1 %
    law = found.stages["waiting"].exits["bought"]
    assert law.law == "weibull"
    assert law.parameters["median"] == pytest.approx(30.0, abs=4.0 * law.errors["median"])
    assert any("customers differ a lot" in note for note in found.notes)
    assert "90 % interval" in found.scenario_text()


def test_draws_of_speeds_and_laws_go_together(tmp_path: Path) -> None:
    """Means within 4 standard errors of 400 draws, their spread that of the fit, and a shape that moves with the median."""
    found = fit(written_log(tmp_path, 3, 400, 0.8))
    drawn = companion(found, 400, 1)
    shape, median = ("frailty", "gamma", "waiting -> bought"), ("stages", "waiting", "race", "bought", "median")
    own = found.stages["waiting"].differ.speeds["bought"]
    logs = np.log([drawn.draws[shape], drawn.draws[median]])
    spread = np.sqrt(np.diag(own.found.covariance)[[-1, 0]])
    assert np.all(np.abs(logs.mean(axis=1) - [own.found.log_shape, own.found.theta[0]]) < 4.0 * spread / 20.0)
    assert logs.std(axis=1) == pytest.approx(spread, rel=0.2)
    there = own.found.covariance[-1, 0] / spread.prod()
    assert np.corrcoef(logs)[0, 1] == pytest.approx(there, abs=0.2)


def test_eager_customers_are_no_drift(tmp_path: Path) -> None:
    log = written_log(tmp_path, 3, 1_000, 0.8)
    assert any(one.stage == "waiting" for one in drifts(log))
    assert not any(one.stage == "waiting" for one in fit(log).drift)


def test_what_a_law_for_all_would_forecast(tmp_path: Path) -> None:
    fitted = fit(written_log(tmp_path, 3, 800, 0.8))
    fitted = replace(fitted, log=replace(fitted.log, horizon=10.0))  # spans are of the log, whatever its scenario lasts
    (found,) = ahead(fitted)
    assert found.days == fitted.log.span
    assert found.way == "waiting -> bought"
    assert found.alike < 0.9 * found.differing
    assert "% too low" in found.sentence
    assert ahead(fit(written_log(tmp_path, 4, 300, None))) == ()


def test_a_log_without_differences_gets_none(tmp_path: Path) -> None:
    scenario = fit(written_log(tmp_path, 4, 800, None)).scenario()
    assert scenario.frailty is None


def test_the_mapping_may_ask_and_may_refuse(tmp_path: Path) -> None:
    log = written_log(tmp_path, 5, 300, 0.8, last='[frailty]\n"waiting -> bought" = "none"\n')
    assert fit(log).scenario().frailty is None
    log = written_log(tmp_path, 5, 300, 0.8, last='[frailty]\n"waiting -> gone" = "gamma"\n')
    asked = fit(log)
    told = "asks what customers differ in at waiting -> gone" in "\n".join(asked.notes)
    assert told == ("gone" not in asked.stages["waiting"].differ.speeds)
    assert told == ('"waiting -> gone" = ' not in asked.scenario_text())
    last = '[forms]\nwaiting = "race"\n[frailty]\n"waiting -> gone" = "beta"\n'
    log = written_log(tmp_path, 5, 300, 0.8, last=last)
    assert any("written as a race, where it is gamma" in note for note in fit(log).notes)


def test_segments_and_speeds_together(tmp_path: Path) -> None:
    log = written_log(tmp_path, 6, 1_500, 1.0, more='segment = "kind"', kinds={"slow": 0.4, "fast": 2.5})
    found = fit(log)
    laws = found.stages["waiting"].by_segment["bought"]
    own = found.stages["waiting"].differ.speeds["bought"]
    assert abs(math.log(own.shape.central)) < 3.3 / 1.645 * math.log(own.shape.high / own.shape.central)  # .1 %
    # A hazard times r is a Weibull median times r^(-1 / 1.5).
    for kind, factor in (("slow", 0.4), ("fast", 2.5)):
        assert laws[kind].parameters["median"] == pytest.approx(30.0 * factor ** (-1 / 1.5), rel=0.15)
    assert found.scenario().for_segment("slow").stages["waiting"].race != found.scenario().stages["waiting"].race


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('"waiting" = "gamma"', "names no exit"),
        ('"wating -> bought" = "gamma"', 'no stage named "wating"'),
        ('"waiting -> bougt" = "gamma"', 'no stage named "bougt"'),
        ('"waiting -> bought" = "lognormal"', "is no law of it"),
    ],
)
def test_mistakes_in_the_mapping_are_told(line: str, said: str) -> None:
    text = 'customer = "a"\ntime = "b"\nevent = "c"\n[stages]\nwaiting = "w"\nbought = "x"\n[frailty]\n' + line
    with pytest.raises(Faults) as told:
        read_mapping(text)
    assert said in str(told.value)


def test_own_speeds_with_an_exponential_law_are_the_bg_nbd_without_leaving(cdnow: Any) -> None:
    """The same likelihood, customer by customer, of the purchases of CDNOW (Fader, Hardie and Lee 2005, with p = 0)."""
    known = cdnow.each
    r, alpha = 0.4, 6.0
    stays = known.repeats.astype(np.int64) + 1
    customer = np.repeat(np.arange(stays.size), stays)
    last = np.cumsum(stays) - 1
    ended = np.ones(customer.size, dtype=np.bool_)
    ended[last] = False  # the last stay is open
    # Only the sum of the days counts for an exponential law.
    days = np.repeat(known.watched / stays, stays)
    sample = spans(days, ended, customer, 1.0)
    ours = log_likelihood(sample, "exponential", np.array([math.log(alpha / r)]), np.empty(0), math.log(r))
    theirs = float(np.sum(BgNbd(r, alpha, 1e-20, 1.0).log_likelihood(known)))
    assert ours == pytest.approx(theirs, rel=1e-9)
