"""What may be behind the items in which a model is off: patterns that point at something the model lacks."""

from collections.abc import Iterator

from sojourn.calibration.fit import Fit
from sojourn.calibration.verdict import Item


def hints(items: tuple[Item, ...], fitted: Fit) -> tuple[str, ...]:
    """Sentences, the likeliest first; empty where nothing is off, or where no pattern is known."""
    return tuple(dict.fromkeys(_hints(items, fitted))) if any(item.call == "no" for item in items) else ()


def _hints(items: tuple[Item, ...], fitted: Fit) -> Iterator[str]:
    off = {item.name: item for item in items if item.call == "no"}
    drifting = {one.stage for one in fitted.drift if one.to}
    for name in dict.fromkeys(item.stage for item in items if item.stage):
        first, later = off.get(f"return.{name}.first"), off.get(f"return.{name}.later")
        visits = off.get(f"visits.{name}")
        if first is not None and later is not None and _sign(first) * _sign(later) < 0:
            yield (
                f"who has come back to {name} once comes back {'more' if _sign(later) < 0 else 'less'} readily than one law "
                "for all says: a law by count of visits, or differences between customers (frailty), are missing."
            )
        elif visits is not None and name not in fitted.silent:
            yield (
                f"visits to {name} are {'fewer' if _sign(visits) > 0 else 'more'} than one law for all gives: a law by count "
                "of visits, or differences between customers (frailty), may be missing."
            )
        elif any(item.stage == name for item in off.values()) and name in drifting:
            yield f"what follows {name} drifted within the log, and the scenario goes on with its mean."
        elif (days := off.get(f"dwell.{name}")) is not None or any(key.startswith(f"step.{name}.") for key in off):
            stage = fitted.stages.get(name)
            rough = stage is not None and any(
                law.goodness is not None and law.goodness.chance < 0.01 for law in stage.exits.values()
            )
            if rough:
                yield f"no law fits the stays in {name} well."
            elif days is not None:
                yield f"stays in {name} changed, or depend on what came before them."
    if off.keys() & {"newcomers", "distance.arrivals"}:
        yield "customers come otherwise than before: give arrivals of your own."
    elif "distance.3-grams" in off and not any(key.startswith(("step.", "return.", "visits.")) for key in off):
        yield "what comes next depends on how customers got there, and the model looks at the stage alone."


def _sign(item: Item) -> float:
    """1 where the model says too much, -1 where too little."""
    return 1.0 if (item.simulated.mean or 0.0) > (item.observed.mean or 0.0) else -1.0
