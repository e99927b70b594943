"""Writes measured effects as levers of a scenario file, and adds them to one: its own text stays as it is."""

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from sojourn.calibration.scenario import key, number, text
from sojourn.scenarios.base import NAME_PATTERN
from sojourn.scenarios.faults import Fault, Faults, fault, nearest, quoted
from sojourn.scenarios.files import loads, parse

LONGEST = 100  # characters of a name


class Written(NamedTuple):
    """An effect as the file will have it."""

    exit: str  # "stage -> next stage"
    scale: str  # log_odds or hazard_ratio
    central: float  # on the additive scale: log-odds, or log of the ratio
    low: float
    high: float
    source: str
    remark: str = ""


class LeverText(NamedTuple):
    """A lever of the file."""

    name: str
    effects: tuple[Written, ...]
    response: tuple[float, float] | None  # half, slope
    remarks: tuple[str, ...] = ()


def lever_text(lever: LeverText) -> str:
    """`[levers.NAME]` with its effects, as TOML."""
    lines = [f"[levers.{key(lever.name)}]"]
    lines += [f"# {remark}" for remark in lever.remarks]
    if lever.response is not None:
        half, slope = lever.response
        lines.append(f"response = {{ half = {number(half)}, slope = {number(slope)} }}")
    for effect in lever.effects:
        ends = (effect.central, effect.low, effect.high)
        if effect.scale == "hazard_ratio":
            ends = (math.exp(ends[0]), math.exp(ends[1]), math.exp(ends[2]))
        central, low, high = (number(end) for end in ends)
        remark = f"  # {effect.remark}" if effect.remark else ""
        lines += [
            "",
            f"[[levers.{key(lever.name)}.effects]]",
            f"exit = {text(effect.exit)}",
            f"{effect.scale} = {{ central = {central}, low = {low}, high = {high} }}{remark}",
            'evidence = "measured"',
            f"source = {text(effect.source)}",
        ]
    return "\n".join(lines) + "\n"


def levers_text(levers: Sequence[LeverText]) -> str:
    """All levers, one after the other."""
    return "\n".join(lever_text(lever) for lever in levers)


def checked_name(name: str) -> str:
    """Return a lever's name if a scenario takes it; else Faults."""
    if not re.fullmatch(NAME_PATTERN, name) or len(name) > LONGEST:
        raise fault("--name", "", f"{quoted(name)} is no name for a lever", "use letters, digits, _ and -", name)
    return name


def arm_name(name: str, arm: str) -> str:
    """Name of the lever of one of several arms."""
    tail = re.sub(r"[^\w-]+", "_", arm.strip().lower(), flags=re.ASCII).strip("_") or "arm"
    return f"{name}_{tail}"[:LONGEST]


def added(scenario_text: str, levers: Sequence[LeverText], file: str = "<text>") -> str:
    """The scenario's text with the levers at its end.

    Raises:
        Faults: where the scenario has a lever of that name, where it is not sound, or where it would not be afterwards.
    """
    loads(scenario_text, file)  # what was wrong before is not the levers' fault
    there = parse(scenario_text, file).get("levers", {})
    taken = [
        Fault(file, f"levers.{lever.name}", "", f"the scenario has a lever {quoted(lever.name)}", "give another --name")
        for lever in levers
        if lever.name in there
    ]
    if taken:
        raise Faults(taken)
    try:
        grown = scenario_text.rstrip("\n") + "\n\n" + levers_text(levers)
        loads(grown, file)
    except Faults as faults:
        if "not TOML" in str(faults):
            remedy = "write its levers as tables, [levers.NAME], not as levers = { ... }"
            raise fault(file, "levers", "no lever can be added behind what stands there", remedy) from None
        raise
    return grown


def checked_exits(names: Sequence[str], known: Sequence[str], place: str = "--exit") -> None:
    """Faults for exits that nobody knows."""
    wrong = [
        Fault(place, "", name, f"no exit {quoted(name)}", nearest(name, known)) for name in names if name not in known
    ]
    if wrong:
        raise Faults(wrong)
