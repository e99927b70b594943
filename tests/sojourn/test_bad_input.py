"""What people get wrong: exit code 2, a line that names place and remedy, nothing on stdout, no traceback."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from sojourn.scenarios.faults import Faults

from .conftest import COFFEE, Cli, Told

LINE = "rate_per_day = 8\n"
LONG = "x" * 10_000_000


def refused(told: Told, *words: str) -> None:
    assert told.code == 2, told
    assert told.out == ""
    assert "Traceback" not in told.err
    for word in words:
        assert word in told.err, told.err[:2000]
    assert len(told.err) < 20_000


# name -> (what stands in the sound scenario, what to put there, what the message must say)
SCENARIOS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "empty file": ("ALL", "", ("is empty", "format")),
    "no TOML": ("ALL", "hello", ("TOML", "key = value")),
    "unclosed text": ('name = "coffee"', 'name = "coffee', ("TOML", "line")),
    "a key twice": ('name = "coffee"', 'name = "a"\nname = "b"', ("TOML", "line")),
    "10 MB on one line": ("ALL", f'format = 1\nnote = "{LONG}"', ("bytes",)),
    "deep nesting": ("ALL", "a = " + "[" * 5000, ("nested",)),
    "future format": ("format = 1", "format = 2", ("format", "1")),
    "format as text": ("format = 1", 'format = "1"', ("format",)),
    "unknown table": ("[arrivals]", "[marketing]\nx = 1\n[arrivals]", ("marketing",)),
    "misspelt key": ("rate_per_day = 8", "rate_per_dya = 8", ("arrivals.rate_per_dya", 'did you mean "rate_per_day"?')),
    "no stages": (
        "ALL",
        'format=1\n[scenario]\nname="a"\nstart="b"\nhorizon_days=9\n[arrivals]\ncohort=5',
        ("stages",),
    ),
    "text for a number": (LINE, 'rate_per_day = "8"\n', ("arrivals.rate_per_day",)),
    "true for a number": (LINE, "rate_per_day = true\n", ("arrivals.rate_per_day",)),
    "a date for a number": (LINE, "rate_per_day = 2020-01-01\n", ("arrivals.rate_per_day",)),
    "a list for a number": (LINE, "rate_per_day = [8]\n", ("arrivals.rate_per_day",)),
    "NaN": (LINE, "rate_per_day = nan\n", ("arrivals.rate_per_day", "nan")),
    "infinity": ("horizon_days = 365", "horizon_days = inf", ("scenario.horizon_days", "inf")),
    "negative horizon": ("horizon_days = 365", "horizon_days = -1", ("scenario.horizon_days", "-1")),
    "an enormous number": (LINE, f"rate_per_day = {'9' * 5000}\n", ("digits", "shorten")),
    "two kinds of arrivals": (LINE, "rate_per_day = 8\ncohort = 10\n", ("arrivals", "cohort")),
    "nobody comes": (LINE, "rate_per_day = 0\n", ("arrivals.rate_per_day",)),
    "misspelt start": ('start = "trial"', 'start = "trail"', ("scenario.start", 'did you mean "trial"?')),
    "misspelt exit": ("subscribed = 0.30", "subscribde = 0.30", ("stages.trial.exits", 'did you mean "subscribed"?')),
    "shares over 1": ("lapsed = 0.70", "lapsed = 0.80", ("stages.trial.exits", "1.1")),
    "a share below 0": ("subscribed = 0.30, lapsed = 0.70", "subscribed = -0.3, lapsed = 1.3", ("stages.trial.exits",)),
    "unknown law": ('law = "lognormal"', 'law = "log-normal"', ("stages.trial.dwell", "lognormal")),
    "law without its shape": (", sigma = 0.7", "", ("stages.trial.dwell", "sigma")),
    "law with two centres": ("median = 10, sigma", "median = 10, mean = 12, sigma", ("stages.trial.dwell", "median")),
    "negative mean": ("mean = 240", "mean = -240", ("stages.subscribed.race.churned",)),
    "no way out": ("[stages.lapsed]\nend = true", "[stages.lapsed]", ("stages.lapsed", "end = true")),
    "an end with an exit": (
        "[stages.lapsed]\nend = true",
        "[stages.lapsed]\nend = true\nexits = { trial = 1.0 }",
        ("stages.lapsed",),
    ),
    "unreachable stage": ("[satisfaction]", "[stages.island]\nend = true\n[satisfaction]", ("stages.island",)),
    "unknown role": ('role = "lost"', 'role = "gone"', ("role", "lost")),
    "wrong scale": ("hazard_ratio = 0.7", "log_odds = -0.3", ("levers.loyalty_price.effects", "hazard_ratio")),
    "effect on nothing": ('spend = "renewed", ', "", ("levers.loyalty_price.effects",)),
    "a ratio of 0": ("hazard_ratio = 0.7", "hazard_ratio = 0", ("levers.loyalty_price.effects",)),
    "interval without its centre": ("low = 0.1, high", "low = 0.4, high", ("levers.welcome_call", "low")),
    "unknown evidence": ('evidence = "measured"', 'evidence = "known"', ("evidence", "measured")),
    "misspelt lever": ("welcome_call = 1.0", "welcome_cal = 1.0", ("strategies", 'did you mean "welcome_call"?')),
    "level over 1": ("welcome_call = 1.0", "welcome_call = 1.5", ("strategies.call_everybody.welcome_call",)),
    "unsorted schedule": (
        "[{ day = 90, level = 1.0, ramp_days = 30 }]",
        "[{ day = 90, level = 1.0 }, { day = 30, level = 0.5 }]",
        ("strategies.cheaper_renewals.loyalty_price", "sort"),
    ),
    "negative day": ("day = 90", "day = -90", ("strategies.cheaper_renewals.loyalty_price",)),
    "condition with code": (
        "welcome_call = 1.0",
        "welcome_call = { level = 1.0, when = \"__import__('os')\" }",
        ("strategies.call_everybody.welcome_call.when",),
    ),
    "condition on an unknown name": (
        "welcome_call = 1.0",
        'welcome_call = { level = 1.0, when = "purchase >= 2" }',
        ("when", 'did you mean "purchases"?'),
    ),
    "segments that do not add up": (
        "[stages.trial] ",
        "[segments.a]\nshare = 0.5\n[stages.trial] ",
        ("segments", "0.5"),
    ),
    "override of nothing": (
        "[stages.trial] ",
        '[segments.a]\nshare = 1.0\noverride = { "stages.trail.cost" = 1 }\n[stages.trial] ',
        ("segments.a.override", "trial"),
    ),
    "word of mouth out of hand": ("rate_per_day = 0.001", "rate_per_day = 9.0", ("market.invitee_cap", "R = ")),
    "empty history of quantiles": (
        'law = "exponential", mean = 240',
        'law = "empirical", share = [], days = []',
        ("stages.subscribed.race.churned",),
    ),
    "quantiles that fall": (
        'law = "exponential", mean = 240',
        'law = "empirical", share = [0, 0.6, 0.5, 1], days = [0, 1, 2, 3]',
        ("stages.subscribed.race.churned",),
    ),
}


@pytest.mark.parametrize("kind", SCENARIOS)
def test_broken_scenarios(kind: str, cli: Cli, coffee: str, tmp_path: Path) -> None:
    old, new, words = SCENARIOS[kind]
    assert old == "ALL" or old in coffee
    file = tmp_path / "broken.toml"
    file.write_text(new if old == "ALL" else coffee.replace(old, new, 1), encoding="utf-8")
    refused(cli("validate", str(file)), "broken.toml", *words)
    refused(cli("run", str(file), "--replications", "1", "--customers", "5"), "broken.toml", *words)


def test_all_faults_come_at_once(cli: Cli, coffee: str, tmp_path: Path) -> None:
    file = tmp_path / "broken.toml"
    broken = coffee.replace("lapsed = 0.70", "lapsed = 0.80").replace("mean = 240", "mean = -240")
    file.write_text(broken.replace('start = "trial"', 'start = "trail"'), encoding="utf-8")
    told = cli("validate", str(file))
    refused(told, "scenario.start", "stages.subscribed.race.churned", "stages.trial.exits")
    assert len(told.err.splitlines()) == 3


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"\xff\xfe\x00", "UTF-8"), (b"format = 1\x00", "TOML"), (b"\xef\xbb\xbfformat = \xff", "UTF-8")],
)
def test_bytes_that_are_no_text(content: bytes, word: str, cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "bytes.toml"
    file.write_bytes(content)
    refused(cli("validate", str(file)), "bytes.toml", word)


def test_files_that_cannot_be_read(cli: Cli, tmp_path: Path) -> None:
    refused(cli("validate", str(tmp_path)), str(tmp_path))
    refused(cli("validate", str(tmp_path / "none.toml")), "none.toml")
    refused(cli("validate", "point-of-no-retrun"), 'did you mean "point-of-no-return"?')
    refused(cli("run", "zzz"), "point-of-no-return")
    refused(cli("run", ""))
    refused(cli("run", "a\udcffb.toml"), "udcff")


OPTIONS: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "no replications": (["--replications", "0"], ("--replications", "20")),
    "replications below 0": (["--replications", "-3"], ("--replications", "-3")),
    "replications in words": (["--replications", "many"], ("--replications", "many")),
    "far too many replications": (["--replications", "99999999999"], ("--replications",)),
    "no customers": (["--customers", "0"], ("--customers",)),
    "customers below 0": (["--customers", "-1"], ("--customers",)),
    "half a customer": (["--customers", "1.5"], ("--customers", "1.5")),
    "far too many customers": (["--customers", "9" * 30], ("--customers",)),
    "seed below 0": (["--seed", "-1"], ("--seed", "4294967295")),
    "seed too large": (["--seed", "4294967296"], ("--seed", "4294967295")),
    "unknown engine": (["--engine", "warp"], ("--engine", "simpy")),
    "unknown option": (["--replication", "3"], ("--replications",)),
    "unknown variant": (["--variant", "busy"], ("busy", "variant")),
    "out is a file": (["--out", str(COFFEE)], ("--out", "is a file")),
    "out below a file": (["--out", str(COFFEE / "deeper")], ("--out",)),
    "out is nothing": (["--out", ""], ("--out",)),
}


@pytest.mark.parametrize("kind", OPTIONS)
@pytest.mark.parametrize("command", ["run", "compare"])
def test_wrong_options(kind: str, command: str, cli: Cli) -> None:
    extra, words = OPTIONS[kind]
    refused(cli(command, str(COFFEE), *extra), *words)


def test_several_wrong_options_come_at_once(cli: Cli) -> None:
    told = cli("run", str(COFFEE), "--replications", "0", "--customers", "0", "--seed", "-1")
    refused(told, "--replications", "--customers", "--seed")


STRATEGIES: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "misspelt": (["run", str(COFFEE), "--strategy", "todya"], ('did you mean "today"?', "cheaper_renewals")),
    "unknown": (["run", str(COFFEE), "--strategy", "zzz"], ("today", "call_everybody", "cheaper_renewals")),
    "one alone": (["compare", str(COFFEE), "--strategies", "today"], ("call_everybody",)),
    "twice": (["compare", str(COFFEE), "--strategies", "today,today"], ("twice",)),
    "a gap": (["compare", str(COFFEE), "--strategies", "today,,"], ("--strategies", "A,B")),
    "misspelt in a list": (["compare", str(COFFEE), "--strategies", "today,cal_everybody"], ("call_everybody",)),
    "unknown measure": (["compare", str(COFFEE), "--measure", "proft"], ('did you mean "profit"?',)),
}


@pytest.mark.parametrize("kind", STRATEGIES)
def test_wrong_strategies(kind: str, cli: Cli) -> None:
    arguments, words = STRATEGIES[kind]
    refused(cli(*arguments), *words)


def test_a_folder_without_permission(cli: Cli, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    refused(cli("run", str(COFFEE), "--out", str(tmp_path / "results")), "--out", "permission denied")


MAPPING = """
customer = "who"
time = "when"
event = "what"
observed_until = 2020-12-31
[stages]
trial = ["trial"]
buyer = ["bought"]
[ends]
gone = ["left"]
"""
LOG = "who,when,what\n" + "".join(
    f"{k},2020-0{1 + k % 6}-01,trial\n{k},2020-0{2 + k % 6}-0{1 + k % 9},{'bought' if k % 3 else 'left'}\n"
    for k in range(60)
)
MAPPINGS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "no TOML": ("ALL", "customer = ", ("TOML",)),
    "empty": ("ALL", "", ("customer", "missing")),
    "unknown key": ("[stages]", "segmnt = 'x'\n[stages]", ("segmnt", "segment")),
    "no such column": ('"who"', '"whom"', ("whom", "who")),
    "column as a number": ('"who"', "7", ("customer",)),
    "unknown repeats": ("[stages]", 'repeats = "sometimes"\n[stages]', ("repeats", "new stay")),
    "unmapped event": ('gone = ["left"]', "", ("left", "20")),
    "event in two stages": ('trial = ["trial"]', 'trial = ["trial", "bought"]', ("bought",)),
    "after nothing": ('trial = ["trial"]', 'trial = { event = "trial", after = "trail" }', ("trail",)),
    "observed until before": ("2020-12-31", "2019-12-31", ("observed_until",)),
    "observed until no date": ("2020-12-31", '"soon"', ("soon",)),
}
LOGS: dict[str, tuple[str, tuple[str, ...]]] = {
    "empty": ("", ("log.csv",)),
    "header alone": ("who,when,what\n", ("log.csv",)),
    "no date": (LOG + "61,yesterday,trial\n", ("when", "yesterday")),
    "no customer": (LOG + ",2020-03-01,trial\n", ("who",)),
    "no event": (LOG + "61,2020-03-01,\n", ("what",)),
    "an event that nobody named": (LOG + "61,2020-03-01,danced\n", ("danced", "1")),
    "a binary file": ("\x00\x01\x02" * 50, ("log.csv",)),
    "a line of 10 MB": (LONG, ("log.csv",)),
}


def calibrated(cli: Cli, folder: Path, log: str, mapping: str) -> Told:
    (folder / "log.csv").write_text(log, encoding="utf-8")
    (folder / "map.toml").write_text(mapping, encoding="utf-8")
    out = folder / "fitted.toml"
    told = cli("calibrate", str(folder / "log.csv"), "--stages", str(folder / "map.toml"), "--out", str(out))
    assert not out.exists() or told.code == 0
    return told


@pytest.mark.parametrize("kind", MAPPINGS)
def test_broken_mappings(kind: str, cli: Cli, tmp_path: Path) -> None:
    old, new, words = MAPPINGS[kind]
    assert old == "ALL" or old in MAPPING
    refused(calibrated(cli, tmp_path, LOG, new if old == "ALL" else MAPPING.replace(old, new, 1)), *words)


@pytest.mark.parametrize("kind", LOGS)
def test_broken_logs(kind: str, cli: Cli, tmp_path: Path) -> None:
    log, words = LOGS[kind]
    refused(calibrated(cli, tmp_path, log, MAPPING), *words)


def test_logs_that_are_not_there_or_no_parquet(cli: Cli, tmp_path: Path) -> None:
    mapping = tmp_path / "map.toml"
    mapping.write_text(MAPPING)
    broken = tmp_path / "log.parquet"
    broken.write_bytes(b"PAR1 and nothing else")
    rest = ("--stages", str(mapping), "--out", str(tmp_path / "x.toml"))
    refused(cli("calibrate", str(broken), *rest), "log.parquet")
    refused(cli("calibrate", str(tmp_path / "none.csv"), *rest), "none.csv")
    refused(cli("calibrate", str(tmp_path), *rest), str(tmp_path))
    refused(cli("calibrate", str(broken), "--stages", str(tmp_path / "none.toml"), "--out", "x"), "none.toml")
    refused(cli("calibrate", str(broken), "--stages", str(mapping)), "--out")


def test_negative_times_in_a_parquet_log(cli: Cli, tmp_path: Path) -> None:
    log = tmp_path / "log.parquet"
    query = "SELECT 1 AS who, -5.0 AS \"when\", 'trial' AS what UNION ALL SELECT 2, 'nan'::DOUBLE, 'trial'"
    duckdb.connect().execute(f"COPY ({query}) TO '{log}' (FORMAT parquet)")
    mapping = tmp_path / "map.toml"
    mapping.write_text(MAPPING.replace("2020-12-31", "30"))
    told = cli("calibrate", str(log), "--stages", str(mapping), "--out", str(tmp_path / "x.toml"))
    refused(told, "log.parquet", "when")


def test_a_real_process_ends_the_same_way(tmp_path: Path) -> None:
    file = tmp_path / "[red]bröken[red].toml"
    file.write_text('format = 1\nname = "\x7f"', encoding="utf-8")
    command = [sys.executable, "-m", "sojourn", "validate", str(file)]
    for environment in ({"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C"}):
        done = subprocess.run(command, capture_output=True, env={**os.environ, **environment}, check=False)
        assert done.returncode == 2
        assert done.stdout == b""
        assert b"[red]br" in done.stderr
        assert b"Traceback" not in done.stderr


def test_faults_hold_every_part() -> None:
    from sojourn.scenarios.files import loads

    with pytest.raises(Faults) as raised:
        loads("format = 2", "here.toml")
    assert all(fault.file == "here.toml" and fault.message and fault.remedy for fault in raised.value.faults)


def test_arguments_are_named_as_options_with_what_was_given(cli: Cli, tmp_path: Path) -> None:
    """Found by the verbs themselves, which Python calls with the same arguments."""
    log, mapping, out = tmp_path / "log.csv", tmp_path / "map.toml", str(tmp_path / "x.toml")
    log.write_text("who,when,what\n1,2017-01-01,a\n1,2017-01-04,b\n")
    mapping.write_text('customer = "who"\ntime = "when"\nevent = "what"\n[stages]\na = ["a"]\nb = ["b"]\n')
    told = cli("calibrate", str(log), "--stages", str(mapping), "--out", out, "--draws", "3")
    refused(told, "--draws: is too few to tell how unsure a number is (given: 3); give 20 to 10,000")
    shop = str(Path(COFFEE).with_name("shop.toml"))
    refused(
        cli("fit", shop, "--replications", "1"), "--replications: one replication tells no error (given: 1); give 2 or"
    )
    refused(
        cli("optimise", str(COFFEE), "--replications", "1"),
        "--replications: are too few for an interval (given: 1); give",
    )


def test_short_horizons_keep_their_decimals(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "short.toml"
    for days, said in (("0.5", "over 0.5 days"), ("1", "over 1 day;"), ("1200", "over 1,200 days")):
        path.write_text(Path(COFFEE).read_text().replace("horizon_days = 365", f"horizon_days = {days}"))
        assert said in cli("validate", str(path)).out


def test_a_lever_that_cannot_be_measured_is_told_in_one_sentence(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "counts.csv"
    path.write_text("arm,stage,customers\ncontrol,invited,1\ncontrol,came,0\nB,invited,1\nB,came,1\n")
    refused(cli("lever", str(path), "--name", "n"), "none to shift; left out; give a longer log")
