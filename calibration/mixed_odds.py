"""Effects and an own chance together: a regression on odds in which each customer has a chance of their own for one exit.

What a scenario says with `[frailty] beta` at an exit of a choice and `[history]` effects beside it: q of each customer is beta
with mean mu, the stated probability of exit e, and a + b the strength; in a stay with columns z the exits' log weights are
log p0 + z'B, that of e raised by logit q - logit mu (`sim.choosing.weight`). So e is taken with log-odds logit q + c, c what z'B
does to e against the others together, and the others share the rest as without q. Given q stays are independent, so the past,
known at entry, may be among the columns. q is integrated out customer by customer on a grid of its log-odds (`chance_grid`).
"""

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix
from scipy.special import chdtrc, expit

from sojourn.calibration.chance_grid import FARTHEST, grid_of, log_prior, softplus
from sojourn.calibration.descent import curvature, lowest_by_gradient
from sojourn.calibration.frailties import LEVEL, REPEATS, SOME, STRENGTHS, OwnChance
from sojourn.calibration.odds import STEEPEST, Odds, Ways
from sojourn.calibration.regressions import pulled_odds
from sojourn.calibration.shrinkage import scale
from sojourn.calibration.stays import Floats, Integers

BLOCK = 30_000  # stays that are held on a grid at once
STARTS = (0.0, 2.5)  # logs of a + b from which the better one is climbed


class _Part(NamedTuple):
    """Some customers' stays. Those that ended with the same columns are one row of `columns`, which holds each set once."""

    columns: Floats  # shape (rows, p)
    group: Integers  # of each row: which dummy of a segment is set, 0 for none
    counts: Floats  # ended stays by exit, shape (exits, rows)
    number: csr_matrix  # ended stays of each customer, (customers, rows)
    took: Floats  # ended stays of each customer by exit, shape (exits, customers)
    of: Integers  # group of each customer
    open_row: Integers  # row of each open stay
    open_who: csr_matrix  # (customers, open stays)
    survival: Floats  # of open stays by exit, shape (exits, open stays)


def fit_mixed(
    ways: Ways,
    customer: Integers,
    own: int,
    fixed: int,
    start: Odds,
    *,
    spread: float | None = None,
) -> Odds | None:
    """Base, slopes and strength by (penalised) maximum likelihood; None where one runs off to a limit.

    Args:
        ways: the stays; their first `fixed` columns are dummies of segments, each customer in one.
        customer: whose they are, 0 to customers - 1, shape (stays,).
        own: place of the exit for which each customer has a chance.
        start: a fit to begin with; its strength too, where it has one.
        spread: of the normal prior by which slopes but for the first `fixed` are pulled to nought.
    """
    parts, units = _gathered(ways, customer, fixed), scale(ways.columns)
    exits, p = ways.survival.shape[0], ways.columns.shape[1]
    number = exits - 1
    weights = np.zeros((number, p))
    if spread is not None:
        weights[:, fixed:] = 1.0 / spread**2  # on columns of mean square 1
    scaled = tuple(part._replace(columns=part.columns / units) for part in parts)
    sizes = np.concatenate((np.tile((-STEEPEST, STEEPEST), (number * (1 + p), 1)), STRENGTHS))

    def cost(at: Floats) -> float:
        slopes = at[number:-1].reshape(number, p)
        value = _parts(scaled, own, fixed, at[:number], slopes, float(at[-1]))[0]
        return min(0.5 * float(np.sum(weights * slopes**2)) - value, 1e250)

    def gradient(at: Floats) -> Floats:
        slopes = at[number:-1].reshape(number, p)
        found = _parts(scaled, own, fixed, at[:number], slopes, float(at[-1]))[1]
        found[number:-1] -= (weights * slopes).ravel()
        return -found

    back = np.concatenate((np.ones(number), np.tile(units, number), [1.0]))
    rough, ratio = _rough(ways, customer, own, fixed, start, spread)
    begin = start if rough is None else rough
    before = np.concatenate((begin.base, (begin.slopes * units).ravel()))
    logs = STARTS if begin.log_strength is None else (begin.log_strength,)
    first = min((np.append(before, log) for log in logs), key=cost)
    if rough is None:
        found = lowest_by_gradient(cost, gradient, first, sizes)
    else:
        bend = ratio * np.linalg.inv(rough.covariance * np.outer(back, back))
        found = lowest_by_gradient(cost, gradient, first, sizes, near=True, bend=lambda _: bend)
    if found is None:
        return None
    at, covariance = found
    if rough is not None:
        curved = curvature(gradient, at)
        if not np.all(np.isfinite(curved)) or np.linalg.eigvalsh(curved)[0] <= 0.0:
            return None
        covariance = np.asarray(np.linalg.inv(curved), dtype=np.float64)
    slopes = at[number:-1].reshape(number, p)
    value = _parts(scaled, own, fixed, at[:number], slopes, float(at[-1]))[0]
    return Odds(at[:number], slopes / units, covariance / np.outer(back, back), value, own, float(at[-1]))


def _rough(
    ways: Ways, customer: Integers, own: int, fixed: int, start: Odds, spread: float | None
) -> tuple[Odds | None, float]:
    """A fit to some of very many customers, taken evenly, and how many times as many there are.

    From there, with its curvature, few steps lead to the maximum of all. None where there are not so many, or no such maximum.
    """
    number = int(customer.max()) + 1
    step = number // SOME
    if step < 2:
        return None, 1.0
    rows = customer % step == 0
    some = Ways(ways.taken[rows], ways.survival[:, rows], ways.columns[rows])
    if some.columns.size and np.any(np.ptp(some.columns, axis=0) == 0.0):
        return None, 1.0
    found = fit_mixed(some, customer[rows] // step, own, fixed, start, spread=spread)
    return found, number / (int(customer[rows].max()) // step + 1)


def own_chance_beside(
    ways: Ways,
    customer: Integers,
    names: tuple[str, ...],
    fixed: int,
    alike: Odds,
    spread: float | None,
    tried: tuple[str, ...],
    asked: str | None = None,
    like: OwnChance | None = None,
) -> tuple[Odds, OwnChance] | None:
    """Whether customers have chances of their own for an exit beside the effects of columns, as `frailties.own_chance` tells it.

    Args:
        ways, customer, fixed: as for `fit_mixed`.
        names: the exits.
        alike: the effects without own chances, held back by a prior of `spread`; where there is one, slopes are pulled to nought.
        tried: exits that may have own chances; of several, the one whose customers' residuals go together most.
        asked: the exit that the mapping wants; then nothing is tested.
        like: a fit to more of the same data, whose exit is kept, and nothing tested.
    """
    repeaters = int(np.sum(np.bincount(customer, ways.taken >= 0) > 1))
    if repeaters < REPEATS or len(names) < 2:
        return None
    wanted = like.to if like is not None else asked
    number = 1 if len(names) == 2 else len(tried)
    if wanted is None:
        # On the border the likelihood rises with the strength's inverse where these products do: else it is nought.
        together = {to: _together(ways, customer, alike, names.index(to)) for to in tried[:number]}
        wanted = max(together, key=lambda to: together[to], default=None)
        if wanted is None or together[wanted] <= 0.0:
            return None
    begin = alike if like is None else alike._replace(log_strength=float(like.theta[1]))
    found = fit_mixed(ways, customer, names.index(wanted), fixed, begin, spread=spread)
    if found is None or found.log_strength is None:
        return None
    gain = 2.0 * (_penalised(found, ways, fixed, spread) - _penalised(alike, ways, fixed, spread))
    chance = min(1.0, number * 0.5 * float(chdtrc(1, max(gain, 0.0))))
    if asked is None and like is None and chance >= LEVEL:
        return None
    if spread is not None:
        found = pulled_odds(found, ways, fixed)[0]
    _, first = np.unique(customer, return_index=True)
    means = resting(found.base, found.slopes[:, :fixed], ways.columns[first, :fixed])
    told = OwnChance(
        to=wanted,
        before=float(means[:, names.index(wanted)].mean()),
        theta=np.array([0.0, found.log_strength]),
        covariance=np.diag([0.0, float(found.covariance[-1, -1])]),
        log_likelihood=found.log_likelihood,
        alike=alike.log_likelihood,
        chance=chance,
        repeaters=repeaters,
        beside=True,
    )
    return found, told if like is None else replace(told, chance=like.chance)


def resting(base: Floats, slopes: Floats, columns: Floats) -> Floats:
    """Probabilities in stays with these columns, shape (stays, exits), for a customer whose chance is the mean."""
    odds = np.column_stack((np.zeros(columns.shape[0]), base + columns @ slopes.T))
    return np.asarray(np.exp(odds - np.logaddexp.reduce(odds, axis=1)[:, None]))


def log_likelihood(ways: Ways, customer: Integers, own: int, fixed: int, found: Odds) -> float:
    """Of the ways taken, with a + b the exponential of `found.log_strength`."""
    parts = _gathered(ways, customer, fixed)
    return _parts(parts, own, fixed, found.base, found.slopes, found.log_strength or 0.0)[0]


def _penalised(found: Odds, ways: Ways, fixed: int, spread: float | None) -> float:
    if spread is None:
        return found.log_likelihood
    scaled = (found.slopes * scale(ways.columns))[:, fixed:]
    return found.log_likelihood - 0.5 * float(np.sum(scaled**2)) / spread**2


def _together(ways: Ways, customer: Integers, alike: Odds, own: int) -> float:
    """How far what is left unexplained goes together within customers: the score of a spread, in its own standard errors."""
    eta = np.vstack((np.zeros(ways.taken.size), alike.base[:, None] + alike.slopes @ ways.columns.T))
    chances = np.exp(eta - np.logaddexp.reduce(eta, axis=0))
    done = ways.taken >= 0
    left = ((ways.taken == own) - chances[own])[done]
    each = np.bincount(customer[done], left) ** 2 - np.bincount(
        customer[done], chances[own, done] * (1.0 - chances[own, done])
    )
    return float(each.sum() / math.sqrt(max(float(np.sum(each**2)), 1e-300)))


def _gathered(ways: Ways, customer: Integers, fixed: int) -> tuple[_Part, ...]:
    """The stays in parts of about `BLOCK`, all stays of a customer in one."""
    order = np.argsort(customer, kind="stable")
    who = customer[order]
    ends = np.flatnonzero(np.append(np.diff(who) != 0, True)) + 1
    parts, begin = [], 0
    while begin < who.size:
        end = int(ends[min(int(np.searchsorted(ends, begin + BLOCK)), ends.size - 1)])
        parts.append(_part(ways, customer, order[begin:end], fixed))
        begin = end
    return tuple(parts)


def _part(ways: Ways, customer: Integers, chosen: Integers, fixed: int) -> _Part:
    exits = ways.survival.shape[0]
    _, who = np.unique(customer[chosen], return_inverse=True)
    size = int(who.max()) + 1
    rows, place = np.unique(ways.columns[chosen], axis=0, return_inverse=True)
    place = place.reshape(-1)
    group = (rows[:, :fixed] @ np.arange(1, fixed + 1)).astype(np.int64)
    taken = ways.taken[chosen]
    done, still = np.flatnonzero(taken >= 0), np.flatnonzero(taken < 0)
    counts, took = np.zeros((exits, rows.shape[0])), np.zeros((exits, size))
    np.add.at(counts, (taken[done], place[done]), 1.0)
    np.add.at(took, (taken[done], who[done]), 1.0)
    of = np.zeros(size, dtype=np.int64)
    of[who] = group[place]
    number = csr_matrix((np.ones(done.size), (who[done], place[done])), shape=(size, rows.shape[0]))
    open_who = csr_matrix((np.ones(still.size), (who[still], np.arange(still.size))), shape=(size, still.size))
    survival = ways.survival[:, chosen[still]]
    return _Part(rows, group, counts, number, took, of, place[still].astype(np.int64), open_who, survival)


def _parts(
    parts: tuple[_Part, ...], own: int, fixed: int, base: Floats, slopes: Floats, log_strength: float
) -> tuple[float, Floats]:
    """The log-likelihood, and its slopes by base, by slopes (exit by exit) and by the log of the strength."""
    total, move = 0.0, np.zeros(base.size + slopes.size + 1)
    for part in parts:
        value, slope = _of_part(part, own, fixed, base, slopes, math.exp(log_strength))
        total, move = total + value, move + slope
    return (total if math.isfinite(total) else -1e250), np.nan_to_num(move)


def _of_part(part: _Part, own: int, fixed: int, base: Floats, slopes: Floats, strength: float) -> tuple[float, Floats]:
    groups = np.eye(fixed + 1, fixed, -1)  # the dummies of each group
    others = np.arange(base.size + 1) != own

    def weighed(table: Floats, by: Floats) -> tuple[Floats, Floats]:
        """Log-odds of the exit against the others, and the log share of each among these; shapes (rows,), (exits, rows)."""
        logs = np.vstack((np.zeros(table.shape[0]), base[:, None] + by @ table.T))
        rest = np.logaddexp.reduce(logs[others], axis=0)
        return logs[own] - rest, np.where(others[:, None], logs - rest, -np.inf)

    here, log_shares = weighed(part.columns, slopes)
    at_rest, log_rest = weighed(groups, slopes[:, :fixed])
    shares, means = np.exp(log_shares), expit(at_rest)
    shift = here - at_rest[part.group]
    took = part.took[own]
    grid = grid_of(means, strength, float(part.took.sum(axis=0).max()), (float(shift.min()), float(shift.max())))
    odds = grid.odds
    prior = log_prior(grid, means, strength)

    not_taken = expit(-np.clip(odds + shift[:, None], -FARTHEST, FARTHEST))
    logs = prior[part.of] + np.outer(took, odds) + part.number @ np.log(not_taken)
    still = odds + shift[part.open_row][:, None]
    take = expit(still)
    mine, theirs = part.survival[own], np.sum(shares[:, part.open_row] * part.survival, axis=0)
    left = np.maximum(theirs[:, None] + take * (mine - theirs)[:, None], 1e-300)
    logs += part.open_who @ np.log(left)
    whole = np.logaddexp.reduce(logs, axis=1)
    rest = part.counts[others]
    total = float(whole.sum() + part.counts[own] @ shift + np.sum(np.where(rest > 0.0, rest * log_shares[others], 0.0)))

    weight = np.exp(logs - whole[:, None])
    by_odds = part.counts[own] - np.sum((part.number.T @ weight) * (1.0 - not_taken), axis=1)
    expected = (part.open_who.T @ weight) / left
    moved = np.sum(expected * take * (1.0 - take), axis=1) * (mine - theirs)
    by_odds += np.bincount(part.open_row, moved, by_odds.size)
    by_weight = np.where(others[:, None], part.counts - (rest.sum(axis=0) + by_odds) * shares, by_odds)
    by_others = np.sum(expected * (1.0 - take), axis=1) * shares[:, part.open_row] * (part.survival - theirs)
    for exit_ in np.flatnonzero(others):
        by_weight[exit_] += np.bincount(part.open_row, by_others[exit_], by_odds.size)

    known = np.zeros_like(prior)
    np.add.at(known, part.of, weight)
    excess = known - known.sum(axis=1, keepdims=True) * np.exp(prior)
    by_rest = strength * means * (1.0 - means) * (excess @ odds) - np.bincount(part.group, by_odds, means.size)
    by_rest_weight = np.where(others[:, None], -by_rest * np.exp(log_rest), by_rest)
    by_strength = strength * float(means @ (excess @ odds) - np.sum(excess @ softplus(odds)))

    by_slopes = by_weight[1:] @ part.columns
    by_slopes[:, :fixed] += by_rest_weight[1:] @ groups
    return total, np.concatenate(
        (by_weight[1:].sum(axis=1) + by_rest_weight[1:].sum(axis=1), by_slopes.ravel(), [by_strength])
    )
