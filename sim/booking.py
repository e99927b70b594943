"""Compiled: what a stay brings and costs, and sums of that by customer and by day; `money.book` says what counts.

Discounting is (1 + d)^(-t/365) = exp(-delta t), with t in days.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.sim.compiling import allocating, apart, inlined
from sojourn.sim.journeys import Flags, Floats, Integers

DAY, LEVEL, SLOPE, BEFORE, WORTH = range(5)  # rows of nodes: see `discounting.Running`
SMALL = 0.02  # below it a series takes over: see `slope_length`


class Stays(NamedTuple):
    """The columns of a log that money hangs on. One that is not used is empty: nothing, or `always`."""

    stage: NDArray[np.int16]
    sequence: NDArray[np.int32]
    time: Floats
    revenue: Floats
    cost: Floats
    held: Integers
    always: int
    asked: Integers  # rows with a contact, ascending, shape (contacts,)
    served: Flags  # whether its service began, shape (contacts,)
    waited: Floats
    arrived: Floats  # of each customer, shape (customers,)
    segment: NDArray[np.int16]
    horizon: float


class Prices(NamedTuple):
    """What a strategy attributes to customers. Tables are by (segment, stage)."""

    delta: float  # force of interest a day
    tick: float  # days by which a moment may pass the end of a window and still lie in it
    open: Flags  # whether a stage is no end, shape (stages,)
    rate: Floats  # cost a day
    gain: Floats  # of a served contact
    charge: Floats
    levers: Integers  # those with a price a customer-day, by number, shape (k,)
    a_day: Floats  # that price, shape (k, segments)
    spans: Integers  # where the nodes of each begin, and the last end, shape (k + 1,)
    nodes: Floats  # of the levers' levels, shape (5, n)


@inlined
def length(span: float, delta: float) -> float:
    """Integral of exp(-delta s) over s from 0 to `span`."""
    return span if delta == 0.0 else -math.expm1(-delta * span) / delta


@apart
def slope_length(span: float, delta: float) -> float:
    """Integral of s exp(-delta s) over s from 0 to `span`."""
    y = delta * span
    if abs(y) < SMALL:  # 1 - exp(-y)(1 + y) loses its digits: the series span^2 sum (-y)^k / (k! (k + 2))
        series = 1 / 2 + y * (-1 / 3 + y * (1 / 8 + y * (-1 / 30 + y * (1 / 144 - y / 840))))
        return span * span * series
    return span * span * ((-math.expm1(-y) - y * math.exp(-y)) / (y * y))


@inlined
def grown(nodes: Floats, first: int, last: int, delta: float, day: float) -> float:
    """Integral from day 0 to `day` of the discounted level whose nodes stand in columns `first` to before `last`."""
    if first == last or day < nodes[DAY, first]:
        return 0.0
    node = first
    while node + 1 < last and nodes[DAY, node + 1] <= day:
        node += 1
    span = day - nodes[DAY, node]
    level = nodes[LEVEL, node] * length(span, delta)
    if nodes[SLOPE, node] != 0.0:  # levels mostly change in steps
        level += nodes[SLOPE, node] * slope_length(span, delta)
    done: float = nodes[BEFORE, node] + nodes[WORTH, node] * level
    return done


@allocating
def grown_by(nodes: Floats, delta: float, days: Floats) -> Floats:
    """The same for one level by each of some days, shape (d,)."""
    found = np.empty(days.size)
    for n in range(days.size):
        found[n] = grown(nodes, 0, nodes.shape[1], delta, days[n])
    return found


@inlined
def until_of(stays: Stays, row: int) -> float:
    """When the stay on a row ends: the customer's next entry, or the horizon."""
    following = row + 1
    if following < stays.time.size and stays.sequence[following] > 0:
        leaves: float = stays.time[following]
        return leaves
    return stays.horizon


@inlined
def held_on(stays: Stays, prices: Prices, row: int) -> int:
    """The levers that hold for the stay on a row, as bits."""
    if not prices.open[stays.stage[row]]:
        return 0
    return stays.held[row] if stays.held.size else stays.always


@inlined
def served_on(stays: Stays, row: int, contact: int) -> float:
    """When service began in the stay on a row; inf where it did not. `contact` is the first that is not on an earlier row."""
    if contact < stays.asked.size and stays.asked[contact] == row and stays.served[contact]:
        begun: float = max(stays.time[row], 0.0) + stays.waited[contact]
        return begun
    return math.inf


@inlined
def brought(
    stays: Stays, prices: Prices, row: int, segment: int, served_at: float, origin: float, close: float, back: float
) -> tuple[float, float]:
    """Revenue and cost of the stay on a row by the day `close`, discounted to the day `origin`; `back` is exp(delta origin)."""
    delta, stage = prices.delta, stays.stage[row]
    time = max(stays.time[row], 0.0)  # what a stay that began before day 0 cost until then is past
    revenue, cost = 0.0, 0.0
    if time > close + prices.tick:
        return revenue, cost
    entry = stays.revenue[row] if stays.revenue.size else 0.0
    spent = stays.cost[row] if stays.cost.size else 0.0
    ends, rate = max(min(until_of(stays, row), close), time), prices.rate[segment, stage]
    if entry != 0.0 or spent != 0.0 or rate != 0.0:
        worth = math.exp(-delta * (time - origin))
        revenue += worth * entry
        cost += worth * (spent + rate * length(ends - time, delta))
    if served_at <= close + prices.tick:
        worth = math.exp(-delta * (served_at - origin))
        revenue += worth * prices.gain[segment, stage]
        cost += worth * prices.charge[segment, stage]
    if prices.levers.size:
        held = held_on(stays, prices, row)
        for k in range(prices.levers.size):
            if (held >> prices.levers[k]) & 1:
                first, last = prices.spans[k], prices.spans[k + 1]
                level = grown(prices.nodes, first, last, delta, ends) - grown(prices.nodes, first, last, delta, time)
                cost += prices.a_day[k, segment] * level * back
    return revenue, cost


@allocating
def by_row(stays: Stays, prices: Prices, since_arrival: bool, window: float) -> Floats:
    """Revenue and cost of each row, shape (2, rows): by the horizon to day 0, or within a window of each arrival and to it."""
    found = np.empty((2, stays.time.size))
    who, contact, origin, close, back, segment = -1, 0, 0.0, stays.horizon, 1.0, 0
    for row in range(stays.time.size):
        if stays.sequence[row] == 0:
            who += 1
            segment = int(stays.segment[who]) if stays.segment.size else 0
            if since_arrival:
                origin = stays.arrived[who]
                close, back = min(origin + window, stays.horizon), math.exp(prices.delta * origin)
        served_at = served_on(stays, row, contact)
        contact += contact < stays.asked.size and stays.asked[contact] == row
        found[0, row], found[1, row] = brought(stays, prices, row, segment, served_at, origin, close, back)
    return found


@allocating
def by_customer(stays: Stays, prices: Prices, windows: Floats) -> Floats:
    """Revenue and cost of each customer by the horizon, discounted to arrival, and the margin within each of the windows (days
    since arrival) of those who are followed that long; shape (2 + windows, customers).
    """
    found = np.zeros((2 + windows.size, stays.arrived.size))
    who, contact, origin, back, segment = -1, 0, 0.0, 1.0, 0
    for row in range(stays.time.size):
        if stays.sequence[row] == 0:
            who += 1
            segment = int(stays.segment[who]) if stays.segment.size else 0
            origin = stays.arrived[who]
            back = math.exp(prices.delta * origin) if prices.levers.size else 1.0
        served_at = served_on(stays, row, contact)
        contact += contact < stays.asked.size and stays.asked[contact] == row
        revenue, cost = brought(stays, prices, row, segment, served_at, origin, stays.horizon, back)
        if revenue == 0.0 and cost == 0.0:
            continue
        found[0, who] += revenue
        found[1, who] += cost
        for n in range(windows.size):
            close = origin + windows[n]
            if close > stays.horizon:
                continue
            margin = revenue - cost
            if until_of(stays, row) > close or math.inf > served_at > close + prices.tick:
                cut = brought(stays, prices, row, segment, served_at, origin, close, back)
                margin = cut[0] - cut[1]
            found[2 + n, who] += margin
    return found


@allocating
def by_day(stays: Stays, prices: Prices, days: int, step: float) -> tuple[Floats, Floats]:
    """Margin by the day on which it is booked, discounted to day 0; what runs comes apart, as it grows from day to day.

    Days are `step` apart, from 0; the last of them takes all that is later.

    Returns:
        What is booked at moments, shape (days,); and of what runs at a rate (stages' first, then each lever's), from its start to
        its end, the change of the rate, the change of rate times integral by the start, and what it has come to at its end, all
        by day: shape (3, 1 + levers, days).
    """
    moments, runs = np.zeros(days), np.zeros((3, 1 + prices.levers.size, days))
    who, contact, segment, delta = -1, 0, 0, prices.delta
    for row in range(stays.time.size):
        if stays.sequence[row] == 0:
            who += 1
            segment = int(stays.segment[who]) if stays.segment.size else 0
        stage, time = stays.stage[row], max(stays.time[row], 0.0)
        first = day_of(time, days, step, prices.tick)
        amount = stays.revenue[row] if stays.revenue.size else 0.0
        amount -= stays.cost[row] if stays.cost.size else 0.0
        if amount != 0.0:
            moments[first] += amount * math.exp(-delta * time)
        served_at = served_on(stays, row, contact)
        contact += contact < stays.asked.size and stays.asked[contact] == row
        if served_at <= stays.horizon + prices.tick:
            gain = prices.gain[segment, stage] - prices.charge[segment, stage]
            moments[day_of(served_at, days, step, prices.tick)] += gain * math.exp(-delta * served_at)
        ends, rate = max(min(until_of(stays, row), stays.horizon), time), prices.rate[segment, stage]
        held = held_on(stays, prices, row) if prices.levers.size else 0
        if rate == 0.0 and held == 0:
            continue
        last = day_of(ends, days, step, prices.tick)
        if rate != 0.0:
            run(runs, 0, first, last, rate, length(time, delta), length(ends, delta))
        for k in range(prices.levers.size):
            if (held >> prices.levers[k]) & 1:
                begin, end = prices.spans[k], prices.spans[k + 1]
                at_start = grown(prices.nodes, begin, end, delta, time)
                at_end = grown(prices.nodes, begin, end, delta, ends)
                run(runs, 1 + k, first, last, prices.a_day[k, segment], at_start, at_end)
    return moments, runs


@inlined
def run(runs: Floats, kind: int, first: int, last: int, rate: float, at_start: float, at_end: float) -> None:
    """Write down a rate that runs from one day to another."""
    runs[0, kind, first] += rate
    runs[0, kind, last] -= rate
    runs[1, kind, first] += rate * at_start
    runs[1, kind, last] -= rate * at_start
    runs[2, kind, last] += rate * (at_end - at_start)


@inlined
def day_of(moment: float, days: int, step: float, tick: float) -> int:
    """The first of the days, by number, that is not before the moment."""
    return min(max(math.ceil((moment - tick) / step), 0), days - 1)
