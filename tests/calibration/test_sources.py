"""Whatever holds a table of events gives the same stays; and no log makes calibration read or write anything else."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

import sojourn as sj
from sojourn.calibration import logs
from sojourn.calibration.logs import Log
from sojourn.calibration.mapping import read_mapping
from sojourn.scenarios.faults import Faults

ROWS = [
    ("k1", "2017-01-01T10:00:00", "a"),
    ("k2", "2017-01-02T00:00:00", "a"),
    ("k1", "2017-01-04T12:30:00", "b"),
    ("k2", "2017-01-09T00:00:00", "e"),
    ("k3", "2017-01-05T06:00:00", "a"),
]
MAPPING = (
    'customer = "who"\ntime = "when"\nevent = "what"\nobserved_until = 2017-01-31\n'
    '[stages]\na = "a"\nb = "b"\n[ends]\ne = "e"\n'
)
CSV = "who,when,what\n" + "".join(",".join(row) + "\n" for row in ROWS)
JSON = "".join(json.dumps(dict(zip(("who", "when", "what"), row, strict=True))) + "\n" for row in ROWS)
QUERY = '[log]\nquery = "select who, moment as \\"when\\", what from happened order by n"\n'


def xes(rows: list[tuple[str, str, str]] = ROWS, more: str = "") -> str:
    traces = ""
    for who in dict.fromkeys(row[0] for row in rows):
        events = "".join(
            f'<event><string key="concept:name" value="{what}"><string key="inner" value="no"/></string>'
            f'<date key="time:timestamp" value="{when}+00:00"/></event>'
            for one, when, what in rows
            if one == who
        )
        traces += f'<trace><string key="concept:name" value="{who}"/>{events}</trace>'
    head = '<global scope="event"><string key="concept:name" value="x"/></global>'
    return f'<?xml version="1.0" encoding="UTF-8"?>{more}<log xes.version="1.0" xmlns="http://x">{head}{traces}</log>'


XES = (
    MAPPING.replace('"who"', '"case:concept:name"')
    .replace('"when"', '"time:timestamp"')
    .replace('"what"', '"concept:name"')
)


def told(log: Log) -> list[tuple[str, str, float, float, int]]:
    s = log.stays
    return [
        (log.customers[s.customer[k]], log.stages[s.stage[k]], s.entry[k], s.until[k], s.following[k])
        for k in range(s.stage.size)
    ]


def database(path: Path) -> Path:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE happened (n INTEGER, who VARCHAR, moment TIMESTAMP, what VARCHAR)")
        connection.executemany("INSERT INTO happened VALUES (?, ?, ?, ?)", [(k, *row) for k, row in enumerate(ROWS)])
    return path


@pytest.fixture
def expected(written: Any) -> list[tuple[str, str, float, float, int]]:
    return told(logs.read(*written(CSV, MAPPING)))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("name", "text", "mapping"),
    [
        ("log.csv", CSV, MAPPING),
        ("bom.csv", "\ufeff" + CSV, MAPPING),
        ("semicolons.txt", CSV.replace(",", ";"), MAPPING),
        ("windows.csv", CSV.replace("\n", "\r\n"), MAPPING),
        ("log.jsonl", JSON, MAPPING),
        ("blank.ndjson", JSON.replace("}\n", "}\n\n"), MAPPING),
        ("list.json", "[" + ",".join(JSON.splitlines()) + "]", MAPPING),
        ("log.xes", xes(), XES),
    ],
)
def test_files_of_all_kinds_give_the_same_stays(
    name: str, text: str, mapping: str, packed: bool, tmp_path: Path, expected: Any
) -> None:
    path = tmp_path / (f"{name}.gz" if packed else name)
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    assert told(logs.read(path, read_mapping(mapping))) == expected


def test_a_database_with_a_query_gives_the_same_stays(tmp_path: Path, expected: Any) -> None:
    assert told(logs.read(database(tmp_path / "log.duckdb"), read_mapping(MAPPING + QUERY))) == expected


def test_tables_from_python_give_the_same_stays(expected: Any) -> None:
    columns = dict(zip(("who", "when", "what"), map(list, zip(*ROWS, strict=True)), strict=True))
    arrow = pa.table({**columns, "when": pa.array(columns["when"]).cast(pa.timestamp("us"))})
    tables: list[Any] = [
        arrow,
        arrow.to_batches()[0],
        arrow.cast(arrow.schema.set(1, pa.field("when", pa.timestamp("ns")))),
    ]
    tables += [pa.table({**columns, "what": pa.array(columns["what"]).dictionary_encode()})]
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(columns)
    tables += [frame, frame.assign(when=pandas.to_datetime(frame["when"]), what=frame["what"].astype("category"))]
    for table in tables:
        assert told(logs.read(table, read_mapping(MAPPING))) == expected


def test_calibrate_takes_a_table(planted: Any) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(planted.rows[:3_000], columns=["who", "when", "what"])
    found = sj.calibrate(frame, planted.mapping, holdout=0.0)
    assert found.log.source == "the table"
    assert found.log.counts["rows read"] == 3_000
    assert found.fit.scenario().stages


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_csv('{other}')",
        "select * from '{other}'",
        "select * from read_text('{other}')",
        "select * from glob('{folder}/*')",
    ],
)
def test_a_query_reads_no_other_file(query: str, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text(CSV)
    asked = query.format(other=other, folder=tmp_path)
    with pytest.raises(Faults, match=r"log\.query: cannot be run"):
        logs.read(database(tmp_path / "log.duckdb"), read_mapping(MAPPING + f'[log]\nquery = "{asked}"\n'))


@pytest.mark.parametrize(
    "query",
    [
        "copy happened to '{folder}/stolen.csv'",
        "drop table happened",
        "select 1; drop table happened",
        "attach '{folder}/new.duckdb'",
        "set enable_external_access = true",
        "pragma database_list",
        "insert into happened values (9, 'k', now(), 'a')",
    ],
)
def test_a_query_is_one_select(query: str, tmp_path: Path) -> None:
    path = database(tmp_path / "log.duckdb")
    before = path.read_bytes()
    with pytest.raises(Faults, match="is not one SELECT"):
        logs.read(path, read_mapping(MAPPING + f'[log]\nquery = "{query.format(folder=tmp_path)}"\n'))
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["log.duckdb"]


def test_a_query_may_end_in_a_comment_or_a_semicolon(tmp_path: Path, expected: Any) -> None:
    path = database(tmp_path / "log.duckdb")
    for end in (";", " -- all of them", "; "):
        asked = QUERY.replace('by n"', f'by n{end}"')
        assert told(logs.read(path, read_mapping(MAPPING + asked))) == expected


BOMB = '<!DOCTYPE log [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        (xes(more=BOMB), "declares a document type"),
        (xes(more='<!DOCTYPE log SYSTEM "file:///etc/passwd">'), "declares a document type"),
        (xes().replace("</log>", ""), "is no sound XML: no element found"),
        ("<html><body>an error page</body></html>", "begins with <html>"),
        (xes().replace("time:timestamp", "when"), "no event has a time:timestamp"),
        (xes([]), "has no traces"),
        ("<log>" + "<container>" * 200, "elements lie more than 64 deep"),
        (xes().replace("&", "").replace("<event>", "<event>&unknown;", 1), "is no sound XML: undefined entity"),
    ],
)
def test_broken_or_hostile_xes_is_refused(text: str, sign: str, tmp_path: Path) -> None:
    path = tmp_path / "log.xes"
    path.write_text(text)
    with pytest.raises(Faults, match=sign):
        logs.read(path, read_mapping(XES))


def test_a_large_xes_is_packed_batch_by_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sojourn.calibration import xes as reader

    monkeypatch.setattr(reader, "BATCH", 2)
    path = tmp_path / "log.xes"
    path.write_text(xes().replace('value="e">', 'value="e"><float key="cost" value="3"/>'))
    table = reader.xes_table(path, "log.xes", False)
    assert table.num_rows == len(ROWS)
    assert set(table.column_names) == {"case:concept:name", "concept:name", "time:timestamp"}


def test_conditions_compare_columns_of_any_kind() -> None:
    table = pa.table(
        {"who": [1, 1, 1, 2], "when": [0.0, 1.0, 2.0, 0.0], "what": ["o", "o", "o", "o"], "amount": [5, 150, None, 7]}
    )
    mapping = (
        'customer = "who"\ntime = "when"\nevent = "what"\nobserved_until = 9\n[stages]\n'
        'large = { event = "o", where = "amount >= 100" }\nsmall = "o"\n'
    )
    log = logs.read(table, read_mapping(mapping))
    assert [log.stages[k] for k in log.stays.stage] == ["small", "large", "small", "small"]
    assert np.array_equal(log.stays.entry, [0.0, 1.0, 2.0, 0.0])


def test_the_mapping_of_the_docs_is_valid() -> None:
    page = (Path(__file__).parents[2] / "docs" / "event-logs.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL)
    mapping = read_mapping(block)
    assert mapping.names == ("visited", "browsing", "large", "small", "again", "left")
    assert mapping.asked == {"amount": "stages.large.where", "channel": "stages.large.where"}
