"""Fits a stage under contract: terms of some length, and at the end of each a renewal or a goodbye that is seen (`renewals`)."""

from dataclasses import dataclass

import numpy as np

from sojourn.calibration.durations import LawFit, fit_law
from sojourn.calibration.logs import Log
from sojourn.calibration.renewals import SbgFit, fit_tenures
from sojourn.calibration.stays import NOTHING, Floats


@dataclass(frozen=True)
class ContractFit:
    """A fit that stands alone.

    Attributes:
        end: the stage into which customers leave.
        chances: the shifted beta-geometric of leaving at the end of a term.
        term: the law of a term's length, days; terms still open are censored.
        renewals: how many renewals the log shows.
    """

    end: str
    chances: SbgFit
    term: LawFit
    renewals: int

    def said(self, stage: str) -> str:
        """What was found, for people."""
        model, errors = self.chances.model, self.chances.errors
        kept = ", ".join(f"{100 * share:.1f} %" for share in model.retention([1, 2, 3]))
        return (
            f"{stage} is under contract: shifted beta-geometric by maximum likelihood from {self.chances.customers:,.0f} "
            f"customers and {self.renewals:,} renewals, alpha {model.alpha:.4g} ({errors['alpha']:.2g}), beta {model.beta:.4g} "
            f"({errors['beta']:.2g}) (standard errors in parentheses). The first, second and third renewal keep {kept}."
        )


def fit_contract(log: Log, stage: str, end: str) -> ContractFit:
    """Fit a stage whose event repeats at each renewal. Raises Faults where nobody left, or nobody renewed."""
    here = log.stages.index(stage)
    rows = log.stays.stage == here
    following = log.stays.following[rows]
    left, there = tenures(log, stage)
    return ContractFit(
        end=end,
        chances=fit_tenures(left, there),
        term=fit_law(log.stays.days[rows], following != NOTHING, resolution=log.resolution),
        renewals=int(np.sum(following == here)),
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
