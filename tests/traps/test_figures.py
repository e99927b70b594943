"""Trap 6: figures without intervals. Every figure has one, or none for a reason that is told; all that people read shows it."""

import json
import math
import re
from typing import Any

import pytest
from click.testing import CliRunner

import sojourn as sj
from sojourn import report_numbers, tables
from sojourn.cli import main
from sojourn.experiments.seen import PRICED
from sojourn.scenarios.files import library, load
from sojourn.sim.estimates import Estimate
from sojourn.sim.run import run
from sojourn.sim.vocabulary import prefix

FEW = ("--customers", "1500", "--replications", "3")


def called(*arguments: str) -> str:
    told = CliRunner().invoke(main, list(arguments), env={"COLUMNS": "200"})
    assert told.exit_code == 0, told.stderr
    return told.stdout


def figures(node: Any) -> list[dict[str, float | None]]:
    """All figures of a JSON document, at any depth."""
    if not isinstance(node, dict):
        return []
    return [node] if "mean" in node else [figure for inner in node.values() for figure in figures(inner)]


def bare(estimate: Estimate) -> bool:
    """Whether a figure has no interval of more width than rounding gives: it is the same in every replication."""
    if estimate.low is None or estimate.high is None:
        return estimate.low == estimate.high
    return math.isclose(estimate.low, estimate.high, rel_tol=1e-12)


@pytest.mark.parametrize("name", library())
@pytest.mark.parametrize("command", ["run", "compare"])
def test_trap_6_every_figure_has_its_interval(command: str, name: str) -> None:
    """Naive: a number. Right: a number and its interval, for every measure under every strategy and every difference.

    What a strategy is worth has none where in hardly any replication a life changed under it and its spread, that of its price
    alone, would leave out 0. The answer says so, and names the strategy.
    """
    document = json.loads(called(command, name, *FEW, "--json"))
    found = figures(document)
    assert len(found) > 150
    unseen = {
        pair
        for pair, measures in document.get("differences", {}).items()
        if measures["profit"]["mean"] is not None and measures["profit"]["low"] is None
    }
    lines = json.dumps(document.get("verdict", {}))
    for pair in unseen:
        assert re.search(rf"3 replications cannot show that [^:]*{pair.partition(' - ')[0]}[^:]* from ", lines)
    excused = [
        figure
        for measures in document.get("differences", {}).values()
        for measure, figure in measures.items()
        if measure.partition(".")[0] in PRICED
    ]
    excused += [document["verdict"]["simultaneous"][pair] for pair in unseen]
    for figure in found:
        assert {*figure} == {"mean", "low", "high"}
        mean, low, high = figure["mean"], figure["low"], figure["high"]
        if mean is None:
            assert (low, high) == (None, None)
        elif low is None:
            assert any(figure is one for one in excused)
        else:
            assert low is not None
            assert high is not None
            assert low <= mean <= high
    for told in document["strategies"].values():
        measures = told["measures"]
        never = [
            measure.removeprefix("reach.")
            for measure in measures
            if not measures[measure]["mean"] and "reach." in measure
        ]
        for measure, figure in measures.items():  # undefined where nobody was ever there, and nowhere else
            assert figure["mean"] is not None or {*measure.split(".")} & {*never}, measure


@pytest.mark.parametrize("name", library())
def test_trap_6_no_interval_only_where_a_single_replication_knows(name: str) -> None:
    """Forty customers: some stages are reached in one replication only. Its figure stands, and claims no interval."""
    scenario = load(name)
    (outcome,) = run(scenario, next(iter(scenario.strategies)), customers=40, replications=20).outcomes.values()
    lacking = 0
    for measure, figure in outcome.measures.items():
        known = sum(math.isfinite(parts[measure].figure) for parts in outcome.parts)
        if prefix(measure) in ("retention", "repeat_rate"):  # one curve of all: it ends where nobody is followed
            assert known or figure.mean is None, measure
            assert known > 1 or figure.low is None, measure
        else:
            assert (figure.mean is None) == (known == 0), measure
            assert (figure.low is None) == (known < 2), measure
        assert (figure.low is None) == (figure.high is None)
        lacking += figure.low is None
    assert lacking < len(outcome.measures) / 2


def test_trap_6_a_single_replication_says_why() -> None:
    """One replication of customers who share a desk: no interval can be had, and the answer says so, and what to do."""
    told = called("run", "relationship", "--strategy", "today", "--customers", "500", "--replications", "1")
    assert "1 replication: intervals exist only where nothing couples customers; run 20 for all of them." in told
    found = figures(json.loads(called("run", "relationship", "--customers", "500", "--replications", "1", "--json")))
    assert all(figure["low"] is None and figure["high"] is None for figure in found)


@pytest.mark.parametrize("name", library())
def test_trap_6_tables_and_report_show_them(name: str) -> None:
    """Naive: a table of figures. Right: each with its interval in brackets, in the terminal and in the report."""
    comparison = sj.compare(load(name), customers=1500, replications=3)
    result = comparison.result
    scenario = result.scenario
    levels = [(n, one, tables.level) for o in result.outcomes.values() for n, one in o.measures.items()]
    changes = [(n, one, tables.difference) for pair in comparison.differences.values() for n, one in pair.items()]
    shown = 0
    for measure, estimate, written in (*levels, *changes):
        text = written(measure, estimate, scenario).text
        assert ("[" in text) != bare(estimate), (measure, text)
        shown += "[" in text
    assert shown > 150

    page = report_numbers.numbers(comparison, result)
    assert page.count("[") >= sum(not bare(one) for _, one, _ in levels)


def test_trap_6_the_first_line_has_intervals() -> None:
    """Naive: "smooth_purchase brings USD 9,600". Right: how much it may be, beside every amount."""
    first = called("compare", "relationship", *FEW).splitlines()[0]
    amounts = re.findall(r"USD (?:-|−)?[\d,.]+ over 730 days(.*?:|)", first)
    assert amounts
    assert all(told == " (90 %:" for told in amounts)
    table = called("run", "relationship", "--strategy", "today", *FEW)
    assert re.fullmatch(r"Profit over 730 days: today USD −?[\d,]+ \[−?[\d,]+, −?[\d,]+\]\.", table.splitlines()[0])
