"""Chances by a certain day, where every law is exponential: the journey is then a Markov chain in continuous time.

A choice stage whose exits have exponential laws of their own is one phase for each of them, entered by its share.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sojourn.scenarios.faults import fault
from sojourn.sim.chains import Flags, Floats, chains, sets
from sojourn.sim.hitting import ever
from sojourn.sim.network import Network
from sojourn.sim.obstacles import Asked
from sojourn.sim.passage import Passage
from sojourn.sim.stays import rate

ASKED = Asked(days=True, moments=True)


def within(network: Network, loyal: Sequence[str], lost: Sequence[str], days: float) -> dict[str, Floats]:
    """The chance to enter a stage of `loyal` before any of `lost` and within `days`, by segment and by the stage that a
    customer has just entered; shape (stages,). 1 in the stages of `loyal`, 0 in those of `lost`.

    As `hitting.ever`, which is the answer for days = inf; raises Faults also for laws that are not exponential.
    """
    if not days >= 0.0:
        raise fault(network.scenario.about.name, "days", "days are 0 or more", "give a number of days", days)
    if days == math.inf:
        return ever(network, loyal, lost)
    good, bad = sets(network, loyal, lost)
    found = {}
    for g, chain in enumerate(chains(network, ASKED, good | bad)):
        phases = _phases(network, g, good | bad | chain.unknown)
        arrived = phases.stages_at(days)[:, good].sum(axis=1)
        found[network.segments[g]] = np.where(chain.unknown, np.nan, arrived)
    return found


def occupancy_at(network: Network, days: float) -> dict[str, Floats]:
    """The probability of each stage `days` after entering one, by segment; shape (stage entered, stage then).

    Raises Faults where the chain is more than its stages, customers wait for a desk, or a law is not exponential.
    """
    if not 0.0 <= days < math.inf:
        raise fault(network.scenario.about.name, "days", "days are finite and 0 or more", "give a number of days", days)
    found = {}
    for g, chain in enumerate(chains(network, ASKED)):
        then = _phases(network, g, chain.unknown).stages_at(days)
        then[chain.unknown] = np.nan
        found[network.segments[g]] = then
    return found


class _Phases(NamedTuple):
    """A Markov chain in continuous time whose states are phases of stages."""

    rates: Floats  # generator, a day; shape (phases, phases)
    entered: Floats  # by stage entered, the chance of each phase; shape (stages, phases)
    stage: Flags  # which stage each phase belongs to; shape (phases, stages)

    def stages_at(self, days: float) -> Floats:
        """The probability of each stage so many days after entering one; shape (stage entered, stage then)."""
        from scipy.linalg import expm  # rarely wanted, and slow to load

        return np.asarray(np.clip(self.entered @ expm(self.rates * days) @ self.stage, 0.0, 1.0))


def _phases(network: Network, g: int, closed: Flags) -> _Phases:
    """The phases of a segment; stages that are `closed` keep their customers."""
    size = len(network.stages)
    rows: list[tuple[int, float, float, dict[int, float]]] = []  # stage, chance on entry, hazard, where to
    for s in range(size):
        passage = Passage(network, g, s, "arrival")
        if passage.kind == "end" or closed[s]:
            rows.append((s, 1.0, 0.0, {}))
            continue
        to = [network.stages.index(name) for name in passage.exits]
        hazards = [rate(way) or 0.0 for way in passage.ways()]
        if passage.kind == "race":
            total = math.fsum(hazards)
            rows.append((s, 1.0, total, {t: h / total for t, h in zip(to, hazards, strict=True)}))
            continue
        shares = [way.share for way in passage.ways()]
        for hazard in dict.fromkeys(hazards):
            mine = {t: p for t, p, h in zip(to, shares, hazards, strict=True) if h == hazard and p > 0.0}
            chance = math.fsum(mine.values())
            if chance > 0.0:
                rows.append((s, chance, hazard, {t: p / chance for t, p in mine.items()}))
    stage = np.array([[row[0] == s for s in range(size)] for row in rows])
    entered = np.array([[row[1] if row[0] == s else 0.0 for row in rows] for s in range(size)])
    rates = np.zeros((len(rows), len(rows)))
    for k, (_, _, hazard, moves) in enumerate(rows):
        rates[k, k] -= hazard
        for t, share in moves.items():
            rates[k] += hazard * share * entered[t]
    return _Phases(rates, entered, stage)
