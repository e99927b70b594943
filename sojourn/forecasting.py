"""What `sojourn forecast` prints: what becomes of today's customers and of newcomers by a date, and how far to trust it."""

import datetime
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from sojourn import forecast_page
from sojourn.calibration.forecast import Forecast, forecast
from sojourn.calibration.logs import read
from sojourn.experiments.journal import digest, journal
from sojourn.grids import Grid
from sojourn.guard import say
from sojourn.opening import absent, blaming, opened
from sojourn.options import known, listed
from sojourn.output import MANIFEST, REPORT, encode, staged
from sojourn.plots.words import SHARE, human, interval, minus
from sojourn.scenarios.companion import Companion, beside
from sojourn.scenarios.companion import read as read_companion
from sojourn.scenarios.faults import fault
from sojourn.scenarios.untouched import with_draws
from sojourn.sim.estimates import Estimate
from sojourn.terminal import console, plain, progress

DOCUMENT = "forecast.json"
WAYS = 8  # rows of days between stages


@dataclass(frozen=True)
class Asked:
    """What the command is asked for, beside the scenario."""

    log: str
    mapping: str
    until: str | None
    days: float | None
    strategies: str | None
    draws: int
    replications: int
    arrivals: str | None
    despite_drift: str | None
    seed: int
    out: str | None
    as_json: bool


def print_forecast(name: str, asked: Asked) -> None:
    """Forecast from the log's open customers, write what is to be written, and print it; Faults for whatever is wrong."""
    until = None if asked.until is None else _date(asked.until)
    scenario, warnings = opened(name, None)
    names = known(scenario, listed(asked.strategies, "--strategies"), "--strategies") if asked.strategies else None
    log = read(asked.log, asked.mapping)
    companion = _companion(name)
    warnings += absent(name, "the log is fitted again in their place")
    question = {
        "log": [log.source, log.counts], "days": asked.days, "until": asked.until, "strategies": names, "draws": asked.draws,
        "replications": asked.replications, "arrivals": asked.arrivals, "despite": asked.despite_drift, "seed": asked.seed,
        "companion": None if companion is None else sorted(map(str, companion.centrals.items())),
    }  # fmt: skip
    inputs = (*with_draws(name), asked.log, asked.mapping, asked.arrivals)
    with (
        blaming(name, scenario),
        staged(asked.out, inputs) if asked.out is not None else nullcontext() as folder,
        journal(asked.out, digest(scenario, **question)) as kept,
    ):
        with progress("Simulating futures") as news:
            found = forecast(
                scenario,
                log,
                days=asked.days,
                until=until,
                strategies=names,
                companion=companion,
                draws=asked.draws,
                replications=asked.replications,
                arrivals=asked.arrivals,
                despite_drift=asked.despite_drift,
                seed=asked.seed,
                kept=kept,
                progress=news,
            )
        if folder is not None:
            _write(folder, found, log.source)
    if asked.as_json:
        for line in warnings:
            say(f"warning: {line}")
        click.echo(encode(found.document()), nl=False)
    else:
        _print(found, console(), warnings)


def _companion(name: str) -> Companion | None:
    """The draws beside a scenario file, if it is one and has any."""
    return read_companion(beside(name)) if name.endswith(".toml") else None


def _date(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise fault("--until", "", f"{text} is no date", "give one as in 2026-12-31", text) from None


def _write(folder: Path, found: Forecast, log: str) -> None:
    from sojourn.manifest import facts
    from sojourn.plots.forecast import pictures

    drawn = pictures(found)
    for one in drawn:
        (folder / f"{one.name}.png").write_bytes(one.png)
    (folder / DOCUMENT).write_text(encode(found.document()), encoding="utf-8")
    (folder / REPORT).write_text(forecast_page.page(found, drawn), encoding="utf-8")
    files = (DOCUMENT, REPORT, MANIFEST, *(f"{one.name}.png" for one in drawn))
    settings = {
        "strategies": list(found.strategies), "log": log, "days": found.days, "draws": found.draws,
        "replications": found.replications, "seed": found.seed, "engine": "compiled",
    }  # fmt: skip
    document = facts(found.scenario, "forecast", settings, variant=None, files=files)
    (folder / MANIFEST).write_text(encode(document), encoding="utf-8")


def _print(found: Forecast, out: Console, warnings: list[str]) -> None:
    _say(out, minus(found.sentence), "bold")
    for name in found.strategies:
        out.print()
        if len(found.strategies) > 1:
            _say(out, f"Under {human(name)}", "bold")
        out.print(_stages(found, name))
        for line in money(found, name):
            _say(out, line)
    out.print()
    out.print(_ways(found))
    out.print()
    _say(out, "How far to trust this", "bold")
    for line in (*found.notes, *warnings):
        _say(out, f"- {minus(line)}")


def money(found: Forecast, name: str) -> list[str]:
    """What the window brings under a strategy, in a line; nothing where the scenario has no money."""
    one, unit = found.strategies[name], found.scenario.about.currency
    if one.profit is None or one.open.revenue is None or one.newcomers.revenue is None:
        return []
    told = f"Revenue: {unit} {interval(one.open.revenue)} from customers on their way, {interval(one.newcomers.revenue)} from "
    return [f"{told}newcomers; profit in all {interval(one.profit)}."]


def _stages(found: Forecast, name: str) -> Grid:
    one = found.strategies[name]
    table = Grid(
        "stage", "on their way: enter", "on their way: at the end", "newcomers: enter", "newcomers: at the end"
    )
    for stage in shown(found, name):
        cells = []
        for group in (one.open, one.newcomers):
            there = bool(group.customers.mean)
            cells += [_count(group.reached[stage]) if there else "", _share(group.final[stage]) if there else ""]
        table.add_row(plain(human(stage)), *cells)
    return table


def shown(found: Forecast, name: str) -> list[str]:
    """Stages that somebody enters or is in."""
    one = found.strategies[name]
    return [
        stage
        for stage in one.open.final
        if any(
            (group.reached[stage].mean or 0.0) + (group.final[stage].mean or 0.0) > 0.0
            for group in (one.open, one.newcomers)
        )
    ]


def _ways(found: Forecast) -> Grid:
    one = next(iter(found.strategies.values()))
    table = Grid("mean days until the move, within the window", "on their way", "newcomers")
    for way in ways(found):
        table.add_row(plain(human(way)), interval(one.open.days[way]), interval(one.newcomers.days[way]))
    return table


def ways(found: Forecast) -> list[str]:
    """Moves whose days can be told, those of customers on their way first."""
    one = next(iter(found.strategies.values()))
    told = [
        way for way in one.open.days if one.open.days[way].mean is not None or one.newcomers.days[way].mean is not None
    ]
    return told[:WAYS]


def _count(one: Estimate) -> str:
    return interval(one, bare=True) if one.mean else "0"


def _share(one: Estimate) -> str:
    return interval(one, SHARE) if one.mean else "0"


def _say(out: Console, text: str, style: str = "") -> None:
    out.print(Text(plain(text), style), soft_wrap=True)
