"""The picture of what more money buys."""

from types import SimpleNamespace
from typing import Any

import pytest

from sojourn.plots.frontier import frontier, picture
from sojourn.sim.estimates import Estimate


def optimum(made: Any, places: "list[tuple[float, float]]", gain: Estimate) -> Any:
    return SimpleNamespace(
        scenario=made.scenario(made.FIRST),
        measure="profit",
        frontier_measure="profit",
        mix={},
        spending=Estimate(places[-1][0], None, None),
        gain=gain,
        frontier=tuple(
            SimpleNamespace(spending=made.about(spent), figure=made.about(gained)) for spent, gained in places
        ),
    )


@pytest.mark.parametrize("size", [1e-5, 1.0, 1e6])
def test_no_words_overlap_and_no_two_ticks_read_alike(made: Any, size: float) -> None:
    places = [(0.0, 0.0), (0.6 * size, 0.3 * size), (1.1 * size, 0.42 * size)]
    ax = frontier(optimum(made, places, Estimate(0.4 * size, 0.2 * size, 0.6 * size)))
    assert made.overlapping(ax) == []
    assert made.outside(ax) == []
    for axis in (ax.xaxis, ax.yaxis):
        ticks = [label.get_text() for label in axis.get_ticklabels()]
        assert len(set(ticks)) == len(ticks) > 1


def test_the_chosen_mix_has_its_interval(made: Any) -> None:
    ax = frontier(optimum(made, [(0.0, 0.0), (50.0, 30.0)], Estimate(31.0, 11.0, 52.0)))
    assert [11.0, 52.0] in [[float(v) for v in list(line.get_ydata())] for line in ax.lines]  # type: ignore[arg-type]


def test_where_nothing_beats_the_baseline_there_is_a_sentence_and_no_empty_axis(made: Any) -> None:
    nothing = optimum(made, [(0.0, 0.0)], Estimate(0.0, 0.0, 0.0))
    ax = frontier(nothing)
    assert not ax.axison
    assert "Each point" not in picture(nothing).caption
    assert "No mix beats the baseline" in ax.texts[0].get_text()
