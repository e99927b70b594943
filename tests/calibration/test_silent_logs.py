"""From an event log to a scenario where leaving is not seen: CDNOW, planted laws, and mistakes in the mapping."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sojourn.calibration import logs
from sojourn.calibration.calibrate import calibrate
from sojourn.calibration.fit import fit
from sojourn.calibration.histories import histories_of
from sojourn.calibration.mapping import parts_of, read_mapping
from sojourn.calibration.samples import simulated
from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import loads
from sojourn.sim.network import build
from sojourn.sim.run import simulate

MAPPING = """
customer = "who"
time = "when"
event = "what"
observed_until = {until}
horizon_days = 546
[stages]
purchase = ["purchase"]
[roles]
purchase = "purchase"
[silent]
purchase = "{kind}"
"""


@pytest.fixture(scope="module")
def log_file(cdnow: Any, tmp_path_factory: Any) -> Path:
    """The CDNOW sample to the end of calibration, one row a purchase."""
    path = Path(tmp_path_factory.mktemp("cdnow")) / "log.csv"
    rows = [f"{who},{day},purchase\n" for who, day in cdnow.rows if day <= "1997-09-30"]
    path.write_text("who,when,what\n" + "".join(rows))
    return path


def read(log: Path, kind: str, until: str = "1997-09-30T00:00:00") -> Any:
    return logs.read_with(log, read_mapping(MAPPING.format(kind=kind, until=until)))


@pytest.mark.parametrize(
    ("kind", "published"),
    [
        ("bgnbd", {"r": 0.243, "alpha": 7 * 4.414, "a": 0.793, "b": 2.426}),
        ("paretonbd", {"r": 0.553, "alpha": 7 * 10.58, "s": 0.606, "beta": 7 * 11.66}),
    ],
)
def test_cdnow_from_its_log(log_file: Path, cdnow: Any, kind: str, published: Any) -> None:
    """Purchases, recency and time watched are read off the log; the scenario carries the parameters to four digits."""
    log = read(log_file, kind)
    known = histories_of(log, "purchase")
    assert (known.customers, known.purchases) == (2357, 2457)
    assert np.sort(known.watched * known.weight) == pytest.approx(np.sort(7 * cdnow.known.watched * cdnow.known.weight))
    found = fit(log)
    assert found.silent["purchase"].parameters == pytest.approx(published, rel=2.5e-3)  # three printed digits
    scenario = found.scenario()
    waiting, again, over = (scenario.stages[part] for part in parts_of("purchase")[1:])
    assert scenario.frailty is not None
    p = found.silent["purchase"].parameters
    assert scenario.frailty.gamma["purchase_waiting -> purchase_again"] == pytest.approx(p["r"], rel=1e-3)
    mean: Any = waiting.race["purchase_again"]
    assert mean.mean == pytest.approx(p["alpha"] / p["r"], rel=1e-3)
    assert (again.role, over.role) == ("purchase", "lost")
    if kind == "bgnbd":
        assert scenario.frailty.beta["purchase_again -> purchase_over"] == pytest.approx(p["a"] + p["b"], rel=1e-3)
        assert again.choices["purchase_over"].probability == pytest.approx(p["a"] / (p["a"] + p["b"]), abs=1e-6)
    else:
        assert scenario.frailty.gamma["purchase_waiting -> purchase_over"] == pytest.approx(p["s"], rel=1e-3)


def test_the_check_knows_what_is_seen(log_file: Path, tmp_path: Path) -> None:
    """Customers held out lie beside a simulation of which, too, only purchases are seen."""
    mapping = tmp_path / "map.toml"
    mapping.write_text(MAPPING.format(kind="bgnbd", until="1997-09-30T00:00:00"))
    found = calibrate(log_file, mapping, replications=8)
    assert found.check is not None
    assert [one.name for one in found.check.quantities] == ["step.purchase.purchase", "dwell.purchase"]
    assert found.check.inside == 2
    summary = "\n".join(found.summary())
    assert "1 stage that customers leave unseen" in summary
    assert "expected to be customers still" in summary
    loads(found.scenario_text)


PLANTED = """
format = 1
[scenario]
name = "planted"
start = "purchase"
horizon_days = 300
[arrivals]
cohort = 4000
[frailty]
gamma = { GAMMA }
BETA
[stages.purchase]
dwell = { law = "deterministic", value = 0 }
exits = { purchase_waiting = 1.0 }
[stages.purchase_waiting]
race.purchase_again = { law = "exponential", mean = 50 }
RACE
[stages.purchase_again]
dwell = { law = "deterministic", value = 0 }
exits = { EXITS }
[stages.purchase_over]
end = true
"""
KINDS: dict[str, Any] = {
    "bgnbd": (
        {
            "GAMMA": '"purchase_waiting -> purchase_again" = 0.7', "BETA": 'beta = { "purchase_again -> purchase_over" = 2.5 }',
            "RACE": "", "EXITS": "purchase_waiting = 0.6, purchase_over = 0.4",
        },
        {"r": 0.7, "alpha": 35.0, "a": 1.0, "b": 1.5},
    ),
    "paretonbd": (
        {
            "GAMMA": '"purchase_waiting -> purchase_again" = 0.7, "purchase_waiting -> purchase_over" = 1.2', "BETA": "",
            "RACE": 'race.purchase_over = { law = "exponential", mean = 80 }', "EXITS": "purchase_waiting = 1.0",
        },
        {"r": 0.7, "alpha": 35.0, "s": 1.2, "beta": 96.0},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_simulated_is_found_again(kind: str, tmp_path: Path) -> None:
    """A simulated log, fitted, gives the laws that it was simulated with: alarm rate 4e-4 a model (3.9 standard errors)."""
    parts, truth = KINDS[kind]
    text = PLANTED
    for what, value in parts.items():
        text = text.replace(what, value)
    journeys = simulate(build(loads(text), "baseline"), seed=8)
    seen = simulated(journeys, ("purchase",), np.full(4000, 300.0), ["purchase"])
    rows = [f"{who},{time!r},purchase\n" for who, time in zip(seen.customer.tolist(), seen.entry.tolist(), strict=True)]
    path = tmp_path / "log.csv"
    path.write_text("who,when,what\n" + "".join(rows))
    found = fit(read(path, kind, "300")).silent["purchase"]
    off = np.array([math.log(found.parameters[name] / value) for name, value in truth.items()])
    assert np.all(np.abs(off) < 3.9 * np.sqrt(np.diag(found.covariance)))
    # All of it at once, as the four errors are correlated: the likelihood of the truth (chi-square of 4, alarm rate 1e-4).
    gap = found.log_likelihood - float(found.known.weight @ type(found.model)(**truth).log_likelihood(found.known))
    assert 0.0 <= gap < 11.8


def test_purchases_at_one_moment_are_one(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("who,when,what\na,0,purchase\na,0,purchase\na,3,purchase\na,3,purchase\nb,1,purchase\n")
    known = histories_of(read(path, "bgnbd", "10"), "purchase")
    assert [column.tolist() for column in known[:4]] == [[0.0, 1.0], [0.0, 3.0], [9.0, 10.0], [1.0, 1.0]]


@pytest.mark.parametrize(
    ("edit", "path", "what"),
    [
        (('= "bgnbd"', '= "nbd"'), "silent.purchase", "is no model"),
        (('= "bgnbd"', '= "bgnbd-3"'), "silent.purchase", 'or where purchases are regular "bgnbd-k" or "paretonbd-k"'),
        (('purchase = "bgnbd"', 'purchas = "bgnbd"'), "silent.purchas", "no stage named"),
        (
            ("[roles]", '[ends]\ngone = ["gone"]\n[roles]', 'purchase = "bgnbd"', 'gone = "bgnbd"'),
            "silent.gone",
            "an end",
        ),
        (("[roles]", 'purchase_again = ["x"]\n[roles]'), "silent.purchase", "will need the name"),
    ],
)
def test_mistakes_in_the_mapping(edit: Any, path: str, what: str) -> None:
    text = MAPPING.format(kind="bgnbd", until="10")
    for old, new in zip(edit[::2], edit[1::2], strict=True):
        assert old in text
        text = text.replace(old, new)
    with pytest.raises(Faults, match=what) as raised:
        read_mapping(text)
    assert [fault.path for fault in raised.value.faults] == [path]


def test_a_stage_that_is_seen_to_be_left(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("who,when,what\na,0,purchase\na,3,purchase\na,5,moved\nb,1,purchase\n")
    text = MAPPING.format(kind="bgnbd", until="10").replace("[roles]", 'other = ["moved"]\n[roles]')
    with pytest.raises(Faults, match="end with a move on, most often to other"):
        logs.read_with(path, read_mapping(text))
