"""Commands of the command line that turn what is simulated into a decision; see `cli`."""

from typing import Any

import click

from sojourn.options import SCENARIO, SEED, sizes


@click.command()
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
@click.option("--customers", type=int, metavar="N", help="Candidates who come; invitees come on top.")
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


@click.command()
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
@click.option("--customers", type=int, metavar="N", help="Candidates who come; invitees come on top.")
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


@click.command()
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
@click.option("--customers", type=int, metavar="N", help="Candidates who come; invitees come on top.")
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


@click.command()
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


@click.command()
@click.argument("scenario", metavar=SCENARIO)
@click.option(
    "--loyal", multiple=True, metavar="STAGE", help="What counts as got there; stages of role loyal if left out."
)
@click.option("--within", type=float, metavar="DAYS", help="To get there; half the horizon, at most 365, if left out.")
@click.option("--strategies", metavar="A,B,...", help="The baseline first; all of the file if left out.")
@click.option(
    "--budget", type=float, metavar="MONEY", help="What a strategy may cost beyond the baseline; all if left out."
)
@click.option("--customers", type=int, metavar="N", help="Candidates who come; invitees come on top.")
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


COMMANDS = (worth, sensitivity, optimise, twins, commitment)
