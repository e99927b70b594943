"""Logs as they come: exports that went wrong. Each message says which rows, how many, what stands there and what to do."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from sojourn.calibration import logs
from sojourn.calibration.mapping import load_mapping, read_mapping
from sojourn.calibration.suggest import suggest
from sojourn.scenarios.faults import Faults

COLUMNS = 'customer = "who"\ntime = "when"\nevent = "what"\n'
GOOD = COLUMNS + 'observed_until = 2017-02-01\n[stages]\na = ["a"]\nb = ["b"]\n[ends]\ne = ["e"]\n'
LOG = "who,when,what\n1,2017-01-01,a\n1,2017-01-04,b\n2,2017-01-02,a\n2,2017-01-09,e\n"
JSON = '{"who":1,"when":"2017-01-01","what":"a"}\n{"who":1,"when":"2017-01-04","what":"b"}\n'
AMOUNT = "who,when,what,amount\n1,2017-01-01,a,{}\n1,2017-01-04,b,7\n"
LARGE = GOOD.replace('["a"]', '{ event = "a", where = "amount >= 5" }')

CASES: dict[str, tuple[str | bytes, str, list[str]]] = {
    "day before month": (
        "who,when,what\n1,13.01.2017,a\n1,14.01.2017,b\n",
        GOOD,
        ["2 rows with a time that is neither", '"13.01.2017"', "or say how they are written, as in time_format"],
    ),
    "milliseconds": (
        "who,when,what\n1,1483228800000,a\n1,1483228900000,b\n",
        GOOD,
        ["2 rows with a time above 100,000 days", '"1483228800000"', "seconds or milliseconds"],
    ),
    "zones in some rows": (
        "who,when,what\n1,2017-01-01 10:00:00,a\n1,2017-01-04T10:00:00+01:00,b\n1,2017-01-05T10:00:00Z,a\n",
        GOOD,
        ["1 row with a time that names no zone (first in data row 1) beside 2 rows", "timezone ="],
    ),
    "no such day": (
        LOG.replace("01-04", "02-30"),
        GOOD,
        ["1 row with a time that is no date", "row 2", '"2017-02-30"'],
    ),
    "a bad row behind a quoted line break": (
        'who,when,what,note\n1,2017-01-01,a,"two\nlines"\n1,soon,b,x\n',
        GOOD,
        ["1 row with a time", "first in data row 2", '"soon"'],
    ),
    "a header in the middle": (LOG + LOG, GOOD, ["1 row repeats the header, first in data row 5", "put together"]),
    "another encoding, late": (
        (LOG * 3_000).replace("who,when,what\n", "").join(("who,when,what\n", "")).encode() + b"3,2017-01-05,caf\xe9\n",
        GOOD,
        ["line 12002", "is not UTF-8 text"],
    ),
    "another delimiter": (LOG.replace(",", "^"), GOOD, ["line 1: holds one cell", '"who^when^what"', "a semicolon"]),
    "no header": (LOG[LOG.index("\n") + 1 :], GOOD, ["line 1: looks like data", '"2017-01-01"', "put a line"]),
    "blank lines only": ("\n\n", GOOD, ["line 1: holds no names of columns"]),
    "a cell too many": (LOG + "3,2017-01-05,a,more\n", GOOD, ["line 6", "another number of cells"]),
    "customers missing": (LOG + ",2017-01-03,a\n,2017-01-04,b\n", GOOD, ["2 rows without a customer", "data row 5"]),
    "blanks around an event": (LOG.replace(",b", ",b "), GOOD, ['the event "b " means no stage', "take the blanks"]),
    "a spreadsheet": (b"PK\x03\x04[Content_Types].xml" + b"x" * 99, GOOD, ["is a zip or Excel file"]),
    "half a gzip": (gzip.compress(LOG.encode() * 1_000)[:-20], GOOD, ["breaks off or is damaged"]),
    "a gzip of nothing": (gzip.compress(b""), GOOD, ["is empty"]),
    "a broken JSON line": (JSON + '{"who":1,"when":"2017\n', GOOD, ["line 3", "is no JSON object"]),
    "a broken JSON line, late": (JSON * 5_000 + "oops\n", GOOD, ["line 10001", "is no sound JSON"]),
    "an empty list in JSON": ("[]\n", GOOD, ["holds no event: its objects are empty", "one object a line"]),
    "a list of empty objects": ("[{}, {}]", GOOD, ["holds no event: its objects are empty", "one object a line"]),
    "an empty object": ("{}", GOOD, ["holds no event: its objects are empty", "one object a line"]),
    "two kinds of line ends": (
        LOG.replace("\n", "\r\n", 2),
        GOOD,
        ["line 3: ends otherwise than the lines before it", "one kind of line ends"],
    ),
    "a decimal comma": (
        'who,when,what\n1,"1,5",a\n1,"4,25",b\n',
        GOOD.replace("2017-02-01", "9"),
        ["2 rows with a time", '"1,5"', "with a decimal point, as 15.4, not with a comma"],
    ),
    "a list of numbers": ("[1,2,3]", GOOD, ["holds something else than objects"]),
    "a key that no object has": (JSON.replace('"when"', '"whn"'), GOOD, ['no column "when"', 'did you mean "whn"?']),
    "no database": (
        b"\0" * 8 + b"DUCK" + b"\0" * 100,
        GOOD + '[log]\nquery = "select 1"\n',
        ["cannot be read as a DuckDB"],
    ),
    "a query for no database": (LOG, GOOD + '[log]\nquery = "select 1"\n', ["log.query", "nothing to query"]),
    "an amount that is none": (
        AMOUNT.format("x"),
        LARGE,
        ["column amount: 1 row", "is no number, first in data row 1"],
    ),
    "a condition that nothing meets": (AMOUNT.format(1), LARGE, ["means no stage where no condition holds (1 row"]),
    "a condition on no column": (
        LOG,
        LARGE.replace("amount", "amont"),
        ["stages.a.where: ", 'has no column "amont"'],
    ),
    "patterns that overlap": (
        LOG.replace(",a", ",ab"),
        GOOD.replace('["a"]', '{ pattern = "a*" }').replace('["b"]', '["b", { pattern = "*b" }]'),
        ['the event "ab" means "a" and "b" (2 rows, first in data row 1)', "narrower"],
    ),
    "watching that begins too late": (LOG, "observed_from = 2017-01-31\n" + GOOD, ["nobody"]),
    "watching turned round": (LOG, "observed_from = 2017-03-01\n" + GOOD, ["begins no earlier than it ends (4 rows"]),
    "two ends of watching": (
        "who,when,what,till\n1,2017-01-01,a,2017-02-01\n1,2017-01-02,b,2017-03-01\n",
        GOOD.replace("2017-02-01", '"till"'),
        ['more than one observed_until, for instance "1": "2017-02-02 00:00:00"'],
    ),
    "rows without a journey": (
        "who,when,what,trip\n1,2017-01-01,a,\n1,2017-01-02,b,t\n",
        'journey = "trip"\n' + GOOD,
        ["column trip: 1 row without a journey, first in data row 1"],
    ),
}
CASES["watching that begins too late"] = (*CASES["watching that begins too late"][:2], ["no customer was seen to move"])

MAPPINGS = {
    "a key below a table": (
        GOOD.replace("observed_until = 2017-02-01\n", "") + "observed_until = 200\n",
        [
            "ends.observed_until: is a key of the mapping, and TOML puts what stands below [ends] into it",
            "above the first",
        ],
    ),
    "all keys below a table": (
        GOOD.replace(COLUMNS, "") + COLUMNS,
        ["ends.customer: is a key of the mapping", "ends.time: is", "ends.event: is", 'customer = ["who"]'],
    ),
    "a key below a table, misspelt": (
        GOOD + "observd_from = 3\n",
        ["ends.observd_from", "did you mean observed_from?"],
    ),
    "a column below a table": (GOOD + 'segment = "age"\n', ["ends.segment: is a key", "above the first [table]"]),
    "a list below a table": (GOOD + 'ignore = ["x"]\n', ["ends.ignore: is a key of the mapping"]),
    "a key among the doses": (
        'arm = "g"\n' + GOOD + "[doses]\nx = 1\nhorizon_days = 9\n",
        ["doses.horizon_days: is a key of the mapping"],
    ),
    "too far a horizon": (
        "horizon_days = 1e9\n" + GOOD,
        ["horizon_days: 1000000000.0 does not fit", "at most 100,000"],
    ),
    "no such zone": (
        'timezone = "Europe/Berln"\n' + GOOD,
        ['timezone: "Europe/Berln" is no time zone', "Europe/Berlin"],
    ),
    "an offset is no zone": ('timezone = "+02:00"\n' + GOOD, ['"+02:00" is no time zone', "as in timezone ="]),
    "journeys told twice": (
        'journey = "trip"\nnew_journey_after_days = 3\n' + GOOD,
        ["new_journey_after_days has nothing to do"],
    ),
    "a journey begins at no stage": ('new_journey_on = "e"\n' + GOOD, ['new_journey_on: no stage named "e"']),
    "sessions for nothing": ("sessions = { gap_minutes = 30 }\n" + GOOD, ["sessions: changes nothing"]),
    "sessions of no length": ("sessions = { gap_minutes = 0 }\n" + GOOD, ["sessions: a table with 1 key does not fit"]),
    "a state of no stage": ('already = ["zz"]\n' + GOOD, ['already: the event "zz" means no stage']),
    "a condition that breaks off": (
        LARGE.replace(">= 5", ">="),
        ["stages.a.where: the condition ends", "character 10"],
    ),
    "an order of texts": (LARGE.replace("5", "'x'"), ['"x" has no order', "compare texts by =="]),
    "SQL in a condition": (LARGE.replace(">= 5", "; drop table rows"), ["is not part of a condition"]),
    "ignored by history": ('ignore = [{ event = "c", after = "a" }]\n' + GOOD, ["what is ignored has no history"]),
    "an empty query": (GOOD + '[log]\nquery = ""\n', ["log: a table with 1 key does not fit"]),
    "an event that is a table of nothing": (
        GOOD.replace('event = "what"', "event = { }", 1),
        ["event: an empty table"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_log_that_went_wrong_is_told_with_rows_and_remedy(name: str, tmp_path: Path) -> None:
    text, mapping, signs = CASES[name]
    path = tmp_path / "log.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(Faults) as caught:
        logs.read(path, read_mapping(mapping, "map.toml"))
    said = str(caught.value).replace(f"{tmp_path}/", "")
    assert all(sign in said for sign in signs), said
    assert all(fault.remedy and fault.file for fault in caught.value.faults)
    assert all(len(line) < 500 for line in said.splitlines())


@pytest.mark.parametrize("name", MAPPINGS)
def test_a_mapping_that_contradicts_itself_is_told(name: str) -> None:
    text, signs = MAPPINGS[name]
    with pytest.raises(Faults) as caught:
        read_mapping(text, "map.toml")
    said = str(caught.value)
    assert all(sign in said for sign in signs), said
    assert all(fault.remedy for fault in caught.value.faults)


def test_nothing_is_set_aside_without_a_count(tmp_path: Path) -> None:
    rows = ["1,0,a", "1,0,a", "1,3,b", "1,2,x", "1,9,a", "NULL,1,e", "2,4,a", "2,5,e", "2,6,e", "2,7,b"]
    rows += [f"{k},1,a\n{k},8,b" for k in range(10, 40)] + [f"{k},1,a\n{k},8,e" for k in range(40, 80)]
    path = tmp_path / "log.csv"
    path.write_text("who,when,what\n" + "\n".join(rows) + "\n")
    counts = (log := logs.read(path, read_mapping('ignore = ["x"]\n' + GOOD.replace("2017-02-01", "20")))).counts
    stays = counts["stays"]
    aside = ("rows ignored", "repeats within a stay", "rows after an end", "customers seen only at an end")
    assert counts["rows read"] == 150 == stays + sum(counts[key] for key in aside)
    assert counts["rows of one moment and stage"] == 1
    assert counts["rows behind a later one"] == 0  # the one that is ignored does not count
    assert any('the customer "NULL"' in note for note in log.notes)


def test_clocks_that_are_moved_do_not_make_days_longer(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(
        "who,when,what\n1,2017-03-25 12:00:00,a\n1,2017-03-26 12:00:00,b\n2,2017-10-28 12:00,a\n2,2017-10-29 12:00,b\n"
    )
    mapping = GOOD.replace("2017-02-01", "2017-10-31")
    plain = logs.read(path, read_mapping(mapping)).stays.days
    berlin = logs.read(path, read_mapping('timezone = "Europe/Berlin"\n' + mapping)).stays.days
    hour = 1.0 / 24.0
    assert plain[[0, 2]].tolist() == [1.0, 1.0]
    assert berlin[[0, 2]].tolist() == pytest.approx([1.0 - hour, 1.0 + hour], abs=1e-9)
    assert berlin[3] == pytest.approx(2.5, abs=1e-9)  # to the end of 31 October in Berlin
    # Dates alone are of no zone: their days stay whole.
    path.write_text("who,when,what\n1,2017-03-25,a\n1,2017-03-27,b\n")
    dates: Any = logs.read(path, read_mapping('timezone = "Europe/Berlin"\n' + mapping))
    assert dates.stays.days[0] == 2.0
    assert dates.resolution == 1.0


def test_an_hour_that_clocks_show_twice_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    rows = ["1,2017-10-29 01:30,a", "1,2017-10-29 02:30,b", "2,2017-10-29 02:30+02:00,a", "2,2017-10-29 03:30,b"]
    path.write_text("who,when,what\n" + "\n".join(rows) + "\n")
    log = logs.read(path, read_mapping('timezone = "Europe/Berlin"\n' + GOOD.replace("2017-02-01", "2017-10-31")))
    assert log.counts["rows at an hour that was there twice"] == 1
    assert log.stays.days[[0, 2]].tolist() == pytest.approx([2.0 / 24.0, 2.0 / 24.0], abs=1e-9)
    assert any("1 time lies in an hour that clocks went through twice" in note for note in log.notes)


def test_a_stage_may_be_named_like_a_key() -> None:
    """Events in a list are a stage's; so is a text where the key itself stands at the top."""
    told = (
        GOOD + 'segment = ["s"]\njourney = ["j"]\ncustomer = "signed"\n[forms]\na = "race"\n[roles]\njourney = "lost"\n'
    )
    mapping = read_mapping(told + '[covariates]\nsegment = "tier"\n', "map.toml")
    assert list(mapping.ends) == ["e", "segment", "journey", "customer"]
    assert mapping.covariate_columns == {"segment": "tier"}


def test_a_mapping_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_text("\ufeff" + GOOD, encoding="utf-8")
    assert load_mapping(path).customer == "who"


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_the_word_of_a_spreadsheet_on_the_delimiter_is_no_header(tmp_path: Path, ends: str) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(("sep=;\n" + LOG.replace(",", ";")).replace("\n", ends).encode())
    found = logs.read(path, read_mapping(GOOD, "map.toml"))
    assert (found.customers.tolist(), found.counts["rows read"]) == (["1", "2"], 4)


def test_rows_after_the_end_are_told_beside_other_faults(tmp_path: Path) -> None:
    rows = ["1,2017-01-01,a", "1,2017-01-04,b", "2,2052-01-02,a", "2,not known,b", ",2017-01-05,a", "3,2017-01-06,zz"]
    path = tmp_path / "log.csv"
    path.write_text("who,when,what\n" + "\n".join(rows) + "\n")
    mapping = (
        'customer = "who"\ntime = "when"\nevent = "what"\nobserved_until = 2017-02-01\n[stages]\na = ["a"]\nb = ["b"]\n'
    )
    with pytest.raises(Faults) as caught:
        logs.read(path, read_mapping(mapping))
    said = str(caught.value)
    for sign in ("without a customer", '"not known"', 'the event "zz" means no stage', "lies after observed_until"):
        assert sign in said
    assert len(caught.value.faults) == 4


def test_customer_and_event_in_each_others_place(tmp_path: Path) -> None:
    """One line, not one for each customer; --suggest takes the columns by what they hold."""
    path = tmp_path / "log.csv"
    rows = [f"{'abcdef'[k % 6]},2017-01-{1 + k % 28:02},c{k // 6}" for k in range(1200)]
    path.write_text("customer,date,event\n" + "\n".join(rows) + "\n")
    mapping = 'customer = "customer"\ntime = "date"\nevent = "event"\n[stages]\n'
    mapping += "".join(f'{name} = ["{name}"]\n' for name in "abcdef")
    with pytest.raises(Faults) as caught:
        logs.read(path, read_mapping(mapping, "map.toml"))
    (fault,) = caught.value.faults
    assert (
        "200 values in 1,200 of 1,200 rows mean no stage, and column customer holds the events: the two"
        in fault.message
    )
    assert fault.remedy.startswith("swap customer and event")
    text = suggest(path)
    assert "they look swapped" in text
    assert read_mapping(text).customer == "event"
    assert set(read_mapping(text).names) == set("abcdef")
