"""What an object of results shows of itself at a prompt or in a notebook: what it is of, and its answer, on one line."""

from collections.abc import Iterable

LONGEST = 300  # characters


def brief(of: object, *facts: str, answer: str = "") -> str:
    """Return `<Comparison: coffee; today, call_everybody; 20 replications. today beats ... by ...>`, cut where it is long."""
    said = "; ".join(fact for fact in facts if fact)
    told = f"{type(of).__name__}: {'. '.join(part for part in (said, answer.removesuffix('.')) if part)}"
    told = " ".join(told.split())
    return f"<{told}>" if len(told) <= LONGEST - 2 else f"<{told[: LONGEST - 5]}...>"


def listed(names: Iterable[str], most: int = 6) -> str:
    """Return the names with commas between, and how many more there are."""
    told = list(names)
    return ", ".join(told[:most]) + (f" and {len(told) - most} more" if len(told) > most else "")
