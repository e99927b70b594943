"""`sojourn commitment`: answer first, one JSON document, files whole or not at all, and messages with a remedy."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

import sojourn as sj

from .conftest import COFFEE, Cli

POINT = "point-of-no-return"
FEW = ("--customers", "400", "--replications", "1")


def document(text: str) -> Any:
    def no_constant(name: str) -> float:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=no_constant)


def test_the_answer_stands_first(cli: Cli) -> None:
    told = cli("commitment", POINT, *FEW)
    assert told.code == 0
    first, *rest = told.out.splitlines()
    assert first.startswith("Nobody crosses .9 before entering advocacy itself; of those who enter half do so by day ")
    assert "do not" in first
    text = "\n".join(rest)
    for said in (
        "chance on entry, median",
        "experience",
        "As good as lost (even the best of 5 strategies",
        "How far to trust",
    ):
        assert said in text


def test_the_example_of_the_help_runs(cli: Cli) -> None:
    told = cli("commitment", "--help")
    assert told.code == 0
    assert "\n    sojourn commitment point-of-no-return --loyal advocacy --within 365" in told.out
    assert cli("commitment", POINT, "--loyal", "advocacy", "--within", "365", *FEW).code == 0


def test_one_document_with_the_shape_of_the_page(cli: Cli) -> None:
    told = cli("commitment", POINT, *FEW, "--json", "--strategies", "today,brand_reputation")
    found = document(told.out)
    assert list(found) == [
        "scenario", "strategy", "loyal", "within_days", "followed_days", "method", "sentence", "arrival", "crossings",
        "entries", "lost", "unpaid", "levers", "strategies", "states",
    ]  # fmt: skip
    assert (found["scenario"], found["strategy"], found["loyal"]) == (POINT, "today", ["advocacy"])
    assert (found["within_days"], found["followed_days"], found["method"]) == (365, 365, "simulated")
    assert list(found["crossings"]) == ["0.8", "0.9", "0.95"]
    for one in found["crossings"].values():
        parts = [one[name]["mean"] for name in ("before_loyal", "on_entry", "neither")]
        assert sum(parts) == pytest.approx(1.0)
        places = [*one["stages"].values(), *one["entered"].values()]
        assert sum(place["share"]["mean"] for place in places) == pytest.approx(parts[0] + parts[1])
    assert list(found["levers"]) == ["experience", "personalization", "empowered_service", "reputation"]
    assert set(found["strategies"]) == {"today", "brand_reputation"}
    for state in found["states"]:
        assert set(state) == {
            "stage", "days_in_stage", "who", "moments", "chance", "lost", "saved_by", "unpaid", "strategies",
        }  # fmt: skip
        assert set(state["strategies"]) == {"today", "brand_reputation"}
    assert told.out == cli("commitment", POINT, *FEW, "--json", "--strategies", "today,brand_reputation").out
    seeded = cli("commitment", POINT, *FEW, "--json", "--strategies", "today,brand_reputation", "--seed", "2").out
    assert seeded != told.out


def test_the_verb_gives_the_same(cli: Cli) -> None:
    found = sj.commitment(sj.load(POINT), customers=400, replications=1, strategies=["today"], budget=5.0)
    told = cli("commitment", POINT, *FEW, "--json", "--strategies", "today", "--budget", "5")
    assert found.document() == document(told.out)
    assert isinstance(found, sj.Commitment)


def test_out_holds_three_files(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    told = cli("commitment", POINT, *FEW, "--strategies", "today", "--out", str(folder), "--json")
    assert told.code == 0
    assert sorted(os.listdir(folder)) == ["commitment.json", "commitment.png", "manifest.json"]
    assert (folder / "commitment.json").read_text(encoding="utf-8") == told.out
    assert (folder / "commitment.png").read_bytes().startswith(b"\x89PNG")
    facts = document((folder / "manifest.json").read_text(encoding="utf-8"))
    assert (facts["command"], facts["loyal"], facts["customers"]) == ("commitment", ["advocacy"], 400)
    assert facts["files"] == ["commitment.json", "commitment.png", "manifest.json"]
    assert facts["digest"] == sj.load(POINT).digest


def test_nothing_is_written_where_something_is_wrong(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    told = cli("commitment", POINT, "--loyal", "advocasy", "--out", str(folder))
    assert (told.code, told.out) == (2, "")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((COFFEE,), 'docs/examples/coffee.toml: stages: no stage has the role loyal, so nobody can be said to have got there; '
         'name one with --loyal STAGE, or give a stage role = "loyal"'),
        ((POINT, "--loyal", "advocasy"), '--loyal: "point-of-no-return" has no stage "advocasy"; did you mean "advocacy"?'),
        ((POINT, "--loyal", "awareness"), 'customers begin in "awareness", so there is no way to it that could be decided'),
        ((POINT, "--loyal", "detractors"), '"detractors" has the role lost: who is lost there cannot be loyal there'),
        ((POINT, "--within", "0"), "--within: 0 days is out of range; give days from above 0 to 99270, such as 365"),
        ((POINT, "--within", "nan"), "--within: nan days is out of range"),
        ((POINT, "--budget", "-1"), "budget: no such budget; give 0 or more, or leave it out"),
        ((POINT, "--strategies", "today,nobody"), '--strategies: "point-of-no-return" has no strategy "nobody"'),
        ((POINT, "--replications", "0"), "--replications: 0 is out of range"),
        ((POINT, "--customers", "0"), "--customers: 0 is out of range"),
        ((POINT, "--variant", "none"), "none"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_told_with_a_remedy(arguments: tuple[str, ...], said: str, cli: Cli) -> None:
    told = cli("commitment", *map(str, arguments))
    assert (told.code, told.out) == (2, "")
    assert said in told.err
    assert len(told.err.splitlines()) == 1


def test_a_scenario_without_the_role_takes_a_stage(cli: Cli) -> None:
    told = cli("commitment", str(COFFEE), "--loyal", "renewed", *FEW)
    assert told.code == 0
    assert "renewed" in told.out.splitlines()[0]
    both = cli("commitment", str(COFFEE), "--loyal", "renewed", "--loyal", "subscribed", *FEW, "--json")
    assert document(both.out)["loyal"] == ["subscribed", "renewed"]  # in the order of the journey


def test_what_is_too_dear_is_said(cli: Cli) -> None:
    told = cli("commitment", POINT, *FEW, "--strategies", "today,empowered_service", "--budget", "100")
    assert "empowered_service is left out: it costs USD 54,750 more than today over 730 days." in told.out
    assert "there is no second strategy that the budget allows to spend it on" in told.out


def test_a_journey_without_a_stage_to_name_is_told_so(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "two.toml"
    file.write_text("""
format = 1
scenario = { name = "two", start = "member", horizon_days = 100 }
arrivals = { cohort = 10 }
[stages.member]
race.gone = { law = "exponential", mean = 80 }
[stages.gone]
end = true
role = "lost"
""")
    told = cli("commitment", str(file), "--loyal", "gone")
    assert told.code == 2
    assert "add a later stage that is not lost" in told.err
    assert "none" not in told.err.split(";")[1].split()
