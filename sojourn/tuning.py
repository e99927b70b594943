"""What `sojourn targets` prints: whether a scenario meets what its numbers were tuned to."""

from contextlib import nullcontext
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from sojourn import target_words
from sojourn.experiments.attained import Evaluation
from sojourn.experiments.targets import evaluate_targets
from sojourn.grids import Grid
from sojourn.guard import say
from sojourn.opening import blaming, opened
from sojourn.options import Options
from sojourn.output import MANIFEST, REPORT, encode, staged
from sojourn.plots.words import minus
from sojourn.scenarios.untouched import with_draws
from sojourn.sim.sharing import processors
from sojourn.terminal import console, plain, progress

TARGETS = "targets.json"
HEADS = ("target", "asked", "simulated", "misfit", "met")
COLOURS = {True: "green", False: "red", None: "dim"}


def print_targets(name: str, options: Options) -> None:
    """Simulate what the targets of a file ask about and print how near it comes; Faults if the file is not sound."""
    options.check()
    scenario, warnings = opened(name, None)
    with blaming(name, scenario), staged(options.out, with_draws(name)) if options.out else nullcontext(None) as folder:
        with progress("Simulating") as news:
            found = evaluate_targets(
                scenario,
                customers=options.customers,
                replications=options.replications,
                seed=options.seed,
                workers=processors(),
                progress=news,
            )
        if folder is not None:
            _write(folder, found, warnings)
    if options.as_json:
        for line in warnings:
            say(f"warning: {line}")
        click.echo(encode(found.document()), nl=False)
    else:
        _print(found, console(), warnings)


def _write(folder: Path, found: Evaluation, warnings: list[str]) -> None:
    from sojourn.manifest import facts
    from sojourn.report_targets import page

    (folder / TARGETS).write_text(encode(found.document()), encoding="utf-8")
    (folder / REPORT).write_text(page(found, warnings), encoding="utf-8")
    settings = {"customers": found.customers, "replications": found.replications, "seed": found.seed}
    files = (TARGETS, REPORT, MANIFEST)
    document = facts(found.scenario, "targets", {**settings, "engine": "compiled"}, variant=None, files=files)
    (folder / MANIFEST).write_text(encode(document), encoding="utf-8")


def _print(found: Evaluation, out: Console, warnings: list[str]) -> None:
    _say(out, minus(found.sentence), "bold")
    if not found.attained:
        _say(out, "Add [[targets]] to the file to say what they are to meet: docs/format.md has an example.")
        return
    table = Grid(*HEADS)
    for one in found.attained:
        cells = (target_words.asked(one, found.scenario), target_words.simulated(one, found.scenario))
        row = (plain(one.target.name), *cells, target_words.misfit(one))
        table.add_row(*map(Text, row), Text(target_words.met(one), COLOURS[one.met]))
    out.print()
    out.print(table)
    for one in found.attained:
        out.print()
        _say(out, one.target.name, "bold")
        for line in target_words.told(one):
            _say(out, f"- {line}")
    out.print()
    _say(out, "How far to trust this", "bold")
    for line in (*target_words.trust(found), *warnings):
        _say(out, f"- {line}")


def _say(out: Console, text: str, style: str = "") -> None:
    out.print(Text(plain(text), style), soft_wrap=True)
