"""The stays of one stage, by arm."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sojourn.calibration.logs import Log
from sojourn.calibration.stays import NOTHING, Floats, Integers


class ArmStays(NamedTuple):
    """The stays of one stage by customers with an arm. Arms are numbered with control 0."""

    stage: str
    days: Floats
    following: Integers
    arm: Integers
    group: Integers  # segment
    customer: Integers
    arms: tuple[str, ...]  # the treated ones


def stays_of(log: Log, stage: int, arms: Sequence[int]) -> ArmStays:
    """The stays of a stage (place in `log.stages`) by customers of these arms (places in `log.arms`, control first)."""
    number = np.full(len(log.arms) + 1, NOTHING, dtype=np.int64)
    number[list(arms)] = np.arange(len(arms))
    who = log.stays.customer
    rows = (log.stays.stage == stage) & (number[log.arm[who]] != NOTHING)
    return ArmStays(
        log.stages[stage],
        log.stays.days[rows],
        log.stays.following[rows],
        number[log.arm[who[rows]]],
        log.segment[who[rows]],
        who[rows],
        tuple(log.arms[arm] for arm in arms[1:]),
    )
