"""How sure a comparison is to be, from the command line: options, what is printed, and the mistakes that people make."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sojourn.experiments.payback import Delay, Payback
from sojourn.paying import lines, moment
from sojourn.sim.estimates import Band, Estimate

from .conftest import COFFEE, Cli

FEW = ("--customers", "120", "--replications", "4")
NOTHING = Band(*(np.zeros(1) for _ in range(4)))


def test_settle_says_what_made_an_end(cli: Cli) -> None:
    told = cli("compare", str(COFFEE), *FEW, "--most", "6", "--close-enough", "100000")
    assert told.code == 0, told.err
    assert "at most EUR 100,000 a year behind it" in told.out or "beats" in told.out
    assert "Replications were added until " in told.out
    told = cli("compare", str(COFFEE), *FEW, "--most", "6", "--json", "--strategies", "today,cheaper_renewals")
    verdict = json.loads(told.out)["verdict"]
    assert verdict["stopped"] in ("settled", "replications spent")
    assert verdict["replications"] in (4, 6)
    fixed = json.loads(cli("compare", str(COFFEE), *FEW, "--json").out)["verdict"]
    assert (fixed["stopped"], fixed["replications"]) == (None, 4)


def test_the_error_rate_widens_what_holds_at_once(cli: Cli) -> None:
    def width(rate: str) -> Any:
        told = cli("compare", str(COFFEE), *FEW, "--error-rate", rate, "--json")
        one = json.loads(told.out)["verdict"]["simultaneous"]["call_everybody - today"]
        return one["high"] - one["low"]

    assert width("0.01") > 1.5 * width("0.1")


def test_the_second_line_says_when_it_pays_back_and_what_delay_costs(cli: Cli) -> None:
    told = cli("compare", str(COFFEE), *FEW, "--delay", "30,60")
    assert told.code == 0, told.err
    assert told.out.splitlines()[1].startswith("Pays back against today: ")
    assert "Each day on which call_everybody begins later " in told.out
    assert "(30 days later), " in told.out
    back = json.loads(cli("compare", str(COFFEE), *FEW, "--delay", "30,60", "--json").out)["payback"]
    assert [one["days"] for one in back["call_everybody - today"]["delays"]] == [30.0, 60.0]


def test_out_draws_it(cli: Cli, tmp_path: Path) -> None:
    told = cli("compare", str(COFFEE), *FEW, "--out", str(tmp_path / "results"))
    assert told.code == 0, told.err
    assert (tmp_path / "results" / "payback.png").stat().st_size > 5000
    page = (tmp_path / "results" / "report.html").read_text(encoding="utf-8")
    assert "When it pays back" in page
    assert "Pays back against today" in page
    assert not (tmp_path / "results.part").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--error-rate", "0"), "--error-rate: 0 is out of range"),
        (("--error-rate", "0.5"), "give a chance above 0 and below 0.5"),
        (("--most", "1"), "--most: 1 is out of range"),
        (("--most", "10"), "10 is less than the 20 replications at the first look"),
        (("--close-enough", "-3"), "--close-enough: -3 is out of range"),
        (("--seconds", "nan"), "--seconds: nan is out of range"),
        (("--settle", "--replications", "1"), "begin with 2 replications or more"),
        (("--delay", "30,soon"), '"soon" is no such delay'),
        (("--delay", "365"), "below the horizon of 365"),
        (("--delay", "0"), '"0" is no such delay'),
    ],
)
def test_mistakes_are_told_with_a_remedy(cli: Cli, arguments: tuple[str, ...], said: str) -> None:
    told = cli("compare", str(COFFEE), *arguments)
    assert told.code == 2
    assert said in told.err
    assert told.out == ""


def test_all_at_once(cli: Cli) -> None:
    told = cli("compare", str(COFFEE), "--most", "1", "--seconds", "0", "--error-rate", "2")
    assert len(told.err.splitlines()) == 3


@pytest.mark.parametrize(
    ("day", "low", "high", "said"),
    [
        (143.0, 120.0, 171.0, "from day 143 on (90 %: 120 to 171)"),
        (60.0, 60.0, 60.0, "from day 60 on"),
        (143.0, 120.0, None, "from day 143 on as it looks (90 %: day 120 to beyond day 365)"),
        (None, 224.0, None, "not by day 365 as it looks, perhaps from day 224 on"),
        (None, None, None, "not by day 365"),
    ],
)
def test_moments_in_words(day: float | None, low: float | None, high: float | None, said: str) -> None:
    assert moment(Payback("b", "a", day, low, high, NOTHING), 365.0) == said


def test_costs_of_delay_in_words() -> None:
    def delay(days: float, *per_day: float) -> Delay:
        return Delay(days, Estimate(*(days * one for one in per_day)), Estimate(*per_day))

    delays = (delay(1.0, 210.0, 190.0, 230.0), delay(60.0, -21.0, -23.0, -19.0), delay(90.0, 1.0, -9.0, 11.0))
    found = {
        "b": Payback("b", "a", None, None, None, NOTHING, delays),
        "c": Payback("c", "a", None, None, None, NOTHING),
    }
    scenario = SimpleNamespace(about=SimpleNamespace(horizon_days=365.0, currency="USD"), segments={}, levers={})
    comparison: Any = SimpleNamespace(payback=found, baseline="a", result=SimpleNamespace(scenario=scenario))
    assert list(lines(comparison)) == [
        "Pays back against a: b, c not by day 365.",
        "Each day on which b begins later costs USD 210 [190, 230] (1 day later), saves USD 21.0 [19.0, 23.0] (60 days later),"
        " makes no difference that could be told, USD +1 [−9, 11] (90 days later).",
    ]


def test_the_report_that_others_are_pointed_to_names_all_moments() -> None:
    found = {f"s{day}": Payback(f"s{day}", "a", day, day, day, NOTHING) for day in (10.0, 20.0, 30.0, 40.0, 50.0, 60.0)}
    scenario = SimpleNamespace(about=SimpleNamespace(horizon_days=365.0, currency="USD"), segments={}, levers={})
    comparison: Any = SimpleNamespace(payback=found, baseline="a", result=SimpleNamespace(scenario=scenario))
    (short,), (whole,) = list(lines(comparison)), list(lines(comparison, everything=True))
    assert short.endswith("; 2 more in the report.")
    assert "from day 60 on" in whole
    assert "more in the report" not in whole
