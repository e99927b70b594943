"""What the command `worth` does: load, draw, compute, print, and write `--out`."""

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from sojourn.experiments.journal import digest, journal
from sojourn.experiments.worth import Worth, worth
from sojourn.guard import say
from sojourn.opening import absent, blaming, companion_of, opened, reminding
from sojourn.options import Options, known, listed
from sojourn.output import MANIFEST, REPORT, encode, staged
from sojourn.scenarios.faults import fault
from sojourn.scenarios.untouched import with_draws
from sojourn.terminal import console, progress
from sojourn.worth_told import print_worth

DOCUMENT = "worth.json"


@dataclass(frozen=True)
class Asked:
    """What the command is asked for, beside the scenario."""

    strategies: str | None
    draws: int
    replications: int
    measure: str
    willingness: str | None
    budget: str | None
    customers: int | None
    seed: int
    variant: str | None
    out: str | None
    as_json: bool


def weigh(name: str, wanted: Asked) -> None:
    """Say what deciding now risks, which number is worth measuring, and how large a test would have to be."""
    Options(wanted.customers, wanted.replications, wanted.seed, variant=wanted.variant).check()
    names = listed(wanted.strategies, "--strategies") if wanted.strategies is not None else []
    willingness = None if wanted.willingness is None else _willingness(wanted.willingness)
    budget = None if wanted.budget is None else _range(wanted.budget, "--budget", "0:50000")
    scenario, warnings = opened(name, wanted.variant)
    chosen = known(scenario, names, "--strategies") or None
    companion = companion_of(name)
    warnings += absent(name)
    question: dict[str, Any] = {
        "strategies": chosen,
        "draws": wanted.draws,
        "replications": wanted.replications,
        "measure": wanted.measure,
        "willingness": willingness,
        "budget": budget,
        "seed": wanted.seed,
        "customers": wanted.customers,
    }
    with (
        blaming(name, scenario),
        journal(wanted.out, digest(scenario, command="worth", **question)) as kept,
        staged(wanted.out, with_draws(name)) if wanted.out is not None else nullcontext() as folder,
    ):
        with reminding(absent(name)), progress("Drawing the numbers") as news:
            found = worth(scenario, companion=companion, progress=news, kept=kept, **question)
        if folder is not None:
            _write(folder, found, wanted, question, warnings)
    if wanted.as_json:
        for line in warnings:
            say(f"warning: {line}")
        click.echo(encode(found.document()), nl=False)
    else:
        print_worth(found, console(), warnings=warnings)


def _willingness(text: str) -> str | tuple[str, float, float]:
    """`satisfaction`, or `satisfaction=0:20000`."""
    name, mark, span = text.partition("=")
    return (name.strip(), *_range(span, "--willingness", f"{name.strip()}=0:20000")) if mark else name.strip()


def _range(text: str, option: str, example: str) -> tuple[float, float]:
    try:
        low, high = (float(part) for part in text.split(":"))
    except ValueError:
        raise fault(option, "", f'"{text}" is no range', f"write LOW:HIGH, as in {option} {example}", text) from None
    return low, high


def _write(folder: Path, found: Worth, wanted: Asked, question: dict[str, Any], warnings: list[str]) -> None:
    from sojourn.manifest import facts
    from sojourn.plots.pictures import save
    from sojourn.plots.worth_pictures import worth_pictures
    from sojourn.worth_page import page

    (folder / DOCUMENT).write_text(encode(found.document()), encoding="utf-8")
    drawn = worth_pictures(found)
    save(drawn, folder)
    (folder / REPORT).write_text(page(found, drawn, warnings), encoding="utf-8")
    files = [MANIFEST, *(path.name for path in folder.iterdir())]
    settings = {**question, "strategies": list(found.strategies), "engine": "compiled"}
    document = facts(found.scenario, "worth", settings, variant=wanted.variant, files=files)
    (folder / MANIFEST).write_text(encode(document), encoding="utf-8")
