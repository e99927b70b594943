"""The stays of one stage, by arm."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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

    def only(self, kept: NDArray[np.bool_]) -> "ArmStays":
        """The stays of some arms; `kept` has shape (arms + 1,), with control, which must be kept."""
        rows = kept[self.arm]
        number = np.cumsum(kept) - 1
        arms = tuple(arm for arm, stays in zip(self.arms, kept[1:], strict=True) if stays)
        return ArmStays(
            self.stage,
            self.days[rows],
            self.following[rows],
            number[self.arm[rows]].astype(np.int64),
            self.group[rows],
            self.customer[rows],
            arms,
        )


def stays_of(log: Log, stage: int, arms: Sequence[int]) -> ArmStays:
    """The stays of a stage (place in `log.stages`) by customers of these arms (places in `log.arms`, control first)."""
    number = np.full(len(log.arms) + 1, NOTHING, dtype=np.int64)
    number[list(arms)] = np.arange(len(arms))
    who = log.stays.customer
    rows = (log.stays.stage == stage) & (number[log.arm[who]] != NOTHING)
    if log.late is not None:
        rows &= log.late == 0.0  # arms are compared from the entry on
    return ArmStays(
        log.stages[stage],
        log.stays.days[rows],
        log.stays.following[rows],
        number[log.arm[who[rows]]],
        log.segment[who[rows]],
        who[rows],
        tuple(log.arms[arm] for arm in arms[1:]),
    )
