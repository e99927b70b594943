"""Simulation-based calibration: planted scenarios, their logs calibrated, and where the truth lies among the draws.

    python -m benchmarks.sbc            1,000 scenarios; the result is in docs/simulation-based-calibration.md

Each scenario is planted from a prior of shapes (`sbc_planted`), fitted and drawn as `sojourn calibrate` does it, and the rank
of the truth among 199 draws noted (Talts et al. 2018): evenly spread ranks say that intervals of every width hold what they
promise. What is done is kept in a file, so that the same command goes on after a break.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import stats
from scipy.special import ndtr

from benchmarks.sbc_figures import drawn, truth
from benchmarks.sbc_planted import Planted, log_of, planted
from sojourn.calibration.arrivals import ArrivalsFit
from sojourn.calibration.exits import fit_stage
from sojourn.calibration.fit import Fit
from sojourn.calibration.levers import measure_lever
from sojourn.calibration.people import people_of
from sojourn.calibration.posterior import stage_draws
from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import loads, parse
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.overrides import put

DRAWS = 199  # so that there are 200 ranks, of which 180 lie in the 90 % interval
SCENARIOS = 1_000


class Outcome(NamedTuple):
    """Where the truth lies among draws: how many are below it, of 199; None where nothing was estimated."""

    share: int | None
    days: int | None
    effect: int | None
    about: dict[str, Any]


def outcome(seed: int, number: int) -> Outcome:
    """Plant scenario `number`, calibrate its log, measure its experiment."""
    what = planted(np.random.default_rng([seed, number, 0]))
    log = log_of(what, np.random.default_rng([seed, number, 1]))
    name, onwards = f"s{what.studied}", f"s{what.studied + 1}" if what.studied + 1 < len(what.stages) else "won"
    stage = fit_stage(log, what.studied)
    about: dict[str, Any] = {
        "truth": "choice" if what.stages[what.studied].choice else "race",
        "form": stage.form,
        "told": what.told,
        "laws": list(what.stages[what.studied].laws),
        "stays": stage.entries,
        "open": round(stage.still_open / stage.entries, 3),
        "exits": [law.complete for law in stage.exits.values()],
    }
    share = days = None
    if set(stage.exits) == {onwards, "gone"}:
        fitted = Fit(log, {name: stage}, {name: 1.0}, {"all": 1.0}, ArrivalsFit(1, None, None, ""), ())
        base = parse(fitted.scenario_text())["stages"][name]
        places = list(stage_draws(log, name, stage, people_of(log, DRAWS, number), number))
        known, far = truth(what)
        figures = []
        for row in range(DRAWS):
            changed = {"stages": {name: deepcopy(base)}}
            for place, values in places:
                put(changed, place, values[row].tolist())
            figures.append(drawn(changed["stages"][name], (onwards, "gone"), what.ahead, far))
        share = int(sum(one.share < known.share for one in figures))
        days = int(sum(one.days < known.days for one in figures))
        about |= {
            "far": far,
            "known": list(known),
            "mean": [float(np.mean([one[k] for one in figures])) for k in (0, 1)],
            "sd": [float(np.std([one[k] for one in figures])) for k in (0, 1)],
            "fitted": [law.law for law in (stage.choice.laws if stage.choice else stage.exits).values()],
        }
    return Outcome(share, days, _effect(what, name, onwards, np.random.default_rng([seed, number, 2])), about)


def _effect(what: Planted, name: str, onwards: str, rng: np.random.Generator) -> int | None:
    """The rank of a lever's true effect among even steps of the law that its estimate and interval stand for."""
    log = log_of(what, rng, arms=True)
    kind = "exits" if what.stages[what.studied].choice else "race"
    law = '{ law = "exponential", mean = 9.0 }'
    ways = [
        f"{kind}.{to} = " + (f"{{ probability = 0.5, dwell = {law} }}" if kind == "exits" else law)
        for to in (onwards, "gone")
    ]
    scenario = _loaded(name, ways, onwards)
    try:
        found = measure_lever(
            log, scenario=scenario, control="without", exits=[f"{name} -> {onwards}"], journey=[name, onwards]
        )
    except Faults:
        return None
    shift = found.effects[0].shift
    return int(np.floor(float(ndtr((what.effect - shift.value) / shift.error)) * (DRAWS + 1)))


def _loaded(name: str, ways: Iterable[str], onwards: str) -> Scenario:
    """A scenario that says no more than whether the stage is a choice or a race."""
    head = f'format = 1\n[scenario]\nname = "a"\nstart = "{name}"\nhorizon_days = 9\n[arrivals]\ncohort = 9\n'
    ends = f"[stages.{onwards}]\nend = true\n[stages.gone]\nend = true\n"
    return loads(head + f"[stages.{name}]\n" + "\n".join(ways) + "\n" + ends)


class Row(NamedTuple):
    """One line of the result: a quantity, how often its 90 % interval held the truth, and how even the ranks are."""

    what: str
    number: int
    covered: int
    bounds: tuple[int, int]  # outside of which a true coverage of 90 % lies once in a thousand
    chi: float  # of 20 classes of ranks; its chance is that of so large a one
    chance: float
    band: float  # largest distance of the ranks' distribution from the even one
    widest: float  # which even ranks exceed once in a thousand

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong, at one in a thousand each."""
        return self.bounds[0] <= self.covered <= self.bounds[1] and self.chance >= 1e-3 and self.band <= self.widest


def judged(what: str, ranks: Iterable[int | None]) -> Row:
    """The line of one quantity."""
    known = np.array([rank for rank in ranks if rank is not None])
    number, classes = known.size, 20
    inside = int(np.sum((known >= 10) & (known < 190)))
    low, high = stats.binom(number, 0.9).ppf([0.0005, 0.9995])
    counts = np.bincount(known * classes // (DRAWS + 1), minlength=classes)
    chi = float(np.sum((counts - number / classes) ** 2) / (number / classes))
    even = np.arange(1, DRAWS + 2) / (DRAWS + 1)
    reached = np.cumsum(np.bincount(known, minlength=DRAWS + 1)) / number
    widest = float(stats.kstwo.isf(1e-3, number))
    band = float(np.abs(reached - even).max())
    return Row(what, number, inside, (int(low), int(high)), chi, float(stats.chi2.sf(chi, classes - 1)), band, widest)


def rows(outcomes: Iterable[Outcome]) -> list[Row]:
    """The lines of the result."""
    every = list(outcomes)
    return [
        judged("share that goes on", (one.share for one in every)),
        judged("days in the stage", (one.days for one in every)),
        judged("effect of a lever", (one.effect for one in every)),
    ]


def table(lines: Iterable[Row]) -> str:
    """The result as a table in Markdown."""
    heads = ("quantity", "scenarios", "90 % intervals that hold the truth", "allowed", "chi-square (19) of ranks", "p",
             "ECDF apart", "allowed")  # fmt: skip
    text = [f"| {' | '.join(heads)} |", "|---|---|---|---|---|---|---|---|"]
    for one in lines:
        held = f"{one.covered} ({100.0 * one.covered / one.number:.1f} %)"
        cells = (one.what, f"{one.number:,}", held, f"{one.bounds[0]} to {one.bounds[1]}", f"{one.chi:.1f}",
                 f"{one.chance:.3f}", f"{one.band:.3f}", f"{one.widest:.3f}")  # fmt: skip
        text.append(f"| {' | '.join(cells)} |")
    return "\n".join(text)


def sources() -> str:
    """A digest of the code that decides on results: other code begins anew."""
    digest = hashlib.sha256()
    names = ("benchmarks.sbc", "sojourn.calibration")
    loaded = [one for name, one in sys.modules.items() if name.startswith(names) or one is sys.modules[__name__]]
    for path in sorted({str(one.__file__) for one in loaded if getattr(one, "__file__", None)}):
        digest.update(Path(path).read_bytes())
    return digest.hexdigest()[:16]


def kept(path: Path, seed: int, number: int, news: Callable[[int], None]) -> Iterator[Outcome]:
    """Outcomes of scenarios 0 to `number` - 1, those that a file keeps from an earlier time among them."""
    head = f"{sources()} {seed}"
    lines = path.read_text().splitlines() if path.exists() else []
    done: dict[int, Outcome] = {}
    if lines and lines[0] == head:
        for line in lines[1:]:
            try:
                place, *values = json.loads(line)
                done[place] = Outcome(*values)
            except ValueError:
                continue  # a line that a break cut short
    with path.open("a" if done else "w") as stream:
        if not done:
            stream.write(head + "\n")
        for place in range(number):
            if place not in done:
                done[place] = outcome(seed, place)
                stream.write(json.dumps([place, *done[place]]) + "\n")
                stream.flush()
            news(place)
            yield done[place]


def main() -> int:
    """Run the study, or what is left of it, and print its table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sbc", description="Simulation-based calibration.")
    parser.add_argument("--scenarios", type=int, default=SCENARIOS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kept", type=Path, default=Path(".sbc.jsonl"), help="where finished scenarios are kept")
    asked = parser.parse_args()

    def news(place: int) -> None:
        if place % 50 == 49:
            print(f"{place + 1} of {asked.scenarios}", file=sys.stderr)

    lines = rows(kept(asked.kept, asked.seed, asked.scenarios, news))
    print(table(lines))
    return 0 if all(one.sound for one in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
