"""A calibration as one document for machines: every number with its error, what was wrong with it, and the naive one beside."""

import math
from typing import Any

from sojourn.calibration.choices import ChoiceFit
from sojourn.calibration.durations import LawFit
from sojourn.calibration.exits import StageFit
from sojourn.calibration.fit import Fit
from sojourn.calibration.silent import SilentFit
from sojourn.calibration.validate import Check
from sojourn.scenarios.companion import Companion
from sojourn.sim.estimates import Estimate


def document(
    fitted: Fit, checked: Check | None, notes: tuple[str, ...], drawn: Companion | None = None
) -> dict[str, Any]:
    """The fit, the check and the notes as plain values; what is not finite is None."""
    return {
        "log": fitted.log.source,
        "counts": dict(fitted.log.counts),
        "stages": {name: _stage(stage) for name, stage in fitted.stages.items()},
        "silent": {name: _silent(found) for name, found in fitted.silent.items()},
        "drift": [
            {
                "stage": one.stage or None,
                "to": one.to or None,
                "what": "share within days" if one.to else "arrivals a day",
                "before": finite(one.before),
                "after": finite(one.after),
                "days": finite(one.days),
                "since_day": finite(one.since),
                "p": finite(one.chance),
                "sentence": one.sentence,
            }
            for one in fitted.drift
        ],
        "draws": None if drawn is None else {"count": drawn.count, "numbers": len(drawn.draws)},
        "check": None if checked is None else _check(checked),
        "notes": list(notes),
    }


def finite(value: float | None) -> float | None:
    """A number, or None where it is none or has no end."""
    return float(value) if value is not None and math.isfinite(value) else None


def _silent(found: SilentFit) -> dict[str, Any]:
    return {
        "model": found.model.title,
        "parameters": {name: finite(value) for name, value in found.parameters.items()},
        "errors": {name: finite(value) for name, value in found.errors.items()},
        "ends": dict(found.ends),
        "log_likelihood": finite(found.log_likelihood),
        "customers": found.known.customers,
        "repeats": found.known.purchases,
        "alive": finite(found.alive),
    }


def _stage(stage: StageFit) -> dict[str, Any]:
    dwell = stage.dwell
    left = stage.entries - stage.still_open
    return {
        "form": stage.form,
        "stays": stage.entries,
        "still_open": stage.still_open,
        "mean_days": finite(dwell.mean) if dwell is not None and stage.mean_within_reach else None,
        "mean_days_error": finite(dwell.mean_error) if dwell is not None and stage.mean_within_reach else None,
        "watched_days": stage.longest,
        "mean_days_of_those_watched": {"mean": finite(stage.restricted[0]), "error": finite(stage.restricted[1])},
        "naive_mean_days": finite(dwell.naive_mean) if dwell is not None else None,
        "exits": {name: _exit(name, stage.choice, law, left) for name, law in _laws(stage).items()},
        "segments": {
            **{to: {name: _law(law) for name, law in laws.items()} for to, laws in stage.by_segment.items()},
            **{
                name: {to: _exit(to, choice, law, left) for to, law in choice.laws.items()}
                for name, choice in stage.choice_by_segment.items()
            },
        },
        "own_readiness": {
            to: {
                "law": "gamma",
                "shape": own.shape._asdict(),
                "customers_with_repeats": own.repeaters,
                "p": finite(own.chance),
            }
            for to, own in stage.differ.speeds.items()
        },
        "own_chance": None
        if stage.differ.chance is None
        else {
            "law": "beta",
            "to": stage.differ.chance.to,
            "strength": stage.differ.chance.strength._asdict(),
            "customers_with_repeats": stage.differ.chance.repeaters,
            "p": finite(stage.differ.chance.chance),
        },
        "effects": {
            to: [
                {
                    "per": effect.column.name,
                    "scale": effect.scale,
                    **dict(zip(("central", "low", "high"), map(finite, effect.numbers), strict=True)),
                    "up_to": finite(effect.column.up_to),
                    "around": finite(effect.column.around),
                    "prior_spread": finite(effect.spread),
                    "p": finite(effect.chance),
                }
                for effect in effects
            ]
            for to, effects in stage.differ.effects.items()
        },
        "beyond_follow_up": finite(stage.choice.beyond) if stage.choice is not None else None,
        "never": stage.choice.never if stage.choice is not None else None,
    }


def _laws(stage: StageFit) -> dict[str, LawFit]:
    return stage.choice.laws if stage.choice is not None else stage.exits


def _exit(name: str, choice: ChoiceFit | None, law: LawFit, left: int) -> dict[str, Any]:
    chance = {} if choice is None else {"probability": choice.probabilities[name], "error": finite(choice.errors[name])}
    return {**chance, "naive_share": law.complete / left if left else None, **_law(law)}


def _law(law: LawFit) -> dict[str, Any]:
    return {
        "law": law.law,
        "parameters": {name: finite(value) for name, value in law.parameters.items()},
        "errors": {name: finite(value) for name, value in law.errors.items()},
        "never": law.never,
        "deadline": None if law.deadline is None else law.deadline._asdict(),
        "further_deadlines": [one._asdict() for one in law.further],
        "curve": None if law.curve is None else {"share": list(law.curve[0]), "days": list(law.curve[1])},
        "seen": law.complete,
        "mean_days": finite(law.mean),
        "naive_mean_days": finite(law.naive_mean),
        "fit": None if law.goodness is None else {"p": finite(law.goodness.chance), "gap": finite(law.goodness.gap)},
    }


def _check(checked: Check) -> dict[str, Any]:
    def estimate(one: Estimate) -> dict[str, float | None]:
        return {name: finite(value) for name, value in one._asdict().items()}

    return {
        "sentence": checked.sentence,
        "inside": checked.inside,
        "figures": {
            one.name: {
                "unit": one.unit,
                "observed": estimate(one.observed),
                "simulated": estimate(one.simulated),
                "naive": finite(one.naive),
                "inside": one.inside,
            }
            for one in checked.quantities
        },
    }
