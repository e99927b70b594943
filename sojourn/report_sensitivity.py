"""The page of `sensitivity`: the answer, the picture, the numbers in order, break-evens, how far to trust it."""

from collections.abc import Sequence
from functools import partial

from sojourn import paper, probed
from sojourn.experiments.sensitivity_found import Sensitivity
from sojourn.plots import tornado
from sojourn.plots.pictures import Picture
from sojourn.plots.words import human, minus
from sojourn.report import plainly
from sojourn.sheets import on_paper


def picture(found: Sensitivity) -> Picture:
    """The picture of the method."""
    return tornado.picture(found)


def page(found: Sensitivity, drawn: Picture, notes: Sequence[str]) -> str:
    """The whole page, with its picture inside."""
    about = found.scenario.about
    heading = f"{about.title or human(about.name)}: what the difference hangs on"
    plain = partial(plainly, scenario=found.scenario)
    evens = [plain(minus(line)) for line in probed.evens(found)]
    parts = [
        f"<header>\n<h1>{paper.text(heading)}</h1>\n</header>",
        paper.paragraph(plain(minus(found.sentence)), "answer"),
        paper.section("The numbers", paper.picture(drawn), on_paper(probed.table(found), plain)),
        paper.section("Break-even", paper.bullets(evens)) if evens else "",
        paper.section("How far to trust this", paper.bullets(plain(line) for line in (*probed.trust(found), *notes))),
        paper.section("To run it again", paper.facts(_facts(found))),
    ]
    return paper.page(heading, parts)


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
