"""On how many customers an effect rests, in words."""

from collections.abc import Sequence

from sojourn.calibration.durations import FEW
from sojourn.calibration.stays import Integers


def thin(taken: Integers, customers: Integers, others: Integers | None, arms: Sequence[str]) -> tuple[str, ...]:
    """What little the effect of each treated arm rests on: fewer than ten customers or exits, there or in control.

    All counts have control first; `others` are stays that ended otherwise, where these count too. Empty where it is enough.
    """
    cells = []
    for place, arm in enumerate(("control", *arms)):
        own = []
        if customers[place] < FEW:
            own.append(f"{_number(customers[place], 'customer')} of {arm}")
        elif taken[place] < FEW:
            own.append(f"{_number(taken[place], 'such exit')} of {arm}")
        elif others is not None and others[place] < FEW:
            own.append(f"{_number(others[place], 'other exit')} of {arm}")
        cells.append(own)
    return tuple(" and ".join([*own, *cells[0]]) for own in cells[1:])


def few(name: str, little: Sequence[str]) -> list[str]:
    """The warning that effects on an exit rest on little; where they rest on nothing, `nobody` says so."""
    parts = "; ".join(dict.fromkeys(text for text in little if text and not text.startswith("0 ")))
    return [f"{name}: rests on {parts}; fewer than {FEW}, so the interval is rough."] if parts else []


def nobody(name: str, arm: str, place: int, taken: Integers, of: Integers) -> str:
    """An arm of which nobody, or everybody, took an exit (or those left alone): its effect is finite by a prior only."""
    return (
        f"{name}: {arm} {taken[place]:,} of {of[place]:,}, control {taken[0]:,} of {of[0]:,}: the data set no limit to such an "
        "effect; a weak prior keeps it finite, and the interval is rough."
    )


def never(name: str, taken: Integers, of: Integers, arms: Sequence[str]) -> str:
    """An exit that nobody, or everybody, in control took: there is nothing that an effect could shift."""
    cells = [f"{arm} {x:,} of {n:,}" for arm, x, n in zip(("control", *arms), taken, of, strict=True)]
    return f"{name}: {', '.join(cells)}: no effect on it can be told, because control leaves none to shift; left out."


def absent(stage: str, arms: Sequence[str]) -> str:
    """A stage where an arm had nobody."""
    return f"{stage}: nobody in {', '.join(arms)} was there, so no effect of that can be told."


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
