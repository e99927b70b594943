"""`sojourn twins`: answer first, tables that add up, one JSON document, files whole or not at all, stops that cost nothing."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import sojourn as sj
from sojourn.cli import main
from sojourn.experiments import pieces

from .conftest import COFFEE, Cli

POINT = "point-of-no-return"
FEW = ("--customers", "300", "--replications", "2")
BOTH = ("--strategies", "today,cheaper_renewals")


def document(text: str) -> Any:
    def no_constant(name: str) -> float:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=no_constant)


def test_the_answer_stands_first(cli: Cli) -> None:
    told = cli("twins", str(COFFEE), *FEW, *BOTH)
    assert told.code == 0, told.err
    first, *rest = told.out.splitlines()
    assert re.match(r"cheaper_renewals .*today.*USD|cheaper_renewals .*today.*EUR", first)
    assert "loyalty_price " in first
    text = "\n".join(rest)
    for said in ("lever (EUR)", "stage (EUR)", "customers of replication 0", "gains most", "unchanged", "How far to trust this",
                 "which is one way to couple them", "no data can tell"):  # fmt: skip
        assert said in text, said


def test_the_example_of_the_help_runs(cli: Cli) -> None:
    told = cli("twins", "--help")
    assert told.code == 0
    assert "\n    sojourn twins point-of-no-return --strategies today,brand_reputation --show 3" in told.out
    told = cli("twins", POINT, "--strategies", "today,brand_reputation", "--show", "3", *FEW)
    assert told.code == 0, told.err


def test_one_document(cli: Cli) -> None:
    told = cli("twins", str(COFFEE), *FEW, *BOTH, "--json")
    found = document(told.out)
    assert list(found) == [
        "scenario", "baseline", "strategy", "sentence", "replication", "groups", "coupled", "decomposition", "twins",
    ]  # fmt: skip
    assert (found["baseline"], found["strategy"]) == ("today", "cheaper_renewals")
    parts = found["decomposition"]
    assert sum(one["total"]["mean"] for one in parts["levers"].values()) == pytest.approx(
        parts["total"]["mean"], rel=1e-9
    )
    lines = sum(one["total"]["mean"] for one in parts["stages"].values()) + parts["running"]["mean"]
    costs = sum(one["cost"]["mean"] for one in parts["levers"].values())
    assert lines - costs == pytest.approx(parts["total"]["mean"], rel=1e-9)
    assert set(found["groups"]) == {"same", "more", "less", "even", "only_baseline", "only_strategy"}
    for one in found["twins"]:
        assert set(one) == {"customer", "kind", "segment", "source", "gain", "baseline", "strategy", "parting"}
    assert told.out == cli("twins", str(COFFEE), *FEW, *BOTH, "--json").out
    verb = sj.twins(sj.load(COFFEE), ["today", "cheaper_renewals"], customers=300, replications=2)
    assert isinstance(verb, sj.Twins)
    assert verb.document() == found


def test_one_customer_under_the_first_two_strategies(cli: Cli) -> None:
    told = cli("twins", str(COFFEE), *FEW, "--customer", "7")
    assert told.code == 0
    assert "Customer 7, asked for: EUR " in told.out
    assert "call_everybody" in told.out.splitlines()[0]
    assert told.out.count("Customer ") == 1


def test_out_holds_the_page_and_its_pictures(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    told = cli("twins", str(COFFEE), *FEW, *BOTH, "--out", str(folder), "--json")
    assert told.code == 0, told.err
    files = ["levers.png", "manifest.json", "report.html", "twins.json", "twins.png"]
    assert sorted(os.listdir(folder)) == files
    assert os.listdir(tmp_path) == ["results"]
    assert (folder / "twins.json").read_text(encoding="utf-8") == told.out
    for name in ("levers.png", "twins.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
    facts = document((folder / "manifest.json").read_text(encoding="utf-8"))
    assert (facts["command"], facts["strategies"], facts["files"]) == ("twins", ["today", "cheaper_renewals"], files)
    page = (folder / "report.html").read_text(encoding="utf-8")
    for said in (
        "By lever",
        "By stage",
        "Who gains and who loses",
        "Single customers",
        "How far to trust this",
        "To run it again",
    ):
        assert f"<h2>{said}</h2>" in page, said
    assert page.count("data:image/png") == 2
    shown = page.split("<h1>")[1].split("<h2>To run it again")[0]
    assert "cheaper renewals" in shown
    for name in ("cheaper_renewals", "loyalty_price", "`"):  # in tables, captions and sentences alike
        assert name not in shown, name


def test_lives_stand_side_by_side_where_there_is_room_and_else_below_one_another(cli: Cli) -> None:
    wide = cli("twins", str(COFFEE), *FEW, *BOTH, "--show", "1").out
    assert "On the left under today, on the right under cheaper_renewals:" in wide
    narrow = printed(60)
    assert "Under today:" in narrow
    assert "Under cheaper_renewals:" in narrow
    tables = [line for line in narrow.splitlines() if line.startswith("day ")]
    assert len(tables) == 2
    assert all(line.split() == ["day", "stage", "EUR", "satisfaction"] for line in tables)


def printed(width: int) -> str:
    arguments = ["twins", str(COFFEE), *FEW, *BOTH, "--show", "1"]
    return CliRunner().invoke(main, list(map(str, arguments)), env={"COLUMNS": str(width)}).stdout


def test_a_stop_costs_nothing(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped after each piece in turn: what was done is not done again, and the answer is the one without a stop."""
    several = ("--strategies", "today,empowered_service", *FEW, "--json")
    plain = cli("twins", POINT, *several)
    folder = tmp_path / "results"
    begun: list[Any] = []
    worked = pieces.worked

    def stopping(names: Any, work: Any, key: Any, there: Any, back: Any, by: Any) -> Any:
        def one(name: Any) -> Any:
            if len(begun) % 2:
                begun.append(None)
                raise KeyboardInterrupt
            begun.append(name)
            return work(name)

        return worked(names, one, key, there, back, by._replace(workers=1))

    monkeypatch.setattr("sojourn.experiments.decomposition.worked", stopping)
    codes: list[int] = []
    while not codes or codes[-1] == 130:
        told = cli("twins", POINT, *several, "--out", str(folder))
        codes.append(told.code)
        if told.code == 130:
            assert "results.part: the same command goes on from there." in told.err
            assert os.listdir(tmp_path) == ["results.part"]
    done = [name for name in begun if name is not None]
    assert codes[-1] == 0
    assert len(codes) > 1
    assert len(done) == len(set(done))
    assert told.out == plain.out
    assert os.listdir(tmp_path) == ["results"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            (COFFEE, "--strategies", "today"),
            "two different strategies are laid side by side; name two of: today, call_everybody",
        ),
        ((COFFEE, "--strategies", "today,nobody"), '--strategies: "coffee" has no strategy "nobody"'),
        (
            (COFFEE, "--strategies", "today,call_everybody,cheaper_renewals"),
            "two different strategies are laid side by side",
        ),
        ((COFFEE, "--show", "0"), "show: 0 customers cannot be shown; give 1 to 1000"),
        ((COFFEE, "--replication", "-1"), "replication: there is no replication -1; replications count from 0"),
        ((COFFEE, "--replications", "0"), "--replications: 0 is out of range"),
        ((COFFEE, *FEW, "--customer", "300"), "no such customer comes under either strategy in this replication"),
    ],
)
def test_mistakes(arguments: tuple[Any, ...], said: str, cli: Cli) -> None:
    told = cli("twins", *map(str, arguments))
    assert (told.code, told.out) == (2, "")
    assert said in told.err
    assert len(told.err.splitlines()) == 1
