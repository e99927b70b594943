"""What `sojourn validate` prints: whether a scenario is sound, and what its numbers imply before any run.

Nothing here needs numba or scipy, which are slow to load: an editor may call it on every save.
"""

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from sojourn import trust
from sojourn.opening import blaming, opened
from sojourn.plots.words import number
from sojourn.scenarios import grades
from sojourn.scenarios.model import Scenario
from sojourn.sim import outlook
from sojourn.sim.money import only_spent
from sojourn.sim.network import build
from sojourn.sim.wordofmouth import refuse_avalanche
from sojourn.terminal import console, plain

LISTED = 4  # places that a line names
DRIFT = 5.0  # points between start and long run above which the numbers deserve a second look


def print_validation(name: str, variant: str | None) -> None:
    """Print what can be said of a scenario; Faults if it is not sound."""
    scenario, warnings = opened(name, variant)
    with blaming(name, scenario):
        carried = refuse_avalanche([build(scenario, strategy) for strategy in scenario.strategies])
    out = console()
    _say(out, sound(scenario), "bold")
    for line in warnings:
        _say(out, f"- warning: {line}", "yellow")
    for line in (
        *money(scenario),
        *trust.word_of_mouth(carried, scenario),
        *satisfaction(scenario),
        *frailty(scenario),
        *sources(scenario),
        *targets(scenario),
    ):
        _say(out, f"- {line}")


def sound(scenario: Scenario) -> str:
    """Return the first line: the scenario is sound, and how large it is."""
    counts = (
        (len(scenario.stages), "stage"),
        (len(scenario.segments), "segment"),
        (len(scenario.levers), "lever"),
        (len(scenario.desks), "desk"),
        (len(scenario.surveys), "survey"),
    )
    parts = [f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts if count]
    strategies = ", ".join(scenario.strategies)
    return (
        f'"{scenario.about.name}" is sound: {", ".join(parts)} over {trust.horizon(scenario)}; strategies {strategies}.'
        f" Run it: sojourn {'compare' if len(scenario.strategies) > 1 else 'run'}."
    )


def money(scenario: Scenario) -> Iterator[str]:
    """Yield the warning that levers cost money and nothing brings any."""
    if only_spent(scenario):
        yield (
            "warning: levers cost money and nothing brings any, so every lever can only lose some; give a stage a revenue, as in"
            " revenue = 40.0, or compare by another measure."
        )


def satisfaction(scenario: Scenario) -> Iterator[str]:
    """Yield where satisfaction settles at each touchpoint, and under which strategies it differs."""
    found: dict[str, dict[str, outlook.Settled]] = {}
    for strategy in scenario.strategies:
        for row in outlook.settled(scenario, strategy):
            found.setdefault(row.stage, {})[strategy] = row
    for stage, by_strategy in found.items():
        start = next(iter(by_strategy.values())).start
        means = {strategy: number(row.mean, 1) for strategy, row in by_strategy.items()}
        if len(set(means.values())) == 1:
            where = next(iter(means.values()))
        else:
            where = ", ".join(f"{mean} under {strategy}" for strategy, mean in means.items())
        line = f"Satisfaction starts at {number(start, 1)} and settles, by many visits to {stage}, at {where}"
        if any(abs(row.mean - start) > DRIFT for row in by_strategy.values()):
            line += " (waiting aside; check performance, expectation and recovery if this is not meant)"
        yield line + "."


def frailty(scenario: Scenario) -> Iterator[str]:
    """Yield stated and averaged shares of the exits that frailty touches."""
    for row in outlook.averaged(scenario):
        if f"{row.stated:.4f}" == f"{row.average:.4f}":
            continue
        meaning = "by the horizon" if row.race else "of those who leave"
        who = "at the average rate" if row.own else "the customer in the middle"
        yield (
            f"{row.exit}: {number(100 * row.stated, 1)} % {meaning} as stated ({who}),"
            f" {number(100 * row.average, 1)} % averaged over all customers."
        )


def sources(scenario: Scenario) -> Iterator[str]:
    """Yield one line on numbers that do not say where they come from; nothing where all do."""
    count, places = grades.in_short(scenario.document())
    if not count:
        return
    more = f" and {len(places) - LISTED} more" if len(places) > LISTED else ""
    numbers = "1 number has no source" if count == 1 else f"{count} numbers have no source"
    yield f"{numbers}: {', '.join(places[:LISTED])}{more}. Effects take evidence and source, all else an entry of [[sources]]."


def targets(scenario: Scenario) -> Iterator[str]:
    """Yield how many targets there are, and what tells whether they are met."""
    count = len(scenario.targets)
    if count:
        yield f"{count} target{'' if count == 1 else 's'}: `sojourn targets` tells how near the numbers come."


def _say(out: Console, text: str, style: str = "") -> None:
    out.print(Text(plain(text), style), soft_wrap=True)
