"""The tables that engines read (a scenario under one strategy) and write (customers, rows of the log), column by column.

Everything that may differ by segment stands once per segment: stage s of segment g is row `g * stages + s`.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

END, CHOICE, RACE = 0, 1, 2
FELT_AT_ONCE = 16  # failures that one customer can feel at a time; the oldest makes room
BAND = 1 << 34  # ids of the extra customers whom a lever brings: band j holds j BAND + n
INVITEES = 1 << 40  # ids of invitees are at least this
MAX_BANDS = INVITEES // BAND
RAMP_NODES = 16  # fixed nodes of the quadrature on a ramp

Table = NDArray[Any]


def _row(*columns: str) -> np.dtype[Any]:
    """A table's dtype: floats by default, `name:i` for integers."""
    fields = [(c.partition(":")[0], "i8" if c.endswith(":i") else "f8") for c in columns]
    return np.dtype(fields, align=True)


# A span `x_first, x_count` names rows of another table. Laws are rows of `laws`, -1 for none.
STAGE = _row(
    "kind:i", "exits_first:i", "exits_count:i", "dwell:i", "purchase:i",
    "revenue:i", "cost:i", "acquisition",  # laws, and a plain amount; at entry
    "touched:i", "performance", "spread",  # touchpoint
    "desk:i", "asks",  # row within the segment's desks, log-odds of asking
    "invites", "enters:i",  # referrals a day, and where they come in
    "points_first:i", "points_count:i", "asks_first:i", "asks_count:i",
    "spend_first:i", "spend_count:i", "invites_first:i", "invites_count:i",  # spans of `terms`
)  # fmt: skip
EXIT = _row(
    "to:i", "dwell:i",
    "weight",  # log of the stated probability; 0 in a race
    "per_point", "frailty",  # log-odds or log hazard ratio per point of S above its start mean, and per unit of Z
    "felt_first:i", "felt_count:i",  # span of `felt`
    "terms_first:i", "terms_count:i", "pace_first:i", "pace_count:i",  # spans of `terms`: on the exit; on its time
)  # fmt: skip
FELT = _row("desk:i", "per_day_waited", "per_failure")  # what a desk does to an exit directly, log scale
TERM = _row("lever:i", "beta", "since:i", "start", "end")  # beta f(level), within [start, end) days after slot `since`
LEVER = _row(
    "steps_first:i", "steps_count:i", "codes_first:i", "codes_count:i", "half", "slope", "per_customer", "per_referral"
)
STEP = _row("day", "before", "level", "ramp")
CODE = _row("op:i", "name:i", "value")  # conditions in postfix; see scenarios.conditions
SEGMENT = _row(
    "share", "spend",  # cumulative share
    "satisfied:i", "start", "start_sd", "expects", "expects_sd", "gain", "aversion", "learning", "recovery",
)  # fmt: skip
DESK = _row(
    "handle:i", "patience:i", "tolerance", "per_day_waited", "per_failure", "unresolved", "failure_days",
    "handle_first:i", "handle_count:i", "ranks_first:i", "ranks_count:i", "agents_first:i", "agents_count:i",
)  # fmt: skip
RANK = _row("codes_first:i", "codes_count:i")
AGENTS = _row("day", "agents:i")
START = _row("share", "stage:i")  # cumulative share
INTAKE = _row("day", "total")  # cumulative expected arrivals, straight in between
RUN = _row("stages:i", "desks:i", "since:i", "horizon", "cohort:i", "market:i", "arrivals_first:i", "arrivals_count:i")


class Tables(NamedTuple):
    """All that the rules know about the scenario and the strategy."""

    run: Table
    stages: Table
    exits: Table
    felt: Table
    terms: Table
    levers: Table
    steps: Table
    codes: Table
    segments: Table
    desks: Table
    ranks: Table
    agents: Table
    starts: Table
    intake: Table
    laws: Table
    points: Table
    breaks: NDArray[np.float64]  # days at which some level changes; breaks[0] = 0, breaks[-1] = inf
    response: NDArray[np.float64]  # f of each lever's level in each interval between breaks; (intervals, levers)
    sinces: NDArray[np.int64]  # stages whose last entry is remembered, by slot


PERSON = _row(
    "id:i", "root:i", "inviter:i", "source:i", "segment:i", "bonus",
    "frailty", "start", "satisfaction", "expectation",
    "arrived", "stage:i", "entered", "sequence:i", "row:i", "held:i", "waited", "purchases:i", "spend", "invitations:i",
)  # fmt: skip
ROW = _row(
    "customer:i", "sequence:i", "stage:i", "time", "revenue", "cost", "held:i", "contact:i", "waited", "handled", "satisfaction"
)  # fmt: skip


class Crowd(NamedTuple):
    """All that the rules know about the customers of one replication; one row a customer, and the log that they write."""

    key: NDArray[np.int64]  # seed, replication
    people: Table
    visits: NDArray[np.int32]  # how often each customer has entered each stage; (people, stages)
    since: NDArray[np.float64]  # last entry to the stages in `sinces`; (people, slots)
    felt_until: NDArray[np.float64]  # failures still felt end then; (people, FELT_AT_ONCE)
    felt_desk: NDArray[np.int64]
    log: Table


def crowd(net: Tables, seed: int, replication: int, size: int, rows: int) -> Crowd:
    """Room for `size` customers and `rows` rows."""
    run = net.run[0]
    return Crowd(
        np.array([seed, replication], dtype=np.int64),
        np.zeros(size, dtype=PERSON),
        np.zeros((size, int(run["stages"])), dtype=np.int32),
        np.full((size, int(run["since"])), -np.inf),
        np.full((size, FELT_AT_ONCE), -np.inf),
        np.zeros((size, FELT_AT_ONCE), dtype=np.int64),
        np.zeros(rows, dtype=ROW),
    )


def grown(table: Table, size: int) -> Table:
    """The table with room for `size` rows; new rows are like those of `crowd`."""
    more = np.zeros((size, *table.shape[1:]), dtype=table.dtype)
    if table.dtype == np.float64:
        more.fill(-np.inf)
    more[: len(table)] = table
    return more
