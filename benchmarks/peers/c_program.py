"""The limit: `limit.c`, which runs the algorithm of the compiled engine and nothing else; built by gcc when it is needed."""

import ctypes
import math
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers import Clock, Outcome
from benchmarks.workloads import HORIZON, NAMES, START, UNTIL_DAY, Workload

BUILD = ("gcc", "-O3", "-ffp-contract=off", "-shared", "-fPIC")
MAX_STAGES, MAX_EXITS = 8, 3
Log = dict[str, NDArray[Any]]


class CStage(ctypes.Structure):
    """`Stage` of limit.c."""

    _fields_ = (
        ("first", ctypes.c_double),
        ("sigma", ctypes.c_double),
        ("weight", ctypes.c_double * MAX_EXITS),
        ("odds", ctypes.c_double),
        ("slowness", ctypes.c_double * MAX_EXITS),
        ("exits", ctypes.c_int64),
        ("to", ctypes.c_int64 * MAX_EXITS),
    )


class CModel(ctypes.Structure):
    """`Model` of limit.c."""

    _fields_ = (
        ("horizon", ctypes.c_double),
        ("until_day", ctypes.c_double),
        ("expected", ctypes.c_double),
        ("stages", ctypes.c_int64),
        ("start", ctypes.c_int64),
        ("stage", CStage * MAX_STAGES),
        ("desk_stage", ctypes.c_int64),
        ("agents", ctypes.c_int64),
        ("silent", ctypes.c_double),
        ("handle", ctypes.c_double),
        ("patience", ctypes.c_double),
        ("per_day_waited", ctypes.c_double),
    )


class CLog(ctypes.Structure):
    """`Log` of limit.c."""

    _fields_ = (
        ("customer", ctypes.POINTER(ctypes.c_int64)),
        ("sequence", ctypes.POINTER(ctypes.c_int64)),
        ("stage", ctypes.POINTER(ctypes.c_int16)),
        ("time", ctypes.POINTER(ctypes.c_double)),
        ("rows", ctypes.c_int64),
        ("room", ctypes.c_int64),
    )


@cache
def library() -> Any:
    """The compiled program. Raises FileNotFoundError where there is no gcc."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "limit.so"
        source = Path(__file__).with_name("limit.c")
        subprocess.run([*BUILD, str(source), "-o", str(made), "-lm"], check=True)
        return ctypes.CDLL(str(made))


def model(workload: Workload, customers: int) -> CModel:
    """The workload as the C program reads it."""
    made = CModel(horizon=HORIZON, until_day=UNTIL_DAY, expected=customers / UNTIL_DAY * UNTIL_DAY)
    made.stages, made.start, made.desk_stage = len(NAMES), NAMES.index(START), -1
    for row, stage in zip(made.stage, workload.stages.values(), strict=False):
        row.first, row.sigma, row.exits = stage.first, stage.sigma, len(stage.exits)
        if stage.law == "lognormal":
            row.first = math.log(stage.first)
        for k, (to, share) in enumerate(stage.exits.items()):
            row.to[k], row.weight[k] = NAMES.index(to), math.log(share)
            row.slowness[k] = math.exp(-row.weight[k])
        row.odds = math.exp(row.weight[1] - row.weight[0])
    desk = workload.desk
    if desk is not None:
        days = desk.days(customers)
        made.desk_stage, made.agents = NAMES.index(desk.stage), desk.agents
        made.silent = math.exp(-math.log(desk.asks / (1.0 - desk.asks)))
        made.handle = made.patience = days
        made.per_day_waited = desk.per_mean_handle_waited / days
    return made


def log_of(workload: Workload, customers: int, seed: int) -> tuple[Log, float]:
    """The columns of the log in the order of writing, and CPU seconds."""
    program, log, asked = library(), CLog(), model(workload, customers)
    with Clock() as clock:
        program.simulate(ctypes.byref(asked), ctypes.c_uint32(seed), ctypes.c_int64(customers), ctypes.byref(log))
    columns = ("customer", "sequence", "stage", "time")
    copied = {name: np.ctypeslib.as_array(getattr(log, name), (log.rows,)).copy() for name in columns}
    program.release(ctypes.byref(log))
    return copied, clock.seconds


def run(workload: Workload, customers: int, seed: int) -> Outcome:
    """One replication."""
    log, seconds = log_of(workload, customers, seed)
    counts = np.bincount(log["stage"], minlength=len(NAMES))
    return Outcome(dict(zip(NAMES, counts.tolist(), strict=True)), seconds, log["time"].size)
