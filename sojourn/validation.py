"""What `sojourn validate` prints: whether a scenario is sound, and what its numbers imply before any run.

Nothing here needs numba or scipy.stats: an editor may call it on every save.
"""

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.text import Text

from sojourn.figures import figure
from sojourn.scenarios import checks
from sojourn.scenarios.files import load
from sojourn.scenarios.model import Scenario
from sojourn.sim import outlook, wordofmouth
from sojourn.sim.network import Network, build
from sojourn.sim.wordofmouth import refuse_avalanche
from sojourn.terminal import console, plain
from sojourn.trust import horizon

DRIFT = 5.0  # points between start and long run above which the numbers deserve a second look


def print_validation(name: str, variant: str | None) -> None:
    """Print what can be said of a scenario; Faults if it is not sound."""
    scenario = load(name, variant=variant)
    networks = [build(scenario, strategy) for strategy in scenario.strategies]
    refuse_avalanche(networks)
    out = console()
    _say(out, sound(scenario), "bold")
    doubts, carried = warnings(scenario), list(word_of_mouth(networks))
    for line in doubts:
        _say(out, f"- warning: {line}", "yellow")
    for line in (*carried, *satisfaction(scenario), *frailty(scenario)):
        _say(out, f"- {line}")


def sound(scenario: Scenario) -> str:
    """Return the first line: the scenario is sound, and how large it is."""
    counts = (
        (len(scenario.stages), "stage"),
        (len(scenario.segments), "segment"),
        (len(scenario.levers), "lever"),
        (len(scenario.desks), "desk"),
    )
    parts = [f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts if count]
    strategies = ", ".join(scenario.strategies)
    return (
        f'"{scenario.about.name}" is sound: {", ".join(parts)} over {horizon(scenario)}; strategies {strategies}.'
        f" Run it: sojourn {'compare' if len(scenario.strategies) > 1 else 'run'}."
    )


def warnings(scenario: Scenario) -> list[str]:
    """Return what is allowed but probably not meant, a line each."""
    return [str(doubt) for doubt in checks.warnings(scenario, scenario.about.name)]


def word_of_mouth(networks: Iterable[Network]) -> Iterator[str]:
    """Yield how far invitations carry, strategies that agree on one line; nothing where nobody invites."""
    lines: dict[str, list[str]] = {}
    for network in networks:
        found = wordofmouth.word_of_mouth(network)
        if found is None:
            continue
        line = f"R = {found.reproduction:.2g}, about {found.invitees:,.0f} invitees in {horizon(network.scenario)}"
        if found.reproduction >= 1.0:
            line += ": it feeds itself"
            line += f" and doubles every {figure(found.doubling_days, 0)} days" if found.doubling_days else ""
        lines.setdefault(line, []).append(network.strategy)
    for line, strategies in lines.items():
        yield f"word of mouth under {', '.join(strategies)}: {line}."


def satisfaction(scenario: Scenario) -> Iterator[str]:
    """Yield where satisfaction settles at each touchpoint, and under which strategies it differs."""
    found: dict[str, dict[str, outlook.Settled]] = {}
    for strategy in scenario.strategies:
        for row in outlook.settled(scenario, strategy):
            found.setdefault(row.stage, {})[strategy] = row
    for stage, by_strategy in found.items():
        start = next(iter(by_strategy.values())).start
        means = {strategy: figure(row.mean, 1) for strategy, row in by_strategy.items()}
        if len(set(means.values())) == 1:
            where = next(iter(means.values()))
        else:
            where = ", ".join(f"{mean} under {strategy}" for strategy, mean in means.items())
        line = f"satisfaction starts at {figure(start, 1)} and settles, by many visits to {stage}, at {where}"
        if any(abs(row.mean - start) > DRIFT for row in by_strategy.values()):
            line += " (waiting aside; check performance, expectation and recovery if this is not meant)"
        yield line + "."


def frailty(scenario: Scenario) -> Iterator[str]:
    """Yield stated and averaged shares of the exits that frailty touches."""
    for row in outlook.averaged(scenario):
        if f"{row.stated:.4f}" == f"{row.average:.4f}":
            continue
        meaning = "by the horizon" if row.race else "of those who leave"
        yield (
            f"{row.exit}: {figure(row.stated, 1, scale=100)} % {meaning} as stated (the customer in the middle),"
            f" {figure(row.average, 1, scale=100)} % averaged over all customers."
        )


def _say(out: Console, text: str, style: str = "") -> None:
    out.print(Text(plain(text), style), soft_wrap=True)
