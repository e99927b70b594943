"""Will word of mouth run away? Computed before a run, from the stated numbers (Z = 0, hazards and probabilities that are a
customer's own at their means, satisfaction at its start mean).

Conditions on what only a run can show (satisfaction, purchases, spend, failures, information) count as met, and information as
complete; waiting at desks is left out, and so are ratios on dwell times from the expected invitees.
"""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.scenarios.faults import Fault, Faults
from sojourn.sim import tables as at
from sojourn.sim.network import Network, logged
from sojourn.sim.passage import Passage
from sojourn.sim.schedules import responded

Floats = NDArray[np.float64]
LEAST_LEAK = 1e-12  # share that leaves at every move, so that journeys without end can be solved for as well
ENDLESS = 1e9  # visits
STEPS = 250  # of the renewal equation, over the horizon


class WordOfMouth(NamedTuple):
    """How a strategy's customers bring further customers."""

    reproduction: float  # R: customers whom one invitee brings in a lifetime, at the strategy's last levels; may be inf
    doubling_days: float | None  # where R is above 1
    invitees: float  # expected by the horizon; those whom a finite market has no room for do not count


def word_of_mouth(network: Network, customers: int | None = None) -> WordOfMouth | None:
    """R, doubling time and expected invitees; None where no stage refers."""
    if not any(stage.referrals is not None for stage in network.scenario.stages.values()):
        return None
    reproduction = _radius(network, 0.0)
    doubling = None
    if reproduction > 1.0:
        growth = _growth(network)
        doubling = math.log(2.0) / growth if growth > 0.0 else None
    return WordOfMouth(reproduction, doubling, _invitees(network, customers))


def reproduction(network: Network) -> float:
    """R alone, which is soon known; 0 where no stage refers."""
    stages = network.scenario.stages.values()
    return _radius(network, 0.0) if any(stage.referrals is not None for stage in stages) else 0.0


def refuse_avalanche(networks: Iterable[Network], customers: int | None = None) -> dict[str, WordOfMouth]:
    """Raise Faults where a strategy expects more invitees by the horizon than `market.invitee_cap` allows.

    Returns word of mouth by strategy, without those under which nobody invites.
    """
    faults, carried = [], {}
    for network in networks:
        found = word_of_mouth(network, customers)
        market = network.scenario.market
        cap = market.invitee_cap if market is not None else 1_000_000
        if found is None:
            continue
        carried[network.strategy] = found
        if found.invitees <= cap:
            continue
        what = f"{found.invitees:,.0f}" if math.isfinite(found.invitees) else "endlessly many"
        referring = next(name for name, stage in network.scenario.stages.items() if stage.referrals is not None)
        faults.append(
            Fault(
                network.scenario.about.name,
                "market.invitee_cap",
                str(cap),
                f'under "{network.strategy}" word of mouth brings {what} invitees by day '
                f"{network.scenario.about.horizon_days:g} (R = {found.reproduction:.3g}), above the cap of {cap:,}",
                f"lower stages.{referring}.referrals.rate_per_day, give [market] a size, shorten the horizon, "
                "or raise market.invitee_cap if you mean it",
            )
        )
    if faults:
        raise Faults(tuple(faults))
    return carried


def _lifetime(network: Network, g: int, discount: float) -> Floats:
    """Invitations of one customer of segment g in a lifetime, each counting exp(-discount * age); shape (entered, enters)."""
    own = network.segment_scenario(g)
    names = list(own.stages)
    size = len(names)
    moves, invites = np.zeros((size, size)), np.zeros((size, size))
    for s, name in enumerate(names):
        passage = Passage(network, g, s)
        stay = passage.stay()
        for to, part in zip(passage.exits, stay.transform(discount).tolist(), strict=True):
            moves[s, names.index(to)] += part
        refers = own.stages[name].referrals
        if refers is not None:
            ratio = float(passage.ratios("referrals", name, network.breaks[-2:-1])[0])
            invites[s, names.index(refers.enters)] += refers.rate_per_day * ratio * stay.length(discount)
    visits = np.linalg.solve(np.eye(size) - (1.0 - LEAST_LEAK) * moves, np.eye(size))
    endless = visits > ENDLESS  # stages of a journey that never ends
    found = np.where(endless, 0.0, visits) @ np.where(np.isfinite(invites), invites, 0.0)
    # Never ending stays invite endlessly if they are reached, and stays without end if they invite: 0 times infinity is 0.
    always = endless @ (invites > 0.0) | (visits > 0.0) @ np.isinf(invites)
    return np.where(always, math.inf, np.maximum(found, 0.0))


def _radius(network: Network, discount: float) -> float:
    """Spectral radius of the next-generation matrix over segment and entry stage (Diekmann et al. 1990)."""
    shares = [segment.share for segment in network.scenario.segments.values()]
    total = math.fsum(shares)
    blocks = [_lifetime(network, g, discount) for g in range(len(shares))]
    # Invitees draw their segment anew, so that generations follow the average over segments of each entry stage.
    average = np.sum([share / total * block for share, block in zip(shares, blocks, strict=True)], axis=0)
    entries = np.flatnonzero(average.any(axis=0))
    core = average[np.ix_(entries, entries)]
    if core.size == 0:
        return 0.0
    if not np.all(np.isfinite(core)):
        return math.inf
    return float(np.max(np.abs(np.linalg.eigvals(core))))


def _growth(network: Network) -> float:
    """The growth rate r a day at which the discounted next generation just replaces itself (Euler and Lotka); 0 for none."""
    from scipy.optimize import brentq  # rarely wanted, and slow to load

    high = 1e-4
    while _radius(network, high) > 1.0:
        high *= 4.0
        if high > 1e4:
            return math.inf
    if _radius(network, high * 1e-6) <= 1.0:  # endless invitations that lead to no inviter: R is inf, and nothing grows
        return 0.0
    return float(brentq(lambda r: min(_radius(network, r), 1e12) - 1.0, high * 1e-6, high, xtol=1e-9))


def _invitees(network: Network, customers: int | None) -> float:
    """Expected invitees by the horizon, by the renewal equation on a grid of days.

    A finite market is taken as it fills on average: of those who come in a step, as many get in as its room lasts for.
    """
    scenario = network.scenario
    horizon = scenario.about.horizon_days
    days = np.linspace(0.0, horizon, STEPS + 1)
    names = list(scenario.stages)
    shares = np.array([segment.share for segment in scenario.segments.values()])
    shares = shares / shares.sum()
    entries = np.zeros((len(shares), STEPS + 1, len(names)))
    wanted, asked = np.zeros((STEPS + 1, len(names))), np.zeros(STEPS + 1)  # to come in, invitees too; of them invitees
    known, totals = network.intake
    scale = 1.0 if customers is None or totals[-1] <= 0.0 else customers / totals[-1]
    come = np.diff(np.interp(days, known, totals), prepend=0.0) * scale
    if scenario.arrivals.cohort is not None:
        come[0], come[1:] = totals[-1] * scale, 0.0
    come *= _arrival_ratio(network, days)
    for stage, part in scenario.starts.items():
        wanted[:, names.index(stage)] += part * come
    market = _Market(network)
    passages = [[Passage(network, g, s) for s in range(len(names))] for g in range(len(shares))]
    kernels = [[passage.kernel(days) for passage in row] for row in passages]
    inviting = [(g, s) for g, row in enumerate(passages) for s, passage in enumerate(row) if passage.rate > 0.0]
    size = len(names)
    flows = np.zeros((len(shares), size, (STEPS + 1) * size))  # from each stage, at each age to each stage
    at_once: NDArray[Any] = np.eye(size)  # how entries lead to further ones within a step
    invited = 0.0
    cap = 1e15
    for t in range(STEPS):
        inside = market.admits(float(wanted[t].sum()))
        entries[:, t] += shares[:, None] * (inside * wanted[t])
        invited += inside * asked[t]
        changed = [(g, s) for g, row in enumerate(kernels) for s, kernel in enumerate(row) if kernel.changes(t)]
        for g, s in changed:
            by_stage = flows[g, s].reshape(STEPS + 1, size)
            for to, flow in kernels[g][s].leaves(t).items():
                by_stage[: flow.size, names.index(to)] = flow
        if changed:  # stays that end within the step count in it: (I - K0') x = inflow
            at_once = np.linalg.inv(np.eye(size) - flows[:, :, :size].transpose(0, 2, 1))
        inflow = at_once @ entries[:, t, :, None]
        onward = inflow.transpose(0, 2, 1) @ flows[:, :, size : size * (STEPS + 1 - t)]
        entries[:, t + 1 :] += onward.reshape(len(shares), STEPS - t, size)
        for g, s in inviting:
            if inflow[g, s, 0] > 0.0:
                brought = inflow[g, s, 0] * kernels[g][s].invites(t)
                asked[t + 1 :] += brought
                wanted[t + 1 :, kernels[g][s].enters] += brought
        if invited > cap:
            return math.inf
    return float(invited + market.admits(float(wanted[-1].sum())) * asked[-1])


class _Market:
    """How full the market is on average (`arriving.admitted`): each who comes gets in with the chance of what is left."""

    def __init__(self, network: Network) -> None:
        market = network.scenario.market
        self._size = math.inf if market is None or market.size is None else float(market.size)
        self._left = max(self._size - float(network.cells[at.OPENERS_COUNT]), 0.0)
        self._all_at_once = network.scenario.arrivals.cohort is not None  # a cohort takes what there is

    def admits(self, come: float) -> float:
        """The share that gets in of those who come in the next step."""
        if self._left == math.inf or come <= 0.0:
            return 1.0
        if self._all_at_once:
            inside, self._all_at_once = min(come, self._left), False
        else:  # d left / d come = -left / size
            inside = self._left * -math.expm1(-come / self._size)
        self._left -= inside
        return inside / come


def _arrival_ratio(network: Network, days: Floats) -> Floats:
    total = np.zeros_like(days)
    for lever, part in network.scenario.levers.items():
        for effect in part.effects:
            if effect.arrivals:
                total += logged(effect) * responded(network.levels(lever, days), part.response)
    return np.exp(total)
