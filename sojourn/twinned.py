"""What `twins` tells, on the screen and on its page: the difference by lever and stage, groups of customers, single lives."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from sojourn.experiments.parting import Onward, Parting
from sojourn.experiments.twin_lives import Life, Stay, Twin
from sojourn.experiments.twins import Group, Twins
from sojourn.plots.words import minus, number, percent
from sojourn.scenarios.plurals import plural
from sojourn.sheets import Cell, Money, Sheet, on_screen, print_sheet
from sojourn.sim.estimates import Estimate
from sojourn.terminal import plain
from sojourn.trust import FEW, assumptions

KINDS = {
    "most gained": "gains most",
    "most lost": "loses most",
    "typical": "typical of those whose lives part",
    "unchanged": "unchanged",
    "only one": "comes under one strategy only",
    "asked for": "asked for",
}


def print_twins(found: Twins, out: Console, *, warnings: Sequence[str] = ()) -> None:
    """Print the two strategies side by side."""
    _line(out, minus(found.sentence), "bold")
    print_sheet(out, levers(found))
    print_sheet(out, stages(found))
    print_sheet(out, groups(found))
    out.print()
    _line(out, whoever(found))
    for one in found.shown:
        out.print()
        _line(out, heading(found, one), "bold")
        for line in story(found, one):
            _line(out, line)
        _print_lives(found, one, out)
    out.print()
    _line(out, "How far to trust this", "bold")
    for line in (*trust(found), *warnings):
        _line(out, f"- {line}")


def levers(found: Twins) -> Sheet:
    """What each lever brings and costs; totals add up."""
    parts, currency = found.decomposition.levers, found.scenario.about.currency
    staffed = any(one.running.mean for one in parts.values())
    rows: list[tuple[Cell, ...]] = []
    for name, one in parts.items():
        pay = (Money(one.running),) if staffed else ()
        rows.append((name, Money(one.outcome), *pay, Money(one.cost, -1), Money(one.total)))
    if len(parts) > 1:
        rows.append(("all of them", "", *([""] if staffed else []), "", Money(found.decomposition.total)))
    heads = (f"lever ({currency})", "brings", *(["of it agents' pay"] if staffed else []), "costs", "together")
    return Sheet(
        heads, tuple(rows), f"{found.strategy} minus {found.baseline}, discounted; 90 % intervals in brackets."
    )


def stages(found: Twins) -> Sheet:
    """Where along the journey the difference is made; lines add up with the costs of levers."""
    parts = found.decomposition
    rows: list[tuple[Cell, ...]] = [
        (name, *(Money(figure) for figure in one))
        for name, one in parts.stages.items()
        if any(figure.mean for figure in one)
    ]
    if parts.running.mean:
        rows.append(("agents", "", "", "", Money(parts.running)))
    for name, lever in parts.levers.items():
        if lever.cost.mean:
            rows.append((f"cost of {name}", "", "", "", Money(_negated(lever.cost))))
    rows.append(("all of it", "", "", "", Money(parts.total)))
    heads = (f"stage ({found.scenario.about.currency})", "entries", "days there", "desk contacts", "together")
    return Sheet(heads, tuple(rows))


def crossed(found: Twins) -> Sheet:
    """Which lever brings what at which stage; columns add up to what each lever brings."""
    parts = found.decomposition.levers
    if len(parts) < 2:
        return Sheet((), ())
    rows: list[tuple[Cell, ...]] = [
        (name, *(Money(one.stages[name]) for one in parts.values()))
        for name in found.scenario.stages
        if any(one.stages[name].mean for one in parts.values())
    ]
    if any(one.running.mean for one in parts.values()):
        rows.append(("agents", *(Money(one.running) for one in parts.values())))
    rows.append(("all of it", *(Money(one.outcome) for one in parts.values())))
    return Sheet(
        (f"stage ({found.scenario.about.currency})", *parts), tuple(rows), "What each lever brings, its cost left out."
    )


def groups(found: Twins) -> Sheet:
    """How many customers live the same life, bring more, or less."""
    a, b = found.baseline, found.strategy
    words = {
        "same": "the same stages on the same days",
        "more": f"another life that brings more under {b}",
        "less": f"another life that brings less under {b}",
        "even": "another life that brings the same",
        "only_baseline": f"come under {a} only",
        "only_strategy": f"come under {b} only",
    }
    told = {name: group for name, group in found.groups.items() if group.customers or name in ("same", "more", "less")}
    rows: list[tuple[Cell, ...]] = [
        (words[name], number(one.customers), _amount(one.margin)) for name, one in told.items()
    ]
    every = Group(sum(one.customers for one in told.values()), sum(one.margin for one in told.values()))
    rows.append(("all", number(every.customers), _amount(every.margin)))
    return Sheet(
        (f"customers of replication {found.replication}", "how many", f"bring more, {_currency(found)}"), tuple(rows)
    )


def whoever(found: Twins) -> str:
    """How many gain and lose: with shared draws, and between which bounds whatever the coupling."""
    less, more = found.coupled["less"], found.coupled["more"]
    told = [
        f"{percent(one.share)} bring {name} under {found.strategy} with shared draws, {percent(one.low)} to {percent(one.high)}"
        " whatever the coupling"
        for name, one in (("less", less), ("more", more))
    ]
    return f"Of all these, {'; '.join(told)}."


def heading(found: Twins, one: Twin) -> str:
    """Who it is, and what they bring more or less."""
    who = (
        f"Customer {one.customer} ({one.segment}, {one.source})"
        if len(found.scenario.segments) > 1
        else f"Customer {one.customer}"
    )
    return f"{who}, {KINDS[one.kind]}: {_currency(found)} {_amount(one.gain)}"


def story(found: Twins, one: Twin) -> Iterator[str]:
    """Where the two lives part, and why."""
    if one.first is None or one.second is None:
        came, lacks = (found.baseline, found.strategy) if one.first else (found.strategy, found.baseline)
        how = "is invited" if one.source == "referral" else "arrives"
        yield f"{how.capitalize()} under {came} only: under {lacks} nobody brings this customer."
        return
    way = one.parting
    if way is None:
        yield "The same stages on the same days under both."
        return
    if way.at_once:
        yield f"The lives part from the start: this customer {way.reasons[0]}."
    else:
        yield from _parted(found, way)
    if len(found.decomposition.levers) > 1:
        doing = " or ".join(way.levers)
        does = "moves the day" if way.first.stage == way.second.stage and not way.at_once else "does it"
        yield f"- {doing} alone {does}" if way.levers else "- only several levers together do it"
    yield from (f"- {line}" for line in _draws(found, way.stage, way.draws))


def _parted(found: Twins, way: Parting) -> Iterator[str]:
    yield (
        f"The lives part in {way.stage} (since day {way.entered:.1f}): under {found.baseline} {_onward(way.first)},"
        f" under {found.strategy} {_onward(way.second)}."
    )
    for reason in way.reasons:
        yield f"- {reason}"


def _draws(found: Twins, stage: str, draws: dict[str, float]) -> Iterator[str]:
    """The customer's own draws, the same under both strategies."""
    if not draws:
        return
    if found.scenario.stages[stage].kind == "choice":
        (exit, draw) = next(iter(draws.items()))
        yield f"this customer's draw: goes on to {exit} where the chance of it is above {draw:.3g}"
        return
    told = ", ".join(f"{exit} {100.0 * draw:.0f} %" for exit, draw in draws.items())
    yield f"this customer's draws, as the share of customers who would leave sooner by each exit alone: {told}"


def lives(found: Twins, one: Twin) -> Sheet:
    """Both lives side by side, stay by stay."""
    felt = found.scenario.satisfaction is not None
    heads: list[str] = []
    for name in (found.baseline, found.strategy):
        heads += [f"{name}: day", "stage", _currency(found), *(["satisfaction"] if felt else [])]
    width = len(heads) // 2
    columns = [_column(life, width, felt) for life in (one.first, one.second)]
    longest = max(map(len, columns))
    blank = ("",) * width
    padded = [[*column, *[blank] * (longest - len(column))] for column in columns]
    rows = tuple((*left, *right) for left, right in zip(*padded, strict=True))
    return Sheet(tuple(heads), rows)


def _print_lives(found: Twins, one: Twin, out: Console) -> None:
    """Both lives beside one another where there is room, else one under the other."""
    heads, rows, _ = lives(found, one)
    width = len(heads) // 2
    heads = ("day", *heads[1:width])
    both = on_screen(Sheet(2 * heads, rows))
    if both.natural <= out.width:
        out.print()
        _line(out, f"On the left under {found.baseline}, on the right under {found.strategy}:", "dim")
        out.print(both)
        return
    for name, begin in ((found.baseline, 0), (found.strategy, width)):
        out.print()
        _line(out, f"Under {name}:", "dim")
        half = [row[begin : begin + width] for row in rows]
        out.print(on_screen(Sheet(heads, tuple(row for row in half if any(row)))))


def _column(life: Life | None, width: int, felt: bool) -> list[tuple[Cell, ...]]:
    if life is None:
        return [("never comes", *[""] * (width - 1))]
    rows: list[tuple[Cell, ...]] = []
    for stay in life.stays:
        points = "" if stay.satisfaction is None else f"{stay.satisfaction:.0f}"
        rows.append((f"{stay.entered:.1f}", _stage(stay), _amount(stay.margin), *([points] if felt else [])))
    rows.append(("", "in all", _amount(life.margin), *([""] if felt else [])))
    return rows


def _stage(stay: Stay) -> str:
    if not stay.contact:
        return stay.stage
    waited = f", waits {stay.waited:.2g} d" if stay.waited > 0.005 else ""
    return f"{stay.stage} (desk: {stay.contact}{waited})"


def _onward(way: Onward) -> str:
    return (
        "still there at the horizon" if way.stage is None or way.day is None else f"to {way.stage} on day {way.day:.1f}"
    )


def trust(found: Twins) -> Iterator[str]:
    """What the figures can bear."""
    parts = found.decomposition
    if parts.levers:
        how = "all" if parts.exact else "sampled orders of"
        yield (
            f"By lever: Shapley values over {how} {parts.coalitions} combinations of the levers that differ, on the same"
            f" customers and draws, {plural(parts.replications, 'replication')}; a lever's cost is its own."
        )
    if not parts.exact:
        worst = max(one.sampling for one in parts.levers.values())
        yield f"Sampling orders leaves a standard error of at most {number(worst)} in a lever's part; intervals hold it."
    if parts.replications < 2:
        yield "One replication has no intervals: use more."
    elif parts.replications < FEW:
        yield f"{parts.replications} replications are so few that intervals are rough; 20 is a good number."
    yield from assumptions(found.scenario, [found.baseline, found.strategy], drawn=True)
    yield "Effects stand at their central values: `sojourn sensitivity` moves them."
    yield (
        "The two lives of a customer share every draw, which is one way to couple them. Totals and averages do not depend on"
        " that; who gains, who loses and how many does, within the bounds above, and no data can tell."
    )
    yield f"Single customers and counts are those of replication {found.replication} alone; money is discounted to day 0."


def _negated(figure: Estimate) -> Estimate:
    mean, low, high = (None if one is None else 0.0 - one for one in figure)
    return Estimate(mean, high, low)


def _currency(found: Twins) -> str:
    return found.scenario.about.currency


def _amount(money: float) -> str:
    size = abs(money)
    return number(money, 2 if 0.0 < size < 1000 else 0)


def _line(out: Console, text: str, style: str = "") -> None:
    out.print(Text(plain(text), style), soft_wrap=True)
