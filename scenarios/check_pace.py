"""How often does one customer move? A loop of very short stays would keep a run busy for ever, and fill the memory."""

from math import inf, isfinite

import numpy as np

from sojourn.scenarios import lawtable
from sojourn.scenarios.inquiry import Inquiry
from sojourn.scenarios.model import Scenario, Stage

MOST_STAYS = 100_000  # of one customer


def check_pace(inquiry: Inquiry) -> None:
    """Note a fault where one customer expects too many stays by the horizon; of a journey with other faults nothing is said."""
    if inquiry.faults or inquiry.tainted or not inquiry.scenario.starts.keys() <= inquiry.scenario.stages.keys():
        return
    stays = expected_stays(inquiry.scenario)
    total = sum(stays.values())
    if total < MOST_STAYS:
        return
    most = max(stays, key=lambda name: stays[name])
    many = f"{total:.2g}".replace("e+", "e") if total >= 1e15 else f"{float(f'{total:.2g}'):,.0f}"
    days = inquiry.scenario.about.horizon_days
    message = f"one customer expects about {many} stays in {days:g} days, most of them here and near"
    remedy = "give the stages of this loop laws that take longer, or shorten the horizon"
    inquiry.fault(("stages", most), message, remedy, about=[("scenario",)])


def expected_stays(scenario: Scenario) -> dict[str, float]:
    """Stays of one customer by a horizon that is exponential with the stated mean, from the means of all laws alone.

    Laws count as exponential ones of their mean (median, where the mean is infinite); levers and what waiting adds are left out.
    A loop of stays of m days in all so takes about horizon / m rounds.
    """
    names = list(scenario.stages)
    place = {name: i for i, name in enumerate(names)}
    moves = np.zeros((len(names), len(names)))
    for name, stage in scenario.stages.items():
        served = _served(scenario, stage)
        for to, part in _leaves(stage, scenario.about.horizon_days).items():
            moves[place[name], place[to]] += part * served
    starts = np.zeros(len(names))
    for name, share in scenario.starts.items():
        starts[place[name]] += share
    try:
        visits = np.linalg.solve(np.eye(len(names)) - moves.T, starts)
    except np.linalg.LinAlgError:
        visits = np.full(len(names), inf)
    if not np.all(np.isfinite(visits)) or visits.min() < -1e-6:  # stays too short to be told from none
        visits = np.full(len(names), inf)
    return dict(zip(names, visits.tolist(), strict=True))


def _served(scenario: Scenario, stage: Stage) -> float:
    """What a contact with the desk leaves of the chance to be there before the horizon."""
    desk = scenario.desks.get(stage.desk.name) if stage.desk is not None else None
    if stage.desk is None or desk is None:
        return 1.0
    return (
        1.0
        - stage.desk.probability
        + stage.desk.probability * _before(_typical(desk.handle), scenario.about.horizon_days)
    )


def _leaves(stage: Stage, horizon: float) -> dict[str, float]:
    """The chance to leave for each next stage before the horizon."""
    if stage.end:
        return {}
    if not stage.race:
        return {to: exit.probability * _before(_typical(exit.dwell), horizon) for to, exit in stage.choices.items()}
    days = {to: _typical(law) for to, law in stage.race.items()}
    at_once = [to for to, typical in days.items() if typical == 0.0]
    if at_once:
        return {at_once[0]: 1.0}
    rates = {to: 1.0 / typical for to, typical in days.items()}
    return {to: rate / (sum(rates.values()) + 1.0 / horizon) for to, rate in rates.items()}


def _before(days: float, horizon: float) -> float:
    return 1.0 / (1.0 + days / horizon)


def _typical(law: object) -> float:
    mean = lawtable.mean(law)
    return mean if isfinite(mean) else lawtable.quantile(law, 0.5)
