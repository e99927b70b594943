"""Draws the picture of the README, docs/images/compare.png: `python docs/picture.py` (a minute or two)."""

import sys
from pathlib import Path

import sojourn as sj
from sojourn.plots import style
from sojourn.plots.differences import differences

PICTURE = Path(__file__).parent / "images" / "compare.png"
MEASURES = ("profit", "conversion", "satisfaction")


def main() -> None:
    """Compare all strategies of the shipped scenario, as `sojourn compare point-of-no-return` does, and draw the differences."""
    comparison = sj.compare(sj.load("point-of-no-return"), workers=2)
    figure = differences(comparison, measures=MEASURES).get_figure(root=True)
    assert figure is not None
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_bytes(style.png(figure, title="What the strategies change, against today"))
    sys.stdout.write(f"{comparison.verdict.sentence}\n{PICTURE}\n")


if __name__ == "__main__":
    main()
