"""Reading scenario files: what loads, what is refused, and how."""

import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sojourn.scenarios.checks import warnings
from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import LARGEST, inspect, library, load, loads, overlay, parse
from sojourn.scenarios.model import Plan, Scenario, Step

Edit = Callable[[str, str], str]


def test_first_loads_from_a_path_and_from_its_text(first: str, tmp_path: Path) -> None:
    path = tmp_path / "journey.toml"
    path.write_text(first, encoding="utf-8")
    assert load(path) == load(str(path)) == loads(first)
    assert load(path).digest == loads(first).digest


def test_what_the_file_says_is_what_comes_out(first: str) -> None:
    scenario = loads(first)
    assert scenario.starts == {"awareness": 1.0}
    assert scenario.stages["consideration"].kind == "choice"
    choices = scenario.stages["consideration"].choices
    assert choices["purchase"].probability == 0.25
    assert choices["purchase"].dwell is not None
    assert choices["purchase"].dwell.law == "gamma"
    assert choices["lapsed"].dwell == scenario.stages["consideration"].dwell
    assert scenario.stages["loyalty"].kind == "race"
    assert scenario.stages["lapsed"].kind == "end"
    assert scenario.levers["loyalty_perks"].effects[0].target == ("exit", "loyalty -> churned")
    assert scenario.levers["loyalty_perks"].effects[0].scale == "hazard_ratio"
    assert scenario.levers["loyalty_perks"].effects[0].range.high == 1.0
    assert scenario.levers["service_quality"].effects[1].range.low == 2.0
    assert scenario.levers["awareness_spend"].effects[0].target == ("arrivals", "")
    assert scenario.strategies["service_first"]["service_quality"].steps[1] == Step(day=60.0, level=0.9, ramp_days=30.0)
    perks = scenario.strategies["perks_for_premium"]["loyalty_perks"]
    assert perks == Plan((Step(day=0.0, level=0.8),), "segment == premium and purchases >= 2")
    assert scenario.arrivals.expected(scenario.about.horizon_days) == 40 * 365
    assert warnings(scenario) == ()


def test_round_trips(first: str) -> None:
    scenario = loads(first)
    again = Scenario.model_validate(scenario.document())
    assert again == scenario
    assert again.digest == scenario.digest
    assert pickle.loads(pickle.dumps(scenario)) == scenario
    assert json.loads(json.dumps(scenario.document()))["format"] == 1


def test_the_digest_is_of_the_content_and_not_of_the_text(edited: Edit, first: str) -> None:
    digest = loads(first).digest
    assert loads("# a remark\n" + first).digest == digest
    assert loads(edited("horizon_days = 365", "horizon_days = 365.0")).digest == digest
    assert loads(edited("share = 0.8", "share = 0.8\nspend_ratio = 1.0")).digest == digest
    assert loads(edited("cost = 45.0", "cost = 45.5")).digest != digest


def test_what_may_be_left_out() -> None:
    scenario = loads("""
format = 1
scenario = { name = "least", start = "a", horizon_days = 10 }
arrivals = { cohort = 5 }
[stages.a]
dwell = { law = "exponential", mean = 3 }
exits = { b = 1 }
[stages.b]
end = true
""")
    assert list(scenario.segments) == ["all"]
    assert scenario.segments["all"].share == 1
    assert scenario.strategies == {"baseline": {}}
    assert scenario.levers == {}
    assert scenario.arrivals.expected(10) == 5


@pytest.mark.parametrize(
    ("arrivals", "expected"),
    [
        ("rate_per_day = 2", 20.0),
        ("rate_per_day = 2\nuntil_day = 4", 8.0),
        ("daily = [1, 2, 3]", 3 * 6 + 1),
        ("daily = [1, 2, 3]\nuntil_day = 2.5", 1 + 2 + 1.5),
        ("impressions_per_day = 100\nclick_through = 0.02", 20.0),
        ("cohort = 7", 7.0),
    ],
)
def test_expected_arrivals(edited: Edit, arrivals: str, expected: float) -> None:
    text = edited("until_day = 365", "").replace("rate_per_day = 40 ", f"{arrivals}\n#", 1)
    assert loads(text).arrivals.expected(10.0) == pytest.approx(expected)


def test_starts_as_shares_and_all_the_rest_of_the_format(first: str) -> None:
    text = first.replace('start = "awareness"', "start = { awareness = 0.9, consideration = 0.1 }")
    text = text.replace(
        "cost_per_contact = 6.0",
        """cost_per_contact = 6.0
priority = ["segment == premium", "failures > 0 or satisfaction < 50"]
revenue_per_contact = 4.0
cost_per_agent_day = 180""",
    )
    text = text.replace(
        "[strategies.today]",
        """[levers.rest]
cost = { per_customer = 1 }
effects = [
  { desk = "support", handle_ratio = 0.9 },
  { dwell = "consideration -> purchase", time_ratio = 0.8 },
  { dwell = "awareness", time_ratio = { central = 0.8, low = 0.7, high = 1.0 } },
  { spend = "purchase", rate_ratio = 1.04 },
  { demand = "post_purchase", log_odds = 0.5 },
  { exit = "loyalty -> churned", hazard_ratio = 0.55, since = "purchase", days = [0, 7] },
]
[strategies.rest]
rest = { steps = [{ day = 1, level = 1 }], when = 'not (source == "referral") and spend > 10' }
[[sources]]
paths = ["stages.*.exits", "levers.rest.effects"]
evidence = "assumed"
[strategies.today]""",
    )
    text = text.replace('{ law = "lognormal", median = 3.0, sigma = 0.8 }',
        '{ law = "deadline", day = 30, share = 0.2, otherwise = '
        '{ law = "empirical", share = [0, 0.5, 0.9], days = [0, 4, 30], never = 0.1 } }')  # fmt: skip
    text = text.replace("cost = 45.0", "cost = 45.0\nacquisition_cost = 5.0")
    scenario = loads(text)
    assert warnings(scenario) == ()
    assert scenario.starts == pytest.approx({"awareness": 0.9, "consideration": 0.1})
    assert scenario.levers["rest"].effects[-1].days == (0.0, 7.0)
    assert scenario.desks["support"].priority[0] == "segment == premium"
    assert loads(text).digest == Scenario.model_validate(scenario.document()).digest


def test_the_library_loads_and_warns_of_nothing() -> None:
    shipped = library()
    assert "point-of-no-return" in shipped
    for name in shipped:
        found = inspect(name)
        assert found.faults == ()
        assert found.warnings == ()
        assert found.scenario is not None
        assert found.scenario.about.name == name


def test_every_effect_and_source_of_the_library_is_graded() -> None:
    for name in library():
        scenario = load(name)
        for lever in scenario.levers.values():
            assert all(effect.evidence and effect.source for effect in lever.effects)
        assert all(source.source for source in scenario.sources)


def test_names_are_looked_up_among_shipped_ones_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("../library/point-of-no-return", "point-of-no-return.toml", "/point-of-no-return", "", "..", "a\0b"):
        with pytest.raises(Faults):
            load(name)


def test_a_file_hides_a_shipped_scenario_and_a_folder_does_not(
    first: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "point-of-no-return").mkdir()
    assert load("point-of-no-return").about.name == "point-of-no-return"
    (tmp_path / "point-of-no-return").rmdir()
    (tmp_path / "point-of-no-return").write_text(first)
    assert load("point-of-no-return").about.name == "first"


def test_a_misspelt_name_gives_the_nearest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Faults, match='did you mean "point-of-no-return"'):
        load("point-of-no-retrun")
    (tmp_path / "journey.toml").write_text("format = 1")
    with pytest.raises(Faults, match=r'did you mean "journey\.toml"'):
        load("jurney.toml")
    with pytest.raises(Faults, match="no such file"):
        load(tmp_path / "folder" / "journey.toml")


@pytest.mark.parametrize(
    ("data", "message", "remedy"),
    [
        (b"", "is empty", "[scenario]"),
        (b"# only a remark\n", "is empty", "[stages]"),
        (b"\xff\xfe\x00", "not UTF-8", "save it as UTF-8"),
        (b"format = 1\nname = '\xe9'", "not UTF-8 text (line 2)", "UTF-8"),
        (b"x = '" + b"y" * 10_000_000 + b"'", "10,000,006 bytes", "data file"),
        (b"x = '" + b"y" * 1_000_000 + b"'", "line 1 has 1,000,006 characters", "break the line"),
        (b"x = " + b"[" * 5_000 + b"]" * 5_000, "nested", "levels deep"),
        (b"x = " + b"{a=" * 5_000 + b"1" + b"}" * 5_000, "nested", "levels deep"),
        (b".".join([b"a"] * 50_000) + b" = 1", "more than 100 dots", "shorten"),
        (b"[" + b".".join([b"a"] * 50_000) + b"]", "more than 100 dots", "shorten"),
        (b"x = " + b"[" * 100 + b"]" * 100, "nested", "30 levels"),
        (b"x = " + b"9" * 5_000, "thousands of digits", "shorten"),
        (b"\x00\x01\x02", "not TOML", "remark"),
        (b"format = = 1", "Invalid value", "quotes"),
        (b"format 1", "Expected '='", "write key = value"),
        (b"format = 1\nformat = 1", "Cannot overwrite a value, first in line 1", "twice"),
        (b"[a]\n[a]", "Cannot declare a twice, first in line 1", "twice"),
        (b"name = 'a\nb'", "haracter", "close"),
        (b"name = [1, 2", "Unclosed", "close"),
        (b"name = 2026-13-45", "not TOML", "begin a new line"),
        (b"x = 4,0  # each", "Expected newline", "decimals have a point: 4.0"),
        (b"x = { a = 0,30, b = 0,70 }", "Expected '='", "decimals have a point: 0.30"),
        (b"x = { a = 1,5 }", "Expected '='", "decimals have a point: 1.5"),
        (b"x = 0,125", "Expected newline", "decimals have a point: 0.125"),
        (b"x = 1,200", "Expected newline", "no separators in thousands: 1200"),
        (b"x = -1,200,300.5", "Expected newline", "no separators in thousands: -1200300.5"),
        (b"x = 1.200,50", "Expected newline", "thousands no separators: 1200.50"),
        (b"x = { a = 30%, b = 70% }", "Unclosed", "write 30 % as 0.3"),
        (b"x = 2,5 %", "Expected newline", "write 2.5 % as 0.025"),
        (b"x = 1 y = 2,5", "newline", "begin a new line"),  # the comma is not what is wrong first
        (b"[s.a]\nx = 1\n[t]\n[s.a]", "Cannot declare s.a twice, first in line 1,", "together"),
        (b"[s]\na.b = 1\n\n[t]\n[s.a]", "s.a twice, first in line 2,", "together"),
        (b"[[s]]\nx = 1\ny = 1\nx = 2", "overwrite a value, first in line 2,", "take one out"),
        (b"x = 1\n[t]\nx = 2\nx = 3", "overwrite a value, first in line 3,", "take one out"),
        (
            b'customer = "a"\ntime = "b"\nevent = "c"\n[stages]\na = ["a"]',
            "is a mapping of an event log",
            "calibrate LOG",
        ),
        (b"name = True", "Invalid value", "lower case"),
        (b"format = 1 scenario = 2", "newline", "new line"),
        (b"\xef\xbb\xbfformat = 1\n", "is missing", "add"),
    ],
)
def test_files_that_are_no_scenario(tmp_path: Path, data: bytes, message: str, remedy: str) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(data)
    with pytest.raises(Faults) as raised:
        load(path)
    fault = raised.value.faults[0]
    assert message in fault.message
    assert remedy in fault.remedy
    assert str(fault).startswith(str(path))
    assert all(len(line) < 1000 for line in str(raised.value).splitlines())


def test_syntax_errors_name_line_and_column() -> None:
    with pytest.raises(Faults) as raised:
        parse("format = 1\n[scenario\n", "x.toml")
    assert str(raised.value).startswith("x.toml: line 2, column 10: this is not TOML")


def test_folders_and_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(Faults, match="is a folder"):
        load(tmp_path)
    with pytest.raises(Faults, match=r"no file can be called|no such file"):
        load("x" * 5000)
    with pytest.raises(Faults, match="at most"):
        loads("#" * (LARGEST + 1))


def test_control_characters_do_not_reach_the_terminal(first: str) -> None:
    for text in (first + '\n"\\u001b[31m" = 1\n', first.replace('"awareness"', '"\\u001b[31mred"', 1)):
        with pytest.raises(Faults) as raised:
            loads(text)
        assert "\x1b" not in str(raised.value)


def test_nested_laws_end(edited: Edit) -> None:
    def nested(levels: int) -> str:
        law = '{ law = "exponential", mean = 3 }'
        for _ in range(levels):
            law = f'{{ law = "deadline", day = 3, share = 0.1, otherwise = {law} }}'
        return edited('{ law = "lognormal", median = 3.0, sigma = 0.8 }', law)

    assert loads(nested(1))
    with pytest.raises(Faults, match="a deadline within a deadline"):
        loads(nested(3))
    with pytest.raises(Faults, match=r"nested too deeply|a deadline within a deadline") as raised:
        loads(nested(200))
    assert len(str(raised.value)) < 500


def test_overlay_replaces_by_path(first: str) -> None:
    document = parse(first)
    scenario = overlay(document, {"stages.purchase.cost": 50, "levers.personalization.effects[0].log_odds": 0.1})
    assert scenario.stages["purchase"].cost == 50
    assert scenario.levers["personalization"].effects[0].range.central == 0.1
    assert loads(first) == overlay(document, {})
    with pytest.raises(Faults, match='stages has no "purchse"'):
        overlay(document, {"stages.purchse.cost": 50})


@pytest.mark.parametrize("heavy", ["numba", "scipy.stats", "matplotlib", "pandas", "pyarrow", "duckdb", "simpy"])
def test_reading_scenarios_is_light(heavy: str) -> None:
    code = f"import sys, sojourn.scenarios.files; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
