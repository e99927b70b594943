"""What `commitment` prints: the answer, three small tables, the states beyond saving or paying, and how far to trust it."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from sojourn.experiments.commitment import MARK, Commitment
from sojourn.experiments.commitment_points import FLOOR, Point
from sojourn.experiments.commitment_words import days, either, percent
from sojourn.grids import Grid
from sojourn.plots.words import SHARE, clear, interval, number
from sojourn.scenarios.plurals import plural
from sojourn.sim.estimates import Estimate
from sojourn.terminal import plain

NAMED = 3  # states that a line names


def print_commitment(found: Commitment, out: Console, *, warnings: Sequence[str] = ()) -> None:
    """Print where customers become as good as won, lost, or not worth more money."""
    _line(out, found.sentence, "bold")
    out.print()
    out.print(_marks(found))
    out.print()
    out.print(_stages(found))
    if found.levers:
        out.print()
        out.print(_levers(found))
    out.print()
    for line in (*_lost(found), *_unpaid(found)):
        _line(out, line)
    out.print()
    _line(out, "How far to trust this", "bold")
    for line in (*_trust(found), *warnings):
        _line(out, f"- {line}")


def _marks(found: Commitment) -> Grid:
    """Crossings of each mark; what is left to 100 % does neither."""
    table = Grid("chance of at least", "cross before entry", "only on entry", "neither", "median day", "kept")
    for mark, one in found.crossings.items():
        kept = "" if one.kept.mean is None else f"{percent(one.kept.mean)} (at least {percent(one.kept.low or 0.0)})"
        day = "" if one.median_day is None else days(one.median_day)
        neither = percent(one.neither.mean or 0.0)
        table.add_row(_mark(mark), _some(one.before), _some(one.on_entry), neither, day, kept)
    return table


def _some(share: Estimate) -> str:
    """A share with its interval, or in words that there is nobody."""
    return interval(share, SHARE) if share.mean else f"none (at most {percent(share.high or 0.0)})"


def _stages(found: Commitment) -> Grid:
    one = found.crossings[MARK]
    table = Grid("stage", "chance on entry, median", "half lie in", f"first cross {_mark(MARK)} here", "median day")
    for name in found.scenario.stages:
        entry = found.entries.get(name)
        crossed = one.stages.get(name) or one.entries.get(name)
        if entry is None and crossed is None:
            continue
        middle = band = ""
        if entry is not None:
            _, low, middle_, high, _ = entry.quantiles
            middle, band = f"{middle_:.2f}", f"{low:.2f} to {high:.2f}"
        share = "" if crossed is None else interval(crossed.share, SHARE) + (" on entry" if name in one.entries else "")
        table.add_row(plain(name), middle, band, share, "" if crossed is None else days(crossed.median_day))
    return table


def _levers(found: Commitment) -> Grid:
    table = Grid(
        "at full level from day 0", f"become sure ({_mark(MARK)})", "difference", "most of them in", "median day"
    )
    base = found.crossings[MARK]
    sites = {**base.stages, **base.entries}
    most = max(sites, key=lambda name: sites[name].share.mean or 0.0) if sites else ""
    table.add_row(
        plain(found.baseline), percent(base.sure), "", plain(most), "" if not sites else days(base.median_day)
    )
    for name, one in found.levers.items():
        known = clear(one.difference)
        written = interval(one.difference, SHARE, sign=True)
        nothing = not any(one.difference)
        cell = Text("none" if nothing else written if known else f"({written})", "" if known else "dim")
        day = "" if one.median_day is None else days(one.median_day)
        table.add_row(plain(name), interval(one.sure, SHARE), cell, plain(one.stage or ""), day)
    return table


def _lost(found: Commitment) -> Iterable[str]:
    point, there = found.lost, either(found.loyal)
    able = [name for name, cost in found.costs.items() if cost.affordable]
    best = f"even the best of {len(able)} strategies leaves" if len(able) > 1 else f"{able[0]} leaves"
    gone = [state for state in found.states if state.lost and state.stage in point.stages]
    gone.sort(key=lambda state: -state.moments)
    yield _told(point, f"As good as lost ({best} a chance of at most {_mark(FLOOR)})", found.followed)
    if (point.begin.mean or 0.0) > 0.5:
        yield (
            f"  The journey is long: on arrival the chance of {there} is {interval(found.arrival, SHARE)}, so that most begin"
            f" below {_mark(FLOOR)}. That is a rare goal, not a point of no return."
        )
    if gone:
        more = f", and {len(gone) - NAMED} more in --json" if len(gone) > NAMED else ""
        listed = "; ".join(f"{state.stage}, {_state(state.age, state.words)}" for state in gone[:NAMED])
        yield f"  Such states: {listed}{more}."
    rescued: dict[str, list[str]] = {}
    for state in found.states:
        for name in state.saved_by:
            rescued.setdefault(name, []).append(f"{state.stage} ({_state(state.age, state.words)})")
    for name, states in rescued.items():
        more = f" and {len(states) - NAMED} more" if len(states) > NAMED else ""
        yield f"  Low but not lost: {name} saves more than {percent(FLOOR)} in {'; '.join(states[:NAMED])}{more}."


def _unpaid(found: Commitment) -> Iterable[str]:
    if found.unpaid is None:
        allowed = "" if len(found.costs) == 1 else " that the budget allows"
        yield f"Whether customers are worth more money cannot be said: there is no second strategy{allowed} to spend it on."
        return
    yield _told(found.unpaid, "Not worth more money (no strategy gains what it costs)", found.followed)
    paid: dict[str, list[str]] = {}
    for state in found.states:
        for name, tried in state.strategies.items():
            if tried.worth is not None and tried.worth.low is not None and tried.worth.low > 0.0:
                paid.setdefault(name, []).append(state.stage)
    for name, stages in paid.items():
        counted = ", ".join(dict.fromkeys(stages))
        yield f"  Worth its cost: {name}, in states of {counted}."


def _told(point: Point, what: str, follow: float) -> str:
    if not point.fall.mean:
        begun = point.begin.mean or 0.0
        if begun == 1.0:
            return f"{what}: all of {point.customers:,} customers begin in such a state."
        besides = f"apart from the {percent(begun)} who begin in such a state, " if begun else ""
        into = "one" if besides else "such a state"
        return f"{what}: {besides}nobody of {point.customers:,} customers gets into {into} in {follow:g} days."
    said = f"{what}: {interval(point.fall, SHARE)} of {point.customers:,} customers get into such a state in {follow:g} days"
    if point.stages:
        first = max(point.stages, key=lambda name: point.stages[name].share.mean or 0.0)
        share = (point.stages[first].share.mean or 0.0) / (point.fall.mean or 1.0)
        said += f", {'all' if share == 1.0 else percent(share)} of them in {first}, on day {days(point.median_day)} (median)"
    begun = point.begin.mean or 0.0
    return f"{said}; {percent(begun)} begin in one." if begun else f"{said}."


def _state(age: float, words: str) -> str:
    return words if age == 0.0 else f"{words}, day {age:.2g}" if age < 10 else f"{words}, day {age:.0f}"


def _trust(found: Commitment) -> Iterable[str]:
    there, rule = either(found.loyal), f"within {found.within:g} days from then, before being lost"
    yield f"A chance is that of entering {there} {rule}; from the first entry on it is 1."
    if found.levers:
        yield "A lever's difference is that of the customers who come with and without it; its share is of all who come with it."
    if found.exact:
        yield "Chances are exact (a memoryless scenario); where customers cross is counted in a simulation."
    else:
        held = "stage, days in it, segment, satisfaction, failures felt, purchases so far and days waited"
        cells = plural(len(found.states), "cell")
        yield f"A state is {held}: {cells} of states whose chances surely differ. Expectation is not seen."
        yield "Kept: of those who cross before entry, the share who then get there."
        yield (
            "A crossing counts where the lower end of the 90 % interval is at least the mark; cells were formed and estimated"
            " on other customers than those who are counted."
        )
        if not found.states:
            yield "No cell of states is full: give more --customers or --replications."
    yield "Strategies are in force throughout, each lever at the highest level of its plan."
    dear = {name: cost for name, cost in found.costs.items() if not cost.affordable}
    for name, cost in dear.items():
        unit, horizon = found.scenario.about.currency, found.scenario.about.horizon_days
        yield f"{name} is left out: it costs {unit} {number(cost.extra)} more than {found.baseline} over {horizon:,g} days."


def _mark(mark: float) -> str:
    return f"{mark:g}".removeprefix("0")


def _line(out: Console, text: str, style: str = "") -> None:
    out.print(Text(plain(text), style), soft_wrap=True)
