"""What people read about desks: the terminal's lines and the report's section."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sojourn import reasons
from sojourn.experiments.compare import compare
from sojourn.report import write
from sojourn.scenarios.files import load, loads
from sojourn.sim.estimates import Estimate

from .conftest import Cli

ADVICE = Path(__file__).parents[1] / "experiments" / "advice.toml"
HOW: dict[str, Any] = {"replications": 8, "seed": 2, "workers": 1}
FIGURE = r"[\d,.]+ \[[\d,.]+, [\d,.]+\]"
HEADING = "What happens at the desk"


@pytest.fixture(scope="module")
def comparison() -> Any:
    return compare(load(str(ADVICE)), **HOW)


def test_the_lines_say_waits_reneges_failures_and_what_they_cost(comparison: Any) -> None:
    first, second = reasons.lines(comparison)
    assert first.startswith("Why promise: at advice ")
    assert re.search(r"\d times as many requests per customer, waiting up from [\d.]+ to [\d.]+ days, ", first)
    assert re.search(r"\d+ % give up, not [\d.]+ %, \d+ times as many failures per customer\.", first)
    assert re.search(
        rf"costs over 240 days: USD {FIGURE} of profit, {FIGURE} points of satisfaction of those who stay and ", first
    )
    assert re.search(
        rf"and {FIGURE} percentage points of losses a month \(under today, in profit: USD {FIGURE}\)\.", first
    )
    assert re.search(rf"If nobody had to wait, at the same pay, it would beat today by USD {FIGURE}\.$", first)
    assert second.startswith("Why promise_with_agents: at advice ")
    assert "waiting down from" in second


def test_the_lines_stand_under_the_answer(cli: Cli) -> None:
    told = cli("compare", str(ADVICE), "--replications", "8", "--seed", "2", "--strategies", "today,promise")
    answer, why, *_ = told.out.splitlines()
    assert answer.startswith("today beats promise by USD")
    assert why.startswith("Why promise: at advice")
    told = cli("compare", str(ADVICE), "--replications", "8", "--seed", "2", "--strategies", "today,giveaway")
    assert "Why" not in told.out


def test_at_most_three_lines() -> None:
    text = ADVICE.read_text() + "".join(f"promise_{k} = {{ promise = 0.{k} }}\n" for k in (5, 7, 9))
    found = compare(loads(text), **HOW)
    said = reasons.lines(found)
    assert len(said) == 3
    assert len(found.why) == 5
    assert said[0].startswith("Why promise")
    assert said[2].startswith("Desks matter under promise")
    assert "report.html" in said[2]


def test_the_report_has_a_section_with_tables(comparison: Any, tmp_path: Path) -> None:
    page = write(tmp_path / "report.html", comparison=comparison, pictures=[]).read_text(encoding="utf-8")
    section = page[page.index(HEADING) :]
    section = re.sub("<[^>]+>", " ", section[: section.index("How far to trust this")])
    for words in (
        "Requests per customer at advice",
        "Days of waiting at advice",
        "Share who give up at advice",
        "Failures per customer at advice",
        "Share of time at work at advice",
        "what the queue does",
        "under today",
        "promise with agents − today",
    ):
        assert words in section
    assert section.count("Days of waiting at advice") == 2  # under two strategies


def test_a_report_without_queues_has_no_such_section(tmp_path: Path) -> None:
    found = compare(load(str(ADVICE)), ["today", "giveaway"], **HOW)
    assert HEADING not in write(tmp_path / "report.html", comparison=found, pictures=[]).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (0.1, 0.57, "5.7 times as many requests per customer"),
        (0.1, 0.112, "12 % more requests per customer"),
        (0.2, 0.001, "hardly any requests"),
        (0.2, 0.1, "50 % fewer requests per customer"),
        (0.0, 0.25, "0.25 requests per customer in place of none"),
        (0.002, 0.5, "250 times as many requests per customer"),
    ],
)
def test_how_many_more(a: float, b: float, said: str) -> None:
    assert reasons._many(a, b, "requests") == said


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (0.0149, 0.353, "35 % give up, not 1.5 %"),
        (0.1101, 0.1124, "11.2 % give up, not 11.0 %"),
        (0.0, 0.02, "2.0 % give up, not 0 %"),
        (0.0, 0.000002, "under 0.001 % give up, not 0 %"),
    ],
)
def test_figures_that_differ_look_different(a: float, b: float, said: str) -> None:
    assert reasons._give_up(a, b, "") == said


def test_slight_changes_are_left_to_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few more who ask: surely more waiting, for the customers are the same, and not worth a line."""
    text = ADVICE.read_text() + "a_little = { promise = 0.02 }\n"
    found = compare(loads(text), ["today", "a_little"], **HOW | {"replications": 40})
    assert reasons.lines(found) == []
    monkeypatch.setattr(reasons, "SLIGHT", 0.0)
    assert len(reasons.lines(found)) == 1


def test_a_queue_may_save_something(comparison: Any) -> None:
    reason = comparison.why["promise"]
    gain = replace(
        reason, queue=reason.queue | {"profit": Estimate(50.0, 40.0, 60.0), "satisfaction": Estimate(0.0, -1.0, 1.0)}
    )
    said = reasons.cost(comparison, gain)
    assert re.match(
        rf"What its queue costs over 240 days: {FIGURE} percentage points of losses a month; it saves USD 50", said
    )
    none = replace(reason, queue={name: Estimate(0.1, -1.0, 1.2) for name in reason.queue})
    assert reasons.cost(comparison, none) == "What its queue costs over 240 days cannot be told from nothing."
