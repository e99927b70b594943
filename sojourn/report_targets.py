"""The part of a report on what its numbers were tuned to: simulated anew, at a bounded cost."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sojourn import paper, target_words
from sojourn.experiments.attained import Evaluation
from sojourn.experiments.targets import evaluate_targets, needed, versions
from sojourn.paper import Cell
from sojourn.plots.words import human, minus, number
from sojourn.scenarios.faults import Faults

if TYPE_CHECKING:
    from sojourn.sim.run import Result

MOST_LIVES = 1_000_000  # customers simulated for the targets of a report: a few seconds
HEADING = "What its numbers were tuned to"


def tuned_to(result: "Result") -> str:
    """The section; nothing where the scenario has no targets.

    The targets hold for the scenario's own arrivals, so these are simulated, with the run's seed and at most its
    replications: as many as `MOST_LIVES` customers allow.
    """
    scenario = result.scenario
    if not scenario.targets:
        return ""
    expected = scenario.arrivals.expected(scenario.about.horizon_days)
    each = expected * sum(map(len, needed(scenario, versions(scenario)).values()))
    replications = min(max(result.replications, 2), int(MOST_LIVES / each) if each else 2)
    try:
        if replications < 2:
            lines = [
                f"Not simulated here, for one replication has {number(each)} customers: `sojourn targets` does it."
            ]
            return paper.section(HEADING, paper.bullets([*_stated(result), *lines]))
        found = evaluate_targets(scenario, replications=replications, seed=result.seed)
    except Faults as faults:
        return paper.section(HEADING, paper.bullets([*_stated(result), *map(str, faults.faults)]))
    return paper.section(HEADING, paper.paragraph(_sentence(found)), *_parts(found))


def page(found: Evaluation, notes: Sequence[str]) -> str:
    """A page of its own, with as many customers as were asked for."""
    about = found.scenario.about
    heading = about.title or human(about.name)
    parts = [
        f"<header>\n<h1>{paper.text(heading)}</h1>\n</header>",
        paper.paragraph(_sentence(found), "answer"),
        paper.section(HEADING, *_parts(found)),
        paper.bullets(notes) if notes else "",
    ]
    return paper.page(f"{heading}: {HEADING.lower()}", parts)


def _sentence(found: Evaluation) -> str:
    sentence = minus(found.sentence)
    for target in found.scenario.targets:
        sentence = sentence.replace(target.name, human(target.name))
    return sentence


def _parts(found: Evaluation) -> list[str]:
    rows = []
    for one in found.attained:
        spread = target_words.simulated(one, found.scenario).partition(" [")
        off = target_words.misfit(one).partition(" [")
        cells = [
            Cell(target_words.asked(one, found.scenario)),
            Cell(spread[0], "".join(spread[1:]).strip()),
            Cell(off[0], "".join(off[1:]).strip()),
            Cell(target_words.met(one), "", "unsure" if one.met is None else ""),
        ]
        rows.append(((human(one.target.name), ""), cells))
    parts = [paper.table(["target", "asked", "simulated", "misfit", "met"], rows, "90 % intervals in brackets.")]
    for one in found.attained:
        heading = f"<h3>{paper.text(human(one.target.name))}</h3>"
        parts.append(f"{heading}\n{paper.bullets(target_words.told(one))}")
    return [*parts, "<h3>How far to trust these</h3>", paper.bullets(target_words.trust(found))]


def _stated(result: "Result") -> list[str]:
    return [f"{target.statement} ({target.origin})" for target in result.scenario.targets]
