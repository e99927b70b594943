"""A stage under contract, from its log: renewals and goodbyes, both seen; those still members are censored."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sojourn.calibration import logs
from sojourn.calibration.calibrate import calibrate
from sojourn.calibration.fit import fit
from sojourn.calibration.mapping import read_mapping
from sojourn.calibration.renewals import Sbg
from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import loads

MAPPING = """
customer = "who"
time = "when"
event = "what"
observed_until = 400
[stages]
member = ["joined", "renewed"]
[ends]
cancelled = ["cancelled"]
[roles]
member = "purchase"
cancelled = "lost"
[contracts]
member = "cancelled"
"""


@pytest.fixture(scope="module")
def planted(tmp_path_factory: Any) -> Path:
    """3,000 members of monthly terms who joined over 200 days; alpha .7, beta 3."""
    draws = np.random.default_rng(12)
    rows = ["who,when,what"]
    for who in range(3000):
        time, chance = float(draws.integers(0, 200)), draws.beta(0.7, 3.0)
        rows.append(f"{who},{time},joined")
        while (time := time + 30.0) < 400.0:
            if draws.random() < chance:
                rows.append(f"{who},{time},cancelled")
                break
            rows.append(f"{who},{time},renewed")
    path = Path(tmp_path_factory.mktemp("contracts")) / "log.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def test_what_was_planted_is_found(planted: Path) -> None:
    """Within 3.9 standard errors (alarm rate 2e-4), and the term to the day; the scenario says the same."""
    found = fit(logs.read_with(planted, read_mapping(MAPPING)))
    contract = found.contracts["member"]
    errors = contract.chances.errors
    assert abs(contract.chances.model.alpha - 0.7) < 3.9 * errors["alpha"]
    assert abs(contract.chances.model.beta - 3.0) < 3.9 * errors["beta"]
    assert (contract.term.law, contract.term.parameters) == ("deterministic", {"value": 30.0})
    scenario = found.scenario()
    stage, model = scenario.stages["member"], contract.chances.model
    assert stage.choices["cancelled"].probability == pytest.approx(model.alpha / (model.alpha + model.beta), abs=1e-6)
    assert scenario.frailty is not None
    assert scenario.frailty.beta["member -> cancelled"] == pytest.approx(model.alpha + model.beta, rel=1e-3)
    assert (stage.role, scenario.stages["cancelled"].end) == ("purchase", True)


def test_the_check_agrees_and_one_churn_for_all_would_not(planted: Path, tmp_path: Path) -> None:
    """Customers held out lie beside the simulation; sorting lifts retention well above the first month's."""
    mapping = tmp_path / "map.toml"
    mapping.write_text(MAPPING)
    found = calibrate(planted, mapping, replications=8)
    assert found.check is not None
    assert found.check.inside >= len(found.check.quantities) - 1
    assert "under contract: shifted beta-geometric" in "\n".join(found.summary())
    loads(found.scenario_text)
    retention = Sbg(0.7, 3.0).retention([1, 10])
    assert retention[1] - retention[0] > 0.1


@pytest.mark.parametrize(
    ("old", "new", "path", "what"),
    [
        ('[contracts]\nmember = "cancelled"', '[contracts]\nmember = "canceled"', "contracts.member", "no end named"),
        ('[contracts]\nmember = "cancelled"', '[contracts]\nmembr = "cancelled"', "contracts.membr", "no stage named"),
        ('[contracts]\nmember = "cancelled"', "[contracts]\nmember = 3", "contracts.member", "is no end"),
        ("[contracts]", '[silent]\nmember = "bgnbd"\n[contracts]', "contracts.member", "silent too"),
    ],
)
def test_mistakes_in_the_mapping(old: str, new: str, path: str, what: str) -> None:
    assert old in MAPPING
    with pytest.raises(Faults, match=what) as raised:
        read_mapping(MAPPING.replace(old, new))
    assert [fault.path for fault in raised.value.faults] == [path]


def test_a_contract_with_another_way_out(planted: Path) -> None:
    text = MAPPING.replace('["joined", "renewed"]', '["joined"]\nother = ["renewed"]')
    with pytest.raises(Faults, match="end otherwise, most often in other"):
        logs.read_with(planted, read_mapping(text))
