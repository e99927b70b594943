"""The C program runs the algorithm of our compiled engine: the same log."""

from shutil import which
from typing import Any

import numpy as np
import pytest

from benchmarks.peers import c_program, sojourn_compiled
from benchmarks.workloads import NAMES, WORKLOADS
from sojourn.sim.journeys import RENEGED

pytestmark = pytest.mark.skipif(which("gcc") is None, reason="there is no gcc")


@pytest.mark.parametrize("name", WORKLOADS)
@pytest.mark.parametrize(("customers", "seed"), [(1, 1), (400, 2**32 - 1), (20_000, 7)])
def test_the_c_program_writes_our_log(name: Any, customers: Any, seed: Any) -> None:
    log, _ = c_program.log_of(WORKLOADS[name], customers, seed)
    events = sojourn_compiled.lived(WORKLOADS[name], customers, seed)[0].events
    order = np.lexsort((log["sequence"], log["customer"]))
    for column in ("customer", "sequence", "stage"):
        assert np.array_equal(log[column][order], getattr(events, column))
    # To the last bit where numba and gcc call the same libm.
    np.testing.assert_allclose(log["time"][order], events.time, rtol=1e-9)


def test_everything_happens() -> None:
    journeys, _ = sojourn_compiled.lived(WORKLOADS["W2"], 20_000, 7)
    events = journeys.events
    assert journeys.stages == NAMES
    assert np.bincount(events.stage).min() > 100
    served = events.waited[(events.contact > 0) & (events.contact != RENEGED)]
    assert (served > 0.0).any()
    assert (served == 0.0).any()
    assert (events.contact == RENEGED).sum() > 20
    assert events.time.max() > 365.0
