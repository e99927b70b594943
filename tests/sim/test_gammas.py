"""The gamma law on a grid: the same law as in `laws`, by other means."""

import subprocess
import sys

import numpy as np
import pytest
import scipy.special

from sojourn.scenarios import laws, special
from sojourn.sim import gammas

SHAPES = [0.05, 0.3, 1.0, 1.5, 6.0, 30.0, 300.0, 1000.0]


@pytest.mark.parametrize("shape", SHAPES)
def test_exposures_are_those_of_the_law(shape: float) -> None:
    ages = np.concatenate([[0.0, 1e-300], np.geomspace(1e-9, 1e6, 300), shape * np.linspace(0.5, 2.0, 100)])
    exact = [-laws.log_gamma_tail(shape, age) for age in ages.tolist()]
    assert gammas.exposures(shape, ages) == pytest.approx(np.array(exact), rel=1e-11, abs=1e-300)


@pytest.mark.parametrize("shape", SHAPES)
def test_ages_are_where_the_exposure_is(shape: float) -> None:
    wanted = np.geomspace(1e-9 if shape > 0.1 else 1e-3, 700.0, 300)
    exact = [laws.gamma_tail_quantile(shape, exposure) for exposure in wanted.tolist()]
    assert gammas.ages(shape, wanted) == pytest.approx(np.array(exact), rel=1e-9, abs=1e-300)


def test_far_out_the_exposure_is_the_age() -> None:
    assert gammas.ages(0.05, np.array([1e20, 1e302])).tolist() == [1e20, 1e302]


def test_laws_use_the_functions_of_scipy_but_load_them_late() -> None:
    for name in ("gammainc", "gammaincc", "gammainccinv", "gammaincinv"):
        assert getattr(special, name) is getattr(scipy.special, name)
    code = "import sys, sojourn.scenarios.lawtable; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
