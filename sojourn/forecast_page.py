"""The page of a forecast: the answer, pictures, tables, and what it rests on."""

from collections.abc import Sequence

from sojourn import paper
from sojourn.calibration.forecast import Forecast
from sojourn.paper import Cell
from sojourn.plots.pictures import Picture
from sojourn.plots.words import SHARE, UNKNOWN, human, interval, minus
from sojourn.sim.estimates import Estimate

TOLD = 12  # moves whose days are told


def page(found: Forecast, drawn: Sequence[Picture]) -> str:
    """The whole page."""
    about = found.scenario.about
    heading = about.title or human(about.name)
    parts = [
        f"<header>\n<h1>{paper.text(heading)}</h1>\n</header>",
        paper.paragraph(minus(found.sentence), "answer"),
        *(paper.picture(one) for one in drawn),
        *(paper.section(_heading(found, name), *_tables(found, name)) for name in found.strategies),
        paper.section("How far to trust this", paper.bullets([minus(line) for line in found.notes])),
    ]
    return paper.page(f"{heading}: forecast", parts)


def _heading(found: Forecast, name: str) -> str:
    return f"Figures under {human(name)}" if len(found.strategies) > 1 else "Figures"


def _tables(found: Forecast, name: str) -> list[str]:
    one, unit = found.strategies[name], found.scenario.about.currency
    groups = (one.open, one.newcomers)
    stages = [
        (
            (human(stage), ""),
            [cell for group in groups for cell in (_cell(group.reached[stage]), _cell(group.final[stage], SHARE))],
        )
        for stage in one.open.final
        if any((group.reached[stage].mean or 0.0) + (group.final[stage].mean or 0.0) > 0.0 for group in groups)
    ]
    heads = ["stage", "on their way: enter", "on their way: at the end", "newcomers: enter", "newcomers: at the end"]
    ways = [
        ((human(way).replace(" -> ", " → "), "days"), [_cell(group.days[way]) for group in groups])
        for way in one.open.days
        if any(group.days[way].mean is not None for group in groups)
    ][:TOLD]
    caption = "90 % prediction intervals in brackets: customers who enter, and shares on the last day."
    told = [
        paper.table(heads, stages, caption),
        paper.table(["mean days until the move, within the window", "on their way", "newcomers"], ways),
    ]
    if one.profit is not None and one.open.revenue is not None and one.newcomers.revenue is not None:
        rows = [
            (("revenue", unit), [_cell(one.open.revenue), _cell(one.newcomers.revenue)]),
            (("cost", unit), [_cell(one.open.cost), _cell(one.newcomers.cost)]),
        ]
        told.append(paper.table(["money", "on their way", "newcomers"], rows))
        told.append(paper.paragraph(f"Profit in all: {unit} {interval(one.profit)}."))
    return told


def _cell(one: Estimate | None, unit: str = "") -> Cell:
    if one is None or one.mean is None:
        return Cell("" if one is None else UNKNOWN, "", "unsure")
    mean, _, spread = interval(one, unit).partition(" [")
    return Cell(mean, f"[{spread}" if spread else "")
