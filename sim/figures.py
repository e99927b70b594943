"""Every measure of one replication, as sums over customers or as a sample of follow-ups: what a figure is made of.

Kept apart from how figures are estimated, so that leaving out some customers needs no second pass over the log.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from sojourn.sim import money, survival
from sojourn.sim.desks import desk_figures
from sojourn.sim.impressions import impressions
from sojourn.sim.journeys import REFERRAL, Floats, Integers, Journeys
from sojourn.sim.lives import Lives, since, summed
from sojourn.sim.network import Network
from sojourn.sim.sums import Sums

WINDOWS = (30, 90, 180, 365, 730)  # days, for retention.DAYS, repeat_rate.DAYS and clv.DAYS
MONTH = 30.44  # days


class Sample(NamedTuple):
    """Follow-ups, and the figures that are read off them."""

    names: tuple[str, ...]
    durations: Floats  # days, shape (n,)
    causes: Integers  # 0 and up, -1 where censored
    owner: Integers  # whose follow-up: index of the customer
    read: Callable[[Floats, Integers], list[float]]  # (durations, causes) -> one figure a name, NaN where undefined


Figure = tuple[str, Sums] | Sample


def windows(network: Network) -> tuple[int, ...]:
    """The DAYS of measures with a window: those that a follow-up can outlast (a cohort's can last the whole
    horizon).
    """
    horizon = network.scenario.about.horizon_days
    together = network.scenario.arrivals.cohort is not None
    return tuple(days for days in WINDOWS if days < horizon or (days == horizon and together))


def figures(journeys: Journeys, network: Network) -> Iterator[Figure]:
    """All measures that the scenario defines. Definitions: `measures.measure`."""
    lives = Lives(journeys, network)
    yield from _money(lives)
    yield from _acquisition(lives)
    for index, name in enumerate(journeys.stages):
        entered = np.isfinite(lives.entries(index))
        yield f"reach.{name}", Sums(entered.astype(np.float64), _ones(lives))
        yield f"occupancy.{name}", Sums((lives.final_stage == index).astype(np.float64), _ones(lives))
        if not lives.ending[index]:
            yield _stays(lives, index)
        if not _all_start_in(network, name):
            yield _way_to(lives, index)
    if lives.buying.any():
        yield from _purchases(lives)
    if network.scenario.satisfaction is not None:
        yield from _satisfaction(lives)
    if any(stage.referrals is not None for stage in network.scenario.stages.values()):
        invited = journeys.customers.source == REFERRAL
        yield "referrals", Sums(invited.astype(np.float64), _ones(lives))
    yield from desk_figures(lives)


def _ones(lives: Lives) -> Floats:
    return np.ones(lives.count)


def _money(lives: Lives) -> Iterator[Figure]:
    journeys, network = lives.journeys, lives.network
    for discounted in (True, False):
        booked = money.book(journeys, network, discounted=discounted)
        revenue = summed(journeys.who, booked.revenue, lives.count)
        cost = summed(journeys.who, booked.cost, lives.count)
        overhead = money.overhead(network, journeys.horizon, discounted=discounted)
        profit = revenue - cost
        if discounted:
            yield "profit", Sums(profit, None, -overhead)
            yield "roi", Sums(profit, cost, -overhead, overhead)
        else:
            yield "profit.undiscounted", Sums(profit, None, -overhead)
            yield "revenue", Sums(revenue, None)
            yield "cost", Sums(cost, None, overhead)
    arrived = journeys.customers.arrived
    half = journeys.horizon / 2
    for name, days in [("clv", half), *((f"clv.{days}", float(days)) for days in windows(network))]:
        followed = (arrived + days <= journeys.horizon).astype(np.float64)
        booked = money.book(journeys, network, discounted=True, window=days)
        margin = summed(journeys.who, booked.revenue - booked.cost, lives.count)
        yield name, Sums(margin * followed, followed)


def _acquisition(lives: Lives) -> Iterator[Figure]:
    network, journeys = lives.network, lives.journeys
    charge = money.acquisition(network)
    if charge.any() and lives.buying.any():
        paid = charge[journeys.customers.segment[journeys.who], journeys.events.stage]
        spent = summed(journeys.who, paid, lives.count)
        yield "cac", Sums(spent, (lives.purchases > 0).astype(np.float64))
    shown = impressions(network)
    if shown is not None:
        yield "impressions", Sums(np.zeros(lives.count), None, shown)
        came = (journeys.customers.source != REFERRAL).astype(np.float64)
        yield "click_through", Sums(came, np.zeros(lives.count), 0.0, shown)


def _stays(lives: Lives, stage: int) -> Sample:
    """Stays in one stage: which exit, and how long."""
    journeys, network = lives.journeys, lives.network
    name = journeys.stages[stage]
    exits: dict[str, None] = {}  # in the order of the file; segments may have exits of their own
    for segment in range(len(network.segments)):
        exits.update(dict.fromkeys(network.segment_stage(segment, stage).exit_names))
    following = [journeys.stages.index(target) for target in exits]
    cause_of = np.full(len(journeys.stages) + 1, survival.CENSORED)  # the last one is for -1: still open
    cause_of[following] = np.arange(len(following))
    rows = np.flatnonzero(journeys.events.stage == stage)

    def read(durations: Floats, causes: Integers) -> list[float]:
        if durations.size == 0:
            return [float("nan")] * (len(following) + 2)
        times, left, incidence = survival.aalen_johansen(durations, causes, len(following))
        return [*incidence[:, -1].tolist(), float(left[-1]), survival.restricted_mean(times, left)]

    names = (*(f"step.{name}.{target}" for target in exits), f"step.{name}.open", f"dwell.{name}")
    days = since(journeys.events.time[rows], journeys.until[rows])
    return Sample(names, days, cause_of[journeys.next_stage[rows]], journeys.who[rows], read)


def _all_start_in(network: Network, stage: str) -> bool:
    """Whether every customer, invitees too, begins in the stage, which makes the time to it nothing to tell."""
    stages = network.scenario.stages.values()
    starts = {name for name, share in network.scenario.starts.items() if share > 0.0}
    return starts | {one.referrals.enters for one in stages if one.referrals is not None} == {stage}


def _way_to(lives: Lives, stage: int) -> Sample:
    """From arrival to the first entry to a stage; ending elsewhere competes."""
    journeys = lives.journeys
    entered, arrived = lives.entries(stage), journeys.customers.arrived
    causes = np.where(np.isfinite(entered), 0, np.where(np.isfinite(lives.ended), 1, survival.CENSORED))
    until = np.where(causes == 0, entered, np.where(causes == 1, lives.ended, journeys.horizon))

    def read(durations: Floats, causes: Integers) -> list[float]:
        times, _, incidence = survival.aalen_johansen(durations, causes, 2)
        return [survival.median_of_incidence(times, incidence[0])]

    return Sample((f"time_to.{journeys.stages[stage]}",), since(arrived, until), causes, np.arange(lives.count), read)


def returns(lives: Lives) -> tuple[Floats, Integers]:
    """Days from each buyer's first purchase to the second (cause 0), or to loss or an end (1), or until the horizon."""
    second, gone = lives.second_purchase, np.fmin(lives.lost_after_purchase, lives.ended[lives.buyers])
    repeated = np.isfinite(second) & ~(gone < second)  # gone is NaN only where there is neither loss nor end
    until = np.where(repeated, second, np.where(np.isfinite(gone), gone, lives.journeys.horizon))
    causes = np.where(repeated, 0, np.where(np.isfinite(gone), 1, survival.CENSORED))
    return since(lives.first_purchase, until), causes


def _purchases(lives: Lives) -> Iterator[Figure]:
    journeys = lives.journeys
    horizon = journeys.horizon
    bought = np.zeros(lives.count)
    bought[lives.buyers] = 1.0
    yield "conversion", Sums(bought, _ones(lives))
    yield "purchases", Sums(lives.purchases.astype(np.float64), _ones(lives))

    start, lost = lives.first_purchase, lives.lost_after_purchase
    days = windows(lives.network)
    names = ("repeat_rate", *(f"repeat_rate.{d}" for d in days))

    def read_repeats(durations: Floats, causes: Integers) -> list[float]:
        times, left, incidence = survival.aalen_johansen(durations, causes, 2)
        by_day = {day: survival.incidence_at(times, left, incidence[0], day) for day in days}
        return [by_day.get(365, float("nan")), *by_day.values()]

    yield Sample(names, *returns(lives), lives.buyers, read_repeats)
    if not lives.losing.any():
        return
    churned = np.isfinite(lost)
    at_risk = since(start, np.where(churned, lost, horizon))

    def read_retention(durations: Floats, causes: Integers) -> list[float]:
        times, left = survival.kaplan_meier(durations, causes == 0)
        return [survival.survival_at(times, left, d) for d in days]

    if days:
        names = tuple(f"retention.{d}" for d in days)
        yield Sample(names, at_risk, np.where(churned, 0, survival.CENSORED), lives.buyers, read_retention)
    losses, months = np.zeros(lives.count), np.zeros(lives.count)
    losses[lives.buyers] = churned
    months[lives.buyers] = at_risk / MONTH
    yield "churn_rate", Sums(losses, months)


def _satisfaction(lives: Lives) -> Iterator[Figure]:
    from scipy.special import ndtr  # scipy only where figures are made

    journeys = lives.journeys
    score = journeys.customers.satisfaction
    here = ~lives.losing[lives.final_stage]
    present = here.astype(np.float64)
    yield "satisfaction", Sums(np.where(here, score, 0.0), present)
    laws = [scenario.satisfaction for scenario in money.by_segment(lives.network)]
    answers = [(law.nps, law.start.mean) for law in laws if law is not None and law.nps is not None]
    if len(answers) < len(laws):
        return
    table = np.array([[nps.mean, nps.per_10_points, nps.sd, start] for nps, start in answers])
    mean, slope, sd, start = table[journeys.customers.segment].T
    latent = mean + slope * (score - start) / 10.0
    with np.errstate(divide="ignore", invalid="ignore"):  # sd = 0: a step, and undecided on its edge
        promoter = np.where(sd > 0.0, ndtr((latent - 8.5) / sd), latent >= 8.5)
        detractor = np.where(sd > 0.0, ndtr((6.5 - latent) / sd), latent < 6.5)
    yield "nps", Sums(np.where(here, 100.0 * (promoter - detractor), 0.0), present)
