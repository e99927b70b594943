"""The command line: a function a command, with its options and an example; what it does stands in a module of its own.

stdout carries results, stderr progress and messages. Nothing heavy is imported before a command needs it.
"""

import gc
import os
from typing import Any

import click

from sojourn.deciding import Deciding, deciding
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
@click.argument("scenario", metavar=SCENARIO)
@click.option("--strategies", metavar="A,B", help="Two, the baseline first; the first two of the file if left out.")
@click.option("--customer", type=int, metavar="ID", help="The one to show, in place of interesting ones.")
@click.option("--show", type=int, default=5, show_default=True, metavar="N", help="How many customers to show.")
@click.option(
    "--replication", type=int, default=0, show_default=True, metavar="R", help="Whose customers are shown and counted."
)
@sizes
@click.option("--variant", metavar="NAME", help="A variant of the scenario, named in its file.")
@click.option("--out", metavar="DIR", help="Write twins.json, pictures, report.html and manifest.json there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables.")
def twins(scenario: str, **settings: Any) -> None:
    """Lay two strategies side by side: single customers, where their lives part, and the difference by lever and stage.

    The same customers live under both. Parts of the difference add up, and a lever's cost stays its own.

    \b
    Example:
      sojourn twins point-of-no-return --strategies today,brand_reputation --show 3
    """
    from sojourn.twinning import lay

    lay(scenario, **settings)


@main.command()
@click.argument("scenario", metavar=SCENARIO)
@click.option("--strategies", metavar="A,B", help="Two, the baseline first; the first two of the file if left out.")
@click.option("--measure", default="profit", show_default=True, metavar="NAME", help="What is compared.")
@click.option(
    "--method",
    type=click.Choice(["tornado", "morris", "sobol"]),
    default="tornado",
    show_default=True,
    help="Each number from end to end with its break-even, screening, or shares of variance.",
)
@click.option(
    "--numbers",
    multiple=True,
    metavar="PATH",
    help="Numbers to move, as stages.*.race.churned; again for each. Left out: all with a declared interval.",
)
@click.option("--points", type=int, metavar="N", help="Trajectories of morris (10), points of sobol (64).")
@click.option("--customers", type=int, metavar="N", help="Customers who arrive; invitees come on top.")
@click.option(
    "--replications", type=int, metavar="R", help="Lives of the same market; 20 for tornado, else 4, if left out."
)
@click.option("--seed", type=int, default=SEED, show_default=True, metavar="K", help="Which luck: 0 to 4294967295.")
@click.option("--variant", metavar="NAME", help="A variant of the scenario, named in its file.")
@click.option("--out", metavar="DIR", help="Write sensitivity.json, a picture, report.html and manifest.json there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables.")
def sensitivity(scenario: str, **settings: Any) -> None:
    """Find out which numbers the difference between two strategies hangs on, and where it breaks even.

    Everything is simulated on the same customers and draws. A number without an interval is moved a fifth each way.

    \b
    Example:
      sojourn sensitivity point-of-no-return --strategies today,brand_reputation --customers 500
    """
    from sojourn.probing import probe

    probe(scenario, **settings)


@main.command()
@click.argument("scenario", metavar=SCENARIO)
@click.option("--levers", metavar="A,B,...", help="Levers whose levels are chosen; all of the file if left out.")
@click.option("--baseline", metavar="S", help="The strategy to beat; the first of the file if left out.")
@click.option("--measure", default="profit", show_default=True, metavar="NAME", help="What is to be best.")
@click.option(
    "--budget", type=float, metavar="MONEY", help="What levers may cost beyond the baseline; all if left out."
)
@click.option(
    "--at-least", multiple=True, metavar="NAME=VALUE", help="A measure that must not be lower; again for each."
)
@click.option(
    "--at-most", multiple=True, metavar="NAME=VALUE", help="A measure that must not be higher; again for each."
)
@click.option("--schedules", is_flag=True, help="Choose the day from which each lever holds, too.")
@click.option("--frontier", metavar="NAME", help="What the frontier shows against spending; --measure if left out.")
@click.option("--trials", type=int, metavar="N", help="Mixes of the wide search; 24 and 12 a number if left out.")
@click.option("--customers", type=int, metavar="N", help="Customers who arrive; invitees come on top.")
@click.option("--replications", type=int, default=8, show_default=True, metavar="R", help="Of each trial.")
@click.option(
    "--seed", type=int, default=SEED, show_default=True, metavar="K", help="Which luck; the check has the next."
)
@click.option("--variant", metavar="NAME", help="A variant of the scenario, named in its file.")
@click.option("--into", metavar="FILE", help="Write the scenario there, with the mix as strategy optimised.")
@click.option("--out", metavar="DIR", help="Write optimum.json, frontier.png, report.html and manifest.json there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of a table.")
def optimise(scenario: str, **settings: Any) -> None:
    """Find the best mix of lever levels within a budget and other limits, and confirm it on fresh customers.

    With --out, work that was stopped goes on from where it stood.

    \b
    Example:
      sojourn optimise point-of-no-return --levers experience,personalization --budget 20000 --trials 30
    """
    from sojourn.optimising import print_optimum

    print_optimum(scenario, **settings)


@main.command()
@click.argument("log", metavar="LOG")
@click.option("--stages", "mapping", metavar="MAP.toml", help="Which column and which event means what.")
@click.option("--suggest", is_flag=True, help="Propose a mapping for the log, to edit, and fit nothing.")
@click.option("--query", metavar="SQL", help="With --suggest, for a DuckDB database file: what to select.")
@click.option("--out", metavar="FILE", help="The scenario file; its draws stand beside it. With --suggest the mapping.")
@click.option(
    "--draws", type=int, default=200, show_default=True, metavar="N", help="Joint draws of all its numbers; 0: none."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of a table.")
def calibrate(log: str, draws: int, **settings: Any) -> None:
    """Fit a scenario to an event log and check it on customers it has not seen.

    LOG is CSV, Parquet or JSON lines (also as .gz), XES, or a DuckDB database file with a query in the mapping.

    Draws of what was estimated go into FILE's companion, my-journey.draws.parquet beside my-journey.toml.

    \b
    Examples:
      sojourn calibrate events.csv --suggest --out map.toml
      sojourn calibrate events.csv --stages map.toml --out my-journey.toml
    """
    from sojourn.suggesting import Asked, print_suggestion

    asked = Asked.of(**settings)
    if asked.suggest:
        print_suggestion(log, asked)
        return
    from sojourn.fitting import print_calibration

    print_calibration(log, asked.mapping, asked.out, draws, asked.as_json)


@main.command("validate-fit")
@click.argument("log", metavar="[LOG]", required=False)
@click.option("--stages", "mapping", metavar="MAP.toml", help="Which column and which event means what.")
@click.option(
    "--split",
    type=click.Choice(("customer", "time")),
    default="customer",
    show_default=True,
    help="Hold out customers by chance, or those who came later.",
)
@click.option("--at", metavar="DATE", help="By time: fitted to what was known at the end of that date.")
@click.option("--share", type=float, default=0.3, show_default=True, metavar="X", help="Of the customers held out.")
@click.option(
    "--planted", metavar=SCENARIO, help="In place of a log: simulate this, and lay its numbers beside the fit's."
)
@click.option("--customers", type=int, metavar="N", help="With --planted: how many arrive.")
@click.option(
    "--replications", type=int, default=50, show_default=True, metavar="R", help="Simulated copies of those held out."
)
@click.option("--seed", type=int, default=SEED, show_default=True, metavar="K", help="Of the split and the simulation.")
@click.option("--out", metavar="DIR", help="Write report.html, verdict.json and the pictures there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables.")
def validate_fit(log: str | None, **settings: Any) -> None:
    """Fit to a part of an event log, simulate the rest, and say where the model may be believed and where not.

    With --planted the log is simulated, so that the true numbers are known and can be laid beside those of the fit.

    \b
    Examples:
      sojourn validate-fit events.csv --stages map.toml --split time --at 2017-09-30 --out verdict
      sojourn validate-fit --planted my-journey.toml --customers 5000
    """
    from sojourn.judging import Asked, print_verdict

    print_verdict(Asked(log=log, **settings))


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


@main.command()
@click.argument("scenario", metavar="SCENARIO.toml")
@click.option("--log", required=True, metavar="LOG", help="The event log whose open customers are followed.")
@click.option("--stages", "mapping", required=True, metavar="MAP.toml", help="Which column and which event means what.")
@click.option("--until", metavar="DATE", help="The last day, as 2026-12-31; or give --days.")
@click.option("--days", type=float, metavar="N", help="Days from the end of the log on.")
@click.option("--strategies", metavar="A,B,...", help="The baseline first; all of the file if left out.")
@click.option("--draws", type=int, default=100, show_default=True, metavar="N", help="Of the scenario's numbers.")
@click.option(
    "--replications", type=int, default=2, show_default=True, metavar="R", help="Futures for each draw of the numbers."
)
@click.option(
    "--arrivals", metavar="FILE", help="Newcomers by day (CSV: day,count), or none; as calibrated if left out."
)
@click.option(
    "--despite-drift",
    is_flag=False,
    flag_value="later",
    metavar="later|whole",
    help="Go on though the log's halves differ: with the numbers of the later part, or of the whole.",
)
@click.option("--seed", type=int, default=SEED, show_default=True, metavar="K", help="Which luck: 0 to 4294967295.")
@click.option("--out", metavar="DIR", help="Write forecast.json, pictures, report.html and manifest.json there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables.")
def forecast(scenario: str, **settings: Any) -> None:
    """Say what becomes of today's customers and of newcomers by a date, under each strategy.

    Everybody who is on the way when the log ends goes on from there. Intervals are of what will be counted: they hold luck and
    the error of the calibrated numbers. A log whose halves differ is refused.

    \b
    Example:
      sojourn forecast my-journey.toml --log events.csv --stages map.toml --days 90
    """
    from sojourn.forecasting import Asked, print_forecast

    print_forecast(scenario, Asked(**settings))
