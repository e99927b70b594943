"""How long the whole decision page of `first.toml` takes: 3 strategies, 200 draws, 2 lives each, report and pictures.

`python -m benchmarks.decision_page` (or `make decision`) writes the page into a folder of its own and prints seconds of the clock
and of processors, as `sojourn worth docs/examples/first.toml --out decision` takes them, start of the program included. The
engine is compiled beforehand, by a first run that is not counted.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FIRST = Path(__file__).parents[1] / "docs" / "examples" / "first.toml"
MOST = 60.0  # seconds on two processors


def main() -> int:
    """Print what it takes; 1 where that is longer than it may be."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "sojourn", "worth", str(FIRST), "--out", str(Path(folder) / "decision")]
        subprocess.run([*command, "--draws", "20", "--customers", "100"], check=True, capture_output=True)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begun = time.perf_counter()
        told = subprocess.run(command, check=True, capture_output=True, text=True)
        clock = time.perf_counter() - begun
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        size = sum(path.stat().st_size for path in (Path(folder) / "decision").iterdir())
    print(told.stdout.splitlines()[0])
    print(
        f"{clock:.1f} seconds, {used:.1f} of processors, {size / 1e6:.1f} MB; at most {MOST:g} seconds on two processors"
    )
    return int(clock > MOST)


if __name__ == "__main__":
    sys.exit(main())
