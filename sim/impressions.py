"""How many impressions a strategy shows, where arrivals are stated as impressions and a click-through."""

import itertools

import numpy as np

from sojourn.sim.arriving import arrivals_ratio
from sojourn.sim.network import Network

NODES = 16  # of Gauss-Legendre quadrature between two days on which some lever's schedule bends


def impressions(network: Network) -> float | None:
    """Impressions by the horizon: those of a day, times what levers multiply arrivals by, over the days of arrivals.

    None where the scenario states its arrivals in another way.
    """
    stated = network.scenario.arrivals
    if stated.impressions_per_day is None:
        return None
    horizon = network.scenario.about.horizon_days
    until = horizon if stated.until_day is None else min(stated.until_day, horizon)
    bends = [day for lever in network.levers for day in network.path(lever)[0].tolist() if 0.0 < day < until]
    edges = np.unique(np.array([0.0, *bends, until]))
    x, weights = np.polynomial.legendre.leggauss(NODES)
    total = 0.0
    for start, end in itertools.pairwise(edges):
        days = start + (end - start) * (x + 1.0) / 2.0
        ratios = np.array([arrivals_ratio(network.tables, day) for day in days])
        total += float(ratios @ weights) * (end - start) / 2.0
    return stated.impressions_per_day * total
