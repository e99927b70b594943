"""What it is worth to know more, in words and as JSON."""

import math
from typing import TYPE_CHECKING, Any

from sojourn.experiments.acceptability import Curve
from sojourn.experiments.doubted import described, in_words
from sojourn.experiments.wording import Words
from sojourn.sim.estimates import Estimate
from sojourn.sim.vocabulary import SHARE

if TYPE_CHECKING:
    from sojourn.experiments.worth import Learned, Testing, Worth

ALL = 0.95


def sentence(found: "Worth") -> str:
    """The first lines: the choice, what it risks, and which number is worth knowing."""
    words = Words(found.asked.measure, found.scenario, found.strategies[0])
    if words.priceless:
        return f"{words.unstated()}."
    risk, said = found.perfect, f"{found.best} is best in {in_words(found.choice.chance[found.choice.best])}"
    mean = risk.mean or 0.0
    if mean <= 0.0:
        level = [name for name, one in zip(found.strategies, found.regrets, strict=True) if not one.mean]
        if len(level) > 1:
            names = f"{', '.join(level[:-1])} and {level[-1]}"
            return f"{names} are equally good in all draws: no number is worth measuring for this choice."
        return f"{said}: nothing that is in doubt would change the choice, so no number is worth measuring for it."
    about = money(found, risk)
    lead = f"{said} of what the numbers allow; deciding for it now risks {about} on average."
    return f"{lead} {knowing(found)}"


def knowing(found: "Worth") -> str:
    """Which number is worth measuring, and what that is worth."""
    told = [one for one in found.learned if one.partial.found]
    if not told:
        most = max((one.partial.null for one in found.learned), default=0.0)
        return (
            "No single number is worth measuring, as far as these draws can tell: none is worth more than chance alone would"
            f" find ({plain(found, most)})."
        )
    first, *others = told
    known = (first.partial.value, found.perfect.mean or 0.0)
    part = "all of it" if known[0] >= known[1] else "nearly all of it" if known[0] >= ALL * known[1] else ""
    worth = f"{plain(found, known[0])} of it" if not part else f"{part}, {plain(found, min(known))}"
    if len(found.learned) == 1:
        rest = "it is the only number in doubt."
    elif others:
        rest = f"no other number more than {plain(found, min(others[0].partial.value, known[1]))}."
    else:
        rest = "no other number is worth anything that can be told from chance."
    return f"Knowing {first.question.label} exactly would be worth {worth}; {rest}"


def trial_in_words(testing: "Testing") -> list[str]:
    """The test that would measure it, a sentence each."""
    trial, size = testing.trial, testing.size
    said = [
        f"To measure {testing.question.label}: two arms of {trial.units}, one with the lever at full level; {trial.outcome}."
    ]
    if size is not None:
        said.append(
            f"{size.simulated:,} {trial.units} in each arm find the central effect with 80 % power at 5 % (simulated; the closed"
            f" form says {size.formula:,})."
        )
        if trial.a_day is not None:
            said.append(f"So many come in about {short(2.0 * size.simulated / trial.a_day)} days.")
    else:
        said.append(
            "The central effect is none, so no test has power to find it; smaller tests still narrow the interval."
        )
    return said


def money(found: "Worth", estimate: Estimate) -> str:
    """`USD 78 a year (90 %: 50 to 110)`."""
    mean, low, high = estimate
    assert mean is not None
    interval = "" if low is None or high is None else f" (90 %: {_short(found, low)} to {_short(found, high)})"
    return f"{plain(found, mean)}{_over(found)}{interval}"


def plain(found: "Worth", value: float) -> str:
    """`USD 78`, to two digits; shares in percentage points."""
    words = Words(found.asked.measure, found.scenario, found.strategies[0])
    if words.currency:
        return f"{words.currency} {_short(found, value)}"
    return (
        f"{_short(found, value)} {'percentage points' if words.unit == SHARE else words.unit} of {found.asked.measure}"
    )


def _over(found: "Worth") -> str:
    return Words(found.asked.measure, found.scenario, found.strategies[0]).over


def _short(found: "Worth", value: float) -> str:
    scale = 100.0 if Words(found.asked.measure, found.scenario, found.strategies[0]).unit == SHARE else 1.0
    return short(scale * value)


def short(value: float) -> str:
    """A number to two digits, with thousands separators."""
    if value == 0.0 or not math.isfinite(value):
        return "0" if value == 0.0 else "unknown"
    places = 1 - math.floor(math.log10(abs(value)))
    return f"{round(value, places) + 0.0:,.{max(places, 0)}f}"


def document(found: "Worth") -> dict[str, Any]:
    """The JSON shape of `sojourn worth --json`."""
    each = {
        name: {
            "difference": found.means[k]._asdict(),
            "best": found.chances[k]._asdict(),
            "regret": found.regrets[k]._asdict(),
        }
        for k, name in enumerate(found.strategies)
    }
    told: dict[str, Any] = {
        "scenario": found.scenario.about.name,
        "sentence": found.sentence,
        "measure": found.asked.measure,
        "baseline": found.strategies[0],
        "best": found.best,
        "draws": found.lived.draws.count,
        "replications": found.lived.replications,
        "strategies": each,
        "perfect_information": found.perfect._asdict(),
        "numbers": [_number(one) for one in found.learned],
        "edited": list(found.kept),
        "undrawn": found.undrawn or None,
        "test": None if found.testing is None else _test(found.testing),
    }
    if found.price is not None:
        about = {"measure": found.asked.second, "price": found.price.along.tolist()}
        told["willingness"] = {**about, **_curve(found, found.price)}
    if found.budget is not None:
        told["budget"] = {"budget": found.budget.along.tolist(), **_curve(found, found.budget)}
    return told


def _number(one: "Learned") -> dict[str, Any]:
    part = one.partial
    return {
        "label": one.question.label,
        "numbers": [described(doubt) for doubt in one.question.doubts],
        "worth": one.estimate._asdict(),
        "standard_error": part.error,
        "before_bias": part.raw,
        "found_by_chance": part.null,
        "p": part.chance,
        "worth_measuring": part.found,
    }


def _test(testing: "Testing") -> dict[str, Any]:
    size = testing.size
    return {
        "label": testing.question.label,
        "units": testing.trial.units,
        "outcome": testing.trial.outcome,
        "central_effect": testing.trial.effect,
        "units_in_each_arm": None if size is None else {"simulated": size.simulated, "closed_form": size.formula},
        "worth_by_size": [{"units_in_each_arm": n, "worth": value} for n, value in testing.values],
    }


def _curve(found: "Worth", curve: Curve) -> dict[str, Any]:
    return {
        "best": {name: curve.chance[:, k].tolist() for k, name in enumerate(found.strategies)},
        "best_on_average": [found.strategies[k] for k in curve.best],
        "changes_at": list(curve.changes),
    }
