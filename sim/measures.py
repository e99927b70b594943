"""Measures of journeys: what each is, from one replication; `estimating` puts replications together.

All are named as in the documentation's table. Undefined figures are NaN in parts and None in estimates. Times are
days, money is in the scenario's currency, shares lie in 0 to 1. Unless it says otherwise a measure covers the full
horizon, all customers who arrived (invitees too), and treats what is unfinished at the horizon as censored.

- `reach.STAGE`: share of customers who ever enter by the horizon (a raw count). `conversion`: the same for any stage
  of role purchase.
- `step.A.B`: Aalen-Johansen probability, at the longest follow-up of all stays in A, that the stay has ended with a
  move to B; `step.A.open` is what is left. They add up to 1.
- `time_to.STAGE`: days from arrival to the first entry; the time at which the cumulative incidence (ending elsewhere
  competes) reaches half of its last value. Left out for a stage in which every customer starts.
- `dwell.STAGE`: mean days of a stay, waiting for the desk included: area under the Kaplan-Meier curve up to the longest
  follow-up, so it is a restricted mean where the longest stay is unfinished.
- `occupancy.STAGE`: share of all customers who are in the stage at the horizon.
- `retention.DAYS`: Kaplan-Meier probability of not being lost (a stage of role lost) DAYS after the first purchase.
  `churn_rate`: losses after the first purchase per 30.44 customer-days at risk, up to the loss or the horizon.
- `repeat_rate.DAYS`: Aalen-Johansen probability of a second purchase within DAYS of the first; loss or an end competes.
  `repeat_rate` is at 365 days, and undefined where nobody is followed that long. Of several replications there is one curve
  (see `pooling`), of losses too. `purchases`: per customer.
- `clv.DAYS`: margin in the DAYS from arrival, discounted to arrival, per customer who arrived early enough to be
  followed that long; `clv` over half the horizon. Margin is what the ledger books to customers (see `money.book`),
  without levers' costs per day and agents' pay.
- `revenue`, `cost`: totals, undiscounted, levers' costs per day and agents' pay included. `profit`: revenue minus cost,
  discounted to day 0; `profit.undiscounted`. `roi`: profit over cost, both discounted.
- `cac`: declared acquisition costs per first-time buyer. `impressions`, `click_through` (arrivals per impression).
- `satisfaction`: mean S at the horizon of customers who are not in a stage of role lost. `nps`: of the same
  customers, 100 (P(answer >= 9) - P(answer <= 6)), where the answer is a rounded normal with mean nps.mean +
  nps.per_10_points (S - start mean) / 10 and standard deviation nps.sd, so P(answer >= 9) = P(latent >= 8.5).
- `information`: mean share of what there is to know about a customer that is known, of the same customers.
- `referrals`: invitees per customer (invitees count as customers).
- `desk.NAME.requests`: requests per customer. `.wait`: days waited, the unfinished included, per request. `.utilisation`:
  busy time over the integral of max(agents, busy). `.abandoned`: share of requests that give up. `.failures`: share of
  requests that give up or end unresolved; `.failures_per_customer`: the same per customer.
- `survey.NAME.asked`: requests, one an entry to the survey's stage whose day of asking comes by the horizon and finds the
  customer not lost. `.responses`: share of them that are answered. `.satisfaction`, `.nps`: means over the answers;
  `.true_satisfaction`, `.true_nps`: over all requests, as if everybody answered; `.bias`, `.nps_bias`: measured less true, by
  replication. NPS counts the drawn answers, 100 (share of 9 and 10 - share of 0 to 6); see `surveys`.
"""

from collections.abc import Collection

import numpy as np

from sojourn.sim.estimating import Parts, estimate
from sojourn.sim.journeys import Contacts, Customers, Events, Journeys
from sojourn.sim.lives import Lives
from sojourn.sim.network import Network
from sojourn.sim.singles import coupled, estimate_single, measure_single, told
from sojourn.sim.vocabulary import DIRECTION, direction, headline, prefix, title, unit

__all__ = [
    "DIRECTION", "coupled", "direction", "estimate", "estimate_single", "headline", "measure", "measure_single",
    "measured", "names", "prefix", "title", "unit",
]  # fmt: skip


def measure(journeys: Journeys, network: Network) -> Parts:
    """All measures that the scenario defines, from one replication; see the table above.

    Returns a part a measure, in the order of the vocabulary; undefined ones are NaN, or 0 over 0.
    """
    return measured(Lives(journeys, network))


def measured(lives: Lives, wanted: Collection[str] | None = None) -> Parts:
    """The same, from facts that others share; only the measures of `wanted`, where that is given, in less time."""
    return {name: one.part for name, one in told(lives, wanted=wanted).items()}


def names(network: Network) -> tuple[str, ...]:
    """Names of the measures that the network's scenario defines, in order; nothing is run."""
    return tuple(measure(_nobody(network), network))


def _nobody(network: Network) -> Journeys:
    """Journeys of no customers."""
    ids, days = np.empty(0, dtype=np.int64), np.empty(0)
    short, tiny = np.empty(0, dtype=np.int16), np.empty(0, dtype=np.int8)
    events = Events(
        ids, np.empty(0, dtype=np.int32), short, days, days, days, ids, days, Contacts(ids, tiny, days, days)
    )
    customers = Customers(ids, days, short, tiny, ids, ids, days, days, days, days, days)
    horizon = network.scenario.about.horizon_days
    return Journeys(network.strategy, 0, network.stages, network.segments, horizon, events, customers)
