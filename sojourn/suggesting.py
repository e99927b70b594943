"""What `sojourn calibrate --suggest` prints: a mapping file to edit. And what `calibrate` is asked for, checked."""

from typing import NamedTuple, Self

import click

from sojourn.calibration.suggest import suggest
from sojourn.guard import say
from sojourn.output import writable, write_text
from sojourn.scenarios.faults import Fault, Faults


class Asked(NamedTuple):
    """Options of `sojourn calibrate` that go together: to fit, or to suggest a mapping."""

    mapping: str
    out: str
    suggest: bool
    query: str | None
    as_json: bool

    @classmethod
    def of(cls, mapping: str | None, suggest: bool, query: str | None, out: str | None, as_json: bool) -> Self:
        """The options, "" for files that are not needed; Faults for those that do not go together or are missing."""
        wrong = []
        if suggest:
            for option, given in (("--stages", mapping), ("--json", as_json)):
                if given:
                    remedy = "take one of the two out"
                    wrong.append(Fault(option, "", "", "has nothing to do with --suggest", remedy))
        else:
            if mapping is None:
                remedy = "name the mapping file, or let --suggest propose one"
                wrong.append(Fault("--stages", "", "", "is missing", remedy))
            if out is None:
                wrong.append(Fault("--out", "", "", "is missing", "name the scenario file to write"))
            if query is not None:
                remedy = 'write it into the mapping: [log] with query = "..."'
                wrong.append(Fault("--query", "", "", "is for --suggest", remedy))
        if wrong:
            raise Faults(wrong)
        return cls(mapping or "", out or "", suggest, query, as_json)


def print_suggestion(log: str, asked: Asked) -> None:
    """Print a mapping for a log, or write it to a file; Faults for a log that cannot be read."""
    if asked.out:
        writable(asked.out, inputs=(log,))
    text = suggest(log, asked.query)
    if not asked.out:
        click.echo(text, nl=False)
        return
    write_text(asked.out, text)
    say(
        f"Written to {asked.out}. Read it, mend it, then: "
        f"sojourn calibrate {log} --stages {asked.out} --out my-journey.toml"
    )
