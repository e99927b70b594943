"""What levers, conditions and a customer's past do to a rate, a chance or a time: sums on the log scale."""

import math

from scipy import special

from sojourn.sim import tables as at
from sojourn.sim.compiling import apart, compiled
from sojourn.sim.streams import TRAITS, uniform
from sojourn.sim.tables import Cells, Customer

# Conditions in postfix, as `scenarios.conditions` writes them: comparisons 0 to 5 (==, !=, <, <=, >, >=), and, or, not.
AND, OR, NOT = 6, 7, 8
# What effects of the past count, in the order of `scenarios.history.PAST`; traits follow.
VISITS_BEFORE, PURCHASES_SO_FAR, DAYS_SINCE_FIRST, FIRST_TRAIT = range(4)
OWN = 6  # draws of purpose TRAITS from this number on, by exit of a stage, are what is a customer's own about that exit
LEAST, MOST = 1e-300, 1.0 - 2.0**-53  # so that logs and divisions stay finite
OF_SEGMENT, OF_STAGE, OF_SOURCE, OF_SATISFACTION, OF_PURCHASES, OF_SPEND, OF_FAILURES, OF_INFORMATION, OF_VALUE = range(
    9
)


@compiled
def level_at(net: Cells, lever: int, time: float) -> float:
    """A lever's level at a moment: 0 before the first step; on a ramp, in proportion."""
    row = int(net[at.LEVER_ROWS]) + lever * at.LEVER_WIDTH
    step = int(net[row + at.LEVER_STEPS_FIRST])
    level = 0.0
    for _ in range(int(net[row + at.LEVER_STEPS_COUNT])):
        day, ramp = net[step + at.STEP_DAY], net[step + at.STEP_RAMP]
        if time < day:
            break
        part = (time - day) / ramp if time < day + ramp else 1.0
        level = net[step + at.STEP_BEFORE] + part * (net[step + at.STEP_LEVEL] - net[step + at.STEP_BEFORE])
        step += at.STEP_WIDTH
    return level


@apart
def response(net: Cells, lever: int, level: float) -> float:
    """f(level): linear, or a Hill curve scaled so that f(0) = 0 and f(1) = 1."""
    row = int(net[at.LEVER_ROWS]) + lever * at.LEVER_WIDTH
    half, slope = net[row + at.LEVER_HALF], net[row + at.LEVER_SLOPE]
    if half <= 0.0 or level <= 0.0:
        return level
    return float((1.0 + half**slope) / (1.0 + (half / level) ** slope))


@apart
def failures_felt(net: Cells, me: Customer, desk: int, time: float) -> int:
    """How many failures a customer still feels; of one desk, or of all (desk -1)."""
    felt = 0
    ends, desks = at.ENTRIES + int(net[at.SINCES_COUNT]), at.VISITS + int(net[at.STAGES])
    for k in range(int(net[at.FELT_SLOTS])):
        if me.real[ends + k] > time and (desk < 0 or me.whole[desks + k] == desk):
            felt += 1
    return felt


@compiled
def looked_up(net: Cells, me: Customer, name: int, time: float) -> float:
    """What a name in a condition stands for."""
    if name == OF_SEGMENT:
        return float(me.whole[at.SEGMENT])
    if name == OF_STAGE:
        return float(me.whole[at.STAGE])
    if name == OF_SOURCE:
        return float(me.whole[at.SOURCE])
    if name == OF_SATISFACTION:
        return float(me.real[at.SATISFACTION])
    if name == OF_PURCHASES:
        return float(me.whole[at.PURCHASES])
    if name == OF_SPEND:
        return float(me.real[at.SPEND])
    if name == OF_INFORMATION:
        return float(me.real[at.INFORMATION])
    if name == OF_VALUE:
        return float(me.real[at.VALUE])
    return float(failures_felt(net, me, -1, time))


@apart
def fulfils(net: Cells, me: Customer, first: int, count: int, time: float) -> bool:
    """Whether a customer meets a condition now."""
    stack = 0  # truth values as bits, the last on the right
    for code in range(first, first + count * at.CODE_WIDTH, at.CODE_WIDTH):
        op = int(net[code + at.CODE_OP])
        if op == NOT:
            stack ^= 1
        elif op in (AND, OR):
            last, before = stack & 1, (stack >> 1) & 1
            both = last & before if op == AND else last | before
            stack = ((stack >> 2) << 1) | both
        else:
            value, than = looked_up(net, me, int(net[code + at.CODE_NAME]), time), net[code + at.CODE_VALUE]
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


@apart
def levers_held(net: Cells, me: Customer, time: float) -> int:
    """Bit k: lever k's condition holds for a customer now (a lever without one always holds)."""
    held = 0
    for k in range(int(net[at.LEVERS])):
        row = int(net[at.LEVER_ROWS]) + k * at.LEVER_WIDTH
        codes = int(net[row + at.LEVER_CODES_COUNT])
        if codes == 0 or fulfils(net, me, int(net[row + at.LEVER_CODES_FIRST]), codes, time):
            held |= 1 << k
    return held


@compiled
def acts(net: Cells, me: Customer, term: int, time: float) -> bool:
    """Whether a term acts on a customer: its lever is held, and `time` lies in its window after the entry to its stage."""
    if not me.whole[at.HELD] >> int(net[term + at.TERM_LEVER]) & 1:
        return False
    slot = int(net[term + at.TERM_SINCE])
    if slot < 0:
        return True
    # The edges are summed as in `next_change`, so that rounding cannot make a window miss its own edge.
    since = me.real[at.ENTRIES + slot]
    return bool(since + net[term + at.TERM_START] <= time < since + net[term + at.TERM_END])


@compiled
def beta(net: Cells, me: Customer, term: int) -> float:
    """A term's effect at full level on a customer of whom only so much is known."""
    return float(net[term + at.TERM_BETA] * (1.0 - net[term + at.TERM_INFORMED] * (1.0 - me.real[at.INFORMATION])))


@compiled
def own_lever(net: Cells, me: Customer, lever: int) -> int:
    """The number of a lever's row as a customer's segment knows it: responses and costs may differ, steps never do."""
    return int(me.whole[at.SEGMENT] * int(net[at.LEVERS]) + lever)


@apart
def shift_now(net: Cells, me: Customer, first: int, count: int, time: float) -> float:
    """Sum of beta f(level) over a span of terms, at the levels of this moment."""
    total = 0.0
    for term in range(first, first + count * at.TERM_WIDTH, at.TERM_WIDTH):
        if acts(net, me, term, time):
            lever = own_lever(net, me, int(net[term + at.TERM_LEVER]))
            total += beta(net, me, term) * response(net, lever, level_at(net, lever, time))
    return total


@compiled
def shift_within(net: Cells, me: Customer, first: int, count: int, time: float, interval: int) -> float:
    """The same over an interval between breaks that begins at or before `time`, on ramps at its middle."""
    total = 0.0
    responses = int(net[at.RESPONSES]) + interval * int(net[at.LEVERS] * net[at.SEGMENTS]) + own_lever(net, me, 0)
    for term in range(first, first + count * at.TERM_WIDTH, at.TERM_WIDTH):
        if acts(net, me, term, time):
            total += beta(net, me, term) * net[responses + int(net[term + at.TERM_LEVER])]
    return total


@apart
def next_change(net: Cells, me: Customer, first: int, count: int, time: float, interval: int) -> float:
    """The next moment after `time` at which the terms of a span change: a break, or a window that opens or closes."""
    if count == 0:
        return math.inf
    moment = net[int(net[at.BREAKS]) + interval + 1]
    for term in range(first, first + count * at.TERM_WIDTH, at.TERM_WIDTH):
        slot = int(net[term + at.TERM_SINCE])
        if slot >= 0:
            since = me.real[at.ENTRIES + slot]
            for edge in (since + net[term + at.TERM_START], since + net[term + at.TERM_END]):
                if time < edge < moment:
                    moment = edge
    return float(moment)


@compiled
def lived(net: Cells, me: Customer, what: int) -> float:
    """What an effect of the past counts, as it is when the stay begins: visits before it, purchases, days, a trait.

    Of a trait that is a word it is the word's number.
    """
    if what == VISITS_BEFORE:
        return float(me.whole[at.VISITS + me.whole[at.STAGE]] - 1)
    if what == PURCHASES_SO_FAR:
        return float(me.whole[at.PURCHASES])
    if what == DAYS_SINCE_FIRST:
        return float(max(me.real[at.ENTERED] - me.real[at.ARRIVED], 0.0))
    first = at.ENTRIES + int(net[at.SINCES_COUNT]) + int(net[at.FELT_SLOTS])
    return float(me.real[first + what - FIRST_TRAIT])


@apart
def past_shift(net: Cells, me: Customer, exit: int) -> float:
    """What the customer's past and traits do to an exit, log scale."""
    total = 0.0
    row = int(net[exit + at.EXIT_PAST_FIRST])
    for _ in range(int(net[exit + at.EXIT_PAST_COUNT])):
        value = lived(net, me, int(net[row + at.PAST_OF]))
        if net[row + at.PAST_WORD] >= 0.0:
            value = 1.0 if value == net[row + at.PAST_WORD] else 0.0
        value = min(value, net[row + at.PAST_UP_TO])
        total += net[row + at.PAST_BETA] * (value - net[row + at.PAST_AROUND])
        row += at.PAST_WIDTH
    return total


@apart
def personal_shift(net: Cells, me: Customer, exit: int, time: float) -> float:
    """What satisfaction, frailty, the past, this stay's wait and the failures still felt do to an exit, log scale."""
    total = net[exit + at.EXIT_FRAILTY] * me.real[at.FRAILTY]
    if net[exit + at.EXIT_PER_POINT] != 0.0:
        segment = int(net[at.SEGMENT_ROWS]) + me.whole[at.SEGMENT] * at.SEGMENT_WIDTH
        total += net[exit + at.EXIT_PER_POINT] * (me.real[at.SATISFACTION] - net[segment + at.SEGMENT_START])
    if net[exit + at.EXIT_PAST_COUNT] > 0.0:
        total += past_shift(net, me, exit)
    felt = int(net[exit + at.EXIT_FELT_FIRST])
    for _ in range(int(net[exit + at.EXIT_FELT_COUNT])):
        desk = int(net[felt + at.FELT_DESK])
        if net[felt + at.FELT_PER_DAY_WAITED] != 0.0 and net[me.whole[at.HERE] + at.STAGE_DESK] == desk:
            total += net[felt + at.FELT_PER_DAY_WAITED] * me.real[at.BORNE]
        if net[felt + at.FELT_PER_FAILURE] != 0.0:
            total += net[felt + at.FELT_PER_FAILURE] * failures_felt(net, me, desk, time)
        felt += at.FELT_WIDTH
    return float(total)


@compiled
def own_uniform(net: Cells, me: Customer, exit: int) -> float:
    """The customer's own draw for an exit, the same at every visit and under every strategy."""
    number = (exit - int(net[me.whole[at.HERE] + at.STAGE_EXITS_FIRST])) // at.EXIT_WIDTH
    return float(uniform(net, me.whole[at.ID], me.whole[at.STAGE], TRAITS, 0, OWN + number))


@compiled
def opener_row(net: Cells, me: Customer) -> int:
    """The place of what is known of a customer who was on the way on day 0."""
    return int(net[at.OPENERS_FIRST] + (me.whole[at.ID] - at.OPENERS) * net[at.OPENERS_WIDTH])


@apart
def own_told(net: Cells, me: Customer, exit: int) -> float:
    """The own draw for an exit that the past of a customer has told, NaN where it has not."""
    if me.whole[at.ID] < at.OPENERS:
        return math.nan
    here = me.whole[at.HERE]
    number = (exit - int(net[here + at.STAGE_EXITS_FIRST])) // at.EXIT_WIDTH + int(net[here + at.STAGE_OWN])
    return float(net[opener_row(net, me) + at.OPENER_HISTORY + 2 * int(net[at.STAGES]) + number])


@apart
def own_rate(net: Cells, me: Customer, exit: int) -> float:
    """The factor on the hazard of an exit of a race, or the speed of it, that is the customer's own: gamma, of mean 1."""
    told = own_told(net, me, exit)
    if told >= 0.0:
        return max(told, LEAST)
    shape = net[exit + at.EXIT_OWN]
    return float(max(special.gammaincinv(shape, own_uniform(net, me, exit)) / shape, LEAST))


@apart
def own_odds(net: Cells, me: Customer, exit: int) -> float:
    """By how much the log-odds of an exit of a choice differ from those stated, for a customer whose probability is beta."""
    a, b = net[exit + at.EXIT_OWN], net[exit + at.EXIT_OWN_REST]
    told = own_told(net, me, exit)
    if told >= 0.0:
        chance = min(max(told, LEAST), MOST)
        return math.log(chance) - math.log1p(-chance) - math.log(a / b)
    chance = min(max(special.betaincinv(a, b, own_uniform(net, me, exit)), LEAST), MOST)
    return math.log(chance) - math.log1p(-chance) - math.log(a / b)
