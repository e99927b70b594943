"""The page of `twins`: the answer, what each lever brings and costs, where it is made, who gains and loses, single lives."""

from collections.abc import Sequence
from functools import partial

from sojourn import paper, twinned
from sojourn.experiments.twins import Twins
from sojourn.plots import timelines, waterfall
from sojourn.plots.pictures import Picture
from sojourn.plots.words import human, minus
from sojourn.report import plainly
from sojourn.sheets import on_paper


def pictures(found: Twins) -> list[Picture]:
    """The waterfall of levers, and the lives of those shown."""
    return [waterfall.picture(found.decomposition, found.scenario), timelines.picture(found)]


def page(found: Twins, drawn: Sequence[Picture], notes: Sequence[str]) -> str:
    """The whole page, with its pictures inside."""
    about = found.scenario.about
    heading = f"{about.title or human(about.name)}: {human(found.strategy)} beside {human(found.baseline)}"
    levers, lives = drawn
    plain = partial(plainly, scenario=found.scenario)
    parts = [
        f"<header>\n<h1>{paper.text(heading)}</h1>\n</header>",
        paper.paragraph(plain(minus(found.sentence)), "answer"),
        paper.section("By lever", paper.picture(levers), on_paper(twinned.levers(found), plain)),
        paper.section("By stage", on_paper(twinned.stages(found), plain), on_paper(twinned.crossed(found), plain)),
        paper.section(
            "Who gains and who loses",
            on_paper(twinned.groups(found), plain),
            paper.paragraph(plain(twinned.whoever(found))),
        ),
        paper.section("Single customers", paper.picture(lives), *(_life(found, k) for k in range(len(found.shown)))),
        paper.section("How far to trust this", paper.bullets(plain(line) for line in (*twinned.trust(found), *notes))),
        paper.section("To run it again", paper.facts(_facts(found))),
    ]
    return paper.page(heading, parts)


def _life(found: Twins, k: int) -> str:
    one = found.shown[k]
    lines = [line.removeprefix("- ") for line in twinned.story(found, one)]
    told = paper.bullets(plainly(line, found.scenario) for line in lines)
    return f"<h3>{paper.text(twinned.heading(found, one))}</h3>\n{told}\n" + paper.folded(
        "Both lives, stay by stay", on_paper(twinned.lives(found, one), partial(plainly, scenario=found.scenario))
    )


def _facts(found: Twins) -> list[tuple[str, object]]:
    luck = found.luck
    return [
        ("scenario", found.scenario.about.name),
        ("digest", found.scenario.digest),
        ("strategies", f"{found.baseline}, {found.strategy}"),
        ("customers", "as the scenario says" if luck.customers is None else f"{luck.customers:,}"),
        ("replications", luck.replications),
        ("single customers of replication", found.replication),
        ("seed", luck.seed),
    ]
