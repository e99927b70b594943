"""The two workloads: an open journey, and the same one with a service desk. Time is in days.

Peers read the stages from here, our engines and the C program read the scenario file that `document` writes, so that there is
one set of numbers.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

HORIZON, UNTIL_DAY = 730.0, 365.0
FULL = 1_000_000  # customers of w1.toml and w2.toml
FOLDER = Path(__file__).parent


class Stage(NamedTuple):
    """A stage: its dwell law, and the probability of each exit. An end has no exits."""

    law: str  # lognormal (median, sigma) or exponential (mean)
    first: float  # median or mean, days
    sigma: float
    exits: dict[str, float]


STAGES = {
    "awareness": Stage("lognormal", 3.0, 1.0, {"consideration": 0.35, "churned": 0.65}),
    "consideration": Stage("lognormal", 7.0, 0.8, {"purchase": 0.25, "churned": 0.75}),
    "purchase": Stage("exponential", 1.0, 0.0, {"post_purchase": 1.0}),
    "post_purchase": Stage("exponential", 14.0, 0.0, {"loyalty": 0.55, "churned": 0.45}),
    "loyalty": Stage("lognormal", 30.0, 0.6, {"purchase": 0.60, "advocacy": 0.15, "churned": 0.25}),
    "advocacy": Stage("exponential", 60.0, 0.0, {"purchase": 0.70, "churned": 0.30}),
    "churned": Stage("", 0.0, 0.0, {}),
}
NAMES = tuple(STAGES)
START = "awareness"


@dataclass(frozen=True)
class Desk:
    """A service desk, first come first served; handle time and patience are exponential."""

    asks: float = 0.30  # share of those entering `stage`, at once
    stage: str = "post_purchase"
    agents: int = 10
    per_mean_handle_waited: float = -2.0  # log-odds of `loyal` per mean handle time waited
    loyal: str = "loyalty"

    def days(self, customers: int) -> float:
        """Mean handle time and mean patience: such that requests would just keep all agents at work while arrivals last."""
        returns = 0.55 * (0.60 + 0.15 * 0.70)  # from one purchase to the next
        requests = customers / UNTIL_DAY * 0.35 * 0.25 * self.asks / (1.0 - returns)
        return self.agents / requests


@dataclass(frozen=True)
class Workload:
    """A journey, with a desk or without."""

    name: str
    stages: dict[str, Stage]
    desk: Desk | None = None


WORKLOADS = {"W1": Workload("W1", STAGES), "W2": Workload("W2", STAGES, Desk())}

HEAD = """\
# {name}: {title}, for {customers:,} customers. Written by `python -m benchmarks.workloads`.
format = 1

[scenario]
name = "{lower}"
title = "{title}"
source = "a benchmark; the numbers are made up"
start = "awareness"
horizon_days = {horizon!r}

[arrivals]
rate_per_day = {rate!r}
until_day = {until!r}
"""
DESK = """
[desks.support]
agents = {agents}
handle = {{ law = "exponential", mean = {days!r} }}
patience = {{ law = "exponential", mean = {days!r} }}
effects = [
{effects}]
"""
EFFECT = '  {{ exit = "{stage} -> {loyal}", log_odds_per_day_waited = {per_day!r} }},\n'
STRONGEST = 100.0  # log-odds that one effect of the format may have


def document(workload: Workload, customers: int) -> str:
    """The scenario file of a workload, as text; the desk's times depend on the number of customers."""
    desk = workload.desk
    title = "an open journey" if desk is None else "a journey with a service desk"
    rate = customers / UNTIL_DAY
    text = HEAD.format(
        name=workload.name, lower=workload.name.lower(), title=title, customers=customers,
        horizon=HORIZON, rate=rate, until=UNTIL_DAY,
    )  # fmt: skip
    for name, stage in workload.stages.items():
        text += f"\n[stages.{name}]\n"
        if not stage.exits:
            text += 'end = true\nrole = "lost"\n'
            continue
        text += 'role = "purchase"\n' if name == "purchase" else ""
        numbers = f"median = {stage.first}, sigma = {stage.sigma}" if stage.sigma else f"mean = {stage.first}"
        text += f'dwell = {{ law = "{stage.law}", {numbers} }}\n'
        text += f"exits = {{ {', '.join(f'{to} = {share}' for to, share in stage.exits.items())} }}\n"
        if desk is not None and name == desk.stage:
            text += f'desk = {{ name = "support", probability = {desk.asks} }}\n'
    if desk is not None:
        days = desk.days(customers)
        per_day, parts = desk.per_mean_handle_waited / days, 1
        while abs(per_day) > STRONGEST:  # halved, so that the parts add up to the last bit
            per_day, parts = per_day / 2.0, 2 * parts
        effects = parts * EFFECT.format(stage=desk.stage, loyal=desk.loyal, per_day=per_day)
        text += DESK.format(agents=desk.agents, days=days, effects=effects)
    return text


if __name__ == "__main__":
    for workload in WORKLOADS.values():
        (FOLDER / f"{workload.name.lower()}.toml").write_text(document(workload, FULL))
