"""Draws docs/images/levers.png and sensitivity.png, both of engagement-models: `python docs/pictures/hangs_on.py`.

Some minutes: what each lever of the hybrid model brings and costs, and what success managers hang on.
"""

import sys
from pathlib import Path

import sojourn as sj
from sojourn.plots import tornado, waterfall

IMAGES = Path(__file__).parents[1] / "images"
REPLICATIONS = 6


def main() -> None:
    """Take the hybrid model apart by lever, and move the numbers that success managers hang on."""
    scenario = sj.load("engagement-models")
    beside = sj.twins(scenario, ["today", "hybrid"], replications=REPLICATIONS, show=1)
    (IMAGES / "levers.png").write_bytes(waterfall.picture(beside.decomposition, scenario).png)
    hanging = sj.sensitivity(scenario, ["today", "success_manager"], replications=REPLICATIONS)
    (IMAGES / "sensitivity.png").write_bytes(tornado.picture(hanging).png)
    sys.stdout.write(f"{beside.sentence}\n{hanging.sentence}\n")


if __name__ == "__main__":
    main()
