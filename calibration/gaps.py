"""What is said of covariates that many customers lack, that are the same for all, or that are known too late to explain."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration.covariates import SLACK, Covariate, Told
from sojourn.calibration.stays import NOTHING, Integers, Stays
from sojourn.scenarios.faults import Fault, Faults, quoted

MANY = 0.2  # share without a value from which it is worth a warning
SOME = 20  # stays whose value came with their end from which it is a mistake, where they are more than half


def gaps(
    told: Sequence[Told],
    covariates: Sequence[Covariate],
    stays: Stays,
    ends: NDArray[np.bool_],
    which: Integers,
    base: float,
    mapping_file: str,
) -> tuple[str, ...]:
    """Sentences on covariates, in their order.

    Args:
        told: what the log says of each.
        covariates: the values of each at the stays.
        stays: as they were watched.
        ends: which of the stages end a journey, shape (stages,).
        which: of each customer, the place in `Rows`.
        base: day 0 of the stays, from the first event of the log.
        mapping_file: for messages.

    Raises:
        Faults: for a customer's value that for more than half of the stays stands only on a row at or after their end.
    """
    faults: list[Fault] = []
    notes: list[str] = []
    for source, one in zip(told, covariates, strict=True):
        number, of = _late(source, stays, ends, which, base)
        if number >= SOME and 2 * number > of:
            said = (
                f"of {of:,} finished stays whose customer has a value, {number:,} have it only on a row at or after their end: "
                "it tells who left how, and cannot explain it"
            )
            remedy = "write the value on each customer's first row if it was known then, or take it out"
            faults.append(Fault(mapping_file, f"covariates.{one.name}", quoted(one.name), said, remedy))
        notes += _notes(source, one, stays, ends, number, of)
    if faults:
        raise Faults(faults)
    return tuple(notes)


def _late(told: Told, stays: Stays, ends: NDArray[np.bool_], which: Integers, base: float) -> tuple[int, int]:
    """Finished stays whose customer's value came with their end or later, and all finished ones with a value."""
    if told.per_stay or not told.who.size:
        return 0, 0
    owner = which[stays.customer]
    place = np.minimum(np.searchsorted(told.who, owner), told.who.size - 1)
    asked = (told.who[place] == owner) & (stays.following != NOTHING) & ~ends[stays.stage]
    at = told.time[place] - base
    late = asked & (at > stays.entry + SLACK) & (at >= stays.until - SLACK)
    return int(late.sum()), int(asked.sum())


def _notes(told: Told, one: Covariate, stays: Stays, ends: NDArray[np.bool_], late: int, of: int) -> Iterator[str]:
    here = ~ends[stays.stage]
    if not one.per_stay:
        here = here & np.concatenate(([True], stays.customer[1:] != stays.customer[:-1]))
    values = one.values[here]
    known = np.isfinite(values)
    what = "stays" if one.per_stay else "customers"
    word, number = told.blank
    if number:
        cells = "1 cell says" if number == 1 else f"{number:,} cells say"
        yield f"Covariate {one.name}: {cells} {quoted(word)} or the like, and count{'s' * (number == 1)} as empty."
    missing = int(values.size - known.sum())
    if missing and known.any():
        filled = "with the most frequent word" if one.words else "with the mean of the others"
        lack = "has no value and is" if missing == 1 else "have no value and are"
        said = f"Covariate {one.name}: {missing:,} of {values.size:,} {what} {lack} taken {filled}."
        if missing > MANY * values.size:
            said += (
                " These are many: effects come out too small, and wrong where those without a value differ from the others in"
                " what they do."
            )
        yield said
    if known.any() and np.ptp(values[known]) == 0.0:
        same = quoted(one.words[int(values[known][0])]) if one.words else f"{values[known][0]:g}"
        yield f"Covariate {one.name} is {same} for all {what}{' that have a value' if missing else ''}: it has no effect."
    if late:
        yield (
            f"Covariate {one.name}: {late:,} of {of:,} finished stays have a value only from a row at or after their end; what "
            "is known only then may tell of the exit more than explain it."
        )
