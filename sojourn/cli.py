"""The command line: `sojourn scenarios|validate|schema|run|compare|targets|fit|calibrate`.

stdout carries results, stderr progress and messages. Nothing heavy is imported before a command needs it.
"""

import gc
import os
from typing import Any

import click

from sojourn.guard import Guarded
from sojourn.options import Options, simulation, sizes

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
SCENARIO = "FILE|NAME"


@click.group(cls=Guarded, context_settings=CONTEXT)
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
    # Hardly anything here refers to itself, and to look for it takes a tenth of the time that rules are compiled in.
    gc.set_threshold(200_000, 20, 50)


@main.command()
def scenarios() -> None:
    """List the scenarios that come with sojourn.

    \b
    Example:
      sojourn scenarios
    """
    from sojourn.listing import print_library

    print_library()


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
@click.option("--measure", default="profit", show_default=True, metavar="NAME", help="What the verdict is about.")
@simulation
def compare(scenario: str, strategies: str | None, measure: str, **settings: Any) -> None:
    """Run strategies on the same customers and say which is better, and by how much.

    Differences are strategy minus baseline, the first strategy.

    \b
    Example:
      sojourn compare point-of-no-return --strategies today,brand_reputation --replications 40
    """
    from sojourn.simulate import confront

    confront(scenario, strategies, measure, Options(**settings))


@main.command()
@click.argument("scenario", metavar=SCENARIO)
@sizes
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of a table.")
def targets(scenario: str, **settings: Any) -> None:
    """Simulate what a scenario's numbers were tuned to meet, and say how near they come.

    Its [[targets]] are measures, or ratios of a measure between two variants of the file.

    \b
    Example:
      sojourn targets point-of-no-return
    """
    from sojourn.tuning import print_targets

    print_targets(scenario, Options(**settings))


@main.command()
@click.argument("scenario", metavar=SCENARIO)
@click.option(
    "--free",
    multiple=True,
    metavar="PATH=LOW:HIGH",
    help="A number that may move, and its bounds; again for each. Left out: [free] of the file, or what is tuned.",
)
@click.option("--out", metavar="FILE", help="Write the scenario with the numbers found there; its comments stay.")
@click.option("--customers", type=int, metavar="N", help="Customers who arrive; invitees come on top.")
@click.option(
    "--replications",
    type=int,
    metavar="R",
    help="Of the last trials and of the check; as many as the tolerances ask for if left out.",
)
@click.option("--seed", type=int, default=1, show_default=True, metavar="K", help="Which luck; the check has the next.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables.")
def fit(scenario: str, **settings: Any) -> None:
    """Choose numbers of a scenario so that its targets are met, and say what the targets cannot tell apart.

    Trials have the same customers; the answer is checked on others. Ctrl-C writes nothing and tells the best so far.

    \b
    Example:
      sojourn fit my-journey.toml --free stages.cart.exits.checkout=0.1:0.4 --out fitted.toml
    """
    from sojourn.adjusting import print_fit

    print_fit(scenario, **settings)


@main.command()
@click.argument("log", metavar="LOG")
@click.option("--stages", "mapping", required=True, metavar="MAP.toml", help="Which column and which event means what.")
@click.option("--out", required=True, metavar="FILE", help="The scenario file to write.")
def calibrate(log: str, mapping: str, out: str) -> None:
    """Fit a scenario to an event log (CSV or Parquet) and check it on customers it has not seen.

    \b
    Example:
      sojourn calibrate events.csv --stages map.toml --out my-journey.toml
    """
    from sojourn.fitting import print_calibration

    print_calibration(log, mapping, out)
