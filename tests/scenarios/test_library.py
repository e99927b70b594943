"""Every shipped scenario, in every variant: sound, every number graded, and with all the figures that its articles speak of."""

import tomllib
from typing import Any

import pytest

from sojourn.scenarios import grades
from sojourn.scenarios.files import inspect, library, load
from sojourn.sim.run import run

VERSIONS = [(name, variant) for name in library() for variant in (None, *load(name).variants)]
# What the articles name: impressions, click-through, conversion, repeat purchase, churn, lifetime value, NPS, satisfaction and
# recommendation; and the funnel's steps.
NAMED = (
    "impressions", "click_through", "conversion", "repeat_rate", "churn_rate", "clv", "nps", "satisfaction", "referrals",
)  # fmt: skip
# Numbers that are no evidence: the version of the format; the question's own times; a guard on the size of a run; and the
# strategies, whose levels and days are the decisions that are compared; and targets, which say their origin.
NO_EVIDENCE = {
    "format",
    "scenario.horizon_days",
    "arrivals.until_day",
    "market.invitee_cap",
    "strategies",
    "targets",
    "free",
}
SMALL = """
format = 1
[scenario]
name = "small"
start = "a"
horizon_days = 10
[arrivals]
cohort = 5
[stages.a]
dwell = { law = "exponential", mean = 3 }
exits = { b = 0.5, c = 0.5 }
[stages.b]
end = true
revenue = 3
[stages.c]
end = true
[levers.push]
cost = { per_day = 1 }
[[levers.push.effects]]
exit = "a -> b"
log_odds = { central = 0.2, low = 0.1, high = 0.3 }
[strategies.on]
push = 0.5
[variants.more]
override = { "arrivals.cohort" = 9 }
"""


def document(name: str) -> dict[str, Any]:
    return tomllib.loads(library()[name].read_text(encoding="utf-8"))


@pytest.mark.parametrize(("name", "variant"), VERSIONS)
def test_it_is_sound_and_nothing_is_doubtful(name: str, variant: str | None) -> None:
    found = inspect(name, variant)
    assert found.faults == ()
    assert found.warnings == ()


@pytest.mark.parametrize("name", library())
def test_every_number_has_a_grade_and_a_source(name: str) -> None:
    file = document(name)
    assert grades.uncovered(file) == []
    for lever, content in file["levers"].items():
        for i, effect in enumerate(content["effects"]):
            assert effect.get("evidence"), f"{lever}, effect {i}"
            assert effect.get("source", "").strip(), f"{lever}, effect {i}"
    for i, entry in enumerate(file["sources"]):
        assert entry.get("source", "").strip(), f"sources[{i}]"


@pytest.mark.parametrize("name", library())
def test_a_grade_taken_away_is_missed(name: str) -> None:
    file = document(name)
    for i in range(len(file["sources"])):
        fewer = {**file, "sources": [entry for j, entry in enumerate(file["sources"]) if j != i]}
        others = {path for entry in fewer["sources"] for path in entry["paths"]}
        # An entry that only names more precisely what another covers too may go without a gap.
        assert grades.uncovered(fewer) or all(covered(file, path, others) for path in file["sources"][i]["paths"])
    for lever in file["levers"]:
        bare = [
            {key: value for key, value in effect.items() if key != "evidence"}
            for effect in file["levers"][lever]["effects"]
        ]
        without = {**file, "levers": {**file["levers"], lever: {**file["levers"][lever], "effects": bare}}}
        gaps = grades.uncovered(without)
        assert gaps
        assert all(gap.startswith(f"levers.{lever}.effects[") for gap in gaps)


def covered(file: dict[str, Any], path: str, others: set[str]) -> bool:
    """Whether the numbers under a path are under other paths too."""
    alone = {**file, "sources": [{"paths": [path], "evidence": "assumed"}]}
    both = {**file, "sources": [{"paths": [path, *others], "evidence": "assumed"}]}
    rest = {**file, "sources": [{"paths": [*others], "evidence": "assumed"}]}
    return grades.uncovered(alone) != grades.uncovered(file) and grades.uncovered(both) == grades.uncovered(rest)


@pytest.mark.parametrize(("name", "variant"), VERSIONS)
def test_the_figures_of_the_articles_are_there(name: str, variant: str | None) -> None:
    scenario = load(name, variant)
    first = next(iter(scenario.strategies))
    found = run(scenario, first, customers=4000, replications=3).outcomes[first].measures
    steps = [measure for measure in found if measure.startswith("step.")]
    assert steps
    for measure in (*NAMED, *steps):
        estimate = found[measure]
        assert estimate.mean is not None, measure
        assert estimate.low is not None, measure
        assert estimate.high is not None, measure
    for measure in NAMED:
        assert found[measure].mean != 0, measure


def test_the_churn_of_relationship_is_what_its_source_says() -> None:
    """4.91 % a month, 26 % of it involuntary: 20 replications have a standard error of .1 points and of about 1 %."""
    (outcome,) = run(load("relationship"), "today").outcomes.values()
    found = {name: figure.mean or 0.0 for name, figure in outcome.measures.items()}
    assert found["churn_rate"] == pytest.approx(0.0491, abs=0.003)
    doors = found["reach.cancelled"], found["reach.payment_failed"]
    assert doors[1] / sum(doors) == pytest.approx(0.26, abs=0.03)


def test_what_needs_no_grade_is_what_is_listed_here() -> None:
    assert {*grades.STRUCTURE} == NO_EVIDENCE


def test_all_numbers_of_a_file_without_grades() -> None:
    file = tomllib.loads(SMALL)
    assert grades.uncovered(file) == [
        "arrivals.cohort", "stages.a.dwell.mean", "stages.a.exits.b", "stages.a.exits.c", "stages.b.revenue",
        "levers.push.cost.per_day", "levers.push.effects[0].log_odds.central", "levers.push.effects[0].log_odds.low",
        "levers.push.effects[0].log_odds.high", 'variants.more.override."arrivals.cohort"',
    ]  # fmt: skip
    assert grades.in_short(file) == (
        10, ["arrivals.cohort", "stages", "levers", 'variants.more.override."arrivals.cohort"']
    )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "left"),
    [("arrivals", 9), ("stages", 6), ("stages.*.exits", 8), ("stages.a.exits.b", 9), ("stages.?.dwell", 9), ("levers", 6),
     ("levers.push.effects", 7), ("levers.push.effects[0].log_odds", 7), ("levers.push.effects[1]", 10),
     ("levers.*.effects.log_odds.low", 9), ("variants.more", 9), ("stages.a.exits.b.probability", 10), ("[", 10)],
)  # fmt: skip
def test_a_path_covers_what_is_under_it(path: str, left: int) -> None:
    grade = {"paths": [path], "evidence": "assumed"}
    assert len(grades.uncovered({**tomllib.loads(SMALL), "sources": [grade]})) == left


@pytest.mark.parametrize(
    ("grade", "counts"),
    [({"evidence": "assumed"}, True), ({"evidence": "borrowed", "source": "a paper"}, True), ({"evidence": "borrowed"}, False),
     ({"evidence": "measured", "source": " "}, False), ({"source": "a paper"}, False)],
)  # fmt: skip
def test_a_borrowed_number_needs_a_source(grade: dict[str, str], counts: bool) -> None:
    by_path = {**tomllib.loads(SMALL), "sources": [{"paths": ["stages"], **grade}]}
    assert (len(grades.uncovered(by_path)) == 6) == counts
    by_effect = tomllib.loads(SMALL)
    by_effect["levers"]["push"]["effects"][0].update(grade)
    assert (len(grades.uncovered(by_effect)) == 7) == counts
    by_lever = tomllib.loads(SMALL)
    by_lever["levers"]["push"].update(grade)
    assert (len(grades.uncovered(by_lever)) == 6) == counts
