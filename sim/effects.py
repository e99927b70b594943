"""What levers, conditions and a customer's past do to a rate, a chance or a time: sums on the log scale."""

import math

from sojourn.sim.compiling import compiled
from sojourn.sim.tables import Crowd, Table, Tables

# Conditions in postfix, as `scenarios.conditions` writes them: comparisons 0 to 5 (==, !=, <, <=, >, >=), and, or, not.
AND, OR, NOT = 6, 7, 8
SEGMENT, STAGE, SOURCE, SATISFACTION, PURCHASES, SPEND, FAILURES = range(7)


@compiled
def level_at(net: Tables, lever: int, time: float) -> float:
    """A lever's level at a moment: 0 before the first step; on a ramp, in proportion."""
    row = net.levers[lever]
    level = 0.0
    for k in range(row["steps_first"], row["steps_first"] + row["steps_count"]):
        step = net.steps[k]
        if time < step["day"]:
            break
        part = (time - step["day"]) / step["ramp"] if time < step["day"] + step["ramp"] else 1.0
        level = step["before"] + part * (step["level"] - step["before"])
    return level


@compiled
def response(levers: Table, lever: int, level: float) -> float:
    """f(level): linear, or a Hill curve scaled so that f(0) = 0 and f(1) = 1."""
    half, slope = levers[lever]["half"], levers[lever]["slope"]
    if half <= 0.0 or level <= 0.0:
        return level
    return (1.0 + half**slope) / (1.0 + (half / level) ** slope)  # type: ignore[no-any-return]


@compiled
def failures_felt(crowd: Crowd, i: int, desk: int, time: float) -> int:
    """How many failures customer i still feels; of one desk, or of all (desk -1)."""
    felt = 0
    for k in range(crowd.felt_until.shape[1]):
        if crowd.felt_until[i, k] > time and (desk < 0 or crowd.felt_desk[i, k] == desk):
            felt += 1
    return felt


@compiled
def fulfils(net: Tables, crowd: Crowd, i: int, first: int, count: int, time: float) -> bool:
    """Whether customer i meets a condition now."""
    person = crowd.people[i]
    stack = 0  # truth values as bits, the last on the right
    for k in range(first, first + count):
        code = net.codes[k]
        op = code["op"]
        if op == NOT:
            stack ^= 1
        elif op in (AND, OR):
            last, before = stack & 1, (stack >> 1) & 1
            both = last & before if op == AND else last | before
            stack = ((stack >> 2) << 1) | both
        else:
            name = code["name"]
            if name == SEGMENT:
                value = float(person["segment"])
            elif name == STAGE:
                value = float(person["stage"])
            elif name == SOURCE:
                value = float(person["source"])
            elif name == SATISFACTION:
                value = person["satisfaction"]
            elif name == PURCHASES:
                value = float(person["purchases"])
            elif name == SPEND:
                value = person["spend"]
            else:
                value = float(failures_felt(crowd, i, -1, time))
            than = code["value"]
            true = (
                (op == 0 and value == than)
                or (op == 1 and value != than)
                or (op == 2 and value < than)
                or (op == 3 and value <= than)
                or (op == 4 and value > than)
                or (op == 5 and value >= than)
            )
            stack = (stack << 1) | (1 if true else 0)
    return stack & 1 == 1


@compiled
def levers_held(net: Tables, crowd: Crowd, i: int, time: float) -> int:
    """Bit k: lever k's condition holds for customer i now (a lever without one always holds)."""
    held = 0
    for k in range(net.levers.shape[0]):
        row = net.levers[k]
        if row["codes_count"] == 0 or fulfils(net, crowd, i, row["codes_first"], row["codes_count"], time):
            held |= 1 << k
    return held


@compiled
def window(net: Tables, crowd: Crowd, i: int, k: int, time: float) -> bool:
    """Whether `time` lies in a term's window after the last entry to its `since` stage."""
    term = net.terms[k]
    if term["since"] < 0:
        return True
    since = crowd.since[i, term["since"]]  # the edges are those of `next_change`, to the last bit
    return since + term["start"] <= time < since + term["end"]  # type: ignore[no-any-return]


@compiled
def shift_now(net: Tables, crowd: Crowd, i: int, first: int, count: int, time: float) -> float:
    """Sum of beta f(level) over a span of terms, at the levels of this moment."""
    total = 0.0
    for k in range(first, first + count):
        term = net.terms[k]
        if crowd.people[i]["held"] >> term["lever"] & 1 and window(net, crowd, i, k, time):
            total += term["beta"] * response(net.levers, term["lever"], level_at(net, term["lever"], time))
    return total


@compiled
def shift_within(net: Tables, crowd: Crowd, i: int, first: int, count: int, time: float, interval: int) -> float:
    """The same over an interval between breaks that begins at or before `time`, on ramps at its middle."""
    total = 0.0
    for k in range(first, first + count):
        term = net.terms[k]
        if crowd.people[i]["held"] >> term["lever"] & 1 and window(net, crowd, i, k, time):
            total += term["beta"] * net.response[interval, term["lever"]]
    return total


@compiled
def next_change(net: Tables, crowd: Crowd, i: int, first: int, count: int, time: float, interval: int) -> float:
    """The next moment after `time` at which the terms of a span change: a break, or a window that opens or closes."""
    if count == 0:
        return math.inf
    moment = net.breaks[interval + 1]
    for k in range(first, first + count):
        term = net.terms[k]
        if term["since"] >= 0:
            since = crowd.since[i, term["since"]]
            for edge in (since + term["start"], since + term["end"]):
                if time < edge < moment:
                    moment = edge
    return moment  # type: ignore[no-any-return]


@compiled
def personal_shift(net: Tables, crowd: Crowd, i: int, exit: int, time: float) -> float:
    """What satisfaction, frailty, this stay's wait and the failures still felt do to an exit, log scale."""
    person, row = crowd.people[i], net.exits[exit]
    total = row["frailty"] * person["frailty"]
    if row["per_point"] != 0.0:
        total += row["per_point"] * (person["satisfaction"] - net.segments[person["segment"]]["start"])
    for k in range(row["felt_first"], row["felt_first"] + row["felt_count"]):
        felt = net.felt[k]
        if felt["per_day_waited"] != 0.0 and net.stages[stage_row(net, crowd, i)]["desk"] == felt["desk"]:
            total += felt["per_day_waited"] * person["waited"]
        if felt["per_failure"] != 0.0:
            total += felt["per_failure"] * failures_felt(crowd, i, felt["desk"], time)
    return total  # type: ignore[no-any-return]


@compiled
def stage_row(net: Tables, crowd: Crowd, i: int) -> int:
    """The row in `stages` of the customer's segment and stage."""
    person = crowd.people[i]
    return person["segment"] * net.run[0]["stages"] + person["stage"]  # type: ignore[no-any-return]
