"""Thousands of small comparisons from one long run: where nothing couples customers, each block of them is a replication."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sojourn.scenarios.files import loads
from sojourn.scenarios.model import Scenario
from sojourn.sim.estimating import Jackknife
from sojourn.sim.exact import value
from sojourn.sim.lives import Lives
from sojourn.sim.network import build
from sojourn.sim.run import simulate

Floats = NDArray[np.float64]
CUSTOMERS = 20  # of a replication
PIECE = 20_000  # replications that are simulated at once, for the sake of memory

# Nobody touches anybody, and all is over long before the horizon, so that theory knows every figure.
# `even` sells to a fifth more people, who bring 50 each, and spends 10 on everybody: in expectation nothing. It is slower, too.
# `turned` sells to more of the north and, in equal number, to fewer of the south. `better` earns 1.5 a customer more than today,
# `ahead` 1.0, and `quick`, which is over in no time, nothing.
SHOP = """
format = 1
[scenario]
name = "shop"
start = "visit"
horizon_days = 365
[arrivals]
cohort = 20
[segments.north]
share = 0.5
[segments.south]
share = 0.5
[stages.visit]
dwell = { law = "exponential", mean = 2 }
exits = { buy = 0.4, lapsed = 0.6 }
[stages.buy]
role = "purchase"
dwell = { law = "deterministic", value = 1 }
exits = { done = 1.0 }
revenue = 90.0
cost = 40.0
[stages.lapsed]
end = true
role = "lost"
[stages.done]
end = true
[levers.push]
cost = { per_customer = 10.0 }
effects = [{ exit = "visit -> buy", log_odds = LOGIT }, { dwell = "visit", time_ratio = 2.0 }]
[levers.north]
effects = [{ exit = "visit -> buy", log_odds = LOGIT }, { dwell = "visit", time_ratio = 0.5 }]
[levers.south]
effects = [{ exit = "visit -> buy", log_odds = TIGOL }]
[levers.offer]
cost = { per_customer = 8.5 }
effects = [{ exit = "visit -> buy", log_odds = LOGIT }]
[levers.offer_for_more]
cost = { per_customer = 9.0 }
effects = [{ exit = "visit -> buy", log_odds = LOGIT }]
[levers.haste]
cost = { per_customer = 5.0 }
effects = [{ exit = "visit -> buy", log_odds = HALF }, { dwell = "visit", time_ratio = 0.2 }]
[strategies.today]
[strategies.copy]
[strategies.even]
push = 1.0
[strategies.turned]
north = { level = 1.0, when = "segment == north" }
south = { level = 1.0, when = "segment == south" }
[strategies.quick]
haste = 1.0
[strategies.better]
offer = 1.0
[strategies.ahead]
offer_for_more = 1.0
"""


def logit(p: float) -> float:
    """Log odds."""
    return float(np.log(p / (1 - p)))


def written() -> str:
    """The scenario's file."""
    apart = {"LOGIT": logit(0.6) - logit(0.4), "TIGOL": logit(0.2) - logit(0.4), "HALF": logit(0.5) - logit(0.4)}
    text = SHOP
    for name, value_ in apart.items():
        text = text.replace(name, repr(value_))
    return text


@cache
def shop() -> Scenario:
    """The scenario."""
    return loads(written())


def expected(strategy: str, measure: str = "profit") -> float:
    """The true figure of a replication, from theory; segments in equal shares."""
    network = build(shop(), strategy)
    if measure == "profit":
        return CUSTOMERS * float(value(network).clv[:, network.stages.index("visit")].mean())
    chances = {"today": 0.4, "copy": 0.4, "even": 0.6, "turned": 0.4, "better": 0.6, "ahead": 0.6, "quick": 0.5}
    return chances[strategy]


@cache
def figures(strategy: str, replications: int, measure: str = "profit") -> Floats:
    """The measure of each replication: total profit, or purchases per customer; shape (replications,)."""
    sizes = [min(PIECE, replications - start) for start in range(0, replications, PIECE)]
    return np.concatenate([_piece(strategy, size, measure, 1 + k) for k, size in enumerate(sizes)])


def _piece(strategy: str, replications: int, measure: str, seed: int) -> Floats:
    network = build(shop(), strategy)
    lived = simulate(network, seed=seed, customers=replications * CUSTOMERS)
    lives = Lives(lived, network)
    if measure == "profit":
        revenue, cost = lives.ledger.each(discounted=True)
        each = (revenue - cost) * lives.ledger.worth()
    else:
        each = lives.purchases / CUSTOMERS
    return np.asarray(each.reshape(replications, CUSTOMERS).sum(axis=1), dtype=np.float64)


def pair_of(levels: Mapping[str, Floats]) -> Callable[[str, str], Jackknife]:
    """Paired differences of figures by strategy, each of shape (n,)."""

    def pair(a: str, b: str) -> Jackknife:
        gaps = levels[b] - levels[a]
        return Jackknife(float(gaps.mean()), (gaps.sum() - gaps) / (gaps.size - 1))

    return pair


def blocks(
    strategies: Sequence[str], seeds: int, replications: int, measure: str = "profit"
) -> list[dict[str, Floats]]:
    """By seed: the figures of each strategy, replication by replication."""
    all_ = {name: figures(name, seeds * replications, measure).reshape(seeds, replications) for name in strategies}
    return [{name: one[k] for name, one in all_.items()} for k in range(seeds)]
