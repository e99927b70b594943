"""Commitment in words: where it falls, and what a state is called."""

from collections.abc import Sequence

from sojourn.experiments.commitment_cells import TOP, Cell
from sojourn.experiments.commitment_crossings import Crossings, Place
from sojourn.experiments.commitment_states import (
    FAILED_DAYS,
    FAILURES,
    MOST,
    NEWEST,
    POINTS,
    PURCHASES,
    SATISFACTION,
    WAITED,
    WAITED_DAYS,
)
from sojourn.sim.network import Network

HALF = (0.45, 0.55)  # what is called half


def sentence(loyal: Sequence[str], follow: float, found: Crossings) -> str:
    """The first line: where most of those who ever become sure do so, and how many never do."""
    mark = f"{found.mark:g}".removeprefix("0")
    there = either(loyal)
    if not found.customers:
        return f"Nobody comes early enough to be followed for {follow:g} days: let more customers come, or longer."
    if not found.sure:
        return (
            f"Nobody becomes sure of {there}: none of {found.customers:,} customers gets there, or has a chance of {mark} to,"
            f" in the {follow:g} days after arrival."
        )
    told = _where(found, mark, there)
    neither, lost = found.neither.mean or 0.0, found.lost.mean or 0.0
    rest = f", {percent(neither - lost)} still on the way" if neither > lost else ""
    return (
        f"{told} Of all {found.customers:,} customers followed for {follow:g} days {percent(found.sure)} become sure;"
        f" {percent(neither)} do not ({percent(lost)} lost by then{rest})."
    )


def _where(found: Crossings, mark: str, there: str) -> str:
    if not found.before.mean:
        entered, place = _largest(found.entries)
        into = entered if len(found.entries) == 1 else there
        day = f"of those who enter half do so by day {days(place.median_day)} after arrival"
        return f"Nobody crosses {mark} before entering {into} itself; {day}."
    sites = {(name, False): place for name, place in found.stages.items()}
    sites |= {(name, True): place for name, place in found.entries.items()}
    (name, entering), place = max(sites.items(), key=lambda one: one[1].share.mean or 0.0)
    part = (place.share.mean or 0.0) / found.sure
    who = f"{'Half' if HALF[0] <= part <= HALF[1] else 'All' if part == 1.0 else percent(part)} of those who ever become sure"
    day = f"on day {days(place.median_day)} after arrival (median)"
    if not entering:
        return f"{who} of {there} (a chance of {mark} or more) do so in {name}, {day}."
    earlier, _ = _largest(found.stages)
    before = (found.before.mean or 0.0) / found.sure
    return (
        f"{who} of {there} (a chance of {mark} or more) do so only on entering {name} itself, {day};"
        f" {percent(before)} before, most of them in {earlier}."
    )


def _largest(places: dict[str, Place]) -> tuple[str, Place]:
    return max(places.items(), key=lambda one: one[1].share.mean or 0.0)


def either(names: Sequence[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def percent(share: float) -> str:
    """A share as per cent, with more digits where it is small."""
    value = 100.0 * share
    if 0.0 < value < 0.01:
        return "under 0.01 %"
    return (
        f"{value:.0f} %"
        if value in (0.0, 100.0) or 9.95 <= value < 99.5
        else f"{value:.{1 if value >= 0.995 else 2}f} %"
    )


def days(value: float | None) -> str:
    """A day, with a decimal where it is early."""
    return "unknown" if value is None else f"{value:.0f}" if value >= 10.0 else f"{value:.1f}"


def state_words(network: Network, cell: Cell) -> str:
    """What tells a cell from the others of its stage and age; `anybody` where nothing does."""
    said = []
    if len(cell.segments) < len(network.segments):
        inside = [name for k, name in enumerate(network.segments) if k in cell.segments]
        outside = [name for k, name in enumerate(network.segments) if k not in cell.segments]
        said.append(either(inside) if len(inside) <= len(outside) else f"not {either(outside)}")
    low, high = cell.low[SATISFACTION], cell.high[SATISFACTION]
    if low > 0 or high < TOP:
        above, below = f"{POINTS * low}", f"{POINTS * (high + 1)}"
        band = f"{above} to {below}" if low > 0 and high < TOP else f"{above} or more" if low > 0 else f"below {below}"
        said.append(f"satisfaction {band}")
    said += _counted(cell, FAILURES, "failure felt", "failures felt")
    low, high = cell.low[NEWEST], cell.high[NEWEST]
    if low > 0 or high < TOP:
        said.append(_newest(low, high))
    said += _counted(cell, PURCHASES, "purchase so far", "purchases so far")
    low, high = cell.low[WAITED], cell.high[WAITED]
    if low > 0 or high < TOP:
        said.append(_waited(low, high))
    return ", ".join(said) or "anybody"


def _counted(cell: Cell, column: int, one: str, many: str) -> list[str]:
    low, high = cell.low[column], cell.high[column]
    if low == 0 and high == TOP:
        return []
    if high >= MOST:
        return [f"{low} or more {many}"]
    if low == high:
        return [f"{'no' if low == 0 else low} {one if low <= 1 else many}"]
    return [f"at most {high} {one if high == 1 else many}" if low == 0 else f"{low} or {high} {many}"]


def _newest(low: int, high: int) -> str:
    """Codes run from 0 (none) over old to new."""
    at_most = f"at most {FAILED_DAYS[low - 2]:g} days old" if low >= 2 else ""
    at_least = f"more than {FAILED_DAYS[high - 1]:g} days old" if 1 <= high <= len(FAILED_DAYS) else ""
    if high == 0:
        return "no failure felt"
    aged = " and ".join(part for part in (at_least, at_most) if part)
    newest = f"newest failure {aged}" if aged else "a failure felt"
    return newest if low > 0 else f"no failure felt, or the {newest}"


def _waited(low: int, high: int) -> str:
    above = f"more than {WAITED_DAYS[low - 1]:g}" if low > 0 else ""
    most = f"at most {WAITED_DAYS[high]:g}" if high < len(WAITED_DAYS) else ""
    if most == "at most 0":
        return "did not wait"
    return f"waited {' and '.join(part for part in (above, most) if part)} days"
