"""Parameters at an end of what is searched: which they are, what that says in plain words, and errors of the others."""

import math
from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np

from sojourn.calibration.stays import Floats

End = Literal["lower", "upper"]
NEAR = 0.01  # of a log to a limit, that counts as there
HARDLY = 0.5  # customers: where fewer are expected to have left, nobody seems to


def ends_of(names: tuple[str, ...], theta: Floats, limits: Floats) -> dict[str, End]:
    """At which end of its limits, shape (k, 2), a parameter lies; those in between are left out."""
    ends: dict[str, End] = {}
    for name, at, (low, high) in zip(names, theta.tolist(), limits.tolist(), strict=True):
        if at < low + NEAR:
            ends[name] = "lower"
        elif at > high - NEAR:
            ends[name] = "upper"
    return ends


def covariance_of(curvature: Floats, held: list[bool]) -> Floats:
    """The inverse curvature of what is not held; nan for what is, and for all where the likelihood is flat in some direction."""
    result = np.full(curvature.shape, np.nan)
    free = np.flatnonzero(~np.array(held, dtype=np.bool_))
    part = curvature[np.ix_(free, free)]
    if free.size and np.all(np.isfinite(part)) and np.linalg.eigvalsh(part)[0] > 0.0:
        result[np.ix_(free, free)] = np.linalg.inv(part)
    return result


def numbers_said(parameters: Mapping[str, float], errors: Mapping[str, float], ends: Mapping[str, End]) -> str:
    """Parameters with their standard errors for people, and instead of an error that there is none, and why."""

    def beside(name: str) -> str:
        if name in ends:
            return f"at its {ends[name]} end"
        return f"{errors[name]:.2g}" if math.isfinite(errors[name]) else "no error: the log bounds it too little"

    return ", ".join(f"{name} {parameters[name]:.4g} ({beside(name)})" for name in errors)


def buying_said(ends: Mapping[str, End]) -> Iterator[str]:
    """What r and alpha at an end say of how often customers come back."""
    told = {name: end for name, end in ends.items() if name in ("r", "alpha")}
    if not told:
        return
    if told.get("r") == "upper":
        yield f"Customers do not differ in how often they come back, as far as the log tells: {_where(told)}."
    elif told.get("r") == "lower":
        yield f"Hardly anybody comes back, and the log cannot tell how customers differ in it: {_where(told)}."
    else:
        yield f"The log tells little of how customers differ in how often they come back: {_where(told)}."


def leaving_said(ends: Mapping[str, End], pair: tuple[str, str], left: float, when: str) -> Iterator[str]:
    """What the two parameters of leaving at an end say of how customers leave.

    Args:
        ends: of all parameters.
        pair: the one that is low where few leave, and the one that is low where customers leave soon: a and b, or s and beta.
        left: how many customers are expected to have left.
        when: what they leave after, as "repeat".
    """
    told = {name: end for name, end in ends.items() if name in pair}
    if not told:
        return
    few, many = (told.get(name) for name in pair)
    where = _where(told)
    if left < HARDLY:
        yield f"Nobody seems to leave: {where}. The log cannot tell how readily customers leave, nor how they differ in it."
    elif few == many == "lower":
        yield f"Some customers leave at the first {when} and others never, as far as the log tells: {where}."
    elif few == "lower":
        yield f"Hardly anybody seems to leave, and the log cannot tell how customers differ in it: {where}."
    elif many == "lower":
        yield f"Nearly everybody who leaves does so at the first {when}, as far as the log tells: {where}."
    else:
        yield f"Customers do not differ in how readily they leave, as far as the log tells: {where}."


def _where(ends: Mapping[str, End]) -> str:
    return " and ".join(f"{name} is at its {end} end" for name, end in ends.items())
