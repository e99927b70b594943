"""Effects of experiments with known answers: published counts, closed forms, and a published dose response."""

import csv
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import logit
from scipy.stats import binom

from sojourn.calibration.armcounts import ArmCounts, arm_counts
from sojourn.calibration.countfiles import read_counts
from sojourn.calibration.doseblocks import Shifts, Tally
from sojourn.calibration.doses import fit_response, hill
from sojourn.calibration.levers import measure_lever
from sojourn.calibration.telescoping import Gap, _shared, telescope
from sojourn.levering import document
from sojourn.scenarios.files import loads
from sojourn.scenarios.levers import Response
from sojourn.sim.schedules import responded

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
E_MAIL = {"none": [21306, 2262, 122], "men's": [21307, 3894, 267], "women's": [21387, 3238, 189]}  # Hillstrom 2008


@pytest.fixture(scope="module")
def e_mail() -> ArmCounts:
    return arm_counts(E_MAIL, ["targeted", "visit", "conversion"], source="e-mail")


@pytest.fixture(scope="module")
def screener() -> ArmCounts:
    return read_counts(EXAMPLES / "screener.toml")


def rounded(pair: tuple[float, float]) -> tuple[float, float]:
    return round(pair[0], 4), round(pair[1], 4)


def test_the_e_mail_experiment_has_its_published_lifts(e_mail: ArmCounts) -> None:
    (none, men), visits = e_mail.customers[:2], Gap(3894, 21307, 2262, 21306)
    assert round(visits.value, 4) == 0.0766
    assert rounded(visits.interval(0.95)) == (0.0700, 0.0832)
    bought = Gap(int(men[2]), int(men[0]), int(none[2]), int(none[0]))
    assert round(bought.value, 4) == 0.0068
    assert rounded(bought.interval(0.95)) == (0.0050, 0.0086)
    assert [round(row[2] / row[1], 4) for row in e_mail.customers] == [0.0539, 0.0686, 0.0584]


def test_the_e_mail_experiment_works_upstream(e_mail: ArmCounts) -> None:
    men, women = (telescope(e_mail, arm) for arm in e_mail.treated)
    assert men is not None
    assert women is not None
    assert round(men.odds.value, 2) == 0.79
    assert round(women.odds.value, 2) == 0.44
    for journey in (men, women):
        visit, conversion = journey.parts
        assert visit.clear
        assert visit.value > 2.0 * conversion.value
        assert not journey.opposed
    assert not women.parts[1].clear


def test_the_screener_works_in_opposite_directions_along_the_journey(screener: ArmCounts) -> None:
    journey = telescope(screener, 1)
    assert journey is not None
    gross = Gap(3423, 17260, 3785, 17293)
    assert round(gross.value, 4) == -0.0206
    assert rounded(gross.interval(0.95)) == (-0.0291, -0.0120)
    assert round(journey.difference.value, 4) == -0.0049
    assert rounded(journey.difference.interval(0.95)) == (-0.0116, 0.0019)
    assert [round(row[2] / row[1], 3) for row in screener.customers] == [0.537, 0.568]
    enrol, pay = journey.parts
    assert journey.opposed
    assert enrol.interval()[1] < 0.0 < pay.interval()[0]
    found = measure_lever(screener, "screener")
    signs = {effect.exit: effect.shift.value > 0 for effect in found.effects}
    assert signs == {"click -> enrol": False, "enrol -> pay": True}


def test_the_table_of_the_docs_is_what_comes_out(e_mail: ArmCounts, screener: ArmCounts) -> None:
    page = (EXAMPLES.parent / "levers-from-experiments.md").read_text(encoding="utf-8")
    for counts, digits in ((e_mail, (3, 2, 2)), (screener, (2, 2, 2))):
        journey = telescope(counts, 1)
        assert journey is not None
        (row,) = [line for line in page.splitlines() if f"n = {counts.customers[:2, 0].sum():,})" in line]
        told_there: list[Any] = [*journey.shares, journey.difference]
        for shift, places in zip(told_there, digits, strict=True):
            low, high = shift.interval()
            told = f"{100 * shift.value:+.{places}f}", f"{100 * low:.{places}f}, {100 * high:.{places}f}"
            assert f"{told[0]} [{told[1]}]" in row.replace(" points", "")


def test_a_dose_of_which_nobody_went_on_does_not_take_the_step_from_the_others() -> None:
    rows = {"control": [900, 300, 30], "one": [900, 400, 0], "two": [900, 500, 60]}
    found = measure_lever(arm_counts(rows, ["a", "b", "c"], doses={"one": 1.0, "two": 2.0}), "x")
    assert [effect.exit for effect in found.levers[0].effects] == ["a -> b", "b -> c"]
    assert any(told.startswith("b -> c: one 0 of 400, control 30 of 300") for told in found.warnings)
    assert any("follow neither a line nor a Hill curve" in told for told in found.warnings)
    assert [journey.arm for journey in found.journeys] == ["two"]


def test_a_dose_at_which_nobody_was_does_not_take_the_step_from_the_others() -> None:
    """It does not take the step from the others, and its size stays in their range."""
    rows = {"control": [900, 300, 30], "one": [900, 400, 60], "two": [900, 450, 90], "three": [900, 0, 0]}
    doses = {"one": 1.0, "two": 2.0, "three": 3.0}
    found = measure_lever(arm_counts(rows, ["a", "b", "c"], doses=doses), "x")
    assert [effect.exit for effect in found.levers[0].effects] == ["a -> b", "b -> c"]
    assert "b: nobody in three was there, so no effect of that can be told." in found.warnings
    assert any(told.startswith("b -> c: its part of the curve rests on one, two alone") for told in found.warnings)
    top = abs(found.levers[0].effects[1].central)
    assert top < 3.0  # of b -> c the log-odds are 0.46 and 0.81 at one and two: nothing makes up a third far off


@pytest.mark.parametrize("new", [[500, 500, 10], [500, 0, 0], [500, 200, 200], [500, 200, 0]])
def test_a_lever_gives_the_total_of_its_arm_where_everybody_or_nobody_went_on(new: list[int]) -> None:
    """Control's shares, shifted by what is written, end where the arm did; and nothing warns that they do not."""
    counts = arm_counts({"control": [500, 50, 10], "new": new}, ["click", "enrol", "pay"])
    found = measure_lever(counts, "x")
    share = 1.0
    for before, to in zip((0.1, 0.2), ("enrol", "pay"), strict=True):
        shift = [effect.central for effect in found.levers[0].effects if effect.exit.endswith(f"-> {to}")]
        share *= 1.0 / (1.0 + np.exp(-logit(before) - sum(shift)))
    assert share == pytest.approx(new[-1] / new[0], abs=0.0015)
    assert not any("does not give what the arm did" in told for told in found.warnings)
    assert any("a weak prior keeps it finite" in told for told in found.warnings)
    assert any(note.startswith("Beyond the first stage") for note in found.notes) == (new[1] > 0)


def test_a_lever_that_misses_the_total_of_its_arm_is_told_with_figures() -> None:
    counts = arm_counts({"control": [500, 50, 10], "new": [500, 100, 30]}, ["click", "enrol", "pay"])
    whole = measure_lever(counts, "x")
    assert not any("does not give" in told for told in whole.warnings)
    part = measure_lever(counts, "x", exits=["enrol -> pay"])
    (told,) = [one for one in part.warnings if "does not give what the arm did" in one]
    assert told.endswith("Put on control it brings 3 % to pay; 6 % of the arm came [3.8, 9.35].")
    assert any(note.startswith("Beyond the first stage") for note in part.notes)
    empty = arm_counts({"control": [500, 50, 0], "new": [500, 60, 30]}, ["click", "enrol", "pay"])
    warned = measure_lever(empty, "x").warnings
    assert any("enrol -> pay: control 0 of 50, new 30 of 60: no effect on it can be told" in one for one in warned)
    assert any("Put on control it brings 0 % to pay; 6 % of the arm came" in one for one in warned)


def test_a_difference_of_a_few_customers_is_not_clear() -> None:
    """Two of two against 58 %: intervals after Newcombe (1998, method 10; his example 56/70 - 48/80 has .0524 to .3339)."""
    assert rounded(Gap(56, 70, 48, 80).interval(0.95)) == (0.0524, 0.3339)
    two = Gap(2, 2, 116, 200)
    assert not two.clear
    assert two.interval()[0] < -0.1
    assert Gap(0, 500, 100, 500).clear


def test_intervals_of_a_difference_cover_from_two_customers_on() -> None:
    """The chance to cover, exactly, by summing over all outcomes: for an arm of 2 to 10, not below .81 at
    90 %, and .9 in the mean. Wald's, of an arm of two in which all bought, has no width."""
    chances = []
    control = 200
    before = np.arange(control + 1)
    for size in (2, 3, 5, 10):
        for share in (0.1, 0.3, 0.5, 0.8, 0.95):
            weight = binom.pmf(before, control, share)
            near = np.flatnonzero(weight > 1e-4)
            covered = sum(
                binom.pmf(taken, size, share) * weight[b]
                for taken in range(size + 1)
                for b in near
                if (ends := Gap(taken, size, int(b), control).interval())[0] <= 0.0 <= ends[1]
            )
            chances.append(covered)
    assert min(chances) > 0.81
    assert np.mean(chances) > 0.9


def test_an_arm_of_a_handful_is_said_to_be_misspelt() -> None:
    rows = {"control": [1250, 300], "call": [1248, 400], "cal": [2, 1]}
    found = measure_lever(arm_counts(rows, ["a", "b"]), "x")
    assert found.warnings[0].startswith(
        'The arm "cal" has 2 customers, the others control 1,250, call 1,248: probably a name that was misspelt '
        '(did you mean "call"?).'
    )
    assert "a -> b: rests on 2 customers of cal; fewer than 10, so the interval is rough." in found.warnings
    assert "rests on 2 customers of cal" in found.text
    small = measure_lever(arm_counts({"control": [8, 4], "new": [9, 5]}, ["a", "b"]), "x")
    assert not any("misspelt" in told for told in small.warnings)


@pytest.mark.parametrize("which", ["e_mail", "screener"])
def test_parts_add_up_without_remainder(which: str, request: Any) -> None:
    counts = request.getfixturevalue(which)
    for arm in counts.treated:
        journey = telescope(counts, arm)
        assert journey is not None
        assert sum(part.value for part in journey.parts) == pytest.approx(journey.ratio.value, abs=1e-12)
        assert sum(share.value for share in journey.shares) == pytest.approx(journey.difference.value, abs=1e-12)


def test_parts_have_the_spread_that_their_errors_say() -> None:
    """4,000 experiments redrawn: standard deviations within 5 % of the errors (four parts, 4.5 sigma each: 3e-5)."""
    rng = np.random.default_rng(3)
    rates = np.array([[0.30, 0.45], [0.25, 0.55]])
    drawn = []
    for _ in range(4_000):
        rows = {}
        for name, (first, second) in zip(("control", "new"), rates, strict=True):
            visit = int(rng.binomial(5_000, first))
            rows[name] = [5_000, visit, int(rng.binomial(visit, second))]
        journey = telescope(arm_counts(rows, ["a", "b", "c"]), 1)
        assert journey is not None
        drawn.append([(*part, *share) for part, share in zip(journey.parts, journey.shares, strict=True)])
    table = np.array(drawn)
    for value, error in ((0, 1), (2, 3)):
        for step in (0, 1):
            assert table[:, step, value].std() == pytest.approx(table[:, step, error].mean(), rel=0.05)


@pytest.mark.parametrize("gap", [1e-9, 0.05])
def test_shares_of_the_difference_have_the_right_derivatives(gap: float) -> None:
    """Also where the total is next to nothing, and the formula would divide nothing by nothing."""
    variance, step = np.array([1.0, 0.0]), 1e-5
    base, parts = np.log([0.2, 0.5]), np.array([0.3, -0.3 + gap])

    def shares(moved: Any) -> Any:
        ends = float(np.exp((base + moved).sum())), float(np.exp(base.sum()))
        return _shared(moved, ends, variance, np.zeros(2))

    aside = np.array([step, 0.0])
    slope = (shares(parts + aside)[0] - shares(parts - aside)[0]) / (2.0 * step)
    assert shares(parts)[1] == pytest.approx(np.abs(slope), rel=1e-3)


def test_log_odds_are_those_of_woolf(e_mail: ArmCounts) -> None:
    found = measure_lever(e_mail, "e_mail")
    effect = next(one for one in found.effects if one.exit == "visit -> conversion" and one.arm == "men's")
    assert effect.shift.value == pytest.approx(logit(267 / 3894) - logit(122 / 2262))
    assert effect.shift.error**2 == pytest.approx(1 / 267 + 1 / 3627 + 1 / 122 + 1 / 2140)
    assert [lever.name for lever in found.levers] == ["e_mail_men_s", "e_mail_women_s"]
    low, high = effect.shift.interval()
    both = effect.shift.interval(comparisons=2)
    assert both[0] < low < high < both[1]


def test_an_arm_against_another_of_the_same_kind_is_not_distinguishable() -> None:
    found = measure_lever(
        arm_counts({"control": [5000, 1000, 300], "same": [5000, 1010, 295]}, ["a", "b", "c"]), "nothing"
    )
    assert not any(effect.shift.clear for effect in found.effects)
    assert found.text.count("# not distinguishable from no effect") == 2
    assert not found.journeys[0].difference.clear


def test_a_mismatch_of_arms_is_told_and_a_planned_one_is_not() -> None:
    counts = arm_counts({"control": [10_000, 500], "new": [9_500, 500]}, ["a", "b"])
    (told,) = measure_lever(counts, "x").warnings
    assert "not of equal size (control 10,000, new 9,500" in told
    assert "a false alarm once in 1,000 experiments" in told
    assert measure_lever(counts, "x", split={"control": 100.0, "new": 95.0}).warnings == ()


def test_the_mismatch_alarm_is_as_rare_as_it_says() -> None:
    """3,000 fair experiments, alarm rate .001: three alarms expected, more than ten once in 3,400 such tests."""
    rng = np.random.default_rng(5)
    alarms = 0
    for _ in range(3_000):
        first = int(rng.binomial(2_000, 0.5))
        found = measure_lever(arm_counts({"control": [first, 50], "new": [2_000 - first, 50]}, ["a", "b"]), "x")
        alarms += any("not of equal size" in told for told in found.warnings)
    assert alarms <= 10


# --- doses --------------------------------------------------------------------------------------------------


def test_the_curve_is_the_one_that_scenarios_follow() -> None:
    levels = np.array([0.1, 0.4, 1.0])
    assert hill(levels, 0.3, 1.7) == pytest.approx(responded(levels, Response(half=0.3, slope=1.7)))


def test_an_incentive_saturates_as_published() -> None:
    """Thornton (2008): .339 come without an incentive, .673 up to half a dollar, .87 at two: beyond, nothing more."""
    found = measure_lever(EXAMPLES / "incentive.csv", "incentive")
    shares = [round(float(row[1] / row[0]), 3) for row in found.counts.customers]
    assert shares[:6] == [0.339, 0.673, 0.772, 0.842, 0.870, 0.861]
    response = found.response
    assert response is not None
    assert response.form == "hill"
    assert response.aic["linear"] > 80.0 + min(response.aic.values())
    assert response.nearly is not None
    assert 1.0 < response.nearly[1] < response.nearly[0] < response.nearly[2] < 2.0
    assert response.saturates
    assert response.sentence.startswith(
        "The effect saturates: 90 % of the full effect (dose 2.837) is reached at dose 1.4"
    )
    assert response.misfit > 0.01
    (lever,) = found.levers
    assert lever.response == (response.half, response.slope)


@pytest.mark.skipif(find_spec("causaldata") is None or find_spec("pandas") is None, reason="needs the extra `test`")
@pytest.mark.filterwarnings("ignore")
def test_the_incentive_of_the_docs_is_that_of_the_published_data() -> None:
    import pandas

    spec = find_spec("causaldata")
    assert spec is not None
    assert spec.origin is not None
    data = pandas.read_stata(Path(spec.origin).parent / "thornton_hiv" / "thornton_hiv.dta").dropna(
        subset=["got", "tinc"]
    )
    assert len(data) == 2_834
    came, dose = data["got"].to_numpy(float), data["tinc"].to_numpy(float)
    step = np.ceil(dose / 0.5 - 1e-6)
    with (EXAMPLES / "incentive.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 14
    for k in range(7):
        here = step == k
        invited, coming = rows[2 * k], rows[2 * k + 1]
        assert (invited["stage"], coming["stage"]) == ("invited", "came")
        assert int(invited["customers"]) == here.sum()
        assert int(coming["customers"]) == came[here].sum()
        assert float(invited["dose"]) == pytest.approx(dose[here].mean(), abs=5e-4)


def planted_doses(
    rng: Any, doses: Any, half: float, slope: float, size: float = 1.2, customers: int = 4_000
) -> ArmCounts:
    levels = np.array(doses) / doses[-1]
    curve = np.concatenate(([0.0], hill(levels, half, slope)))
    came = rng.binomial(customers, 1.0 / (1.0 + np.exp(1.0 - size * curve)))
    arms = ["control", *(f"dose {dose}" for dose in doses)]
    rows = {arm: [customers, int(n)] for arm, n in zip(arms, came, strict=True)}
    return arm_counts(rows, ["asked", "came"], doses=dict(zip(arms, [0.0, *doses], strict=True)))


def test_intervals_of_a_planted_curve_cover() -> None:
    """60 experiments, 90 % intervals of the effect at level 1 and of the dose of 90 %: each covers 54 times in the mean; below
    44 of 60 once in 18,000. The bootstrap is asymptotic: what it may lack is within the bound."""
    rng = np.random.default_rng(11)
    true = 0.15 / ((1.0 + 0.15) / 0.9 - 1.0)
    size_in = dose_in = 0
    for _ in range(60):
        response = measure_lever(planted_doses(rng, [1.0, 2.0, 4.0, 8.0], 0.15, 1.0), "x").response
        assert response is not None
        ((low, high),) = response.intervals
        size_in += low <= 1.2 <= high
        dose_in += response.nearly is not None and response.nearly[1] <= 8.0 * true <= response.nearly[2]
    assert size_in >= 44
    assert dose_in >= 44


def test_a_straight_line_is_told_as_one() -> None:
    """AIC must prefer a curve by more than 2: chi-square above 4 with one degree of freedom, or 6 with two: .06 in all."""
    rng = np.random.default_rng(2)
    forms = []
    for _ in range(60):
        rows = planted_doses(rng, [1.0, 2.0, 3.0], half=100.0, slope=1.0)  # as straight as a scenario's curve can be
        response = measure_lever(rows, "x").response
        assert response is not None
        forms.append(response.form)
    assert forms.count("linear") >= 49  # of 60; fewer once in 5,000 such tests


def test_no_effect_at_any_dose_says_nothing_on_the_form() -> None:
    rng = np.random.default_rng(8)
    found = measure_lever(planted_doses(rng, [1.0, 2.0, 3.0], 1.0, 1.0, size=0.0), "x")
    assert found.response is not None
    assert not found.response.known
    assert found.response.sentence.startswith("No dose can be told from control")
    assert found.levers[0].response is None
    assert "not distinguishable" in found.text


def test_too_few_doses_are_told() -> None:
    rng = np.random.default_rng(8)
    one = measure_lever(planted_doses(rng, [2.0], 1.0, 1.0), "x")
    assert one.response is None
    assert any("One dose above 0" in told for told in one.warnings)
    two = measure_lever(planted_doses(rng, [1.0, 2.0], 0.1, 1.0), "x")
    assert two.response is not None
    assert "hill" not in two.response.aic
    assert any("cannot check it" in told for told in two.warnings)


def test_a_dose_that_backfires_is_no_curve_of_this_family() -> None:
    doses = {"control": 0.0, "one": 1.0, "two": 2.0, "three": 3.0}
    rows = {"control": [5000, 1000], "one": [5000, 1600], "two": [5000, 1900], "three": [5000, 900]}
    found = measure_lever(arm_counts(rows, ["a", "b"], doses=doses), "x")
    assert any("follow neither a line nor a Hill curve" in told for told in found.warnings)
    assert found.response is not None
    assert not found.response.saturates
    assert found.response.sentence.startswith(
        "The effects at the doses follow no curve that a lever can have (p < 1e-6)"
    )
    assert document(found)["response"]["dose_of_90_percent"] is None


def test_a_curve_that_is_done_before_the_smallest_dose_names_that_dose() -> None:
    rows = {"control": [5000, 1000], "one": [5000, 1600], "two": [5000, 1600], "three": [5000, 1600]}
    doses = {"control": 0.0, "one": 1.0, "two": 2.0, "three": 3.0}
    response = measure_lever(arm_counts(rows, ["a", "b"], doses=doses), "x").response
    assert response is not None
    assert "is reached at dose 1 already, the smallest that was tried" in response.sentence


def test_estimates_and_counts_give_one_curve() -> None:
    """Generalised least squares on the estimated log-odds, and the binomial likelihood: the same for large counts."""
    taken, of = np.array([800, 1500, 1900, 2100]), np.full(4, 4_000)
    odds, spread = logit(taken / of), 1.0 / taken + 1.0 / (of - taken)
    shifts = Shifts((odds[1:] - odds[0])[None, :], np.diag(spread[1:]) + spread[0])
    a, b = (fit_response([1.0, 2.0, 4.0], [block]) for block in (Tally(taken.astype(float), of.astype(float)), shifts))
    assert a.form == b.form
    assert a.half == pytest.approx(b.half, rel=0.02)
    assert a.sizes == pytest.approx(b.sizes, rel=0.01)


# --- into a scenario -----------------------------------------------------------------------------------------

CHAIN = """\
# A remark that stays.
format = 1
[scenario]
name = "chain"
start = "click"
horizon_days = 30
[arrivals]
rate_per_day = 10
[stages.click]
dwell = { law = "exponential", mean = 1 }   # and one that stays too
exits = { enrol = 0.22, gone = 0.78 }
[stages.enrol]
dwell = { law = "exponential", mean = 1 }
exits = { pay = 0.54, gone = 0.46 }
[stages.pay]
end = true
[stages.gone]
end = true
"""


def test_a_lever_goes_into_a_scenario_behind_its_text(screener: ArmCounts) -> None:
    found = measure_lever(screener, "screener", scenario=loads(CHAIN))
    grown = found.into(CHAIN)
    assert grown.startswith(CHAIN)
    effects = loads(grown).levers["screener"].effects
    assert [effect.exit for effect in effects] == ["click -> enrol", "enrol -> pay"]
    assert all(effect.evidence == "measured" for effect in effects)
    assert effects[0].source == "experiment screener.toml: screener against control, n = 17,260 + 17,293"
    assert effects[0].range.central == pytest.approx(logit(3423 / 17260) - logit(3785 / 17293), abs=1e-4)
    low, high = found.effects[0].shift.interval()
    assert (effects[0].range.low, effects[0].range.high) == pytest.approx((low, high), abs=1e-4)


def test_what_the_scenario_does_not_have_is_left_out_and_said(screener: ArmCounts) -> None:
    without = CHAIN.replace("pay = 0.54, gone = 0.46", "gone = 1.0")
    found = measure_lever(screener, "screener", scenario=loads(without.replace("[stages.pay]\nend = true\n", "")))
    assert [effect.exit for effect in found.effects] == ["click -> enrol"]
    assert any("no exit enrol -> pay: left out" in note for note in found.notes)
    race = CHAIN.replace("exits = { pay = 0.54, gone = 0.46 }", "").replace(
        '[stages.enrol]\ndwell = { law = "exponential", mean = 1 }',
        '[stages.enrol]\nrace.pay = { law = "exponential", mean = 1 }\nrace.gone = { law = "exponential", mean = 1 }',
    )
    found = measure_lever(screener, "screener", scenario=loads(race))
    assert [effect.exit for effect in found.effects] == ["click -> enrol"]
    assert any("enrol is a race in the scenario" in note for note in found.notes)
