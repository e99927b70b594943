"""Every decision about a customer, once: what happens at birth, on entry to a stage, when the wait ends, and where it leads.

Engines only deliver events: they call these with a row i of the crowd and the time, and schedule what comes back as a delay.
Compiled with numba and callable from Python.
"""

import math

from sojourn.scenarios import laws
from sojourn.sim.compiling import compiled
from sojourn.sim.effects import fulfils, level_at, levers_held, personal_shift, shift_now, stage_row
from sojourn.sim.journeys import REFERRAL, RENEGED, UNRESOLVED
from sojourn.sim.streams import MONEY, RACING, SERVICE, STAYING, TOUCHING, TRAITS, pair, uniform
from sojourn.sim.tables import CHOICE, Crowd, Table, Tables
from sojourn.sim.timing import time_to_exit


@compiled
def clamped(points: float) -> float:
    """Satisfaction, expectation and performance live between 0 and 100."""
    return min(max(points, 0.0), 100.0)


@compiled
def drawn(shares: float, table: Table, first: int, count: int) -> int:
    """The row of a table of cumulative shares into which a uniform falls."""
    for k in range(first, first + count - 1):
        if shares < table[k]["share"]:
            return k
    return first + count - 1


@compiled
def born(net: Tables, crowd: Crowd, i: int, customer: int, source: int, inviter: int, bonus: float, time: float) -> int:
    """Give customer i its traits; returns the stage where arrivals start. `inviter` is a row of the crowd, -1 for none."""
    person, key = crowd.people[i], crowd.key
    of_segment, of_start = pair(key, customer, 0, TRAITS, 0, 0)
    of_frailty, of_satisfaction = pair(key, customer, 0, TRAITS, 0, 1)
    of_expectation, _ = pair(key, customer, 0, TRAITS, 0, 2)
    person["id"] = customer
    person["source"] = source
    person["root"] = crowd.people[inviter]["root"] if source == REFERRAL else customer
    person["inviter"] = crowd.people[inviter]["id"] if source == REFERRAL else -1
    person["bonus"] = bonus
    person["segment"] = drawn(of_segment, net.segments, 0, net.segments.shape[0])
    person["frailty"] = laws.normal_quantile(of_frailty)
    person["arrived"] = time
    person["sequence"] = -1
    segment = net.segments[person["segment"]]
    person["start"] = math.nan
    if segment["satisfied"] == 1:
        person["start"] = clamped(segment["start"] + segment["start_sd"] * laws.normal_quantile(of_satisfaction))
        person["expectation"] = clamped(
            segment["expects"] + segment["expects_sd"] * laws.normal_quantile(of_expectation)
        )
    else:
        person["expectation"] = math.nan
    person["satisfaction"] = person["start"]
    starts = net.starts
    return starts[drawn(of_start, starts, 0, starts.shape[0])]["stage"]  # type: ignore[no-any-return]


@compiled
def enter(net: Tables, crowd: Crowd, i: int, stage: int, time: float, row: int) -> int:
    """A customer enters a stage: counts, money, the log's row. Returns the desk that is asked for help, -1 for none."""
    person, log = crowd.people[i], crowd.log
    person["stage"] = stage
    person["entered"] = time
    person["sequence"] += 1
    person["row"] = row
    person["waited"] = 0.0
    crowd.visits[i, stage] += 1
    for slot in range(crowd.since.shape[1]):
        if net.sinces[slot] == stage:
            crowd.since[i, slot] = time
    here = net.stages[stage_row(net, crowd, i)]
    person["purchases"] += here["purchase"]
    person["held"] = levers_held(net, crowd, i, time)
    visit = crowd.visits[i, stage]
    revenue, cost = 0.0, here["acquisition"]
    if here["revenue"] >= 0 or here["cost"] >= 0:
        of_revenue, of_cost = pair(crowd.key, person["id"], stage, MONEY, visit, 0)
        if here["revenue"] >= 0:
            rise = shift_now(net, crowd, i, here["spend_first"], here["spend_count"], time)
            amount = laws.age_left(net.laws, net.points, here["revenue"], of_revenue)
            revenue = amount * net.segments[person["segment"]]["spend"] * math.exp(rise)
        if here["cost"] >= 0:
            cost += laws.age_left(net.laws, net.points, here["cost"], of_cost)
    if person["sequence"] == 0:
        cost += person["bonus"]
        for k in range(net.levers.shape[0]):
            if person["held"] >> k & 1 and net.levers[k]["per_customer"] != 0.0:
                cost += net.levers[k]["per_customer"] * level_at(net, k, time)
    person["spend"] += revenue
    line = log[row]
    line["customer"] = person["id"]
    line["sequence"] = person["sequence"]
    line["stage"] = stage
    line["time"] = time
    line["revenue"] = revenue
    line["cost"] = cost
    line["held"] = person["held"]
    line["contact"] = 0
    line["waited"] = 0.0
    line["handled"] = 0.0
    line["satisfaction"] = person["satisfaction"]
    if here["desk"] < 0:
        return -1
    asks, _ = pair(crowd.key, person["id"], stage, SERVICE, visit, 0)
    logit = here["asks"] + shift_now(net, crowd, i, here["asks_first"], here["asks_count"], time)
    return here["desk"] if asks * (1.0 + math.exp(-logit)) < 1.0 else -1


@compiled
def settle(net: Tables, crowd: Crowd, i: int, time: float, contact: int, waited: float, handled: float) -> None:
    """Waiting and service, if any, are over: failures are felt, the touchpoint moves satisfaction, the row is completed."""
    person = crowd.people[i]
    here = net.stages[stage_row(net, crowd, i)]
    worse = 0.0
    if contact > 0:
        desk = net.desks[person["segment"] * net.run[0]["desks"] + here["desk"]]
        person["waited"] = max(waited - desk["tolerance"], 0.0)
        worse = desk["per_day_waited"] * person["waited"]
        if contact in (RENEGED, UNRESOLVED):
            worse += desk["per_failure"]
            if desk["failure_days"] > 0.0:
                slot = crowd.felt_until[i].argmin()
                crowd.felt_until[i, slot] = time + desk["failure_days"]
                crowd.felt_desk[i, slot] = here["desk"]
    if here["touched"] == 1:
        touch(net, crowd, i, time, worse)
    person["held"] = levers_held(net, crowd, i, time)
    line = crowd.log[person["row"]]
    line["held"] = person["held"]
    line["contact"] = contact
    line["waited"] = waited
    line["handled"] = handled
    line["satisfaction"] = person["satisfaction"]


@compiled
def touch(net: Tables, crowd: Crowd, i: int, time: float, worse: float) -> None:
    """A touchpoint: performance P against expectation E moves satisfaction S (Oliver 1980; Boulding et al. 1993), losses more
    than gains: S' = S + w (S0 - S) + a [(P - E)+ - lambda (E - P)+], E' = E + k (P - E), all from 0 to 100.
    """
    person = crowd.people[i]
    here, segment = net.stages[stage_row(net, crowd, i)], net.segments[person["segment"]]
    performance = here["performance"] - worse
    performance += shift_now(net, crowd, i, here["points_first"], here["points_count"], time)
    if here["spread"] > 0.0:
        visit = crowd.visits[i, person["stage"]]
        luck, _ = pair(crowd.key, person["id"], person["stage"], TOUCHING, visit, 0)
        performance += here["spread"] * laws.normal_quantile(luck)
    gap = clamped(performance) - person["expectation"]
    felt = gap if gap > 0.0 else segment["aversion"] * gap
    back = segment["recovery"] * (person["start"] - person["satisfaction"])
    person["satisfaction"] = clamped(person["satisfaction"] + back + segment["gain"] * felt)
    person["expectation"] = clamped(person["expectation"] + segment["learning"] * gap)


@compiled
def depart(net: Tables, crowd: Crowd, i: int, time: float) -> "tuple[float, int]":
    """The dwell starts: days until the customer leaves the stage, and for where; inf and -1 if never."""
    here = net.stages[stage_row(net, crowd, i)]
    if here["exits_count"] == 0:
        return math.inf, -1
    if here["kind"] == CHOICE:
        return choose(net, crowd, i, time)
    person = crowd.people[i]
    first = here["exits_first"]
    visit = crowd.visits[i, person["stage"]]
    delay, to = math.inf, -1
    for e in range(first, first + here["exits_count"]):
        exposure = -math.log(uniform(crowd.key, person["id"], person["stage"], RACING, visit, e - first))
        latent = time_to_exit(net, crowd, i, e, time, exposure)
        if latent < delay:  # equal times: the first in the file
            delay, to = latent, net.exits[e]["to"]
    return delay, to


@compiled
def choose(net: Tables, crowd: Crowd, i: int, time: float) -> "tuple[float, int]":
    """Which exit of a choice stage, then how long. Two exits take one uniform; more race as exponentials E_e / w_e, one draw an
    exit (Gumbel-max), so that a change to one exit never moves customers between two others.
    """
    person = crowd.people[i]
    stage = person["stage"]
    here = net.stages[stage_row(net, crowd, i)]
    first, count = here["exits_first"], here["exits_count"]
    visit = crowd.visits[i, stage]
    which, how_long = pair(crowd.key, person["id"], stage, STAYING, visit, 0)
    chosen = first
    if count == 2:
        odds = math.exp(weight(net, crowd, i, first, time) - weight(net, crowd, i, first + 1, time))
        if odds != math.inf and which * (1.0 + odds) >= odds:
            chosen = first + 1
    elif count > 2:
        least = math.inf
        for e in range(first, first + count):
            draw = -math.log(uniform(crowd.key, person["id"], stage, STAYING, visit, 2 + e - first))
            due = draw * math.exp(-weight(net, crowd, i, e, time))
            if due < least:
                least, chosen = due, e
    row = net.exits[chosen]
    pace = math.exp(shift_now(net, crowd, i, row["pace_first"], row["pace_count"], time))
    return laws.age_left(net.laws, net.points, row["dwell"], how_long) * pace, row["to"]


@compiled
def weight(net: Tables, crowd: Crowd, i: int, exit: int, time: float) -> float:
    """log p0 + eta of an exit of a choice stage, at this moment."""
    row = net.exits[exit]
    eta = shift_now(net, crowd, i, row["terms_first"], row["terms_count"], time)
    return row["weight"] + personal_shift(net, crowd, i, exit, time) + eta  # type: ignore[no-any-return]


@compiled
def proceed(
    net: Tables, crowd: Crowd, i: int, time: float, contact: int, waited: float, handled: float
) -> "tuple[float, int]":
    """`settle`, then `depart`: one call for engines."""
    settle(net, crowd, i, time, contact, waited, handled)
    return depart(net, crowd, i, time)


@compiled
def rank_at_desk(net: Tables, crowd: Crowd, i: int, desk: int, time: float) -> int:
    """Priority: the first of the desk's conditions that the customer meets; 0 is served first, then by request time and id."""
    row = net.desks[crowd.people[i]["segment"] * net.run[0]["desks"] + desk]
    for k in range(row["ranks_count"]):
        rank = net.ranks[row["ranks_first"] + k]
        if fulfils(net, crowd, i, rank["codes_first"], rank["codes_count"], time):
            return k
    return row["ranks_count"]  # type: ignore[no-any-return]


@compiled
def agents_at(net: Tables, desk: int, time: float) -> int:
    """Agents on duty, whole ones. When they fall, contacts under way are finished."""
    row = net.desks[desk]
    agents = 0
    for k in range(row["agents_first"], row["agents_first"] + row["agents_count"]):
        if net.agents[k]["day"] > time:
            break
        agents = net.agents[k]["agents"]
    return agents


@compiled
def patience(net: Tables, crowd: Crowd, i: int, desk: int) -> float:
    """Days that a caller waits before giving up; inf for ever."""
    person = crowd.people[i]
    row = net.desks[person["segment"] * net.run[0]["desks"] + desk]
    if row["patience"] < 0:
        return math.inf
    stage = person["stage"]
    _, left = pair(crowd.key, person["id"], stage, SERVICE, crowd.visits[i, stage], 1)
    return laws.age_left(net.laws, net.points, row["patience"], left)


@compiled
def handling(net: Tables, crowd: Crowd, i: int, desk: int, time: float) -> "tuple[float, bool]":
    """Days of service that begins now, and whether it will resolve the matter."""
    person = crowd.people[i]
    row = net.desks[person["segment"] * net.run[0]["desks"] + desk]
    stage = person["stage"]
    visit = crowd.visits[i, stage]
    left, _ = pair(crowd.key, person["id"], stage, SERVICE, visit, 1)
    _, luck = pair(crowd.key, person["id"], stage, SERVICE, visit, 0)
    pace = math.exp(shift_now(net, crowd, i, row["handle_first"], row["handle_count"], time))
    return laws.age_left(net.laws, net.points, row["handle"], left) * pace, luck >= row["unresolved"]


@compiled
def bonus_now(net: Tables, crowd: Crowd, i: int, time: float) -> float:
    """What levers cost for one referral that this customer makes now."""
    cost = 0.0
    for k in range(net.levers.shape[0]):
        if crowd.people[i]["held"] >> k & 1 and net.levers[k]["per_referral"] != 0.0:
            cost += net.levers[k]["per_referral"] * level_at(net, k, time)
    return cost
