"""What the commands `run` and `compare` do: load, simulate, print, and write `--out`."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sojourn.answers import print_comparison, print_run
from sojourn.deciding import Deciding
from sojourn.experiments.journal import Journal, digest, journal
from sojourn.guard import say
from sojourn.opening import absent, blaming, companion_of, companion_path, opened, reminding
from sojourn.options import Options, known, listed
from sojourn.output import MANIFEST, MEASURES, REPORT, encode, staged
from sojourn.scenarios.faults import fault
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.untouched import with_draws
from sojourn.sim.journeys import Journeys
from sojourn.sim.run import Result, run
from sojourn.sim.sharing import processors
from sojourn.terminal import console, plain, progress

if TYPE_CHECKING:
    from sojourn.experiments.compare import Comparison
    from sojourn.experiments.doubted import Uncertainty

Sink = Callable[[Journeys], None]
ALONE = 150_000  # customers in all whom SimPy's one process simulates sooner than several get ready


def simulate(name: str, strategies: Sequence[str], options: Options) -> None:
    """Run the strategies (all of them if none is named) and print their measures."""
    options.check()
    scenario, warnings = opened(name, options.variant)
    chosen = known(scenario, list(dict.fromkeys(strategies)), "--strategy") or None
    warnings += _undrawn(name, options)
    question = digest(scenario, chosen=chosen, options=asdict(replace(options, out=None)))
    with blaming(name, scenario), _folder(name, options) as folder, journal(options.out, question) as kept:
        doubted = _doubted(name, scenario, chosen, options, kept)
        with progress("Simulating") as news, _log(folder) as (sink, close):
            result = run(
                scenario,
                chosen,
                progress=news,
                sink=sink,
                kept=kept,
                **_settings(options, scenario, len(chosen or scenario.strategies)),
            )
            close()
        if folder:
            _write(folder, result, None, "run", options, warnings, doubted)
    if options.as_json:
        _print_json(_document(result, None, doubted), warnings)
    else:
        print_run(result, console(), everything=options.everything, warnings=warnings, uncertainty=doubted)


def confront(name: str, strategies: str | None, asked: Deciding, options: Options) -> None:
    """Compare strategies on the same customers and print the verdict."""
    from sojourn.experiments.compare import compare

    options.check()
    settle = asked.settling(options.replications)
    names = listed(strategies, "--strategies") if strategies is not None else []
    scenario, warnings = opened(name, options.variant)
    chosen = known(scenario, names, "--strategies") or list(scenario.strategies)
    if len(chosen) < 2:
        remedy = f"name two of: {', '.join(scenario.strategies)}"
        if len(scenario.strategies) < 2:
            remedy = f'add one to [strategies] in "{plain(name)}", or use `sojourn run`'
        raise fault("--strategies", "", f'one strategy, "{chosen[0]}", cannot be compared', remedy)
    warnings += _undrawn(name, options)
    delays = asked.delays(scenario)
    question = digest(scenario, chosen=chosen, asked=asdict(asked), options=asdict(replace(options, out=None)))
    with blaming(name, scenario), _folder(name, options) as folder, journal(options.out, question) as kept:
        doubted = _doubted(name, scenario, chosen, options, kept)
        with progress("Comparing") as news, _log(folder) as (sink, close):
            found = compare(
                scenario,
                chosen,
                measure=asked.measure,
                error_rate=asked.error_rate,
                settle=settle,
                delays=delays,
                kept=kept,
                uncertainty=doubted,
                progress=news,
                sink=sink,
                **_settings(options, scenario, len(chosen or scenario.strategies)),
            )
            close()
        if folder:
            _write(folder, found.result, found, "compare", options, warnings, doubted)
    if options.as_json:
        _print_json(found.document(), warnings)
    else:
        print_comparison(found, console(), everything=options.everything, warnings=warnings)


def _doubted(
    name: str, scenario: Scenario, strategies: Sequence[str] | None, options: Options, kept: Journal
) -> "Uncertainty | None":
    """What strategies come to over draws of the numbers; None where none are asked for."""
    if not options.draws:
        return None
    from sojourn.experiments.doubted import uncertainty

    companion = companion_of(name)
    with reminding(absent(name)), progress("Drawing the numbers") as news:
        return uncertainty(
            scenario,
            strategies,
            draws=options.draws,
            replications=options.draw_replications,
            seed=options.seed,
            customers=options.customers,
            engine=options.engine,
            companion=companion,
            progress=news,
            kept=kept,
        )


def _undrawn(name: str, options: Options) -> list[str]:
    """The line on calibrated numbers that stand at their estimates, or whose draws are missing."""
    beside = companion_path(name)
    if options.draws:
        return absent(name)
    if beside is None:
        return []
    return [
        f"Not in the intervals: how unsure the calibrated numbers are (draws in {beside.name}); --draws 200 draws them too."
    ]


def _document(result: Result, comparison: "Comparison | None", doubted: "Uncertainty | None") -> dict[str, Any]:
    if comparison is not None:
        return comparison.document()
    told = {} if doubted is None else {"uncertainty": doubted.document()}
    return {**result.document(), **told}


def _print_json(document: dict[str, Any], warnings: Sequence[str]) -> None:
    for line in warnings:
        say(f"warning: {line}")
    click.echo(encode(document), nl=False)


def _settings(options: Options, scenario: Scenario, strategies: int) -> dict[str, Any]:
    expected = options.customers or scenario.arrivals.expected(scenario.about.horizon_days)
    slow = options.engine == "simpy" and expected * options.replications * strategies <= ALONE
    return {
        "workers": 1 if slow else processors(),
        "customers": options.customers,
        "replications": options.replications,
        "seed": options.seed,
        "engine": options.engine,
    }


def _folder(name: str, options: Options) -> Any:
    return staged(options.out, with_draws(name)) if options.out is not None else nullcontext(None)


@contextmanager
def _log(folder: Path | None) -> Iterator[tuple[Sink | None, Callable[[], object]]]:
    """Yield where journeys go, and what joins them into the files of `folder` at the end."""
    if folder is None:
        yield None, lambda: None
        return
    from sojourn.eventlog import EventLog

    with EventLog(folder) as log:
        yield log, log.close


def _write(
    folder: Path,
    result: Result,
    comparison: "Comparison | None",
    command: str,
    options: Options,
    warnings: Sequence[str],
    doubted: "Uncertainty | None",
) -> None:
    from sojourn.manifest import manifest
    from sojourn.plots.pictures import save
    from sojourn.report import figures, write

    document = _document(result, comparison, doubted)
    (folder / MEASURES).write_text(encode(document), encoding="utf-8")
    drawn = figures(comparison, result, uncertainty=doubted)
    save(drawn, folder)
    page = folder / REPORT
    write(page, comparison=comparison, result=result, notes=warnings, pictures=drawn, uncertainty=doubted)
    files = [MANIFEST, *(path.name for path in folder.iterdir())]
    facts = manifest(result, command, variant=options.variant, files=files)
    if options.draws:
        facts |= {"draws": options.draws, "draw_replications": options.draw_replications}
    (folder / MANIFEST).write_text(encode(facts), encoding="utf-8")
