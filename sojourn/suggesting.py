"""What `sojourn calibrate --suggest` prints: a mapping file to edit."""

import click

from sojourn.calibration.suggest import suggest
from sojourn.guard import say
from sojourn.output import writable, write_text
from sojourn.scenarios.faults import Fault, Faults


def asked(mapping: str | None, suggest: bool, query: str | None, out: str | None, as_json: bool) -> tuple[str, str]:
    """The mapping and the file to write, "" where they are not needed; Faults for options that do not go together."""
    wrong = []
    if suggest:
        for option, given in (("--stages", mapping), ("--json", as_json)):
            if given:
                wrong.append(Fault(option, "", "", "has nothing to do with --suggest", "take one of the two out"))
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
    return mapping or "", out or ""


def print_suggestion(log: str, query: str | None, out: str | None) -> None:
    """Print a mapping for a log, or write it to `out`; Faults for a log that cannot be read."""
    if out is not None:
        writable(out)
    text = suggest(log, query)
    if out is None:
        click.echo(text, nl=False)
        return
    write_text(out, text)
    say(f"Written to {out}. Read it, mend it, then: sojourn calibrate {log} --stages {out} --out my-journey.toml")
