"""What the command `commitment` does: load, compute, print, and write `--out`."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from sojourn.committed import print_commitment
from sojourn.experiments.commitment import Commitment, commitment
from sojourn.guard import say
from sojourn.opening import blaming, opened
from sojourn.options import Options, known, listed
from sojourn.output import MANIFEST, encode, staged
from sojourn.scenarios.untouched import with_draws
from sojourn.terminal import console, progress

DOCUMENT, PICTURE = "commitment.json", "commitment.png"


def commit(
    name: str,
    *,
    loyal: Sequence[str],
    within: float | None,
    strategies: str | None,
    budget: float | None,
    customers: int | None,
    replications: int,
    seed: int,
    variant: str | None,
    out: str | None,
    as_json: bool,
) -> None:
    """Compute where customers become as good as won, lost, or not worth more money, and print it."""
    Options(customers, replications, seed, "compiled", out, as_json, False, variant).check()
    names = listed(strategies, "--strategies") if strategies is not None else []
    scenario, warnings = opened(name, variant)
    chosen = known(scenario, names, "--strategies") or None
    with blaming(name, scenario), staged(out, with_draws(name)) if out is not None else nullcontext() as folder:
        with progress("Following customers") as news:
            found = commitment(
                scenario,
                loyal=list(dict.fromkeys(loyal)),
                within=within,
                strategies=chosen,
                budget=budget,
                customers=customers,
                replications=replications,
                seed=seed,
                progress=news,
            )
        if folder is not None:
            _write(folder, found, variant)
    if as_json:
        for line in warnings:
            say(f"warning: {line}")
        click.echo(encode(found.document()), nl=False)
    else:
        print_commitment(found, console(), warnings=warnings)


def _write(folder: Path, found: Commitment, variant: str | None) -> None:
    from sojourn.manifest import facts
    from sojourn.plots.commitment import picture

    (folder / DOCUMENT).write_text(encode(found.document()), encoding="utf-8")
    (folder / PICTURE).write_bytes(picture(found).png)
    settings: dict[str, Any] = {
        "strategies": list(found.costs),
        "loyal": list(found.loyal),
        "within_days": found.within,
        "customers": found.setting.customers,
        "replications": found.setting.replications,
        "seed": found.setting.seed,
        "engine": "compiled",
    }
    files = (DOCUMENT, PICTURE, MANIFEST)
    document = facts(found.scenario, "commitment", settings, variant=variant, files=files)
    (folder / MANIFEST).write_text(encode(document), encoding="utf-8")
