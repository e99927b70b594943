"""Known laws in, a log cut at day 180, and the means out again: with unfinished stays counted, and with them left out."""

import math
from typing import Any

import pytest
from scipy import stats

from sojourn.calibration import logs
from sojourn.calibration.fit import fit

ALARM = 0.001  # false-alarm rate of the joint test


@pytest.fixture(scope="module")
def fitted(planted: Any) -> Any:
    return fit(logs.read(planted.log, planted.mapping))


def test_means_of_all_stages_together_pass_where_dropping_the_unfinished_fails(planted: Any, fitted: Any) -> None:
    laws = [fitted.stages[stage].dwell for stage in planted.stages]
    bound = stats.chi2(len(laws)).ppf(1.0 - ALARM)
    # On the log scale, where estimates of a mean are closest to normal.
    pairs = list(zip(laws, planted.means, strict=True))
    right = sum((math.log(law.mean / mean) * law.mean / law.mean_error) ** 2 for law, mean in pairs)
    naive = sum(math.log(law.naive_mean / mean) ** 2 * law.complete for law, mean in pairs)
    assert right < bound
    assert naive > 10.0 * bound


def test_exits_have_the_rates_of_their_cause(planted: Any, fitted: Any) -> None:
    # Exit e of an exponential stay with mean m and probability p has the latent mean m / p. Nine exits, each at five sigma.
    for k, stage in enumerate(planted.stages):
        onward = planted.stages[k + 1] if k + 1 < len(planted.stages) else ""
        for to, share in ((onward, planted.onward[k]), ("gone", 1.0 - planted.onward[k])):
            if share > 0.0:
                law = fitted.stages[stage].exits[to]
                assert abs(math.log(law.mean * share / planted.means[k])) < 5.0 * law.mean_error / law.mean


def test_every_stay_and_every_row_is_accounted_for(planted: Any, fitted: Any) -> None:
    counts = fitted.log.counts
    assert counts["rows read"] == len(planted.rows) == counts["stays"]
    assert counts["customers"] == 6_000
    assert sum(stage.still_open for stage in fitted.stages.values()) == counts["stays still open"] > 1_000
    for stage in fitted.stages.values():
        assert sum(law.complete for law in stage.exits.values()) == stage.entries - stage.still_open


def test_the_scenario_states_the_planted_journey(fitted: Any) -> None:
    scenario = fitted.scenario()
    assert scenario.starts == {"awareness": 1.0}
    assert scenario.about.horizon_days == pytest.approx(180.0, abs=0.1)
    assert scenario.arrivals.rate_per_day == pytest.approx(6_000 / 180, rel=0.01)
    assert scenario.stages["gone"].end
    assert set(scenario.stages["retention"].race) == {"advocacy", "gone"}
    assert all(source.evidence == "measured" for source in scenario.sources)
