"""Counts in sentences: `1 stage`, `2 stages`, `1,200 mixes`."""


def plural(count: float, one: str, many: str = "") -> str:
    """Return the count with its noun; `many` is the noun's plural where an s does not make it.

    What reads as 1 is one: 0.97 as a whole number is `1 invitee`.
    """
    told = f"{count:,.0f}"
    return f"{told} {one if told == '1' else many or f'{one}s'}"


def days(count: float) -> str:
    """Return a length of time: `1 day`, `0.5 days`, `365 days`."""
    told = f"{count:,.0f}" if abs(count) >= 100.0 else f"{count:,.3g}"
    return f"{told} day" if told == "1" else f"{told} days"


def verb(count: int, one: str, many: str) -> str:
    """Return the form of a verb that the count asks for."""
    return one if count == 1 else many
