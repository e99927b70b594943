"""What the command `sensitivity` does: load, simulate, print, and write `--out`."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from sojourn.experiments.journal import digest, journal
from sojourn.experiments.sensitivity import sensitivity
from sojourn.experiments.sensitivity_found import Method, Sensitivity
from sojourn.guard import say
from sojourn.opening import absent, blaming, companion_of, opened, reminding
from sojourn.options import Options, known, listed
from sojourn.output import MANIFEST, REPORT, encode, staged
from sojourn.probed import print_sensitivity
from sojourn.scenarios.untouched import with_draws
from sojourn.terminal import console, progress

DOCUMENT, PICTURE = "sensitivity.json", "sensitivity.png"


def probe(
    name: str,
    *,
    strategies: str | None,
    measure: str,
    method: Method,
    numbers: Sequence[str],
    points: int | None,
    customers: int | None,
    replications: int | None,
    seed: int,
    variant: str | None,
    out: str | None,
    as_json: bool,
) -> None:
    """Find which numbers the difference between two strategies hangs on, and print them."""
    Options(
        customers, 1 if replications is None else replications, seed, "compiled", out, as_json, False, variant
    ).check()
    names = listed(strategies, "--strategies") if strategies is not None else None
    scenario, warnings = opened(name, variant)
    if names is not None:
        known(scenario, names, "--strategies")
    companion = companion_of(name)
    warnings += absent(name)
    asked: dict[str, Any] = {
        "measure": measure,
        "method": method,
        "numbers": list(numbers),
        "points": points,
        "customers": customers,
        "replications": replications,
        "seed": seed,
    }
    with ExitStack() as open_still:
        open_still.enter_context(blaming(name, scenario))
        kept = open_still.enter_context(
            journal(out, digest(scenario, command="sensitivity", strategies=names, companion=repr(companion), **asked))
        )
        folder = open_still.enter_context(staged(out, with_draws(name))) if out is not None else None
        with reminding(absent(name)), progress("Simulating") as news:
            found = sensitivity(scenario, names, companion=companion, **asked, progress=news, kept=kept)
        if folder is not None:
            _write(folder, found, variant, warnings)
    if as_json:
        for line in warnings:
            say(f"warning: {line}")
        click.echo(encode(found.document()), nl=False)
    else:
        print_sensitivity(found, console(), warnings=warnings)


def _write(folder: Path, found: Sensitivity, variant: str | None, warnings: list[str]) -> None:
    from sojourn.manifest import facts
    from sojourn.report_sensitivity import page, picture

    drawn = picture(found)
    (folder / DOCUMENT).write_text(encode(found.document()), encoding="utf-8")
    (folder / REPORT).write_text(page(found, drawn, warnings), encoding="utf-8")
    (folder / PICTURE).write_bytes(drawn.png)
    settings: dict[str, Any] = {
        "strategies": [found.baseline, found.strategy],
        "measure": found.measure,
        "method": found.method,
        "customers": found.luck.customers,
        "replications": found.luck.replications,
        "seed": found.luck.seed,
        "engine": "compiled",
    }
    files = (DOCUMENT, REPORT, PICTURE, MANIFEST)
    document = facts(found.scenario, "sensitivity", settings, variant=variant, files=files)
    (folder / MANIFEST).write_text(encode(document), encoding="utf-8")
