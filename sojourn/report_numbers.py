"""The tables of a report: what changes under the answer, and every measure for those who open it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from sojourn import paper, tables
from sojourn.experiments.service import at_desk
from sojourn.paper import Cell
from sojourn.plots.words import SHARE, clear, human, interval, known, pair, zero
from sojourn.scenarios.plurals import plural
from sojourn.sim.estimates import Estimate
from sojourn.sim.vocabulary import direction, unit
from sojourn.sim.vocabulary import title as titled

if TYPE_CHECKING:
    from sojourn.experiments.compare import Comparison
    from sojourn.scenarios.model import Scenario
    from sojourn.sim.run import Result

MOST = 4  # columns of figures that a page is wide enough for


def chosen(result: "Result", comparison: "Comparison | None" = None) -> list[str]:
    """The measures to show, in reading order, what the verdict is about before all."""
    families = [outcome.measures for outcome in result.outcomes.values()]
    first = comparison.verdict.measure if comparison is not None else None
    return tables.chosen(families, everything=False, first=first)[0]


def numbers(comparison: "Comparison | None", result: "Result | None") -> str:
    """The table that stands under the answer, and all measures for those who open them."""
    if result is None:
        return ""
    names = chosen(result, comparison)
    everything = list(dict.fromkeys(name for outcome in result.outcomes.values() for name in outcome.measures))
    levels = {name: outcome.measures for name, outcome in result.outcomes.items()}
    full = paper.folded(f"All {plural(len(everything), 'measure')}", *_tables(everything, levels, {}, result.scenario))
    if comparison is None:
        shown = _tables(names, levels, {}, result.scenario, "90 % intervals in brackets.")
        return paper.section("What each strategy gives" if len(levels) > 1 else "What it gives", *shown, full)
    pairs = comparison.differences
    base = {comparison.baseline: levels[comparison.baseline]}
    names = [n for n in names if any(any(one.get(n, (0.0,))) for one in pairs.values())]
    caption = "Differences are the strategy minus the baseline, on the same customers, with 90 % intervals. Grey and in"
    caption += " parentheses: the interval spans 0 or there is none, so the sign is not known."
    return paper.section("What changes", *_tables(names, base, pairs, result.scenario, caption), full)


def _tables(
    names: Sequence[str],
    levels: Mapping[str, Mapping[str, Estimate]],
    pairs: Mapping[str, Mapping[str, Estimate]],
    scenario: "Scenario",
    caption: str = "",
) -> list[str]:
    """A row a measure and a column a strategy; with more strategies than a page is wide, a row each under few measures at a time.

    So strategies stand under each other to be compared, on paper too.
    """
    base = " (baseline)" if pairs else ""
    heads = [*(f"{human(name)}{base}" for name in levels), *(human(pair(name)) for name in pairs)]
    if len(heads) <= MOST:
        return [paper.table(["measure", *heads], _rows(names, levels, pairs, scenario), caption)]
    told = []
    for start in range(0, len(names), MOST):
        some = names[start : start + MOST]
        rows = list(_rows(some, levels, pairs, scenario))
        columns = [f"{name}, {label}" if label else name for (name, label), _ in rows]
        turned = [((head, ""), [cells[k] for _, cells in rows]) for k, head in enumerate(heads)]
        told.append(paper.table(["strategy", *columns], turned, caption if start == 0 else ""))
    return told


def desks(comparison: "Comparison | None", strategy: str) -> Iterator[str]:
    """The tables of one strategy at its desks: what happens there, and what the queue does to customers and money."""
    reason = comparison.why.get(strategy) if comparison is not None else None
    if comparison is None or reason is None:
        return
    outcomes, base, scenario = comparison.result.outcomes, comparison.baseline, comparison.result.scenario
    levels = {name: outcomes[name].measures for name in (base, strategy)}
    name = f"{strategy} - {base}"
    pairs = {name: comparison.differences[name]}
    heads = ["measure", human(base), human(strategy), human(pair(name))]
    caption = "What happens at the desk, with 90 % intervals; the difference is on the same customers."
    yield paper.table(heads, _rows(list(at_desk(reason.desks)), levels, pairs, scenario), caption)
    queues = {"queue under": reason.queue, "before": reason.baseline_queue, "change": reason.change}
    heads = ["what the queue does", f"under {human(strategy)}", f"under {human(base)}", "difference"]
    caption = (
        "Each strategy minus itself with agents for everybody, at the same pay: the same customers, but nobody waits."
    )
    yield paper.table(heads, _rows(list(reason.queue), {}, queues, scenario), caption)


def _rows(
    names: Sequence[str],
    levels: Mapping[str, Mapping[str, Estimate]],
    pairs: Mapping[str, Mapping[str, Estimate]],
    scenario: "Scenario",
) -> Iterator[tuple[tuple[str, str], list[Cell]]]:
    for name in names:
        counted = unit(name, scenario)
        cells = [_level(measures.get(name), counted) for measures in levels.values()]
        cells += [_difference(name, measures.get(name), counted) for measures in pairs.values()]
        label = "%, differences in percentage points" if pairs else "%"
        if counted != SHARE:
            label = "" if counted in titled(name).lower() else counted
        yield (titled(name), label), cells


def _level(estimate: Estimate | None, counted: str) -> Cell:
    if estimate is None or not known(estimate):
        return Cell("undefined", "", "unsure")
    mean, _, spread = interval(estimate, counted).partition(" [")
    return Cell(mean, f"[{spread}" if spread else "")


def _difference(name: str, estimate: Estimate | None, counted: str) -> Cell:
    if estimate is None or not known(estimate) or estimate.mean is None:
        return Cell("undefined", "", "unsure")
    if zero(estimate):
        return Cell("the same", "", "unsure")
    mean, _, spread = interval(estimate, counted, sign=True, bare=True).partition(" [")
    spread = f"[{spread}" if spread else ""
    if not clear(estimate):
        return Cell(f"({mean}", f"{spread})", "unsure") if spread else Cell(f"({mean})", "", "unsure")
    gain = direction(name) * estimate.mean
    return Cell(mean, spread, "better" if gain > 0 else "worse" if gain < 0 else "")
