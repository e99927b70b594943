"""Rows that are exact copies of another: most come of a file put together twice, and each counts as an event."""

from sojourn.calibration.intake import Intake
from sojourn.calibration.sqltext import identifier, rows_of


def pasted(taken: Intake) -> list[str]:
    """A sentence where rows that mean something agree with an earlier one in all that is read of them.

    Reads the tables `rows` and `ordered`. Only rows that share customer and time with a neighbour can be copies, and there
    are few of them in most logs: the others are never compared.
    """
    columns = [str(row[0]) for row in rows_of(taken.connection, "DESCRIBE rows")]
    alike = ", ".join(identifier(column) for column in columns)
    tied = (
        "SELECT row FROM (SELECT row, (lag(who) OVER () = who AND lag(time) OVER () = time) OR "
        "(lead(who) OVER () = who AND lead(time) OVER () = time) AS tied FROM ordered) WHERE tied"
    )
    number, first = rows_of(
        taken.connection,
        "SELECT count(*), min(place) + 1 FROM (SELECT rowid AS place, "
        f"row_number() OVER (PARTITION BY {alike} ORDER BY rowid) AS copy FROM rows WHERE rowid IN ({tied})) WHERE copy > 1",
    )[0]
    if not number:
        return []
    counts = "a stay" if taken.mapping.repeats == "new stay" else "an event"
    if number == 1:
        return [
            f"1 row is an exact copy of another in all that is read, it is data row {first:,}: drop it if the file holds it "
            f"twice by mistake, as it counts as {counts} of its own."
        ]
    return [
        f"{number:,} rows are exact copies of another in all that is read, the first of them data row {first:,}: drop them if "
        f"the file holds them twice by mistake, as each counts as {counts} of its own."
    ]
