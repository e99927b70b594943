"""What happened in journeys: counts that show that a feature was tried, and not only written down."""

from collections import Counter
from typing import Any

import numpy as np

from sojourn.sim.journeys import REFERRAL, RENEGED, RESOLVED, UNRESOLVED, WAITING, Journeys
from sojourn.sim.network import Network
from sojourn.sim.tables import BAND, INVITEES


def tally(network: Network, journeys: Journeys) -> Counter[str]:
    """Counts by feature, of one replication."""
    events, people, scenario = journeys.events, journeys.customers, network.scenario
    market = scenario.market.size if scenario.market is not None else None
    brought = (people.customer >= BAND) & (people.customer < INVITEES)
    count = Counter(
        {
            "runs": 1,
            "coupled runs": int(network.coupled),
            "customers": people.customer.size,
            "rows": events.time.size,
            "invitations": int(np.sum(people.source == REFERRAL)),
            "brought by a lever": int(np.sum(brought)),
            "markets run dry": int(market is not None and people.customer.size == market),
            "reneges": int(np.sum(events.contact == RENEGED)),
            "unresolved": int(np.sum(events.contact == UNRESOLVED)),
            "waiting at the horizon": int(np.sum(events.contact == WAITING)),
            "zero dwells": int(np.sum((journeys.until == events.time) & ~journeys.last)),
            "at the horizon": int(np.sum(events.time == journeys.horizon)),
            "money drawn": int(np.sum((events.revenue > 0) | (events.cost > 0))),
            "money spread": np.unique(events.revenue).size,
            "values": int(np.sum(np.isfinite(people.value))) * int(people.value.strides != (0,)),
            "partly known": int(np.sum((people.information > 0.0) & (people.information < 1.0))),
            "longest stays": int(np.max(events.sequence, initial=0)),
        }
    )
    frailty = scenario.frailty
    laws = ("own rates", "gamma"), ("own speeds", "speed"), ("own chances", "beta")
    for what, exits in [(what, getattr(frailty, law)) for what, law in laws] if frailty is not None else ():
        for exit in exits:
            here = (network.stages.index(exit.split(" -> ")[0]) == events.stage) & ~journeys.last
            count[what] += int(here.sum())
            count[f"{what} used again"] += int(here.sum()) - np.unique(events.customer[here]).size
    for past in scenario.history.effects if scenario.history is not None else ():
        here = (network.stages.index(past.exit.split(" -> ")[0]) == events.stage) & ~journeys.last
        count["pasts again" if past.per == "visits" else "pasts"] += int(here.sum()) - (
            np.unique(events.customer[here]).size if past.per == "visits" else 0
        )
        stays = int(here.sum())
        count["traits at work"] += stays * int(past.per in scenario.traits)
        count["traits below zero at work"] += stays * int(past.per == "score")
        count["words at work"] += stays * int(past.word is not None)
        count["traits of stays at work"] += stays * int(past.of in ("basket", "channel"))
        for k, name in enumerate(network.segments):
            differs = any(path.startswith("traits.") for path in scenario.segments[name].override)
            mine = here & (people.segment[journeys.who] == k) if differs and past.of in scenario.traits else here[:0]
            count["traits of segments at work"] += int(mine.sum())
    for lever in range(len(network.levers)):
        held = events.held >> lever & 1
        rests = any(effect.informed for effect in scenario.levers[network.levers[lever]].effects)
        count["effects on people partly known"] += int(rests) * count["partly known"]
        count["held by some only"] += int(0 < held.sum() < held.size)
    count.update(_at_desks(network, journeys))
    count.update(_over_time(network, journeys))
    return count


def _at_desks(network: Network, journeys: Journeys) -> Counter[str]:
    events = journeys.events
    count: Counter[str] = Counter()
    asked = events.contact > 0
    served = (events.contact == RESOLVED) | (events.contact == UNRESOLVED)
    start, end = events.time + events.waited, events.time + events.waited + events.handled
    for name, desk in network.scenario.desks.items():
        uses = [stage.desk is not None and stage.desk.name == name for stage in network.scenario.stages.values()]
        here = asked & np.array(uses)[events.stage]
        moments, requests = np.unique(events.time[here], return_counts=True)
        count["requests at one time"] += int(np.sum(requests > 1))
        waited = here & (events.waited > 0)
        # Several at one time, and not all are served at once: their order shows.
        count["ties at a desk"] += int(np.sum((requests > 1) & np.isin(moments, events.time[waited])))
        if desk.priority:
            count["waits by priority"] += int(np.sum(waited))
        days, agents = network.agents(name)
        for day, before, after in zip(days[1:], agents, agents[1:], strict=False):
            busy = int(np.sum(here & served & (start < day) & (end > day)))
            count["falls in capacity"] += int(after < before)
            count["falls with all busy"] += int(after < before and busy > after)
            count["rises in capacity"] += int(after > before)
        gave_up = end[here & (events.contact == RENEGED)]
        count["patience ends as an agent is free"] += int(np.isin(gave_up, end[here & served]).sum())
        failed = np.flatnonzero(here & np.isin(events.contact, (RENEGED, UNRESOLVED)))
        origins = [network.stages.index(e.exit.split(" -> ")[0]) for e in desk.effects if e.per_failure]
        for row in failed.tolist() if origins and desk.failure_days is not None else []:
            later = slice(row, int(journeys.first[journeys.who[row] + 1]))
            fades = end[row] + desk.failure_days
            felt = (journeys.until[later] > end[row]) & (events.time[later] < fades)
            felt &= np.isin(events.stage[later], origins)
            count["failures felt"] += int(felt.any())
            count["failures that fade"] += int((felt & (journeys.until[later] > fades)).any())
    return count


def _over_time(network: Network, journeys: Journeys) -> Counter[str]:
    events = journeys.events
    count: Counter[str] = Counter()
    for k, (name, lever) in enumerate(network.scenario.levers.items()):
        days, levels = network.path(name)
        ramps = [p for p in zip(days, days[1:], levels, levels[1:], strict=False) if p[0] < p[1] and p[2] != p[3]]
        held = (events.held >> k & 1 == 1) & (levels.max() > 0)
        for effect in lever.effects:
            kind, target = effect.target
            if kind != "exit" or effect.scale != "hazard_ratio":
                continue
            here = held & (events.stage == network.stages.index(target.split(" -> ")[0]))
            for start, end, _, _ in ramps:
                count["ramps in a stay"] += int(np.sum(here & (events.time < end) & (journeys.until > start)))
            if effect.days is not None:
                count["windows in a stay"] += _windows(network, journeys, np.flatnonzero(here), effect)
    return count


def _windows(network: Network, journeys: Journeys, rows: Any, effect: Any) -> int:
    """Stays in which a window is open for a while."""
    events, found = journeys.events, 0
    since = network.stages.index(effect.since)
    for row in rows.tolist():
        first = int(journeys.first[journeys.who[row]])
        entries = events.time[first : row + 1][events.stage[first : row + 1] == since]
        if entries.size:
            opens, closes = entries[-1] + effect.days[0], entries[-1] + effect.days[1]
            found += int(opens < journeys.until[row] and closes > events.time[row])
    return found
