"""All pictures of a result: as PNG files in a folder, or as figures with the words that belong beside them."""

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast

from matplotlib.figure import Figure

from sojourn.plots import style
from sojourn.plots.differences import differences, in_words
from sojourn.plots.distances import distances
from sojourn.plots.fit import fit
from sojourn.plots.flow import flow
from sojourn.plots.funnel import funnel, reading
from sojourn.plots.occupancy import occupancy
from sojourn.plots.payback import payback
from sojourn.plots.retention import FEW, retention, returning
from sojourn.plots.words import SHARE, human, interval, known, pair, percent
from sojourn.scenarios.arguments import checked_arguments
from sojourn.sim.estimates import Estimate
from sojourn.sim.vocabulary import title, unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sojourn.calibration.validate import Check
    from sojourn.calibration.verdict import Verdict
    from sojourn.experiments.compare import Comparison
    from sojourn.sim.run import Outcome, Result


@dataclass(frozen=True)
class Picture:
    """A picture and its words."""

    name: str  # of the file, without `.png`
    title: str
    caption: str  # how to read it
    alt: str  # what it shows, for those who cannot see it
    figure: Figure
    strategy: str | None = None  # None where it shows all of them

    @cached_property
    def png(self) -> bytes:
        """As a PNG with its title above; rendered once, since that takes longer than drawing."""
        return style.png(self.figure, title=self.title)


@checked_arguments
def pictures(found: "Result | Comparison", folder: str | Path, *, check: "Check | None" = None) -> list[Path]:
    """Saves all pictures of a result or a comparison as PNGs in the folder; returns their paths.

    Everything is drawn before the first file appears, and a file appears whole or not at all. Raises OSError where
    nothing can be written.
    """
    return save(figures(found, check=check), folder)


def save(drawn: Sequence[Picture], folder: str | Path) -> list[Path]:
    """Saves pictures that are drawn already, in the manner of `pictures`."""
    contents = [one.png for one in drawn]
    into = Path(folder)
    into.mkdir(parents=True, exist_ok=True)
    paths = [into / f"{one.name}.png" for one in drawn]
    with tempfile.TemporaryDirectory(prefix=".sojourn-", dir=into) as staging:
        for path, content in zip(paths, contents, strict=True):
            (Path(staging) / path.name).write_bytes(content)
        for path in paths:
            os.replace(Path(staging) / path.name, path)
    return paths


def figures(
    found: "Result | Comparison | None" = None,
    *,
    check: "Check | None" = None,
    strategies: Sequence[str] | None = None,
    measures: Sequence[str] | None = None,
) -> list[Picture]:
    """Draws what there is to see, in reading order.

    Args:
        found: a result or a comparison.
        check: what was observed beside what is simulated.
        strategies: whose funnel, flow and occupancy to draw; all if left out.
        measures: what to show in the differences; the headline measures if left out.
    """
    drawn: list[Picture] = []
    if found is not None:
        comparison = cast("Comparison", found) if hasattr(found, "differences") else None
        result = comparison.result if comparison else cast("Result", found)
        if comparison:
            drawn.append(_differences(comparison, measures))
            drawn += _payback(comparison)
        drawn += _retention(result, comparison)
        drawn += _returning(result, comparison)
        taken = {one.name for one in drawn}
        for strategy in strategies if strategies is not None else result.outcomes:
            drawn += _journey(result, strategy, taken)
    if check is not None:
        drawn.append(_fit(check))
    return drawn


def _differences(comparison: "Comparison", measures: Sequence[str] | None) -> Picture:
    scenario, name = comparison.result.scenario, comparison.verdict.measure
    told = [
        f"{human(pair(apart))} {interval(one[name], unit(name, scenario), sign=True)}"
        for apart, one in comparison.differences.items()
        if name in one
    ]
    return Picture(
        "differences",
        f"What the strategies change, against {human(comparison.baseline)}",
        "Each mark is the strategy minus the baseline on the same customers, the line its 90 % interval. Grey and"
        " hollow: the interval spans 0, or there is none, so nobody knows whether it helps or harms.",
        f"{title(name)}: {'; '.join(told)}. Other measures are in the table."
        if told
        else "Differences between strategies.",
        _figure(differences(comparison, measures=measures)),
    )


def _payback(comparison: "Comparison") -> Iterator[Picture]:
    found = getattr(comparison, "payback", {})
    if not found:
        return
    moments = [
        f"{human(name)} {f'from day {one.day:,.0f} on' if one.day is not None else 'not by the end'}"
        for name, one in found.items()
    ]
    currency = comparison.result.scenario.about.currency
    yield Picture(
        "payback",
        f"When strategies pay back, against {human(comparison.baseline)}",
        "Profit so far under the strategy minus that under the baseline, discounted to day 0, on the same customers. The band"
        " holds on all days at once with 90 %. A strategy has paid back where its curve has left 0 upwards for good, which a"
        " dot marks where the whole band does.",
        f"Pays back: {'; '.join(moments)}.",
        _figure(
            payback(
                found,
                currency=currency,
                strategies=list(comparison.result.outcomes),
                beside=_beside(comparison, "profit"),
                told_of=f"difference in profit by the end, {currency}",
            )
        ),
    )


def _beside(comparison: "Comparison | None", name: str | None) -> dict[str, tuple[str, str]]:
    """How far each strategy is from the baseline in a measure, on the same customers: the words and their colour."""
    if comparison is None or name is None:
        return {}
    ends = f" - {comparison.baseline}"
    return {
        pair.removesuffix(ends): in_words(name, one[name], comparison.result.scenario)
        for pair, one in comparison.differences.items()
        if name in one
    }


def _window(result: "Result", kind: str) -> str | None:
    """The measure of that kind with the longest window that every strategy has."""
    all_of = [
        {n for n, e in one.measures.items() if n.startswith(f"{kind}.") and known(e)}
        for one in result.outcomes.values()
    ]
    return max(set.intersection(*all_of), key=lambda n: float(n.rpartition(".")[2]), default=None) if all_of else None


def _retention(result: "Result", comparison: "Comparison | None") -> Iterator[Picture]:
    curves = {name: outcome.curves for name, outcome in result.outcomes.items()}
    if all(one.retention is None for one in curves.values()):
        return
    ends = [
        f"{human(name)} {percent(band.mean[-1])} after {band.x[-1]:,.0f} days"
        for name, one in curves.items()
        if (band := one.retention) is not None and band.x.size
    ]
    measure = _window(result, "retention")
    yield Picture(
        "retention",
        "How long buyers remain customers",
        "The share of buyers not yet lost, by days since their first purchase, with its 90 % band. Buyers who are"
        " still there when the run ends count for as long as they were seen, so the curve does not sink because time ran out."
        f"{_same_customers(len(ends), comparison)}",
        f"Retention curves: {'; '.join(ends)}.",
        _figure(retention(curves, beside=_beside(comparison, measure), told_of=_told_of(result, measure))),
    )


def _returning(result: "Result", comparison: "Comparison | None") -> Iterator[Picture]:
    bands = {name: one.curves.returned for name, one in result.outcomes.items() if one.curves.returned is not None}
    if not bands:
        return
    lossless = all(one.curves.retention is None for one in result.outcomes.values())
    ends = [f"{human(name)} {percent(band.mean[-1])} within {band.x[-1]:,.0f} days" for name, band in bands.items()]
    curves = {name: one.curves for name, one in result.outcomes.items()}
    measure = _window(result, "repeat_rate")
    yield Picture(
        "returning",
        "How soon buyers come back",
        "The share of buyers who have bought again, by days since their first purchase, with its 90 % band; those not yet"
        " back when the run ends count for as long as they were seen."
        + (
            " Nobody is ever known to be lost here, so coming back is the retention that can be seen."
            if lossless
            else ""
        )
        + _same_customers(len(ends), comparison),
        f"Curves of second purchases: {'; '.join(ends)}.",
        _figure(returning(curves, beside=_beside(comparison, measure), told_of=_told_of(result, measure))),
    )


def _same_customers(curves: int, comparison: "Comparison | None") -> str:
    """Why a difference can be sure though bands overlap; said where both are shown."""
    if comparison is None or curves <= FEW:
        return ""
    return " Differences are on the same customers, so that they may be sure where bands overlap."


def _told_of(result: "Result", measure: str | None) -> str:
    """What the figures under names are."""
    if measure is None:
        return ""
    days = float(measure.rpartition(".")[2])
    return f"difference to {human(next(iter(result.outcomes)))} at {days:,g} days, in points"


def _journey(result: "Result", strategy: str, taken: set[str]) -> Iterator[Picture]:
    """Funnel, flow and occupancy of one strategy."""
    outcome = result.outcomes[strategy]
    scenario = outcome.network.scenario if hasattr(outcome, "network") else result.scenario
    many = len(result.outcomes) > 1
    ends = any(stage.end for stage in scenario.stages.values())
    under = f": {human(strategy)}" if many else ""
    slug = re.sub(r"[^a-z0-9]+", "-", strategy.lower()).strip("-")[:60] if many else ""
    tail = _free(taken, slug) if many else ""
    reached = [
        f"{human(n)} {interval(e, SHARE)}"
        for n in scenario.stages
        if (e := outcome.measures.get(f"reach.{n}")) is not None and known(e)
    ]
    yield Picture(
        f"funnel{tail}",
        f"How far customers get{under}",
        reading(outcome.measures, scenario),
        f"Share who ever reached each stage: {'; '.join(reached)}.",
        _figure(funnel(outcome.measures, scenario)),
        strategy,
    )
    moves = sorted(((e.mean or 0.0, a, b) for (a, b), e in outcome.curves.flow.items()), reverse=True)[:5]
    yield Picture(
        f"flow{tail}",
        f"Where customers go{under}",
        "The wider a band, the more moves from stage to stage, in an average replication; bands on the left lead"
        f" back. The white part of a bar is those still there when the run ended{', hatched ends are final' if ends else ''}.",
        "The largest flows: " + "; ".join(f"{human(a)} to {human(b)} {m:,.0f}" for m, a, b in moves) + ".",
        _figure(flow(outcome.curves.flow, scenario, waiting=_waiting(outcome))),
        strategy,
    )
    last = [f"{human(n)} {band.mean[-1]:,.0f}" for n, band in outcome.curves.occupancy.items() if band.mean.size]
    yield Picture(
        f"occupancy{tail}",
        f"How many customers are where, by day{under}",
        "The number of customers in each stage on each day, with its 90 % band"
        f"{'; those who have reached an end are counted below' if ends else ''}.",
        f"Customers on the last day: {'; '.join(last)}.",
        _figure(occupancy(outcome.curves, scenario)),
        strategy,
    )


def _free(taken: set[str], slug: str) -> str:
    """An ending for file names that no other strategy has, and takes it."""
    tail, count = f"-{slug}", 1
    while tail in taken or (not slug and count == 1):
        count += 1
        tail = f"-{slug}-{count}" if slug else f"-{count}"
    taken.add(tail)
    return tail


def _waiting(outcome: "Outcome") -> dict[str, Estimate]:
    """Customers in each stage on the last day."""
    bands = outcome.curves.occupancy
    return {name: Estimate(*(float(v[-1]) for v in band[1:])) for name, band in bands.items() if band.x.size}


def _fit(check: "Check") -> Picture:
    apart = [q.name for q in check.quantities if not q.inside]
    return Picture(
        "fit",
        "Observed beside simulated",
        f"On {check.customers_held_out:,} customers whom the fit has not seen. The simulated interval is where the figure of"
        " so many new customers should lie nine times in ten; the cross is what leaving out unfinished stays would have"
        " given.",
        f"{check.inside} of {len(check.quantities)} observed figures lie in the simulated interval"
        + (f"; outside: {', '.join(map(human, apart))}." if apart else "."),
        _figure(fit(check)),
    )


def judged(verdict: "Verdict") -> list[Picture]:
    """The pictures of a verdict on a fit: figures and curves, and distances."""
    told = [
        f"{human(item.about)} {item.observed.mean / item.simulated.mean:.2g}"
        for item in verdict.distances
        if item.observed.mean and item.simulated.mean
    ]
    fitted = _fit(verdict.check)
    return [
        replace(fitted, caption=f"{fitted.caption} Bands of curves hold for the whole curve at once."),
        Picture(
            "distances",
            "How far simulated journeys are from those held out",
            "Each mark is a distance between two sets of journeys, in multiples of what two simulated sets are apart by chance"
            " alone; the grey range is where one more simulated set would lie nine times in ten.",
            f"Distances, chance alone being 1: {'; '.join(told)}." if told else "No distances.",
            _figure(distances(verdict)),
        ),
    ]


def _figure(ax: "Axes") -> Figure:
    figure = ax.get_figure(root=True)
    assert figure is not None
    return figure
