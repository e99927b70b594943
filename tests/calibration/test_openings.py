"""Customers who are still on their way: who they are, and that their pasts tell what they will do.

The tests of pasts are of a kind: a world of known numbers is lived to day 2T and watched to day T. What its customers do after T
is compared with what openers do who are drawn from their pasts under the same numbers, by how much they had done before.
Without their own draws, or with those of anybody, the differences are many standard errors.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from benchmarks.forecast_worlds import log_of
from sojourn.calibration import logs
from sojourn.calibration.fit import fit
from sojourn.calibration.happenings import frame, of_log
from sojourn.calibration.histories import Histories
from sojourn.calibration.holdout import known_at
from sojourn.calibration.mapping import read_mapping
from sojourn.calibration.openings import check_stages, on_their_way, openers_of
from sojourn.calibration.unseen import model_of
from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import loads
from sojourn.sim.network import build
from sojourn.sim.openers import were_on_their_way, with_openers
from sojourn.sim.run import simulate
from tests.calibration.planting import one_stage

ALARM = 4.0  # standard errors: two-sided rate 6e-5 a figure, 3e-3 for all 40 figures of this file
HALF = 60.0

WORLD = """format = 1
[scenario]
name = "world"
start = "calm"
horizon_days = 120
[arrivals]
rate_per_day = 500
until_day = 20
"""
RATES = """
[stages.calm]
race.busy = { law = "weibull", mean = 12, shape = 1.4 }
race.gone = { law = "exponential", mean = 150 }
[stages.busy]
dwell = { law = "exponential", mean = 4 }
exits = { calm = 1.0 }
[stages.gone]
end = true
[frailty]
gamma = { "calm -> busy" = 1.5 }
"""
CHANCES = """
[stages.calm]
exits.busy = { probability = 0.7, dwell = { law = "exponential", mean = 8 } }
exits.gone = { probability = 0.3, dwell = { law = "weibull", mean = 25, shape = 2 } }
[stages.busy]
dwell = { law = "exponential", mean = 4 }
exits = { calm = 1.0 }
[stages.gone]
end = true
[frailty]
beta = { "calm -> gone" = 1.5 }
"""
TIRED = """
[history]
effects = [{ exit = "calm -> gone", per = "visits", log_odds = -0.6, up_to = 4 },
           { exit = "calm -> busy", per = "days_since_first", log_odds = 0.01 }]
"""
LOADS = """
[stages.calm]
exits.busy = { probability = 0.7, dwell = { law = "exponential", mean = 8 } }
exits.gone = { probability = 0.3, dwell = { law = "weibull", mean = 25, shape = 2 } }
[stages.busy]
race.calm = { law = "lognormal", median = 5, sigma = 0.8 }
race.gone = { law = "exponential", mean = 90 }
[stages.gone]
end = true
[frailty]
loads = { "calm -> gone" = 1.2, "busy -> calm" = -0.6 }
"""
SPEEDS = RATES.replace("gamma =", "speed =")
SEGMENTS = """
[segments.quick]
share = 0.5
override = { "stages.calm.race.busy.mean" = 6 }
[segments.slow]
share = 0.5
"""
HISTORY = """
[history]
effects = [{ exit = "calm -> busy", per = "visits", hazard_ratio = 1.25, up_to = 4 },
           { exit = "calm -> busy", per = "days_since_first", hazard_ratio = 0.99 }]
"""
WORLDS = {
    "rates and history": RATES + HISTORY,
    "rates": RATES,
    "chances": CHANCES,
    "chances and history": CHANCES + TIRED,
    "loads": LOADS,
    "rates by segment": RATES + SEGMENTS,
    "speeds": SPEEDS,
    "speeds and history": SPEEDS + HISTORY,
    "speeds and loads": SPEEDS + 'loads = { "calm -> busy" = 0.5, "calm -> gone" = 0.8 }\n',
    "speeds of a single value": SPEEDS.replace(
        'law = "weibull", mean = 12, shape = 1.4', 'law = "deterministic", value = 12'
    ),
}


@pytest.mark.parametrize("kind", WORLDS)
def test_pasts_tell_what_customers_will_do(kind: str) -> None:
    """Entries to busy after day 60 and who is gone by day 120, by the number of entries before."""
    scenario = loads(WORLD + WORLDS[kind])
    network = build(scenario, "baseline")
    world = log_of(simulate(network, seed=5), scenario)
    log = known_at(world, HALF)
    way = on_their_way(log)
    assert way.customer.size > 2_000
    assert way.today == HALF
    later = loads((WORLD + WORLDS[kind]).replace("horizon_days = 120", "horizon_days = 60"))
    net = build(later, "baseline")
    past = entries(log, way.customer, 0.0)
    assert past.max() >= 4
    truth = np.stack([entries(world, way.customer, HALF), gone(world, way.customer)])
    told, anybody = [], []
    for k in range(4):
        drawn = openers_of(log, way, net, np.random.default_rng(k))
        told.append(lived(with_openers(net, drawn), k))
        careless = drawn._replace(own={}, frailty=np.full(drawn.size, np.nan))
        anybody.append(lived(with_openers(net, careless), k))
    far = [0.0]
    for figure in range(2):
        for x in range(5):
            here = past == x if x < 4 else past >= 4
            if here.sum() < 50:
                continue
            mine = np.stack([one[figure][here] for one in told])
            error = np.sqrt(truth[figure][here].var() / here.sum() + mine.var() / mine.size)
            assert abs(truth[figure][here].mean() - mine.mean()) < ALARM * error, (figure, x)
            others = np.mean([one[figure][here] for one in anybody])
            far.append(abs(truth[figure][here].mean() - others) / error)
    assert max(far) > 2 * ALARM  # draws of anybody's would be noticed


def entries(log: Any, customers: Any, since: float) -> Any:
    rows = (log.stays.stage == log.stages.index("busy")) & (log.stays.entry > since)
    return np.bincount(log.stays.customer[rows], minlength=log.customers.size)[customers].astype(float)


def gone(log: Any, customers: Any) -> Any:
    return (log.stays.stage[log.first[1:] - 1] == log.stages.index("gone"))[customers].astype(float)


def lived(net: Any, seed: int) -> Any:
    """Entries to busy and whether gone by the end, of each opener."""
    journeys = simulate(net, seed=100 + seed, customers=0)
    assert were_on_their_way(journeys).all()
    busy = (journeys.events.stage == net.stages.index("busy")) & (journeys.events.time > 0.0)
    counts = np.bincount(journeys.who[busy], minlength=journeys.customers.customer.size).astype(float)
    last = journeys.events.stage[journeys.first[1:] - 1]
    return counts, (last == net.stages.index("gone")).astype(float)


ALIKE = """format = 1
[scenario]
name = "alike"
start = "calm"
horizon_days = 30
[arrivals]
rate_per_day = 1
[stages.calm]
{calm}
[stages.busy]
dwell = {{ law = "deterministic", value = 1 }}
exits = {{ calm = 1.0 }}
[stages.gone]
end = true
[frailty]
{frailty}
"""
RACE = 'race.busy = { law = "exponential", mean = 10 }\nrace.gone = { law = "exponential", mean = 50 }'
CHOICE = """exits.busy = { probability = 0.6, dwell = { law = "exponential", mean = 10 } }
exits.gone = { probability = 0.4, dwell = { law = "exponential", mean = 5 } }"""
SAME = 4_000  # customers of one and the same past


def drawn_alike(folder: Path, calm: str, frailty: str) -> Any:
    """What is drawn for customers who were calm for 5 days and 7, busy after each for 1, and are calm since 4 days."""
    events = [(0.0, "calm"), (5.0, "busy"), (6.0, "calm"), (13.0, "busy"), (14.0, "calm")]
    (folder / "log.csv").write_text(
        "who,when,what\n" + "".join(f"{k},{day},{what}\n" for k in range(SAME) for day, what in events)
    )
    mapping = (
        'customer = "who"\ntime = "when"\nevent = "what"\nobserved_until = 18\n[stages]\ncalm = "calm"\nbusy = "busy"\n'
    )
    log = logs.read_with(folder / "log.csv", read_mapping(mapping + '[ends]\ngone = "gone"\n'))
    net = build(loads(ALIKE.format(calm=calm, frailty=frailty)), "baseline")
    return openers_of(log, on_their_way(log), net, np.random.default_rng(9))


def test_own_rates_are_drawn_from_their_gamma_posterior(tmp_path: Path) -> None:
    """Shape + events, rate + exposure: 2 exits over 16 days at one in 10, prior (1.5, 1.5). False alarms: 1 in 10,000, each."""
    drawn = drawn_alike(tmp_path, RACE, 'gamma = { "calm -> busy" = 1.5, "calm -> gone" = 3.0 }')
    assert stats.kstest(drawn.own[0, 0], stats.gamma(3.5, scale=1.0 / 3.1).cdf).pvalue > 1e-4
    assert stats.kstest(drawn.own[0, 1], stats.gamma(3.0, scale=1.0 / 3.32).cdf).pvalue > 1e-4
    assert drawn.visits[0].tolist() == [3, 2, 0]
    assert drawn.last[0].tolist() == [-4.0, -5.0, -np.inf]
    assert drawn.arrived[0] == -18.0


def test_own_speeds_are_drawn_from_their_posterior(tmp_path: Path) -> None:
    """At an exponential law a speed is a rate; elsewhere by its density, integrated. False alarms: 1 in 10,000, each."""
    drawn = drawn_alike(tmp_path, RACE, 'speed = { "calm -> busy" = 1.5, "calm -> gone" = 3.0 }')
    assert stats.kstest(drawn.own[0, 0], stats.gamma(3.5, scale=1.0 / 3.1).cdf).pvalue > 1e-4
    assert stats.kstest(drawn.own[0, 1], stats.gamma(3.0, scale=1.0 / 3.32).cdf).pvalue > 1e-4
    steps = 'race.busy = { law = "gamma", mean = 10, shape = 4 }\nrace.gone = { law = "exponential", mean = 50 }'
    drawn = drawn_alike(tmp_path, steps, 'speed = { "calm -> busy" = 1.5 }')
    v = np.linspace(1e-4, 12.0, 200_001)
    law = stats.gamma(4.0, scale=2.5)
    density = stats.gamma.pdf(v, 1.5, scale=1 / 1.5) * v**2 * law.pdf(5.0 * v) * law.pdf(7.0 * v) * law.sf(4.0 * v)
    cumulative = np.cumsum(density) / density.sum()
    assert stats.kstest(drawn.own[0, 0], lambda x: np.interp(x, v, cumulative)).pvalue > 1e-4


def test_own_chances_are_drawn_from_their_beta_posterior(tmp_path: Path) -> None:
    """a + .., b + ..: prior (.8, 1.2) of leaving, two stays that ended otherwise, and an open one of 4 days that is either."""
    drawn = drawn_alike(tmp_path, CHOICE, 'beta = { "calm -> gone" = 2.0 }')
    leaves, stays = np.exp(-4.0 / 5.0) * 0.8, np.exp(-4.0 / 10.0) * 3.2
    share = leaves / (leaves + stays)

    def mixture(x: Any) -> Any:
        return share * stats.beta(1.8, 3.2).cdf(x) + (1.0 - share) * stats.beta(0.8, 4.2).cdf(x)

    assert stats.kstest(drawn.own[0, 1], mixture).pvalue > 1e-4


def test_own_chances_are_drawn_with_what_history_did_to_the_stays_passed(tmp_path: Path) -> None:
    """A chance of leaving in stays whose log-odds visits raise by .7 each and days by .05; one of 4 days is open and is either.

    The density is integrated numerically; without the effects, or with the open stay left out, the distance would be seen.
    """
    effects = """beta = { "calm -> gone" = 2.0 }
[history]
effects = [{ exit = "calm -> gone", per = "visits", log_odds = 0.7 },
           { exit = "calm -> busy", per = "days_since_first", log_odds = -0.05, around = 3 }]
"""
    drawn = drawn_alike(tmp_path, CHOICE, effects)
    q = np.linspace(0.0, 1.0, 400_001)[1:-1]
    density = stats.beta(0.8, 1.2).pdf(q)
    shifts = [0.7 * visits + 0.05 * (day - 3.0) for visits, day in enumerate((0.0, 6.0, 14.0))]
    gone = [q * np.exp(shift) / (1.0 - q + q * np.exp(shift)) for shift in shifts]
    density *= (1.0 - gone[0]) * (1.0 - gone[1])
    density *= gone[2] * np.exp(-4.0 / 5.0) + (1.0 - gone[2]) * np.exp(-4.0 / 10.0)
    cumulative = np.cumsum(density) / density.sum()
    assert stats.kstest(drawn.own[0, 1], lambda x: np.interp(x, q, cumulative)).pvalue > 1e-4
    assert stats.kstest(drawn.own[0, 1], stats.beta(0.8, 3.2).cdf).pvalue < 1e-6


def test_the_normal_behind_loads_is_drawn_from_its_posterior(tmp_path: Path) -> None:
    """One load on a hazard: density proportional to exp(-z^2 / 2 + 2 g z - 1.6 e^(g z)), integrated numerically."""
    drawn = drawn_alike(tmp_path, RACE, 'loads = { "calm -> busy" = 0.8 }')
    z = np.linspace(-8.0, 8.0, 160_001)
    density = np.exp(-0.5 * z**2 + 2.0 * 0.8 * z - 1.6 * np.exp(0.8 * z))
    cumulative = np.cumsum(density) / density.sum()
    assert stats.kstest(drawn.frailty, lambda x: np.interp(x, z, cumulative)).pvalue > 1e-4


MAPPING = """
customer = "who"
time = "when"
event = "what"
observed_until = 1997-09-30T00:00:00
[stages]
purchase = ["purchase"]
[roles]
purchase = "purchase"
[silent]
purchase = "KIND"
"""


@pytest.mark.parametrize("kind", ["bgnbd", "paretonbd"])
def test_cdnow_customers_go_on_as_the_conditional_expectations_say(cdnow: Any, tmp_path: Path, kind: str) -> None:
    """CDNOW, 39 weeks ahead, by repeat purchases so far: the conditional expectations of all 2,357 customers."""
    path = tmp_path / "log.csv"
    path.write_text(
        "who,when,what\n" + "".join(f"{who},{day},purchase\n" for who, day in cdnow.rows if day <= "1997-09-30")
    )
    log = logs.read_with(path, read_mapping(MAPPING.replace("KIND", kind)))
    scenario = fit(log).scenario()
    scenario = scenario.model_copy(update={"about": scenario.about.model_copy(update={"horizon_days": 273.0})})
    net = build(scenario, "baseline")
    way = on_their_way(log)
    assert way.customer.size == 2_357
    rows = log.stays.customer
    x = np.bincount(rows)[way.customer].astype(np.float64) - 1.0
    first = np.full(log.customers.size, np.inf)
    last = np.full(log.customers.size, -np.inf)
    np.minimum.at(first, rows, log.stays.entry)
    np.maximum.at(last, rows, log.stays.entry)
    known = Histories(x, (last - first)[way.customer], (log.until - first)[way.customer], np.ones(x.size))
    model = model_of(scenario, "purchase")
    expected = model.expected_given(known, 273.0)
    counts = []
    for k in range(20):
        drawn = openers_of(log, way, net, np.random.default_rng(k))
        journeys = simulate(with_openers(net, drawn), seed=k, customers=0)
        again = journeys.events.stage == net.stages.index("purchase_again")
        counts.append(np.bincount(journeys.who[again & (journeys.events.time > 0)], minlength=x.size))
    each = np.array(counts, dtype=float)
    for bought in range(8):
        here = np.minimum(x, 7) == bought
        error = np.sqrt(each[:, here].var(axis=0).sum() / 20) / here.sum()
        assert abs(each[:, here].mean() - expected[here].mean()) < ALARM * error, bought
    error = np.sqrt(each.var(axis=0).sum() / 20)
    assert abs(each.sum(axis=1).mean() - expected.sum()) < ALARM * error
    if kind == "bgnbd":
        assert f"{expected.sum():.0f}" == "1653"


def test_who_is_still_on_the_way(tmp_path: Path) -> None:
    """Open stays with their ages; the ended and those last watched earlier are not among them."""
    text = """who,when,what,until
a,0,trial,100
b,10,trial,100
b,50,bought,100
c,70,trial,100
d,20,trial,60
"""
    mapping = """
customer = "who"
time = "when"
event = "what"
observed_until = "until"
[stages]
trial = "trial"
[ends]
bought = "bought"
"""
    (tmp_path / "log.csv").write_text(text)
    log = logs.read_with(tmp_path / "log.csv", read_mapping(mapping))
    way = on_their_way(log)
    assert log.customers[way.customer].tolist() == ["a", "c"]
    assert way.age.tolist() == [100.0, 30.0]
    assert way.unwatched == 1
    assert way.undated == 0
    unknown = np.full(log.stays.entry.size, np.nan)
    assert on_their_way(replace(log, stays=log.stays._replace(seen_from=unknown))).undated == 2


def test_a_stage_that_the_scenario_lacks_is_told(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    log = one_stage(tmp_path, rng.exponential(50.0, 100), rng.exponential(80.0, 100))
    scenario = loads(WORLD + RATES)
    with pytest.raises(Faults, match="are in trial, and the scenario has no stage trial"):
        check_stages(log, on_their_way(log), scenario)


def test_a_log_is_cut_as_it_was_on_the_day() -> None:
    """As of a day, and counted from there: what the cut log has not seen is what the later one has seen since."""
    scenario = loads(WORLD + RATES)
    world = log_of(simulate(build(scenario, "baseline"), seed=6), scenario)
    log = known_at(world, HALF)
    assert log.stays.until.max() <= HALF
    assert log.stays.entry.max() <= HALF
    assert known_at(world, 120.0).stays.stage.size == np.sum(world.stays.entry < 120.0)
    what = frame(scenario, (), 60.0)
    seen = of_log(what, world, on_their_way(log))
    later = world.stays.entry > HALF
    busy = what.stages.index("busy")
    assert seen.weekly[:, busy].sum() == np.sum(later & (world.stays.stage == world.stages.index("busy")))
    assert seen.customers.tolist() == [on_their_way(log).customer.size, 0]
    assert seen.final.sum() == seen.customers.sum()
    assert seen.moves.sum() == np.sum(later)
    fewer = what._replace(
        stages=what.stages[:-1], ways=tuple(way for way in what.ways if max(way) < len(what.stages) - 1)
    )
    lacking = of_log(fewer, world, on_their_way(log))
    assert np.array_equal(lacking.weekly, seen.weekly[:, :-1])
    assert lacking.final.sum() == seen.final[:, :-1].sum() < lacking.customers.sum()
    assert seen.waited.sum() == pytest.approx(
        np.sum(world.stays.days[:-1][(later[1:]) & (world.stays.customer[1:] == world.stays.customer[:-1])])
    )
