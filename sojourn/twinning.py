"""What the command `twins` does: load, simulate, print, and write `--out`."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from sojourn.experiments.journal import digest, journal
from sojourn.experiments.twins import Twins, twins
from sojourn.guard import say
from sojourn.opening import blaming, opened
from sojourn.options import Options, known, listed
from sojourn.output import MANIFEST, REPORT, encode, staged
from sojourn.scenarios.untouched import with_draws
from sojourn.terminal import console, progress
from sojourn.twinned import print_twins

DOCUMENT = "twins.json"


def lay(
    name: str,
    *,
    strategies: str | None,
    customer: int | None,
    show: int,
    replication: int,
    customers: int | None,
    replications: int,
    seed: int,
    variant: str | None,
    out: str | None,
    as_json: bool,
) -> None:
    """Lay two strategies side by side and print single customers and what the difference is made of."""
    Options(customers, replications, seed, "compiled", out, as_json, False, variant).check()
    names = listed(strategies, "--strategies") if strategies is not None else None
    scenario, warnings = opened(name, variant)
    if names is not None:
        known(scenario, names, "--strategies")
    asked: dict[str, Any] = {
        "customer": customer,
        "show": show,
        "replication": replication,
        "customers": customers,
        "replications": replications,
        "seed": seed,
    }
    with ExitStack() as open_still:
        open_still.enter_context(blaming(name, scenario))
        kept = open_still.enter_context(journal(out, digest(scenario, command="twins", strategies=names, **asked)))
        folder = open_still.enter_context(staged(out, with_draws(name))) if out is not None else None
        with progress("Simulating") as news:
            found = twins(scenario, names, **asked, progress=news, kept=kept)
        if folder is not None:
            _write(folder, found, variant, warnings)
    if as_json:
        for line in warnings:
            say(f"warning: {line}")
        click.echo(encode(found.document()), nl=False)
    else:
        print_twins(found, console(), warnings=warnings)


def _write(folder: Path, found: Twins, variant: str | None, warnings: list[str]) -> None:
    from sojourn.manifest import facts
    from sojourn.report_twins import page, pictures

    drawn = pictures(found)
    (folder / DOCUMENT).write_text(encode(found.document()), encoding="utf-8")
    (folder / REPORT).write_text(page(found, drawn, warnings), encoding="utf-8")
    for one in drawn:
        (folder / f"{one.name}.png").write_bytes(one.png)
    settings: dict[str, Any] = {
        "strategies": [found.baseline, found.strategy],
        "replication": found.replication,
        "customers": found.luck.customers,
        "replications": found.luck.replications,
        "seed": found.luck.seed,
        "engine": "compiled",
    }
    files = (DOCUMENT, REPORT, MANIFEST, *(f"{one.name}.png" for one in drawn))
    document = facts(found.scenario, "twins", settings, variant=variant, files=files)
    (folder / MANIFEST).write_text(encode(document), encoding="utf-8")
