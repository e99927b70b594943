"""How many impressions a strategy shows, where arrivals are stated as impressions and a click-through."""

import numpy as np

from sojourn.sim.network import Network, logged
from sojourn.sim.schedules import Floats, responded

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
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    width = np.diff(edges)
    days = edges[:-1, None] + width[:, None] * (nodes + 1.0) / 2.0
    return float(stated.impressions_per_day * np.sum(width * (ratio(network, days) @ weights)) / 2.0)


def ratio(network: Network, days: Floats) -> Floats:
    """What levers multiply arrivals by on each of `days`, any shape; as `arriving.arrivals_ratio`, without compiling
    it."""
    total = np.zeros(days.shape)
    for name, lever in network.scenario.levers.items():
        for effect in lever.effects:
            if effect.target[0] == "arrivals":
                total += logged(effect) * responded(network.levels(name, days), lever.response)
    return np.exp(total)
