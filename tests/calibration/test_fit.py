"""Fits and the scenarios that they write."""

import tomllib
from typing import Any

import numpy as np
import pytest

from sojourn.calibration import logs
from sojourn.calibration.calibrate import calibrate
from sojourn.calibration.fit import fit
from sojourn.scenarios.files import loads

COLUMNS = 'customer = "who"\ntime = "when"\nevent = "what"\n'


def planted_segments(seed: Any, ratio: Any, customers: Any = 3_000) -> Any:
    """Customers of two segments whose stay in `a` ends at b (exponential, mean 10, times `ratio` for the second) or at c (40)."""
    rng = np.random.default_rng(seed)
    rows = ["who,when,what,kind"]
    for k in range(customers):
        kind = "fast" if k % 2 == 0 else "slow"
        b, c = rng.exponential(10.0 * (ratio if kind == "slow" else 1.0)), rng.exponential(40.0)
        arrived = k * 0.01
        rows.append(f"{k},{arrived!r},a,{kind}")
        if min(b, c) < 25.0:
            rows.append(f"{k},{arrived + min(b, c)!r},{'b' if b < c else 'c'},{kind}")
    return "\n".join(rows) + "\n"


SEGMENTED = 'segment = "kind"\nobserved_until = 200\n[stages]\na = "a"\n[ends]\nb = "b"\nc = "c"\n'


def test_segments_get_laws_of_their_own_where_they_differ_and_only_there(written: Any) -> None:
    # Watched for 25 days each would need a column; here everybody is watched to day 200, so cut customers stay open.
    found = fit(logs.read(*written(planted_segments(1, 3.0), COLUMNS + SEGMENTED)))
    stage = found.stages["a"]
    assert set(stage.by_segment) == {"b"}
    assert stage.by_segment["b"]["fast"].complete + stage.by_segment["b"]["slow"].complete == stage.exits["b"].complete
    scenario = found.scenario()
    assert scenario.for_segment("fast").stages["a"].race["b"] != scenario.for_segment("slow").stages["a"].race["b"]
    assert scenario.for_segment("fast").stages["a"].race["c"] == scenario.for_segment("slow").stages["a"].race["c"]
    assert {name: segment.share for name, segment in scenario.segments.items()} == {"fast": 0.5, "slow": 0.5}


def test_segments_that_do_not_differ_share_their_laws_and_the_notes_say_so(written: Any) -> None:
    found = fit(logs.read(*written(planted_segments(2, 1.0), COLUMNS + SEGMENTED)))
    assert found.stages["a"].by_segment == {}
    assert any("Segments do not differ" in note for note in found.notes)


def test_the_text_is_a_valid_scenario_and_the_same_every_time(planted: Any) -> None:
    one = fit(logs.read(planted.log, planted.mapping)).scenario_text('A title with "quotes" and \x00')
    other = fit(logs.read(planted.log, planted.mapping)).scenario_text('A title with "quotes" and \x00')
    assert one == other
    document = tomllib.loads(one)
    assert document["scenario"]["title"] == 'A title with "quotes" and ?'
    assert {source["evidence"] for source in document["sources"]} == {"measured"}
    assert all(len(line) <= 200 for line in one.splitlines() if not line.startswith("source"))
    assert loads(one).digest == loads(other).digest


def test_counts_and_standard_errors_stand_beside_every_law(planted: Any) -> None:
    found = fit(logs.read(planted.log, planted.mapping))
    text = found.scenario_text()
    for stage in found.stages.values():
        for law in stage.exits.values():
            assert text.count(f"{law.complete:,} seen, {law.censored:,} ended otherwise or still open") >= 2


def test_where_customers_start_is_measured(written: Any) -> None:
    rows = ["who,when,what"] + [
        f"{k},{k},{'a' if k % 4 else 'b'}\n{k},{k + 1},{'b' if k % 4 else 'a'}" for k in range(40)
    ]
    found = fit(logs.read(*written("\n".join(rows), COLUMNS + 'observed_until = 60\n[stages]\na = "a"\nb = "b"\n')))
    assert found.scenario().starts == {"a": 0.75, "b": 0.25}


def test_a_stage_that_nobody_leaves_is_an_end_and_one_never_seen_is_left_out(written: Any) -> None:
    rows = ["who,when,what"] + [f"{k},{k / 10},a\n{k},{k / 10 + 1 + k % 7},b" for k in range(40)]
    mapping = COLUMNS + 'observed_until = 60\n[stages]\na = "a"\nb = "b"\nz = "z"\n[ends]\ny = "y"\n'
    found = fit(logs.read(*written("\n".join(rows), mapping)))
    assert found.absorbing == ("b",)
    assert set(found.scenario().stages) == {"a", "b"}
    assert found.scenario().stages["b"].end
    assert any("Nobody was seen to leave b (40 stays)" in note for note in found.notes)
    assert any("never shows z, y" in note for note in found.notes)


def test_few_exits_give_an_exponential_law_and_a_warning(written: Any) -> None:
    rows = ["who,when,what"] + [f"{k},{k / 10},a\n{k},{k / 10 + 1 + k % 5},{'b' if k < 4 else 'c'}" for k in range(40)]
    mapping = COLUMNS + 'observed_until = 60\n[stages]\na = "a"\n[ends]\nb = "b"\nc = "c"\n'
    found = fit(logs.read(*written("\n".join(rows), mapping)))
    assert found.stages["a"].exits["b"].law == "exponential"
    assert any("a -> b was seen 4 times" in note for note in found.notes)


@pytest.mark.parametrize(
    ("arrived", "kind"),
    [
        (lambda rng: np.zeros(400), "cohort"),
        (lambda rng: np.sort(rng.uniform(0.0, 50.0, 400)), "rate_per_day"),
        (lambda rng: rng.integers(0, 5, 400) * 10.0, "daily"),
    ],
)
def test_arrivals_are_as_plain_as_the_log_allows(written: Any, arrived: Any, kind: Any) -> None:
    rng = np.random.default_rng(4)
    rows = [f"{k},{t!r},a\n{k},{t + rng.exponential(3.0)!r},b" for k, t in enumerate(arrived(rng).tolist())]
    mapping = COLUMNS + 'observed_until = 90\n[stages]\na = "a"\n[ends]\nb = "b"\n'
    found = fit(logs.read(*written("\n".join(["who,when,what", *rows]), mapping)))
    arrivals = found.scenario().arrivals
    assert getattr(arrivals, kind) is not None
    if kind == "rate_per_day":
        assert arrivals.until_day == pytest.approx(50.0, abs=1.0)  # nobody came in the forty days after
    if kind == "daily":
        assert arrivals.daily is not None
        assert sum(arrivals.daily) == 400
        assert arrivals.daily[0] > 50 > arrivals.daily[1] == 0


def test_roles_reach_the_scenario(written: Any) -> None:
    rows = ["who,when,what"] + [f"{k},{k / 10},a\n{k},{k / 10 + 1 + k % 7},b" for k in range(40)]
    mapping = COLUMNS + 'observed_until = 60\n[stages]\na = "a"\n[ends]\nb = "b"\n[roles]\nb = "lost"\n'
    assert fit(logs.read(*written("\n".join(rows), mapping))).scenario().stages["b"].role == "lost"


def test_one_customer_is_one_customer(written: Any) -> None:
    mapping = COLUMNS + '[stages]\na = ["a"]\n[ends]\nb = ["b"]\n'
    text = fit(logs.read(*written("who,when,what\n1,2017-01-01,a\n1,2017-01-04,b\n", mapping))).scenario_text()
    assert ": 1 customer, 2 stays, 0 of them" in text
    assert "# 1 stay, 0 still open" in text


def test_a_log_too_small_for_a_check_says_so(written: Any) -> None:
    rows = ["who,when,what"] + [f"{k},{k / 10},a\n{k},{k / 10 + 1 + k % 7},b" for k in range(40)]
    found = calibrate(*written("\n".join(rows), COLUMNS + 'observed_until = 60\n[stages]\na = "a"\n[ends]\nb = "b"\n'))
    assert found.check is None
    assert any("too small" in note for note in found.notes)


def test_the_summary_tells_what_dropping_the_unfinished_would_have_said(planted: Any, tmp_path: Any) -> None:
    found = calibrate(planted.log, planted.mapping, holdout=0.0)
    said = "\n".join(found.summary())
    assert "A stay in retention lasts 97.9 days" in said
    assert "leaving the unfinished stays out would have said 34.7 days" in said
    path = found.write(tmp_path / "out.toml")
    assert path.read_text() == found.text_for(path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.draws.parquet", "out.toml"]


def test_where_the_mean_is_out_of_reach_none_is_printed(written: Any) -> None:
    rng = np.random.default_rng(6)
    rows = ["who,when,what"]
    for k in range(600):
        t = rng.exponential(400.0)
        rows.append(f"{k},0,a" + (f"\n{k},{t!r},b" if t < 30.0 else ""))
    found = calibrate(
        *written("\n".join(rows), COLUMNS + 'observed_until = 30\n[stages]\na = "a"\n[ends]\nb = "b"\n'), holdout=0
    )
    assert not found.fit.stages["a"].mean_within_reach
    assert "the mean stay is longer than anybody was watched (30.0 days)" in "\n".join(found.summary())
    assert "lasts longer in the mean than anybody was watched" in found.scenario_text
