from pathlib import Path
from typing import Any

import pytest

from sojourn.plots import style
from sojourn.plots.pictures import figures, pictures, save


def two(made: Any) -> Any:
    return made.comparison({"service first! - today": {"profit": made.about(5.0)}})


def test_all_pictures_of_a_comparison_are_saved(made: Any, tmp_path: Path) -> None:
    saved = pictures(two(made), tmp_path / "new" / "folder", check=made.check())
    names = ["differences", "retention", "returning"]
    names += [f"{what}-{who}" for who in ("today", "service-first") for what in ("funnel", "flow", "occupancy")]
    assert [path.stem for path in saved] == [*names, "fit"]
    assert sorted(saved) == sorted((tmp_path / "new" / "folder").iterdir())  # nothing else is left there
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in saved)


def test_one_strategy_alone_needs_no_name(made: Any, tmp_path: Path) -> None:
    result = two(made).result
    alone = made.SimpleNamespace(scenario=result.scenario, outcomes={"today": result.outcomes["today"]})
    assert [path.name for path in pictures(alone, tmp_path)] == [
        "retention.png",
        "returning.png",
        "funnel.png",
        "flow.png",
        "occupancy.png",
    ]


def test_names_of_strategies_stay_inside_the_folder_and_apart(made: Any, tmp_path: Path) -> None:
    outcome = two(made).result.outcomes["today"]
    odd = ["../../etc", "etc", "ETC", "購入", "離脱"]
    result = made.SimpleNamespace(scenario=made.scenario(made.FIRST), outcomes=dict.fromkeys(odd, outcome))
    names = [one.name for one in figures(result)]
    assert len(set(names)) == len(names)
    assert all("/" not in name and "." not in name for name in names)


def test_a_failure_leaves_no_file(made: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []

    def fail(figure: Any, title: str = "") -> bytes:
        drawn.append(title)
        if len(drawn) == 4:
            raise RuntimeError("full")
        return b"x"

    monkeypatch.setattr(style, "png", fail)
    with pytest.raises(RuntimeError):
        pictures(two(made), tmp_path)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(style, "png", lambda figure, title="": b"x")
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("gone")))
    with pytest.raises(OSError, match="gone"):
        pictures(two(made), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_each_picture_says_how_to_read_it_and_what_it_shows(made: Any) -> None:
    for one in figures(two(made), check=made.check()):
        assert one.title
        assert 1 <= one.caption.count(". ") + 1 <= 3
        assert len(one.alt) > 20
    names = {one.name: one for one in figures(two(made))}
    assert "awareness 97.0 %" in names["funnel-today"].alt
    assert "awareness to lapsed" in names["flow-today"].alt


def test_a_picture_is_rendered_once(made: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[str] = []

    def png(figure: Any, title: str = "") -> bytes:
        rendered.append(title)
        return b"x"

    monkeypatch.setattr(style, "png", png)
    drawn = figures(two(made))
    paths = save(drawn, tmp_path)
    assert [one.png for one in drawn] == [path.read_bytes() for path in paths] == [b"x"] * len(drawn)
    assert rendered == [one.title for one in drawn]


def test_the_same_result_gives_the_same_bytes(made: Any, tmp_path: Path) -> None:
    first = [path.read_bytes() for path in pictures(two(made), tmp_path / "a")]
    assert [path.read_bytes() for path in pictures(two(made), tmp_path / "b")] == first
