"""Broken mappings and logs: every one ends in Faults that name the place and the remedy, and in nothing else."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.calibration import logs
from sojourn.calibration.calibrate import calibrate
from sojourn.calibration.mapping import read_mapping
from sojourn.scenarios.faults import Faults

COLUMNS = 'customer = "who"\ntime = "when"\nevent = "what"\n'
GOOD = COLUMNS + 'observed_until = 2017-02-01\n[stages]\na = ["a"]\nb = ["b"]\n[ends]\ne = ["e"]\n'
LOG = "who,when,what\n1,2017-01-01,a\n1,2017-01-04,b\n2,2017-01-02,a\n2,2017-01-09,e\n"
TOO_LONG = "x" * 10_000_000

MAPPINGS = {  # name: text, what the message must hold
    "empty": (
        "",
        ["customer: is missing", "time: is missing", "event: is missing", "stages: is missing", 'as in time = "when"'],
    ),
    "no TOML": ("customer = \n", ["this is not TOML: Invalid value", "line 1, column 12"]),
    "a word without quotes": (GOOD.replace('"when"', "when"), ['in "time = when"; texts stand in quotes']),
    "a scenario": (
        'format = 1\n[scenario]\nname = "x"\n[arrivals]\ncohort = 3\n[stages.a]\nend = true\n',
        ["map.toml: is a scenario, not a mapping; give a mapping"],
    ),
    "no such day": (GOOD.replace("2017-02-01", "2017-02-30"), ["there is no such day; write dates as 2017-12-31"]),
    "ten megabytes": (f"# {TOO_LONG}\ncustomer = 1", ["customer: 1 does not fit", "give the name of a column"]),
    "unknown key": ("cutomer = 'x'\n" + GOOD, ['cutomer: unknown key; did you mean "customer"?']),
    "column is a number": (GOOD.replace('"when"', "3"), ["time: 3 does not fit", "the name of a column"]),
    "column is empty": (GOOD.replace('"who"', '""'), ['customer: "" does not fit']),
    "until is a truth": (GOOD.replace("2017-02-01", "true"), ["observed_until: true does not fit", "no quotes"]),
    "until is not a number": (GOOD.replace("2017-02-01", "nan"), ["observed_until: nan does not fit"]),
    "until the year 9999": (GOOD.replace("2017-02-01", "9999-12-31"), ["observed_until: the date", "1900 to 2200"]),
    "until is a time of day": (
        GOOD.replace("2017-02-01", "12:00:00"),
        ["observed_until: the date or time 12:00:00 does not fit"],
    ),
    "a role that is none and one of no stage": (
        GOOD + '[roles]\nb = "purchased"\nee = "lost"\n[doses]\nx = 1\n',
        ['roles.b: "purchased" is no role', 'roles.ee: no stage named "ee"', "doses: are doses of no arms"],
    ),
    "repeats": ('repeats = "sometimes"\n' + GOOD, ['repeats: "sometimes" does not fit', '"same stay" or "new stay"']),
    "clock": ("clock = 3\n" + GOOD, ["clock: 3 does not fit", '"calendar" or "customer"']),
    "horizon below 0": ("horizon_days = -3\n" + GOOD, ["horizon_days: -3 does not fit", "above 0"]),
    "horizon without end": ("horizon_days = inf\n" + GOOD, ["horizon_days: inf does not fit"]),
    "ignore is a table": (
        "ignore = { a = 1 }\n" + GOOD,
        ["ignore: a table with 1 key does not fit", "a list of event values"],
    ),
    "stages is text": (COLUMNS + 'stages = "a"\n', ['stages: "a" does not fit', "stages with event values"]),
    "no stages": (COLUMNS + "[stages]\n", ["stages: has no stage"]),
    "a stage without values": (GOOD.replace('["a"]', "[]"), ["stages.a: has no event values"]),
    "a stage that is a truth": (GOOD.replace('["a"]', "true"), ["stages.a: true is no rule for a stage", "after ="]),
    "a stage of mixed values": (GOOD.replace('["a"]', '["a", 1.5]'), ["stages.a: a list of 2 items is no rule"]),
    "a name with a space": (GOOD.replace("a = [", '"a b" = ['), ["is no name for a stage", "letters, digits"]),
    "history without after": (GOOD.replace('["b"]', '{ event = "b" }'), ["stages.b: a table with 1 key is no rule"]),
    "history with more": (
        GOOD.replace('["b"]', '{ event = "b", after = "a", x = 1 }'),
        ["stages.b: a table with 3 keys"],
    ),
    "after nothing": (
        GOOD.replace('["b"]', '{ event = "b", after = "aa" }'),
        ['stages.b.after: no stage named "aa"', "use one of: a, b, e"],
    ),
    "after an end": (GOOD.replace('["b"]', '{ event = "b", after = "e" }'), ['stages.b.after: "e" is an end']),
    "after itself": (GOOD.replace('["b"]', '{ event = "b", after = "b" }'), ["wait for each other"]),
    "one event, two stages": (GOOD.replace('["b"]', '["a"]'), ['the event "a" already means "a"', 'after = "a"']),
    "stage and end": (GOOD.replace("e = [", "a = ["), ["ends.a: is a stage too"]),
    "stage and ignored": ('ignore = ["a"]\n' + GOOD, ['stages.a: the event "a" is under ignore too']),
    "role of nobody": (GOOD + '[roles]\nc = "lost"\n', ["roles.c: no stage named", "use one of: a, b, e"]),
    "no such role": (GOOD + '[roles]\na = "king"\n', ['roles.a: "king" is no role', '"purchase", "loyal" or "lost"']),
}

LOGS = {  # name: text of the log, mapping, what the message must hold
    "empty": ("", GOOD, ["log.csv: is empty", "one row an event"]),
    "header only": ("who,when,what\n", GOOD, ["has a header but no rows"]),
    "a column missing": (
        LOG.replace("when", "whn"),
        GOOD,
        ["map.toml: time:", 'has no column "when"; did you mean "whn"?'],
    ),
    "a column twice": (
        LOG.replace("who,when", "what,when"),
        GOOD.replace('"who"', '"when"'),
        ['2 columns are named "what"'],
    ),
    "until in quotes": (LOG, GOOD.replace("2017-02-01", '"2017-02-01"'), ["write the date without quotes"]),
    "no such date": (
        LOG.replace("2017-01-04", "04.01.2017"),
        GOOD,
        ["column when: 1 row with a time that is no date or time, first in data row 2", '"04.01.2017"', "2017-12-31"],
    ),
    "half dates, half days": (
        LOG + "3,5,a\n3,6,b\n",
        GOOD,
        ["2 rows with a time that is no date or time, first in data row 5"],
    ),
    "neither dates nor days": ("who,when,what\n1,x,a\n", GOOD, ["neither a date, a time nor a number of days"]),
    "no time": (LOG.replace("2017-01-04", ""), GOOD, ["column when: 1 row without a time, first in data row 2"]),
    "no customer": (
        LOG.replace("2,2017-01-02", ",2017-01-02"),
        GOOD,
        ["column who: 1 row without a customer, first in data row 3"],
    ),
    "no event": (LOG.replace("01-04,b", "01-04, "), GOOD, ["column what: 1 row without an event"]),
    "an unmapped event": (
        LOG.replace(",b", ",bb"),
        GOOD,
        ['the event "bb" means no stage (1 row, first in data row 2)', "ignore"],
    ),
    "many unmapped events": (
        LOG + "".join(f"3,2017-01-03,z{k}\n" for k in range(30)),
        GOOD,
        ["more than 12 events mean no stage"],
    ),
    "not a number": (
        "who,when,what\n1,nan,a\n1,2,b\n",
        GOOD.replace("2017-02-01", "9"),
        ["a time that is not finite, first in data row 1"],
    ),
    "never": ("who,when,what\n1,inf,a\n1,2,b\n", GOOD.replace("2017-02-01", "9"), ["a time that is not finite"]),
    "a date without end": (LOG.replace("2017-01-04", "infinity"), GOOD, ["a time that is not finite"]),
    "negative times": ("who,when,what\n1,-3,a\n1,2,b\n", GOOD.replace("2017-02-01", "9"), ["a negative time", "-3"]),
    "dates as numbers": (
        "who,when,what\n1,20170101,a\n1,20170102,b\n",
        GOOD,
        ["above 100,000 days", "not as 20171231"],
    ),
    "seconds since 1970": ("who,when,what\n1,1483228800,a\n1,1483228900,b\n", GOOD, ["above 100,000 days", "seconds"]),
    "the year 9999": (
        LOG.replace("2017-01-09", "9999-12-31"),
        GOOD,
        ["times run from 2017-01-01", "over 100,000 days"],
    ),
    "after observed_until": (
        LOG,
        GOOD.replace("2017-02-01", "2017-01-03"),
        ["2 rows lie after observed_until", "the date or time 2017-01-03", "move observed_until"],
    ),
    "watched for ever": (
        "who,when,what\n1,1,a\n1,2,b\n",
        GOOD.replace("2017-02-01", "1e300"),
        ["map.toml: observed_until: the watching ends", "days after the first event"],
    ),
    "a watched column for ever": (
        "who,when,what,till\n1,2017-01-01,a,294246-12-31\n1,2017-01-02,b,294246-12-31\n",
        GOOD.replace("2017-02-01", '"till"'),
        ["map.toml: observed_until: the watching ends"],
    ),
    "until is days, log has dates": (
        LOG,
        GOOD.replace("2017-02-01", "30"),
        ["observed_until: 30 does not fit a log that has dates"],
    ),
    "until is a date, log has days": (
        "who,when,what\n1,1,a\n1,2,b\n",
        GOOD,
        ["does not fit a log that counts days", "give a number of days"],
    ),
    "two segments": (
        "who,when,what,kind\n1,2017-01-01,a,x\n1,2017-01-02,b,y\n",
        'segment = "kind"\n' + GOOD,
        ['1 customer has more than one segment, for instance "1": "x" and "y"'],
    ),
    "two people": (
        "who,when,what,kind\n1,2017-01-01,a,x\n1,2017-01-02,b,y\n",
        'person = "kind"\n' + GOOD,
        ["1 customer has more than one person"],
    ),
    "until column empty": (
        "who,when,what,till\n1,2017-01-01,a,\n1,2017-01-02,b,2017-02-01\n",
        GOOD.replace("2017-02-01", '"till"'),
        ["1 row without an observed_until"],
    ),
    "until column unreadable": (
        "who,when,what,till\n1,2017-01-01,a,soon\n1,2017-01-02,b,soon\n",
        GOOD.replace("2017-02-01", '"till"'),
        ["2 rows whose end of watching is no date or time"],
    ),
    "ragged": (LOG + "3,2017-01-05\n", GOOD, ["line 6", "another number of cells than the header"]),
    "a quote left open": (LOG + '3,2017-01-05,"a\n', GOOD, ["a quote that is never closed"]),
    "ten megabytes in a cell": (LOG + f'3,2017-01-05,"{TOO_LONG}"\n', GOOD, ["line 6", "longer than 2 MB"]),
    "ten megabytes in one line": (TOO_LONG, GOOD, ["line 1", "the first line is longer than 65,536 characters"]),
    "nobody moves": ("who,when,what\n1,2017-01-01,a\n2,2017-01-02,b\n", GOOD, ["no customer was ever seen to move"]),
    "only ends": ("who,when,what\n1,2017-01-01,e\n2,2017-01-02,e\n", GOOD, ["no customer was ever seen to move"]),
    "only ignored": ("who,when,what\n1,2017-01-01,z\n", 'ignore = ["z"]\n' + GOOD, ["no event that means a stage"]),
    "back from the end": (
        "who,when,what\n" + "".join(f"{k},2017-01-01,a\n{k},2017-01-02,e\n{k},2017-01-03,a\n" for k in range(3)),
        GOOD,
        ["3 of 3 customers go on after an end", "[stages]"],
    ),
}


@pytest.mark.parametrize("name", MAPPINGS)
def test_a_broken_mapping_is_told_with_place_and_remedy(name: Any) -> None:
    text, signs = MAPPINGS[name]
    with pytest.raises(Faults) as caught:
        read_mapping(text, "map.toml")
    said = str(caught.value)
    assert said.count("map.toml") >= len(caught.value.faults) >= 1
    assert all(sign in said for sign in signs), said
    assert all(fault.remedy for fault in caught.value.faults)
    assert all(len(line) < 500 for line in said.splitlines())


@pytest.mark.parametrize("name", LOGS)
def test_a_broken_log_is_told_with_place_and_remedy(name: Any, written: Any) -> None:
    text, mapping, signs = LOGS[name]
    with pytest.raises(Faults) as caught:
        calibrate(*written(text, mapping))
    said = str(caught.value)
    assert all(sign in said for sign in signs), said
    assert all(fault.remedy and fault.file for fault in caught.value.faults)
    assert all(len(line) < 700 for line in said.splitlines())


@pytest.mark.parametrize(
    ("content", "sign"),
    [
        (np.random.default_rng(1).bytes(5_000), "log.csv: "),
        (b"who,when,what\n1,2017-01-01,caf\xe9\n", "is not UTF-8 text"),
        ("who,when,what\n1,2017-01-01,a\n".encode("utf-16"), "UTF-8"),
        (b"PAR1 and then nothing that Parquet would know", "cannot be read as Parquet"),
        (b"who,when,what\n1,2017-01-01,a\0b\n", "binary data"),
    ],
)
def test_files_that_are_no_tables(written: Any, content: Any, sign: Any) -> None:
    log, mapping = written("", GOOD)
    log.write_bytes(content)
    with pytest.raises(Faults, match=sign):
        calibrate(log, mapping)


def test_paths_that_lead_nowhere(written: Any, tmp_path: Any) -> None:
    log, mapping = written(LOG, GOOD)
    for a, b in ((tmp_path / "none.csv", mapping), (tmp_path, mapping), (log, tmp_path / "none"), (log, tmp_path)):
        with pytest.raises(Faults, match="cannot be read"):
            calibrate(a, b)
    with pytest.raises(Faults, match="cannot be written"):
        calibrate(log, mapping).write(tmp_path / "no folder" / "out.toml")
    assert not list(tmp_path.glob(".sojourn-*"))


def test_all_kinds_of_faults_in_a_log_come_at_once(written: Any) -> None:
    log, mapping = written("who,when,what\n,2017-01-01,a\n1,soon,b\n1,2017-01-01,z\n", GOOD)
    with pytest.raises(Faults) as caught:
        logs.read(log, mapping)
    assert len(caught.value.faults) == 3


@settings(max_examples=150)
@given(st.data())
def test_a_mutated_mapping_works_or_is_faulted(data: Any) -> None:
    text = data.draw(_mutated(GOOD))
    try:
        mapping = read_mapping(text)
    except Faults as faults:
        told = len(faults.faults)
    else:
        told = len(mapping.stages)
    assert told > 0


@settings(max_examples=100)
@given(st.data())
def test_a_mutated_log_works_or_is_faulted(tmp_path_factory: Any, data: Any) -> None:
    folder = tmp_path_factory.getbasetemp() / "mutated"
    folder.mkdir(exist_ok=True)
    (folder / "map.toml").write_text(GOOD)
    (folder / "log.csv").write_bytes(data.draw(_mutated(LOG)).encode("utf-8", "surrogatepass"))
    try:
        found = calibrate(folder / "log.csv", folder / "map.toml")
    except Faults as faults:
        told = len(faults.faults)
    else:
        told = len(found.fit.scenario().stages)
    assert told > 0


def _mutated(text: Any) -> Any:
    """The text with a few pieces cut, doubled or replaced by anything."""
    pieces = st.sampled_from(
        [
            "",
            "\n",
            ",",
            '"',
            "\0",
            "nan",
            "inf",
            "-1",
            "1e400",
            "9" * 40,
            "{",
            "]",
            "=",
            "a",
            "e",
            "é",
            "\r",
            "#",
            "2017-99-99",
            " ",
        ]
    )
    place = st.integers(0, len(text))
    edit = st.tuples(place, place, st.one_of(pieces, st.text(max_size=5)))

    def applied(edits: Any) -> Any:
        result = text
        for start, length, new in edits:
            start = min(start, len(result))
            result = result[:start] + new + result[start + length % 12 :]
        return result

    return st.lists(edit, min_size=1, max_size=4).map(applied)
