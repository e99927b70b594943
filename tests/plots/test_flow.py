from typing import Any

import numpy as np
import pytest
from matplotlib.path import Path

from sojourn.plots import style
from sojourn.plots.flow import flow
from sojourn.plots.river import THIN, River, lay


def river(made: Any, exits: Any, customers: float = 10_000.0) -> River:
    moves = {pair: e.mean for pair, e in made.moves(exits, customers).items()}
    stages = list(exits)
    ends = [n for n in made.scenario(exits).stages if n not in exits]
    return lay(stages, ends, moves, {}, names=1.2, end_names=dict.fromkeys(ends, 1.0), tallest=0.5, room=style.WIDTH)


@pytest.mark.parametrize("journey", ["FIRST", "THREE", "TWELVE"])
def test_no_words_overlap_or_leave_the_picture(made: Any, journey: str) -> None:
    exits = getattr(made, journey)
    ax = flow(made.moves(exits, 14_600), made.scenario(exits), waiting={n: made.about(120.0) for n in exits})
    assert made.overlapping(ax) == []
    assert made.outside(ax) == []


@pytest.mark.parametrize("seed", range(12))
def test_no_words_overlap_on_journeys_drawn_at_random(made: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    stages = [f"stage_{'x' * int(rng.integers(0, 25))}_{i}" for i in range(int(rng.integers(1, 13)))]
    ends = [f"end_{i}" for i in range(int(rng.integers(1, 4)))]
    exits = {}
    for name in stages:
        targets = rng.choice([*stages, *ends], size=min(3, len(stages) + len(ends)), replace=False)
        shares = rng.dirichlet(np.full(targets.size + 1, 0.5))
        exits[name] = dict(zip(map(str, targets), shares[1:], strict=True)) | {ends[0]: float(shares[0])}
    ax = flow(made.moves(exits, 10 ** rng.uniform(1, 7)), made.scenario(exits))
    assert made.overlapping(ax) == []
    assert made.outside(ax) == []


def test_every_stage_is_named_with_its_number(made: Any) -> None:
    ax = flow(made.moves(made.FIRST, 14_600), made.scenario(made.FIRST))
    words = " ".join(t for t, _ in made.texts(ax)).replace("\n", " ")
    for name in ("awareness", "post purchase", "lapsed", "churned", "14,600", "5,110", "9,490"):
        assert name in words


def test_widths_are_in_proportion_and_tiny_flows_stay_visible(made: Any) -> None:
    drawn = river(made, made.FIRST | {"awareness": {"consideration": 0.35, "lapsed": 0.64999, "advocacy": 0.00001}})
    wide = [r for r in drawn.ribbons if r.width > THIN]
    assert len(wide) > 5
    np.testing.assert_allclose([r.width / r.moves for r in wide], drawn.scale)
    assert min(r.width for r in drawn.ribbons) == THIN


def test_a_band_keeps_its_width_along_a_way_back(made: Any) -> None:
    for ribbon in river(made, made.FIRST).ribbons:
        if ribbon.kind == "back":
            np.testing.assert_allclose(np.hypot(*(ribbon.left - ribbon.right).T), ribbon.width)


def test_stages_run_down_in_their_order_and_ends_stand_to_the_right(made: Any) -> None:
    drawn = river(made, made.FIRST)
    downwards = [drawn.places[name].y for name in made.FIRST]
    assert downwards == sorted(downwards)
    for ribbon in drawn.ribbons:
        a, b = drawn.places[ribbon.source], drawn.places[ribbon.target]
        if ribbon.kind == "end":
            assert b.y > a.y
            assert b.x > drawn.start


@pytest.mark.parametrize("journey", ["FIRST", "TWELVE"])
def test_ways_back_cross_no_name(made: Any, journey: str) -> None:
    exits = getattr(made, journey)
    drawn = river(made, exits)
    backs = [r for r in drawn.ribbons if r.kind == "back"]
    assert backs
    for ribbon in backs:
        assert np.vstack([ribbon.left, ribbon.right])[:, 0].min() > 1.2  # right of the column of names
    ends = [p for p in drawn.places.values() if p.end]
    for ribbon in backs:
        outline = Path(np.vstack([ribbon.left, ribbon.right[::-1]]))
        assert not any(outline.contains_point((p.x + p.width + 0.3, p.y)) for p in ends)


def test_loops_of_a_stage_on_itself_and_one_stage_alone(made: Any) -> None:
    exits = {"only": {"only": 0.5, "gone": 0.5}}
    ax = flow(made.moves(exits, 100), made.scenario(exits))
    assert made.overlapping(ax) == []


def test_a_stage_that_mostly_returns_to_itself_stays_in_shape(made: Any) -> None:
    exits = {"trial": {"renewed": 0.3, "lapsed": 0.7}, "renewed": {"renewed": 0.93, "churned": 0.07}}
    drawn = river(made, exits)
    assert max(r.width for r in drawn.ribbons if r.kind == "back") <= 0.42
    assert drawn.height < 4.5
    ax = flow(made.moves(exits, 2000), made.scenario(exits))
    assert made.overlapping(ax) == []


def test_nothing_moved_is_a_sentence(made: Any) -> None:
    ax = flow({}, made.scenario(made.FIRST))
    assert "no flow to draw" in ax.texts[0].get_text().replace("\n", " ")
    undefined = {("awareness", "lapsed"): made.Estimate(None, None, None)}
    assert "no flow" in flow(undefined, made.scenario(made.FIRST)).texts[0].get_text()


def test_axes_that_are_given_are_used(made: Any) -> None:
    ax = style.blank(5.0)
    assert flow(made.moves(made.FIRST, 1000), made.scenario(made.FIRST), ax) is ax
    assert made.overlapping(ax) == []


def test_no_line_to_a_name_runs_through_a_number(made: Any) -> None:
    ax = flow(made.moves(made.FIRST, 500), made.scenario(made.FIRST), waiting={n: made.about(4.0) for n in made.FIRST})
    figure = made.drawn(ax)
    figure.draw_without_rendering()
    leaders = [line for line in ax.lines if line.get_color() == style.FAINT]
    assert len(leaders) == len(made.FIRST)
    numbers = [text for text in ax.texts if text.get_rotation() == 90.0]
    assert len(numbers) == 2  # both ways back have theirs
    for text in numbers:
        box = text.get_window_extent()
        for line in leaders:
            (x0, y), (x1, _) = ax.transData.transform(np.column_stack(line.get_data()))
            assert not (x0 < box.x1 and box.x0 < x1 and box.y0 < y < box.y1), text.get_text()
