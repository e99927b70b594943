"""What the command `optimise` does: search, confirm, print, and write `--out` and `--into`."""

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from sojourn import limit_words as words_of
from sojourn import paper
from sojourn.calibration.rewriting import added_strategy
from sojourn.experiments.journal import digest, journal
from sojourn.experiments.mixes import NAME, SPENDING
from sojourn.experiments.optimise import Optimum, optimise
from sojourn.experiments.searching import DEEPER
from sojourn.experiments.wording import Words
from sojourn.grids import Grid
from sojourn.guard import say
from sojourn.opening import absent, blaming, companion_of, opened, write_beside
from sojourn.options import Options, listed
from sojourn.output import MANIFEST, REPORT, encode, staged, writable
from sojourn.plots.words import human, interval, number
from sojourn.scenarios.faults import fault
from sojourn.scenarios.files import read
from sojourn.scenarios.plurals import plural
from sojourn.scenarios.untouched import with_draws
from sojourn.sim.vocabulary import direction, title, unit
from sojourn.terminal import console, plain, progress

DOCUMENT = "optimum.json"


def print_optimum(
    name: str,
    *,
    levers: str | None,
    baseline: str | None,
    measure: str,
    budget: float | None,
    at_least: tuple[str, ...],
    at_most: tuple[str, ...],
    schedules: bool,
    frontier: str | None,
    trials: int | None,
    customers: int | None,
    replications: int,
    seed: int,
    variant: str | None,
    into: str | None,
    out: str | None,
    as_json: bool,
) -> None:
    """Search for the best mix, confirm it on fresh customers, print it, and write what is asked for."""
    Options(customers, replications, seed, "compiled", out, as_json, False, variant).check()
    if into is not None:
        writable(into, option="--into", inputs=with_draws(name)[1:])  # the scenario may be added to
        if variant is not None:
            raise fault("--into", "", "writes the file, not a variant of it", "leave out --variant or --into")
    scenario, warnings = opened(name, variant)
    companion = None if into is None else companion_of(name)
    chosen = listed(levers, "--levers") if levers is not None else None
    options: dict[str, Any] = {
        "baseline": baseline,
        "measure": measure,
        "budget": budget,
        "at_least": _limits(at_least, "--at-least"),
        "at_most": _limits(at_most, "--at-most"),
        "schedules": schedules,
        "trials": trials,
        "replications": replications,
        "customers": customers,
        "seed": seed,
        "frontier_measure": frontier,
    }
    question = digest(scenario, command="optimise", levers=chosen, **options)
    with (
        blaming(name, scenario),
        journal(out, question) as kept,
        staged(out, with_draws(name)) if out is not None else nullcontext() as folder,
    ):
        with progress("Trying mixes") as news:
            found = optimise(scenario, chosen, progress=news, kept=kept, **options)
        if folder is not None:
            _write(folder, found, variant, warnings)
    if into is not None:
        if found.mix is None:
            say(f"Nothing was written to {into}: no mix keeps the limits.")
        else:
            warnings += absent(name)
            write_beside(into, added_strategy(read(name), NAME, found.plans()), companion, option="--into")
    if as_json:
        for line in warnings:
            say(f"warning: {line}")
        click.echo(encode(found.document()), nl=False)
    else:
        _print(found, console(), warnings, into)


def sentence(found: Optimum) -> str:
    """The answer in words and money."""
    base, currency = human(found.mixer.baseline), found.scenario.about.currency
    if found.mix is None:
        return f"No mix of these levers keeps the limits ({'; '.join(words_of.asked(found))}).{words_of.nearest(found)}"
    what = title(found.measure)
    words = Words(found.measure, found.scenario, base)
    if words.priceless:
        return f"{words.unstated()}."
    gain = _amount(found, found.gain.mean is not None)
    if found.gain.mean == 0.0 and not found.gain.low and not found.gain.high:
        return f"Nothing beats {base}: the best mix found is {base} itself, or acts just like it."
    mix = words_of.mixed(found, found.mix)
    over = [
        said
        for one in found.limits
        if one.measure == SPENDING and (said := words_of.broken(found, one, found.spending))
    ]
    cost = f"for {currency} {interval(found.spending, sign=True)} on levers{''.join(f' ({said})' for said in over)}"
    if found.better:
        return f"Best: {mix}. {what} {gain} against {base}, {cost}, on customers that the search has not seen."
    return f"{what}: the best mix found ({mix}) is not distinguishable from {base}: {gain}, {cost}, on fresh customers."


def lines(found: Optimum) -> Iterator[str]:
    """How far to trust it."""
    kind = unit(found.measure, found.scenario)
    if found.mix is not None and found.claimed.mean is not None and found.gain.mean is not None:
        yield (
            f"The search's own customers would have said {interval(found.claimed, kind, sign=True)}: the best of "
            f"{plural(len(found.trials), 'mix', 'mixes')} is in part the luckiest. The figure above is of "
            f"{plural(found.fresh_replications, 'fresh replication')}, which had no part in the choice."
        )
    yield from _beside(found)
    for limit in found.limits if found.mix is not None else ():
        figure = found.spending if limit.measure == SPENDING else found.bounded[limit.measure]
        broken = ", which fresh customers do not bear out" if words_of.excess(limit, figure) > 0.0 else ""
        what = "Spending on levers" if limit.measure == SPENDING else title(limit.measure)
        asked = f"{words_of.wanted(limit)} was asked{broken}"
        yield f"{what}: {words_of.figure(found, limit, figure)} on fresh customers; {asked}."
    yield (
        f"Each mix was tried on the same customers: {plural(found.replications, 'replication')} in the wide search, "
        f"{DEEPER * found.replications} in the close one."
    )
    yield "Effects of levers stand at their central values: sojourn worth and sojourn sensitivity say what hangs on them."


def _beside(found: Optimum) -> Iterator[str]:
    """Mixes of the table that did as well as the answer on the fresh customers, or better: why they are not the answer."""
    if found.mix is None or found.gain.mean is None or found.frontier_measure != found.measure:
        return
    others = [one for one in found.frontier if one.mix != found.mix and one.figure.mean is not None]
    alike = [one for one in others if one.figure == found.gain and one.spending == found.spending]
    if alike:
        one, other = words_of.mixed(found, alike[0].mix), words_of.mixed(found, found.mix)
        yield f"{one} does here what {other} does, to the last digit."
    sign = direction(found.measure) or 1
    ahead = [one for one in others if sign * (one.figure.mean or 0.0) > sign * found.gain.mean]
    if ahead:
        best = max(ahead, key=lambda one: sign * (one.figure.mean or 0.0))
        kind = unit(found.measure, found.scenario)
        lead = f"{words_of.mixed(found, best.mix)} ({interval(best.figure, kind, sign=True)}) is ahead"
        broken = words_of.breaks(found, best)
        if broken:
            yield f"{lead} on the fresh customers, but breaks a limit: {'; '.join(broken)}."
        kept = [one for one in ahead if not words_of.breaks(found, one)]
        if kept and broken:
            best = max(kept, key=lambda one: sign * (one.figure.mean or 0.0))
            lead = f"{words_of.mixed(found, best.mix)} ({interval(best.figure, kind, sign=True)}) is ahead within the limits"
        if kept:
            yield (
                f"{lead} on the fresh customers, but was not on the search's own: to choose by the fresh ones would make"
                " their figure too good again. More --replications tell the two apart."
            )


def _amount(found: Optimum, known: bool) -> str:
    kind = unit(found.measure, found.scenario)
    shown = interval(found.gain, kind, sign=True)
    currency = found.scenario.about.currency
    return f"{currency} {shown}" if known and kind == currency else shown


def _limits(given: tuple[str, ...], option: str) -> Mapping[str, float]:
    limits = {}
    for text in given:
        name, equals, value = text.partition("=")
        try:
            limits[name.strip()] = float(value)
        except ValueError:
            equals = ""
        if not equals or not name.strip() or not abs(limits[name.strip()]) < float("inf"):
            raise fault(option, "", f'"{text}" is no limit', "write a measure and a number: satisfaction=72", text)
    return limits


def _rows(found: Optimum) -> Iterator[tuple[str, str, list[str]]]:
    """The lever (or `spent`, `gain`), what the baseline has, and the frontier's levels."""
    network = found.mixer.network(None)
    for k, name in enumerate(found.mixer.levers):
        before = f"{float(network.levels(name, 0.0)):g}"
        yield human(name), before, [words_of.level(one.mix.levels[k], one.mix.days[k]) for one in found.frontier]


def _print(found: Optimum, out: Console, warnings: list[str], into: str | None) -> None:
    _say(out, sentence(found), "bold")
    kind = unit(found.frontier_measure, found.scenario)
    if found.frontier:
        out.print()
        money = f"what more money buys ({found.scenario.about.currency})"
        table = Grid(money, title(found.frontier_measure), "mix")
        for one in found.frontier:
            row = (
                interval(one.spending, sign=True),
                interval(one.figure, kind, sign=True),
                words_of.mixed(found, one.mix),
            )
            table.add_row(*(Text(plain(cell)) for cell in row))
        out.print(table)
        _say(out, "Both columns are differences to the baseline on fresh customers.", "dim")
    out.print()
    _say(out, "How far to trust this", "bold")
    for line in (*lines(found), *warnings):
        _say(out, f"- {line}")
    if into is not None and found.mix is not None:
        out.print()
        _say(out, f"{into} has the mix as strategy {NAME}: sojourn compare {into} runs it against the others.")


def _say(out: Console, text: str, style: str = "") -> None:
    out.print(Text(plain(text), style), soft_wrap=True)


def _write(folder: Path, found: Optimum, variant: str | None, warnings: list[str]) -> None:
    from sojourn.manifest import facts
    from sojourn.plots.frontier import picture

    drawn = picture(found)
    (folder / DOCUMENT).write_text(encode(found.document()), encoding="utf-8")
    (folder / f"{drawn.name}.png").write_bytes(drawn.png)
    (folder / REPORT).write_text(page(found, warnings), encoding="utf-8")
    settings: dict[str, Any] = {
        "baseline": found.mixer.baseline,
        "levers": list(found.mixer.levers),
        "measure": found.measure,
        "limits": list(words_of.asked(found)),
        "schedules": found.mixer.scheduled,
        "customers": found.customers,
        "replications": found.replications,
        "fresh_replications": found.fresh_replications,
        "seed": found.seed,
        "engine": "compiled",
    }
    files = (DOCUMENT, f"{drawn.name}.png", REPORT, MANIFEST)
    document = facts(found.scenario, "optimise", settings, variant=variant, files=files)
    (folder / MANIFEST).write_text(encode(document), encoding="utf-8")


def page(found: Optimum, warnings: list[str]) -> str:
    """The report of a search as one HTML file."""
    from sojourn.plots.frontier import picture

    about = found.scenario.about
    kind = unit(found.frontier_measure, found.scenario)
    heads = ["lever", "baseline", *(f"{about.currency} {interval(one.spending, sign=True)}" for one in found.frontier)]
    rows = [
        ((name, ""), [paper.Cell(before), *(paper.Cell(level) for level in levels)])
        for name, before, levels in _rows(found)
    ]
    gained = [paper.Cell(interval(one.figure, kind, sign=True)) for one in found.frontier]
    rows.append(((title(found.frontier_measure), ""), [paper.Cell("0"), *gained]))
    return paper.page(
        f"{about.title or about.name}: the best mix",
        [
            f"<h1>{paper.text(about.title or about.name)}: the best mix of levers</h1>",
            paper.paragraph(sentence(found), "answer"),
            paper.section(
                "What more money buys",
                paper.picture(picture(found)),
                paper.table(heads, rows, "Levels by what is spent on levers beyond the baseline; on fresh customers."),
            ),
            paper.section("How far to trust this", paper.bullets([*lines(found), *warnings])),
            paper.section(
                "How it was searched",
                paper.facts(
                    [
                        ("Levers", ", ".join(map(human, found.mixer.levers))),
                        ("Limits", "; ".join(words_of.asked(found)) or "none"),
                        ("Mixes tried", number(len(found.trials))),
                        ("Seed", found.seed),
                    ]
                ),
            ),
        ],
    )
