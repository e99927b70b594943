"""The command line: what goes where, exit codes, one JSON document, the same bytes twice, and the manners of the screen."""

import errno
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from sojourn.cli import main
from sojourn.guard import guarded
from sojourn.scenarios.files import library, load
from sojourn.sim.memory import zeros

from .conftest import COFFEE, Cli

FEW = ("--customers", "120", "--replications", "3")


def news(err: str) -> list[str]:
    """What stderr says beside that the engine is compiled, and progress, which comes after ten seconds."""
    return [
        line
        for line in err.splitlines()
        if not line.startswith(("Compiling the engine", "Simulating: ", "Comparing: "))
    ]


def no_constant(text: str) -> float:
    raise AssertionError(f"{text} is no JSON")


def document(text: str) -> Any:
    assert text.endswith("}\n")
    return json.loads(text, parse_constant=no_constant)


def sojourn(*arguments: str, **environment: str) -> list[str]:
    return [sys.executable, "-m", "sojourn", *arguments]


@pytest.mark.parametrize(
    "command",
    [
        "scenarios",
        "validate",
        "schema",
        "run",
        "compare",
        "targets",
        "fit",
        "commitment",
        "calibrate",
        "lever",
        "forecast",
        "twins",
        "sensitivity",
        "optimise",
        "validate-fit",
        "worth",
    ],
)
def test_help_shows_an_example(command: str, cli: Cli) -> None:
    told = cli(command, "--help")
    assert told.code == 0
    assert f"\n    sojourn {command}" in told.out
    assert told.err == ""


@pytest.mark.parametrize("command", ["scenarios", "run", "compare", "targets"])
def test_the_examples_of_the_help_run(command: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _, example = cli(command, "--help").out.split("Example:\n")
    arguments = shlex.split(example.split("\n\n")[0])[1:]
    told = cli(*arguments, *([] if command == "scenarios" else ["--customers", "40", "--replications", "2"]))
    assert told.code == 0, told.err


def test_scenarios_lists_the_library(cli: Cli) -> None:
    told = cli("scenarios")
    assert told.code == 0
    assert "point-of-no-return" in told.out
    assert "today" in told.out


def test_scenarios_lists_strategies_and_variants_at_80_columns() -> None:
    told = CliRunner().invoke(main, ["scenarios"], env={"COLUMNS": "80"})
    assert told.exit_code == 0
    assert all(len(line) <= 80 for line in told.stdout.splitlines())
    for name in library():
        scenario = load(name)
        shown = told.stdout.split(f"{name}\n", 1)[1].split("\n\n")[0]
        words = re.split(r"[,\s]+", shown)
        assert {*scenario.strategies, *scenario.variants} <= {*words}
        assert ("variants" in words) == bool(scenario.variants)


def test_validate_says_which_numbers_have_no_source(cli: Cli, coffee: str, tmp_path: Path) -> None:
    file = tmp_path / "coffee.toml"
    file.write_text(coffee, encoding="utf-8")
    (line,) = [line for line in cli("validate", str(file)).out.splitlines() if "no source" in line]
    assert line.startswith(
        "- 28 numbers have no source: arrivals.rate_per_day, stages, satisfaction, levers.welcome_call.cost.per_customer."
    )
    everything = (
        '\n[[sources]]\npaths = ["arrivals", "stages", "satisfaction", "levers.*.cost"]\nevidence = "assumed"\n'
    )
    file.write_text(coffee + everything, encoding="utf-8")
    assert "no source" not in cli("validate", str(file)).out
    file.write_text(coffee + everything.replace('"arrivals", ', ""), encoding="utf-8")
    assert "- 1 number has no source: arrivals.rate_per_day." in cli("validate", str(file)).out


def test_schema_is_json(cli: Cli) -> None:
    told = cli("schema")
    assert told.code == 0
    assert "stages" in document(told.out)["properties"]


def test_validate_says_what_the_numbers_imply(cli: Cli) -> None:
    told = cli("validate", "point-of-no-return")
    assert told.code == 0, told.err
    assert news(told.err) == []
    first, *rest = told.out.splitlines()
    assert first.startswith('"point-of-no-return" is sound: ')
    assert any("Word of mouth under today" in line and "R = " in line for line in rest)
    assert any("settles" in line for line in rest)


def test_validate_says_what_frailty_does(cli: Cli, coffee: str, tmp_path: Path) -> None:
    file = tmp_path / "frail.toml"
    load = '[frailty]\nloads = { "trial -> subscribed" = 1.0 }\n[stages.trial]'
    file.write_text(coffee.replace("[stages.trial]", load), encoding="utf-8")
    told = cli("validate", str(file))
    assert told.code == 0
    # E over Z of the logistic of logit(.3) + Z is .3310, by an integration of its own (trapezoid, 10^5 points).
    assert "trial -> subscribed: 30.0 % of those who leave as stated (the customer in the middle), 33.1 %" in told.out


def test_run_prints_the_answer_first_then_at_most_eight_measures(cli: Cli) -> None:
    told = cli("run", str(COFFEE), "--strategy", "today", *FEW)
    assert told.code == 0, told.err
    assert news(told.err) == []
    first, _, head, _, *rest = told.out.splitlines()
    assert first.startswith("Profit over 365 days: today EUR ")
    assert head.split() == ["measure", "today"]
    rows = rest[: rest.index("")]
    assert len([row for row in rows if "[" in row]) == 8
    assert "more measures with --all" in told.out
    assert "How far to trust this" in told.out
    assert "3 replications" in told.out


def test_a_journey_without_money_is_told_by_what_comes_first(cli: Cli, coffee: str, tmp_path: Path) -> None:
    file = tmp_path / "free.toml"
    lines = [line for line in coffee.splitlines() if not line.startswith(("revenue", "cost"))]
    file.write_text("\n".join(lines).split("[levers.")[0], encoding="utf-8")
    first = cli("run", str(file), *FEW).out.splitlines()[0]
    assert first.startswith("Share of customers who ever purchase over 365 days: baseline ")
    assert first.endswith("] %.")


STAGES_ONLY = """
format = 1
[scenario]
name = "stages"
start = "signed_up"
horizon_days = 151
[arrivals]
cohort = 500
[stages.signed_up]
dwell = { law = "exponential", mean = 5 }
exits = { active = 0.6, gone = 0.4 }
[stages.active]
dwell = { law = "exponential", mean = 20 }
exits = { invited = 0.5, gone = 0.5 }
[stages.invited]
dwell = { law = "exponential", mean = 400 }
exits = { gone = 1.0 }
[stages.gone]
end = true
"""


def test_stages_alone_are_told_by_the_furthest_of_them(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "stages.toml"
    file.write_text(STAGES_ONLY, encoding="utf-8")
    first, _, *rows = cli("run", str(file), *FEW).out.splitlines()
    assert first.startswith("Share of customers who ever enter invited over 151 days: baseline ")
    assert not any("ever enter signed up" in row for row in rows)
    short = STAGES_ONLY.replace("active = 0.6, gone = 0.4", "gone = 1.0").split("[stages.active]")[0]
    file.write_text(short + "[stages.gone]\nend = true\n", encoding="utf-8")
    few = ("--customers", "20", "--replications", "3")
    first = cli("run", str(file), *few).out.splitlines()[0]
    assert first.startswith(("Share of customers who ever enter gone", "Nothing happens in 151 days: every measure"))


def test_a_terminal_that_lacks_the_minus_gets_a_hyphen() -> None:
    command = sojourn("compare", str(COFFEE), *FEW, "--strategies", "today,call_everybody")
    told = subprocess.run(command, capture_output=True, check=True, env={**os.environ, "PYTHONIOENCODING": "cp1252"})
    assert "call_everybody - today" in told.stdout.decode("cp1252")
    assert "\\u2212" not in told.stdout.decode("cp1252")


def test_all_shows_every_measure_that_is_not_zero_throughout(cli: Cli) -> None:
    few, all_of_them = (cli("run", str(COFFEE), "--strategy", "today", *FEW, *extra) for extra in ((), ("--all",)))
    assert len(all_of_them.out) > 2 * len(few.out)
    assert "--all" not in all_of_them.out


def test_run_runs_all_strategies_unless_some_are_named(cli: Cli) -> None:
    told = cli("run", str(COFFEE), *FEW, "--json")
    assert told.code == 0, told.err
    assert news(told.err) == []
    assert list(document(told.out)["strategies"]) == ["today", "call_everybody", "cheaper_renewals"]
    told = cli("run", str(COFFEE), *FEW, "--json", "--strategy", "cheaper_renewals")
    assert list(document(told.out)["strategies"]) == ["cheaper_renewals"]


def test_json_has_the_shape_of_the_documentation(cli: Cli) -> None:
    told = cli("compare", str(COFFEE), *FEW, "--json")
    assert told.code == 0, told.err
    assert news(told.err) == []
    found = document(told.out)
    assert set(found) == {"scenario", "strategies", "differences", "verdict", "why", "payback"}
    assert found["scenario"] == "coffee"
    for strategy in found["strategies"].values():
        assert list(strategy) == ["measures"]
        for figure in strategy["measures"].values():
            assert list(figure) == ["mean", "low", "high"]
    assert list(found["differences"]) == ["call_everybody - today", "cheaper_renewals - today"]
    assert list(found["verdict"])[:4] == ["sentence", "winner", "measure", "error_rate"]


def test_the_first_strategy_named_is_the_baseline(cli: Cli) -> None:
    told = cli("compare", str(COFFEE), *FEW, "--json", "--strategies", "call_everybody, today")
    assert list(document(told.out)["differences"]) == ["today - call_everybody"]


def test_compare_begins_with_the_verdict_and_greys_what_nobody_knows(cli: Cli) -> None:
    found = document(cli("compare", str(COFFEE), *FEW, "--json").out)
    told = cli("compare", str(COFFEE), *FEW)
    assert told.out.splitlines()[0] == found["verdict"]["sentence"].replace(" -", " −")
    assert "−" not in json.dumps(found, ensure_ascii=False)
    assert "call_everybody − today" in told.out
    assert "paired replications (the same customers under every strategy)" in told.out
    assert "Rests on assumed effects: welcome_call (log odds 0.3 [0.1 to 0.5] on exit trial -> subscribed)" in told.out
    spans = [d for d in found["differences"].values() if d["satisfaction"]["low"] < 0 < d["satisfaction"]["high"]]
    assert told.out.count("In brackets and grey") == bool(spans)


def test_the_same_strategy_twice_under_two_names_makes_no_difference(cli: Cli, coffee: str, tmp_path: Path) -> None:
    file = tmp_path / "twins.toml"
    file.write_text(coffee.split("[strategies.today]")[0] + "[strategies.a]\n[strategies.b]\n", encoding="utf-8")
    found = document(cli("compare", str(file), *FEW, "--json").out)
    assert all(
        one == {"mean": 0, "low": 0, "high": 0}
        for one in found["differences"]["b - a"].values()
        if one["mean"] is not None
    )
    told = cli("compare", str(file), *FEW)
    assert "no difference" in told.out.splitlines()[0]
    assert "Exactly the same under every strategy" in told.out


def test_a_real_process_gives_the_same_bytes_twice() -> None:
    command = sojourn("compare", str(COFFEE), *FEW, "--json")
    seeds = ("0", "1")  # of Python's hashes: no output may depend on them
    outs = [
        subprocess.run(command, capture_output=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed})
        for seed in seeds
    ]
    assert outs[0].stdout == outs[1].stdout
    assert news(outs[0].stderr.decode()) == []
    document(outs[0].stdout.decode())


def test_both_engines_give_the_same_bytes(cli: Cli) -> None:
    outs = [cli("run", str(COFFEE), *FEW, "--json", "--engine", engine).out for engine in ("compiled", "simpy")]
    assert outs[0] == outs[1]


def test_a_reader_who_leaves_is_no_error() -> None:
    process = subprocess.Popen(sojourn("schema"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(20) == 0


def test_a_reader_who_leaves_a_table_is_no_error_either() -> None:
    command = sojourn("compare", str(COFFEE), "--customers", "50", "--replications", "2")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(120) == 0


@pytest.mark.parametrize(
    ("by", "size"),
    [
        (signal.SIGINT, ["--strategy", "today", "--replications", "50", "--engine", "simpy"]),
        (signal.SIGTERM, ["--replications", "5000"]),
    ],
    ids=["one process", "several"],
)
def test_ctrl_c_and_kill_end_with_a_sentence(by: signal.Signals, size: list[str], tmp_path: Path) -> None:
    command = sojourn("run", str(COFFEE), *size, "--out", str(tmp_path / "results"))
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".sojourn-*/events.parquet")) and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(by)
    told, said = process.communicate(timeout=60)
    # Python ends by the signal itself where Ctrl-C falls into code that it makes from text (as for a dataclass, on import);
    # a shell says 130 then, too.
    assert process.returncode in (130, -signal.SIGINT), said
    assert told == b""
    assert news(said.decode()) == ["Stopped. Nothing was written."]
    assert list(tmp_path.iterdir()) == []


def test_out_writes_what_the_documentation_names(cli: Cli, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        told = cli("compare", str(COFFEE), "--strategies", "today,call_everybody", *FEW, "--out", str(folder), "--json")
        assert told.code == 0, told.err
        assert (folder / "measures.json").read_text() == told.out
    manifest = json.loads((first / "manifest.json").read_text())
    assert sorted(manifest["files"]) == sorted(os.listdir(first))
    assert {"events.parquet", "customers.parquet", "measures.json", "manifest.json", "report.html"} <= set(
        manifest["files"]
    )
    assert any(name.endswith(".png") for name in manifest["files"])
    assert (manifest["seed"], manifest["engine"], manifest["replications"], manifest["customers"]) == (
        1,
        "compiled",
        3,
        120,
    )
    assert len(manifest["digest"]) == 64
    same = [name for name in manifest["files"] if (first / name).read_bytes() == (second / name).read_bytes()]
    assert same == sorted(manifest["files"])


def test_events_tell_one_story(cli: Cli, tmp_path: Path) -> None:
    import duckdb

    told = cli("run", str(COFFEE), *FEW, "--out", str(tmp_path / "results"), "--json")
    assert told.code == 0, told.err
    events = duckdb.connect().read_parquet(str(tmp_path / "results" / "events.parquet"))
    assert events.columns == [
        "strategy",
        "replication",
        "customer",
        "sequence",
        "stage",
        "from_stage",
        "time",
        "segment",
        "source",
    ]
    rows = events.fetchall()
    assert rows == sorted(rows, key=lambda r: (r[0], r[1], r[6], r[2], r[3]))
    assert {row[0] for row in rows} == {"today", "call_everybody", "cheaper_renewals"}
    assert {row[1] for row in rows} == {0, 1, 2}
    before: dict[tuple[object, ...], str] = {}
    for strategy, replication, customer, sequence, stage, from_stage, *_ in sorted(rows, key=lambda r: r[:4]):
        assert from_stage == (before[strategy, replication, customer] if sequence else None)
        before[strategy, replication, customer] = stage
    entered = len({row[:3] for row in rows if row[0] == "today" and row[4] == "subscribed"})
    came = len({row[:3] for row in rows if row[0] == "today"})
    reached = document(told.out)["strategies"]["today"]["measures"]["reach.subscribed"]["mean"]
    assert reached == pytest.approx(entered / came)


def test_markup_in_names_is_text(cli: Cli, coffee: str, tmp_path: Path) -> None:
    file = tmp_path / "[red]coffee.toml"
    file.write_text(coffee.replace('currency = "EUR"', 'currency = "[bold]"'), encoding="utf-8")
    told = cli("run", str(file), *FEW)
    assert told.code == 0
    assert "[bold]" in told.out


def test_an_unexpected_error_is_ours(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("sojourn.listing.print_library", broken)
    told = cli("scenarios")
    assert (told.code, told.out) == (1, "")
    assert told.err.splitlines()[0] == "sojourn failed, and it is not your fault (RuntimeError: a bug)."
    assert "Traceback" not in told.err


def test_ctrl_c_inside_compiled_code_is_still_ctrl_c(capsys: pytest.CaptureFixture[str]) -> None:
    """numba turns it into a SystemError where it falls into the loading of a kernel."""

    def load() -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as stop:
            raise SystemError("returned a result with an exception set") from stop

    def command() -> None:
        with guarded():
            load()

    with pytest.raises(SystemExit) as ended:
        command()
    assert ended.value.code == 130
    assert news(capsys.readouterr().err) == ["Stopped. Nothing was written."]


def test_no_memory_is_not_our_fault(capsys: pytest.CaptureFixture[str]) -> None:
    """Nor where the system says so in its own words."""
    with pytest.raises(SystemExit) as ended, guarded():
        raise OSError(errno.ENOMEM, "Cannot allocate memory")
    assert ended.value.code == 2
    assert "not enough memory" in capsys.readouterr().err


def test_room_for_columns_is_refused_as_numpy_refuses_it() -> None:
    with pytest.raises(MemoryError):
        zeros(1 << 56, np.int8)


def test_python_ends_without_looking_through_what_a_command_leaves() -> None:
    """To look for what refers to itself, when the system takes all of it back, takes as long as a third of a short run."""
    code = (
        "import atexit, gc; from sojourn.cli import main; kept = [];"
        "atexit.register(lambda: print(gc.get_freeze_count(), 'kept'));"  # runs after what `main` registers
        "main(['scenarios'])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    count, word = told.stdout.split()[-2:]
    assert word == "kept"
    assert int(count) > 10_000  # what the imports made; Python itself freezes nothing


@pytest.mark.parametrize("unused", ["compare", "doubted", "payback", "targets"])
def test_a_run_loads_nothing_of_what_it_is_not_asked_for(unused: str, tmp_path: Path) -> None:
    run = ["run", str(COFFEE), "--customers", "50", "--replications", "1", "--out", str(tmp_path / "out")]
    code = (
        f"import sys; from sojourn.cli import main; main({run}, standalone_mode=False);"
        f"sys.exit('sojourn.experiments.{unused}' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
