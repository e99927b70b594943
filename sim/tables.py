"""What engines read (a scenario under one strategy) and how they know a customer, as plain arrays.

The network is one array of cells. A row of it is known by its place, and its columns are offsets from there:
`net[stage + STAGE_DESK]`. Few arrays, so that rules are compiled soon and called cheaply. A customer is two short arrays, whole
numbers and real ones, and so is as cheap to hand on. Everything that may differ by segment stands once per segment. A span
`X_FIRST, X_COUNT` names rows of another table, one after the other; places of laws are those of `scenarios.laws`, -1 for none.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Cells = NDArray[np.float64]

END, CHOICE, RACE = 0, 1, 2  # kinds of stages
FELT_AT_ONCE = 16  # failures that one customer can feel at a time; the oldest makes room
RAMP_NODES = 16  # fixed nodes of the quadrature on a ramp
BAND = 1 << 34  # ids of the extra customers whom a lever brings: band j holds j BAND + n
INVITEES = 1 << 40  # ids of invitees are at least this
OPENERS = 1 << 62  # ids of customers who are on their way on day 0 are at least this: above all invitees
MAX_BANDS = INVITEES // BAND

# --- the network: its first cells ---------------------------------------------------------------------------------
(
    SEED, REPLICATION, HORIZON,
    STAGES, DESKS, LEVERS, SEGMENTS,  # how many
    COHORT, MARKET,  # sizes, -1 for none
    STAGE_ROWS, DESK_ROWS, LEVER_ROWS, SEGMENT_ROWS,  # places of tables; of stages and desks, those of the first segment
    STARTS_FIRST, STARTS_COUNT, INTAKE_FIRST, INTAKE_COUNT, ARRIVALS_FIRST, ARRIVALS_COUNT,
    BREAKS,  # place of the days at which some level changes: the first is 0, the last inf
    RESPONSES,  # place of f of each lever's level, interval by interval between breaks
    SINCES, SINCES_COUNT,  # stages whose last entry is remembered, by slot
    FELT_SLOTS,  # failures remembered per customer
    ALWAYS, CONDITIONAL,  # mask of the levers that hold for everybody; whether some hold for some only
    FRAIL, SATISFIED, PAID, INVITING, SERVED,  # whether anything uses frailty, satisfaction, money, invitations, desks
    VALUED, INFORMED,  # whether customers have a value of their own, and whether stages gather information about them
    BARE,  # whether stays have entries, exits, dwells and desks, and nothing else
    OPENERS_FIRST, OPENERS_COUNT, OPENERS_WIDTH,  # customers who are on their way on day 0; cells of each
    TRAIT_ROWS, TRAITS_COUNT,  # places of the laws of known traits, segment by segment; how many traits there are
    STAY_TRAIT_ROWS, STAY_TRAITS,  # places of the laws of those drawn at stays, by segment and stage; whether there are any
    BEGINS,  # the choice stage in which all arrivals begin, -1 for none
    BEGINS_LAW,  # place of the law that all its stays follow, whoever stays and wherever they lead; -1 for none
    HEADER,
) = range(44)  # fmt: skip

# --- rows of its tables ---------------------------------------------------------------------------------------------
(
    STAGE_KIND, STAGE_EXITS_FIRST, STAGE_EXITS_COUNT, STAGE_PURCHASE,
    STAGE_REVENUE, STAGE_COST, STAGE_ACQUISITION, STAGE_PAID,  # laws, and a plain amount, at entry; whether there are any
    STAGE_TOUCHED, STAGE_PERFORMANCE, STAGE_SPREAD,  # touchpoint
    STAGE_DESK, STAGE_ASKS,  # number of the desk, -1 for none; log-odds of asking
    STAGE_INVITES, STAGE_ENTERS,  # referrals a day, and the stage where they come in
    STAGE_POINTS_FIRST, STAGE_POINTS_COUNT, STAGE_ASKS_FIRST, STAGE_ASKS_COUNT,
    STAGE_SPEND_FIRST, STAGE_SPEND_COUNT, STAGE_INVITES_FIRST, STAGE_INVITES_COUNT,  # spans of terms
    STAGE_GATHERS, STAGE_GATHERS_FIRST, STAGE_GATHERS_COUNT,  # log-odds of what is learned on entry, and its terms
    STAGE_PLAIN, STAGE_ODDS,  # 1: nothing moves the choice of an exit, .5: only a wait here; the odds of the second of two
    STAGE_OWN,  # offset, among an opener's own draws, of those for the exits of this stage
    STAGE_WIDTH,
) = range(30)  # fmt: skip
(
    EXIT_TO, EXIT_DWELL,
    EXIT_WEIGHT, EXIT_RARITY,  # log of the stated probability, and one over it; 0 and 1 in a race
    EXIT_PER_POINT, EXIT_FRAILTY,  # log-odds or log hazard ratio per point of S above its start mean, and per unit of Z
    EXIT_OWN, EXIT_OWN_REST,  # shape of a gamma draw, and whether it is a speed; or a and b of the beta probability; 0 for none
    EXIT_FELT_FIRST, EXIT_FELT_COUNT,  # span of what desks do
    EXIT_TERMS_FIRST, EXIT_TERMS_COUNT, EXIT_PACE_FIRST, EXIT_PACE_COUNT,  # spans of terms: on the exit; on its time
    EXIT_PAST_FIRST, EXIT_PAST_COUNT,  # span of what the past and traits do
    EXIT_WIDTH,
) = range(17)  # fmt: skip
(
    PAST_OF, PAST_BETA, PAST_UP_TO, PAST_AROUND,  # of what; log scale per one more; see `effects.lived`
    PAST_WORD,  # number of the word that it has to be, -1 where it is a number itself
    PAST_WIDTH,
) = range(6)  # fmt: skip
FELT_DESK, FELT_PER_DAY_WAITED, FELT_PER_FAILURE, FELT_WIDTH = range(
    4
)  # what a desk does to an exit directly, log scale
(
    TERM_LEVER, TERM_BETA, TERM_INFORMED,  # beta f(level), and the share of it that rests on information
    TERM_SINCE, TERM_START, TERM_END, TERM_WIDTH,  # in [start, end) after a slot
) = range(7)  # fmt: skip
(
    LEVER_STEPS_FIRST, LEVER_STEPS_COUNT, LEVER_CODES_FIRST, LEVER_CODES_COUNT,
    LEVER_HALF, LEVER_SLOPE, LEVER_PER_CUSTOMER, LEVER_PER_REFERRAL, LEVER_WIDTH,
) = range(9)  # fmt: skip
STEP_DAY, STEP_BEFORE, STEP_LEVEL, STEP_RAMP, STEP_WIDTH = range(5)
CODE_OP, CODE_NAME, CODE_VALUE, CODE_WIDTH = range(4)  # conditions in postfix; see scenarios.conditions
(
    SEGMENT_SHARE, SEGMENT_SPEND,  # the share is cumulative
    SEGMENT_SATISFIED, SEGMENT_START, SEGMENT_START_SD, SEGMENT_EXPECTS, SEGMENT_EXPECTS_SD,
    SEGMENT_GAIN, SEGMENT_AVERSION, SEGMENT_LEARNING, SEGMENT_RECOVERY,
    SEGMENT_SIGMA,  # spread of value
    SEGMENT_WIDTH,
) = range(13)  # fmt: skip
(
    DESK_HANDLE, DESK_PATIENCE, DESK_TOLERANCE, DESK_PER_DAY_WAITED, DESK_PER_FAILURE, DESK_UNRESOLVED, DESK_FAILURE_DAYS,
    DESK_HANDLE_FIRST, DESK_HANDLE_COUNT, DESK_RANKS_FIRST, DESK_RANKS_COUNT, DESK_AGENTS_FIRST, DESK_AGENTS_COUNT,
    DESK_WIDTH,
) = range(14)  # fmt: skip
RANK_CODES_FIRST, RANK_CODES_COUNT, RANK_WIDTH = range(3)
AGENTS_DAY, AGENTS_NUMBER, AGENTS_WIDTH = range(3)
START_SHARE, START_STAGE, START_WIDTH = range(3)  # the share is cumulative
(
    OPENER_STAGE, OPENER_AGE,  # where a customer is on day 0, and for how many days
    OPENER_ARRIVED,  # day of the first entry, at most 0
    OPENER_SEGMENT, OPENER_FRAILTY, OPENER_PURCHASES, OPENER_SPEND, OPENER_INFORMATION,
    OPENER_HISTORY,  # from here on: entries by stage, then day of the last by stage, then own draws (NaN: not told)
) = range(9)  # fmt: skip
INTAKE_DAY, INTAKE_TOTAL, INTAKE_WIDTH = range(3)  # cumulative expected arrivals, straight in between

# --- a customer: cells of Customer.whole and Customer.real ---------------------------------------------------------
(
    ID, ROOT, INVITER, SOURCE, SEGMENT, STAGE, SEQUENCE, HELD, CONTACT, PURCHASES, INVITATIONS,
    HERE,  # place of the stage's row
    PLACE, NEXT, AWAITS, INVITED, QUEUED, RANK, BEFORE, AFTER,  # for the compiled engine: see `coupled` and `lines`
    VISITS,  # from here on: entries by stage, then desks of the failures felt
) = range(21)  # fmt: skip
(
    BONUS, FRAILTY, START, SATISFACTION, EXPECTATION, ARRIVED, SPEND,
    VALUE, WORTH,  # quantile of the latent value, and the factor on revenue
    INFORMATION,  # share of what there is to know about the customer that is known
    ENTERED, REVENUE, COST, WAITED, HANDLED,  # this stay's, as the log has them
    BORNE,  # days waited beyond the tolerance
    AGE,  # days that this stay had lasted on day 0; 0 for all that begin later
    LEAVES,  # for the compiled engine: the end of this stay
    WHICH, HOW_LONG,  # for the compiled engine: draws of the first stay that were made ahead; 0 for none
    DAYS,  # for the compiled engine: what comes of HOW_LONG, as far as it was worked out ahead; -1 for none
    ENTRIES,  # from here on: last entry to the stages in SINCES, then ends of the failures felt, then traits
) = range(22)  # fmt: skip


class Customer(NamedTuple):
    """One customer, as rules know them; also many, one row each."""

    whole: NDArray[np.int64]
    real: NDArray[np.float64]


def nobody(net: Cells, *size: int) -> Customer:
    """Room for a customer, or for `size` of them; `rules.born` fills it."""
    slots = int(net[FELT_SLOTS])
    whole = np.zeros((*size, VISITS + int(net[STAGES]) + slots), dtype=np.int64)
    return Customer(whole, np.zeros((*size, ENTRIES + int(net[SINCES_COUNT]) + slots + int(net[TRAITS_COUNT]))))


def seeded(net: Cells, seed: int, replication: int) -> Cells:
    """A copy of the network whose draws belong to this seed and replication."""
    own = net.copy()
    own[SEED], own[REPLICATION] = seed, replication
    return own
