"""The pictures of a decision, with the words that belong beside them."""

from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from sojourn.plots.acceptability import acceptability, spans
from sojourn.plots.pictures import Picture
from sojourn.plots.words import human, number, percent
from sojourn.plots.worth import numbers, sizes_of_test, worth_something
from sojourn.scenarios.plurals import plural

if TYPE_CHECKING:
    from sojourn.experiments.acceptability import Curve
    from sojourn.experiments.worth import Worth


def worth_pictures(found: "Worth") -> list[Picture]:
    """Acceptability by price and by budget, the worth of each number, and of a test of each size; what there is of them."""
    drawn = []
    currency = found.scenario.about.currency
    if found.price is not None and found.asked.second is not None:
        second = human(found.asked.second)
        drawn.append(
            _picture(
                "acceptability",
                f"Which strategy is best, by the worth of {second}",
                f"{_share(found)} if one unit of {second} is worth so much beside {human(found.asked.measure)}."
                f" {_strip(found, found.price)}",
                _told(found, found.price, f"{currency} for one unit of {second}"),
                acceptability(found.price, found.strategies, f"{currency} for one unit of {second}"),
            )
        )
    if found.budget is not None:
        drawn.append(
            _picture(
                "budget",
                "Which strategy is best, as the budget grows",
                f"{_share(found)} among those whose cost beyond {human(found.strategies[0])} is within the budget."
                f" {_strip(found, found.budget)}",
                _told(found, found.budget, f"{currency} of budget"),
                acceptability(
                    found.budget, found.strategies, f"budget beyond {human(found.strategies[0])}, {currency}"
                ),
            )
        )
    told = "; ".join(f"{human(one.question.label)} {number(one.partial.value)}" for one in found.learned)
    drawn.append(
        _picture(
            "information",
            "Which number is worth measuring before deciding",
            "Bars: what knowing it exactly would be worth on average, with 90 % intervals. Upright marks: what chance alone would"
            " find; names of numbers that are worth no more are grey. Worths need not add up to that of all numbers."
            if worth_something(found)
            else "Knowing a number is worth what better choices it would lead to; here there is no better one.",
            f"All numbers {number(found.perfect.mean or 0.0)}; {told}.",
            numbers(found),
        )
    )
    if found.testing is not None:
        drawn.append(
            _picture(
                "test-size",
                "How large a test would have to be",
                f"What a test of {human(found.testing.question.label)} is worth before it is run, by its size. Dashed: knowing it"
                " exactly.",
                "; ".join(f"{number(n)}: {number(value)}" for n, value in found.testing.values) + ".",
                sizes_of_test(found),
            )
        )
    return drawn


def _share(found: "Worth") -> str:
    draws = plural(found.lived.draws.count, "draw")
    return f"Share of {draws} of the numbers in which each strategy is best, with its 90 % interval,"


def _told(found: "Worth", curve: "Curve", along: str) -> str:
    ends = [f"at {number(float(curve.along[k]))} {along}: {_best(found, curve, k)}" for k in (0, -1)]
    return "; ".join(ends) + "."


def _strip(found: "Worth", curve: "Curve") -> str:
    """What the strip says, in words, as its short parts have no name."""
    told = [f"{human(found.strategies[best])} up to {number(stop)}" for _, stop, best in spans(curve)]
    told[-1] = human(found.strategies[spans(curve)[-1][2]])
    return f"The strip on top: the strategy that is best on average, {', then '.join(told)}."


def _best(found: "Worth", curve: "Curve", k: int) -> str:
    return ", ".join(f"{human(n)} {percent(float(curve.chance[k, s]))}" for s, n in enumerate(found.strategies))


def _picture(name: str, title: str, caption: str, alt: str, ax: Axes) -> Picture:
    figure = ax.get_figure(root=True)
    assert figure is not None
    return Picture(name, title, caption, alt, figure)
