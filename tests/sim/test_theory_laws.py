"""Stays drawn by the engine against the laws they come from: as a choice, as the only exit of a race, as two that race.

Each test says how often it would fail although all is well ("false-alarm rate"), and fixes its seed.
"""

import itertools
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from sojourn.scenarios import lawtable

LAWS = {
    "exponential": '{ law = "exponential", mean = 20 }',
    "weibull": '{ law = "weibull", mean = 14, shape = 1.4 }',
    "lognormal": '{ law = "lognormal", median = 6, sigma = 0.9 }',
    "loglogistic": '{ law = "loglogistic", median = 8, shape = 3.0 }',
    "gamma": '{ law = "gamma", mean = 40, shape = 0.6 }',
    "deterministic": '{ law = "deterministic", value = 2.5 }',
    "empirical": '{ law = "empirical", share = [0, 0.25, 0.5, 1.0], days = [1, 3, 3, 10] }',
    "deadline": '{ law = "deadline", day = 12, share = 0.2, otherwise = { law = "lognormal", median = 12, sigma = 0.7 } }',
    "heavy": '{ law = "loglogistic", median = 8, shape = 0.8 }',  # last: some never leave it within the horizon
}
COUNT = 2000
JUMPS = {"empirical": 3.0, "deadline": 12.0}


def chain(way: Any) -> Any:
    """All laws one after another: one customer gives an independent stay of each."""
    names = [*LAWS, "over"]
    lines = []
    for name, to in itertools.pairwise(names):
        if way == "choice":
            lines.append(f"[stages.{name}]\ndwell = {LAWS[name]}\nexits = {{ {to} = 1.0 }}")
        else:
            lines.append(f"[stages.{name}]\nrace.{to} = {LAWS[name]}")
    return "\n".join([*lines, "[stages.over]\nend = true"])


@pytest.fixture(scope="module", params=["choice", "race"])
def lived(request: Any, scenario: Any, live: Any) -> Any:
    built = scenario(chain(request.param), start="exponential", arrivals=f"cohort = {COUNT}")
    return built, live(built, seed=11)


def law_in(built: Any, name: Any) -> Any:
    return next(iter(law for to in built.stages[name].exit_names if (law := built.stages[name].law(to))))


@pytest.mark.parametrize("name", [name for name in LAWS if name != "deterministic"])
def test_stays_follow_their_law(lived: Any, stays: Any, name: Any) -> None:
    """Kolmogorov and Smirnov against S(t), jumps taken apart. False-alarm rate 1e-4 for each of the 16."""
    built, journeys = lived
    law, days = law_in(built, name), stays(journeys, name).days
    days = days[stays(journeys, name).to != None]  # noqa: E711 (an array)
    jump = JUMPS.get(name)
    if jump is None:
        if name != "heavy":
            assert len(days) == COUNT
        # What the horizon cuts off: the law given an end by the horizon of 1e5 days.
        most = 1.0 - lawtable.survival(law, 9.0e4)
        days = days[days < 9.0e4]
        assert (
            stats.kstest(days, lambda t: np.array([(1.0 - lawtable.survival(law, x)) / most for x in t])).pvalue > 1e-4
        )
        return
    # Off the jump the time is continuous; on it there is a known share.
    on = np.abs(days - jump) < 1e-9
    before, after = lawtable.survival(law, np.nextafter(jump, 0.0)), lawtable.survival(law, jump)
    assert stats.binomtest(int(on.sum()), COUNT, before - after).pvalue > 1e-4
    share = 1.0 - (before - after)
    assert (
        stats.kstest(
            days[~on],
            lambda t: np.array([(1.0 - lawtable.survival(law, x) - (before - after) * (x > jump)) / share for x in t]),
        ).pvalue
        > 1e-4
    )


@pytest.mark.parametrize("name", [name for name in LAWS if name not in ("deterministic", "heavy")])
def test_moments(lived: Any, stays: Any, name: Any) -> None:
    """Mean and variance against their closed forms. False-alarm rate 1e-4 two-sided for each of the 28."""
    built, journeys = lived
    days, law = stays(journeys, name).days, law_in(built, name)
    mean = lawtable.mean(law)
    assert abs(days.mean() - mean) < 3.89 * days.std() / np.sqrt(COUNT)
    if name == "loglogistic":
        return  # the spread of its squares is infinite at shape 3
    second = (
        2.0 * integrate.quad(lambda t: t * lawtable.survival(law, t), 0.0, 2000.0, limit=400, points=[3, 12, 200])[0]
    )
    squares = (days - mean) ** 2
    # Squares are skewed: their mean over 2,000 is normal enough for a fence twice as wide.
    assert abs(squares.mean() - (second - mean**2)) < 7.8 * squares.std() / np.sqrt(COUNT)


def test_quantiles_of_a_law_without_moments(lived: Any, stays: Any) -> None:
    """Shares below the stated quantiles. False-alarm rate 1e-4 two-sided for each of three."""
    days = stays(lived[1], "heavy").days
    law = law_in(lived[0], "heavy")
    for share in (0.1, 0.5, 0.9):
        below = int((days <= lawtable.quantile(law, share)).sum())
        assert stats.binomtest(below, COUNT, share).pvalue > 1e-4


def test_a_certain_stay_is_exact(lived: Any, stays: Any) -> None:
    journeys = lived[1]
    days = stays(journeys, "deterministic").days
    # The difference of two clock times that reach 1e5 days.
    assert np.abs(days - 2.5).max() < 1e-10


def test_a_share_that_never_leaves(scenario: Any, live: Any, stays: Any) -> None:
    """Binomial. False-alarm rate 1e-4 two-sided for each of two ways."""
    law = '{ law = "empirical", share = [0, 0.5, 0.9], days = [0, 4, 30], never = 0.1 }'
    for body in (f"[stages.a]\ndwell = {law}\nexits = {{ b = 1.0 }}\n", f"[stages.a]\nrace.b = {law}\n"):
        journeys = live(scenario(body + "[stages.b]\nend = true", arrivals="cohort = 1500"))
        open_stays = int(sum(to is None for to in stays(journeys, "a").to))
        assert stats.binomtest(open_stays, 1500, 0.1).pvalue > 1e-4


RACES = [
    ('{ law = "weibull", mean = 45, shape = 1.2 }', '{ law = "exponential", mean = 120 }'),
    ('{ law = "lognormal", median = 10, sigma = 1.0 }', '{ law = "gamma", mean = 12, shape = 3 }'),
    ('{ law = "loglogistic", median = 9, shape = 2 }', '{ law = "deterministic", value = 10 }'),
    ('{ law = "exponential", mean = 30 }', '{ law = "weibull", mean = 20, shape = 0.7 }',
     '{ law = "lognormal", median = 15, sigma = 0.5 }', '{ law = "gamma", mean = 60, shape = 2 }'),
    ('{ law = "empirical", share = [0, 0.6], days = [0, 20], never = 0.4 }', '{ law = "exponential", mean = 25 }',
     '{ law = "deadline", day = 14, share = 0.3, otherwise = { law = "exponential", mean = 100 } }'),
]  # fmt: skip


@pytest.mark.parametrize("race", RACES, ids=lambda race: f"{len(race)}-{race[0][9:13]}")
def test_who_wins_a_race_and_when(scenario: Any, live: Any, stays: Any, race: Any) -> None:
    """Shares of exits by numerical integration (chi-square), and the time of the first by the product of survivals
    (shares by day in ten classes, chi-square). False-alarm rate 1e-4 for each of the ten.
    """
    names = [f"e{k}" for k in range(len(race))]
    body = "[stages.a]\n" + "\n".join(f"race.{n} = {law}" for n, law in zip(names, race, strict=True))
    built = scenario(body + "".join(f"\n[stages.{n}]\nend = true" for n in names), arrivals="cohort = 2000")
    journeys = live(built, seed=5)
    found = stays(journeys, "a")
    laws = [built.stages["a"].race[name] for name in names]
    days = np.unique(np.concatenate([np.linspace(0, 10, 2001), np.linspace(10, 40, 2001), np.geomspace(40, 9e4, 4001)]))
    left = np.array([[lawtable.survival(law, t) for t in days] for law in laws])
    leaving = -np.diff(left, axis=1)
    # A share that leaves between two days of the grid meets those that are left in the middle, a jump those just before.
    middle = np.sqrt(left[:, 1:] * left[:, :-1])
    jumps = leaving > 0.05
    met = np.where(jumps.any(axis=0), left[:, :-1], middle)
    shares = np.array([(leaving[k] * np.prod(np.delete(met, k, axis=0), axis=0)).sum() for k in range(len(laws))])
    assert shares.sum() == pytest.approx(1.0, abs=2e-3)
    counts = [int((found.to == name).sum()) for name in names]
    assert stats.chisquare(counts, shares / shares.sum() * sum(counts)).pvalue > 1e-4
    cuts = np.quantile(found.days, np.linspace(0.1, 0.9, 9)).round(2) + 0.005
    gone = [1.0 - np.prod([lawtable.survival(law, t) for law in laws]) for t in cuts]
    # Cuts chosen from these very days would flatter: they come from a second seed.
    other = stays(live(built, seed=6), "a").days
    classes = np.diff(np.concatenate([[0.0], gone, [1.0]]))
    seen = np.histogram(other, bins=np.concatenate([[-1.0], cuts, [np.inf]]))[0]
    keep = classes > 1e-3
    assert stats.chisquare(seen[keep], classes[keep] / classes[keep].sum() * seen[keep].sum()).pvalue > 1e-4
