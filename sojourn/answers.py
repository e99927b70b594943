"""What `run` and `compare` print: the answer, a table, how far it can be trusted and what was not measured."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from sojourn import doubts_told, paying, reasons, tables, trust
from sojourn.plots.words import bounded, clear, minus, pair, zero
from sojourn.sim.run import Result
from sojourn.sim.vocabulary import headline, prefix, title
from sojourn.sim.wordofmouth import word_of_mouth
from sojourn.terminal import plain

if TYPE_CHECKING:
    from sojourn.experiments.compare import Comparison
    from sojourn.experiments.doubted import Uncertainty

NAMED = 3  # strategies that the first line of `run` names


def print_run(
    result: Result,
    out: Console,
    *,
    everything: bool,
    warnings: Sequence[str] = (),
    uncertainty: "Uncertainty | None" = None,
) -> None:
    """Print the measures of every strategy of a run."""
    _line(out, run_sentence(result), "bold")
    _by_the_day(out, result)
    levels = {name: outcome.measures for name, outcome in result.outcomes.items()}
    names, more = tables.chosen(levels.values(), everything=everything)
    cells = {
        name: [tables.level(name, measures.get(name), result.scenario) for measures in levels.values()]
        for name in names
    }
    for table in tables.build(names, list(levels), cells, result.scenario, width=out.width):
        out.print()
        out.print(table)
    _more(out, more)
    if uncertainty is not None:
        out.print()
        doubts_told.print_doubts(uncertainty, out, names)
    _trust(out, result, paired=False, warnings=warnings, drawn=uncertainty is not None)


def run_sentence(result: Result) -> str:
    """Return the first line of `run`: each strategy's profit, or what comes first where no money is at stake."""
    measures = {name: outcome.measures for name, outcome in result.outcomes.items()}
    first = _first(result)
    if first is None:
        return f"Nothing happens in {trust.horizon(result.scenario)}: every measure says none, all or nothing at all."
    about = "Profit" if first == "profit" else title(first)
    unit = tables.unit_of(first, result.scenario)
    said = []
    for name in list(measures)[:NAMED]:
        written = tables.level(first, measures[name].get(first), result.scenario).text
        amount = f"{unit} {written}" if unit == result.scenario.about.currency else f"{written} {unit}".strip()
        said.append(f"{name} {amount}")
    rest = len(measures) - len(said)
    others = f", and {rest} more below" if rest else ""
    compared = " `sojourn compare` tells whether they differ." if len(measures) > 1 else ""
    return f"{about} over {trust.horizon(result.scenario)}: {'; '.join(said)}{others}.{compared}"


def _first(result: Result) -> str | None:
    """The measure to begin with: money, purchases and the like, else how many get to the furthest stage before an end."""
    families = [outcome.measures for outcome in result.outcomes.values()]
    shown = tables.chosen(families, everything=False)[0]
    if shown and prefix(shown[0]) == "reach":
        onward = [f"reach.{name}" for name, stage in result.scenario.stages.items() if not stage.end]
        telling = [name for name in onward if headline(*({name: one[name]} for one in families if name in one))]
        return telling[-1] if telling else shown[0]
    return shown[0] if shown else None


def print_comparison(comparison: "Comparison", out: Console, *, everything: bool, warnings: Sequence[str] = ()) -> None:
    """Print the verdict of a comparison and the differences that stand behind it."""
    result, base = comparison.result, comparison.baseline
    _line(out, minus(comparison.verdict.sentence), "bold")
    _by_the_day(out, result)
    for line in [*reasons.lines(comparison), *paying.lines(comparison)]:
        _line(out, line)
    names, more = tables.chosen(
        (outcome.measures for outcome in result.outcomes.values()),
        everything=everything,
        first=comparison.verdict.measure,
    )
    same = [n for n in names if all(n in d and zero(d[n]) for d in comparison.differences.values())]
    names = [name for name in names if name not in same]
    baseline = result.outcomes[base].measures
    cells = {
        name: [
            tables.level(name, baseline.get(name), result.scenario),
            *(tables.difference(name, found.get(name), result.scenario) for found in comparison.differences.values()),
        ]
        for name in names
    }
    heads = [base, *map(pair, comparison.differences)]
    for table in tables.build(names, heads, cells, result.scenario, width=out.width):
        out.print()
        out.print(table)
    if same:
        _line(out, f"Exactly the same under every strategy: {', '.join(title(name) for name in same)}.", "dim")
    unclear = [
        found[n] for found in comparison.differences.values() for n in names if n in found and not clear(found[n])
    ]
    if unclear:
        why = "the interval includes 0" if all(map(bounded, unclear)) else "the interval includes 0, or there is none"
        _line(out, f"In brackets and grey: {why}, so the sign is not known.", "dim")
    _more(out, more)
    if comparison.uncertainty is not None:
        out.print()
        doubts_told.print_doubts(comparison.uncertainty, out, names)
    drawn = comparison.uncertainty is not None
    _trust(out, result, paired=True, warnings=[*_stopped(comparison), *warnings, *_rerun(comparison)], drawn=drawn)


def _by_the_day(out: Console, result: Result) -> None:
    said = trust.by_the_day(result.scenario, result.customers, list(result.outcomes))
    if said is not None:
        _line(out, said)


def _stopped(comparison: "Comparison") -> Iterable[str]:
    """Yield what made an end, where replications were added until the answer was settled."""
    said = trust.stopped(comparison.verdict)
    if said is not None:
        yield said


def _rerun(comparison: "Comparison") -> Iterable[str]:
    """Yield what more replications would settle, all strategies in one line."""
    measure, count = comparison.verdict.measure, comparison.result.replications
    settled = []
    for name, found in comparison.differences.items():
        needed = trust.more_replications(found[measure], count) if measure in found else None
        if needed:
            settled.append(f"{needed} for {pair(name)}")
    if settled:
        yield (
            f"About so many --replications would tell a difference in {measure} from 0, should it stay as large as it"
            f" looks now: {', '.join(settled)}."
        )


def _trust(out: Console, result: Result, *, paired: bool, warnings: Sequence[str], drawn: bool) -> None:
    scenario, strategies = result.scenario, list(result.outcomes)
    out.print()
    _line(out, "How far to trust this", "bold")
    networks = {name: outcome.network for name, outcome in result.outcomes.items()}
    carried = {name: found for name in networks if (found := word_of_mouth(networks[name], result.customers))}
    lines = [
        trust.replications(result.replications, paired=paired),
        *trust.assumptions(scenario, strategies, drawn=drawn),
        *trust.word_of_mouth_in_short(carried, scenario),
        *warnings,
    ]
    lines += filter(None, (trust.stand_ins(scenario, result.customers, strategies), trust.unmeasured(scenario)))
    for line in lines:
        _line(out, f"- {line}")


def _more(out: Console, more: int) -> None:
    if more:
        _line(out, f"{more} more {'measure' if more == 1 else 'measures'} with --all.", "dim")


def _line(out: Console, text: str, style: str = "") -> None:
    out.print(Text(plain(text), style), soft_wrap=True)
