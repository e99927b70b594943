import datetime as dt
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

from sojourn.calibration.histories import Histories, histories

STAGES = ("awareness", "consideration", "purchase", "retention", "advocacy")
MEANS = np.array([20.0, 30.0, 15.0, 90.0, 60.0])  # days, of the whole stay
ONWARD = np.array([0.6, 0.5, 0.8, 0.3, 0.0])  # share of stays that go on to the next stage, not to `gone`
DAYS = 180.0

MAPPING = """\
customer = "who"
time = "when"
event = "what"
observed_until = 180
[stages]
awareness = "awareness"
consideration = "consideration"
purchase = "purchase"
retention = "retention"
advocacy = "advocacy"
[ends]
gone = "gone"
"""


def exponential_journeys(seed: int, customers: int = 6_000) -> list[tuple[int, float, str]]:
    """Events of customers who arrive evenly over 180 days and stay exponential times, cut at day 180."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[int, float, str]] = []
    for customer, arrived in enumerate(rng.uniform(0.0, DAYS, customers)):
        time, stage = float(arrived), 0
        while time < DAYS:
            rows.append((customer, time, STAGES[stage]))
            time += float(rng.exponential(MEANS[stage]))
            if rng.random() >= ONWARD[stage]:
                if time < DAYS:
                    rows.append((customer, time, "gone"))
                break
            stage += 1
    return rows


def log_text(rows: list[tuple[int, float, str]]) -> str:
    return "who,when,what\n" + "".join(f"{customer},{time!r},{stage}\n" for customer, time, stage in rows)


@pytest.fixture(scope="session")
def planted(tmp_path_factory: Any) -> SimpleNamespace:
    """A log of known laws, written to files, and what went into it."""
    folder = tmp_path_factory.mktemp("planted")
    log, mapping = folder / "log.csv", folder / "map.toml"
    rows = exponential_journeys(seed=1)
    log.write_text(log_text(rows))
    mapping.write_text(MAPPING)
    return SimpleNamespace(
        log=log, mapping=mapping, rows=rows, stages=STAGES, means=MEANS, onward=ONWARD, days=DAYS, text=MAPPING
    )


Written = Callable[[str, str], tuple[Path, Path]]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Writes a log and a mapping, returns their paths."""

    def write(log: str, mapping: str) -> tuple[Path, Path]:
        paths = tmp_path / "log.csv", tmp_path / "map.toml"
        for path, text in zip(paths, (log, mapping), strict=True):
            path.write_text(text, encoding="utf-8")
        return paths

    return write


class Cdnow(NamedTuple):
    """The CDNOW sample: 2,357 customers who first bought in early 1997, calibration to 1997-09-30. Weeks, but days where said."""

    x: Any  # repeat days of purchase in calibration
    ahead: Any  # days of purchase in the 39 weeks after
    first: Any  # day of the first purchase, from 1997-01-01
    repeat_days: Any  # day of every repeat purchase of anybody
    each: Histories  # customer by customer
    known: Histories
    rows: list[tuple[str, str]]  # customer and date of every purchase


@pytest.fixture(scope="session")
def cdnow() -> Cdnow:
    """From the package `lifetimes`: several purchases on a day count as one."""
    package = pytest.importorskip("lifetimes")
    text = (Path(package.__file__).parent / "datasets" / "CDNOW_sample.txt").read_text(encoding="ascii")
    start = dt.date(1997, 1, 1)
    days: dict[str, set[int]] = {}
    rows = []
    for line in text.splitlines():
        who, _, day, *_ = line.split()
        date = dt.date(int(day[:4]), int(day[4:6]), int(day[6:]))
        days.setdefault(who, set()).add((date - start).days)
        rows.append((who, date.isoformat()))
    end = (dt.date(1997, 9, 30) - start).days
    bought = [np.array(sorted(when)) for when in days.values()]
    x = np.array([float(np.sum(when <= end) - 1) for when in bought])
    recency = np.array([(when[when <= end][-1] - when[0]) / 7.0 for when in bought])
    watched = np.array([(end - when[0]) / 7.0 for when in bought])
    return Cdnow(
        x=x,
        ahead=np.array([float(np.sum((when > end) & (when <= end + 273))) for when in bought]),
        first=np.array([when[0] for when in bought]),
        repeat_days=np.concatenate([when[1:] for when in bought]),
        each=Histories(x, recency, watched, np.ones(x.size)),
        known=histories(x, recency, watched),
        rows=rows,
    )
