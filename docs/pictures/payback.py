"""Draws the picture of docs/compare.md, docs/images/payback.png: `python docs/pictures/payback.py`."""

import sys
from pathlib import Path

import sojourn as sj
from sojourn.plots import style
from sojourn.plots.payback import payback

DOCS = Path(__file__).parent.parent
PICTURE = DOCS / "images" / "payback.png"


def main() -> None:
    """Draw when the strategies of the coffee subscription pay back, as `sojourn compare --out` does."""
    scenario = sj.load(str(DOCS / "examples" / "coffee.toml"))
    figure = payback(sj.payback(scenario, delays=()), currency=scenario.about.currency).get_figure(root=True)
    assert figure is not None
    PICTURE.write_bytes(style.png(figure, title="When strategies pay back, against today"))
    sys.stdout.write(f"{PICTURE}\n")


if __name__ == "__main__":
    main()
