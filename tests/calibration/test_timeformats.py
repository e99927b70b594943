"""Times that are written otherwise than 2017-12-31: read by a format of the mapping, or one that is proposed."""

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from sojourn.calibration import logs
from sojourn.calibration.mapping import read_mapping
from sojourn.calibration.suggest import suggest
from sojourn.scenarios.faults import Faults

MAP = 'customer = "who"\ntime = "when"\nevent = "what"\n{}[stages]\na = ["a"]\nb = ["b"]\n'
DAYS = [dt.datetime(2024, 1, 1, 6, 5) + dt.timedelta(days=3 * k, hours=k) for k in range(100)]


def written(folder: Path, form: str, ends: str = "") -> Path:
    path = folder / "log.csv"
    until = f",{dt.datetime(2024, 12, 31):{ends}}" if ends else ""
    rows = [f"c{k // 2},{day:{form}},{'ab'[k % 2]}{until}" for k, day in enumerate(DAYS)]
    path.write_text("\n".join([f"who,when,what{',until' if ends else ''}", *rows]) + "\n")
    return path


@pytest.mark.parametrize(
    "form",
    ["%d.%m.%Y %H:%M", "%m/%d/%Y %H:%M", "%d/%m/%Y %I:%M %p", "%y-%m-%d %H:%M", "%Y%m%d%H%M", "%d %b %Y %H:%M:%S"],
)
def test_a_format_gives_the_same_stays_as_iso(tmp_path: Path, form: str) -> None:
    plain = logs.read(written(tmp_path, "%Y-%m-%d %H:%M:%S"), read_mapping(MAP.format("observed_until = 2024-12-31\n")))
    asked = MAP.format(f'time_format = "{form}"\nobserved_until = 2024-12-31\n')
    log = logs.read(written(tmp_path, form), read_mapping(asked))
    for column in ("customer", "stage", "entry", "until", "following"):
        assert np.array_equal(getattr(log.stays, column), getattr(plain.stays, column))
    assert log.clock == plain.clock == "2024-01-01 06:05:00"


def test_days_alone_zones_and_columns_of_the_end(tmp_path: Path) -> None:
    asked = MAP.format('time_format = "%d.%m.%Y"\nobserved_until = "until"\n')
    log = logs.read(written(tmp_path, "%d.%m.%Y", ends="%d.%m.%Y"), read_mapping(asked))
    assert log.until[0] == 366.0  # the end of the last day
    zoned = logs.read(
        written(tmp_path, "%d.%m.%Y %H:%M"),
        read_mapping(MAP.format('time_format = "%d.%m.%Y %H:%M"\ntimezone = "Europe/Berlin"\n')),
    )
    assert zoned.clock == "2024-01-01 05:05:00"  # UTC


def test_cells_that_are_written_otherwise_are_told_as_they_stand(tmp_path: Path) -> None:
    path = written(tmp_path, "%d.%m.%Y")
    path.write_text(path.read_text().replace("16.01.2024", "2024-01-16"))
    with pytest.raises(Faults) as caught:
        logs.read(path, read_mapping(MAP.format('time_format = "%d.%m.%Y"\n'), "map.toml"))
    said = str(caught.value)
    assert '1 row with a time that is not written as "%d.%m.%Y", first in data row 6: "2024-01-16"' in said
    assert "mend them, or time_format in <mapping>" in said


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("%d.%m", "has no year"),
        ("%Y", "has no month and no day"),
        ("%d.%m.%Q", "%Q is no part of a time"),
        ("%Y-%m-%d'); DROP TABLE rows; --%", "% is no part of a time"),
    ],
)
def test_formats_that_cannot_be(form: str, said: str) -> None:
    with pytest.raises(Faults) as caught:
        read_mapping(MAP.format(f'time_format = "{form}"\n'))
    assert said in str(caught.value)


def test_a_quote_in_a_format_is_a_quote(tmp_path: Path) -> None:
    path = written(tmp_path, "'%d'%m'%Y")
    assert logs.read(path, read_mapping(MAP.format("time_format = \"'%d'%m'%Y\"\n"))).customers.size == 50


def test_years_before_1900_are_refused_with_their_rows(tmp_path: Path) -> None:
    with pytest.raises(Faults) as caught:
        logs.read(written(tmp_path, "%y-%m-%d"), read_mapping(MAP.format("observed_until = 2024-12-31\n")))
    (fault,) = caught.value.faults
    assert 'with a time before the year 1900, first in data row 1: "0024-01-01 00:00:00"' in fault.message
    assert '"%y-%m-%d"' in fault.remedy


@pytest.mark.parametrize(
    ("form", "proposed"),
    [
        ("%d.%m.%Y %H:%M", '"%d.%m.%Y %H:%M"   # a guess'),
        ("%m/%d/%Y", '"%m/%d/%Y"   # a guess'),
        ("%d/%m/%Y", '"%d/%m/%Y"   # a guess'),
        ("%y-%m-%d %H:%M:%S", '"%y-%m-%d %H:%M:%S"   # a guess'),
        ("%m/01/%Y", '"%m/%d/%Y"   # a guess; it may as well be "%d/%m/%Y"'),
    ],
)
def test_a_format_is_proposed_where_one_fits(tmp_path: Path, form: str, proposed: str) -> None:
    path = written(tmp_path, form)
    text = suggest(path)
    assert f"time_format = {proposed}\n" in text
    assert "does not run yet" not in text
    assert logs.read(path, read_mapping(text)).customers.size == 50
    assert "time_format" not in suggest(written(tmp_path, "%Y-%m-%d"))
