"""`python -m benchmarks`: measure, print, and write RESULTS.md."""

import argparse
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from shutil import which

from benchmarks import calibration, commands, growth, side_by_side, workers
from benchmarks.peers.lineup import PEERS
from benchmarks.tables import Section, page

PARTS = ("peers", "growth", "workers", "commands", "calibration")
PACKAGES = ("sojourn", "numpy", "numba", "simpy", "ciw", "cimba")
RESULTS = Path(__file__).with_name("RESULTS.md")


def processor() -> str:
    """The processor's name and how many of it can be used."""
    name = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        models = [
            line.split(":", 1)[1].strip()
            for line in information.read_text().splitlines()
            if line.startswith("model name")
        ]
        name = f"{models[0]} ({len(models)} cores)" if models else name
    return name


def versions() -> str:
    """What takes part, with versions."""
    found = [f"Python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    if which("gcc"):
        found.append(
            subprocess.run(["gcc", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
        )
    return ", ".join(found)


def measured(part: str, rounds: int, quick: bool) -> list[Section]:
    """The sections of one part."""
    few = min(rounds, 3)
    if part == "peers":
        peers = [peer._replace(customers=peer.customers // 10) for peer in PEERS] if quick else PEERS
        times, missing = side_by_side.measure(peers, rounds)
        side_by_side.check(peers, times, rounds)
        return side_by_side.sections(peers, times, missing, rounds)
    if part == "growth":
        return [growth.section(few, 100_000 if quick else 1_000_000)]
    if part == "workers":
        return workers.sections(few, 1_000_000, 4 if quick else 16)
    if part == "calibration":
        return [calibration.section((100_000, 1_000_000) if quick else calibration.SIZES)]
    return commands.sections(rounds, 1 if quick else 2, 100_000 if quick else 1_000_000)


def main() -> int:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Engines side by side; see benchmarks/__init__.py."
    )
    parser.add_argument(
        "--quick", action="store_true", help="two rounds and a tenth of the customers; RESULTS.md is left alone"
    )
    parser.add_argument("--rounds", type=int, help="interleaved rounds (7; quick: 2)")
    parser.add_argument(
        "--only", choices=PARTS, action="append", help="one part; may be repeated; RESULTS.md is left alone"
    )
    asked = parser.parse_args()
    rounds = asked.rounds or (2 if asked.quick else 7)
    heading = [f"{datetime.now(UTC):%Y-%m-%d}, {processor()}.", "", f"{versions()}."]
    if asked.quick:
        heading += ["", "A quick run: a tenth of the customers, few rounds. Not to be quoted."]
    sections: list[Section] = []
    try:
        for part in asked.only or PARTS:
            sections += measured(part, rounds, asked.quick)
    except side_by_side.Disagreement as error:
        print(error, file=sys.stderr)
        return 1
    load = os.getloadavg()[2]
    heading += [
        "",
        f"Load of the machine over the last quarter of an hour: {load:.1f}. Wall times suffer where it exceeds the cores.",
    ]
    text = page(heading, sections)
    print(text)
    if not asked.quick and not asked.only:
        RESULTS.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
