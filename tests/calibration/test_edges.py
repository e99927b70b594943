"""Fits that end where the search does: they can be written and run, say so in words, and show no nan."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import betainc, betaln

from sojourn.calibration import logs
from sojourn.calibration.bgnbd import BgNbd
from sojourn.calibration.calibrate import calibrate
from sojourn.calibration.document import document
from sojourn.calibration.fit import fit
from sojourn.calibration.histories import Histories, histories
from sojourn.calibration.mapping import read_mapping
from sojourn.calibration.renewals import fit_tenures
from sojourn.calibration.silent import MODELS, fit_silent
from sojourn.calibration.unseen import model_of
from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import loads

HEAD = 'customer = "who"\ntime = "when"\nevent = "what"\nobserved_until = 300\n'
SILENT = HEAD + '[stages]\np = ["p"]\n[silent]\np = "KIND"\n'
CONTRACT = HEAD + '[stages]\nm = ["m"]\n[ends]\nc = ["c"]\n[contracts]\nm = "c"\n'
Rows = list[tuple[int, float, str]]


def steady() -> Rows:
    """90 customers who buy by chance, once in 30 days, and never leave."""
    draws = np.random.default_rng(1)
    rows = []
    for who in range(90):
        time = draws.uniform(0.0, 60.0)
        while time < 300.0:
            rows.append((who, time, "p"))
            time += draws.exponential(30.0)
    return rows


def once() -> Rows:
    """90 customers of whom one comes back."""
    return [(who, who / 3, "p") for who in range(90)] + [(1, 50.0, "p")]


def at_once() -> Rows:
    """90 customers of whom half come back the day after, and nobody later."""
    return [(who, who / 3 + day, "p") for who in range(90) for day in range(1 + who % 2)]


def log_of(path: Path, rows: Rows) -> Path:
    path.write_text("who,when,what\n" + "".join(f"{who},{time!r},{what}\n" for who, time, what in rows))
    return path


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("rows", [steady, once, at_once])
def test_every_fit_can_be_written(rows: Any, kind: str, tmp_path: Path) -> None:
    """The scenario is read back as the model that was fitted, its draws are numbers that the format holds, nothing is nan."""
    mapping = read_mapping(SILENT.replace("KIND", kind))
    found = calibrate(log_of(tmp_path / "log.csv", rows()), mapping, holdout=0.0, draws=20)
    silent = found.fit.silent["p"]
    assert silent.ends
    told = "\n".join(
        (*found.summary(), found.scenario_text, json.dumps(document(found.fit, None, found.notes, found.companion)))
    )
    assert "nan" not in told.lower()
    assert "end" in silent.said("p")
    again = model_of(loads(found.scenario_text), "p")
    assert float(again.expected(300.0)) == pytest.approx(float(silent.model.expected(300.0)), rel=2e-3, abs=1e-3)
    assert found.companion is not None
    for place, values in found.companion.draws.items():
        drawn = np.asarray(values, dtype=np.float64)
        assert np.all(np.isfinite(drawn)), place
        assert np.all(drawn >= (0.01 if place[0] == "frailty" else 0.0)), place


def test_nobody_leaves(tmp_path: Path) -> None:
    """It is said so; of who never leaves the simulation loses next to none, and the rate has an error although r has none."""
    found = fit(
        logs.read_with(log_of(tmp_path / "log.csv", steady()), read_mapping(SILENT.replace("KIND", "paretonbd")))
    )
    silent = found.silent["p"]
    assert (silent.ends["s"], silent.ends["r"]) == ("lower", "upper")
    assert "nobody seems to leave: s is at its lower end" in "\n".join(silent.notes)
    # The rate r / alpha at r held is known as well as a Poisson count: its relative error is one over the root of it.
    assert silent.errors["alpha"] / silent.parameters["alpha"] == pytest.approx(silent.known.purchases**-0.5, rel=0.25)
    assert np.isnan(silent.errors["s"])


def test_frequent_purchases_of_a_long_log_are_in_reach() -> None:
    """Ten years, purchases every other day for some weeks: alpha is a fraction of a day, and no end stops it.

    Planted r .7 and alpha 1.4 lie within 3.3 standard errors, two of them (alarm rate 2e-3).
    """
    draws, columns = np.random.default_rng(3), []
    for _ in range(300):
        rate, life = draws.gamma(0.7, 1 / 1.4), draws.exponential(20.0)
        bought = np.cumsum(draws.exponential(1 / rate, 400))
        bought = bought[bought < life]
        columns.append((bought.size, bought[-1] if bought.size else 0.0, 3650.0))
    found = fit_silent(histories(*np.array(columns).T), "paretonbd")
    assert not {"r", "alpha"} & set(found.ends)
    for name, truth in (("r", 0.7), ("alpha", 1.4)):
        assert abs(found.parameters[name] - truth) < 3.3 * found.errors[name], name


@pytest.mark.parametrize("values", [(5.0, 0.01, 148.0, 0.0067), (0.5, 0.001, 148.0, 20.0), (148.0, 0.01, 20.0, 148.0)])
def test_expected_where_nearly_all_leave(values: Any) -> None:
    """Where the closed form overflows: the chances of an n-th purchase, added up (scipy's F is nan there)."""
    r, alpha, a, b = values
    n, z = np.arange(1.0, 60_001.0), 1.3 / (alpha + 1.3)
    added = float(np.sum(np.exp(betaln(a, b + n - 1.0) - betaln(a, b)) * betainc(n, r, z)))
    assert float(BgNbd(*values).expected(1.3)) == pytest.approx(added, rel=1e-9)
    some = Histories(np.array([0.0]), np.array([0.0]), np.array([2.0]), np.ones(1))
    assert np.all(np.isfinite(BgNbd(*values).expected_given(some, 1.3)))


def test_a_part_in_which_nobody_bought_again() -> None:
    """A resample of a log with few repeats may have none: its fit has the least rate, and is no fault of the log."""
    none = histories([0, 0], [0, 0], [9, 9])
    for kind in ("bgnbd", "paretonbd"):
        assert float(fit_silent(none, kind, even_if_none=True).model.expected(9.0)) < 0.05
    with pytest.raises(Faults):
        fit_silent(none)


def test_half_leave_at_the_first_renewal_and_nobody_later(tmp_path: Path) -> None:
    """alpha + beta run to 0: they stop where the format begins, at the share that left."""
    rows = [(who, 0.0, "m") for who in range(100)] + [(who, 30.0, "c") for who in range(40)]
    rows += [(who, 30.0 * k, "m") for who in range(40, 100) for k in range(1, 10)]
    found = fit(logs.read_with(log_of(tmp_path / "log.csv", rows), read_mapping(CONTRACT)))
    contract, scenario = found.contracts["m"], found.scenario()
    assert scenario.frailty is not None
    assert scenario.frailty.beta["m -> c"] == pytest.approx(0.01)
    assert contract.chances.model.survival([1, 5]) == pytest.approx([0.6, 0.6], abs=0.02)
    assert "leave at the first renewal and others never" in contract.said("m")
    assert "nan" not in contract.said("m")


def test_renewals_of_a_part_in_which_nobody_left() -> None:
    found = fit_tenures([0.0, 0.0], [0.0, 10.0, 90.0], even_if_none=True)
    assert found.model.survival(10) > 0.999
    assert all(np.isnan(found.errors[name]) for name in found.ends)


@pytest.mark.parametrize(
    ("mapping", "rows", "path", "what"),
    [
        (SILENT.replace("KIND", "bgnbd"), [(k, k / 3, "p") for k in range(30)], "silent.p", "nobody in log.csv comes back to p"),
        (CONTRACT, [(k, t, "m") for k in range(30) for t in (0, 30)], "contracts.m", "nobody in log.csv leaves m for c"),
        (CONTRACT, [(k, t, "m" if t == 0 else "c") for k in range(30) for t in (0, 30)], "contracts.m", "renews m"),
        (
            HEAD + 'already = ["was"]\n[stages]\na = ["a", "was"]\nb = ["b"]\n',
            [(k, t, "was" if t == 0 else "b") for k in range(30) for t in (0, 30)],
            "already",
            "nobody's begin is known: all 30 customers of log.csv were in a already; give a log in which some customers enter a",
        ),
    ],
)  # fmt: skip
def test_faults_name_the_mapping_and_its_key(mapping: str, rows: Rows, path: str, what: str, tmp_path: Path) -> None:
    with pytest.raises(Faults, match=what) as raised:
        logs.read_with(log_of(tmp_path / "log.csv", rows), read_mapping(mapping), "map.toml")
    assert [(one.file, one.path) for one in raised.value.faults] == [("map.toml", path)]
    assert raised.value.faults[0].remedy


def test_nobody_watched_after_a_purchase(tmp_path: Path) -> None:
    """Who first bought as the watching ended tells nothing; where all did, the fault names log and stage."""
    log = logs.read_with(log_of(tmp_path / "log.csv", steady()), read_mapping(SILENT.replace("KIND", "bgnbd")))
    with pytest.raises(Faults, match=r"log\.csv: stage p: nobody was watched"):
        fit(dataclasses.replace(log, until=log.start))
