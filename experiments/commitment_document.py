"""The JSON shape of commitment."""

from typing import TYPE_CHECKING, Any

from sojourn.sim.estimates import Estimate

if TYPE_CHECKING:
    from sojourn.experiments.commitment import Commitment, State, Tried
    from sojourn.experiments.commitment_crossings import Crossings, Place
    from sojourn.experiments.commitment_points import Point


def document(found: "Commitment") -> dict[str, Any]:
    """One document; figures are `{"mean", "low", "high"}`, null where undefined. See docs/commitment.md for every key."""
    return {
        "scenario": found.scenario.about.name,
        "strategy": found.baseline,
        "loyal": list(found.loyal),
        "within_days": found.within,
        "followed_days": found.followed,
        "method": "exact" if found.exact else "simulated",
        "sentence": found.sentence,
        "arrival": _figure(found.arrival),
        "crossings": {f"{mark:g}": _crossings(one) for mark, one in found.crossings.items()},
        "entries": {
            name: {
                "entries": one.entries,
                "quantiles": dict(zip(("5", "25", "50", "75", "95"), one.quantiles, strict=True)),
            }
            for name, one in found.entries.items()
        },
        "lost": _point(found.lost),
        "unpaid": None if found.unpaid is None else _point(found.unpaid),
        "levers": {
            name: {
                "sure": _figure(one.sure),
                "before_loyal": _figure(one.before),
                "difference": _figure(one.difference),
                "most_in": one.stage,
                "median_day": one.median_day,
            }
            for name, one in found.levers.items()
        },
        "strategies": {
            name: {"extra_cost": one.extra, "affordable": one.affordable} for name, one in found.costs.items()
        },
        "states": [_state(one) for one in found.states],
    }


def _crossings(one: "Crossings") -> dict[str, Any]:
    return {
        "customers": one.customers,
        "before_loyal": _figure(one.before),
        "on_entry": _figure(one.on_entry),
        "neither": _figure(one.neither),
        "lost": _figure(one.lost),
        "median_day": one.median_day,
        "stages": _places(one.stages),
        "entered": _places(one.entries),
        "kept": _figure(one.kept),
    }


def _places(places: "dict[str, Place]") -> dict[str, Any]:
    return {name: {"share": _figure(one.share), "median_day": one.median_day} for name, one in places.items()}


def _point(one: "Point") -> dict[str, Any]:
    return {
        "customers": one.customers,
        "begin": _figure(one.begin),
        "fall": _figure(one.fall),
        "median_day": one.median_day,
        "stages": _places(one.stages),
    }


def _state(one: "State") -> dict[str, Any]:
    return {
        "stage": one.stage,
        "days_in_stage": one.age,
        "who": one.words,
        "moments": one.moments,
        "chance": _figure(one.chance),
        "lost": one.lost,
        "saved_by": list(one.saved_by),
        "unpaid": one.unpaid,
        "strategies": {name: _tried(tried) for name, tried in one.strategies.items()},
    }


def _tried(one: "Tried") -> dict[str, Any]:
    return {
        "chance": _figure(one.chance),
        "gain": one.gain,
        "cost": one.cost,
        "worth": None if one.worth is None else _figure(one.worth),
    }


def _figure(one: Estimate) -> dict[str, float | None]:
    return one._asdict()
