"""Replications until the answer is settled: when there is an end, what is printed then, and that it is the same from anywhere."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.shops import pair_of, shop
from sojourn.experiments.against_best import against_best
from sojourn.experiments.compare import Comparison, compare
from sojourn.experiments.sequential import Settling, best_so_far, settled
from sojourn.experiments.standing import stand
from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import load
from sojourn.scenarios.model import Scenario
from sojourn.sim.journeys import Journeys

FIRST = Path(__file__).parents[1] / "scenarios" / "first.toml"
SMALL: dict[str, Any] = {"customers": 20, "replications": 10, "seed": 2}


@pytest.fixture
def scenario() -> Scenario:
    return shop()


def test_looks_are_fixed_beforehand() -> None:
    looks = Settling(400).looks(20, 0.1)
    assert looks.sizes == (20, 30, 45, 68, 102, 153, 230, 345, 400)
    assert looks.spent[0] == pytest.approx(0.1 * 0.05**0.5)
    assert looks.spent[-1] == pytest.approx(0.1)
    assert Settling(36).looks(20, 0.1).sizes == (20, 30, 36)
    assert Settling(31).looks(20, 0.1).sizes == (20, 31)  # not two looks that are all but one
    assert Settling(20).looks(20, 0.1).sizes == (20,)
    assert Settling(5).looks(2, 0.1).sizes == (2, 3, 5)


def test_a_settled_comparison_is_the_fixed_one_of_its_size(scenario: Scenario) -> None:
    found = compare(scenario, ["today", "better"], measure="purchases", settle=Settling(60), **SMALL)
    size = found.result.replications
    fixed = compare(scenario, ["today", "better"], measure="purchases", **SMALL | {"replications": size})
    assert found.verdict.stopped == "settled"
    assert found.verdict.replications == size
    assert found.result.document() == fixed.result.document()
    for pair, measures in fixed.differences.items():
        for name, one in measures.items():
            other = found.differences[pair][name]
            assert other.mean == one.mean
            if one.mean is not None and one.low is not None and one.high is not None and one.low < one.high:
                assert other.low is not None
                assert other.low < one.low  # wider, for the looks that there could have been
    assert "beats today" in found.verdict.sentence


def test_the_budget_makes_an_end_of_what_cannot_be_told(scenario: Scenario) -> None:
    found = compare(scenario, ["today", "even"], settle=Settling(16), **SMALL)
    assert found.verdict.stopped == "replications spent"
    assert found.result.replications == 16
    assert "not distinguishable" in found.verdict.sentence


def test_what_does_not_matter_makes_an_end(scenario: Scenario) -> None:
    found = compare(scenario, ["today", "even"], settle=Settling(400, close_enough=1000.0), **SMALL)
    assert found.verdict.stopped == "close enough"
    assert found.result.replications == 10
    assert found.verdict.winner is None
    assert found.verdict.chosen in ("today", "even")
    said = f"{found.verdict.chosen} is the best, or at most {scenario.about.currency} 1,000 a year behind it."
    assert found.verdict.sentence.endswith(said)
    behind = found.verdict.against_best[found.verdict.chosen].low
    assert behind is not None
    assert -1000.0 <= behind < 0.0


def test_time_makes_an_end_before_the_look_that_would_last_too_long(scenario: Scenario) -> None:
    seconds = iter(range(0, 1000, 10))  # each look at the clock finds ten seconds gone: 10 replications in 10 seconds
    asked = Settling(400, seconds=14.0)
    found = compare(scenario, ["today", "even"], settle=asked, clock=lambda: float(next(seconds)), **SMALL)
    assert found.verdict.stopped == "time spent"
    assert found.result.replications == 10  # 15 would take 15 seconds


def test_journeys_come_once_and_in_order(scenario: Scenario) -> None:
    seen: list[tuple[str, int]] = []

    def sink(one: Journeys) -> None:
        seen.append((one.strategy, one.replication))

    found = compare(scenario, ["today", "even"], settle=Settling(16), sink=sink, **SMALL)
    assert seen == [(name, r) for name in ("even", "today") for r in range(found.result.replications)]


def test_mistakes_are_told_before_anything_runs(scenario: Scenario) -> None:
    with pytest.raises(Faults, match="begin with 2 or more"):
        compare(scenario, ["today", "even"], settle=Settling(), replications=1)
    with pytest.raises(Faults, match="less than the 20 replications at the first look"):
        compare(scenario, ["today", "even"], settle=Settling(10))
    with pytest.raises(Faults) as caught:
        compare(scenario, ["today", "even"], settle=Settling(1, -5.0, 0.0))
    assert len(caught.value.faults) == 3
    with pytest.raises(Faults, match="no such rate of false claims"):
        compare(scenario, ["today", "even"], error_rate=0.0)


def test_against_the_best_by_hand() -> None:
    """Two strategies: the best of the others is the other, and Hsu's interval is the one-sided one, cut at 0."""
    random = np.random.default_rng(4)
    today = random.normal(100.0, 5.0, 20)
    more = today + random.normal(2.0, 3.0, 20)
    standing = stand(["today", "more"], pair_of({"today": today, "more": more}))
    gaps = more - today
    half = 1.3277282 * gaps.std(ddof=1) / np.sqrt(20)  # Student's 90th percentile on 19 degrees of freedom
    found = against_best(standing, 1)
    assert found["more"].mean == pytest.approx(gaps.mean())
    assert found["more"].high == pytest.approx(gaps.mean() + half)
    assert found["more"].low == pytest.approx(min(gaps.mean() - half, 0.0))
    assert found["today"].low == pytest.approx(-gaps.mean() - half)
    less = against_best(standing, -1)  # where less is better, today is the best
    assert less["today"] == pytest.approx((-gaps.mean(), -gaps.mean() - half, max(half - gaps.mean(), 0.0)))


def test_who_is_surely_not_best_stays_below_and_the_winner_above() -> None:
    random = np.random.default_rng(6)
    figures = {name: random.normal(mean, 1.0, 30) for name, mean in (("a", 0.0), ("b", 5.0), ("c", 9.0), ("d", 9.1))}
    found = against_best(stand(list(figures), pair_of(figures)), 1)
    assert found["a"].high == found["b"].high == 0.0
    for name in ("c", "d"):
        low, high = found[name].low, found[name].high
        assert low is not None
        assert high is not None
        assert low < 0.0 < high
    figures["d"] += 5.0
    found = against_best(stand(list(figures), pair_of(figures)), 1)
    assert found["d"].low == 0.0
    assert all(found[name].high == 0.0 for name in "abc")


def test_correlation_saves_what_counting_apart_would_cost() -> None:
    """Six comparisons that all move together need hardly more than one; independent ones need more, less than Bonferroni's."""
    random = np.random.default_rng(8)
    common = random.normal(0.0, 1.0, 25)
    together = {f"s{k}": k * common + random.normal(0.0, 0.01, 25) for k in range(5)}
    apart = {f"s{k}": random.normal(0.0, 1.0, 25) for k in range(5)}
    first, second = (stand(list(one), pair_of(one)).critical for one in (together, apart))
    assert 1.70 < first < 1.85  # Student's: 1.71
    assert 2.2 < second < 2.69  # Bonferroni for seven: 2.69


def test_a_difference_that_does_not_vary_is_no_comparison_to_be_counted() -> None:
    random = np.random.default_rng(9)
    today = random.normal(100.0, 5.0, 20)
    figures = {"today": today, "waste": today - 7.0, "copy": today, "more": today + random.normal(1.0, 2.0, 20)}
    standing = stand(list(figures), pair_of(figures))
    alone = stand(["today", "more"], pair_of(figures))
    assert standing.critical == pytest.approx(alone.critical, abs=0.03)
    assert standing.gap("today", "waste").interval == pytest.approx((-7.0, -7.0, -7.0))
    assert standing.gap("today", "waste").sign == -1
    assert standing.gap("today", "copy").same


def test_differences_of_other_replications_are_counted_apart() -> None:
    """Medians may be undefined in some replications: then each of the 2k - 3 comparisons gets its share (Bonferroni)."""
    random = np.random.default_rng(12)
    figures = {name: random.normal(0.0, 1.0, 20) for name in ("today", "a", "b")}
    whole = pair_of(figures)
    part = pair_of({name: one[:12] for name, one in figures.items()})
    standing = stand(list(figures), lambda a, b: part(a, b) if "b" in (a, b) else whole(a, b))
    assert standing.critical == pytest.approx(2.4313, abs=1e-4)  # Student's 1 - .1 / 6 on 11 degrees of freedom
    looks = Settling(40).looks(20, 0.1)
    first = stand(list(figures), lambda a, b: part(a, b) if "b" in (a, b) else whole(a, b), looks=looks)
    assert first.critical > standing.critical


def test_where_neither_more_nor_less_is_better_differences_count() -> None:
    random = np.random.default_rng(3)
    today = random.normal(10.0, 1.0, 20)
    figures = {"today": today, "slow": today + random.normal(3.0, 0.5, 20), "same": today + random.normal(0.0, 0.5, 20)}
    standing = stand(list(figures), pair_of(figures))
    assert best_so_far(standing, 0) is None
    assert settled(standing, 0, None) is None
    assert settled(standing, 0, 1.0) == "close enough"
    assert settled(stand(["today", "slow"], pair_of(figures)), 0, None) == "settled"


SCRIPT = """
import sys
from sojourn.cli import main
main(sys.argv[1:])
"""


def test_a_comparison_killed_several_times_writes_what_one_left_alone_writes(tmp_path: Path) -> None:
    command = [
        sys.executable, "-c", SCRIPT, "compare", str(FIRST), "--strategies", "today,perks_for_premium", "--customers", "300",
        "--replications", "8", "--most", "30", "--error-rate", "0.001", "--delay", "60",
    ]  # fmt: skip
    part = tmp_path / "out.part"

    def pieces() -> int:
        return sum(one.read_bytes().count(b"\n") for one in part.glob("*.jsonl"))

    begun = []
    for kill in range(3):
        begun.append(pieces())
        process = subprocess.Popen([*command, "--out", str(tmp_path / "out")], stdout=subprocess.DEVNULL)
        waited = time.monotonic() + 240.0
        while time.monotonic() < waited and pieces() < begun[-1] + 12 and process.poll() is None:
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL, f"it was done before kill {kill}"
    assert begun[0] == 0
    assert 0 < begun[1] < begun[2] < pieces()
    for out in ("out", "alone"):
        subprocess.run([*command, "--out", str(tmp_path / out)], check=True, stdout=subprocess.DEVNULL)
    assert not part.exists()
    for name in ("measures.json", "events.parquet"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()
    told = json.loads((tmp_path / "out" / "measures.json").read_text())
    assert told["verdict"]["stopped"] == "replications spent"
    assert told["verdict"]["replications"] == 30


def test_the_verdict_is_the_same_from_any_number_of_workers(scenario: Scenario) -> None:
    def answer(workers: int) -> Comparison:
        return compare(scenario, ["today", "even", "better"], settle=Settling(25), workers=workers, **SMALL)

    assert repr(answer(1).document()) == repr(answer(2).document())


def test_several_strategies_of_the_example_are_settled_together() -> None:
    found = compare(load(FIRST), customers=300, replications=10, settle=Settling(15, close_enough=5000.0))
    verdict = found.document()["verdict"]
    assert verdict["stopped"] in ("settled", "close enough")
    for pair, one in verdict["simultaneous"].items():
        _, low, high = found.differences[pair]["profit"]
        assert low is not None
        assert high is not None
        assert one["low"] < low < high < one["high"]
