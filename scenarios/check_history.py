"""What is known of customers, and what it does: do traits have values wherever an effect counts them, and do effects end?"""

from collections.abc import Mapping

from sojourn.scenarios.check_flow import adds_up
from sojourn.scenarios.dwell import may_be_endless
from sojourn.scenarios.faults import clipped, nearest, quoted
from sojourn.scenarios.history import PAST, HistoryEffect
from sojourn.scenarios.inquiry import Inquiry
from sojourn.scenarios.model import Quantiles
from sojourn.scenarios.overrides import Place
from sojourn.scenarios.traits import ByStay, Trait, at_stay, parts, words_of

MOST_GROWTH = 13.8  # of a log hazard by history: a factor of a million


def check_history(inquiry: Inquiry) -> None:
    """Traits and the effects of [history]."""
    scenario = inquiry.scenario
    for name, trait in scenario.traits.items():
        _check_trait(inquiry, name, trait)
    used = set()
    for i, effect in enumerate(scenario.history.effects if scenario.history is not None else ()):
        used.add(effect.of)
        _check_counted(inquiry, ("history", "effects", i, "per"), effect)
        _check_growth(inquiry, i, effect)
        if effect.of == "purchases" and not any(stage.role == "purchase" for stage in scenario.stages.values()):
            message, remedy = "counts purchases, but no stage counts as one", 'mark one with role = "purchase"'
            inquiry.warn(("history", "effects", i, "per"), message, remedy, effect.per, [("stages",)])
    for name in scenario.traits:
        if name not in used and not inquiry.is_tainted(("history",)):
            inquiry.warn(
                ("traits", name), "no effect of [history] uses this trait", "take it out", name, [("history",)]
            )


def _check_trait(inquiry: Inquiry, name: str, trait: Trait) -> None:
    if name in PAST:
        what = f"{quoted(name)} is something that every customer has"
        inquiry.fault(("traits", name), what, "give the trait another name")
    for where, drawn in parts(trait).items():
        place: Place = ("traits", name, *(where.split(".") if where else ()))
        if isinstance(drawn, Mapping):
            adds_up(inquiry, place, drawn, "shares")
        elif not isinstance(drawn, Quantiles) and may_be_endless(drawn):
            remedy = "end its shares with 1 and leave out never"
            inquiry.fault(place, "a trait cannot be endless, but never is above 0", remedy)
        if where.startswith("in_stage"):
            inquiry.known("stages", str(place[-1]), place[:-1])


def _check_counted(inquiry: Inquiry, place: Place, effect: HistoryEffect) -> None:
    """An effect counts a number, or a word that the trait can be, which is there at the stays of its exit."""
    scenario, about = inquiry.scenario, [("traits",)]
    if inquiry.is_tainted(("traits",)):
        return
    if effect.of in PAST or effect.of not in scenario.traits:
        if effect.of not in PAST:
            what = f"{quoted(effect.of)} is nothing that a customer has"
            inquiry.fault(place, what, nearest(effect.of, [*PAST, *scenario.traits]), effect.per, about)
        elif effect.word is not None:
            inquiry.fault(place, f"{effect.of} is a number, not a word", f'write per = "{effect.of}"', effect.per)
        return
    trait = scenario.traits[effect.of]
    words = words_of(trait)
    if words and effect.word is None:
        remedy = f'say which, as in per = "{effect.of} == {words[-1]}"'
        inquiry.fault(place, f"{effect.of} is one of several words, not a number", remedy, effect.per, about)
    elif effect.word is not None and not words:
        remedy = f'write per = "{effect.of}", or give the trait shares of words'
        inquiry.fault(place, f"{effect.of} is a number, not a word", remedy, effect.per, about)
    elif effect.word is not None and effect.word not in words:
        what = f"{effect.of} is never {quoted(effect.word)}"
        inquiry.fault(place, what, nearest(effect.word, words), effect.per, about)
    stage = effect.exit.partition(" -> ")[0]
    if isinstance(trait, ByStay) and stage in scenario.stages and at_stay(trait, stage) is None:
        remedy = f"add in_stage.{clipped(stage)} to it, or give each_stay instead"
        inquiry.fault(place, f"{effect.of} has no value at stays in {clipped(stage)}", remedy, effect.per, about)


def _check_growth(inquiry: Inquiry, i: int, effect: HistoryEffect) -> None:
    """A hazard that grows with every visit would have endless visits in a finite time."""
    counts = effect.per in ("visits", "purchases")
    if effect.hazard_ratio is None or effect.hazard_ratio <= 1.0 or effect.per not in PAST:
        return
    place: Place = ("history", "effects", i)
    if counts and effect.up_to is None:
        message = f"a hazard that grows with the number of {effect.per} grows without end"
        inquiry.fault((*place, "up_to"), message, "add up_to = 10", effect.hazard_ratio)
        return
    most = inquiry.scenario.about.horizon_days if effect.up_to is None else effect.up_to
    if effect.eta * most > MOST_GROWTH:
        message = f"{effect.hazard_ratio:g} for each of {most:g} multiplies the hazard by more than a million"
        inquiry.fault((*place, "hazard_ratio"), message, "lower it, or up_to", effect.hazard_ratio, [("scenario",)])
