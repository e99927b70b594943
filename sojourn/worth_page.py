"""The decision page: verdict, curves, worths with their errors, regrets and the test, in one HTML file."""

from collections.abc import Iterator, Sequence

from sojourn import paper
from sojourn.experiments.worth import Worth
from sojourn.experiments.worth_words import short, trial_in_words
from sojourn.paper import Cell
from sojourn.plots.pictures import Picture
from sojourn.plots.words import SHARE, human, interval, minus
from sojourn.sim.vocabulary import unit
from sojourn.worth_told import drawn_as, trust, turns


def page(found: Worth, drawn: Sequence[Picture], notes: Sequence[str] = ()) -> str:
    """The whole file."""
    about = found.scenario.about
    heading = f"{about.title or human(about.name)}: what to decide, and what to measure before"
    shown = {one.name: paper.picture(one) for one in drawn}
    parts = [
        f"<header>\n<h1>{paper.text(heading)}</h1>\n</header>",
        paper.paragraph(_plainly(found, minus(found.sentence)), "answer"),
        paper.bullets(_plainly(found, line) for line in turns(found)),
        paper.section("What each strategy risks", _strategies(found)),
        paper.section("What else counts", shown.get("acceptability", ""), shown.get("budget", "")),
        paper.section("Which number is worth measuring", shown.get("information", ""), _numbers(found)),
        paper.section("How large a test would have to be", *_test(found), shown.get("test-size", "")),
        paper.section("How far to trust this", paper.bullets(_plainly(found, one) for one in (*trust(found), *notes))),
        paper.section("To run it again", paper.facts(_facts(found))),
    ]
    return paper.page(heading, parts)


def _strategies(found: Worth) -> str:
    money = unit(found.asked.measure, found.scenario)
    rows = []
    for k, name in enumerate(found.strategies):
        cells = [Cell("–") if k == 0 else _cell(interval(found.means[k], money, sign=True))]
        cells += [_cell(interval(found.chances[k], SHARE)), _cell(interval(found.regrets[k], money))]
        rows.append(((human(name), ""), cells))
    first = human(found.strategies[0])
    heads = ["strategy", f"{human(found.asked.measure)} beyond {first}, {money}", "best in", f"regret, {money}"]
    return paper.table(
        heads, rows, "Regret: what choosing it loses on average against the best of what the numbers allow."
    )


def _numbers(found: Worth) -> str:
    money = unit(found.asked.measure, found.scenario)
    rows = []
    for one in found.learned:
        cell = _cell(interval(one.estimate, money))
        worth = cell if one.partial.found else cell._replace(kind="unsure")
        label = human(one.question.label).replace(" -> ", " → ")
        rows.append(((label, ""), [Cell(drawn_as(one)), worth, Cell(short(one.partial.null))]))
    heads = ["number in doubt", "as drawn", f"worth of knowing it exactly, {money}", "chance alone finds"]
    return paper.table(heads, rows, "Grey: no more than chance alone would find.")


def _test(found: Worth) -> Iterator[str]:
    if found.testing is not None:
        for line in trial_in_words(found.testing):
            yield paper.paragraph(_plainly(found, line))


def _cell(text: str) -> Cell:
    mean, mark, rest = text.partition(" [")
    return Cell(mean, f"[{rest}" if mark else "")


def _plainly(found: Worth, sentence: str) -> str:
    """A sentence with the scenario's names as the rest of the page writes them."""
    from sojourn.report import plainly

    return plainly(sentence, found.scenario)


def _facts(found: Worth) -> list[tuple[str, object]]:
    from importlib.metadata import version

    return [
        ("scenario", found.scenario.about.name),
        ("digest", found.scenario.digest),
        ("strategies", ", ".join(found.strategies)),
        ("draws of the numbers", found.lived.draws.count),
        ("lives of each draw", found.lived.replications),
        ("sojourn", version("sojourn")),
    ]
