"""What a search for the best mix says in one sentence, in the words of verdicts."""

from typing import TYPE_CHECKING

from sojourn.experiments.wording import Words

if TYPE_CHECKING:
    from sojourn.experiments.mixes import Mix, Mixer
    from sojourn.experiments.optimise import Optimum


def sentence(found: "Optimum") -> str:
    """The mix, what it brings against the baseline on fresh customers, and what it costs."""
    base = found.mixer.baseline
    if found.mix is None:
        return "No mix of these levers that was tried keeps the limits."
    words = Words(found.measure, found.scenario, base)
    if words.priceless:
        return f"{words.unstated()}."
    mix = f"the mix ({mixed(found.mixer, found.mix)})"
    named = [(mix, found.gain)]
    if found.gain.mean is None:
        said = words.undefined([mix])
    elif found.gain.mean == 0.0 and not found.gain.low and not found.gain.high:
        return f"Nothing beats {base}: the best mix found is {base} itself, or acts just like it."
    else:
        said = words.ahead(named) if found.better else words.level(named, figures=True)
        said = f"{said}, for {_money(found)} on levers, on customers that the search has not seen"
    return f"{said[0].upper()}{said[1:]}."


def mixed(mixer: "Mixer", mix: "Mix") -> str:
    """`perks 0.6, adverts 1 from day 30`; levers at 0 are left out."""
    parts = zip(mixer.levers, mix.levels, mix.days, strict=True)
    told = [f"{name} {level:g}{f' from day {day:g}' if day else ''}" for name, level, day in parts if level]
    return ", ".join(told) or "no lever at all"


def _money(found: "Optimum") -> str:
    """`USD +3,400`: what is spent on levers beyond the baseline, on average."""
    spent = found.spending.mean or 0.0
    told = f"{spent:+,.0f}" if abs(spent) >= 100.0 else f"{spent:+.3g}"
    return f"{found.scenario.about.currency} {told if spent else 0}"
