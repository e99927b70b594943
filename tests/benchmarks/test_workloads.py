"""The scenario files are those of the workloads, and sound."""

from typing import Any

import pytest

from benchmarks.workloads import FOLDER, FULL, WORKLOADS, document
from sojourn.scenarios.files import inspect, loads
from sojourn.sim.network import build


@pytest.mark.parametrize("name", WORKLOADS)
def test_the_files_are_up_to_date_and_sound(name: Any) -> None:
    file = FOLDER / f"{name.lower()}.toml"
    assert file.read_text() == document(WORKLOADS[name], FULL), "python -m benchmarks.workloads writes them anew"
    found = inspect(file)
    assert not found.faults
    assert not found.warnings


@pytest.mark.parametrize("customers", [100, 10_000, 10_000_000])
def test_the_desk_grows_with_the_number_of_customers(customers: Any) -> None:
    workload = WORKLOADS["W2"]
    scenario: Any = loads(document(workload, customers))
    mean = scenario.desks["support"].handle.mean
    # PERFORMANCE: 10 agents, as many as the requests of the arrivals' time need if all are served.
    assert mean * customers / 365.0 * 0.35 * 0.25 * 0.30 / (1.0 - 0.55 * 0.705) == pytest.approx(10.0)
    per_day = sum(effect.value for effect in scenario.desks["support"].effects)
    assert per_day * mean == pytest.approx(-2.0)
    assert build(scenario, "baseline").intake[1][-1] == pytest.approx(customers)
