"""The command line: a function a command, with its options and an example; what it does stands in a module of its own.

stdout carries results, stderr progress and messages. Nothing heavy is imported before a command needs it.
"""

import atexit
import gc
import os
from typing import Any

import click

from sojourn import cli_calibrating, cli_deciding
from sojourn.deciding import Deciding, deciding
from sojourn.guard import Guarded
from sojourn.options import SCENARIO, Options, simulation

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Sections(Guarded):
    """The group of all commands; its help lists them by what they are for, each with a whole sentence."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, section by section."""
        placed = {
            command.name for commands in (cli_calibrating.COMMANDS, cli_deciding.COMMANDS) for command in commands
        }
        first = [command for name, command in self.commands.items() if name not in placed]
        for title, commands in (
            ("Simulate", first),
            ("Decide", cli_deciding.COMMANDS),
            ("Learn from data", cli_calibrating.COMMANDS),
        ):
            with formatter.section(title):
                formatter.write_dl([(command.name or "", _sentence(command)) for command in commands])


def _sentence(command: click.Command) -> str:
    return (command.help or "").strip().split("\n\n")[0].replace("\n", " ")


@click.group(cls=Sections, context_settings=CONTEXT)
@click.version_option(package_name="sojourn", message="%(prog)s %(version)s")
def main() -> None:
    """Simulate customer journeys: what a change does to customers, satisfaction and money.

    \b
    Start with:
      sojourn scenarios
      sojourn compare point-of-no-return
    """
    # All matrices here are small, so that numpy's own threads, one set a worker, would only keep processors busy waiting.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Hardly anything here refers to itself, and to look for it takes a tenth of the time that rules are compiled in, and a
    # quarter of a short run when Python ends and the system takes everything back anyway.
    gc.set_threshold(600_000, 20, 50)
    atexit.register(gc.freeze)


@main.command()
@click.argument("name", required=False)
@click.option(
    "--out", metavar="FILE", help="Write the scenario NAME there, to change it; without it the text is printed."
)
@click.option("--overwrite", is_flag=True, help="Write even where FILE is there already.")
def scenarios(name: str | None, out: str | None, overwrite: bool) -> None:
    """List the scenarios that come with sojourn, or give the file of one.

    \b
    Example:
      sojourn scenarios point-of-no-return --out my-journey.toml
    """
    from sojourn.listing import give_scenario, print_library

    if name is None and out is None:
        print_library()
    else:
        give_scenario(name, out, overwrite=overwrite)


@main.command()
@click.argument("scenario", metavar=SCENARIO)
@click.option("--variant", metavar="NAME", help="A variant of the scenario, named in its file.")
def validate(scenario: str, variant: str | None) -> None:
    """Check a scenario and say what its numbers imply before any run.

    Every fault comes with its place and a remedy, on stderr, and the exit code is 2.

    \b
    Example:
      sojourn validate my-journey.toml
    """
    from sojourn.validation import print_validation

    print_validation(scenario, variant)


@main.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for completion in editors.

    \b
    Example:
      sojourn schema > sojourn.schema.json
    """
    from sojourn.output import encode
    from sojourn.scenarios.schema import json_schema

    click.echo(encode(json_schema()), nl=False)


@main.command()
@click.argument("scenario", metavar=SCENARIO)
@click.option("--strategy", "strategies", multiple=True, metavar="S", help="A strategy; all of the file if left out.")
@simulation
def run(scenario: str, strategies: tuple[str, ...], **settings: Any) -> None:
    """Simulate a scenario and print its measures with 90 % intervals.

    \b
    Example:
      sojourn run point-of-no-return --strategy today --customers 2000 --out results
    """
    from sojourn.simulate import simulate

    simulate(scenario, list(strategies), Options(**settings))


@main.command()
@click.argument("scenario", metavar=SCENARIO)
@click.option("--strategies", metavar="A,B,...", help="The baseline first; all of the file if left out.")
@deciding
@simulation
def compare(
    scenario: str,
    strategies: str | None,
    measure: str,
    error_rate: float,
    settle: bool,
    most: int | None,
    seconds: float | None,
    close_enough: float | None,
    delay: str | None,
    **settings: Any,
) -> None:
    """Run strategies on the same customers and say which is better, and by how much.

    Differences are strategy minus baseline, the first strategy. With --settle, --most, --seconds or --close-enough
    replications are added until the answer is settled or the budget is spent; intervals allow for that.

    \b
    Example:
      sojourn compare point-of-no-return --strategies today,brand_reputation --replications 40
    """
    from sojourn.simulate import confront

    asked = Deciding(measure, error_rate, settle, most, seconds, close_enough, delay)
    confront(scenario, strategies, asked, Options(**settings))


for _command in (*cli_deciding.COMMANDS, *cli_calibrating.COMMANDS):
    main.add_command(_command)
