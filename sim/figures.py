"""Every measure of one replication, as sums over customers or as a sample of follow-ups: what a figure is made of.

Kept apart from how figures are estimated, so that leaving out some customers needs no second pass over the log.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from sojourn.sim import money, survival
from sojourn.sim.desks import desk_figures
from sojourn.sim.estimating import Kind
from sojourn.sim.follow_ups import FollowUps, Read
from sojourn.sim.impressions import impressions
from sojourn.sim.journeys import REFERRAL, Floats, Integers
from sojourn.sim.lives import Lives
from sojourn.sim.network import Network
from sojourn.sim.pooling import WIDTH
from sojourn.sim.sums import NOTHING, Gap, Sums, Tally
from sojourn.sim.surveys import survey_figures

WINDOWS = (30, 90, 180, 365, 730)  # days, for retention.DAYS, repeat_rate.DAYS and clv.DAYS
MONTH = 30.44  # days


class Sample(NamedTuple):
    """Follow-ups, and the figures that are read off them."""

    names: tuple[str, ...]
    follow_ups: FollowUps
    told: Callable[[Read], list[Floats]]  # one figure a name and curve
    days: tuple[float, ...] = ()  # on which its curves are read: the ends of cells
    median: bool = False  # whether it is read too
    kind: Kind = "mean"  # of all its figures
    cells: tuple[int, ...] = ()  # how many cells lie before the day of each figure


Figure = tuple[str, Sums | Gap] | Sample


def windows(network: Network) -> tuple[int, ...]:
    """The DAYS of measures with a window: those that a follow-up can outlast (a cohort's can last the whole
    horizon).
    """
    horizon = network.scenario.about.horizon_days
    together = network.scenario.arrivals.cohort is not None
    return tuple(days for days in WINDOWS if days < horizon or (days == horizon and together))


def figures(lives: Lives) -> Iterator[Figure]:
    """All measures that the scenario defines. Definitions: `measures.measure`."""
    journeys, network = lives.journeys, lives.network
    everybody = Tally(lives.count)
    yield from _money(lives)
    yield from _acquisition(lives)
    for index, name in enumerate(journeys.stages):
        entered, since_arrival = lives.first_entries(index)
        yield f"reach.{name}", Sums(Tally.of(entered), everybody)
        yield f"occupancy.{name}", Sums(Tally.of(np.flatnonzero(lives.final_stage == index)), everybody)
        if not lives.ending[index]:
            yield _stays(lives, index)
        if not _all_start_in(network, name):
            yield _way_to(lives, index, entered, since_arrival)
    if lives.buying.any():
        yield from _purchases(lives, everybody)
    if network.scenario.satisfaction is not None:
        yield from _satisfaction(lives)
    if any(part.gathers is not None for own in money.by_segment(network) for part in own.stages.values()):
        here = np.flatnonzero(~lives.losing[lives.final_stage])
        yield "information", Sums(Tally.of(here, journeys.customers.information[here]), Tally.of(here))
    if any(stage.referrals is not None for stage in network.scenario.stages.values()):
        yield "referrals", Sums(Tally.of(np.flatnonzero(journeys.customers.source == REFERRAL)), everybody)
    yield from desk_figures(lives)
    yield from survey_figures(lives)


def _money(lives: Lives) -> Iterator[Figure]:
    journeys, network = lives.journeys, lives.network
    ledger, arrived = lives.ledger, journeys.customers.arrived
    clv = {"clv": journeys.horizon / 2, **{f"clv.{days}": float(days) for days in windows(network)}}
    revenue, cost, *margins = ledger.each(discounted=True, windows=list(clv.values()))
    worth = ledger.worth() if ledger.moves else np.empty(0)
    overhead = money.overhead(network, journeys.horizon, discounted=True)
    profit, spent = Tally.each((revenue - cost) * worth), Tally.each(cost * worth)
    yield "profit", Sums(profit, None, -overhead)
    yield "roi", Sums(profit, spent, -overhead, overhead)
    revenue, cost = ledger.each(discounted=False)
    overhead = money.overhead(network, journeys.horizon, discounted=False)
    yield "profit.undiscounted", Sums(Tally.each(revenue - cost), None, -overhead)
    yield "revenue", Sums(Tally.each(revenue), None)
    yield "cost", Sums(Tally.each(cost), None, overhead)
    for (name, days), margin in zip(clv.items(), margins, strict=True):
        followed = np.flatnonzero(arrived + days <= journeys.horizon)
        within = Tally.of(followed, margin[followed]) if ledger.moves else NOTHING
        yield name, Sums(within, Tally.of(followed))


def _acquisition(lives: Lives) -> Iterator[Figure]:
    network, journeys = lives.network, lives.journeys
    charge = money.acquisition(network)
    if charge.any() and lives.buying.any():
        rows = np.flatnonzero(np.any(charge, axis=0)[journeys.events.stage])
        who = journeys.who[rows]
        paid = charge[journeys.customers.segment[who], journeys.events.stage[rows]]
        yield "cac", Sums(Tally.of(who, paid), Tally.of(lives.buyers))
    shown = impressions(network)
    if shown is not None:
        yield "impressions", Sums(NOTHING, None, shown)
        came = Tally.of(np.flatnonzero(journeys.customers.source != REFERRAL))
        yield "click_through", Sums(came, NOTHING, 0.0, shown)


def _stays(lives: Lives, stage: int) -> Sample:
    """Stays in one stage: which exit, and how long."""
    journeys, network = lives.journeys, lives.network
    name = journeys.stages[stage]
    exits: dict[str, None] = {}  # in the order of the file; segments may have exits of their own
    for segment in range(len(network.segments)):
        exits.update(dict.fromkeys(network.segment_stage(segment, stage).exit_names))
    following = [journeys.stages.index(target) for target in exits]
    cause_of = np.full(len(journeys.stages) + 1, survival.CENSORED, dtype=np.int16)  # its last: no stage follows
    cause_of[following] = np.arange(len(following))
    stays = lives.stays(stage)
    return Sample(
        (*(f"step.{name}.{target}" for target in exits), f"step.{name}.open", f"dwell.{name}"),
        FollowUps(stays.days, cause_of[stays.following], len(following), stays.who),
        lambda curves: [*curves.incidence, curves.left, curves.mean],
    )


def _all_start_in(network: Network, stage: str) -> bool:
    """Whether every customer, invitees too, begins in the stage, which makes the time to it nothing to tell."""
    stages = network.scenario.stages.values()
    starts = {name for name, share in network.scenario.starts.items() if share > 0.0}
    return starts | {one.referrals.enters for one in stages if one.referrals is not None} == {stage}


def _way_to(lives: Lives, stage: int, entered: Integers, since_arrival: Floats) -> Sample:
    """From arrival to the first entry to a stage; ending elsewhere competes."""
    causes = np.zeros(entered.size, dtype=np.int16)
    follow_ups = FollowUps(since_arrival, causes, 2, entered, lives.whole)
    return Sample((f"time_to.{lives.journeys.stages[stage]}",), follow_ups, lambda curves: [curves.median], median=True)


def _purchases(lives: Lives, everybody: Tally) -> Iterator[Figure]:
    yield "conversion", Sums(Tally.of(lives.buyers), everybody)
    yield "purchases", Sums(Tally.of(lives.purchasers), everybody)

    days = windows(lives.network)
    ends = tuple(WIDTH * n for n in range(1, 1 + int(max(days, default=0) / WIDTH)))
    cells = tuple(int(d / WIDTH) for d in days)
    year = int(365 / WIDTH) if 365 in days else 0
    asked = (year, *cells)  # 0 cells where a year is longer than the horizon

    def repeats(curves: Read) -> list[Floats]:
        nothing = np.full(curves.left.size, np.nan)
        return [curves.incidence_at[n - 1] if n else nothing for n in asked]

    names = ("repeat_rate", *(f"repeat_rate.{d}" for d in days))
    yield Sample(names, lives.returns, repeats, ends, kind="incidence", cells=asked)
    if not lives.losing.any():
        return
    if days:
        names = tuple(f"retention.{d}" for d in days)
        kept = [n - 1 for n in cells]
        yield Sample(names, lives.losses, lambda curves: list(curves.left_at[kept]), ends, kind="survival", cells=cells)
    at_risk, causes, *_ = lives.losses
    yield "churn_rate", Sums(Tally.of(lives.buyers[causes == 0]), Tally.of(lives.buyers, at_risk / MONTH))


def _satisfaction(lives: Lives) -> Iterator[Figure]:
    from scipy.special import ndtr  # scipy only where figures are made

    customers = lives.journeys.customers
    here = np.flatnonzero(~lives.losing[lives.final_stage])
    score, present = customers.satisfaction[here], Tally.of(here)
    yield "satisfaction", Sums(Tally.of(here, score), present)
    laws = [scenario.satisfaction for scenario in money.by_segment(lives.network)]
    answers = [(law.nps, law.start.mean) for law in laws if law is not None and law.nps is not None]
    if len(answers) < len(laws):
        return
    table = np.array([[nps.mean, nps.per_10_points, nps.sd, start] for nps, start in answers])
    mean, slope, sd, start = table[customers.segment[here]].T
    latent = mean + slope * (score - start) / 10.0
    with np.errstate(divide="ignore", invalid="ignore"):  # sd = 0: a step, and undecided on its edge
        promoter = np.where(sd > 0.0, ndtr((latent - 8.5) / sd), latent >= 8.5)
        detractor = np.where(sd > 0.0, ndtr((6.5 - latent) / sd), latent < 6.5)
    yield "nps", Sums(Tally.of(here, 100.0 * (promoter - detractor)), present)
