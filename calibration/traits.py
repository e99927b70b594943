"""Covariates as a scenario draws them, [traits]: by quantiles of their values, or by shares of their words."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from sojourn.calibration.covariates import Covariate
from sojourn.calibration.logs import Log
from sojourn.calibration.rows import names_of
from sojourn.calibration.stays import Floats
from sojourn.calibration.written import key

FEW = 20  # different numbers up to which each is written with its share
STEPS = 40  # quantiles of more of them
DIGITS = 6


def trait_laws(log: Log, used: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Each covariate that effects use, and what it is drawn from as the scenario writes it.

    Args:
        log: with the covariates.
        used: stages on whose exits it acts, by name. What differs by stay is drawn there as it was at their stays.
    """
    for one in log.covariates:
        if one.name not in used:
            continue
        if not one.per_stay:
            yield one.name, _drawn(one, one.values[log.first[:-1]])
            continue
        laws = {name: _drawn(one, one.values[log.stays.stage == log.stages.index(name)]) for name in used[one.name]}
        if len(laws) == 1:
            yield one.name, f"{{ each_stay = {next(iter(laws.values()))} }}"
        else:
            yield one.name, f"{{ in_stage = {{ {', '.join(f'{key(name)} = {law}' for name, law in laws.items())} }} }}"


def _drawn(one: Covariate, values: Floats) -> str:
    values = values[np.isfinite(values)]
    return _shares(one, values) if one.words else _quantiles(values)


def _shares(one: Covariate, values: Floats) -> str:
    """The share of each word that there is; the largest takes up what rounding leaves."""
    counts = np.bincount(values.astype(np.int64), minlength=len(one.words))
    names = names_of(one.words, one.name)
    shares = {names[k]: round(float(counts[k]) / values.size, DIGITS) for k in np.flatnonzero(counts)}
    largest = max(shares, key=lambda name: shares[name])
    shares[largest] = round(1.0 - sum(share for name, share in shares.items() if name != largest), DIGITS)
    return f"{{ {', '.join(f'{key(name)} = {share!r}' for name, share in shares.items())} }}"


def _quantiles(values: Floats) -> str:
    """Few different numbers as jumps, each with its share; of more the quantiles."""
    different, counts = np.unique(values, return_counts=True)
    if different.size <= FEW:
        ends = np.round(np.cumsum(counts) / values.size, DIGITS)
        shares, points = np.concatenate(([0.0], np.repeat(ends, 2)[:-1])), np.repeat(different, 2)
    else:
        shares = np.linspace(0.0, 1.0, STEPS + 1)
        points = np.quantile(values, shares)
    told = ", ".join(repr(round(float(share), DIGITS)) for share in shares)
    numbers = ", ".join(repr(float(f"{value:.{DIGITS}g}")) for value in points)
    return f'{{ law = "quantiles", share = [{told}], value = [{numbers}] }}'
