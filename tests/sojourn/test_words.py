"""Figures, tables and the lines under an answer."""

import math
import re

import pytest

from sojourn import described, tables, trust
from sojourn.committed import _told
from sojourn.experiments.commitment_points import Point
from sojourn.experiments.wording import Words
from sojourn.plots.words import clear, interval, minus, number, pair, zero
from sojourn.scenarios.files import load, loads
from sojourn.scenarios.model import Effect, Scenario
from sojourn.sim.estimates import Estimate
from sojourn.terminal import plain

from .conftest import COFFEE


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load(str(COFFEE))


@pytest.mark.parametrize(
    ("estimate", "written"),
    [
        (Estimate(102.3, 97.1, 108.0), "102.3 [97.1, 108.0]"),
        (Estimate(45213.3, 44100.0, 46300.0), "45,200 [44,100, 46,300]"),
        (Estimate(-0.00001, -1.0, 1.0), "0.0 [−1.0, 1.0]"),
        (Estimate(5.0, None, None), "5.00"),
        (Estimate(None, None, None), "undefined"),
        (Estimate(float("nan"), 1.0, 2.0), "undefined"),
        (Estimate(12.0, 12.0, 12.0), "12.0"),
        (Estimate(0.0, 0.0, 0.0), "0"),
        (Estimate(0.3, 0.3, 0.3 + 1e-16), "0.300"),  # no width but the rounding of a sum
        (Estimate(0.031, 0.0003, 0.0613), "0.0310 [0.0003, 0.0613]"),  # not 0.000, which would not be clear
        (Estimate(302.4, 2.1, 603.0), "302 [2, 603]"),
        (Estimate(302.4, 0.0, 603.0), "300 [0, 600]"),
        (Estimate(302.4, 0.0001, 603.0), "300 [0, 600]"),
        (Estimate(-45213.3, -46300.0, -44100.0), "−45,200 [−46,300, −44,100]"),
    ],
)
def test_figures_have_the_digits_that_their_interval_bears(estimate: Estimate, written: str) -> None:
    assert interval(estimate) == written


def test_signs_stand_before_differences() -> None:
    assert interval(Estimate(102.0, 97.0, 107.0), sign=True) == "+102.0 [97.0, 107.0]"
    assert number(0.0, 1, sign=True) == "0.0"
    assert number(-0.04, 1, sign=True) == "0.0"
    assert number(-44.0, -2) == "0"


def test_a_difference_without_a_known_sign_is_grey(scenario: Scenario) -> None:
    unknown = tables.difference("profit", Estimate(5.0, -1.0, 11.0), scenario)
    assert unknown == ("(+5.0 [−1.0, 11.0])", "dim")
    assert tables.difference("profit", Estimate(5.0, None, None), scenario).style == "dim"
    assert not clear(Estimate(5.0, 0.0, 11.0))
    assert clear(Estimate(5.0, 0.1, 11.0))


@pytest.mark.parametrize(
    "estimate",
    [
        (6630.4, 5850.0, 7410.0),
        (46529.0, 46461.0, 46596.0),
        (0.123, 0.0991, 0.1451),
        (12.5, None, None),
        (302.4, 2.1, 603.0),
    ],
)
def test_the_verdict_has_the_digits_of_the_table(estimate: tuple[float, float | None, float | None]) -> None:
    words = Words("profit", load(str(COFFEE)), "today")
    told = interval(Estimate(*estimate)).replace("]", ")").replace("[", "(90 %: ").replace(", ", " to ")
    mean, _, bounds = told.partition(" (")
    said = f"b beats today by EUR {mean} a year" + (f" ({bounds}" if bounds else "")
    assert words.ahead([("b", Estimate(*estimate))]) == said


def test_sentences_and_headings_have_a_true_minus() -> None:
    assert (
        minus("a-1 by USD -1,700 (90 %: -2,900 to -600), b -> c") == "a-1 by USD −1,700 (90 %: −2,900 to −600), b -> c"
    )
    assert pair("b-2 - a") == "b-2 − a"


def test_better_and_worse_follow_the_declared_direction(scenario: Scenario) -> None:
    more = Estimate(5.0, 4.0, 6.0)
    assert tables.difference("profit", more, scenario) == ("+5.0 [4.0, 6.0] better", "green")
    assert tables.difference("cost", more, scenario) == ("+5.0 [4.0, 6.0] worse", "red")
    assert tables.difference("reach.trial", more, scenario) == ("+500 [400, 600]", "")


def test_at_most_eight_measures_and_none_that_is_zero_throughout() -> None:
    one = Estimate(1.0, 0.5, 1.5)
    nothing = Estimate(0.0, 0.0, 0.0)
    family = {f"reach.{k}": one for k in range(20)} | {
        "profit": one,
        "revenue": nothing,
        "cost": Estimate(None, None, None),
    }
    shown, more = tables.chosen([family], everything=False)
    assert (shown[0], len(shown), more) == ("profit", 8, 13)
    assert tables.chosen([family], everything=True) == ([*shown, *(f"reach.{k}" for k in range(7, 20))], 0)
    assert "revenue" in tables.chosen([family, {"revenue": one}], everything=False)[0]
    assert zero(nothing)


def test_tables_fit_the_width_by_going_on_below(scenario: Scenario) -> None:
    cells = {"profit": [tables.Cell("x" * 30)] * 4}
    heads = ["a", "b", "c", "d"]
    assert [len(t.heads) - 1 for t in tables.build(["profit"], heads, cells, scenario, width=400)] == [4]
    assert [len(t.heads) - 1 for t in tables.build(["profit"], heads, cells, scenario, width=110)] == [2, 2]


def test_replications_that_would_settle_a_difference() -> None:
    # Half the width is 4 times the mean: 16 times as many, a tenth more to be safe, rounded up to tens.
    assert trust.more_replications(Estimate(1.0, -3.0, 5.0), 20) == 360
    assert trust.more_replications(Estimate(1.0, 0.5, 1.5), 20) is None
    assert trust.more_replications(Estimate(0.001, -3.0, 3.0), 20) is None
    assert trust.more_replications(Estimate(0.0, -3.0, 3.0), 20) is None
    assert trust.more_replications(Estimate(None, None, None), 20) is None


def test_only_levers_that_are_used_carry_an_answer(scenario: Scenario) -> None:
    assert trust.used_levers(scenario, ["today"]) == []
    assert trust.used_levers(scenario, ["today", "call_everybody"]) == ["welcome_call"]
    assert list(trust.assumptions(scenario, ["today"])) == []
    lines = "\n".join(trust.assumptions(scenario, ["cheaper_renewals"]))
    assert "loyalty_price (hazard ratio 0.7 on exit renewed -> churned)" in lines
    assert "spend" not in lines  # that effect is graded as measured


def test_one_number_on_many_exits_is_told_once(coffee: str) -> None:
    effect = '{ exit = "renewed -> churned", hazard_ratio = 0.7, evidence = "assumed" }'
    assert effect in coffee
    more = [f'{{ dwell = "{stage}", time_ratio = 0.9, evidence = "assumed" }}' for stage in ("trial", "renewed")]
    one = loads(coffee.replace(effect, ", ".join([effect, more[0]])))
    (line, *_) = trust.assumptions(one, ["cheaper_renewals"])
    assert "loyalty_price (hazard ratio 0.7 on exit renewed -> churned, time ratio 0.9 on dwell trial)" in line
    both = loads(coffee.replace(effect, ", ".join([effect, *more])))
    (line, *_) = trust.assumptions(both, ["cheaper_renewals"])
    assert "time ratio 0.9 on dwell trial and dwell renewed)" in line
    assert described.effects(both.levers["loyalty_price"]).count("time of trial, renewed times 0.9") == 1
    exits = [Effect(exit=f"a -> {to}", hazard_ratio=1.25) for to in "bcde"]
    other = Effect(exit="a -> f", hazard_ratio=1.5)
    assert trust.effects_in_words("richer", [*exits, other]) == (
        "richer (hazard ratio 1.25 on 4 exits, hazard ratio 1.5 on exit a -> f)"
    )


def test_what_is_not_measured_is_said(scenario: Scenario) -> None:
    assert trust.unmeasured(scenario) is not None
    text = COFFEE.read_text(encoding="utf-8").split("[satisfaction]")[0]
    for gone in ('role = "lost"', 'role = "purchase"', "touchpoint = { performance = 74, sd = 12 }"):
        text = text.replace(gone, "")
    bare = loads(text)
    said = trust.unmeasured(bare) or ""
    for word in ("satisfaction", "purchases", "churn", "waiting"):
        assert word in said


def test_another_number_of_customers_is_a_warning_where_costs_are_fixed(scenario: Scenario) -> None:
    assert trust.stand_ins(scenario, 100, ["today"]) is None  # nothing here costs by the day
    shipped = load("point-of-no-return")
    assert trust.stand_ins(shipped, None, list(shipped.strategies)) is None
    assert "totals are not those of the scenario" in (trust.stand_ins(shipped, 100, list(shipped.strategies)) or "")


@pytest.mark.parametrize("customers", [100, 100_000])
def test_costs_a_day_against_other_customers_stand_right_under_the_answer(customers: int, scenario: Scenario) -> None:
    """A lever that costs by the day, and agents who do; not where costs come with customers, or as many come as in the file."""
    shipped = load("point-of-no-return")
    own = shipped.arrivals.expected(shipped.about.horizon_days)
    said = trust.by_the_day(shipped, customers, ["today", "brand_reputation"]) or ""
    assert f"{number(100 * customers / own, 0 if customers > own else 1)} % of the scenario's customers" in said
    assert trust.by_the_day(shipped, None, list(shipped.strategies)) is None
    assert trust.by_the_day(shipped, round(own), list(shipped.strategies)) is None
    assert trust.by_the_day(scenario, customers, list(scenario.strategies)) is None
    desk = '\n[desks.line]\nagents = 1\ncost_per_agent_day = 5\nhandle = { law = "exponential", mean = 0.1 }\n'
    text = COFFEE.read_text(encoding="utf-8").replace("[stages.trial] ", "[stages.trial]\ndesk = { name = 'line' }")
    assert trust.by_the_day(loads(text + desk), customers, ["today"]) is not None
    assert trust.by_the_day(loads(text + desk.replace("cost_per_agent_day = 5\n", "")), customers, ["today"]) is None


def test_more_candidates_than_the_market_has_room_for_are_said(scenario: Scenario) -> None:
    size = 300
    text = COFFEE.read_text(encoding="utf-8") + f"\n[market]\nsize = {size}\n"
    small = loads(text)
    assert "find room" not in (trust.stand_ins(small, size, ["today"]) or "")
    said = trust.stand_ins(small, 600, ["today"]) or ""
    assert f"about {size * (1 - math.exp(-2)):.0f} find room in the market of 300" in said
    cohort = loads(re.sub(r"\[arrivals\][^\[]*", "[arrivals]\ncohort = 50\n", text))
    assert "about 300 find room" in (trust.stand_ins(cohort, 600, ["today"]) or "")


def test_word_of_mouth_that_feeds_itself_is_said(scenario: Scenario) -> None:
    from sojourn.sim.wordofmouth import WordOfMouth

    calm, wild = WordOfMouth(0.5, None, 120.0), WordOfMouth(1.25, 40.0, 9000.0)
    lines = list(trust.word_of_mouth({"a": calm, "b": wild, "c": calm}, scenario))
    assert lines == [
        "Word of mouth under a, c: R = 0.5, about 120 invitees in 365 days.",
        "Word of mouth under b: R = 1.2, about 9,000 invitees in 365 days: it feeds itself and doubles every 40 days.",
    ]
    short = list(trust.word_of_mouth_in_short({"a": calm, "b": wild}, scenario))
    assert short == ["Word of mouth: R = 0.5 to 1.2, about 120 to 9,000 invitees in 365 days. Above 1 it feeds itself."]
    assert list(trust.word_of_mouth_in_short({}, scenario)) == []
    few, hardly = WordOfMouth(0.02, None, 1.2), WordOfMouth(0.01, None, 0.3)
    assert "about 1 invitee in 365 days." in next(trust.word_of_mouth({"a": few}, scenario))
    assert "hardly an invitee in 365 days." in next(trust.word_of_mouth({"a": hardly}, scenario))
    assert "about 0 to 1 invitee in" in next(trust.word_of_mouth_in_short({"a": few, "b": hardly}, scenario))


def test_long_horizons_have_a_separator(coffee: str) -> None:
    longer = loads(coffee.replace("horizon_days = 365", "horizon_days = 1095"))
    assert Words("profit", longer, "today").over == " over 1,095 days"


@pytest.mark.parametrize(
    ("begin", "fall", "said"),
    [
        (1.0, 0.0, "Lost: all of 783 customers begin in such a state."),
        (
            0.86,
            0.0,
            "Lost: apart from the 86 % who begin in such a state, nobody of 783 customers gets into one in 365 days.",
        ),
        (0.0, 0.0, "Lost: nobody of 783 customers gets into such a state in 365 days."),
    ],
)
def test_nobody_falls_where_all_have_begun(begin: float, fall: float, said: str) -> None:
    point = Point(783, Estimate(begin, None, None), Estimate(fall, None, None), None, {})
    assert _told(point, "Lost", 365.0) == said


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a b", "a b"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb", "a\\nb"),
        ("\udcff", "\\udcff"),
        ("\u202ex", "\\u202ex"),
    ],
)
def test_no_value_of_a_file_acts_on_the_terminal(raw: str, shown: str) -> None:
    assert plain(raw) == shown


def test_a_variant_is_a_scenario_of_its_own(scenario: Scenario) -> None:
    text = COFFEE.read_text(encoding="utf-8") + '\n[variants.busy.override]\n"arrivals.rate_per_day" = 16\n'
    busy = loads(text, variant="busy")
    assert busy.arrivals.rate_per_day == 16
    assert busy.digest != scenario.digest
