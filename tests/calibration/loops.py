"""Customers who come back: a stage that leads back to itself, with a speed of each customer's own."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.calibration import logs
from sojourn.calibration.hazards import Spans, spans
from sojourn.calibration.logs import Log

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, float], float]  # days of a stay, given the factor on its hazard
UNTIL = 100.0
MAPPING = """\
customer = "who"
time = "when"
event = "what"
observed_until = {until}
{more}
[stages]
waiting = "waiting"
bought = "bought"
[ends]
gone = "gone"
[roles]
bought = "purchase"
gone = "lost"
{last}
"""


class Loop(NamedTuple):
    """Stays in columns: days, whether they were seen to end, whose they are, and how often the customer was there before."""

    days: Floats
    ended: NDArray[np.bool_]
    customer: NDArray[np.int64]
    visits: Floats

    @property
    def spans(self) -> Spans:
        """As the likelihood takes them."""
        return spans(self.days, self.ended, self.customer, 0.01)


def weibull(rng: np.random.Generator, factor: float) -> float:
    """Median 30 days, shape 1.5."""
    return float(30.0 * (rng.exponential() / (factor * np.log(2.0))) ** (1.0 / 1.5))


def loop(
    seed: list[int], customers: int, shape: float | None, law: Draw = weibull, per_visit: float = 0.0, up_to: int = 5
) -> Loop:
    """Stays of customers who come within the first half of the watching; `shape` of their gamma speeds, None for none."""
    rng = np.random.default_rng(seed)
    days, ended, who, visits = [], [], [], []
    for customer in range(customers):
        speed = float(rng.gamma(shape, 1.0 / shape)) if shape is not None else 1.0
        at, visit = float(rng.uniform(0.0, 0.5 * UNTIL)), 0
        while at < UNTIL:
            length = law(rng, speed * float(np.exp(per_visit * min(visit, up_to))))
            days.append(min(length, UNTIL - at))
            ended.append(at + length < UNTIL)
            who.append(customer)
            visits.append(float(visit))
            at, visit = at + length, visit + 1
    return Loop(np.array(days), np.array(ended), np.array(who, dtype=np.int64), np.array(visits))


def written_log(
    folder: Path,
    seed: int,
    customers: int,
    shape: float | None,
    *,
    until: float = 120.0,
    last: str = "",
    more: str = "",
    per_visit: float = 0.0,
    kinds: dict[str, float] | None = None,
) -> Log:
    """Customers who wait (Weibull, median 30, shape 1.5), or leave, and buy, and wait again; `kinds` are factors by segment."""
    rng = np.random.default_rng(seed)
    rows = ["who,when,what,kind"]
    names = list(kinds) if kinds else ["all"]
    for customer in range(customers):
        kind = names[customer % len(names)]
        speed = float(rng.gamma(shape, 1.0 / shape)) if shape is not None else 1.0
        speed *= kinds[kind] if kinds else 1.0
        at, visit = float(rng.uniform(0.0, 0.5 * until)), 0
        rows.append(f"{customer},{at!r},waiting,{kind}")
        while True:
            buys, goes = weibull(rng, speed * float(np.exp(per_visit * min(visit, 5)))), float(rng.exponential(80.0))
            at += min(buys, goes)
            if at > until:
                break
            rows.append(f"{customer},{at!r},{'bought' if buys < goes else 'gone'},{kind}")
            if goes < buys:
                break
            at, visit = at + float(rng.exponential(1.0)), visit + 1
            if at > until:
                break
            rows.append(f"{customer},{at!r},waiting,{kind}")
    log, mapping = folder / "log.csv", folder / "map.toml"
    log.write_text("\n".join(rows) + "\n")
    mapping.write_text(MAPPING.format(until=until, more=more, last=last))
    return logs.read(log, mapping)
