"""What `sojourn fit` does: choose free numbers so that targets are met, write the file with them, and say what it found."""

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.text import Text

from sojourn import target_words
from sojourn.calibration.fitted import Number, TargetFit
from sojourn.calibration.free import Bounds
from sojourn.calibration.rewriting import Rewritten
from sojourn.calibration.targets import Stand, fit_targets
from sojourn.experiments.parameters import still_drawn
from sojourn.grids import Grid
from sojourn.guard import say
from sojourn.opening import absent, blaming, companion_of, opened, write_beside
from sojourn.options import REPLICATIONS, Options
from sojourn.output import encode, writable
from sojourn.plots.words import exact, minus
from sojourn.scenarios.companion import Companion, beside
from sojourn.scenarios.faults import Fault, Faults
from sojourn.scenarios.files import loads, read
from sojourn.scenarios.plurals import plural
from sojourn.scenarios.untouched import with_draws
from sojourn.terminal import console, plain

EVERY = 5.0  # seconds between two lines of progress
HINT = "write PATH=LOW:HIGH, as in stages.cart.exits.checkout=0.1:0.4; PATH alone has default bounds"


def print_fit(
    name: str,
    free: tuple[str, ...],
    out: str | None,
    customers: int | None,
    replications: int | None,
    seed: int,
    as_json: bool,
) -> None:
    """Fit, write and print; Faults if the file is not sound, has no targets, or an option is wrong."""
    Options(customers, REPLICATIONS if replications is None else replications, seed).check()
    wanted = parsed(free) if free else None
    if out is not None:
        writable(out, inputs=with_draws(name)[1:])  # the scenario itself is written anew, text and all
    text = read(name)
    scenario, warnings = opened(name, None)
    companion = None if out is None else companion_of(name)
    with blaming(name, scenario), following() as news:
        found = fit_targets(scenario, wanted, customers=customers, replications=replications, seed=seed, news=news)
    kept = left = None
    if out is not None:
        kept = found.text(text)
        loads(kept.text, out)  # what is written must be sound
        warnings += absent(name)
        left = None if companion is None else still_drawn(scenario.document(), companion, found.changes)
        write_beside(out, kept.text, left)
    if as_json:
        for line in warnings:
            say(f"warning: {line}")
        click.echo(encode(found.document()), nl=False)
    else:
        _print(found, console(), warnings, name, out, kept)
        if out is not None and companion is not None:
            _say(console(), _draws(companion, left, out))


def parsed(options: tuple[str, ...]) -> dict[str, Bounds | None]:
    """`PATH=LOW:HIGH` or `PATH`, by path; Faults for all that cannot be read, at once."""
    found: dict[str, Bounds | None] = {}
    wrong = []
    for option in options:
        path, sign, told = option.partition("=")
        path = path.strip()
        bounds: Bounds | None = None
        if sign:
            low, colon, high = told.partition(":")
            try:
                bounds = float(low), float(high)
            except ValueError:
                bounds = None
            if not colon or bounds is None or not all(map(math.isfinite, bounds)):
                wrong.append(Fault("--free", "", option, f'"{told}" is no range of numbers', HINT))
                continue
        if not path:
            wrong.append(Fault("--free", "", option, f'"{option}" names no number', HINT))
        elif path in found:
            wrong.append(Fault("--free", "", option, f'"{path}" is named twice', "name each number once"))
        else:
            found[path] = bounds
    if wrong:
        raise Faults(wrong)
    return found


def _draws(companion: Companion, left: Companion | None, out: str) -> str:
    """What became of the draws of the calibrated numbers."""
    gone = len(companion.centrals) - (0 if left is None else len(left.centrals))
    told = "No calibrated number is drawn any more" if left is None else f"{left.said} stand in {beside(out).name}"
    if not gone:
        return f"{told}."
    return f"{told}: the targets now set {gone} that the log had set, or that belong to such a one."


@contextmanager
def following() -> Iterator[Callable[[Stand], None]]:
    """Yield what tells on stderr how a fit stands, now and then, and once more when it is stopped."""
    last: Stand | None = None
    due = time.monotonic() + (0.0 if sys.stderr.isatty() else 2 * EVERY)

    def news(stand: Stand) -> None:
        nonlocal last, due
        last = stand
        if time.monotonic() >= due:
            due = time.monotonic() + EVERY
            lives = plural(stand.replications, "replication")
            say(f"Fitting: {plural(stand.simulations, 'simulation')}, now of {lives}; {minus(_stands(stand))}")

    try:
        yield news
    except KeyboardInterrupt:
        if last is not None:
            told = ", ".join(f"{path} = {value:.4g}" for path, value in last.numbers.items())
            say(f"Best so far: {told}; {_stands(last)}")
        raise


def _stands(stand: Stand) -> str:
    return f"{stand.worst} is off by {100 * stand.misfit:+.2g} %"


def _print(
    found: TargetFit, out: Console, warnings: list[str], name: str, file: str | None, kept: Rewritten | None
) -> None:
    _say(out, minus(found.sentence), "bold")
    out.print()
    if not found.already:
        out.print(_numbers(found))
        out.print()
    out.print(_targets(found))
    if found.undecided:
        out.print()
        _say(out, f"What the {'target' if len(found.after.attained) == 1 else 'targets'} cannot tell", "bold")
        for one in found.undecided:
            _say(out, f"- {one.sentence}")
    out.print()
    _say(out, "How far to trust this", "bold")
    for line in (*_trust(found), *warnings):
        _say(out, f"- {line}")
    if found.already:
        _say(
            out, "The file's own numbers meet its targets." + ("" if file is None else f" Written to {file} as it was.")
        )
    elif file is None:
        _say(out, "Nothing was written: --out FILE writes the scenario with these numbers.")
    elif kept is not None:
        how = "written anew, without the comments of" if kept.anew else "comments and layout are those of"
        _say(out, f"Written to {file}: {how} {name}.")
        if found.also_sourced:
            _say(out, f"See whether {' and '.join(found.also_sourced)} still hold: numbers of theirs were moved.")


def _numbers(found: TargetFit) -> Grid:
    table = Grid("number", "before", "after", "bounds", "still meets the targets")
    for one in found.numbers:
        name = f"{one.path} ({one.free.about})" if one.free.about else one.path
        after = Text(_found(one), "yellow" if one.stop else "")
        bounds = _range((one.free.low, one.free.high))
        table.add_row(Text(plain(name)), _short(one.before), after, bounds, _allowed(one))
    return table


def _targets(found: TargetFit) -> Grid:
    table = Grid("target", "asked", "before", "after", "misfit", "met")
    for before, after in zip(found.before.attained, found.after.attained, strict=True):
        cells = [plain(after.target.name), target_words.asked(after, found.scenario)]
        cells += [target_words.simulated(one, found.scenario) for one in (before, after)]
        table.add_row(*map(Text, [*cells, target_words.misfit(after), target_words.met(after)]))
    return table


def _trust(found: TargetFit) -> Iterator[str]:
    if found.already:
        yield (
            f"Found with two seeds, {found.seed} and {found.after.seed}; the figures are those of the second. "
            f"{plural(found.simulations, 'simulation')}, no search."
        )
        yield from target_words.trust(found.after)
        return
    yield (
        f"The figures are from fresh seeds ({found.after.seed}), not from those that the numbers were found with ({found.seed}); "
        f"{plural(found.simulations, 'simulation')}. What stands behind ± is what luck may have moved a number by (90 %)."
    )
    if found.pull:
        yield (
            "The targets leave numbers open, so those nearest to the file's were taken: a pull of weight "
            f"{exact(found.pull)} (a number moved by a factor e, or its log-odds by 1, weighs as much as a target missed by "
            f"{exact(math.sqrt(found.pull))} of its tolerance)."
        )
    yield from target_words.trust(found.after)


def _found(one: Number) -> str:
    return f"{_short(one.after)} ± {one.error:.1g}" if one.error and not one.stop else _short(one.after)


def _allowed(one: Number) -> str:
    return "" if one.range is None else f"{_range(one.range)}{'' if one.simulated else ', by the slopes'}"


def _range(ends: Bounds) -> str:
    return f"{_short(ends[0])} to {_short(ends[1])}"


def _short(value: float) -> str:
    return minus(f"{value:.4g}")


def _say(out: Console, text: str, style: str = "") -> None:
    out.print(Text(plain(text), style), soft_wrap=True)
