"""CDNOW: customers of 39 weeks forecast for the next 39, total and by repeat purchases so far, beside what they bought.

Run by hand (`python -m benchmarks.forecast_cdnow`, with the extra `data`); its figures stand in docs/forecast.md.
"""

import datetime
import tempfile
from pathlib import Path

import lifetimes
import numpy as np

from sojourn.calibration import logs
from sojourn.calibration.bases import from_companion
from sojourn.calibration.fit import fit
from sojourn.calibration.mapping import read_mapping
from sojourn.calibration.openings import on_their_way, openers_of
from sojourn.calibration.posterior import companion
from sojourn.calibration.predicting import windowed
from sojourn.sim.network import build
from sojourn.sim.openers import with_openers
from sojourn.sim.run import simulate

MAPPING = """
customer = "who"
time = "when"
event = "what"
observed_until = 1997-09-30
[stages]
purchase = "purchase"
[silent]
purchase = "bgnbd"
"""
LAST, DAYS, FUTURES = datetime.date(1997, 9, 30), 273, 400


def main() -> str:
    """The table: repeats by class of repeats so far, forecast with its 90 % interval, and as they were."""
    bought: dict[str, set[datetime.date]] = {}
    for line in (Path(lifetimes.__file__).parent / "datasets" / "CDNOW_sample.txt").read_text().splitlines():
        who, _, day, *_ = line.split()
        bought.setdefault(who, set()).add(datetime.date(int(day[:4]), int(day[4:6]), int(day[6:])))
    rows = [f"{who},{day},purchase\n" for who, days in bought.items() for day in sorted(days) if day <= LAST]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.csv"
        path.write_text("who,when,what\n" + "".join(rows))
        log = logs.read_with(path, read_mapping(MAPPING))
    fitted = fit(log)
    bases = from_companion(fitted.scenario(), companion(fitted, 200), FUTURES, 1)
    way = on_their_way(log)
    drawn = []
    for k in range(FUTURES):
        net = build(windowed(bases.draw(k), float(DAYS), {"rate_per_day": 1.0}), "baseline")
        opened = with_openers(net, openers_of(log, way, net, np.random.default_rng([1, k])))
        journeys = simulate(opened, seed=1, replication=k, customers=0)
        again = (journeys.events.stage == net.stages.index("purchase_again")) & (journeys.events.time > 0.0)
        drawn.append(np.bincount(journeys.who[again], minlength=way.customer.size))
    futures = np.array(drawn, dtype=np.float64)
    names = [log.customers[int(k)] for k in way.customer]
    later = np.array(
        [sum(LAST < day <= LAST + datetime.timedelta(days=DAYS) for day in bought[name]) for name in names]
    )
    so_far = np.array([sum(day <= LAST for day in bought[name]) - 1 for name in names])
    lines = ["| repeats so far | customers | forecast, mean each | 90 % interval | actual |", "|---|---|---|---|---|"]
    for x in range(8):
        here = np.minimum(so_far, 7) == x
        each = futures[:, here].mean(axis=1)
        low, high = np.quantile(each, (0.05, 0.95), method="weibull")
        name = f"{x}" if x < 7 else "7 and more"
        lines.append(
            f"| {name} | {here.sum():,} | {each.mean():.3f} | {low:.3f} to {high:.3f} | {later[here].mean():.3f} |"
        )
    low, high = np.quantile(futures.sum(axis=1), (0.05, 0.95), method="weibull")
    told = f"In all {futures.sum(axis=1).mean():,.0f} [{low:,.0f}, {high:,.0f}] repeats; {later.sum():,} were made."
    return "\n".join([*lines, "", told])


if __name__ == "__main__":
    print(main())
