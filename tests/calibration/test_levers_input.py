"""Broken experiments: every one ends in Faults that name the place and the remedy, and in nothing else."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.calibration import logs
from sojourn.calibration.armcounts import arm_counts
from sojourn.calibration.calibrate import calibrate
from sojourn.calibration.countfiles import read_counts
from sojourn.calibration.levers import measure_lever
from sojourn.calibration.mapping import read_mapping
from sojourn.levering import document
from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import loads

CSV = "arm,dose,stage,customers\ncontrol,0,seen,100\ncontrol,0,bought,20\nnew,1,seen,100\nnew,1,bought,30\n"
TOML = 'stages = ["seen", "bought"]\n[arms]\ncontrol = [100, 20]\nnew = { dose = 1, customers = [100, 30] }\n'
MAPPING = (
    'customer = "who"\ntime = "when"\nevent = "what"\narm = "group"\nobserved_until = 30\n[stages]\na = "a"\nb = "b"\n'
)
LOG = "who,when,what,group\n1,0,a,control\n1,4,b,control\n2,0,a,new\n2,9,b,new\n3,0,a,\n"

COUNTS = {  # name: suffix, text, what the message must hold
    "empty": ("csv", "", ['line 1: there is no column "arm"', "the columns are arm, stage, customers"]),
    "an event log": ("csv", LOG, ["there is no column", "an event log needs --stages MAP.toml"]),
    "a column too many": (
        "csv",
        CSV.replace("dose", "dosis"),
        ['unknown column "dosis"; use one of: arm, stage, customers, dose'],
    ),
    "no number": ("csv", CSV.replace("30", "3O"), ['line 5: "3O" is no count; give a whole number']),
    "a negative number": ("csv", CSV.replace("30", "-30"), ['line 5: "-30" is no count']),
    "a short line": ("csv", CSV.replace(",30", ""), ["line 5: has 3 cells, the header 4"]),
    "a cell without end": ("csv", CSV + '"' + "x" * 200_000, ["line 6: cannot be read as CSV"]),
    "a row twice": ("csv", CSV + "new,1,bought,30\n", ['line 6: arm "new" has the stage "bought" twice']),
    "a stage missing": ("csv", CSV.replace("new,1,bought,30\n", ""), ['arm "new": has no row for the stage "bought"']),
    "a control with a dose": (
        "csv",
        CSV.replace("control,0", "control,2"),
        ['arm "control": is control and has the dose 2'],
    ),
    "one dose for two": (
        "csv",
        CSV + "newer,1,seen,100\nnewer,1,bought,30\n",
        ['arm "newer": has the dose 1, as "new" has', "put their customers into one arm"],
    ),
    "two doses": ("csv", CSV.replace("new,1,b", "new,2,b"), ['line 5: arm "new" has two doses']),
    "no dose": ("csv", CSV.replace("new,1,b", "new,much,b"), ['line 5: "much" is no dose']),
    "a dose of one arm only": (
        "csv",
        CSV.replace("new,1,", "new,,") + "newer,1,seen,100\nnewer,1,bought,30\n",
        ['arm "new": has no dose', "give every arm a dose, or none"],
    ),
    "one arm": ("csv", CSV[: CSV.index("new")], ["has one arm; give a control and a treated arm"]),
    "no control": (
        "csv",
        CSV.replace("control,0", "old,2"),
        ["no arm is control; say which (--control NAME)", '"old", "new"'],
    ),
    "more bought than seen": (
        "csv",
        CSV.replace("bought,30", "bought,130"),
        ['arm "new": has more customers in bought (130) than in seen (100)', "count customers, not events"],
    ),
    "nobody": (
        "csv",
        CSV.replace("100", "0").replace("20", "0").replace("30", "0"),
        ['arm "control": has no customers'],
    ),
    "a stage with a space": ("csv", CSV.replace("bought", "has bought"), ['"has bought" is no name for a stage']),
    "one stage": ("csv", "arm,stage,customers\ncontrol,a,5\nnew,a,5\n", ["stages: has fewer than two stages"]),
    "no TOML": ("toml", "arms", ["this is not TOML"]),
    "unknown key": ("toml", "stagse = 1\n" + TOML, ['stagse: unknown key; did you mean "stages"?']),
    "no list of stages": ("toml", TOML.replace('["seen", "bought"]', '"seen"'), ["stages: is no list of stages"]),
    "no arms": ("toml", 'stages = ["seen", "bought"]\n', ["arms: is no table of arms"]),
    "an arm that is text": ("toml", TOML.replace("[100, 20]", '"20 %"'), ["arms.control: has no list of counts"]),
    "half a customer": ("toml", TOML.replace("20]", "20.5]"), ['arm "control": has a count that is no whole number']),
    "a count too few": ("toml", TOML.replace("[100, 20]", "[100]"), ['arm "control": has 1 counts for 2 stages']),
    "an unknown key of an arm": (
        "toml",
        TOML.replace("dose", "dosis"),
        ["arms.new.dosis: unknown key; use one of: dose, customers"],
    ),
    "a dose that is true": ("toml", TOML.replace("dose = 1", "dose = true"), ["arms.new.dose: true is no dose"]),
    "a control that is none": ("toml", 'control = "nobody"\n' + TOML, ['no arm named "nobody"']),
    "dates without quotes": ("toml", "dates = 2017-01-01\n" + TOML, ["dates: the date or time 2017-01-01 is no text"]),
}


@pytest.mark.parametrize(("suffix", "text", "parts"), COUNTS.values(), ids=list(COUNTS))
def test_broken_counts_are_told(suffix: str, text: str, parts: list[str], tmp_path: Path) -> None:
    path = tmp_path / f"counts.{suffix}"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Faults) as raised:
        read_counts(path)
    for part in parts:
        assert part in str(raised.value)
    assert all(one.file == str(path) for one in raised.value.faults)


def test_counts_as_csv_and_as_toml_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CSV, encoding="utf-8-sig")
    (tmp_path / "b.csv").write_text(CSV.replace(",", ";"), encoding="utf-8")
    (tmp_path / "c.toml").write_text(
        TOML.replace("control = [100, 20]", "control = { dose = 0, customers = [100, 20] }")
    )
    a, b, c = (read_counts(tmp_path / name) for name in ("a.csv", "b.csv", "c.toml"))
    for other in (b, c):
        assert other.customers.tolist() == a.customers.tolist() == [[100, 20], [100, 30]]
        assert (other.arms, other.doses, other.stages) == (a.arms, a.doses, a.stages)
    assert a.doses == (0.0, 1.0)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200) | st.lists(st.sampled_from([*CSV, ",", "\n", "1", '"'])).map("".join))
def test_no_text_does_worse_than_faults(tmp_path_factory: Any, text: str) -> None:
    for suffix, whole in (("csv", "arm,stage,customers\n" + text), ("toml", text)):
        path = tmp_path_factory.mktemp("counts") / f"counts.{suffix}"
        path.write_text(whole, encoding="utf-8", errors="replace")
        with suppress(Faults):
            read_counts(path)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.integers(0, 40), min_size=3, max_size=3).map(lambda row: sorted(row, reverse=True)),
        min_size=2,
        max_size=4,
    ),
    st.booleans(),
)
def test_no_counts_do_worse_than_faults(rows: list[list[int]], dosed: bool) -> None:
    arms = ["control", *(f"arm {k}" for k in range(1, len(rows)))]
    doses = {arm: float(k) for k, arm in enumerate(arms)} if dosed else None
    with suppress(Faults):
        found = measure_lever(arm_counts(dict(zip(arms, rows, strict=True)), ["a", "b", "c"], doses=doses), "x")
        assert "[[levers." in found.text
        assert "nan" not in found.text
        assert "inf" not in found.text
        json.dumps(document(found), allow_nan=False)


# --- logs ---------------------------------------------------------------------------------------------------


def written(tmp_path: Path, log: str = LOG, mapping: str = MAPPING) -> tuple[Path, Path]:
    paths = tmp_path / "log.csv", tmp_path / "map.toml"
    for path, text in zip(paths, (log, mapping), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def test_arms_are_read_with_the_log(tmp_path: Path) -> None:
    log = logs.read(*written(tmp_path, mapping=MAPPING + "[doses]\ncontrol = 0\nnew = 2.5\n"))
    assert log.arms == ("control", "new")
    assert log.arm.tolist() == [0, 1, -1]
    assert log.doses == {"control": 0.0, "new": 2.5}
    assert log.take(log.first[:2]).arm.tolist() == [0, -1]  # customers 0 and 2


def test_a_customer_in_two_arms_is_told_with_the_rows(tmp_path: Path) -> None:
    with pytest.raises(Faults) as raised:
        logs.read(*written(tmp_path, LOG.replace("2,9,b,new", "2,9,b,control").replace("1,4,b,control", "1,4,b,new")))
    told = str(raised.value)
    assert "column group: 2 customers are in two arms" in told
    assert '"1" in "control" (data row 1) and "new" (data row 2)' in told
    assert '"2" in "control" (data row 4) and "new" (data row 3)' in told
    assert "give a customer the arm to which they were assigned" in told


def test_an_arm_may_stand_in_one_row_of_its_customer(tmp_path: Path) -> None:
    log = logs.read(*written(tmp_path, LOG.replace("1,4,b,control", "1,4,b,").replace("2,0,a,new", "2,0,a, ")))
    assert log.arm.tolist() == [0, 1, -1]


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        (
            MAPPING.replace('arm = "group"\n', "") + "[doses]\nnew = 1\n",
            "doses: are doses of no arms; name the column of the arms",
        ),
        (MAPPING.replace('"group"', "3"), "arm: 3 does not fit; give the name of a column"),
        (MAPPING + "[doses]\nnew = -1\n", "doses.new: -1 is no dose; give a number from 0 on"),
        (MAPPING + 'doses = "x"\n', "stages.doses"),
    ],
)
def test_broken_mappings_of_arms_are_told(mapping: str, said: str) -> None:
    if "stages.doses" in said:  # behind [stages] a key is a stage
        assert "doses" in read_mapping(mapping).names
        return
    with pytest.raises(Faults, match=said.replace("[", r"\[")):
        read_mapping(mapping)


def test_a_column_of_arms_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Faults, match=r'arm: .*has no column "groop"'):
        logs.read(*written(tmp_path, mapping=MAPPING.replace('"group"', '"groop"')))


def test_a_log_without_arms_is_told(tmp_path: Path) -> None:
    log, mapping = written(tmp_path, mapping=MAPPING.replace('arm = "group"\n', ""))
    with pytest.raises(Faults, match="has no arms, as far as the mapping says; name its column in the mapping"):
        measure_lever(log, "x", mapping=mapping)


def chained(tmp_path: Path) -> tuple[Path, Path]:
    """Sixty customers begin in a, forty go on to b, twenty of these to c; ten more begin in b; nobody goes back to a."""
    rows = ["who,when,what,group"]
    for k in range(70):
        arm = ("control", "new")[k % 2]
        stages = "b" if k >= 60 else ("abc", "ab", "a")[k % 3]
        rows += [f"{k},{day},{stage},{arm}" for day, stage in enumerate(stages)]
    return written(tmp_path, "\n".join(rows) + "\n", MAPPING + 'c = "c"\n')


@pytest.mark.parametrize(
    ("journey", "customers"),
    [
        (("a", "b", "c"), [[30, 20, 10], [30, 20, 10]]),
        (("b", "c"), [[25, 10], [25, 10]]),
        (("a", "c"), [[30, 10], [30, 10]]),
        (("b", "a"), [[25, 0], [25, 0]]),
        (("c", "b"), [[10, 0], [10, 0]]),
    ],
)
def test_a_journey_counts_who_entered_a_stage_after_all_before_it(
    journey: tuple[str, ...], customers: list[list[int]], tmp_path: Path
) -> None:
    log, mapping = chained(tmp_path)
    found = measure_lever(log, "x", mapping=mapping, journey=journey)
    assert found.counts.customers.tolist() == customers
    assert found.counts.sizes.tolist() == [35, 35]
    assert not any("not of equal size" in told for told in found.warnings)
    assert "n = 35 + 35" in found.text
    entered = sum(row[0] for row in customers)
    assert any(
        f"of the {entered} customers who entered {journey[0]}, of 70 with an arm" in note for note in found.notes
    )


def test_calibrate_says_that_arms_are_fitted_together(tmp_path: Path) -> None:
    found = calibrate(*written(tmp_path), holdout=0.0)
    assert any("The log has arms (control, new)" in note for note in found.notes)


# --- names and scenarios --------------------------------------------------------------------------------------

SCENARIO = """\
format = 1
[scenario]
name = "small"
start = "seen"
horizon_days = 30
[arrivals]
rate_per_day = 10
[stages.seen]
dwell = { law = "exponential", mean = 1 }
exits = { bought = 0.2, gone = 0.8 }
[stages.bought]
end = true
[stages.gone]
end = true
"""
ROWS = {"control": [100, 20], "new": [100, 30]}


def small(**settings: Any) -> Any:
    return measure_lever(arm_counts(ROWS, ["seen", "bought"]), **{"name": "offer", **settings})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"name": "an offer"}, "--name: .* is no name for a lever; use letters, digits, _ and -"),
        ({"control": "contrl"}, 'no arm named "contrl"; did you mean "control"'),
        ({"exits": ["seen -> bough"]}, '--exit: no exit "seen -> bough"; did you mean "seen -> bought"'),
        ({"split": {"control": 1.0}}, "--split: does not name every arm once; write control=1,new=1"),
        ({"split": {"control": 1.0, "new": 0.0}}, "--split: has a share that is not above 0"),
        (
            {"scenario": loads(SCENARIO.replace("seen", "saw"))},
            "no effect can be measured: The scenario has no stage seen: seen -> bought left out",
        ),
    ],
)
def test_wrong_names_are_told(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(Faults, match=said):
        small(**settings)


def test_a_lever_that_is_there_already_is_told() -> None:
    found = small()
    grown = found.into(SCENARIO)
    with pytest.raises(Faults, match=r'levers\.offer: the scenario has a lever "offer"; give another --name'):
        found.into(grown)


def test_levers_written_in_one_line_are_told() -> None:
    other = 'levers = { other = { effects = [{ exit = "seen -> bought", log_odds = 0.1 }] } }\n'
    with pytest.raises(
        Faults, match="levers: no lever can be added behind what stands there; write its levers as tables"
    ):
        small().into(other + SCENARIO)


def test_a_scenario_that_was_not_sound_is_not_the_levers_fault() -> None:
    with pytest.raises(Faults, match="horizon_days"):
        small().into(SCENARIO.replace("horizon_days = 30", "horizon_days = -30"), "small.toml")
