"""Draws the picture of docs/scenarios/relationship.md: `python docs/pictures/relationship.py` (ten seconds)."""

import sys
from pathlib import Path

import sojourn as sj
from sojourn.plots import style
from sojourn.plots.differences import differences

PICTURE = Path(__file__).parents[1] / "images" / "relationship.png"
MEASURES = ("profit", "step.retention.cancelled", "step.retention.payment_failed")


def main() -> None:
    """Compare all strategies, as `sojourn compare relationship` does, and draw profit and the two doors out of a month."""
    comparison = sj.compare(sj.load("relationship"), workers=2)
    figure = differences(comparison, measures=MEASURES).get_figure(root=True)
    assert figure is not None
    PICTURE.write_bytes(style.png(figure, title="Seven strategies, and two doors by which people leave"))
    sys.stdout.write(f"{comparison.verdict.sentence}\n{PICTURE}\n")


if __name__ == "__main__":
    main()
