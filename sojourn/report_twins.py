"""The page of `twins`: the answer, what each lever brings and costs, where it is made, who gains and loses, single lives."""

from collections.abc import Sequence

from sojourn import paper, twinned
from sojourn.experiments.twins import Twins
from sojourn.plots import timelines, waterfall
from sojourn.plots.pictures import Picture
from sojourn.plots.words import human, minus
from sojourn.sheets import on_paper


def pictures(found: Twins) -> list[Picture]:
    """The waterfall of levers, and the lives of those shown."""
    return [waterfall.picture(found.decomposition, found.scenario), timelines.picture(found)]


def page(found: Twins, drawn: Sequence[Picture], notes: Sequence[str]) -> str:
    """The whole page, with its pictures inside."""
    about = found.scenario.about
    heading = f"{about.title or human(about.name)}: {human(found.strategy)} beside {human(found.baseline)}"
    levers, lives = drawn
    parts = [
        f"<header>\n<h1>{paper.text(heading)}</h1>\n</header>",
        paper.paragraph(_plainly(found, minus(found.sentence)), "answer"),
        paper.section("By lever", paper.picture(levers), on_paper(twinned.levers(found))),
        paper.section("By stage", on_paper(twinned.stages(found)), on_paper(twinned.crossed(found))),
        paper.section(
            "Who gains and who loses",
            on_paper(twinned.groups(found)),
            paper.paragraph(_plainly(found, twinned.whoever(found))),
        ),
        paper.section("Single customers", paper.picture(lives), *(_life(found, k) for k in range(len(found.shown)))),
        paper.section("How far to trust this", paper.bullets([*twinned.trust(found), *notes])),
        paper.section("To run it again", paper.facts(_facts(found))),
    ]
    return paper.page(heading, parts)


def _life(found: Twins, k: int) -> str:
    one = found.shown[k]
    lines = [line.removeprefix("- ") for line in twinned.story(found, one)]
    told = paper.bullets(_plainly(found, line) for line in lines)
    return f"<h3>{paper.text(twinned.heading(found, one))}</h3>\n{told}\n" + paper.folded(
        "Both lives, stay by stay", on_paper(twinned.lives(found, one))
    )


def _plainly(found: Twins, sentence: str) -> str:
    """A sentence with names as people write them."""
    scenario = found.scenario
    names = [*scenario.strategies, *scenario.levers, *scenario.stages, *scenario.desks]
    for name in sorted((name for name in names if "_" in name), key=len, reverse=True):
        sentence = sentence.replace(name, human(name))
    return sentence.replace(" -> ", " → ")


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
