"""What customers' own paths say of what nobody sees in them: frailty, own rates, own chances; drawn from their posteriors.

Conjugate where the model is: a gamma factor of shape k on a hazard, with n exits taken and an exposure E (the law's cumulative
hazard over all stays, the open one included), is gamma (k + n, k + E); a beta chance (a, b) with n exits taken and m others is
beta (a + n, b + m), an open stay counting as whichever it will be. The one normal Z behind all loads has no such form, and is
drawn from its likelihood on a grid, own rates integrated out; so is a speed, which moves the age of its law (`speeds`). Levers
of the past are not known: stated numbers hold. What a customer's history does to a hazard is in the exposure. Where it shifts
the odds of a choice beside an own chance, no form is closed: the chance is drawn on a grid of its log-odds. What it does to the
odds of a choice is left out where Z is told.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration import speeds
from sojourn.calibration.chance_grid import Passed, draw_chances
from sojourn.calibration.history import lived
from sojourn.calibration.logs import Log
from sojourn.calibration.stays import NOTHING, Floats, Integers
from sojourn.scenarios.model import Frailty, Law, Scenario, Stage
from sojourn.sim.clocks import exposures
from sojourn.sim.network import Network

GRID = np.linspace(-6.0, 6.0, 121)  # of Z
MOST = 700.0  # exposure that counts at most: nobody outlives a law in truth

Own = dict[tuple[int, int], Floats]


class _Stays(NamedTuple):
    """Stays of one stage and segment; of those under way before their watching, what came before `since` is not known."""

    who: Integers
    days: Floats
    since: Floats  # age at which the watching began
    onward: NDArray[np.object_]  # names of the next stages
    open: NDArray[np.bool_]
    past: dict[str, Floats]  # what effects of history count, as it was when the stay began


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
            _add_likelihood(likelihood, network.segment_scenario(g), network.stages[s], stays)
        z = _from_grid(likelihood, rng)
    own = nothing
    for (g, s), stays in parts.items():
        name, part = network.stages[s], network.segment_scenario(g)
        here = np.flatnonzero(segment == g)
        if part.stages[name].kind == "race":
            _rates(own, (here, count), part, (s, name), stays, z, rng)
        elif part.stages[name].kind == "choice":
            _chances(own, (here, count), part, (s, name), stays, rng)
    return z, own


def _frailty(part: Scenario) -> Frailty:
    return part.frailty or Frailty(loads={})


def _parts(
    log: Log, rows: Integers, who: Integers, segment: Integers, network: Network
) -> dict[tuple[int, int], _Stays]:
    """Stays by segment and stage, of stages that are not left unseen; stays of unknown age tell nothing here."""
    found = {}
    stage, following = log.stays.stage[rows], log.stays.following[rows]
    days = log.stays.days[rows]
    since = np.zeros(days.size) if log.stays.seen_from is None else log.stays.seen_from[rows]
    past = _past(log, rows, network.scenario)
    names = np.array([*log.stages, ""], dtype=object)
    for k in np.unique(stage):
        name = log.stages[int(k)]
        if name in log.silent or name not in network.stages:
            continue
        for g in range(len(network.segments)):
            mine = np.flatnonzero((stage == k) & (segment[who] == g) & np.isfinite(since))
            found[g, network.stages.index(name)] = _Stays(
                who=who[mine],
                days=days[mine],
                since=np.minimum(since[mine], days[mine]),
                onward=names[following[mine]],
                open=following[mine] == NOTHING,
                past={what: values[mine] for what, values in past.items()},
            )
    return found


def _past(log: Log, rows: Integers, scenario: Scenario) -> dict[str, Floats]:
    """Visits before each stay, purchases by then, days as a customer, and traits: what effects count and the log tells."""
    effects = scenario.history.effects if scenario.history is not None else ()
    found = {effect.per: lived(log, effect.per) for effect in effects}
    return {name: values[rows] for name, values in found.items() if values is not None}


def _eta(part: Scenario, exit: str, stays: _Stays) -> Floats:
    """By how much history shifts an exit in each stay, log scale; where a trait is not known, as with anybody."""
    total = np.zeros(stays.days.size)
    for effect in part.history.effects if part.history is not None else ():
        if effect.exit == exit and effect.per in stays.past:
            counted = np.minimum(stays.past[effect.per], np.inf if effect.up_to is None else effect.up_to)
            total += effect.eta * np.nan_to_num(counted - effect.around)
    return total


def _counts(stays: _Stays, chosen: NDArray[np.bool_], count: int) -> Floats:
    return np.bincount(stays.who[chosen], minlength=count).astype(np.float64)


def _exposure(part: Scenario, exit: str, law: Law, stays: _Stays, count: int) -> Floats:
    """Cumulative hazard of an exit over each customer's stays, as far as they were watched."""
    gathered = np.minimum(exposures(law, stays.days), MOST) - np.minimum(exposures(law, stays.since), MOST)
    return np.bincount(stays.who, weights=gathered * np.exp(_eta(part, exit, stays)), minlength=count).astype(
        np.float64
    )


def _add_likelihood(likelihood: Floats, part: Scenario, name: str, stays: _Stays) -> None:
    """Add the log-likelihood of some stays at each Z of the grid."""
    count, stage, frailty = likelihood.shape[0], part.stages[name], _frailty(part)
    loads = [frailty.loads.get(f"{name} -> {to}", 0.0) for to in (*stage.race, *stage.choices)]
    if not any(loads) or stage.kind == "end":
        return
    if stage.kind == "race":
        for (to, law), load in zip(stage.race.items(), loads, strict=True):
            if load == 0.0:
                continue
            exit = f"{name} -> {to}"
            taken = _counts(stays, stays.onward == to, count)[:, None]
            if exit in frailty.speed:
                likelihood += taken * load * GRID
                for some, density, gathered in speeds.likelihoods(_passed(part, exit, stays), to, law, count):
                    prior = speeds.log_prior(frailty.speed[exit]) + density
                    for k, z in enumerate(GRID):
                        likelihood[some, k] += np.logaddexp.reduce(prior - gathered * np.exp(load * z), axis=1)
                continue
            rate = _exposure(part, exit, law, stays, count)[:, None] * np.exp(load * GRID)
            shape = frailty.gamma.get(exit)
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


def _passed(part: Scenario, exit: str, stays: _Stays) -> speeds.Passed:
    """Stays as the likelihood of a speed reads them."""
    return speeds.Passed(stays.who, stays.days, stays.since, stays.onward, np.exp(_eta(part, exit, stays)))


def _from_grid(likelihood: Floats, rng: np.random.Generator, grid: Floats = GRID) -> Floats:
    """A draw for each customer, by the inverse of the posterior's distribution function, straight between nodes."""
    density = np.exp(likelihood - likelihood.max(axis=1, keepdims=True))
    pieces = np.cumsum((density[:, 1:] + density[:, :-1]) / 2.0, axis=1)
    cumulative = np.concatenate([np.zeros((len(pieces), 1)), pieces], axis=1) / pieces[:, -1:]
    chance = rng.random(len(pieces))
    node = np.minimum((cumulative[:, 1:] < chance[:, None]).sum(axis=1), grid.size - 2)
    rows = np.arange(len(pieces))
    low, high = cumulative[rows, node], cumulative[rows, node + 1]
    part = (chance - low) / np.maximum(high - low, 1e-300)
    return np.asarray(grid[node] + part * (grid[1] - grid[0]))


def _rates(
    own: Own, people: tuple[Integers, int], part: Scenario, at: tuple[int, str], stays: _Stays, z: Floats,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    here, count = people
    frailty = _frailty(part)
    for number, (to, law) in enumerate(part.stages[at[1]].race.items()):
        exit = f"{at[1]} -> {to}"
        shape = frailty.gamma.get(exit)
        if exit in frailty.speed:
            drawn = np.empty(count)
            ratio = np.exp(frailty.loads.get(exit, 0.0) * np.nan_to_num(z))[:, None]
            for some, density, gathered in speeds.likelihoods(_passed(part, exit, stays), to, law, count):
                likelihood = speeds.log_prior(frailty.speed[exit]) + density - gathered * ratio[some]
                drawn[some] = np.exp(_from_grid(likelihood, rng, speeds.LOGS))
            own.setdefault((at[0], number), np.full(count, np.nan))[here] = drawn[here]
        if shape is None:
            continue
        taken = _counts(stays, stays.onward == to, count)[here]
        gathered = _exposure(part, exit, law, stays, count)[here]
        gathered = gathered * np.exp(frailty.loads.get(exit, 0.0) * np.nan_to_num(z[here]))
        kept = own.setdefault((at[0], number), np.full(count, np.nan))
        kept[here] = rng.gamma(shape + taken) / (shape + gathered)


def _chances(
    own: Own, people: tuple[Integers, int], part: Scenario, at: tuple[int, str], stays: _Stays, rng: np.random.Generator
) -> None:
    here, count = people
    stage = part.stages[at[1]]
    for number, (to, exit) in enumerate(stage.choices.items()):
        strength = _frailty(part).beta.get(f"{at[1]} -> {to}")
        if strength is None:
            continue
        kept = own.setdefault((at[0], number), np.full(count, np.nan))
        if (passed := _shifted(part, at[1], number, stays)) is not None:
            kept[here] = draw_chances(passed, count, exit.probability, strength, rng)[here]
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
        kept[here] = rng.beta(taken[here], others[here])


def _shifted(part: Scenario, name: str, number: int, stays: _Stays) -> Passed | None:
    """The stays of a choice as an own chance of its exit `number` sees them; None where no effect ever shifted the odds."""
    stage = part.stages[name]
    shifts = np.array([_eta(part, f"{name} -> {to}", stays) for to in stage.choices])
    if not shifts.any():
        return None
    # The others share what the exit leaves, by their own weights: what shifts them shifts it against them.
    others = np.arange(len(shifts)) != number
    weights = np.array([exit.probability for exit in stage.choices.values()])[others]
    shares = weights[:, None] * np.exp(shifts[others])
    rest = shares.sum(axis=0)
    survival = np.ones((2, stays.days.size))
    if np.any(stays.open):
        still = _still_there(stage, stays.days[stays.open])
        survival[0, stays.open] = still[number]
        survival[1, stays.open] = np.sum(shares[:, stays.open] / rest[stays.open] * still[others], axis=0)
    return Passed(
        who=stays.who,
        shift=shifts[number] - np.log(rest / weights.sum()),
        mine=stays.onward == tuple(stage.choices)[number],
        open=stays.open,
        survival=survival,
    )
