"""The demo: `python -m sojourn.demo [--out DIR]`, which is what `make demo` runs.

From real households to a decision: the event log of coupon campaigns (see `demo_data` for the unit, and for why the
campaign's end censors a stay), a fit to it, a check on households that the fit has not seen, and four strategies on
the same simulated households.
Everything is left in the folder, so that each step can be repeated by hand with `sojourn calibrate` and `sojourn
compare`.
"""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sojourn.guard import guarded
from sojourn.terminal import forgive, plain, progress

if TYPE_CHECKING:
    from sojourn.calibration.calibrate import Calibration
    from sojourn.demo_data import Built

TITLE = "Coupons in a grocery: what a reminder or richer coupons would bring"
MARGIN = 0.30  # of sales; assumed, the order of a grocer's gross margin
EXTRA = 0.50  # of that margin, what would not have come without the coupon; assumed
MAILING = 0.50  # USD to target a household; assumed
RICHER = 0.30  # by how much richer coupons raise the discount

# Effects are borrowed or assumed: the data hold no experiment. A redemption within two weeks is rare enough for odds
# and hazards to hardly differ, so that the log-odds of the e-mail experiment become a hazard ratio: exp(.40) = 1.49
# [exp(.05), exp(.80)].
LEVERS = """
# --- levers and strategies: written for the demo, not calibrated -------------------------------------------------

[levers.reminder]
cost = {{ per_day = 20.0, per_customer_day = 0.004 }}
effects = [
  {{ exit = "targeted -> redeemed", hazard_ratio = {pulse}, evidence = "borrowed", source = {mail} }},
  {{ exit = "shopped -> redeemed", hazard_ratio = {pulse}, evidence = "borrowed", source = {mail} }},
]

[levers.richer_coupons]
effects = [
  {{ exit = "targeted -> redeemed", hazard_ratio = {pull}, evidence = "assumed", source = {dose} }},
  {{ exit = "shopped -> redeemed", hazard_ratio = {pull}, evidence = "assumed", source = {dose} }},
  {{ exit = "redeemed -> redeemed_again", hazard_ratio = {pull}, evidence = "assumed", source = {dose} }},
  {{ exit = "redeemed_again -> redeemed_again", hazard_ratio = {pull}, evidence = "assumed", source = {dose} }},
  {{ spend = "redeemed", rate_ratio = {kept}, evidence = "measured", source = {less} }},
  {{ spend = "redeemed_again", rate_ratio = {kept}, evidence = "measured", source = {less} }},
]

[strategies.today]

[strategies.reminder]                # an e-mail to all on day 7, felt for two weeks
reminder = [{{ day = 7, level = 1.0 }}, {{ day = 21, level = 0.0 }}]

[strategies.reminder_to_users]       # only to those who have used coupons before
reminder = {{ steps = [{{ day = 7, level = 1.0 }}, {{ day = 21, level = 0.0 }}], when = "{users}" }}

[strategies.richer_coupons]          # {richer:.0%} more discount, all the time
richer_coupons = 1.0

[[sources]]
paths = ["stages.*.revenue"]
evidence = "measured"
source = "sales of covered products in {baskets:,} baskets with a redemption"

[[sources]]
paths = ["stages.*.cost"]
evidence = "assumed"
source = "margin of {margin:.0%}, of which {extra:.0%} would not have come anyway; USD {mailing:.2f} to target a household"
"""
PULSE = "{ central = 1.49, low = 1.05, high = 2.23 }"
PULL = "{ central = 1.25, low = 1.0, high = 1.6 }"
MAIL = (
    "e-mail pulse of 14 days, log-odds +.40 [.05, .80]: shrunk from Hillstrom's e-mail experiment (n = 64,000, visits and "
    "purchases within two weeks), taken as a hazard ratio because redemptions are rare"
)
DOSE = "judgement; only the direction is known from experiments with incentives of several sizes"


@click.command(help="Calibrate on real households, check, simulate, compare, and write one page with all of it.")
@click.option("--out", default="demo", show_default=True, help="folder for the log, the scenarios and the report")
@click.option(
    "--replications",
    default=20,
    show_default=True,
    type=click.IntRange(2, 1000),
    help="of the check and of every strategy",
)
def main(out: str, replications: int) -> None:
    """Run the demo from the command line."""
    with guarded():
        demo(Path(out), replications)


def demo(folder: Path, replications: int = 20) -> Path:
    """Write the demo's files to a folder and return the path of the report. Raises Faults if the data are not there."""
    from sojourn import demo_data
    from sojourn.calibration.calibrate import calibrate
    from sojourn.experiments.compare import compare
    from sojourn.output import write_text
    from sojourn.plots.words import minus
    from sojourn.report import write
    from sojourn.scenarios.files import load

    began = time.monotonic()
    demo_data.folder()  # before anything is written
    folder.mkdir(parents=True, exist_ok=True)
    log, mapping, scenario = (folder / name for name in ("coupon-campaign.csv", "mapping.toml", "scenario.toml"))

    tell("1. Reading the Complete Journey data: households of a grocer and its coupon campaigns in 2017.")
    built = demo_data.build(log, mapping)
    tell(
        f"   {built.households:,} households in {built.campaigns} campaigns: {built.journeys:,} journeys, "
        f"{built.rows:,} events. Written to {log} and {mapping}."
    )
    tell(
        "2. Calibrating: laws for every way out of every stage, unfinished stays counted for as long as they were seen,"
    )
    tell("   and a check on the households of a third that the fit has not seen.")
    with progress("Simulating the households held out") as news:
        found = calibrate(log, mapping, replications=replications, progress=news)
    for line in found.summary()[:3]:
        tell(f"   {line}")
    write_text(str(scenario), _scenario(found, built))
    tell(f"   The scenario, with levers and four strategies added: {scenario}.")
    tell(f"3. Simulating four strategies on the same households, {replications} times.")
    with progress("Simulating strategies") as news:
        comparison = compare(load(str(scenario)), replications=replications, progress=news)
    tell(f"   {minus(comparison.verdict.sentence)}")
    tell("4. Writing the report.")
    report = write(
        folder / "report.html",
        title=TITLE,
        comparison=comparison,
        check=found.check,
        calibration=found.fit,
        notes=NOTES,
    )
    tell(f"Done in {time.monotonic() - began:.0f} s. Open the report in a browser:")
    tell(str(report))
    return report


def tell(line: str) -> None:
    """One line of what is going on, at once."""
    forgive(sys.stdout)
    click.echo(plain(line))


NOTES = (
    "The unit is one household in one campaign, because that is what a campaign acts on. A household has several; the check "
    "never has one on both sides.",
    "The campaign's end censors a stay and does not end it: its day is set by the calendar before anybody is targeted, so it "
    "tells nothing about the household, and how fast coupons are used can be estimated as if campaigns went on. As an exit of "
    "its own it fitted held-out households no better when that was tried, and its law would describe the "
    "calendar. The scenario is one campaign of 32 days, the shortest and commonest length.",
    "Campaigns that began before 2017 are left out: their first days are not in the data.",
    f"Money: a margin of {MARGIN:.0%} on the covered products in a basket with a redemption, half of it taken to be extra. What "
    "would have been bought anyway the data cannot tell, and every difference in profit rests on it.",
    "No household was given coupons by chance, so the data say who redeems and when, not what a lever does: those effects are "
    "borrowed or assumed, with their intervals.",
)


def _scenario(found: "Calibration", built: "Built") -> str:
    """The calibrated scenario with money, levers and strategies."""
    import numpy as np

    from sojourn.calibration.durations import fit_law
    from sojourn.calibration.scenario import law_text, number, text

    sales, discount = built.sales, sum(built.discounts) / len(built.discounts)
    basket = fit_law(np.array(sales), np.ones(len(sales), dtype=np.bool_), laws=("gamma", "lognormal", "weibull"))
    mean = float(np.mean(sales))
    money = f"revenue = {law_text(basket)}\ncost = {number(mean * (1.0 - MARGIN * EXTRA))}\n"
    result = found.fit.scenario_text(TITLE)
    for stage, lines in (
        ("targeted", f"cost = {number(MAILING)}\n"),
        ("redeemed", money),
        ("redeemed_again", money),
    ):
        result = result.replace(f"[stages.{stage}]\n", f"[stages.{stage}]\n{lines}", 1)
    users = " or ".join(f"segment == {name}" for name in found.log.segments if "used_coupons" in name)
    return result + LEVERS.format(
        pulse=PULSE,
        pull=PULL,
        kept=number(1.0 - RICHER * discount / mean),
        mail=text(MAIL),
        dose=text(DOSE),
        less=text(f"{RICHER:.0%} more discount: {RICHER:.0%} of USD {discount:.2f} in a basket of USD {mean:.2f}"),
        users=users,
        richer=RICHER,
        baskets=len(sales),
        margin=MARGIN,
        extra=EXTRA,
        mailing=MAILING,
    )


if __name__ == "__main__":
    main()
