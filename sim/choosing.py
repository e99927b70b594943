"""How a stay ends: which exit, and when; in a choice, in a race, and of a stay that began before day 0."""

import math

from sojourn.scenarios import laws
from sojourn.sim import tables as at
from sojourn.sim.compiling import apart, compiled, inlined
from sojourn.sim.effects import own_odds, own_rate, personal_shift, shift_now
from sojourn.sim.journeys import Floats, Integers
from sojourn.sim.streams import RACING, STAYING, pair
from sojourn.sim.tables import Cells, Customer
from sojourn.sim.timing import time_to_exit

AHEAD = 256  # arrivals whose first stays are drawn at once


@inlined
def stay(net: Cells, me: Customer) -> "tuple[float, float]":
    """The two uniforms of a stay in a choice stage: which exit, and how long."""
    if me.real[at.WHICH] > 0.0:
        which = me.real[at.WHICH]
        me.real[at.WHICH] = 0.0
        return which, me.real[at.HOW_LONG]
    stage = me.whole[at.STAGE]
    which, how_long = pair(net, me.whole[at.ID], stage, STAYING, me.whole[at.VISITS + stage], 0)
    return which, how_long


@apart
def look_ahead(net: Cells, ids: Integers, found: Floats) -> None:
    """WHICH, HOW_LONG and DAYS of the first stays of so many arrivals, into `found` of shape (3, AHEAD).

    An engine has them worked out for many arrivals at once, which processors do several times as fast as one after the other.
    """
    begins, law = int(net[at.BEGINS]), int(net[at.BEGINS_LAW])
    which, how_long, days = found[0, : ids.size], found[1, : ids.size], found[2, : ids.size]
    for k in range(ids.size):
        which[k], how_long[k] = pair(net, ids[k], begins, STAYING, 1, 0)
    days[:] = -1.0
    if law >= 0:
        laws.ages_left(net, law, how_long, days)
    for k in range(ids.size):
        if begins < 0 or ids[k] >= at.OPENERS:
            which[k], days[k] = 0.0, -1.0


@inlined
def told(me: Customer, found: Floats, k: int) -> None:
    """Hand a new customer what was found ahead."""
    me.real[at.WHICH], me.real[at.HOW_LONG], me.real[at.DAYS] = found[0, k], found[1, k], found[2, k]


@inlined
def as_stated(net: Cells, me: Customer) -> bool:
    """Whether nothing moves the choice of an exit from the stated probabilities, for this customer in this stay."""
    plain = net[me.whole[at.HERE] + at.STAGE_PLAIN]
    return bool(plain > 0.0 and (plain == 1.0 or me.real[at.BORNE] == 0.0))


@apart
def odds_now(net: Cells, me: Customer, time: float) -> float:
    """The odds of the second of two exits at this moment."""
    first = int(net[me.whole[at.HERE] + at.STAGE_EXITS_FIRST])
    return math.exp(weight(net, me, first + at.EXIT_WIDTH, time) - weight(net, me, first, time))


@apart
def choose(net: Cells, me: Customer, time: float) -> int:
    """The place of the exit chosen among more than two, which race as exponentials E_e / w_e, one draw an exit (Gumbel-max).

    So a change to one exit never moves customers between two others.
    """
    customer, stage, here = me.whole[at.ID], me.whole[at.STAGE], me.whole[at.HERE]
    first, visit = int(net[here + at.STAGE_EXITS_FIRST]), me.whole[at.VISITS + stage]
    chosen, least, spare = first, math.inf, 0.0
    for k in range(int(net[here + at.STAGE_EXITS_COUNT])):
        exit = first + k * at.EXIT_WIDTH
        left = spare
        if k % 2 == 0:
            left, spare = pair(net, customer, stage, STAYING, visit, 1 + k // 2)
        rarity = net[exit + at.EXIT_RARITY]
        if not as_stated(net, me):
            rarity = math.exp(-weight(net, me, exit, time))
        if me.real[at.AGE] > 0.0:  # how few of those who would leave this way are still there
            rarity *= math.exp(laws.exposure_by(net, int(net[exit + at.EXIT_DWELL]), me.real[at.AGE]))
        due = -math.log(left) * rarity
        if due < least:
            least, chosen = due, exit
    return chosen


@apart
def pace(net: Cells, me: Customer, exit: int, time: float) -> float:
    """By how much levers stretch the time to an exit of a choice stage, at this moment."""
    paces, count = int(net[exit + at.EXIT_PACE_FIRST]), int(net[exit + at.EXIT_PACE_COUNT])
    return math.exp(shift_now(net, me, paces, count, time))


@apart
def rest_of_choice(net: Cells, me: Customer, time: float) -> "tuple[float, int]":
    """The rest of a stay in a choice stage that had lasted some days on day 0, and where it leads.

    Of those still there at age A the share p_e S_e(A) / sum leaves by exit e, after the rest of that exit's law beyond A. Levers
    act as if the dwell started on day 0: they shift the odds, and stretch the rest.
    """
    which, how_long = stay(net, me)
    here, age = me.whole[at.HERE], me.real[at.AGE]
    chosen, count = int(net[here + at.STAGE_EXITS_FIRST]), int(net[here + at.STAGE_EXITS_COUNT])
    if count == 2:
        odds = net[here + at.STAGE_ODDS] if as_stated(net, me) else odds_now(net, me, time)
        first = laws.exposure_by(net, int(net[chosen + at.EXIT_DWELL]), age)
        second = laws.exposure_by(net, int(net[chosen + at.EXIT_WIDTH + at.EXIT_DWELL]), age)
        if first != second:  # infinite ones are equal: older than both laws allow
            odds *= math.exp(first - second)
        if which * (1.0 + odds) >= 1.0:
            chosen += at.EXIT_WIDTH
    elif count > 2:
        chosen = choose(net, me, time)
    law = int(net[chosen + at.EXIT_DWELL])
    used = laws.exposure_by(net, law, age)
    days = 0.0 if used == math.inf else max(laws.age_at(net, law, used - math.log(how_long)) - age, 0.0)
    if net[chosen + at.EXIT_PACE_COUNT] > 0.0:
        days *= pace(net, me, chosen, time)
    return days, int(net[chosen + at.EXIT_TO])


@compiled
def weight(net: Cells, me: Customer, exit: int, time: float) -> float:
    """log p0 + eta of an exit of a choice stage, at this moment."""
    terms, count = int(net[exit + at.EXIT_TERMS_FIRST]), int(net[exit + at.EXIT_TERMS_COUNT])
    eta = personal_shift(net, me, exit, time) + shift_now(net, me, terms, count, time)
    if net[exit + at.EXIT_OWN] > 0.0:
        eta += own_odds(net, me, exit)
    return float(net[exit + at.EXIT_WEIGHT] + eta)


@apart
def race(net: Cells, me: Customer, time: float) -> "tuple[float, int]":
    """The first exit of a race: days until then, and where it leads; at equal times, the first in the file."""
    customer, stage, here = me.whole[at.ID], me.whole[at.STAGE], me.whole[at.HERE]
    first, visit = int(net[here + at.STAGE_EXITS_FIRST]), me.whole[at.VISITS + stage]
    delay, to, spare = math.inf, -1, 0.0
    for k in range(int(net[here + at.STAGE_EXITS_COUNT])):
        exit = first + k * at.EXIT_WIDTH
        left = spare
        if k % 2 == 0:
            left, spare = pair(net, customer, stage, RACING, visit, k // 2)
        exposure, speed = -math.log(left), 1.0
        if net[exit + at.EXIT_OWN] > 0.0:
            if net[exit + at.EXIT_OWN_REST] > 0.0:
                speed = own_rate(net, me, exit)
            else:
                exposure /= own_rate(net, me, exit)
        latent = time_to_exit(net, me, exit, time, exposure, speed)
        if latent < delay:
            delay, to = latent, int(net[exit + at.EXIT_TO])
    return delay, to
