"""What is known of the effects of arms at one stage, in one form for counts and logs."""

from dataclasses import dataclass

import numpy as np

from sojourn.calibration.durations import FEW
from sojourn.calibration.held import Mask
from sojourn.calibration.logits import Fitted
from sojourn.calibration.shifts import Shift
from sojourn.calibration.stays import Floats, Integers


@dataclass(frozen=True)
class StepFit:
    """Shifts of one or several exits of a stage, by arm.

    Attributes:
        stage: where customers are.
        exits: next stages that have an effect.
        rest: next stages that are left alone, against which log-odds count; empty for a race.
        scale: "log_odds" or "hazard_ratio" (shifts are logs of it).
        arms: the treated arms.
        fitted: shifts, shape (exits, arms), and their covariance.
        taken: stays that ended by each exit; shape (exits, arms + 1), control first.
        of: stays in all (for log-odds: those whose end was seen); shape (arms + 1,), control first.
        thin: what little an effect rests on, in words, by exit and arm; empty where it rests on enough.
        held: by exit and arm, whether a weak prior keeps the shift finite (see `held`).
        warnings: what weakens these numbers, in sentences.
    """

    stage: str
    exits: tuple[str, ...]
    rest: tuple[str, ...]
    scale: str
    arms: tuple[str, ...]
    fitted: Fitted
    taken: Integers
    of: Integers
    thin: tuple[tuple[str, ...], ...]
    held: Mask
    warnings: tuple[str, ...] = ()

    def shift(self, exit_: int, arm: int) -> Shift:
        """The shift of one exit in one arm (places in `exits` and `arms`)."""
        return Shift(float(self.fitted.shifts[exit_, arm]), float(self.fitted.errors()[exit_, arm]))


def least_errors(taken: Integers, alone: Integers) -> Floats:
    """Standard errors at which log-odds that rest on few are as clear as their likelihood ratio (of the table of two arms).

    `taken` has shape (exits, arms + 1), control first; `alone` are stays that ended by the exits left alone.
    """
    errors = np.zeros((taken.shape[0], taken.shape[1] - 1))
    for e, a in np.argwhere(np.minimum(taken, alone)[:, 1:] < FEW):
        pair, others = taken[e, [0, a + 1]], np.broadcast_to(alone, taken.shape)[e, [0, a + 1]]
        cells = np.array([pair, others], dtype=np.float64)
        if cells.min() > 0.0:
            expected = cells.sum(axis=0) * cells.sum(axis=1, keepdims=True) / cells.sum()
            gained = float(np.sum(cells * np.log(cells / expected)))
            odds = float(np.log(cells[0, 1] * cells[1, 0] / (cells[0, 0] * cells[1, 1])))
            errors[e, a] = abs(odds) / np.sqrt(2.0 * gained) if gained > 1e-9 else 0.0
    return errors.ravel()
