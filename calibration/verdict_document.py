"""A verdict as one document for machines."""

from typing import Any

from sojourn.calibration.document import finite
from sojourn.calibration.round_trip import RoundTrip
from sojourn.calibration.verdict import Item, Verdict
from sojourn.sim.estimates import Band, Estimate


def verdict_document(verdict: Verdict) -> dict[str, Any]:
    """All of a verdict as plain values; what is undefined is None."""
    inside, number = verdict.coverage
    return {
        "log": verdict.fit.log.source,
        "sentences": list(verdict.lines()),
        "believed": verdict.believed,
        "split": {
            "by": verdict.how,
            "day": finite(verdict.day),
            "said": verdict.said,
            "customers_fitted": verdict.customers_fitted,
            "customers_held_out": verdict.customers_held_out,
        },
        "coverage": {"inside": inside, "of": number, "level": 0.9},
        "replications": verdict.replications,
        "items": {item.name: _item(item) for item in verdict.items},
        "curves": {
            curve.title: {
                "days": curve.observed.x.tolist(),
                "observed": _band(curve.observed),
                "simulated": _band(curve.simulated),
            }
            for curve in verdict.curves
        },
        "reasons": list(verdict.reasons),
        "naive": list(verdict.naive_lines),
        "notes": list(verdict.fit.notes),
    }


def planted_document(trip: RoundTrip) -> dict[str, Any]:
    """A round trip as plain values: planted and fitted numbers, and the verdict."""
    return {
        "planted": trip.scenario.about.name,
        "digest": trip.scenario.digest,
        "sentence": trip.sentence,
        "numbers": [{**one._asdict(), "z": one.z} for one in trip.numbers],
        "skipped": list(trip.skipped),
        "verdict": verdict_document(trip.verdict),
    }


def _item(item: Item) -> dict[str, Any]:
    found: dict[str, Any] = {
        "about": item.about,
        "kind": item.kind,
        "unit": item.unit,
        "stage": item.stage or None,
        "call": item.call,
        "p": item.chance,
        "p_adjusted": item.adjusted,
        "gap": finite(item.gap),
    }
    if item.kind == "distance":
        return {
            **found,
            "distance": item.observed.mean,
            "chance_alone": {"mean": item.simulated.mean, "p95": item.simulated.high},
            "naive_model": finite(item.naive),
        }
    found |= {
        "observed": _estimate(item.observed),
        "simulated": _estimate(item.simulated),
        "inside": item.inside,
        "naive_model": finite(item.naive),
        "without_unfinished_stays": finite(item.unfinished),
    }
    return found | ({"off_from_day": finite(item.until)} if item.kind == "curve" else {})


def _estimate(one: Estimate) -> dict[str, float | None]:
    return {name: finite(value) for name, value in one._asdict().items()}


def _band(one: Band) -> dict[str, list[float | None]]:
    return {name: [finite(v) for v in values.tolist()] for name, values in one._asdict().items() if name != "x"}
