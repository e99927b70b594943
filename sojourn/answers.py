"""What `run` and `compare` print: the answer, a table, how far it can be trusted and what was not measured."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from sojourn import tables, trust
from sojourn.experiments.compare import Comparison
from sojourn.figures import spans_zero, zero
from sojourn.sim.run import Result
from sojourn.sim.vocabulary import title
from sojourn.sim.wordofmouth import word_of_mouth
from sojourn.terminal import plain

NAMED = 3  # strategies that the first line of `run` names


def print_run(result: Result, out: Console, *, everything: bool, warnings: Sequence[str] = ()) -> None:
    """Print the measures of every strategy of a run."""
    _line(out, run_sentence(result), "bold")
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
    _trust(out, result, paired=False, warnings=warnings)


def run_sentence(result: Result) -> str:
    """Return the first line of `run`: each strategy's profit, or what comes first where no money is at stake."""
    measures = {name: outcome.measures for name, outcome in result.outcomes.items()}
    first = next(iter(tables.chosen(measures.values(), everything=False)[0]), None)
    if first is None:
        return f"Nothing happens in {trust.horizon(result.scenario)}: every measure is zero or undefined."
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


def print_comparison(comparison: Comparison, out: Console, *, everything: bool, warnings: Sequence[str] = ()) -> None:
    """Print the verdict of a comparison and the differences that stand behind it."""
    result, base = comparison.result, comparison.baseline
    _line(out, comparison.verdict.sentence, "bold")
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
    heads = [base, *comparison.differences]
    for table in tables.build(names, heads, cells, result.scenario, width=out.width):
        out.print()
        out.print(table)
    if same:
        _line(out, f"Exactly the same under every strategy: {', '.join(title(name) for name in same)}.", "dim")
    if any(spans_zero(found[n]) for found in comparison.differences.values() for n in names if n in found):
        _line(out, "In brackets and grey: the interval includes 0, so the sign is not known.", "dim")
    _more(out, more)
    _trust(out, result, paired=True, warnings=[*warnings, *_rerun(comparison)])


def _rerun(comparison: Comparison) -> Iterable[str]:
    """Yield what more replications would settle."""
    verdict, count = comparison.verdict, comparison.result.replications
    for name, found in comparison.differences.items():
        needed = trust.more_replications(found[verdict.measure], count) if verdict.measure in found else None
        if needed:
            what = f"the {title(verdict.measure).lower()} of {name}"
            yield f"About --replications {needed} would tell {what} from 0, should it stay as large as it looks now."


def _trust(out: Console, result: Result, *, paired: bool, warnings: Sequence[str]) -> None:
    scenario, strategies = result.scenario, list(result.outcomes)
    out.print()
    _line(out, "How far to trust this", "bold")
    networks = {name: outcome.network for name, outcome in result.outcomes.items()}
    carried = {name: found for name in networks if (found := word_of_mouth(networks[name], result.customers))}
    lines = [
        trust.replications(result.replications, paired=paired),
        *trust.assumptions(scenario, strategies),
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
