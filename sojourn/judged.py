"""A verdict on a fit as people read it: tables for the terminal, and one page with pictures."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from sojourn import paper
from sojourn.calibration.round_trip import REACH
from sojourn.grids import Grid
from sojourn.paper import Cell
from sojourn.plots.words import SHARE, human, interval, minus, number
from sojourn.sim.estimates import Estimate

if TYPE_CHECKING:
    from sojourn.calibration.round_trip import RoundTrip
    from sojourn.calibration.verdict import Item, Verdict
    from sojourn.plots.pictures import Picture

SHOWN = 12  # figures in the terminal's table
MARKS = {
    "yes": "",
    "slightly off": "off by little",
    "in doubt": "in doubt",
    "no": "do not believe",
    "cannot tell": "too few data",
}
KINDS = {"yes": "", "slightly off": "unsure", "in doubt": "unsure", "no": "", "cannot tell": "unsure"}
HEADS = (
    "figure",
    "observed",
    "simulated, 90 % prediction",
    "frequencies and naive means",
    "without unfinished stays",
    "",
)


def figures_table(verdict: "Verdict") -> Grid | None:
    """What is not simply believed, the worst first; None where there is nothing of the kind."""
    rank = ("no", "in doubt", "slightly off", "cannot tell")
    rows = sorted(
        (i for i in verdict.items if i.kind != "distance" and i.call in rank), key=lambda i: rank.index(i.call)
    )
    if not rows:
        return None
    table = Grid(*HEADS[:4], "")
    for item in rows[:SHOWN]:
        cells = [_label(item), *_sides(item), _naive(item.naive, item.unit)]
        table.add_row(*cells, Text(MARKS[item.call], "yellow" if item.call == "no" else "dim"))
    if len(rows) > SHOWN:
        table.add_row(f"and {len(rows) - SHOWN} more")
    return table


def distances_table(verdict: "Verdict") -> Grid:
    """Distances beside what chance alone gives, and beside the plainest model's."""
    table = Grid("distance to the customers held out", "model", "chance alone", "frequencies and naive means", "")
    for item in verdict.distances:
        unit = "" if item.unit == "of 1" else f", {item.unit}"
        cells = [_distance(value) for value in (item.observed.mean, item.simulated.mean, item.naive)]
        table.add_row(f"{item.about}{unit}", *cells, Text(MARKS[item.call], "yellow" if item.call == "no" else "dim"))
    return table


def numbers_table(trip: "RoundTrip") -> Grid | None:
    """Planted numbers beside fitted ones; None where there is none."""
    if not trip.numbers:
        return None
    table = Grid("way", "number", "planted", "fitted, 90 %", "standard errors off")
    for one in trip.numbers:
        told = interval(Estimate(one.fitted, one.fitted - REACH * one.error, one.fitted + REACH * one.error))
        cells = [one.place, one.what, f"{one.truth:.4g}", told]
        table.add_row(*cells, Text(number(one.z, 1, sign=True), "yellow" if abs(one.z) > REACH else ""))
    return table


def page(verdict: "Verdict", pictures: Iterable["Picture"], trip: "RoundTrip | None" = None) -> str:
    """The page: what to believe and what not first, then pictures, all figures, and how it was asked."""
    log = verdict.fit.log
    first, *rest = (_plainly(line, log.stages) for line in verdict.lines())
    title = f"May the model of {log.source} be believed?"
    parts = [
        f"<header>\n<h1>{paper.text(title)}</h1>\n</header>",
        paper.paragraph(first, "answer"),
        *(paper.paragraph(line, "answer" if line.startswith("Do not believe") else "") for line in rest),
        paper.section("Planted numbers", *_numbers(trip)),
        paper.section(
            "What leaving unfinished stays out would have said",
            paper.bullets(_plainly(line, log.stages) for line in verdict.naive_lines),
        ),
        paper.section("Pictures", *(paper.picture(one) for one in pictures)),
        paper.section("Figures", _figures(verdict)),
        paper.section("Distances", _distances(verdict)),
        paper.section("How it was asked", paper.bullets(_method(verdict))),
        paper.section("Notes of the fit", paper.bullets(verdict.fit.notes)),
    ]
    return paper.page(title, parts)


def _plainly(line: str, stages: Iterable[str]) -> str:
    """A sentence with the names of stages as the tables of the page write them."""
    for name in sorted((one for one in stages if "_" in one), key=len, reverse=True):
        line = line.replace(name, human(name))
    return minus(line)


def _numbers(trip: "RoundTrip | None") -> Iterator[str]:
    if trip is None:
        return
    yield paper.paragraph(minus(trip.sentence))
    rows = []
    for one in trip.numbers:
        told = interval(Estimate(one.fitted, one.fitted - REACH * one.error, one.fitted + REACH * one.error))
        off = Cell(number(one.z, 1, sign=True), "", "unsure" if abs(one.z) <= REACH else "")
        rows.append(
            ((human(one.place.replace("->", "→")), one.what), [Cell(f"{one.truth:.4g}"), Cell(*_cell(told)), off])
        )
    yield paper.table(("number", "planted", "fitted, 90 %", "standard errors off"), rows)
    yield paper.bullets(trip.skipped)


def _figures(verdict: "Verdict") -> str:
    rows = []
    for item in verdict.items:
        if item.kind == "distance":
            continue
        seen, simulated = _sides(item)
        cells = [
            Cell(*_cell(seen)),
            Cell(*_cell(simulated)),
            Cell(_naive(item.naive, item.unit), "", "unsure"),
            Cell(_naive(item.unfinished, item.unit), "", "unsure"),
            Cell(MARKS[item.call] or "believe", f"p {item.chance:.2f}, of all {item.adjusted:.2f}", KINDS[item.call]),
        ]
        rows.append(((_words(item), _unit(item)), cells))
    return paper.table((*HEADS[:5], "verdict"), rows, "On customers whom the fit has not seen, with 90 % intervals.")


def _distances(verdict: "Verdict") -> str:
    rows = [
        (
            (human(item.about), "" if item.unit == "of 1" else item.unit),
            [
                Cell(_distance(item.observed.mean)),
                Cell(_distance(item.simulated.mean), f"nineteen in twenty below {_distance(item.simulated.high)}"),
                Cell(_distance(item.naive), "", "unsure"),
                Cell(
                    MARKS[item.call] or "believe", f"p {item.chance:.2f}, of all {item.adjusted:.2f}", KINDS[item.call]
                ),
            ],
        )
        for item in verdict.distances
    ]
    heads = ("distance", "model", "chance alone", "frequencies and naive means", "verdict")
    return paper.table(heads, rows, "Of simulated journeys to those held out. Chance alone: simulated to simulated.")


def _method(verdict: "Verdict") -> Iterator[str]:
    yield f"Split by {verdict.how}: {verdict.said}."
    yield (
        f"{verdict.replications} simulated copies of the customers held out, each from a fit to a resample of the people fitted "
        "to, each customer watched as long as one held out."
    )
    yield (
        "If the model is right, the observed customers are one more copy: every figure is ranked among the copies. All items "
        "share a rate of 5 % of calling anything off in a model that is right."
    )
    yield "In doubt: rarer than one in twenty by itself, but not when all that was asked is counted."
    yield (
        "Off by little: proven, but within 5 % (of shares: or one point). Too few data: the prediction is wider than a quarter "
        "of the figure (of shares: and three points) to either side, so that it could hardly have been proven wrong."
    )
    yield "Frequencies and naive means: what comes next by its share, after an exponential time, of finished stays alone."


def _sides(item: "Item") -> tuple[str, str]:
    kind = SHARE if item.unit.startswith(SHARE) else item.unit
    return interval(item.observed, kind), interval(item.simulated, kind)


def _cell(told: str) -> tuple[str, str]:
    mean, _, rest = told.partition(" [")
    return mean, f"[{rest}" if rest else ""


def _label(item: "Item") -> str:
    return f"{_words(item)} ({_unit(item)})" if _unit(item) else _words(item)


def _words(item: "Item") -> str:
    return human(item.about)


def _unit(item: "Item") -> str:
    return item.unit.partition(" ")[2].strip()


def _naive(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    return interval(Estimate(value, None, None), SHARE if unit.startswith(SHARE) else unit)


def _distance(value: float | None) -> str:
    return "–" if value is None else number(value, 3 if value < 1 else 2 if value < 10 else 1)
