"""The page of `sensitivity`: the answer, the picture, the numbers in order, break-evens, how far to trust it."""

from collections.abc import Sequence

from sojourn import paper, probed
from sojourn.experiments.sensitivity_found import Sensitivity
from sojourn.plots import tornado
from sojourn.plots.pictures import Picture
from sojourn.plots.words import human, minus
from sojourn.sheets import on_paper


def picture(found: Sensitivity) -> Picture:
    """The picture of the method."""
    return tornado.picture(found)


def page(found: Sensitivity, drawn: Picture, notes: Sequence[str]) -> str:
    """The whole page, with its picture inside."""
    about = found.scenario.about
    heading = f"{about.title or human(about.name)}: what the difference hangs on"
    evens = [_plainly(found, minus(line)) for line in probed.evens(found)]
    parts = [
        f"<header>\n<h1>{paper.text(heading)}</h1>\n</header>",
        paper.paragraph(_plainly(found, minus(found.sentence)), "answer"),
        paper.section("The numbers", paper.picture(drawn), on_paper(probed.table(found))),
        paper.section("Break-even", paper.bullets(evens)) if evens else "",
        paper.section("How far to trust this", paper.bullets([*probed.trust(found), *notes])),
        paper.section("To run it again", paper.facts(_facts(found))),
    ]
    return paper.page(heading, parts)


def _plainly(found: Sensitivity, sentence: str) -> str:
    """A sentence with names as people write them; paths stay as the file has them."""
    scenario = found.scenario
    for name in sorted((*scenario.strategies, *scenario.levers), key=len, reverse=True):
        if "_" in name and f".{name}" not in sentence:
            sentence = sentence.replace(name, human(name))
    return sentence.replace(" -> ", " → ")


def _facts(found: Sensitivity) -> list[tuple[str, object]]:
    luck = found.luck
    return [
        ("scenario", found.scenario.about.name),
        ("digest", found.scenario.digest),
        ("strategies", f"{found.baseline}, {found.strategy}"),
        ("measure", found.measure),
        ("method", found.method),
        ("customers", "as the scenario says" if luck.customers is None else f"{luck.customers:,}"),
        ("replications", luck.replications),
        ("seed", luck.seed),
    ]
