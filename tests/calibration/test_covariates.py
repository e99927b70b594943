"""Covariates and history: read from the log, fitted on planted effects, pulled together where data are few, and written."""

import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sojourn.calibration import logs
from sojourn.calibration.document import document
from sojourn.calibration.fit import fit
from sojourn.calibration.hazards import Hazard, Spans, fit_hazard, spans
from sojourn.calibration.history import limited, past
from sojourn.calibration.mapping import read_mapping
from sojourn.calibration.odds import Ways, fit_odds, log_likelihood
from sojourn.calibration.openings import on_their_way, openers_of
from sojourn.calibration.posterior import companion
from sojourn.calibration.shrinkage import shrink
from sojourn.scenarios.faults import Faults
from sojourn.sim.network import build
from sojourn.sim.openers import were_on_their_way, with_openers
from sojourn.sim.run import simulate
from sojourn.sim.tables import OPENERS
from tests.calibration.loops import MAPPING, weibull, written_log


def few_rows(folder: Path, more: str, last: str) -> logs.Log:
    """Two customers: one who buys twice, with a price that changes; one who buys once."""
    text = """who,when,what,price,channel
1,0,waiting,,web
1,2,bought,5,web
1,3,waiting,7,shop
1,6,bought,8,shop
1,7,waiting,,web
2,1,waiting,20,shop
2,4,bought,,
"""
    log, mapping = folder / "log.csv", folder / "map.toml"
    log.write_text(text)
    mapping.write_text(MAPPING.format(until=10, more=more, last=last))
    return logs.read(log, mapping)


def test_the_past_at_the_beginning_of_each_stay(tmp_path: Path) -> None:
    log = few_rows(tmp_path, "", "")
    assert past(log, "visits").tolist() == [0, 0, 1, 1, 2, 0, 0]
    assert past(log, "purchases").tolist() == [0, 1, 1, 2, 2, 0, 1]
    assert past(log, "days_since_first").tolist() == [0, 2, 3, 6, 7, 0, 3]
    column = limited("visits", np.repeat([0.0, 1.0, 2.0, 3.0], [100, 50, 25, 5]))
    assert column.up_to == 2.0  # five stays with three visits before are too few to tell them apart
    assert column.values.max() == 2.0


def test_values_of_customers_and_of_stays(tmp_path: Path) -> None:
    last = '[covariates]\nprice = "price"\nnow = { column = "price", per = "stay" }\nchannel = "channel"\n'
    price, now, channel = few_rows(tmp_path, "", last).covariates
    assert price.values.tolist() == [5, 5, 5, 5, 5, 20, 20]
    np.testing.assert_array_equal(now.values, [math.nan, 5, 7, 8, 8, 20, 20])
    assert channel.words == ("shop", "web")
    assert channel.values.tolist() == [1, 1, 1, 1, 1, 0, 0]
    log = few_rows(tmp_path, "", last)
    assert log.take(np.array([1])).covariates[0].values.tolist() == [20, 20]


def planted(folder: Path, customers: int, seed: int) -> logs.Log:
    """Hazards of buying times e^(-.02 (price - 30)), 1.6 in the shop, 1.2 a visit up to three; nobody differs else."""
    rng = np.random.default_rng(seed)
    rows = ["who,when,what,price,channel"]
    for customer in range(customers):
        price, shop = round(float(rng.gamma(4.0, 7.5)), 2), rng.uniform() < 0.3
        at, visit = float(rng.uniform(0.0, 60.0)), 0
        while at < 150.0:
            rows.append(f"{customer},{at!r},waiting,{price},{'shop' if shop else 'web'}")
            factor = math.exp(-0.02 * (price - 30.0)) * (1.6 if shop else 1.0) * 1.2 ** min(visit, 3)
            at, visit = at + weibull(rng, factor), visit + 1
            if at < 150.0:
                rows.append(f"{customer},{at!r},bought,{price},{'shop' if shop else 'web'}")
            at += float(rng.exponential(1.0))
    log, mapping = folder / "log.csv", folder / "map.toml"
    log.write_text("\n".join(rows) + "\n")
    last = '[covariates]\nprice = "price"\nchannel = "channel"\n[forms]\nbought = "race"\n'
    mapping.write_text(MAPPING.format(until=150, more='history = ["visits"]', last=last))
    return logs.read(log, mapping)


def test_planted_effects_reach_the_scenario(tmp_path: Path) -> None:
    """Each within 3.3 standard errors (.1 %), no own speeds beside them, and a scenario that says them in numbers."""
    found = fit(planted(tmp_path, 700, 3))
    stage = found.stages["waiting"]
    assert stage.differ.speeds == {}
    effects = {effect.column.name: effect for effect in stage.differ.effects["bought"]}
    for name, truth in (("price", -0.02), ("channel == shop", math.log(1.6))):
        assert abs(effects[name].slope - truth) < 3.3 * effects[name].error
    assert effects["visits"].slope > 3.3 * effects["visits"].error
    scenario = found.scenario()
    assert set(scenario.traits) == {"price", "channel"}
    assert scenario.history is not None
    said = {(one.exit, one.per): one for one in scenario.history.effects}
    price = said["waiting -> bought", "price"]
    assert price.hazard_ratio == pytest.approx(math.exp(effects["price"].slope), rel=1e-3)
    assert price.around == pytest.approx(30.0, abs=4.0)
    assert stage.exits["bought"].parameters["median"] == pytest.approx(30.0, rel=0.12)
    told: Any = document(found, None, found.notes)["stages"]["waiting"]["effects"]["bought"]
    assert {one["per"] for one in told} == {"visits", "price", "channel == shop"}


def test_effects_are_drawn_and_known_of_customers_on_their_way(tmp_path: Path) -> None:
    """Draws of [history] by place, and openers who keep the traits and the past that the log tells."""
    log = planted(tmp_path, 300, 4)
    found = fit(log)
    scenario = found.scenario()
    drawn = companion(found, 200, 1, scenario.document())
    assert scenario.history is not None
    for k, effect in enumerate(scenario.history.effects):
        here = drawn.draws["history", "effects", k, "hazard_ratio"]
        fitted = next(one for one in found.stages[effect.exit.split(" -> ")[0]].differ.effects[effect.exit.split(" -> ")[1]]
                      if one.column.name == effect.per)  # fmt: skip
        assert float(np.mean(np.log(here))) == pytest.approx(fitted.slope, abs=4.0 * fitted.error / math.sqrt(200.0))
    way = on_their_way(log)
    network = build(scenario, next(iter(scenario.strategies)))
    known = openers_of(log, way, network, np.random.default_rng(1))
    assert known.traits["price"].tolist() == log.covariates[0].values[log.first[:-1]][way.customer].tolist()
    # Whoever paid less buys sooner: told by the traits of the openers, not by a draw for anybody.
    lives = simulate(with_openers(network, known), seed=1, customers=1)
    first = (lives.until - lives.events.time)[lives.first[:-1]]
    were = were_on_their_way(lives)
    here = were & (lives.events.stage[lives.first[:-1]] == lives.stages.index("waiting"))
    price = known.traits["price"][(lives.customers.customer[here] - OPENERS).astype(np.int64)]
    assert np.corrcoef(price, first[here])[0, 1] > 0.1


def test_the_likelihood_of_ways_adds_up() -> None:
    columns = np.array([[1.0], [0.0], [2.0], [1.0]])
    survival = np.array([[0.5, 0.5, 0.5, 0.4], [0.2, 0.2, 0.2, 0.3], [0.1, 0.1, 0.1, 0.9]])
    ways = Ways(np.array([0, 1, 2, -1]), survival, columns)
    base, slopes = np.array([0.3, -0.2]), np.array([[0.5], [-0.4]])

    def chances(x: float) -> Any:
        odds = np.exp(np.array([0.0, 0.3 + 0.5 * x, -0.2 - 0.4 * x]))
        return odds / odds.sum()

    total = math.log(chances(1.0)[0] * chances(0.0)[1] * chances(2.0)[2] * float(chances(1.0) @ survival[:, 3]))
    assert log_likelihood(ways, base, slopes) == pytest.approx(total, rel=1e-12)


def test_planted_log_odds_are_covered() -> None:
    """Slopes .6 and -.3 of three exits with open stays in 40 samples: 29 intervals of 90 % each at least (alarm .04 %)."""
    inside = np.zeros(2)
    for seed in range(40):
        rng = np.random.default_rng([8, seed])
        x = rng.normal(size=400)
        odds = np.exp(np.vstack((np.zeros(400), 0.2 + 0.6 * x, -0.3 - 0.3 * x)))
        way = (rng.uniform(size=400) > np.cumsum(odds / odds.sum(axis=0), axis=0)).sum(axis=0)
        length, cut = rng.exponential(np.array([10.0, 20.0, 30.0])[way]), rng.exponential(40.0, 400)
        survival = np.exp(-cut / np.array([[10.0], [20.0], [30.0]]))
        found = fit_odds(Ways(np.where(length < cut, way, -1), survival, x[:, None]))
        assert found is not None
        inside += np.abs(found.slopes[:, 0] - [0.6, -0.3]) <= 1.645 * found.errors[:, 0]
    assert np.all(inside >= 29), inside


def pulled_law(sample: Spans, penalty: Any) -> Hazard | None:
    return fit_hazard(sample, "weibull", penalty=penalty)


def coefficients(one: Hazard) -> tuple[Any, Any]:
    return one.slopes, one.theta.size + np.arange(one.slopes.size)


def test_pulling_together_small_segments_makes_the_error_smaller() -> None:
    """Twenty segments of 4 to 30 customers whose log hazards spread by .3, six times: the squared error of each way, summed.

    Pulled together by the likeliest spread it is below that of laws apart and below that of one law for all.
    """
    errors = np.zeros(3)
    for seed in range(6):
        rng = np.random.default_rng([1, seed])
        truth = rng.normal(0.0, 0.3, 20)
        segment = np.repeat(np.arange(20), rng.integers(4, 30, 20))
        length = np.array([weibull(rng, float(np.exp(truth[k]))) for k in segment])
        cut = rng.uniform(10.0, 80.0, segment.size)
        table = (segment[:, None] == np.arange(20)).astype(np.float64)
        sample = spans(np.minimum(length, cut), length < cut, np.arange(segment.size), 0.01, table)
        pulled = shrink(partial(pulled_law, sample), np.ones(20), coefficients, (0.03, 0.1, 0.2, 0.4, 0.8))
        apart = fit_hazard(sample, "weibull", penalty=np.full(20, 1e-4))
        assert pulled is not None
        assert apart is not None
        errors += [
            float(np.mean((one - one.mean() - truth + truth.mean()) ** 2))
            for one in (pulled[0].slopes, apart.slopes, np.zeros(20))
        ]
    assert errors[0] < 0.6 * errors[1]
    assert errors[0] < errors[2]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('history = ["visists"]', "history"),
        ('history = ["visits", "visits"]', "asked for twice"),
        ('history = ["purchases"]', "no stage counts as a purchase"),
        ('covariates = { visits = "v" }', "every customer has"),
        ("covariates = { price = 3 }", "names no column"),
    ],
)
def test_mistakes_in_the_mapping_are_told(lines: str, said: str) -> None:
    text = f'customer = "a"\ntime = "b"\nevent = "c"\n{lines}\n[stages]\nwaiting = "w"\nbought = "x"\n'
    with pytest.raises(Faults) as told:
        read_mapping(text)
    assert said in str(told.value)


def test_columns_that_do_not_serve_are_told(tmp_path: Path) -> None:
    with pytest.raises(Faults, match="has no column"):
        few_rows(tmp_path, "", '[covariates]\nprice = "prize"\n')
    rows = "".join(f"{k},{k},waiting,w{k}\n{k},{k + 1},bought,w{k}\n" for k in range(30))
    (tmp_path / "log.csv").write_text("who,when,what,plan\n" + rows)
    (tmp_path / "map.toml").write_text(MAPPING.format(until=40, more="", last='[covariates]\nplan = "plan"\n'))
    with pytest.raises(Faults, match="holds 30 different words"):
        logs.read(tmp_path / "log.csv", tmp_path / "map.toml")


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (1e299, 'column "euros" holds 2.9e+300, beyond 1e+12; give it in larger units'),
        (1e13, 'column "euros" holds 2.9e+14, beyond'),
        (1e-200, 'column "euros" holds numbers that differ by no more than 2.9e-199; give it in smaller units'),
    ],
)
def test_numbers_that_cannot_be_worked_with_are_told(tmp_path: Path, size: float, said: str) -> None:
    rows = "".join(f"{k},{k},waiting,{k * size!r}\n{k},{k + 1},bought,{k * size!r}\n" for k in range(30))
    (tmp_path / "log.csv").write_text("who,when,what,euros\n" + rows)
    (tmp_path / "map.toml").write_text(MAPPING.format(until=40, more="", last='[covariates]\nprice = "euros"\n'))
    with pytest.raises(Faults) as told:
        logs.read(tmp_path / "log.csv", tmp_path / "map.toml")
    assert said in str(told.value)
    assert "covariates.price" in str(told.value)


@pytest.mark.parametrize("unit", [1e-4, 1.0, 1e10])
def test_effects_do_not_hang_on_units(tmp_path: Path, unit: float) -> None:
    """A hazard ratio of exp(.5) per standard deviation, in any unit; where one more is too much to be said, that is told."""
    rng = np.random.default_rng(5)
    rows = ["who,when,what,price"]
    for k, z in enumerate(rng.normal(size=800).tolist()):
        at, days = k / 100, rng.exponential(20.0 * np.exp(-0.5 * z))
        rows.append(f"{k},{at!r},waiting,{z * unit!r}")
        if at + days < 40.0:
            rows.append(f"{k},{at + days!r},bought,{z * unit!r}")
    (tmp_path / "log.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "map.toml").write_text(MAPPING.format(until=40, more="", last='[covariates]\nprice = "price"\n'))
    log = logs.read(tmp_path / "log.csv", tmp_path / "map.toml")
    if unit < 1.0:
        with pytest.raises(Faults, match=r"covariates.price.*standard deviation 9.7e-05.*smaller units: times 100,000"):
            fit(log)
        return
    found = fit(log)
    (effect,) = found.stages["waiting"].differ.effects["bought"]
    assert abs(effect.slope * unit - 0.5) < 4.0 * effect.error * unit
    history = found.scenario().history
    assert history is not None
    written = float(np.log(history.effects[0].hazard_ratio or 0.0))
    assert written == pytest.approx(effect.slope, rel=2e-3)  # the file has digits enough
    assert " 1 times" not in effect.said("waiting -> bought")


def test_a_log_without_columns_is_as_before(tmp_path: Path) -> None:
    log = written_log(tmp_path, 4, 200, None)
    assert log.covariates == ()
    assert "[history]" not in fit(log).scenario_text()
