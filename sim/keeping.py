"""What one replication leaves, as plain values, so that it can be written down and taken up again to the last bit."""

import base64
from typing import Any, Protocol

import numpy as np

from sojourn.sim.curves import Floats, Trace
from sojourn.sim.estimates import Estimate
from sojourn.sim.estimating import Part, Parts


class Keeper(Protocol):
    """Where finished pieces are kept, by key."""

    def get(self, key: str) -> Any:
        """The piece; None where there is none yet."""

    def put(self, key: str, value: Any) -> None:
        """Keep a piece: lists, tables, texts, numbers, None."""


Left = tuple[Parts, Trace, dict[str, Estimate] | None]


def plain(parts: Parts, trace: Trace, single: dict[str, Estimate] | None) -> dict[str, Any]:
    """Measures and curves of a replication as plain values."""
    return {
        "parts": {name: list(part) for name, part in parts.items()},
        "stages": list(trace.stages),
        "curves": [_packed(curve) for curve in trace[1:]],
        "single": None if single is None else {name: list(one) for name, one in single.items()},
    }


def restored(told: dict[str, Any]) -> Left:
    """The same again."""
    single = told["single"]
    return (
        {name: Part.restored(part) for name, part in told["parts"].items()},
        Trace(tuple(told["stages"]), *(_unpacked(curve) for curve in told["curves"])),
        None if single is None else {name: Estimate(*one) for name, one in single.items()},
    )


def _packed(curve: Floats) -> list[Any]:
    return [list(curve.shape), base64.b64encode(np.ascontiguousarray(curve, dtype="<f8").tobytes()).decode()]


def _unpacked(told: list[Any]) -> Floats:
    shape, text = told
    return np.frombuffer(base64.b64decode(text), dtype="<f8").reshape(shape).astype(np.float64)
