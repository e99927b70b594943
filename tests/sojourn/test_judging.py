"""`sojourn validate-fit`: what it prints, what it writes, and what it refuses."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .conftest import COFFEE, Cli

MAPPING = """\
customer = "who"
time = "when"
event = "what"
observed_until = 100.0
[stages]
trial = "trial"
[ends]
bought = "bought"
gone = "gone"
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: Any) -> tuple[str, str]:
    rng = np.random.default_rng(8)
    rows = ["who,when,what"]
    for k, came in enumerate(rng.uniform(0.0, 100.0, 600).tolist()):
        left = came + float(rng.exponential(20.0))
        rows.append(f"{k},{came!r},trial")
        if left < 100.0:
            rows.append(f"{k},{left!r},{'bought' if rng.random() < 0.4 else 'gone'}")
    folder: Path = tmp_path_factory.mktemp("judging")
    (folder / "log.csv").write_text("\n".join(rows) + "\n")
    (folder / "map.toml").write_text(MAPPING)
    return str(folder / "log.csv"), str(folder / "map.toml")


def test_the_first_line_is_the_answer(cli: Cli, files: tuple[str, str]) -> None:
    told = cli("validate-fit", files[0], "--stages", files[1], "--replications", "19")
    assert told.code == 0, told.err
    first = told.out.splitlines()[0]
    assert first.startswith("Believe, up to ")
    assert "the way to bought" in first
    assert "chance alone" in told.out
    assert "leaving the unfinished stays out would have said" in told.out


def test_a_folder_holds_page_document_and_pictures(cli: Cli, files: tuple[str, str], tmp_path: Path) -> None:
    out = tmp_path / "verdict"
    settings = ["--split", "time", "--at", "60", "--replications", "19", "--out", str(out), "--json"]
    told = cli("validate-fit", files[0], "--stages", files[1], *settings)
    assert told.code == 0, told.err
    document = json.loads(told.out)
    assert {path.name for path in out.iterdir()} == {"report.html", "verdict.json", "fit.png", "distances.png"}
    assert json.loads((out / "verdict.json").read_text()) == document
    assert document["split"]["day"] == 60.0
    assert document["items"]["newcomers"]["observed"]["mean"] == document["split"]["customers_held_out"]
    assert document["items"]["distance.2-grams"]["chance_alone"]["mean"] > 0.0
    page = (out / "report.html").read_text()
    assert page.index("Believe, up to") < page.index("Pictures") < page.index("Distances")
    for line in document["sentences"]:
        assert line.split(";")[0][:40] in page
    assert "would have said" in page


def test_planted_numbers_stand_beside_the_fitted(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "trip"
    told = cli(
        "validate-fit", "--planted", str(COFFEE), "--customers", "900", "--replications", "19", "--out", str(out)
    )
    assert told.code == 0, told.err
    assert "planted numbers lie in the 90 % interval of the fit to" in told.out.splitlines()[0]
    assert "trial -> subscribed: satisfaction moves it." in told.out
    document = json.loads((out / "verdict.json").read_text())
    assert {one["place"] for one in document["numbers"]} >= {"subscribed -> renewed", "renewed -> churned"}
    assert {path.name for path in out.iterdir()} >= {"log.parquet", "map.toml", "report.html"}
    assert "Planted numbers" in (out / "report.html").read_text()
    again = cli("validate-fit", str(out / "log.parquet"), "--stages", str(out / "map.toml"), "--replications", "19")
    assert again.code == 0, again.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "LOG: is missing"),
        (["LOG"], "--stages: is missing"),
        (["LOG", "--stages", "MAP", "--at", "50"], "add --split time"),
        (["LOG", "--stages", "MAP", "--split", "time", "--at", "500"], "lies outside the log"),
        (["LOG", "--stages", "MAP", "--split", "time", "--at", "soon"], "is no day of this log"),
        (["LOG", "--stages", "MAP", "--split", "time", "--at", "0"], "0 is where the log begins; it goes from day 0"),
        (["LOG", "--stages", "MAP", "--split", "time", "--at", "75", "--share", ".3"], "give one of them"),
        (["--planted", "touchpoints", "--share", ".3"], "has no meaning with --planted"),
        (["LOG", "--stages", "MAP", "--share", "1.5"], "is no share"),
        (["LOG", "--stages", "MAP", "--replications", "5"], "give 19 or more"),
        (["LOG", "--stages", "MAP", "--seed", "-1"], "is no seed"),
        (["LOG", "--stages", "MAP", "--customers", "5"], "a log has its own customers"),
        (["LOG", "--planted", "touchpoints", "--split", "time"], "has no meaning with --planted"),
        (["--planted", "touchpoint"], "touchpoints"),
        (["nowhere.csv", "--stages", "MAP"], "cannot be read"),
    ],
)
def test_what_cannot_be_asked_is_refused(cli: Cli, files: tuple[str, str], arguments: list[str], said: str) -> None:
    named = {"LOG": files[0], "MAP": files[1]}
    told = cli("validate-fit", *(named.get(one, one) for one in arguments))
    assert told.code == 2
    assert said in told.err
    assert told.out == ""


def test_a_bad_verdict_is_no_failure(cli: Cli, tmp_path: Path) -> None:
    """Four in ten buy before day 60, all of them after: by time the first lines say that it is not to be believed."""
    left = np.random.default_rng(8).gamma(4.0, 0.7, 950).tolist()
    rows = [
        f"{k},{k / 10!r},trial\n{k},{k / 10 + left[k]!r},{'bought' if k > 600 or k % 5 < 2 else 'gone'}\n"
        for k in range(950)
    ]
    (tmp_path / "log.csv").write_text("who,when,what\n" + "".join(rows))
    (tmp_path / "map.toml").write_text(MAPPING)
    settings = ["--split", "time", "--at", "60", "--replications", "19"]
    told = cli("validate-fit", str(tmp_path / "log.csv"), "--stages", str(tmp_path / "map.toml"), *settings)
    assert told.code == 0, told.err
    (line,) = [line for line in told.out.splitlines() if line.startswith("Do not believe: ")]
    assert "observed 100 %" in line
