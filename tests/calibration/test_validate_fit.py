"""The verdict on a fit: right models are believed, wrong ones are not, and it is said why."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.choice_loops import BOTH
from sojourn.calibration import logs, validate_fit
from sojourn.calibration.copies import copy_of, naive_scenario
from sojourn.calibration.fit import fit
from sojourn.calibration.logs import Log
from sojourn.calibration.planting import plant
from sojourn.calibration.round_trip import compared, round_trip
from sojourn.calibration.stays import Stays
from sojourn.calibration.validate_fit import judge
from sojourn.calibration.verdict import Verdict, call
from sojourn.calibration.verdict_document import planted_document, verdict_document
from sojourn.experiments.journal import journal
from sojourn.output import encode
from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import load, loads
from sojourn.sim.estimates import Estimate

ROOT = Path(__file__).parents[2]
COPIES = 19


@pytest.fixture(scope="module")
def some(planted: Any) -> Log:
    """The first 2,400 customers of the planted log, whose numbers are in no order."""
    return logs.read(planted.log, planted.mapping).take(np.arange(2_400, dtype=np.int64))


@pytest.fixture(scope="module")
def right(some: Log) -> Verdict:
    return judge(some, replications=COPIES)


def test_a_right_model_is_believed(right: Verdict) -> None:
    """Exponential times are among the laws: nothing may be called off, at a family-wise rate of 5 % (seeds fixed)."""
    assert right.believed
    lines = right.lines()
    assert re.match(r"Believe, up to 16\d days from the start: everything asked of awareness", lines[0])
    assert not any(line.startswith("Do not believe") for line in lines)
    assert right.customers_fitted + right.customers_held_out == 2_400
    inside, number = right.coverage
    assert inside >= 0.65 * number  # figures move together: as for the check, of 19 at least 12
    assert {item.kind for item in right.items} == {"figure", "curve", "distance"}
    assert {item.name for item in right.distances} == {
        f"distance.{name}" for name in ("2-grams", "3-grams", "length", "timing", "arrivals")
    }


def test_the_plainest_model_is_farther_off_than_chance(right: Verdict) -> None:
    """The finished stays of a censored log are its fast ones: order and timing show it."""
    for name in ("distance.2-grams", "distance.3-grams"):
        (item,) = [one for one in right.distances if one.name == name]
        assert item.naive is not None
        assert item.simulated.high is not None
        assert item.observed.mean is not None
        assert item.naive > item.simulated.high > item.observed.mean * 0.8
    assert any("leaving the unfinished stays out would have said" in line for line in right.naive_lines)


def test_curves_have_bands_that_hold_as_a_whole(right: Verdict) -> None:
    for curve in right.curves:
        assert np.all(curve.simulated.low <= curve.simulated.mean)
        assert np.all(curve.simulated.mean <= curve.simulated.high)
        assert np.all((curve.observed.mean >= curve.simulated.low) & (curve.observed.mean <= curve.simulated.high))


def test_fitting_finished_stays_alone_is_found_out(some: Log, monkeypatch: Any) -> None:
    def naive_fit(log: Any, like: Any = None) -> Any:
        ended = (log.stays.following >= 0) | log.ends[log.stays.stage]
        some = log.take(np.unique(log.stays.customer[ended]))
        ended = (some.stays.following >= 0) | some.ends[some.stays.stage]
        return fit(replace(some, stays=Stays(*(column[ended] for column in some.stays))), like)

    monkeypatch.setattr(validate_fit, "fit", naive_fit)
    wrong = judge(some, replications=COPIES)
    assert not wrong.believed
    off = {item.name for item in wrong.items if item.call == "no"}
    assert off >= {"dwell.consideration", "dwell.retention", "standing.gone", "time_to.gone"}
    (line,) = [line for line in wrong.lines() if line.startswith("Do not believe")]
    assert "simulated" in line
    assert "observed" in line


def test_by_time_the_fit_knows_nothing_later(some: Log) -> None:
    log = some
    later = judge(log, how="time", at=120.0, replications=COPIES)
    assert later.day == 120.0
    assert later.believed
    assert later.fit.log.until.max() == 120.0
    assert later.customers_held_out == int(np.sum(log.start >= 120.0))
    (coming,) = [item for item in later.items if item.name == "newcomers"]
    assert coming.observed.mean == later.customers_held_out
    assert coming.inside


def test_a_conversion_that_rises_is_not_believed_by_time(tmp_path: Path) -> None:
    """Half of the trials of the later half end in a purchase, a fifth of those before: by time this must show, with both."""
    rng = np.random.default_rng(5)
    rows = ["who,when,what\n"]
    for k, came in enumerate(np.sort(rng.uniform(0.0, 200.0, 3_000)).tolist()):
        left = came + float(rng.exponential(5.0))
        rows.append(f"{k},{came!r},trial\n")
        if left < 200.0:
            rows.append(f"{k},{left!r},{'bought' if rng.random() < (0.2 if came < 120.0 else 0.5) else 'gone'}\n")
    (tmp_path / "log.csv").write_text("".join(rows))
    head = 'customer = "who"\ntime = "when"\nevent = "what"\nobserved_until = 200.0\n'
    (tmp_path / "map.toml").write_text(f'{head}[stages]\ntrial = "trial"\n[ends]\nbought = "bought"\ngone = "gone"\n')
    found = judge(logs.read(tmp_path / "log.csv", tmp_path / "map.toml"), how="time", at=120.0, replications=COPIES)
    off = {item.name: item for item in found.items if item.call == "no"}
    assert {"reach.bought", "step.trial.bought", "time_to.bought"} <= set(off)
    step = off["step.trial.bought"]
    assert step.observed.mean == pytest.approx(0.5, abs=0.06)
    assert step.simulated.mean == pytest.approx(0.2, abs=0.06)
    assert "days in trial" not in " ".join(found.lines()[1:2])


ALIKE = '[frailty]\n"waiting -> again" = "none"\n"again -> gone" = "none"\n"again -> waiting" = "none"\n'


def test_a_loop_with_unlike_customers_is_named_as_that(tmp_path: Path) -> None:
    """Buyers whose rates differ, fitted as if alike: coming back is too frequent after the first visit, too rare later."""
    scenario = load(str(ROOT / "docs/examples/silent.toml"))
    planted = plant(scenario, tmp_path, customers=2_000)
    _, skipped = compared(scenario, fit(planted.log))
    assert "waiting -> again: customers differ in it (frailty)." in skipped
    assert any(line.startswith("waiting -> again: customers differ by a gamma draw; planted 0.243") for line in skipped)
    planted.mapping_path.write_text(planted.mapping_path.read_text() + ALIKE)
    found = judge(logs.read(planted.log_path, planted.mapping_path), replications=COPIES)
    off = {item.name for item in found.items if item.call == "no"}
    assert {"return.waiting.first", "return.waiting.later", "reach.again"} <= off
    (line,) = [line for line in found.lines() if line.startswith("Do not believe")]
    assert "a law by count of visits, or differences between customers (frailty), are missing" in line


def test_own_chances_and_the_past_are_laid_beside_what_was_planted(tmp_path: Path) -> None:
    """The log asks for the past that acts in the scenario; what it does is turned round where it was fitted to the other exit."""
    scenario = loads(BOTH)
    found = fit(plant(scenario, tmp_path, customers=600).log)
    assert found.log.history == ("purchases",)
    numbers, told = compared(scenario, found)
    assert all(not one.place.startswith("waiting") for one in numbers)
    assert any(
        line.startswith("waiting -> bought: customers differ by a beta draw; planted 3, fitted") for line in told
    )
    (line,) = [line for line in told if "purchases do 0.15 (log_odds) as planted" in line]
    (effect,) = found.stages["waiting"].differ.effects["browsed"]
    assert f"fitted {-effect.slope:.3g} [" in line
    history = loads(BOTH[: BOTH.index("[frailty]")] + BOTH[BOTH.index("[history]") :])
    assert (
        "waiting -> bought: what customers lived through, or a trait, moves it (history)."
        in compared(history, found)[1]
    )


PLANTED = """\
format = 1
[scenario]
name = "two-ways"
start = "trial"
horizon_days = 180
[arrivals]
rate_per_day = 30
[segments.young]
share = 0.4
[segments.young.override]
"stages.member.race.gone.mean" = 30
[segments.old]
share = 0.6
[stages.trial]
exits.member = { probability = 0.4, dwell = { law = "lognormal", median = 8, sigma = 0.6 } }
exits.gone = { probability = 0.6, dwell = { law = "weibull", median = 15, shape = 1.5 } }
[stages.member]
race.gone = { law = "exponential", mean = 80 }
race.trial = { law = "gamma", mean = 50, shape = 3 }
[stages.gone]
end = true
"""


def test_planted_numbers_come_back(tmp_path: Path) -> None:
    """All numbers within 3.9 standard errors (alarm rate 1e-4 each), nine in ten of them within 1.645 but for four."""
    trip = round_trip(loads(PLANTED), customers=2_500, replications=COPIES, seed=3)
    told = {(one.place, one.what): one for one in trip.numbers}
    assert ("trial -> member", "probability") in told
    # Segments that differ are laid beside their own numbers, whichever law the data preferred.
    assert {place for place, _ in told} >= {"member -> gone (young)", "member -> gone (old)", "member -> trial"}
    assert told["member -> gone (young)", "mean"].truth == 30.0
    assert len(told) >= 8
    assert all(abs(one.z) < 3.9 for one in trip.numbers), trip.numbers
    assert sum(abs(one.z) > 1.645 for one in trip.numbers) <= 4
    assert trip.verdict.coverage[0] >= 10  # of 17
    document = planted_document(trip)
    assert encode(document)
    assert document["sentence"].startswith(
        f"{sum(abs(one.z) <= 1.6449 for one in trip.numbers)} of {len(told)} planted"
    )


def test_a_wrong_number_would_be_seen(tmp_path: Path) -> None:
    """The fit of one scenario beside the numbers of another: far off."""
    planted = plant(loads(PLANTED), tmp_path)
    found = fit(planted.log)
    choice = found.stages["trial"].choice
    assert choice is not None
    assert abs(choice.probabilities["member"] - 0.5) / choice.errors["member"] > 5.0


def test_the_plainest_model_is_frequencies_and_naive_means(planted: Any) -> None:
    log = logs.read(planted.log, planted.mapping)
    scenario = naive_scenario(log, 100, 50.0)
    done = (log.stays.stage == 0) & (log.stays.following >= 0)
    stage = scenario.document()["stages"]["awareness"]
    assert stage["dwell"]["mean"] == pytest.approx(float(log.stays.days[done].mean()))
    assert stage["exits"]["consideration"] == pytest.approx(float(np.mean(log.stays.following[done] == 1)))


def test_work_that_was_stopped_goes_on(some: Log, tmp_path: Path, monkeypatch: Any) -> None:
    """Stopped twice: the copies that were done are not made again, and the verdict is the same to the last bit."""
    log = some.take(np.arange(300, dtype=np.int64))
    whole = encode(verdict_document(judge(log, replications=COPIES, seed=4)))
    made: list[int] = []

    def counted(*arguments: Any) -> Any:
        made.append(arguments[3])
        return copy_of(*arguments)

    monkeypatch.setattr(validate_fit, "copy_of", counted)
    for stop in (4, 11):

        def stopped(done: int, total: int, stop: int = stop) -> None:
            if done == stop:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt), journal(tmp_path / "out", "validate-fit") as kept:
            judge(log, replications=COPIES, seed=4, progress=stopped, kept=kept)
    with journal(tmp_path / "out", "validate-fit") as kept:
        found = judge(log, replications=COPIES, seed=4, kept=kept)
    assert made == list(range(COPIES))
    assert encode(verdict_document(found)) == whole
    assert list(tmp_path.iterdir()) == []


def test_a_table_will_do(planted: Any) -> None:
    lines = [line.split(",") for line in planted.log.read_text().splitlines()[1:1_500]]
    who, when, what = zip(*lines, strict=True)
    table = pa.table({"who": list(who), "when": [float(day) for day in when], "what": list(what)})
    found = validate_fit.validate_fit(table, planted.mapping, replications=COPIES)
    assert found.customers_fitted + found.customers_held_out == len(set(who))


def test_too_few_copies_are_refused(planted: Any) -> None:
    with pytest.raises(Faults, match="18 copies cannot show"):
        judge(logs.read(planted.log, planted.mapping), replications=18)


@pytest.mark.parametrize(
    ("unit", "observed", "simulated", "p", "said"),
    [
        ("share within 9 days", 0.40, (0.41, 0.39, 0.43), (0.40, 0.90), "yes"),
        ("share within 9 days", 0.40, (0.41, 0.405, 0.415), (0.01, 0.01), "slightly off"),
        ("share within 9 days", 0.40, (0.50, 0.49, 0.51), (0.01, 0.01), "no"),
        ("share within 9 days", 0.40, (0.45, 0.41, 0.49), (0.02, 0.30), "in doubt"),
        ("share within 9 days", 0.02, (0.01, 0.00, 0.04), (0.40, 0.90), "yes"),  # a point or two of a small share
        ("share within 9 days", 0.20, (0.20, 0.10, 0.30), (0.40, 0.90), "cannot tell"),
        ("days, of the first 9", 4.0, (4.1, 4.0, 4.2), (0.01, 0.01), "slightly off"),
        ("days, of the first 9", 4.0, (6.0, 5.0, 7.0), (0.01, 0.01), "no"),
        ("days, of the first 9", 4.0, (6.0, 2.0, 9.0), (0.30, 0.90), "cannot tell"),
        ("days, of the first 9", 0.0, (0.0005, 0.0005, 0.0005), (0.01, 0.01), "yes"),  # less than the grain
    ],
)
def test_calls(
    unit: str, observed: float, simulated: tuple[float, float, float], p: tuple[float, float], said: str
) -> None:
    gap = abs(observed - simulated[0])
    assert call("figure", unit, Estimate(observed, None, None), Estimate(*simulated), *p, gap, 0.0009) == said
