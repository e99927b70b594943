"""Effects of arms on when an exit is taken: log hazard ratios by Cox's partial likelihood, one exit at a time.

For exit e a stay is an event where it ended by e, and censored where it ended otherwise or was still open
(cause-specific hazards; Prentice et al. 1978). Time counts from the entry to the stage. No law is assumed for the
hazard in control, and each segment has its own (stratified). Ties after Efron (1977), errors clustered by customer
(Lin and Wei 1989) and never below those of the model.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.clusters import no_clearer, no_less, sandwich
from sojourn.calibration.durations import FEW
from sojourn.calibration.held import Mask, pull
from sojourn.calibration.logits import Fitted, NoFit, sound
from sojourn.calibration.stays import Floats, Integers

TURNS = 50


class Race(NamedTuple):
    """Stays in one stage, in columns."""

    days: Floats
    ended: NDArray[np.bool_]  # by the exit in question
    arm: Integers  # 0 for control
    group: Integers
    customer: Integers


class _Table(NamedTuple):
    """One group: its rows, its times of events, and one line an event with who was at risk (Efron's shares of ties)."""

    rows: Integers
    place: Integers  # of each row: how many of `times` have come by then
    times: Floats
    at: Integers  # of each line: index into times
    share: Floats  # of each line: how much of the tie is gone already
    risk: Floats  # shape (lines, arms)


def fit_race(race: Race, held: Mask | None = None) -> Fitted:
    """Log hazard ratio of each arm against control; shape of the shifts (1, arms).

    Every arm must have events but those whose shift is held back from running away (see `held`), shape (arms,).

    Raises:
        NoFit: where a shift has no finite estimate.
    """
    arms = int(race.arm.max())
    tables = [_table(race, np.flatnonzero(race.group == g), arms) for g in np.unique(race.group)]
    tables = [table for table in tables if table.times.size]
    events = np.bincount(race.arm[race.ended], minlength=arms + 1)[1:].astype(np.float64)
    risk = np.concatenate([table.risk for table in tables])
    beta = np.zeros(arms)
    kept = np.zeros(arms, dtype=np.bool_) if held is None else held
    for _ in range(TURNS):
        share = _share(risk, beta)[:, 1:]
        back, stiff = pull(beta, kept)
        gradient = events - share.sum(axis=0) + back
        information = np.diag(share.sum(axis=0) + stiff) - share.T @ share
        try:
            move = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            raise NoFit from None
        beta = beta + move * min(1.0, 3.0 / max(float(np.abs(move).max()), 1e-300))
        if float(np.abs(move).max()) < 1e-9:
            break
    share = _share(risk, beta)[:, 1:]
    information = np.diag(share.sum(axis=0) + pull(beta, kept)[1]) - share.T @ share
    scores = np.zeros((race.days.size, arms))
    for table in tables:
        scores[table.rows] = _scores(race, table, beta)
    try:
        least = np.linalg.inv(information).astype(np.float64)
        covariance = no_less(sandwich(information, scores, race.customer, race.arm), least)
        covariance = no_clearer(covariance, _least(race, beta, events))
    except np.linalg.LinAlgError:
        raise NoFit from None
    return sound(Fitted(beta[None, :], covariance))


def _least(race: Race, beta: Floats, events: Floats) -> Floats:
    """Standard errors at which shifts that rest on few events are as clear as their likelihood ratio against control is."""
    errors = np.zeros(beta.size)
    for a in np.flatnonzero(events < FEW):
        rows = np.flatnonzero((race.arm == 0) | (race.arm == a + 1))
        pair = Race(
            race.days[rows], race.ended[rows], np.minimum(race.arm[rows], 1), race.group[rows], race.customer[rows]
        )
        risk = np.concatenate([_table(pair, np.flatnonzero(pair.group == g), 1).risk for g in np.unique(pair.group)])
        gained = events[a] * beta[a] - np.sum(np.log((risk @ np.exp([0.0, beta[a]])) / risk.sum(axis=1)))
        errors[a] = abs(beta[a]) / np.sqrt(2.0 * gained) if gained > 1e-9 else 0.0
    return errors


def early_and_late(race: Race) -> tuple[Fitted, Fitted] | None:
    """The same in the first half of the events and in the second: a hazard ratio should not change with time.

    None where an arm lacks events in one of the halves.
    """
    if not np.any(race.ended):
        return None
    middle = float(np.median(race.days[race.ended]))
    halves = []
    for part in (race.ended & (race.days <= middle), race.ended & (race.days > middle)):
        if np.any(np.bincount(race.arm[part], minlength=int(race.arm.max()) + 1) == 0):
            return None
        try:
            halves.append(fit_race(race._replace(ended=part)))
        except NoFit:
            return None
    return halves[0], halves[1]


def _share(risk: Floats, beta: Floats) -> Floats:
    weighed = risk * np.exp(np.concatenate(([0.0], beta)))
    share: Floats = weighed / weighed.sum(axis=1, keepdims=True)
    return share


def _table(race: Race, rows: Integers, arms: int) -> _Table:
    days, ended, arm = race.days[rows], race.ended[rows], race.arm[rows]
    times = np.unique(days[ended])
    still = np.empty((times.size, arms + 1))
    gone = np.empty((times.size, arms + 1))
    for a in range(arms + 1):
        mine = np.sort(days[arm == a])
        still[:, a] = mine.size - np.searchsorted(mine, times, side="left")
        left = np.sort(days[ended & (arm == a)])
        gone[:, a] = np.searchsorted(left, times, side="right") - np.searchsorted(left, times, side="left")
    ties = gone.sum(axis=1).astype(np.int64)
    at = np.repeat(np.arange(times.size), ties)
    begins = np.repeat(np.cumsum(ties) - ties, ties)
    share = (np.arange(at.size) - begins) / np.maximum(ties[at], 1)
    risk = still[at] - share[:, None] * gone[at]
    return _Table(rows, np.searchsorted(times, days, side="right"), times, at, share, risk)


def _scores(race: Race, table: _Table, beta: Floats) -> Floats:
    """What each stay of a group adds to the score: its event less what was expected of it while it lasted."""
    rows, size = table.rows, table.times.size
    factor = np.exp(np.concatenate(([0.0], beta)))
    total = (table.risk * factor).sum(axis=1)
    share = _share(table.risk, beta)[:, 1:]
    arm = race.arm[rows]
    own = (arm[:, None] == np.arange(1, beta.size + 1)).astype(np.float64)

    def summed(values: Floats) -> Floats:
        return np.bincount(table.at, weights=values, minlength=size).astype(np.float64)

    ties = summed(np.ones(table.at.size))
    hazard, partly = summed(1.0 / total), summed(table.share / total)
    mean = np.stack([summed(column) for column in share.T], axis=1) / ties[:, None]
    expected = np.stack([summed(column / total) for column in share.T], axis=1)
    expected_partly = np.stack([summed(column * table.share / total) for column in share.T], axis=1)
    so_far = np.concatenate(([0.0], np.cumsum(hazard)))
    so_far_expected = np.concatenate((np.zeros((1, beta.size)), np.cumsum(expected, axis=0)))
    place = table.place
    scores = -factor[arm][:, None] * (own * so_far[place][:, None] - so_far_expected[place])
    left = race.ended[rows]
    at = place[left] - 1
    scores[left] += own[left] - mean[at]
    # Who leaves in a tie is at risk for only a part of it.
    scores[left] += factor[arm[left]][:, None] * (own[left] * partly[at][:, None] - expected_partly[at])
    result: Floats = scores
    return result
