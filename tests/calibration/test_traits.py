"""Covariates below zero, of several words, and by stay: planted in a scenario, fitted to its log, written, simulated again."""

import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from sojourn.calibration import logs
from sojourn.calibration.document import document
from sojourn.calibration.fit import Fit, fit
from sojourn.calibration.history import known, lived
from sojourn.calibration.openings import on_their_way, openers_of
from sojourn.calibration.pasts import _past
from sojourn.calibration.posterior import companion
from sojourn.calibration.regressions import Effect
from sojourn.calibration.traits import trait_laws
from sojourn.scenarios.files import loads
from sojourn.scenarios.model import ByStay, Quantiles
from sojourn.sim import tables as at
from sojourn.sim.journeys import Journeys
from sojourn.sim.network import build
from sojourn.sim.openers import were_on_their_way, with_openers
from sojourn.sim.run import simulate
from sojourn.sim.streams import STAY_TRAITS, TRAITS, uniform

TRUTH = """
format = 1
[scenario]
name = "truth"
start = "waiting"
horizon_days = 200
[arrivals]
cohort = {customers}
[traits]
balance = {{ law = "quantiles", share = [0, 1], value = [-2, 1] }}
plan = {{ free = 0.5, basic = 0.3, pro = 0.2 }}
basket = {{ each_stay = {{ law = "quantiles", share = [0, 0.5, 0.5, 1], value = [-1, -1, 1, 1] }} }}
device = {{ in_stage = {{ waiting = {{ phone = 0.3, desktop = 0.7 }}, bought = {{ phone = 0.6, desktop = 0.4 }} }} }}
[history]
effects = [
{effects}
]
[stages.waiting]
race = {{ bought = {{ law = "weibull", median = 30, shape = 1.5 }} }}
[stages.bought]
role = "purchase"
dwell = {{ law = "exponential", mean = 2 }}
exits = {{ waiting = 0.7, gone = 0.3 }}
[stages.gone]
end = true
role = "lost"
"""
ETAS = {  # log hazard ratios at "waiting -> bought", log-odds at "bought -> gone"; the device that is rarer in the stage
    ("waiting", "bought"): {
        "balance": 0.3,
        "plan == basic": 0.4,
        "plan == pro": -0.5,
        "basket": 0.25,
        "device == phone": -0.3,
    },
    ("bought", "gone"): {
        "balance": -0.4,
        "plan == basic": 0.5,
        "plan == pro": -0.6,
        "basket": 0.3,
        "device == desktop": 0.5,
    },
}
MAPPING = """\
customer = "who"
time = "when"
event = "what"
observed_until = 200
[stages]
waiting = "waiting"
bought = "bought"
[ends]
gone = "gone"
[roles]
bought = "purchase"
gone = "lost"
[covariates]
balance = "balance"
plan = "plan"
basket = { column = "basket", per = "stay" }
device = { column = "device", per = "stay" }
[forms]
waiting = "race"
bought = "choice"
[frailty]
"waiting -> bought" = "none"
"""
ALARM = 3.9  # standard errors: two-sided rate 1e-4 a comparison


class Planted(NamedTuple):
    """A log that a scenario has written, and the journeys behind it."""

    log: logs.Log
    journeys: Journeys


def planted(folder: Path, customers: int, seed: int) -> Planted:
    """Journeys of the truth as a log, with what each customer and stay had drawn, from their uniforms."""
    lines = []
    for (origin, to), etas in ETAS.items():
        for per, eta in etas.items():
            does = f"hazard_ratio = {math.exp(eta)!r}" if to == "bought" else f"log_odds = {eta}"
            around = ", around = -0.5" if per == "balance" else ""
            lines.append(f'  {{ exit = "{origin} -> {to}", per = "{per}", {does}{around} }},')
    scenario = loads(TRUTH.format(customers=customers, effects="\n".join(lines)))
    net = build(scenario, "baseline")
    journeys = simulate(net, seed=seed)
    own, rows, visits = at.seeded(net.cells, seed, 0), ["who,when,what,balance,plan,basket,device"], dict[Any, int]()
    for row in range(journeys.events.time.size):
        who, stage = int(journeys.events.customer[row]), int(journeys.events.stage[row])
        visit = visits[who, stage] = visits.get((who, stage), 0) + 1
        name = journeys.stages[stage]
        balance = -2.0 + 3.0 * (1.0 - uniform(own, who, 0, TRAITS, 1, 0))
        gone = 1.0 - uniform(own, who, 0, TRAITS, 1, 1)
        plan = "free" if gone <= 0.5 else "basic" if gone <= 0.8 else "pro"
        basket = -1 if uniform(own, who, stage, STAY_TRAITS, visit, 2) >= 0.5 else 1
        phones = {"waiting": 0.3, "bought": 0.6}.get(name, 0.0)
        device = "phone" if 1.0 - uniform(own, who, stage, STAY_TRAITS, visit, 3) <= phones else "desktop"
        rows.append(f"{who},{float(journeys.events.time[row])!r},{name},{balance:.5f},{plan},{basket},{device}")
    log, mapping = folder / "log.csv", folder / "map.toml"
    log.write_text("\n".join(rows) + "\n")
    mapping.write_text(MAPPING)
    return Planted(logs.read(log, mapping), journeys)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Planted, Fit]:
    case = planted(tmp_path_factory.mktemp("planted"), 900, 3)
    return case, fit(case.log)


def effects(one: Fit) -> dict[tuple[str, str], dict[str, Effect]]:
    """The effects on each exit, by what they count."""
    return {
        (stage, to): {effect.column.name: effect for effect in one.stages[stage].differ.effects[to]}
        for stage, to in ETAS
    }


def test_planted_effects_come_back(found: tuple[Planted, Fit]) -> None:
    """Each within 3.9 standard errors (1e-4 each), all in the scenario, each against the most frequent word of the stage."""
    _, one = found
    fitted = effects(one)
    for exit_, etas in ETAS.items():
        assert set(fitted[exit_]) == set(etas)
        for name, eta in etas.items():
            assert abs(fitted[exit_][name].slope - eta) < ALARM * fitted[exit_][name].error, (exit_, name)
    assert fitted["waiting", "bought"]["plan == pro"].column.against == "free"
    said = " ".join(one.notes)
    assert "plan pro instead of free does" in said
    assert "device phone instead of desktop does" in said
    assert "device desktop instead of phone does" in said
    told: Any = document(one, None, one.notes)["stages"]["waiting"]["effects"]["bought"]
    assert [effect["per"] for effect in told] == list(fitted["waiting", "bought"])


def test_intervals_hold_the_planted_effects(tmp_path: Path) -> None:
    """Eight logs of 400 customers, ten effects: 64 of 80 intervals of 90 % at least (false alarm .4 %)."""
    inside = 0
    for seed in range(8):
        fitted = effects(fit(planted(tmp_path, 400, 100 + seed).log))
        for exit_, etas in ETAS.items():
            for name, eta in etas.items():
                inside += abs(fitted[exit_][name].slope - eta) <= 1.645 * fitted[exit_][name].error
    assert inside >= 64


def test_the_scenario_says_them(found: tuple[Planted, Fit]) -> None:
    case, one = found
    scenario = one.scenario()
    assert list(scenario.traits) == ["balance", "plan", "basket", "device"]
    log = case.log
    first = log.first[:-1]
    plan: Any = scenario.traits["plan"]
    assert plan == pytest.approx({"free": 0.5, "basic": 0.3, "pro": 0.2}, abs=ALARM * 0.5 / math.sqrt(900.0))
    balance: Any = scenario.traits["balance"]
    assert (balance.value[0], balance.value[-1]) == pytest.approx(
        (log.covariates[0].values[first].min(), log.covariates[0].values[first].max()), rel=1e-4
    )
    basket, device = scenario.traits["basket"], scenario.traits["device"]
    assert isinstance(basket, ByStay)
    assert isinstance(device, ByStay)
    assert device.in_stage is not None
    for stage, phones in (("waiting", 0.3), ("bought", 0.6)):
        shares: Any = device.in_stage[stage]
        stays = int(np.sum(log.stays.stage == log.stages.index(stage)))
        assert shares["phone"] == pytest.approx(phones, abs=ALARM * 0.5 / math.sqrt(stays))
    assert all(isinstance(one, Quantiles) and set(one.value) == {-1.0, 1.0} for one in basket.drawn)
    assert scenario.history is not None
    said = {(one.exit, one.per): one for one in scenario.history.effects}
    for (stage, to), of in effects(one).items():
        for name, fitted in of.items():
            assert said[f"{stage} -> {to}", name].eta == pytest.approx(fitted.slope, abs=1e-4)
    assert -0.7 < said["waiting -> bought", "balance"].around < -0.2  # the mean of its stays
    drawn = companion(one, 200, 1, scenario.document())
    for k, effect in enumerate(scenario.history.effects):
        here = np.asarray(drawn.draws["history", "effects", k, effect.scale])
        logged = np.log(here) if effect.scale == "hazard_ratio" else here
        assert float(np.std(logged)) > 0.0
        assert float(np.mean(logged)) == pytest.approx(effect.eta, abs=0.1)


def buying(journeys: Journeys) -> Any:
    """How often each customer has bought."""
    return np.bincount(
        journeys.who[journeys.events.stage == journeys.stages.index("bought")], minlength=journeys.first.size - 1
    )


def test_simulated_agrees_with_observed(found: tuple[Planted, Fit]) -> None:
    """Purchases a customer, mean and second moment, and the share that is gone: 3.9 errors of log and copy together."""
    case, one = found
    scenario = one.scenario()
    again = simulate(build(scenario, next(iter(scenario.strategies))), seed=11, customers=4 * 900)
    a, b = buying(case.journeys), buying(again)
    gone = [
        np.isin(np.arange(each.first.size - 1), each.who[each.events.stage == each.stages.index("gone")])
        for each in (case.journeys, again)
    ]
    for x, y in ((a, b), (a**2, b**2), gone):
        # The fit has errors of its own, about as large as those of the log.
        error = math.sqrt(2.0 * x.var() / x.size + y.var() / y.size)
        assert abs(x.mean() - y.mean()) < ALARM * error


def test_who_is_on_the_way_is_known(found: tuple[Planted, Fit]) -> None:
    """Words by their place in the scenario, what stays have as of the stay under way; those of the plan pro buy later."""
    case, one = found
    log, scenario = case.log, one.scenario()
    network = build(scenario, next(iter(scenario.strategies)))
    way = on_their_way(log)
    opened = openers_of(log, way, network, np.random.default_rng(1))
    words = list(scenario.traits["plan"])
    names = [covariate.name for covariate in log.covariates]
    plan = log.covariates[names.index("plan")]
    for place, value in zip(opened.traits["plan"], plan.values[log.first[:-1]][way.customer], strict=True):
        assert words[int(place)] == plan.words[int(value)]
    basket = log.covariates[names.index("basket")].values
    np.testing.assert_array_equal(opened.traits["basket"], basket[log.first[1:] - 1][way.customer])
    assert not np.array_equal(basket[log.first[1:] - 1][way.customer], basket[log.first[:-1]][way.customer])
    lives = simulate(with_openers(network, opened), seed=1, customers=0)
    assert were_on_their_way(lives).all()
    first = lives.first[:-1]
    waits = lives.events.stage[first] == lives.stages.index("waiting")
    rest = lives.until[first]
    assert rest[waits & (opened.traits["plan"] == words.index("pro"))].mean() > (
        rest[waits & (opened.traits["plan"] == words.index("basic"))].mean()
    )
    past = _past(log, np.arange(log.stays.stage.size), scenario)
    assert scenario.history is not None
    assert set(past) == {effect.per for effect in scenario.history.effects}


SMALL = """\
customer = "who"
time = "when"
event = "what"
observed_until = 10
[stages]
waiting = "waiting"
bought = "bought"
[covariates]
balance = "balance"
plan = "plan"
"""


def test_words_and_numbers_of_a_small_log(tmp_path: Path) -> None:
    """Three words, and a number that is missing at times."""
    said = [("web", "1"), ("shop", ""), ("web", "1"), ("mail", "-2"), ("shop", "1"), ("web", "")]
    rows = [
        f"{k},{k * happened},{what},{word},{number}\n"
        for k, (word, number) in enumerate(said)
        for happened, what in enumerate(("waiting", "bought"))
    ]
    (tmp_path / "log.csv").write_text("who,when,what,plan,balance\n" + "".join(rows))
    (tmp_path / "map.toml").write_text(SMALL)
    log = logs.read(tmp_path / "log.csv", tmp_path / "map.toml")
    laws = dict(trait_laws(log, {"plan": ["waiting"], "balance": ["waiting"]}))
    assert laws["plan"] == "{ web = 0.5, shop = 0.333333, mail = 0.166667 }"
    assert laws["balance"] == '{ law = "quantiles", share = [0.0, 0.25, 0.25, 1.0], value = [-2.0, -2.0, 1.0, 1.0] }'
    first = log.first[:-1]
    told = lived(log, "plan == shop")
    assert told is not None
    assert told[first].tolist() == [0, 1, 0, 0, 1, 0]
    places = known(log, "plan", ("mail", "web"))
    assert places is not None
    assert places[first].tolist() == [1, -1, 1, 0, -1, 1]  # a word that the scenario lacks is none of its words
    balance = known(log, "balance", ())
    assert balance is not None
    assert np.isnan(balance[first]).tolist() == [False, True, False, False, False, True]
    assert lived(log, "plan") is None
    old = lived(log, "plan_shop")  # as scenario files had one of two words
    assert old is not None
    assert old[first].tolist() == told[first].tolist()
