"""Complete Journey, split by time: forecasts of coupon campaigns beside naive frequencies and Aalen-Johansen.

A journey is a household in a campaign (see `sojourn.demo_data`); its campaign's end censors it. At three dates, each some weeks
into a large campaign, the log is cut, calibrated and forecast for three weeks; campaigns that begin in the window come as
planned (`--arrivals`). Score: weighted interval score (Bracher et al. 2021), in customers, less is better.
"""

import datetime
import re
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.forecast_rivals import futures
from sojourn import demo_data
from sojourn.calibration import logs
from sojourn.calibration.fit import fit
from sojourn.calibration.forecast import WHOLE, forecast
from sojourn.calibration.happenings import GROUPS, Tally, of_log
from sojourn.calibration.holdout import known_at
from sojourn.calibration.mapping import read_mapping
from sojourn.calibration.openings import on_their_way
from sojourn.calibration.posterior import companion
from sojourn.calibration.stays import Floats

CUTS = ("2017-06-04", "2017-09-03", "2017-11-26")  # the end of these days
WINDOW = 21.0
FUTURES = 1_000
ALPHAS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
PAGE = Path(__file__).parent.parent / "docs" / "forecast.md"
BEGIN, END = "<!-- journeys: begin -->", "<!-- journeys: end -->"
METHODS = ("forecast", "Aalen-Johansen", "naive frequencies")


def weighted_interval_score(drawn: Floats, truth: Floats) -> Floats:
    """WIS of each figure, shape (figures,), from draws of shape (futures, figures).

    1 / (K + 1/2) [ |y - m| / 2 + sum over k of alpha_k / 2 IS_k ], IS = width + 2 / alpha (distance outside): Bracher et al.
    2021.
    """
    score = 0.5 * np.abs(truth - np.median(drawn, axis=0))
    for alpha in ALPHAS:
        low, high = np.quantile(drawn, (alpha / 2.0, 1.0 - alpha / 2.0), axis=0)
        outside = np.maximum(low - truth, 0.0) + np.maximum(truth - high, 0.0)
        score = score + 0.5 * alpha * (high - low) + outside
    return np.asarray(score / (len(ALPHAS) + 0.5))


def figures(tally: Tally, group: int) -> tuple[Floats, Floats]:
    """Weekly entries and final counts by stage of one group, of shapes (..., stages x weeks) and (..., stages)."""
    weekly = tally.weekly[..., group, :, :]
    return weekly.reshape(*weekly.shape[:-2], -1), tally.final[..., group, :]


def main(number: int = FUTURES, write: bool = True) -> str:
    """Forecast at all dates, score, and write the table."""
    with tempfile.TemporaryDirectory() as folder:
        path, mapping = Path(folder) / "events.csv", Path(folder) / "map.toml"
        demo_data.build(path, mapping)
        text = mapping.read_text().replace('clock = "customer"', 'clock = "calendar"').replace("horizon_days = 32", "")
        text = text.replace('segment = "kind"', "")
        log = logs.read_with(path, read_mapping(text))
    begin = datetime.datetime.fromisoformat(log.clock or "")
    scores: dict[tuple[str, str, str], list[Floats]] = {}
    inside: dict[tuple[str, str], list[Floats]] = {}
    told = []
    for cut in CUTS:
        day = (datetime.datetime.fromisoformat(cut) - begin).days + 1.0
        known = known_at(log, day)
        way = on_their_way(known)
        coming = np.bincount(
            (log.start[(log.start >= day) & (log.start < day + WINDOW)] - day).astype(np.int64), minlength=int(WINDOW)
        ).astype(np.float64)
        with tempfile.TemporaryDirectory() as folder:
            arrivals = Path(folder) / "arrivals.csv"
            arrivals.write_text("day,count\n" + "".join(f"{k},{count}\n" for k, count in enumerate(coming)))
            fitted = fit(known)
            scenario = fitted.scenario()
            found = forecast(
                scenario, known, days=WINDOW, draws=number // 2, companion=companion(fitted, 200), arrivals=arrivals,
                despite_drift=WHOLE,
            )  # fmt: skip
        what = found.futures.frame
        drawn = {
            METHODS[0]: found.futures.tallies[next(iter(scenario.strategies))],
            METHODS[1]: futures(what, known, way, coming, naive=False, number=number, seed=1),
            METHODS[2]: futures(what, known, way, coming, naive=True, number=number, seed=1),
        }
        seen = of_log(what, log, way)
        told.append(f"{cut}: {way.customer.size:,} on their way, {int(coming.sum()):,} newcomers")
        print(told[-1], [one.sentence for one in found.drift], file=sys.stderr)
        for name, many in drawn.items():
            for g, group in enumerate(GROUPS):
                parts = zip(("weekly entries", "final counts"), figures(many, g), figures(seen, g), strict=True)
                for kind, futures_, truth in parts:
                    alive = (futures_.max(axis=0) > 0) | (truth > 0)
                    if not alive.any():
                        continue
                    scores.setdefault((name, kind, group), []).append(
                        weighted_interval_score(futures_[:, alive], truth[alive])
                    )
                    low, high = np.quantile(futures_[:, alive], (0.05, 0.95), axis=0, method="weibull")
                    inside.setdefault((name, group), []).append((low <= truth[alive]) & (truth[alive] <= high))
    table = _table(scores, inside)
    if write:
        text = PAGE.read_text(encoding="utf-8")
        new = re.sub(f"{BEGIN}.*?{END}", lambda _: f"{BEGIN}\n{table}\n{END}", text, flags=re.S)
        PAGE.write_text(new, encoding="utf-8")
    return "\n".join([*told, table])


def _table(scores: dict[tuple[str, str, str], list[Floats]], inside: dict[tuple[str, str], list[Floats]]) -> str:
    lines = [
        "| | on their way: weekly | final counts | inside 90 % | newcomers: weekly | final counts | inside 90 % |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in METHODS:
        cells = []
        for group in GROUPS:
            for kind in ("weekly entries", "final counts"):
                cells.append(f"{np.concatenate(scores[name, kind, group]).mean():.2f}")
            hits = np.concatenate(inside[name, group])
            cells.append(f"{hits.sum():.0f} of {hits.size}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(main(int(sys.argv[1]) if len(sys.argv) > 1 else FUTURES, write=len(sys.argv) < 2))
