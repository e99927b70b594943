from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

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
