"""The report: one HTML file that opens anywhere, offline, with the answer first and every picture inside."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sojourn import described, paper, tables, trust
from sojourn.output import write_text
from sojourn.paper import Cell
from sojourn.plots.pictures import Picture, figures
from sojourn.plots.words import SHARE, clear, human, interval, known
from sojourn.sim.estimates import Estimate
from sojourn.sim.vocabulary import direction, unit
from sojourn.sim.vocabulary import title as titled
from sojourn.sim.wordofmouth import word_of_mouth

if TYPE_CHECKING:
    from sojourn.calibration.fit import Fit
    from sojourn.calibration.validate import Check
    from sojourn.experiments.compare import Comparison
    from sojourn.scenarios.model import Scenario
    from sojourn.sim.run import Result

NAIVE_GAP = 0.1  # below this relative gap the naive figure is no warning


def write(
    path: str | Path,
    *,
    title: str = "",
    comparison: "Comparison | None" = None,
    result: "Result | None" = None,
    check: "Check | None" = None,
    notes: Sequence[str] = (),
    calibration: "Fit | None" = None,
) -> Path:
    """Writes the report, whole or not at all; returns its path.

    Args:
        path: the HTML file.
        title: of the page; the scenario's if left out.
        comparison: strategies against a baseline; its result is reported too.
        result: a run, where nothing is compared.
        check: the fit laid beside customers whom it has not seen.
        notes: sentences that belong under the answer, on how far it can be trusted.
        calibration: the fit that the scenario comes from.

    Raises:
        Faults: the file cannot be written.
    """
    return write_text(str(path), _page(title, comparison, result, check, notes, calibration), option=str(path))


def _page(
    title: str,
    comparison: "Comparison | None",
    result: "Result | None",
    check: "Check | None",
    notes: Sequence[str],
    calibration: "Fit | None",
) -> str:
    result = comparison.result if comparison is not None else result
    scenario = result.scenario if result is not None else None
    about = scenario.about if scenario is not None else None
    heading = title or (about.title or human(about.name) if about else "") or "Sojourn"
    drawn = figures(comparison or result, check=check, measures=_chosen(result)[0] if result else None)
    trusted = [*_trust(comparison, result, check, calibration), *notes]
    parts = [
        f"<header>\n<h1>{paper.text(heading)}</h1>",
        paper.paragraph(about.description, "soft") if about and about.description else "",
        "</header>",
        paper.paragraph(_plainly(_answer(comparison, result, check), scenario), "answer"),
        _numbers(comparison, result),
        paper.section("How far to trust this", paper.bullets(_plainly(line, scenario) for line in trusted)),
        paper.section("Pictures", *_pictures(drawn, result)),
        paper.section("The strategies", *_strategies(result)),
        paper.section("What the numbers rest on", *_sources(result, calibration)),
        paper.section("Not measured", paper.paragraph(_unmeasured(scenario))) if scenario is not None else "",
        paper.section("To run it again", paper.facts(_facts(result))) if result is not None else "",
    ]
    return paper.page(heading, parts)


def _answer(comparison: "Comparison | None", result: "Result | None", check: "Check | None") -> str:
    if comparison is not None:
        return comparison.verdict.sentence
    if result is not None:
        from sojourn.answers import run_sentence

        return run_sentence(result).replace("`", "")
    return (
        check.sentence
        if check is not None
        else "Nothing was run and nothing was fitted, so there is nothing to report."
    )


def _plainly(sentence: str, scenario: "Scenario | None") -> str:
    """A sentence with the scenario's names as the rest of the page writes them, without underscores."""
    if scenario is None:
        return sentence
    names = [
        n
        for group in (scenario.strategies, scenario.levers, scenario.stages, scenario.desks)
        for n in group
        if "_" in n
    ]
    if not names:
        return sentence
    either = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return re.sub(rf"(?<![\w.])({either})(?![\w.]*\w)", lambda found: human(found[0]), sentence)


def _chosen(result: "Result") -> tuple[list[str], int]:
    return tables.chosen((outcome.measures for outcome in result.outcomes.values()), everything=False)


def _numbers(comparison: "Comparison | None", result: "Result | None") -> str:
    """The table that stands under the answer, and all measures for those who open them."""
    if result is None:
        return ""
    names, _ = _chosen(result)
    everything = list(dict.fromkeys(name for outcome in result.outcomes.values() for name in outcome.measures))
    heads = ["measure", *map(human, result.outcomes)]
    levels = {name: outcome.measures for name, outcome in result.outcomes.items()}
    full = paper.folded(
        f"All {len(everything)} measures", paper.table(heads, _rows(everything, levels, {}, result.scenario))
    )
    if comparison is None:
        shown = paper.table(heads, _rows(names, levels, {}, result.scenario), "90 % intervals in brackets.")
        return paper.section("What each strategy gives" if len(levels) > 1 else "What it gives", shown, full)
    pairs = comparison.differences
    base = {comparison.baseline: levels[comparison.baseline]}
    names = [n for n in names if any(any(one.get(n, (0.0,))) for one in pairs.values())]
    heads = [
        "measure",
        f"{human(comparison.baseline)} (baseline)",
        *(human(pair).replace(" - ", " − ") for pair in pairs),
    ]
    caption = "Differences are the strategy minus the baseline, on the same customers, with 90 % intervals. Grey and in"
    caption += " parentheses: the interval spans 0, so the sign is not known."
    return paper.section("What changes", paper.table(heads, _rows(names, base, pairs, result.scenario), caption), full)


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
    if not any(estimate):
        return Cell("the same", "", "unsure")
    mean, _, spread = interval(estimate, counted, sign=True).replace(" %", "").partition(" [")
    spread = f"[{spread}" if spread else ""
    if not clear(estimate):
        return Cell(f"({mean}", f"{spread})", "unsure") if spread else Cell(f"({mean})", "", "unsure")
    gain = direction(name) * estimate.mean
    return Cell(mean, spread, "better" if gain > 0 else "worse" if gain < 0 else "")


def _trust(
    comparison: "Comparison | None", result: "Result | None", check: "Check | None", calibration: "Fit | None"
) -> Iterator[str]:
    if result is not None:
        yield trust.replications(result.replications, paired=comparison is not None)
        yield from trust.assumptions(result.scenario, list(result.outcomes))
        networks = {name: outcome.network for name, outcome in result.outcomes.items()}
        carried = {name: told for name, one in networks.items() if (told := word_of_mouth(one, result.customers))}
        yield from trust.word_of_mouth_in_short(carried, result.scenario)
        yield trust.stand_ins(result.scenario, result.customers, list(result.outcomes)) or ""
    if check is not None:
        yield f"Fit: {check.sentence}"
    if calibration is not None:
        yield from _naive(calibration)
        yield from calibration.notes


def _naive(calibration: "Fit") -> Iterator[str]:
    """What the usual shortcut would have said."""
    apart = []
    for name, stage in calibration.stages.items():
        law = stage.dwell
        if (
            law is None
            or law.naive_mean is None
            or not stage.still_open
            or not stage.mean_within_reach
            or law.mean <= 0
        ):
            continue
        if abs(law.naive_mean - law.mean) > NAIVE_GAP * law.mean:
            apart.append(f"{_days(law.naive_mean)} in {human(name)}, not {_days(law.mean)}")
    if apart:
        yield f"Leaving unfinished stays out would have said {'; '.join(apart)}. Here they count for as long as they were seen."


def _days(value: float) -> str:
    return f"{value:,.0f} days" if value >= 9.95 else f"{value:.1f} days"


def _pictures(drawn: Sequence[Picture], result: "Result | None") -> Iterator[str]:
    """Those of the first strategy (the baseline) in the open, the others' to unfold."""
    first = next(iter(result.outcomes)) if result is not None else None
    for one in drawn:
        if one.strategy in (None, first):
            yield paper.picture(one)
    for name in list(result.outcomes)[1:] if result is not None else []:
        yield paper.folded(
            f"The same pictures for {human(name)}", *(paper.picture(p) for p in drawn if p.strategy == name)
        )


def _strategies(result: "Result | None") -> Iterator[str]:
    if result is None:
        return
    for name in result.outcomes:
        yield f"<h3>{paper.text(human(name))}</h3>\n{paper.bullets(described.strategy(result.scenario, name))}"
    used = trust.used_levers(result.scenario, list(result.outcomes))
    told = []
    for name in used:
        lever = result.scenario.levers[name]
        does = "; ".join(map(described.effect, lever.effects)) or "nothing"
        told.append(f"{human(name)}: {does}. Costs {described.costs(lever, result.scenario.about.currency)}.")
    if told:
        yield f"<h3>What the levers do and cost at 100 %</h3>\n{paper.bullets(told)}"


def _sources(result: "Result | None", calibration: "Fit | None") -> Iterator[str]:
    if result is not None:
        levers = trust.used_levers(result.scenario, list(result.outcomes))
        rows = [
            ((what, ""), [Cell(grade), Cell(source)])
            for what, grade, source in described.sources(result.scenario, levers)
        ]
        yield paper.table(
            ["number", "evidence", "source"], rows, "measured: own data; borrowed: published; assumed: judgement."
        )
    if calibration is not None:
        yield paper.table(
            ["stage", "stays", "unfinished", "law", "mean days", "finished stays alone"],
            _laws(calibration),
            f"Fitted to {calibration.log.source}; unfinished stays count as long as they were seen.",
        )


def _laws(calibration: "Fit") -> Iterator[tuple[tuple[str, str], list[Cell]]]:
    for name, stage in calibration.stages.items():
        law = stage.dwell
        finite = stage.mean_within_reach  # beyond it only the law speaks for the mean
        yield (
            (human(name), ""),
            [
                Cell(f"{stage.entries:,}"),
                Cell(f"{stage.still_open:,}"),
                Cell(law.law if law else "never left"),
                Cell(
                    f"{law.mean:,.1f} ± {1.645 * law.mean_error:,.1f}"
                    if law and finite
                    else f"more than {stage.longest:,.0f}, the longest watched"
                    if law
                    else "–"
                ),
                Cell(f"{law.naive_mean:,.1f}" if law and law.naive_mean is not None else "–", "", "unsure"),
            ],
        )


def _unmeasured(scenario: "Scenario") -> str:
    return trust.unmeasured(scenario) or "Everything that the measures can tell, the scenario defines."


def _facts(result: "Result") -> list[tuple[str, object]]:
    from importlib.metadata import version

    return [
        ("scenario", result.scenario.about.name),
        ("digest", result.scenario.digest),
        ("strategies", ", ".join(result.outcomes)),
        ("customers", f"{result.customers:,}" if result.customers is not None else "as the scenario says"),
        ("replications", result.replications),
        ("seed", result.seed),
        ("engine", result.engine),
        ("sojourn", version("sojourn")),
    ]
