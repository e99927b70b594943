"""What customers differ in, as a scenario file writes it: [frailty], [traits] and [history]."""

import math
from collections.abc import Iterator, Mapping

import numpy as np

from sojourn.calibration.bgnbd import BgNbd
from sojourn.calibration.contracts import ContractFit
from sojourn.calibration.exits import StageFit
from sojourn.calibration.loads import Loads
from sojourn.calibration.logs import Log
from sojourn.calibration.mapping import parts_of
from sojourn.calibration.regressions import Effect
from sojourn.calibration.silent import SilentFit
from sojourn.calibration.traits import trait_laws
from sojourn.calibration.written import comment, key, number, text
from sojourn.scenarios.faults import Fault


def own_draws(
    silent: Mapping[str, SilentFit],
    contracts: Mapping[str, ContractFit],
    stages: Mapping[str, StageFit],
    loads: Loads | None = None,
) -> Iterator[str]:
    """The table [frailty] of these stages: what is each customer's own, and how much customers differ in it."""
    gamma: dict[str, float] = {}
    speed: dict[str, float] = {}
    beta = {f"{name} -> {one.end}": one.chances.model.alpha + one.chances.model.beta for name, one in contracts.items()}
    for name, found in silent.items():
        _, waiting, again, over = parts_of(name)
        p = found.parameters
        (gamma if found.k == 1 else speed)[f"{waiting} -> {again}"] = p["r"]
        if isinstance(found.model, BgNbd):
            beta[f"{again} -> {over}"] = p["a"] + p["b"]
        else:
            gamma[f"{waiting} -> {over}"] = p["s"]
    for name, stage in stages.items():
        gamma |= {f"{name} -> {to}": own.shape.central for to, own in stage.differ.speeds.items()}
        if stage.differ.chance is not None:
            beta[f"{name} -> {stage.differ.chance.to}"] = stage.differ.chance.strength.central
    if gamma or speed or beta or loads is not None:
        yield from ("", "[frailty]")
    if loads is not None:
        pairs = zip(loads.names, loads.loads, strict=True)
        yield f"loads = {{ {', '.join(f'{text(exit)} = {number(float(load))}' for exit, load in pairs)} }}"
    for law, exits in (("gamma", gamma), ("speed", speed), ("beta", beta)):
        if exits:
            yield f"{law} = {{ {', '.join(f'{text(exit)} = {number(value)}' for exit, value in exits.items())} }}"
    yield from _doubts(stages)


def past_effects(log: Log, stages: Mapping[str, StageFit]) -> Iterator[str]:
    """The tables [traits] and [history]: known numbers of customers, and what these and the past do to exits."""
    lines: list[str] = []
    used: dict[str, list[str]] = {}
    for name, to, effect in told_effects(stages):
        used.setdefault(effect.column.name.partition(" == ")[0], []).append(name)
        low, high = (effect.told(one, 3) for one in effect.numbers[1:])
        limit = _limit(effect)
        rest = "" if limit is None else f", up_to = {number(limit)}"
        rest += f", around = {number(effect.column.around)}" if effect.column.around else ""
        lines.append(
            f"  {{ exit = {text(f'{name} -> {to}')}, per = {text(effect.column.name)}, "
            f"{effect.scale} = {float(effect.told(effect.stated, 6))!r}{rest} }},  # 90 % interval {low} to {high}"
        )
    traits = list(trait_laws(log, used))
    if traits:
        yield from ("", "[traits]")
        yield from (f"{key(trait)} = {law}" for trait, law in traits)
    if lines:
        yield from ("", "[history]", "effects = [", *lines, "]")


def told_effects(stages: Mapping[str, StageFit]) -> list[tuple[str, str, Effect]]:
    """Stage, next stage and effect of each entry of [history], in the order of the file."""
    return [
        (name, to, effect)
        for name, stage in stages.items()
        for to, effects in stage.differ.effects.items()
        for effect in effects
    ]


def too_steep(log: Log, stages: Mapping[str, StageFit]) -> list[Fault]:
    """Faults for covariates of which one more, in the units of the log, does more than a scenario can say; one each."""
    numbers = {one.name: one.values for one in log.covariates if not one.words}
    found: dict[str, Fault] = {}
    for name, to, effect in told_effects(stages):
        column = effect.column.name
        if column in numbers and effect.too_steep and column not in found:
            spread = float(np.nanstd(numbers[column]))
            what = (
                f"varies so little (standard deviation {spread:.2g}) that what one more of it does to {name} -> {to} is more "
                "than a scenario can say"
            )
            remedy = f"give {column} in smaller units: times {10.0 ** math.ceil(-math.log10(spread)):,.0f}, say"
            found[column] = Fault(log.source, f"covariates.{column}", "", what, remedy)
    return list(found.values())


def _limit(effect: Effect) -> float | None:
    """Up to where an effect counts: as far as the data go, and never so far that a hazard is multiplied by a million."""
    limit = effect.column.up_to
    if limit is None or effect.scale != "hazard_ratio" or effect.slope <= 0.0:
        return limit
    return min(limit, 13.0 / effect.slope)


def _doubts(stages: Mapping[str, StageFit]) -> Iterator[str]:
    """The intervals of what customers differ in."""
    for name, stage in stages.items():
        owns = {to: own.shape for to, own in stage.differ.speeds.items()}
        if stage.differ.chance is not None:
            owns[stage.differ.chance.to] = stage.differ.chance.strength
        for to, span in owns.items():
            yield from comment(f"{name} -> {to}: 90 % interval {span.low:.3g} to {span.high:.3g}")
