"""Files of `--out`: whole or not at all, columns and order as documented, no way out of the folder."""

import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from numpy.typing import NDArray
from pyarrow import parquet

from sojourn import eventlog
from sojourn.eventlog import EventLog
from sojourn.output import encode, staged, write_text
from sojourn.scenarios.faults import Faults
from sojourn.sim.journeys import Customers, Events, Journeys
from sojourn.sim.recording import contacts

EVENT_COLUMNS = {
    "strategy": "VARCHAR",
    "replication": "INTEGER",
    "customer": "BIGINT",
    "sequence": "BIGINT",
    "stage": "VARCHAR",
    "from_stage": "VARCHAR",
    "time": "DOUBLE",
    "segment": "VARCHAR",
    "source": "VARCHAR",
}


def journeys(strategy: str, replication: int) -> Journeys:
    """Customer 0 arrives on day 0 and moves on day 5; invites customer 2^40, who comes on day 1 and moves on day 3."""
    customer = np.array([0, 0, 2**40, 2**40], dtype=np.int64)
    stage = np.array([0, 1, 0, 1], dtype=np.int16)
    nothing = np.zeros(4)
    events = Events(
        customer,
        np.array([0, 1, 0, 1], dtype=np.int64),
        stage,
        np.array([0.0, 5.0, 1.0, 3.0]),
        nothing,
        nothing,
        np.zeros(4, dtype=np.int64),
        np.full(4, np.nan),
        contacts(0),
    )
    customers = Customers(
        np.array([0, 2**40]),
        np.array([0.0, 1.0]),
        np.zeros(2, dtype=np.int16),
        np.array([0, 1], dtype=np.int8),
        np.array([-1, 0]),
        np.array([0, 0]),
        np.array([0.5, -0.5]),
        np.array([np.nan, 0.25]),
        np.array([np.nan, 71.0]),
        np.array([np.nan, 72.0]),
        np.array([np.nan, 0.6]),
    )
    return Journeys(strategy, replication, ("it's", "gone"), ("all",), 10.0, events, customers)


def written(folder: Path) -> tuple[Path, Path]:
    with EventLog(folder) as log:
        for strategy in ("A first", "today"):
            for replication in (0, 1):
                log(journeys(strategy, replication))
        names = log.close()
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    return folder / "events.parquet", folder / "customers.parquet"


def read(path: Path, query: str) -> list[tuple[object, ...]]:
    pattern = "".join(f"[{c}]" if c in "*?[" else c for c in str(path))
    return duckdb.connect().execute(query, {"path": pattern}).fetchall()


def test_event_columns_are_those_of_the_design(tmp_path: Path) -> None:
    events, _ = written(tmp_path)
    described = read(events, "DESCRIBE SELECT * FROM read_parquet($path)")
    assert {name: kind for name, kind, *_ in described} == EVENT_COLUMNS
    assert [name for name, *_ in described] == list(EVENT_COLUMNS)


def test_events_are_sorted_and_say_where_they_come_from(tmp_path: Path) -> None:
    events, _ = written(tmp_path)
    rows = read(events, "SELECT * FROM read_parquet($path)")
    assert rows == sorted(rows, key=lambda r: (r[0], r[1], r[6], r[2], r[3]))
    assert rows[:3] == [
        ("A first", 0, 0, 0, "it's", None, 0.0, "all", "arrival"),
        ("A first", 0, 2**40, 0, "it's", None, 1.0, "all", "referral"),
        ("A first", 0, 2**40, 1, "gone", "it's", 3.0, "all", "referral"),
    ]
    assert len(rows) == 16


def test_customers_have_null_where_nothing_is(tmp_path: Path) -> None:
    _, customers = written(tmp_path)
    query = "SELECT customer, inviter, satisfaction, frailty FROM read_parquet($path) LIMIT 2"
    assert read(customers, query) == [(0, None, None, 0.5), (2**40, 0, 71.0, -0.5)]


def many(customers: int, segments: int) -> Journeys:
    """Customers with one to four stays, times that tie, some invited, and half without satisfaction."""
    random = np.random.default_rng(5)
    stays = random.integers(1, 5, customers)
    ids = np.sort(random.choice(2**40, customers, replace=False))
    sequence = np.concatenate([np.arange(n, dtype=np.int32) for n in stays])
    arrived = random.integers(0, 30, customers).astype(float)
    nothing = np.zeros(sequence.size)
    events = Events(
        np.repeat(ids, stays),
        sequence,
        random.integers(0, 3, sequence.size).astype(np.int16),
        np.repeat(arrived, stays) + sequence,
        nothing,
        nothing,
        np.zeros(sequence.size, dtype=np.int64),
        np.full(sequence.size, np.nan),
        contacts(0),
    )
    unknown = np.broadcast_to(np.nan, customers)
    people = Customers(
        ids,
        arrived,
        random.integers(0, segments, customers).astype(np.int16)
        if segments > 1
        else np.broadcast_to(np.int16(0), customers),
        np.broadcast_to(np.int8(0), customers),
        np.where(random.random(customers) < 0.5, -1, ids[0]),
        ids,
        np.broadcast_to(0.0, customers),
        unknown,
        np.where(random.random(customers) < 0.5, np.nan, random.random(customers)),
        unknown,
        unknown,
    )
    return Journeys("one", 3, ("a", "b", "c"), ("x", "y")[:segments], 40.0, events, people)


def told(values: NDArray[np.float64]) -> list[Any]:
    """What a file says of numbers: nothing where they are not defined."""
    return [None if value != value else value for value in values.tolist()]


@pytest.mark.parametrize("segments", [1, 2])
@pytest.mark.parametrize("rows", [1, 7, 64, 100_000])
def test_files_hold_the_journeys_however_they_are_sliced(
    rows: int, segments: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eventlog, "SLICE", rows)
    lived = [many(customers, segments) for customers in (200, 64, 1)]
    with EventLog(tmp_path) as log:
        for journeys in lived:
            log(journeys)
    expected: dict[str, dict[str, list[Any]]] = {"events": {}, "customers": {}}
    for journeys in lived:
        order, events, people = journeys.by_time(), journeys.events, journeys.customers
        who, segment = journeys.who[order], np.array(journeys.segments)[people.segment]
        stages = np.array([*journeys.stages, None])
        run: dict[str, Any] = {"strategy": ["one"], "replication": [3]}
        columns: dict[str, dict[str, Any]] = {
            "events": {
                **{name: values * order.size for name, values in run.items()},
                "customer": events.customer[order].tolist(),
                "sequence": events.sequence[order].tolist(),
                "stage": stages[events.stage[order]].tolist(),
                "from_stage": stages[journeys.from_stage[order]].tolist(),
                "time": events.time[order].tolist(),
                "segment": segment[who].tolist(),
                "source": ["arrival"] * order.size,
            },
            "customers": {
                **{name: values * segment.size for name, values in run.items()},
                "customer": people.customer.tolist(),
                "arrived": people.arrived.tolist(),
                "segment": segment.tolist(),
                "source": ["arrival"] * segment.size,
                "inviter": [None if one < 0 else one for one in people.inviter.tolist()],
                "root": people.root.tolist(),
                **{name: told(getattr(people, name)) for name in people._fields[6:]},
            },
        }
        for file, made in columns.items():
            for name, values in made.items():
                expected[file].setdefault(name, []).extend(values)
    for file, wanted in expected.items():
        path = tmp_path / f"{file}.parquet"
        assert parquet.read_table(path).to_pydict() == wanted
        names = ", ".join(f'"{name}"' for name in wanted)
        assert read(path, f"SELECT {names} FROM read_parquet($path)") == list(zip(*wanted.values(), strict=True))


def test_pandas_reads_what_is_written(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    events, customers = (pandas.read_parquet(path) for path in written(tmp_path))
    assert events["customer"].tolist()[:3] == [0, 2**40, 2**40]
    assert events["from_stage"].isna().tolist()[:3] == [True, True, False]
    assert {name: str(kind) for name, kind in events.dtypes.items() if kind.kind != "O"} == {
        "replication": "int32",
        "customer": "int64",
        "sequence": "int64",
        "time": "float64",
    }
    assert customers["information"].tolist()[1::2] == [0.6] * 4


def test_only_what_may_be_nothing_may_be_null(tmp_path: Path) -> None:
    events, customers = (parquet.read_schema(path) for path in written(tmp_path))
    assert [field.name for field in events if field.nullable] == ["from_stage"]
    maybe = ["inviter", "value", "satisfaction", "expectation", "information"]
    assert [field.name for field in customers if field.nullable] == maybe


def test_the_same_journeys_give_the_same_bytes_in_any_folder(tmp_path: Path) -> None:
    plain, odd = tmp_path / "plain", tmp_path / "o'dd [1] *?"
    for folder in (plain, odd):
        folder.mkdir()
    for one, other in zip(written(plain), written(odd), strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "results"
    with staged(str(target)) as folder:
        (folder / "measures.json").write_text("{}")
        assert not target.exists()
    assert [path.name for path in target.iterdir()] == ["measures.json"]
    assert os.listdir(target.parent) == ["results"]


def test_an_interrupted_run_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "results"
    target.mkdir()
    (target / "measures.json").write_text("old")
    staging = staged(str(target))
    folder = staging.__enter__()
    (folder / "measures.json").write_text("new")
    assert not staging.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert (target / "measures.json").read_text() == "old"
    assert os.listdir(tmp_path) == ["results"]


def test_what_a_killed_command_left_is_swept_and_what_others_work_in_is_not(tmp_path: Path) -> None:
    names = ("dead", "working", "fresh")
    dead, working, fresh = (tmp_path / f".sojourn-unfinished-{name}" for name in names)
    mine = tmp_path / ".sojourn-results"
    for folder in (dead, working, fresh, mine):
        folder.mkdir()
        (folder / "events.parquet").write_text("half")
    for folder in (dead, working, mine):
        os.utime(folder, (time.time() - 3600.0,) * 2)
    handle = os.open(working, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with staged(str(tmp_path / "out")) as folder:
        (folder / "report.html").write_text("whole")
    os.close(handle)
    left = {one.name for one in tmp_path.iterdir()}
    assert left == {working.name, fresh.name, mine.name, "out"}


def test_pictures_of_an_earlier_run_go_and_foreign_files_stay(tmp_path: Path) -> None:
    target = tmp_path / "results"
    with staged(str(target)) as folder:
        (folder / "old.png").write_text("")
        outside = ["old.png", "../outside.txt", "..", "manifest.json", 7]
        (folder / "manifest.json").write_text(json.dumps({"files": outside}))
    (target / "notes.txt").write_text("mine")
    (tmp_path / "outside.txt").write_text("mine")
    with staged(str(target)) as folder:
        (folder / "manifest.json").write_text("{}")
    assert sorted(os.listdir(target)) == ["manifest.json", "notes.txt"]
    assert (tmp_path / "outside.txt").exists()


def test_a_link_inside_the_folder_is_replaced_and_not_followed(tmp_path: Path) -> None:
    target, precious = tmp_path / "results", tmp_path / "precious.json"
    target.mkdir()
    precious.write_text("mine")
    (target / "measures.json").symlink_to(precious)
    with staged(str(target)) as folder:
        (folder / "measures.json").write_text("new")
    assert precious.read_text() == "mine"
    assert (target / "measures.json").read_text() == "new"


@pytest.mark.parametrize("name", ["", "a\0b", "a\udcffb", "x" * 300])
def test_names_that_no_file_can_have_are_refused(name: str, tmp_path: Path) -> None:
    target = str(tmp_path / name) if name else ""
    with pytest.raises(Faults), staged(target):
        pass
    with pytest.raises(Faults):
        write_text(target, "")


def test_a_full_disk_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Faults, match="no space left on device"), staged(str(tmp_path / "results")):
        raise OSError(28, "No space left on device")
    assert os.listdir(tmp_path) == []


def test_json_refuses_what_is_no_number() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode({"mean": float("nan")})
