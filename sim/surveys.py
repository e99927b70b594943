"""What surveys measure, beside the truth about all whom they ask.

A survey is read off the event log afterwards, so it changes nothing. Who enters its stage is asked `lag_days` later, wherever
they are then; who is lost by that day is not asked, and a day beyond the horizon is not counted. A customer with satisfaction S
answers with log-odds logit(response) + log_odds_per_10_points (S - start mean) / 10, tells S as it is, and gives the answer from
0 to 10 of the ordinal probit of `[satisfaction.nps]`: a rounded normal, clamped to 0 to 10.
"""

import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.scenarios.model import Survey
from sojourn.sim.journeys import WAITING, Floats, Integers
from sojourn.sim.lives import Lives
from sojourn.sim.money import by_segment
from sojourn.sim.sums import Gap, Sums, Tally
from sojourn.sim.tables import Cells, nobody, seeded

NUMBERS = 1 << 27  # draws that a named block tells apart


class Asked(NamedTuple):
    """All requests of one survey in one replication; shapes (requests,)."""

    who: Integers  # index of the customer
    satisfaction: Floats  # S on that day
    answered: NDArray[np.bool_]
    answer: Floats | None  # from 0 to 10, also of those who keep it to themselves; None without nps


def survey_figures(lives: Lives) -> Iterator[tuple[str, Sums | Gap]]:
    """The measures of every survey, see `measures`: measured, true, and what lies between."""
    for name, survey in lives.network.scenario.surveys.items():
        asked = ask(lives, name, survey)
        everybody, answering = Tally.of(asked.who), Tally.of(asked.who[asked.answered])
        yield f"survey.{name}.asked", Sums(everybody, None)
        yield f"survey.{name}.responses", Sums(answering, everybody)
        score = None if asked.answer is None else 100.0 * ((asked.answer >= 9.0) - 1.0 * (asked.answer <= 6.0))
        for what, bias, values in (("satisfaction", "bias", asked.satisfaction), ("nps", "nps_bias", score)):
            if values is None:
                continue
            measured = Sums(Tally.of(asked.who[asked.answered], values[asked.answered]), answering)
            truth = Sums(Tally.of(asked.who, values), everybody)
            yield f"survey.{name}.{what}", measured
            yield f"survey.{name}.true_{what}", truth
            yield f"survey.{name}.{bias}", Gap(measured, truth)


def ask(lives: Lives, name: str, survey: Survey) -> Asked:
    """Whom a survey asks, how they feel on that day, who answers, and what; the same on every engine."""
    from scipy.special import expit, logit, ndtri  # scipy only where figures are made

    journeys, network = lives.journeys, lives.network
    stage = journeys.stages.index(survey.stage)
    rows, requests = _found(lives, stage, survey.lag_days)
    who = journeys.who[rows]
    satisfaction = _felt(lives, rows, requests.days)
    laws = [law for law in (scenario.satisfaction for scenario in by_segment(network)) if law is not None]
    segment = journeys.customers.segment[who]
    points = (satisfaction - np.array([law.start.mean for law in laws])[segment]) / 10.0
    chance, luck = _draws(lives, name, stage, journeys.customers.customer[who], requests.before)
    answered = chance < expit(logit(survey.response) + survey.log_odds_per_10_points * points)
    answers = [law.nps for law in laws if law.nps is not None]
    if len(answers) < len(laws):
        return Asked(who, satisfaction, answered, None)
    mean, slope, sd = np.array([[nps.mean, nps.per_10_points, nps.sd] for nps in answers])[segment].T
    answer = np.clip(np.rint(mean + slope * points + sd * ndtri(luck)), 0.0, 10.0)
    return Asked(who, satisfaction, answered, answer)


class _Requests(NamedTuple):
    """Of each request: how often the customer had entered the stage before, and the day on which it is made."""

    before: Integers
    days: Floats


def _found(lives: Lives, stage: int, lag: float) -> tuple[Integers, _Requests]:
    """Rows of the stays in which customers are asked, and what is to know of each request."""
    entries, events = lives.rows(stage), lives.journeys.events
    if not entries.size:
        return entries, _Requests(entries, np.empty(0))
    from sojourn.sim import asking  # numba only where something is measured

    who = lives.journeys.who[entries]
    there, before = asking.find(
        entries, who, events.stage, events.sequence, events.time, lag, lives.journeys.horizon, lives.losing
    )
    asked = np.flatnonzero(there >= 0)
    return there[asked], _Requests(before[asked], events.time[entries[asked]] + lag)


def _felt(lives: Lives, rows: Integers, days: Floats) -> Floats:
    """S on each of the days: while the stay's contact with a desk is not over its touchpoint has not come, and S is that of
    the stay before, or of the start.
    """
    events = lives.journeys.events
    early, later = events.time[rows] + events.waited[rows] + events.handled[rows] > days, events.sequence[rows] > 0
    satisfaction: Floats = events.satisfaction[rows - (early & later)]
    first = early & ~later & (events.contact[rows] != WAITING)  # who waits still at the horizon is as at the start
    if first.any():
        from sojourn.sim import asking

        journeys = lives.journeys
        net, began = _seeded(lives), np.empty(np.count_nonzero(first))
        asking.start(net, nobody(net), journeys.customers.customer[journeys.who[rows[first]]], began)
        satisfaction[first] = began
    return satisfaction


def _seeded(lives: Lives) -> Cells:
    return seeded(lives.network.cells, lives.journeys.seed, lives.journeys.replication)


def _draws(lives: Lives, name: str, stage: int, customers: Integers, visits: Integers) -> Floats:
    """Two uniforms a request, shape (2, requests); a survey's draws belong to its name, not to its place in the file."""
    found = np.empty((2, customers.size))
    if customers.size:
        from sojourn.sim import asking

        asking.draw(_seeded(lives), customers, stage, visits, zlib.crc32(name.encode()) % NUMBERS, found)
    return found
