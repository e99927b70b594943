"""The stated prior of worlds on which forecasts are tried: journeys of three or four stages, of mixed kinds and laws."""

from typing import Any, NamedTuple

import numpy as np

from sojourn.scenarios.checks import examine
from sojourn.scenarios.model import Scenario

Document = dict[str, Any]
LAWS = ("exponential", "weibull", "lognormal", "loglogistic", "gamma")


class World(NamedTuple):
    """A drawn world: its scenario lasts to the end of the window."""

    scenario: Scenario
    watched: float  # days of the log
    window: float  # days ahead


def world(seed: int) -> World:
    """Draw a world. The prior:

    - three or four stages in a row; each leads on, and to `gone`, the last to `done`; in one world of three, one stage may
      also lead back to the one before;
    - each stage is a race or a choice, with even chances;
    - laws: exponential, Weibull (shape .7 to 2.5), lognormal (sigma .5 to 1.2), log-logistic (shape 1.6 to 4), gamma (shape .7
      to 4), with means from 5 to 30 days, even in their logs; of a race twice as long;
    - of a choice, leading on has probability .3 to .8;
    - 400 to 1,500 customers (even in the log) come as a Poisson process over 90 to 150 days; the window is 28 or 42 days.
    """
    rng = np.random.default_rng([20261126, seed])
    number = int(rng.integers(3, 5))
    names = [f"stage_{k + 1}" for k in range(number)]
    back = int(rng.integers(1, number)) if rng.random() < 1.0 / 3.0 else None
    stages: Document = {}
    for k, name in enumerate(names):
        onward = names[k + 1] if k + 1 < number else "done"
        stages[name] = _stage(rng, onward, names[k - 1] if k == back else None)
    stages["done"] = {"end": True, "role": "purchase"}
    stages["gone"] = {"end": True, "role": "lost"}
    watched, window = float(rng.uniform(90.0, 150.0)), float(rng.choice([28.0, 42.0]))
    customers = float(np.exp(rng.uniform(np.log(400.0), np.log(1_500.0))))
    document = {
        "format": 1,
        "scenario": {"name": f"world-{seed}", "start": names[0], "horizon_days": watched + window},
        "arrivals": {"rate_per_day": customers / watched},
        "stages": stages,
    }
    found = examine(document)
    assert found.scenario is not None, found.faults
    return World(found.scenario, watched, window)


def _stage(rng: np.random.Generator, onward: str, back: str | None) -> Document:
    ways = [onward, "gone", *([back] if back is not None else [])]
    if rng.random() < 0.5:
        return {"race": {to: _law(rng, 2.0) for to in ways}}
    on = float(rng.uniform(0.3, 0.8))
    rest = (1.0 - on) / (len(ways) - 1)
    shares = [on, *[rest] * (len(ways) - 1)]
    return {
        "exits": {to: {"probability": share, "dwell": _law(rng, 1.0)} for to, share in zip(ways, shares, strict=True)}
    }


def _law(rng: np.random.Generator, longer: float) -> Document:
    kind = str(rng.choice(LAWS))
    mean = longer * float(np.exp(rng.uniform(np.log(5.0), np.log(30.0))))
    shape = {
        "weibull": ("shape", 0.7, 2.5), "lognormal": ("sigma", 0.5, 1.2), "loglogistic": ("shape", 1.6, 4.0),
        "gamma": ("shape", 0.7, 4.0),
    }.get(kind)  # fmt: skip
    more = {} if shape is None else {shape[0]: float(rng.uniform(shape[1], shape[2]))}
    return {"law": kind, "mean": mean, **more}
