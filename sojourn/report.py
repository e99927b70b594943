"""The report: one HTML file that opens anywhere, offline, with the answer first and every picture inside."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sojourn import described, doubts_told, paper, paying, reasons, trust
from sojourn.output import write_text
from sojourn.paper import Cell
from sojourn.plots.pictures import Picture
from sojourn.plots.pictures import figures as draw
from sojourn.plots.words import human, minus
from sojourn.report_numbers import chosen, desks, numbers
from sojourn.scenarios.arguments import arguments_checked
from sojourn.sim.wordofmouth import word_of_mouth

if TYPE_CHECKING:
    from sojourn.calibration.fit import Fit
    from sojourn.calibration.validate import Check
    from sojourn.experiments.compare import Comparison
    from sojourn.experiments.doubted import Uncertainty
    from sojourn.scenarios.model import Scenario
    from sojourn.sim.run import Result

NAIVE_GAP = 0.1  # below this relative gap the naive figure is no warning


@arguments_checked(name="write_report")
def write(
    path: str | Path,
    *,
    title: str = "",
    comparison: "Comparison | None" = None,
    result: "Result | None" = None,
    check: "Check | None" = None,
    notes: Sequence[str] = (),
    calibration: "Fit | None" = None,
    pictures: Sequence[Picture] | None = None,
    uncertainty: "Uncertainty | None" = None,
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
        pictures: what `figures` has drawn already; drawn here if left out.
        uncertainty: the same over draws of the numbers in doubt; that of the comparison if left out.

    Raises:
        Faults: the file cannot be written.
    """
    doubted = uncertainty or (comparison.uncertainty if comparison is not None else None)
    drawn = figures(comparison, result, check, doubted) if pictures is None else pictures
    page = _page(title, comparison, result, check, notes, calibration, drawn, doubted)
    return write_text(str(path), page, option=str(path))


def figures(
    comparison: "Comparison | None",
    result: "Result | None",
    check: "Check | None" = None,
    uncertainty: "Uncertainty | None" = None,
) -> list[Picture]:
    """Draws the pictures of a report, with the measures that its tables show."""
    result = comparison.result if comparison is not None else result
    drawn = draw(comparison or result, check=check, measures=chosen(result, comparison) if result else None)
    if uncertainty is not None:
        from sojourn.plots.doubts import picture

        drawn.insert(1 if comparison is not None else 0, picture(uncertainty, _measure(comparison, uncertainty)))
    return drawn


def _measure(comparison: "Comparison | None", doubted: "Uncertainty") -> str:
    """What the verdict is about, else the first measure that there is."""
    return comparison.verdict.measure if comparison is not None else next(iter(doubted.lived.figures))


def _page(
    title: str,
    comparison: "Comparison | None",
    result: "Result | None",
    check: "Check | None",
    notes: Sequence[str],
    calibration: "Fit | None",
    drawn: Sequence[Picture],
    doubted: "Uncertainty | None",
) -> str:
    result = comparison.result if comparison is not None else result
    scenario = result.scenario if result is not None else None
    about = scenario.about if scenario is not None else None
    heading = title or (about.title or human(about.name) if about else "") or "Sojourn"
    trusted = [*_trust(comparison, result, check, calibration, doubted), *notes]
    parts = [
        f"<header>\n<h1>{paper.text(heading)}</h1>",
        paper.paragraph(about.description, "soft") if about and about.description else "",
        "</header>",
        paper.paragraph(plainly(_answer(comparison, result, check), scenario), "answer"),
        paper.paragraph(said) if (said := _by_the_day(result)) else "",
        numbers(comparison, result),
        paper.section("What happens at the desk", *_desks(comparison)),
        paper.section("When it pays back", *_paying(comparison)),
        paper.section("How far to trust this", paper.bullets(plainly(line, scenario) for line in trusted)),
        paper.section("Pictures", *_pictures(drawn, result)),
        paper.section("The strategies", *_strategies(result)),
        paper.section("What the numbers rest on", *_sources(result, calibration)),
        _tuned_to(result),
        paper.section("Not measured", paper.paragraph(_unmeasured(scenario))) if scenario is not None else "",
        paper.section("To run it again", paper.facts(_facts(result))) if result is not None else "",
    ]
    return paper.page(heading, parts)


def _answer(comparison: "Comparison | None", result: "Result | None", check: "Check | None") -> str:
    if comparison is not None:
        return minus(comparison.verdict.sentence)
    if result is not None:
        from sojourn.answers import run_sentence

        return run_sentence(result).replace("`", "")
    return (
        check.sentence
        if check is not None
        else "Nothing was run and nothing was fitted, so there is nothing to report."
    )


def _by_the_day(result: "Result | None") -> str:
    """What stands right under the answer where costs a day meet other customers than the scenario's own; else empty."""
    if result is None:
        return ""
    return trust.by_the_day(result.scenario, result.customers, list(result.outcomes)) or ""


def _desks(comparison: "Comparison | None") -> Iterator[str]:
    """Under each strategy whose customers wait or give up more or less than under the baseline."""
    if comparison is None:
        return
    for name, reason in comparison.why.items():
        yield f"<h3>{paper.text(human(name))}</h3>"
        yield paper.paragraph(plainly(reasons.sentence(comparison, reason), comparison.result.scenario))
        yield from desks(comparison, name)


def _paying(comparison: "Comparison | None") -> Iterator[str]:
    for line in paying.lines(comparison, everything=True) if comparison is not None else ():
        yield paper.paragraph(plainly(minus(line), comparison.result.scenario if comparison is not None else None))


def plainly(sentence: str, scenario: "Scenario | None") -> str:
    """A sentence with the scenario's names as the rest of the page writes them, without underscores."""
    sentence = sentence.replace(" -> ", " → ")
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


def _trust(
    comparison: "Comparison | None",
    result: "Result | None",
    check: "Check | None",
    calibration: "Fit | None",
    doubted: "Uncertainty | None",
) -> Iterator[str]:
    if result is not None:
        yield trust.replications(result.replications, paired=comparison is not None)
        if comparison is not None:
            yield trust.stopped(comparison.verdict) or ""
        if doubted is not None:
            parts = " ".join(doubts_told.sentences(doubted, _measure(comparison, doubted)))
            yield f"{doubts_told.heading(doubted)}: {parts}"
        yield from trust.assumptions(result.scenario, list(result.outcomes), drawn=doubted is not None)
        networks = {name: outcome.network for name, outcome in result.outcomes.items()}
        carried = {name: told for name, one in networks.items() if (told := word_of_mouth(one, result.customers))}
        yield from trust.word_of_mouth_in_short(carried, result.scenario)
        yield trust.stand_ins(result.scenario, result.customers, list(result.outcomes)) or ""
    if check is not None:
        yield f"Fit: {check.sentence}"
    yield from _naive(calibration, check)
    if calibration is not None:
        yield from calibration.notes


def _naive(calibration: "Fit | None", check: "Check | None") -> Iterator[str]:
    """What the usual shortcut would have said: against the fit where its means are within reach, else as observed."""
    told: list[tuple[str, float, float, str]] = []
    for name, stage in calibration.stages.items() if calibration is not None else ():
        law = stage.dwell
        if law is None or law.naive_mean is None or not stage.still_open:
            continue
        if stage.mean_within_reach:
            told.append((name, law.naive_mean, law.mean, ""))
        elif law.never > 0.0:  # no mean of all stays, but one of the days that were watched
            told.append((name, law.naive_mean, stage.restricted[0], f"of the first {stage.longest:,.0f}"))
    if not told and check is not None:
        for one in check.quantities:
            kind, _, name = one.name.partition(".")
            if kind == "dwell" and one.naive is not None and one.observed.mean is not None:
                told.append((name, one.naive, one.observed.mean, one.unit.removeprefix("days").strip(", ")))
    apart = [
        f"{_days(naive)} in {human(name)}, not {_days(mean)}{f' ({limit})' if limit else ''}"
        for name, naive, mean, limit in told
        if mean > 0 and abs(naive - mean) > NAIVE_GAP * mean
    ]
    if apart:
        yield f"Leaving unfinished stays out would have said {'; '.join(apart)}. Here they count for as long as seen."


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
        told.append(
            f"{human(name)}: {described.effects(lever)}. Costs {described.costs(lever, result.scenario.about.currency)}."
        )
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
                    else f"{stage.restricted[0]:,.1f} ± {1.645 * stage.restricted[1]:,.1f} of the first {stage.longest:,.0f}"
                    if law and law.never > 0.0
                    else f"more than {stage.longest:,.0f}, the longest watched"
                    if law
                    else "–"
                ),
                Cell(f"{law.naive_mean:,.1f}" if law and law.naive_mean is not None else "–", "", "unsure"),
            ],
        )


def _tuned_to(result: "Result | None") -> str:
    if result is None or not result.scenario.targets:
        return ""
    from sojourn.report_targets import tuned_to

    return tuned_to(result)


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
