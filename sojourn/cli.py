"""The command line: `sojourn scenarios|validate|schema|run|compare|targets|fit|commitment|worth|calibrate|lever`.

stdout carries results, stderr progress and messages. Nothing heavy is imported before a command needs it.
"""

import gc
import os
from typing import Any

import click

from sojourn.guard import Guarded
from sojourn.options import SEED, Options, simulation, sizes

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
@click.option("--out", metavar="DIR", help="Write targets.json, report.html and manifest.json there.")
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
@click.argument("scenario", metavar=SCENARIO)
@click.option(
    "--loyal", multiple=True, metavar="STAGE", help="What counts as got there; stages of role loyal if left out."
)
@click.option("--within", type=float, metavar="DAYS", help="To get there; half the horizon, at most 365, if left out.")
@click.option("--strategies", metavar="A,B,...", help="The baseline first; all of the file if left out.")
@click.option(
    "--budget", type=float, metavar="MONEY", help="What a strategy may cost beyond the baseline; all if left out."
)
@click.option("--customers", type=int, metavar="N", help="Customers who arrive; invitees come on top.")
@click.option(
    "--replications",
    type=int,
    default=4,
    show_default=True,
    metavar="R",
    help="Of each of three samples: to form states, estimate, count.",
)
@click.option("--seed", type=int, default=SEED, show_default=True, metavar="K", help="Which luck: 0 to 4294967295.")
@click.option("--variant", metavar="NAME", help="A variant of the scenario, named in its file.")
@click.option("--out", metavar="DIR", help="Write commitment.json, commitment.png and manifest.json there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables.")
def commitment(scenario: str, **settings: Any) -> None:
    """Compute the point of no return: where customers become as good as won, lost, or not worth more money.

    The chance of a customer in a state is that of entering a loyal stage within --within days, before being lost.

    \b
    Example:
      sojourn commitment point-of-no-return --loyal advocacy --within 365
    """
    from sojourn.committing import commit

    commit(scenario, **settings)


@main.command()
@click.argument("scenario", metavar=SCENARIO)
@click.option("--strategies", metavar="A,B,...", help="The baseline first; all of the file if left out.")
@click.option("--draws", type=int, default=200, show_default=True, metavar="N", help="Of the numbers in doubt.")
@click.option("--replications", type=int, default=2, show_default=True, metavar="R", help="Lives of each draw.")
@click.option("--measure", default="profit", show_default=True, metavar="NAME", help="What decides.")
@click.option(
    "--willingness",
    metavar="NAME[=LOW:HIGH]",
    help="What else is worth money, and the price of a unit of it; satisfaction, or purchases, if left out.",
)
@click.option("--budget", metavar="LOW:HIGH", help="What a strategy may cost beyond the baseline; chosen if left out.")
@click.option("--customers", type=int, metavar="N", help="Customers who arrive; invitees come on top.")
@click.option("--seed", type=int, default=SEED, show_default=True, metavar="K", help="Which luck: 0 to 4294967295.")
@click.option("--variant", metavar="NAME", help="A variant of the scenario, named in its file.")
@click.option("--out", metavar="DIR", help="Write worth.json, pictures, report.html and manifest.json there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables.")
def worth(scenario: str, **settings: Any) -> None:
    """Say what deciding now risks, and which number is worth measuring before, in money.

    Effects with intervals, and calibrated numbers, are drawn from what is known of them. With --out, the same command goes on
    where it was stopped.

    \b
    Example:
      sojourn worth point-of-no-return --draws 100 --customers 2000 --out decision
    """
    from sojourn.worthing import Asked, weigh

    weigh(scenario, Asked(**settings))


@main.command()
@click.argument("log", metavar="LOG")
@click.option("--stages", "mapping", required=True, metavar="MAP.toml", help="Which column and which event means what.")
@click.option("--out", required=True, metavar="FILE", help="The scenario file to write.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of a table.")
def calibrate(log: str, mapping: str, out: str, as_json: bool) -> None:
    """Fit a scenario to an event log (CSV or Parquet) and check it on customers it has not seen.

    \b
    Example:
      sojourn calibrate events.csv --stages map.toml --out my-journey.toml
    """
    from sojourn.fitting import print_calibration

    print_calibration(log, mapping, out, as_json)


@main.command()
@click.argument("experiment", metavar="COUNTS|LOG")
@click.option("--name", required=True, metavar="NAME", help="What the lever is called in the scenario.")
@click.option("--stages", "mapping", metavar="MAP.toml", help="The mapping of an event log, with a column of arms.")
@click.option("--control", metavar="ARM", help="The control arm, unless it has the dose 0 or is called control.")
@click.option("--split", metavar="A=1,B=1", help="Planned sizes of the arms; equal if left out.")
@click.option(
    "--exit", "exits", multiple=True, metavar="'A -> B'", help="An exit that the lever moves; all if left out."
)
@click.option("--journey", metavar="A,B,...", help="Of a log: the stages along which the effect is taken apart.")
@click.option("--into", metavar=SCENARIO, help="A scenario to add the lever to; --out takes the result.")
@click.option("--out", metavar="FILE", help="The file to write: the scenario with the lever, or the lever alone.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables.")
def lever(experiment: str, **settings: Any) -> None:
    """Measure from an experiment what a lever does, and write it for a scenario.

    The experiment is counts by arm and stage (CSV or TOML), or an event log with its mapping. Effects come by exit, on the
    scenario's scale, with 90 % intervals; --into says which stages are choices and which are races.

    \b
    Example:
      sojourn lever counts.csv --name reminder --into my-journey.toml --out with-reminder.toml
    """
    from sojourn.levering import Asked, print_lever

    print_lever(experiment, Asked(**settings))
