"""From events to stays: repeats, history, ends, order, clocks and segments."""

from typing import Any

import numpy as np
import pytest

from sojourn.calibration import logs
from sojourn.scenarios.faults import Faults

COLUMNS = 'customer = "who"\ntime = "when"\nevent = "what"\n'


def read(written: Any, rows: Any, rest: Any, columns: Any = COLUMNS, header: Any = "who,when,what") -> Any:
    return logs.read(*written("\n".join([header, *rows]) + "\n", columns + rest))


def told(log: Any) -> Any:
    """Stays as (customer, stage, entry, until, next or None)."""
    s = log.stays
    return [
        (
            str(log.customers[s.customer[k]]),
            log.stages[s.stage[k]],
            float(s.entry[k]),
            float(s.until[k]),
            None if s.following[k] < 0 else log.stages[s.following[k]],
        )
        for k in range(s.stage.size)
    ]


def test_open_stays_are_censored_and_repeats_belong_to_their_stay(written: Any) -> None:
    log = read(
        written,
        ["1,0,a", "1,2,a", "1,5,b", "2,1,a", "1,9,a"],
        'observed_until = 10\n[stages]\na = ["a"]\nb = ["b"]\n',
    )
    assert told(log) == [("1", "a", 0, 5, "b"), ("1", "b", 5, 9, "a"), ("1", "a", 9, 10, None), ("2", "a", 1, 10, None)]
    assert log.counts["repeats within a stay"] == 1
    assert log.counts["stays still open"] == 2


def test_many_repeats_within_stays_are_told_with_the_other_way_to_take_them(written: Any) -> None:
    rows = [
        f"{k},{day},{what}"
        for k in range(10)
        for day, what in ((0, "a"), (1, "b"), (2, "b"), (2, "b"), (3, "b"), (4, "c"))
    ]
    stages = '[stages]\na = "a"\nb = "b"\nc = "c"\n'
    (note,) = [one for one in read(written, rows, f"observed_until = 10\n{stages}").notes if "already" in one]
    assert note.startswith("20 events came while their customer was in that stage already, most often in b (20)")
    assert 'repeats = "new stay" in the mapping' in note
    for other in ('repeats = "new stay"\n', 'repeats = "new stay"\nsessions = { gap_minutes = 30 }\n'):
        assert not [
            one for one in read(written, rows, f"observed_until = 10\n{other}{stages}").notes if "already" in one
        ]


def test_repeats_may_begin_new_stays(written: Any) -> None:
    log = read(
        written, ["1,0,a", "1,2,a", "1,5,b"], 'observed_until = 10\nrepeats = "new stay"\n[stages]\na = "a"\nb = "b"\n'
    )
    assert told(log) == [("1", "a", 0, 2, "a"), ("1", "a", 2, 5, "b"), ("1", "b", 5, 10, None)]


def test_history_tells_the_same_event_apart_in_any_order_of_the_rules(written: Any) -> None:
    log = read(
        written,
        ["1,0,t", "1,1,c", "1,3,c", "1,6,c", "2,0,t", "2,4,c", "2,5,t", "2,7,c"],
        'observed_until = 10\n[stages]\nthird = { event = "c", after = "again" }\nt = "t"\nfirst = "c"\n'
        'again = { event = ["c"], after = "first" }\n',
    )
    assert [stage for who, stage, *_ in told(log) if who == "1"] == ["t", "first", "again", "third"]
    assert [stage for who, stage, *_ in told(log) if who == "2"] == ["t", "first", "t", "again"]


def test_unsorted_and_equal_times_are_valid(written: Any) -> None:
    log = read(
        written,
        ["1,5,b", "1,0,a", "1,5,c", "2,3,c", "2,3,a"],
        'observed_until = 10\n[stages]\na = "a"\nb = "b"\nc = "c"\n',
    )
    assert told(log)[:3] == [("1", "a", 0, 5, "b"), ("1", "b", 5, 5, "c"), ("1", "c", 5, 10, None)]
    assert told(log)[3:] == [("2", "c", 3, 3, "a"), ("2", "a", 3, 10, None)]  # equal times: order of the file
    assert log.counts["stays of no length"] == 2


def test_an_end_ends_and_what_comes_after_is_counted(written: Any) -> None:
    rows = [f"{k},0,a" for k in range(40)] + [f"{k},{k / 10},e" for k in range(40)] + ["7,9,a", "8,9,e", "90,1,e"]
    log = read(written, rows, 'observed_until = 10\n[stages]\na = "a"\n[ends]\ne = "e"\n')
    assert log.counts["rows after an end"] == 1
    assert log.counts["repeats within a stay"] == 1
    assert log.counts["customers seen only at an end"] == 1
    assert log.counts["customers"] == 40
    assert any("1 row comes after its customer's end" in note for note in log.notes)


def test_a_date_means_its_end_and_a_column_may_say_how_long_each_was_watched(written: Any) -> None:
    rows = ["1,2017-01-01,a", "2,2017-01-03,a", "2,2017-01-05,b"]
    day = read(written, rows, 'observed_until = 2017-01-05\n[stages]\na = "a"\nb = "b"\n')
    assert day.until.tolist() == [5.0, 5.0]
    assert day.clock == "2017-01-01 00:00:00"
    assert day.resolution == 1.0
    time = read(written, rows, 'observed_until = 2017-01-05T12:00:00Z\n[stages]\na = "a"\nb = "b"\n')
    assert time.until.tolist() == [4.5, 4.5]
    each = read(
        written,
        ["1,2017-01-01,a,2017-01-09", "2,2017-01-03,a,2017-01-06 06:00", "2,2017-01-05,b,2017-01-06 06:00"],
        'observed_until = "till"\n[stages]\na = "a"\nb = "b"\n',
        header="who,when,what,till",
    )
    assert each.until.tolist() == [9.0, 5.25]
    assert each.window.tolist() == [9.0, 3.25]


def test_left_out_the_watching_ends_with_the_last_event_and_says_so(written: Any) -> None:
    log = read(written, ["1,0,a", "1,5,b", "2,1,a"], '[stages]\na = "a"\nb = "b"\n')
    assert log.until.tolist() == [5.0, 5.0]
    assert any("observed_until is left out" in note for note in log.notes)


def test_zones_are_told_and_taken_off(written: Any) -> None:
    log = read(
        written,
        ["1,2017-01-01T02:00:00+02:00,a", "1,2017-01-02,b", "1,2017-01-02T12:00:00Z,a"],
        'observed_until = 2017-01-03\n[stages]\na = "a"\nb = "b"\n',
    )
    assert log.stays.entry.tolist() == [0.0, 1.0, 1.5]


def test_segments_get_names_that_conditions_take(written: Any) -> None:
    log = read(
        written,
        ["1,0,a,65+", "1,1,b,65+", "2,0,a,", "3,0,a,Ål ê", "4,0,a,65-"],
        'segment = "age group"\nobserved_until = 10\n[stages]\na = "a"\nb = "b"\n',
        header='who,when,what,"age group"',
    )
    assert log.labels == ("65+", "65-", "unknown", "Ål ê")
    assert log.segments == ("age_group_65", "age_group_65_", "unknown", "l")
    assert log.counts["customers without a segment"] == 1


def test_clocks_of_customers_make_a_cohort(written: Any) -> None:
    from sojourn.calibration.fit import fit

    rows = ["1,0,a", "1,5,b", "2,100,a", "2,104,b", "3,7,a"]
    found = fit(read(written, rows, 'observed_until = 120\nclock = "customer"\n[stages]\na = "a"\nb = "b"\n'))
    assert found.arrivals.cohort == 3
    assert found.log.horizon == 120.0
    assert found.scenario().arrivals.cohort == 3


def test_taking_customers_twice_counts_them_twice(planted: Any) -> None:
    log = logs.read(planted.log, planted.mapping)
    two = log.take(np.array([5, 2, 5]))
    assert two.customers.tolist() == [log.customers[5], log.customers[2], log.customers[5]]
    rows = [log.stays.stage[log.stays.customer == k].tolist() for k in (5, 2, 5)]
    assert [two.stays.stage[two.stays.customer == k].tolist() for k in range(3)] == rows


def test_parquet_and_csv_give_the_same_stays(written: Any, planted: Any, tmp_path: Any) -> None:
    duckdb = pytest.importorskip("duckdb")
    path = tmp_path / "it's a [log].parquet"
    source = str(planted.log).replace("'", "''")
    target = str(path).replace("'", "''")
    duckdb.execute(f"COPY (SELECT * FROM read_csv('{source}')) TO '{target}' (FORMAT parquet)")
    a, b = logs.read(planted.log, planted.mapping), logs.read(path, planted.mapping)
    for one, other in ((a.stays.stage, b.stays.stage), (a.stays.entry, b.stays.entry), (a.stays.until, b.stays.until)):
        # Customers are sorted as texts in both, so the rows stand in one order.
        np.testing.assert_array_equal(one, other)


def test_times_of_parquet_may_be_dates_timestamps_or_nanoseconds(written: Any, tmp_path: Any) -> None:
    duckdb = pytest.importorskip("duckdb")
    _, mapping = written("", COLUMNS + 'observed_until = 2017-01-05\n[stages]\na = "a"\nb = "b"\n')
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for kind in ("DATE", "TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMPTZ", "VARCHAR"):
        path = tmp_path / f"{kind}.parquet"
        connection.execute(
            f"COPY (SELECT 1 AS who, CAST(d AS {kind}) AS \"when\", e AS what FROM (VALUES ('2017-01-01', 'a'), "
            f"('2017-01-03', 'b')) AS t(d, e)) TO '{path}' (FORMAT parquet)"
        )
        assert logs.read(path, mapping).stays.until.tolist() == [2.0, 5.0], kind


def test_names_of_columns_are_only_names(written: Any) -> None:
    # A name that would be SQL if it were pasted into a query.
    column = 'who"; DROP TABLE log; --'
    doubled = column.replace('"', '""')
    log = read(
        written,
        ["1,0,a", "1,5,b"],
        'observed_until = 10\n[stages]\na = "a"\nb = "b"\n',
        columns=COLUMNS.replace('"who"', "'''" + column + "'''"),
        header=f'"{doubled}",when,what',
    )
    assert log.customers.tolist() == ["1"]


def test_an_event_that_comes_before_its_history_is_a_fault(written: Any) -> None:
    with pytest.raises(Faults, match='1 events "c" come before the stage that gives them a meaning'):
        read(
            written,
            ["1,0,c", "1,1,a", "1,2,c"],
            'observed_until = 9\n[stages]\na = "a"\nc = { event = "c", after = "a" }\n',
        )
