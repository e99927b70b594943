"""What is said of times far from all others or ahead of today, of names with blanks, and of what nobody was seen to do."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from sojourn.calibration import logs
from sojourn.calibration.mapping import read_mapping
from sojourn.calibration.outlying import LEAST, MOST, apart

COLUMNS = 'customer = "who"\ntime = "when"\nevent = "what"\n'
STAGES = '[stages]\na = ["a"]\nb = ["b"]\n'


def read(folder: Path, rows: Sequence[str], above: str = "", below: str = "") -> logs.Log:
    path = folder / "log.csv"
    path.write_text("who,when,what\n" + "\n".join(rows) + "\n")
    return logs.read(path, read_mapping(COLUMNS + above + STAGES + below, "map.toml"))


def year() -> list[str]:
    """A customer a week through 2024, who moves on after three days; 100 rows."""
    weeks = np.datetime64("2024-01-01") + 7 * np.arange(50)
    return [f"{k},{day + later},{what}" for k, day in enumerate(weeks) for later, what in ((0, "a"), (3, "b"))]


def about(log: logs.Log, *words: str) -> list[str]:
    return [note for note in log.notes if any(word in note for word in words)]


def test_the_last_event_is_named_where_it_decides(tmp_path: Path) -> None:
    (note,) = about(read(tmp_path, year()), "observed_until", "of all others", "later than")
    assert note.endswith("the last event of the log (2024-12-12, data row 100), for everybody.")
    (note,) = about(read(tmp_path, ["1,0,a", "1,2.5,b"]), "observed_until")
    assert "(day 2.5, data row 2)" in note


def test_one_wrong_date_is_named_with_its_row(tmp_path: Path) -> None:
    rows = year()
    rows[40] = "x,2031-05-01,a"
    notes = about(read(tmp_path, rows), "of all others")
    assert notes == [
        "1 event lies 2,331 days after the last of all others: 2031-05-01 (data row 41). Everybody counts as watched until "
        "then: mend or drop wrong dates, or say observed_until."
    ]
    rows[40], rows[7] = "x,1970-01-01,a", "y,1970-01-02,a"
    (note,) = about(read(tmp_path, rows, "observed_until = 2024-12-31\n"), "of all others", "observed_until")
    assert note == (
        "2 events lie 19,722 days before the first of all others: 1970-01-01 (data row 41), 1970-01-02 (data row 8). "
        "The log begins with it: mend or drop wrong dates."
    )


def test_events_that_have_not_come_yet_are_told(tmp_path: Path) -> None:
    rows = [row.replace(",2024", ",2196") for row in year()]
    (note,) = about(read(tmp_path, rows, "observed_until = 2196-12-31\n"), "later than today")
    assert (
        note
        == "100 events lie later than today, first in data row 1: 2196-01-01. If that is no plan, mend or drop them."
    )
    assert not about(read(tmp_path, year(), "observed_until = 2024-12-31\n"), "later than", "of all others")


@pytest.mark.parametrize("size", [50, 200, 2_000])
def test_the_tail_of_a_law_is_not_taken_for_wrong_dates(size: int) -> None:
    """Events spread evenly, and exponential ones as of a cohort: of 1,000 logs each at most 3 % are suspected, seed fixed."""
    random = np.random.default_rng(1)
    kept = min(max(LEAST, size // 100), MOST)

    def suspected(draws: np.ndarray) -> float:
        ordered = np.sort(draws, axis=1)
        spans = ordered[:, -1 - kept] - ordered[:, kept]
        late = [apart(row[: -kept - 2 : -1], span) for row, span in zip(ordered, spans, strict=True)]
        return float(np.mean(np.array(late) > 0))

    assert suspected(random.uniform(size=(1_000, size))) == 0.0
    assert suspected(random.exponential(size=(1_000, size))) <= 0.03
    wrong = random.uniform(size=(100, size))
    wrong[:, 0] = 4.0
    assert suspected(wrong) == 1.0


def test_names_that_differ_by_blanks_are_told(tmp_path: Path) -> None:
    rows = [*year(), " 3,2024-12-30,a", '" 4 ",2024-12-30,a']
    (note,) = about(read(tmp_path, rows), "blanks")
    assert note.startswith(
        '2 customers have a name that others have with blanks around it (" 3", "3"): they count as different'
    )
    assert not about(read(tmp_path, [*year(), " new,2024-12-30,a"]), "blanks")


def test_what_nobody_was_seen_to_do_is_told(tmp_path: Path) -> None:
    below = 'c = ["c"]\n[ends]\nd = ["d"]\n[frailty]\n"b -> a" = "gamma"\n"a -> b" = "none"\n"b -> d" = "none"\n'
    notes = about(read(tmp_path, year(), below=below), "Nobody", "nobody")
    assert notes == [
        "Nobody was seen in c, d: look at the events that mean it if somebody should have been.",
        "[frailty] asks what customers differ in at b -> a, but nobody was seen to go from b to a.",
    ]


def test_rows_that_are_there_twice_are_told_with_the_first(tmp_path: Path) -> None:
    rows = year()
    assert not about(read(tmp_path, rows, 'repeats = "new stay"\n'), "copies", "copy")
    log = read(tmp_path, [*rows, *rows[10:40]], 'repeats = "new stay"\n')
    assert about(log, "copies") == [
        "30 rows are exact copies of another in all that is read, the first of them data row 101: drop them if the file holds "
        "them twice by mistake, as each counts as a stay of its own."
    ]
    assert log.counts["stays of no length"] == 30  # what goes wrong where nobody drops them
    (note,) = about(read(tmp_path, [*rows, rows[3]]), "copy")
    assert note.startswith("1 row is an exact copy of another in all that is read, it is data row 101: drop it")
    assert note.endswith("as it counts as an event of its own.")


def test_rows_that_differ_in_anything_read_are_no_copies(tmp_path: Path) -> None:
    """Another event at the same moment between a row and its copy hides nothing; a row ignored is no copy."""
    path = tmp_path / "log.csv"
    rows = ["x,1,a,p", "x,1,b,p", "x,1,a,p", "y,1,a,p", "y,1,a,q", "z,1,i,p", "z,1,i,p", "w,1,a,p", "w,2,b,p"]
    path.write_text("who,when,what,how\n" + "\n".join(rows) + "\n")
    asked = COLUMNS + 'ignore = ["i"]\n'
    (note,) = about(logs.read(path, read_mapping(asked + STAGES + '[covariates]\nhow = "how"\n')), "cop")
    assert note.startswith("1 row is an exact copy of another in all that is read, it is data row 3:")
    (note,) = about(logs.read(path, read_mapping(asked + STAGES)), "cop")  # nobody asks how: y's rows agree
    assert note.startswith("2 rows are exact copies")
