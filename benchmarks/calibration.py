"""What `sojourn calibrate` takes on logs of up to 20 million events: seconds, memory, and how both grow."""

import os
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.processes import call, peak
from benchmarks.side_by_side import say
from benchmarks.tables import Figure, Section, figures
from benchmarks.workloads import HORIZON, WORKLOADS, document

EACH = 2.726  # events of a customer of W1
SIZES = (1_000_000, 5_000_000, 20_000_000)
SECONDS, BYTES, GROWTH = 60.0, 4e9, 1.0  # asked of 20 million events; time an event, against the smaller log
MAPPING = """\
customer = "customer"
time = "{time}"
event = "stage"
observed_until = {until}
[stages]
awareness = "awareness"
consideration = "consideration"
purchase = "purchase"
post_purchase = "post_purchase"
loyalty = "loyalty"
advocacy = "advocacy"
[ends]
churned = "churned"
[roles]
purchase = "purchase"
churned = "lost"
"""


class Taken(NamedTuple):
    """What one calibration took."""

    events: int
    seconds: float
    cpu: float
    reading: float
    peak: int


def written(folder: str, events: int, csv: bool) -> int:
    """A log of W1, simulated by our engine and written in the order of time; returns how many events it has."""
    import duckdb

    from sojourn.eventlog import EventLog
    from sojourn.scenarios.files import loads
    from sojourn.sim.run import run

    customers = round(events / EACH)
    scenario = loads(document(WORKLOADS["W1"], customers), "w1.toml")
    with EventLog(Path(folder)) as log:
        run(scenario, customers=customers, replications=1, seed=1, sink=log)
    parquet, target = f"{folder}/events.parquet", f"{folder}/events.csv"
    if csv:
        at = "strftime(TIMESTAMP '2025-01-01' + to_microseconds(CAST(time * 86400e6 AS BIGINT)), '%Y-%m-%d %H:%M:%S')"
        duckdb.execute(
            f"COPY (SELECT 'customer-' || customer AS customer, {at} AS moment, stage FROM '{parquet}') TO '{target}'"
        )
    until = "2026-12-31" if csv else repr(HORIZON)
    mapping = MAPPING.format(time="moment" if csv else "time", until=until)
    Path(folder, "map.toml").write_text(mapping)
    return int(duckdb.execute(f"SELECT count(*) FROM '{parquet}'").fetchall()[0][0])


def calibrated(log: str, mapping: str) -> dict[str, float]:
    """One calibration with its check: seconds on the wall and of CPU, and peak memory, bytes."""
    from sojourn.calibration.calibrate import calibrate

    begun, cpu = time.perf_counter(), time.process_time()
    found = calibrate(log, mapping)
    assert found.check is not None
    assert len(found.fit.stages) == 6
    return {"seconds": time.perf_counter() - begun, "cpu": time.process_time() - cpu, "peak": peak()}


def read(log: str, mapping: str) -> float:
    """Seconds of CPU that reading a log and sorting it into stays takes."""
    from sojourn.calibration import logs

    cpu = time.process_time()
    logs.read(log, mapping)
    return time.process_time() - cpu


def taken(events: int, csv: bool) -> Taken:
    """A log of about so many events, written and calibrated, each in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="sojourn-bench-") as folder:
        say(f"calibration: writing {events:,} events, {'CSV' if csv else 'Parquet'}")
        number = call("benchmarks.calibration:written", folder, events, csv)
        say(f"calibration: reading and fitting {number:,} events")
        files = os.path.join(folder, "events.csv" if csv else "events.parquet"), os.path.join(folder, "map.toml")
        got = call("benchmarks.calibration:calibrated", *files)
        reading = call("benchmarks.calibration:read", *files)
    return Taken(number, got["seconds"], got["cpu"], reading, int(got["peak"]))


def section(sizes: tuple[int, ...] = SIZES) -> Section:
    """Growth over `sizes`, and the largest again as CSV with times."""
    taken(20_000, False)  # compiles what the check simulates with, where that has not been done
    return told([taken(size, False) for size in sizes], taken(sizes[-1], True))


def told(runs: list[Taken], csv: Taken) -> Section:
    """The section of the page, from runs of growing size and one of the largest as CSV."""
    found: list[Figure] = []
    for one in (*runs, csv):
        what = f"{one.events:,} events, {'CSV with times' if one is csv else 'Parquet'}"
        asked = one.events >= 19_000_000
        found += [
            Figure(f"{what}, wall time", one.seconds, "{:.1f} s", None, SECONDS if asked else None),
            Figure(f"{what}, CPU time", one.cpu, "{:.1f} s"),
            Figure(f"{what}, CPU time of reading and sorting alone", one.reading, "{:.1f} s"),
            Figure(f"{what}, peak memory", one.peak / 1e9, "{:.2f} GB", None, BYTES / 1e9 if asked else None),
        ]
    small, large = runs[-2], runs[-1]
    what = f"CPU time an event, {large.events:,} to {small.events:,} events"
    ratio = (large.cpu / large.events) / (small.cpu / small.events)
    found.append(Figure(what, ratio, "{:.2f}", None, GROWTH))
    how = (
        "`sojourn.calibrate`: read, sort into stays, fit six stages with their exits, check on customers held out, and draw all "
        "numbers, in one process. The log is one run of W1 by our engine, in the order of time. The check has a cost of its own "
        "that does not grow with the log. CPU time counts both processors; wall time suffers from whatever else the machine does."
    )
    return figures("Calibration", how, found)
