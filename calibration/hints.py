"""What may be behind the items in which a model is off: patterns that point at something the model lacks."""

from collections.abc import Iterator

from sojourn.calibration.fit import Fit
from sojourn.calibration.verdict import Item


def hints(items: tuple[Item, ...], fitted: Fit) -> tuple[str, ...]:
    """Sentences, the likeliest first; empty where nothing is off, or where no pattern is known."""
    return tuple(dict.fromkeys(_hints(items, fitted))) if any(item.call == "no" for item in items) else ()


def _hints(items: tuple[Item, ...], fitted: Fit) -> Iterator[str]:
    off = {item.name: item for item in items if item.call == "no"}
    stages = list(dict.fromkeys(item.stage for item in items if item.stage))
    differing = [name for name in stages if _differ(off, name)]
    for name in differing:
        later = off[f"return.{name}.later"]
        yield (
            f"who has come back to {name} once comes back {'more' if _sign(later) < 0 else 'less'} readily than one law for "
            "all says: a law by count of visits, or differences between customers (frailty), are missing."
        )
    if not differing:
        for name in stages:
            visits = off.get(f"visits.{name}")
            if visits is not None and name not in fitted.silent:
                yield (
                    f"visits to {name} are {'fewer' if _sign(visits) > 0 else 'more'} than one law for all gives: a law by "
                    "count of visits, or differences between customers (frailty), may be missing."
                )
        drifting = {one.stage for one in fitted.drift if one.to}
        for name in stages:
            if name in drifting and any(item.stage == name for item in off.values()):
                yield f"what follows {name} drifted within the log, and the scenario goes on with its mean."
            elif any(key == f"dwell.{name}" or key.startswith(f"step.{name}.") for key in off):
                yield _changed(name, fitted)
    if off.keys() & {"newcomers", "distance.arrivals"}:
        yield "customers come otherwise than before: give arrivals of your own."
    elif off.keys() <= {"distance.2-grams", "distance.3-grams"}:
        yield "what comes next depends on how customers got there, and the model looks at the stage alone."


def _differ(off: dict[str, Item], name: str) -> bool:
    """Whether coming back is off in opposite directions after the first and after later visits."""
    first, later = off.get(f"return.{name}.first"), off.get(f"return.{name}.later")
    return first is not None and later is not None and _sign(first) * _sign(later) < 0


def _changed(name: str, fitted: Fit) -> str:
    stage = fitted.stages.get(name)
    laws = stage.exits.values() if stage is not None else ()
    if any(law.goodness is not None and law.goodness.chance < 0.01 for law in laws):
        return f"no law fits the stays in {name} well."
    return f"stays in {name} changed, or depend on what came before them."


def _sign(item: Item) -> float:
    """1 where the model says too much, -1 where too little."""
    return 1.0 if (item.simulated.mean or 0.0) > (item.observed.mean or 0.0) else -1.0
