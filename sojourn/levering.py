"""What `sojourn lever` prints: what arms of an experiment did, where along the journey, and how far to trust it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from sojourn.calibration.armcounts import ArmCounts
from sojourn.calibration.armeffects import ArmEffect
from sojourn.calibration.levers import LeverFit, measure_lever
from sojourn.calibration.shifts import Shift
from sojourn.calibration.telescoping import Gap, JourneyEffect
from sojourn.grids import Grid
from sojourn.guard import say
from sojourn.opening import absent, companion_of, companion_path, opened, write_beside
from sojourn.options import listed
from sojourn.output import encode, writable, write_text
from sojourn.plots.words import SHARE, human, interval, minus, number
from sojourn.scenarios.faults import fault, quoted
from sojourn.scenarios.files import read
from sojourn.sim.estimates import Estimate
from sojourn.terminal import console, plain

WORDS = {"log_odds": "log-odds", "hazard_ratio": "hazard ratio"}


@dataclass(frozen=True)
class Asked:
    """What the command is asked for, beside the experiment."""

    name: str
    mapping: str | None
    control: str | None
    split: str | None
    exits: tuple[str, ...]
    journey: str | None
    into: str | None
    out: str | None
    as_json: bool


def print_lever(experiment: str, asked: Asked) -> None:
    """Measure a lever, write what is to be written, and print what was found; Faults for whatever is wrong."""
    if asked.into is not None and asked.out is None:
        raise fault("--out", "", "is missing", "name the file for the scenario with the lever in it")
    if asked.journey is not None and asked.mapping is None:
        raise fault(
            "--journey", "", "is for event logs", "leave it out: counts have one journey, or give --stages MAP.toml"
        )
    if asked.out is not None:
        writable(asked.out, inputs=(experiment, asked.mapping))
    scenario = None if asked.into is None else opened(asked.into, None).scenario
    companion = None if asked.into is None else companion_of(asked.into)
    found = measure_lever(
        experiment,
        asked.name,
        mapping=asked.mapping,
        control=asked.control,
        scenario=scenario,
        exits=asked.exits,
        journey=() if asked.journey is None else tuple(listed(asked.journey, "--journey")),
        split=None if asked.split is None else _split(asked.split),
    )
    if asked.into is not None and asked.out is not None:
        for line in absent(asked.into):
            say(f"warning: {line}")
        write_beside(asked.out, found.into(read(asked.into), asked.into), companion)
    elif asked.out is not None:
        write_text(asked.out, found.text)
    if asked.as_json:
        for line in found.warnings:
            say(f"warning: {line}")
        click.echo(encode(document(found)), nl=False)
    else:
        _print(found, asked, console())


def document(found: LeverFit) -> dict[str, Any]:
    """The JSON shape of `--json`."""
    response = found.response
    return {
        "experiment": found.source,
        "sentence": " ".join(answer(found)),
        "control": found.control,
        "stages": list(found.counts.stages),
        "arms": {
            arm: {
                "dose": None if found.counts.doses is None else found.counts.doses[k],
                "customers": found.counts.customers[k].tolist(),
            }
            for k, arm in enumerate(found.counts.arms)
        },
        "effects": [effect.document() for effect in found.effects],
        "journey": {journey.arm: _journey(journey) for journey in found.journeys},
        "response": None
        if response is None
        else {
            "doses": list(response.doses),
            "form": response.form,
            "half": response.half,
            "slope": response.slope,
            "aic": response.aic,
            "dose_of_90_percent": None if response.nearly is None or not response.fits else _three(response.nearly),
            "misfit_p": response.misfit,
            "sentence": response.sentence,
        },
        "warnings": list(found.warnings),
        "notes": list(found.notes),
        "levers": [lever.name for lever in found.levers],
        "toml": found.text,
    }


def answer(found: LeverFit) -> Iterator[str]:
    """What each arm did to the end of the journey, and which step brought it, in a sentence an arm."""
    counts = found.counts
    end = human(counts.stages[-1])
    arms = {journey.arm: journey for journey in found.journeys}
    for arm in (counts.arms[k] for k in counts.treated):
        journey = arms.get(arm)
        if journey is None:
            yield _untold(counts, arm)
            continue
        change = interval(_estimate(journey.difference), SHARE, sign=True, bare=True)
        shares = f"{_share(journey.customers)} reach {end}, against {_share(journey.before)} under {found.control}"
        if not journey.difference.clear:
            yield f"{arm}: {shares}: not distinguishable ({change} points).{_opposed(journey)}"
        else:
            yield f"{arm}: {shares}: {change} points.{_opposed(journey)}"


def _untold(counts: ArmCounts, arm: str) -> str:
    """The whole effect of an arm where a stage is empty, in it or in control: there is nothing to take apart."""
    (start, *_, end), control = counts.stages, counts.arms[counts.control]
    here, before = counts.customers[counts.arms.index(arm)], counts.customers[counts.control]
    if here[0] == 0 or before[0] == 0:
        who = " and ".join(name for name, row in ((arm, here), (control, before)) if row[0] == 0)
        return f"{arm}: nobody of {who} was in {human(start)}, so there is no effect along this journey."
    gap = Gap(int(here[-1]), int(here[0]), int(before[-1]), int(before[0]))
    change = interval(Estimate(gap.value, *gap.interval()), SHARE, sign=True, bare=True)
    verdict = f"{change} points" if gap.clear else f"not distinguishable ({change} points)"
    return (
        f"{arm}: {_share(here)} reach {human(end)}, against {_share(before)} under {control}: {verdict}. A stage of the journey "
        "is empty, so there are no steps to tell apart."
    )


def _opposed(journey: JourneyEffect) -> str:
    """The steps, where they pull in opposite directions."""
    if not journey.opposed:
        return ""
    steps = zip(journey.stages[:-1], journey.stages[1:], journey.parts, journey.shares, strict=True)
    told = [
        f"{human(a)} -> {human(b)} {number(100 * share.value, 2, sign=True)}"
        for a, b, part, share in steps
        if part.clear
    ]
    return f" Steps work against each other: {', '.join(told)} points."


def _print(found: LeverFit, asked: Asked, out: Console) -> None:
    for line in answer(found):
        _say(out, minus(line), "bold")
    _effects(found, out)
    for journey in found.journeys:
        if len(journey.stages) > 2:
            _steps(journey, out)
    out.print()
    if found.response is not None:
        _say(out, minus(found.response.sentence))
        out.print()
    _say(out, "How far to trust this", "bold")
    for line in (*found.warnings, *found.notes):
        _say(out, f"- {minus(line)}")
    if not found.warnings:
        _say(out, "- Arms are as large as planned, and no check of the effects gives an alarm.")
    out.print()
    names = [lever.name for lever in found.levers]
    if asked.out is None:
        out.print(Text(found.text), soft_wrap=True, end="")
    elif asked.into is None:
        _say(out, f"Written to {asked.out}: put it behind a scenario, or name the scenario with --into.")
    else:
        levels = ", ".join(f"{name} = 1.0" for name in names)
        _say(out, f"Written to {asked.out}. A strategy pulls the lever: {levels}. Then: sojourn compare {asked.out}")
        beside = companion_path(asked.out)
        if beside is not None:
            _say(out, f"The draws of its calibrated numbers went with it: {beside.name}.")


def _effects(found: LeverFit, out: Console) -> None:
    several = len(found.counts.treated) > 1
    scales = {effect.scale for effect in found.effects}
    head = WORDS[next(iter(scales))] if len(scales) == 1 else "effect"
    table = Grid("exit", *(["arm"] if several else []), f"{head}, 90 %", "taken: arm", "control")
    for effect in found.effects:
        style = "" if effect.shift.clear else "dim"
        scale = "" if len(scales) == 1 else f"{WORDS[effect.scale]} "
        cells = [effect.exit, *([effect.arm] if several else []), scale + _effect(effect)]
        cells += [_taken(effect.taken, effect.of), _taken(effect.control_taken, effect.control_of)]
        table.add_row(*(Text(plain(cell), style) for cell in cells))
    out.print()
    out.print(table)


def _steps(journey: JourneyEffect, out: Console) -> None:
    """The parts of the total effect: they add up."""
    table = Grid(f"step of {journey.arm}", "share in the arm", f"in {journey.control}", "brings, points [90 %]")
    for k, share in enumerate(journey.shares):
        cells = [f"{journey.stages[k]} -> {journey.stages[k + 1]}"]
        cells += [_share(row[k : k + 2]) for row in (journey.customers, journey.before)]
        table.add_row(*map(Text, map(plain, cells)), _points(share))
    whole = [f"{journey.stages[0]} -> ... -> {journey.stages[-1]}", _share(journey.customers), _share(journey.before)]
    table.add_row(*map(Text, map(plain, whole)), _points(journey.difference))
    out.print()
    out.print(table)


def _effect(effect: ArmEffect) -> str:
    figures = effect.document()
    figure = Estimate(figures["central"], figures["low"], figures["high"])
    told = interval(figure, sign=effect.scale == "log_odds")
    return told if effect.shift.clear else f"({told})"


def _points(shift: Shift | Gap) -> Text:
    told = interval(_estimate(shift), SHARE, sign=True, bare=True)
    return Text(told) if shift.clear else Text(f"({told})", "dim")


def _estimate(shift: Shift | Gap) -> Estimate:
    return Estimate(shift.value, *shift.interval())


def _share(customers: Any) -> str:
    """The last stage's share of the first, with three digits: arms often differ in the third."""
    return f"{100.0 * customers[-1] / customers[0]:.3g} %"


def _taken(taken: int, of: int) -> str:
    return f"{taken:,} of {of:,}"


def _journey(journey: JourneyEffect) -> dict[str, Any]:
    def told(shift: Shift | Gap) -> dict[str, float]:
        return _three((shift.value, *shift.interval()))

    steps = [
        {"step": f"{a} -> {b}", "log_ratio": told(part), "difference": told(share)}
        for a, b, part, share in zip(
            journey.stages[:-1], journey.stages[1:], journey.parts, journey.shares, strict=True
        )
    ]
    total = {"log_odds": told(journey.odds)} if journey.odds.error < float("inf") else {}
    return {"difference": told(journey.difference), "log_ratio": told(journey.ratio), **total, "steps": steps}


def _three(figures: tuple[float, float, float]) -> dict[str, float]:
    return dict(zip(("central", "low", "high"), figures, strict=True))


def _split(text: str) -> dict[str, float]:
    """`A=2,B=1` as planned sizes."""
    shares: dict[str, float] = {}
    for part in listed(text, "--split"):
        name, mark, size = part.rpartition("=")
        try:
            shares[name.strip()] = float(size)
        except ValueError:
            mark = ""
        if not mark or not name.strip():
            raise fault(
                "--split", "", f"{quoted(part)} is no planned size", "write ARM=SIZE with commas between: a=1,b=1"
            )
    return shares


def _say(out: Console, text: str, style: str = "") -> None:
    out.print(Text(plain(text), style), soft_wrap=True)
