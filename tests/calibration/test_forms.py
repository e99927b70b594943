"""Race or choice: what the data cannot tell apart as a race is a choice."""

from pathlib import Path

import numpy as np
import pytest

from sojourn.calibration.calibrate import calibrate
from sojourn.scenarios.files import loads
from sojourn.sim.network import build
from sojourn.sim.run import simulate


def test_exits_of_one_length_are_a_choice(tmp_path: Path) -> None:
    """Of two exits after exactly two days a race would always take the first: shares of 400 and 600 in 1,000 are kept."""
    lines = ["who,when,what"]
    for k in range(1_000):
        lines.append(f"c{k},{k % 50},parcel")
        lines.append(f"c{k},{k % 50 + 2},{'kept' if k % 5 < 2 else 'sent_back'}")
    (tmp_path / "log.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "map.toml").write_text(
        'customer = "who"\ntime = "when"\nevent = "what"\nobserved_until = 60.0\n[stages]\nparcel = "parcel"\n'
        '[ends]\nkept = "kept"\nsent_back = "sent_back"\n'
    )
    found = calibrate(tmp_path / "log.csv", tmp_path / "map.toml", holdout=0)
    choice = found.fit.stages["parcel"].choice
    assert choice is not None
    assert choice.probabilities == pytest.approx({"kept": 0.4, "sent_back": 0.6})
    assert any("one and the same age" in line for line in found.summary())
    journeys = simulate(build(loads(found.scenario_text), "baseline"), customers=20_000)
    rows = np.flatnonzero(journeys.events.sequence == 1)
    kept = np.mean(journeys.events.stage[rows] == journeys.stages.index("kept"))
    assert kept == pytest.approx(0.4, abs=4 * (0.24 / 20_000) ** 0.5)  # four standard errors: a false alarm in 16,000
    assert np.all(np.abs(journeys.events.time[rows] - journeys.events.time[rows - 1] - 2.0) < 0.02)
