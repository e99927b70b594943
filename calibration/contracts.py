"""Fits a stage under contract: terms of some length, and at the end of each a renewal or a goodbye that is seen (`renewals`)."""

from dataclasses import dataclass

import numpy as np

from sojourn.calibration.durations import LawFit, fit_law
from sojourn.calibration.edges import leaving_said, numbers_said
from sojourn.calibration.logs import Log
from sojourn.calibration.renewals import NAMES, SbgFit, fit_tenures
from sojourn.calibration.stays import NOTHING, Floats


@dataclass(frozen=True)
class ContractFit:
    """A fit that stands alone.

    Attributes:
        end: the stage into which customers leave.
        chances: the shifted beta-geometric of leaving at the end of a term.
        term: the law of a term's length, days; terms still open are censored.
        renewals: how many renewals the log shows.
        left: how many customers left.
    """

    end: str
    chances: SbgFit
    term: LawFit
    renewals: int
    left: float

    def said(self, stage: str) -> str:
        """What was found, for people."""
        model, errors, ends = self.chances.model, self.chances.errors, self.chances.ends
        told = numbers_said({"alpha": model.alpha, "beta": model.beta}, errors, ends)
        said = "".join(f" {one}" for one in leaving_said(ends, NAMES, self.left, "renewal"))
        customers = f"{self.chances.customers:,.0f} customer{'' if self.chances.customers == 1.0 else 's'}"
        renewals = f"{self.renewals:,} renewal{'' if self.renewals == 1 else 's'}"
        kept = ", ".join(f"{100 * share:.1f} %" for share in model.retention([1, 2, 3]))
        return (
            f"{stage} is under contract: shifted beta-geometric by maximum likelihood from {customers} and "
            f"{renewals}, {told} (standard errors in parentheses). The first, second and third "
            f"renewal keep {kept}.{said}"
        )


def fit_contract(log: Log, stage: str, end: str) -> ContractFit:
    """Fit a stage whose event repeats at each renewal. Where nobody left, or nobody renewed, the chance is the least searched."""
    here = log.stages.index(stage)
    rows = log.stays.stage == here
    following = log.stays.following[rows]
    left, there = tenures(log, stage)
    return ContractFit(
        end=end,
        chances=fit_tenures(left, there, even_if_none=True),
        term=fit_law(log.stays.days[rows], following != NOTHING, resolution=log.resolution),
        renewals=int(np.sum(following == here)),
        left=float(left.sum()),
    )


def tenures(log: Log, stage: str) -> tuple[Floats, Floats]:
    """How many customers left at the first, second, ... renewal, and how many are still there after 0, 1, 2, ..."""
    here = log.stages.index(stage)
    rows = log.stays.stage == here
    following = log.stays.following[rows]
    _, customer = np.unique(log.stays.customer[rows], return_inverse=True)
    renewals = np.bincount(customer, weights=following == here).astype(np.int64)
    gone = np.bincount(customer, weights=(following != here) & (following != NOTHING)) > 0
    left, there = np.bincount(renewals[gone]), np.bincount(renewals[~gone])
    return left.astype(np.float64), there.astype(np.float64)
