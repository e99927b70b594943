"""Commands of the command line that go between data and a scenario; see `cli`."""

from typing import Any

import click

from sojourn.options import SCENARIO, SEED, Options, sizes


@click.command()
@click.argument("log", metavar="LOG")
@click.option("--stages", "mapping", metavar="MAP.toml", help="Which column and which event means what.")
@click.option("--suggest", is_flag=True, help="Propose a mapping for the log, to edit, and fit nothing.")
@click.option("--query", metavar="SQL", help="With --suggest, for a DuckDB database file: what to select.")
@click.option("--out", metavar="FILE", help="The scenario file; its draws stand beside it. With --suggest the mapping.")
@click.option(
    "--draws",
    type=int,
    default=200,
    show_default=True,
    metavar="N",
    help="Joint draws of all its numbers, 20 or more; 0: none.",
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


@click.command("validate-fit")
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
@click.option("--share", type=float, metavar="X", help="Of the customers held out: .3 if left out. Not with --at.")
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


@click.command()
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


@click.command()
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


@click.command()
@click.argument("scenario", metavar=SCENARIO)
@click.option(
    "--free",
    multiple=True,
    metavar="PATH=LOW:HIGH",
    help="A number that may move, and its bounds; again for each. Left out: [free] of the file, or what is tuned.",
)
@click.option("--out", metavar="FILE", help="Write the scenario with the numbers found there; its comments stay.")
@click.option("--customers", type=int, metavar="N", help="Candidates who come; invitees come on top.")
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


@click.command()
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


COMMANDS = (calibrate, validate_fit, forecast, lever, fit, targets)
