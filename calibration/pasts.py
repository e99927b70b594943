"""What customers' own paths say of what nobody sees in them: frailty, own rates, own chances; drawn from their posteriors.

Conjugate where the model is: a gamma factor of shape k on a hazard, with n exits taken and an exposure E (the law's cumulative
hazard over all stays, the open one included), is gamma (k + n, k + E); a beta chance (a, b) with n exits taken and m others is
beta (a + n, b + m), an open stay counting as whichever it will be. The one normal Z behind all loads has no such form, and is
drawn from its likelihood on a grid, own rates integrated out. Levers of the past are not known: stated numbers hold.
"""

import numpy as np

from sojourn.calibration.history import lived
from sojourn.calibration.logs import Log
from sojourn.calibration.stays import NOTHING, Floats, Integers
from sojourn.scenarios.model import Frailty, Scenario, Stage
from sojourn.sim.clocks import exposures
from sojourn.sim.network import Network

GRID = np.linspace(-6.0, 6.0, 121)  # of Z
MOST = 700.0  # exposure that counts at most: nobody outlives a law in truth

Own = dict[tuple[int, int], Floats]


class _Stays:
    """Stays of one stage and segment."""

    def __init__(
        self, who: Integers, days: Floats, onward: list[str], is_open: "np.ndarray[tuple[int], np.dtype[np.bool_]]",
        lived: dict[str, Floats],
    ):  # fmt: skip
        self.who, self.days, self.open, self.lived = who, days, is_open, lived
        self.onward = np.array(onward, dtype=object)


def told(
    log: Log, rows: Integers, who: Integers, segment: Integers, network: Network, rng: np.random.Generator
) -> tuple[Floats, Own]:
    """Z of each customer (NaN where nothing loads), and own draws by (stage, number of the exit), NaN where not told.

    Args:
        log: with the stays.
        rows: stays of the customers in question, in their order.
        who: whose they are, 0 to customers - 1; shape of `rows`.
        segment: of each customer, index into `network.segments`.
        network: the scenario under its numbers.
        rng: for the draws.
    """
    count = segment.size
    nothing: Own = {}
    frailty = network.scenario.frailty
    if frailty is None:
        return np.full(count, np.nan), nothing
    parts = _parts(log, rows, who, segment, network)
    z = np.full(count, np.nan)
    if any(frailty.loads.values()):
        likelihood = np.tile(-0.5 * GRID**2, (count, 1))
        for (g, s), stays in parts.items():
            _add_likelihood(likelihood, network.segment_stage(g, s), network.stages[s], stays, _frailty(network, g))
        z = _from_grid(likelihood, rng)
    own = nothing
    for (g, s), stays in parts.items():
        part, name = _frailty(network, g), network.stages[s]
        here = np.flatnonzero(segment == g)
        stage = network.segment_stage(g, s)
        if stage.kind == "race":
            _rates(own, (here, count), stage, (s, name), stays, part, z, rng)
        elif stage.kind == "choice":
            _chances(own, (here, count), stage, (s, name), stays, part, rng)
    return z, own


def _frailty(network: Network, g: int) -> Frailty:
    return network.segment_scenario(g).frailty or Frailty(loads={})


def _parts(
    log: Log, rows: Integers, who: Integers, segment: Integers, network: Network
) -> dict[tuple[int, int], _Stays]:
    """Stays by segment and stage, of stages that are not left unseen."""
    found = {}
    stage, following = log.stays.stage[rows], log.stays.following[rows]
    days = log.stays.days[rows]
    names = [*log.stages, ""]
    for k in np.unique(stage):
        name = log.stages[int(k)]
        if name in log.silent or name not in network.stages:
            continue
        for g in range(len(network.segments)):
            mine = (stage == k) & (segment[who] == g)
            onward = [names[int(to)] for to in following[mine]]
            shifts = _shifts(log, rows[mine], network.segment_scenario(g), name)
            found[g, network.stages.index(name)] = _Stays(
                who[mine], days[mine], onward, following[mine] == NOTHING, shifts
            )
    return found


def _shifts(log: Log, rows: Integers, own: Scenario, stage: str) -> dict[str, Floats]:
    """What the past and traits do to the hazard of each exit of a stage, stay by stay, as factors; those not known count as 1."""
    factors: dict[str, Floats] = {}
    for effect in own.history.effects if own.history is not None else ():
        here, to = effect.exit.split(" -> ")
        values = lived(log, effect.per) if here == stage and effect.hazard_ratio is not None else None
        if values is None:
            continue
        counted = np.minimum(values[rows], np.inf if effect.up_to is None else effect.up_to) - effect.around
        factors[to] = factors.get(to, np.ones(rows.size)) * np.exp(effect.eta * np.nan_to_num(counted))
    return factors


def _counts(stays: _Stays, chosen: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]", count: int) -> Floats:
    return np.bincount(stays.who[chosen], minlength=count).astype(np.float64)


def _exposure(stays: _Stays, to: str, law: object, count: int) -> Floats:
    gathered = np.minimum(exposures(law, stays.days) * stays.lived.get(to, 1.0), MOST)  # type: ignore[arg-type]
    return np.bincount(stays.who, weights=gathered, minlength=count).astype(np.float64)


def _add_likelihood(likelihood: Floats, stage: Stage, name: str, stays: _Stays, frailty: Frailty) -> None:
    """Add the log-likelihood of some stays at each Z of the grid."""
    count = likelihood.shape[0]
    loads = [frailty.loads.get(f"{name} -> {to}", 0.0) for to in (*stage.race, *stage.choices)]
    if not any(loads) or stage.kind == "end":
        return
    if stage.kind == "race":
        for (to, law), load in zip(stage.race.items(), loads, strict=True):
            if load == 0.0:
                continue
            taken = _counts(stays, stays.onward == to, count)[:, None]
            rate = _exposure(stays, to, law, count)[:, None] * np.exp(load * GRID)
            shape = frailty.gamma.get(f"{name} -> {to}")
            likelihood += taken * load * GRID
            likelihood -= rate if shape is None else (shape + taken) * np.log(shape + rate)
        return
    if any(f"{name} -> {to}" in frailty.beta for to in stage.choices):
        return  # a chance of their own outweighs what Z would tell here
    weights = np.log(np.maximum([exit.probability for exit in stage.choices.values()], 1e-300))
    odds = weights[:, None] + np.outer(loads, GRID)  # shape (exits, grid)
    log_p = odds - np.logaddexp.reduce(odds, axis=0)
    for number, to in enumerate(stage.choices):
        likelihood += _counts(stays, stays.onward == to, count)[:, None] * log_p[number]
    still = _still_there(stage, stays.days[stays.open])  # shape (exits, open stays)
    np.add.at(likelihood, stays.who[stays.open], np.log(np.maximum(still.T @ np.exp(log_p), 1e-300)))


def _still_there(stage: Stage, days: Floats) -> Floats:
    """S_e at the age of each open stay, shape (exits, stays)."""
    laws = [exit.dwell or stage.dwell for exit in stage.choices.values()]
    return np.array([np.exp(-np.minimum(exposures(law, days), MOST)) for law in laws if law is not None])


def _from_grid(likelihood: Floats, rng: np.random.Generator) -> Floats:
    """A draw of Z for each customer, by the inverse of the posterior's distribution function, straight between nodes."""
    density = np.exp(likelihood - likelihood.max(axis=1, keepdims=True))
    pieces = np.cumsum((density[:, 1:] + density[:, :-1]) / 2.0, axis=1)
    cumulative = np.concatenate([np.zeros((len(pieces), 1)), pieces], axis=1) / pieces[:, -1:]
    chance = rng.random(len(pieces))
    node = np.minimum((cumulative[:, 1:] < chance[:, None]).sum(axis=1), GRID.size - 2)
    rows = np.arange(len(pieces))
    low, high = cumulative[rows, node], cumulative[rows, node + 1]
    part = (chance - low) / np.maximum(high - low, 1e-300)
    return np.asarray(GRID[node] + part * (GRID[1] - GRID[0]))


def _rates(
    own: Own, people: tuple[Integers, int], stage: Stage, at: tuple[int, str], stays: _Stays, frailty: Frailty, z: Floats,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    here, count = people
    for number, (to, law) in enumerate(stage.race.items()):
        name = f"{at[1]} -> {to}"
        shape = frailty.gamma.get(name)
        if shape is None:
            continue
        taken, gathered = _counts(stays, stays.onward == to, count)[here], _exposure(stays, to, law, count)[here]
        gathered = gathered * np.exp(frailty.loads.get(name, 0.0) * np.nan_to_num(z[here]))
        kept = own.setdefault((at[0], number), np.full(count, np.nan))
        kept[here] = rng.gamma(shape + taken) / (shape + gathered)


def _chances(
    own: Own, people: tuple[Integers, int], stage: Stage, at: tuple[int, str], stays: _Stays, frailty: Frailty,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    here, count = people
    for number, (to, exit) in enumerate(stage.choices.items()):
        strength = frailty.beta.get(f"{at[1]} -> {to}")
        if strength is None:
            continue
        a, b = strength * exit.probability, strength * (1.0 - exit.probability)
        taken = a + _counts(stays, stays.onward == to, count)
        others = b + _counts(stays, (stays.onward != to) & ~stays.open, count)
        if np.any(stays.open):  # an open stay will be one or the other
            still = _still_there(stage, stays.days[stays.open])
            rest = np.array([one.probability for one in stage.choices.values()])
            rest[number] = 0.0
            who = stays.who[stays.open]
            this = still[number] * taken[who]
            other = (rest / max(rest.sum(), 1e-300)) @ still * others[who]
            mine = rng.random(who.size) * (this + other) < this
            taken[who[mine]] += 1.0
            others[who[~mine]] += 1.0
        kept = own.setdefault((at[0], number), np.full(count, np.nan))
        kept[here] = rng.beta(taken[here], others[here])
