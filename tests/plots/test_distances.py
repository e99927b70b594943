from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sojourn.calibration.distances import ARRIVALS, DISTANCES
from sojourn.plots import style
from sojourn.plots.distances import distances
from sojourn.plots.pictures import judged
from sojourn.sim.estimates import Estimate


def verdict(made: Any, *, ratio: float = 1.5, naive: float | None = 9.0) -> Any:
    """Distances `ratio` times as large as chance, and the plainest model's `naive` times."""
    items = [
        SimpleNamespace(
            about=one.about,
            unit=one.unit,
            observed=Estimate(ratio * 0.02, None, None),
            simulated=Estimate(0.02, 0.016, 0.026),
            naive=None if naive is None or one is ARRIVALS else naive * 0.02,
        )
        for one in (*DISTANCES, ARRIVALS)
    ]
    return SimpleNamespace(distances=items, check=made.check())


@pytest.mark.parametrize(("ratio", "naive"), [(1.5, 9.0), (0.8, None), (40.0, 300.0), (1.0, 1.0)])
def test_no_words_overlap_or_leave_the_picture(made: Any, ratio: float, naive: float | None) -> None:
    for ax in (distances(verdict(made, ratio=ratio, naive=naive)), distances(verdict(made), style.blank(3.2, 4.2))):
        assert made.overlapping(ax) == []
        assert made.outside(ax) == []


def test_marks_stand_at_multiples_of_what_chance_gives(made: Any) -> None:
    (panel,) = distances(verdict(made)).child_axes
    squares = [float(np.asarray(line.get_xdata())[0]) for line in panel.lines if line.get_marker() == "s"]
    crosses = [float(np.asarray(line.get_xdata())[0]) for line in panel.lines if line.get_marker() == "x"]
    assert squares == pytest.approx([1.5] * 5)
    assert crosses == pytest.approx([9.0] * 4)  # nobody says when customers of the plainest model come
    low, high = panel.get_xlim()
    assert low < 0.8
    assert high > 9.0
    assert panel.get_xscale() == "log"


def test_nothing_is_a_sentence(made: Any) -> None:
    ax = distances(SimpleNamespace(distances=(), check=made.check()))  # type: ignore[arg-type]
    assert "nothing to compare" in ax.texts[0].get_text().replace("\n", " ")


def test_the_pictures_of_a_verdict_have_words(made: Any) -> None:
    fitted, far = judged(verdict(made))
    assert (fitted.name, far.name) == ("fit", "distances")
    assert "which stage follows which 1.5" in far.alt
    assert "whole curve at once" in fitted.caption
    assert far.png.startswith(b"\x89PNG")
