"""Names of measures: what each means in plain words, its unit, and whether more of it is better."""

from collections.abc import Iterable, Mapping, Sequence

from sojourn.scenarios.model import Scenario
from sojourn.sim.estimates import Estimate

# +1: more is better, -1: less is better, 0: depends. Measures of desks and surveys are listed without their name.
DIRECTION: dict[str, int] = {
    "profit": 1,
    "revenue": 1,
    "cost": -1,
    "roi": 1,
    "cac": -1,
    "clv": 1,
    "impressions": 0,
    "click_through": 1,
    "conversion": 1,
    "reach": 0,
    "step": 0,
    "time_to": 0,
    "dwell": 0,
    "occupancy": 0,
    "purchases": 1,
    "repeat_rate": 1,
    "retention": 1,
    "churn_rate": -1,
    "satisfaction": 1,
    "nps": 1,
    "information": 1,
    "referrals": 1,
    "desk.requests": 0,
    "desk.wait": -1,
    "desk.utilisation": 0,
    "desk.abandoned": -1,
    "desk.failures": -1,
    "desk.failures_per_customer": -1,
    "survey.asked": 0,
    "survey.responses": 0,
    "survey.satisfaction": 1,
    "survey.true_satisfaction": 1,
    "survey.bias": 0,
    "survey.nps": 1,
    "survey.true_nps": 1,
    "survey.nps_bias": 0,
}

SHARE = "share"
SHARP = 0.2  # of its figure, half the interval of a window that is shown first
_MONEY = frozenset({"profit", "revenue", "cost", "clv", "cac"})
_UNITS = {
    "roi": "ratio",
    "impressions": "impressions",
    "time_to": "days",
    "dwell": "days",
    "desk.wait": "days",
    "desk.requests": "per customer",
    "desk.failures_per_customer": "per customer",
    "purchases": "per customer",
    "referrals": "per customer",
    "churn_rate": "per 30.44 customer-days",
    "satisfaction": "points",
    "nps": "points",
    "survey.asked": "requests",
    "survey.satisfaction": "points",
    "survey.true_satisfaction": "points",
    "survey.bias": "points",
    "survey.nps": "points",
    "survey.true_nps": "points",
    "survey.nps_bias": "points",
}
_TITLES = {
    "profit": "Profit, discounted to day 0",
    "profit.undiscounted": "Profit, undiscounted",
    "revenue": "Revenue",
    "cost": "Cost",
    "roi": "Profit per unit of cost, both discounted",
    "cac": "Acquisition cost per first-time buyer",
    "clv": "Customer lifetime value over half the horizon",
    "impressions": "Impressions",
    "click_through": "Customers who arrived per impression",
    "conversion": "Share of customers who ever purchase",
    "purchases": "Purchases per customer",
    "repeat_rate": "Second purchase within 365 days of the first",
    "churn_rate": "Losses per month (30.44 days) of a buyer",
    "satisfaction": "Satisfaction (0 to 100) of customers not lost",
    "nps": "Net Promoter Score of customers not lost",
    "information": "Share known of what there is to know about customers not lost",
    "referrals": "Invited customers per customer",
}
_AT_DESK = {
    "requests": "Requests per customer",
    "wait": "Days of waiting",
    "utilisation": "Share of time at work",
    "abandoned": "Share who give up",
    "failures": "Share of requests that fail",
    "failures_per_customer": "Failures per customer",
}
_SURVEYED = {
    "asked": "Requests of survey {}",
    "responses": "Share who answer survey {}",
    "satisfaction": "Satisfaction measured by survey {}",
    "true_satisfaction": "Satisfaction of all asked by survey {}",
    "bias": "Satisfaction measured less true, survey {}",
    "nps": "Net Promoter Score measured by survey {}",
    "true_nps": "Net Promoter Score of all asked by survey {}",
    "nps_bias": "Net Promoter Score measured less true, survey {}",
}


def prefix(name: str) -> str:
    """The key of DIRECTION for a measure's name: `retention` for `retention.90`, `desk.wait` for
    `desk.support.wait`.
    """
    parts = name.split(".")
    return f"{parts[0]}.{parts[-1]}" if parts[0] in ("desk", "survey") else parts[0]


def direction(name: str) -> int:
    """+1 where more of the measure is better, -1 where less is, 0 where it depends (or the name is unknown)."""
    return DIRECTION.get(prefix(name), 0)


def unit(name: str, scenario: Scenario) -> str:
    """The measure's unit: `share` (0 to 1), `days`, `points`, `per customer`, the scenario's currency, and the like."""
    key = prefix(name)
    return scenario.about.currency if key in _MONEY else _UNITS.get(key, SHARE)


def is_share(name: str) -> bool:
    """Whether the measure lies in 0 to 1."""
    key = prefix(name)
    return key in DIRECTION and key not in _MONEY and key not in _UNITS


def title(name: str) -> str:
    """The measure in plain words."""
    if name in _TITLES:
        return _TITLES[name]
    head, _, rest = name.partition(".")
    words = rest.replace("_", " ")
    if head == "step":
        stage, _, following = rest.rpartition(".")
        stage, following = stage.replace("_", " "), following.replace("_", " ")
        return f"Still in {stage} at the end of follow-up" if following == "open" else f"From {stage}, next {following}"
    if head == "desk":
        desk, _, what = rest.rpartition(".")
        return f"{_AT_DESK.get(what, what)} at {desk.replace('_', ' ')}"
    if head == "survey":
        survey, _, what = rest.rpartition(".")
        return _SURVEYED.get(what, what).format(survey.replace("_", " "))
    patterns = {
        "reach": "Share of customers who ever enter {}",
        "time_to": "Median days from arrival to {}, of those who reach it",
        "dwell": "Mean days in {}",
        "occupancy": "Share of customers in {} at the horizon",
        "retention": "Buyers not lost {} days after the first purchase",
        "repeat_rate": "Second purchase within {} days of the first",
        "clv": "Customer lifetime value over {} days",
    }
    return patterns[head].format(words) if head in patterns else name


def in_order(names: Iterable[str]) -> list[str]:
    """Names in the order of DIRECTION; those of one kind (stages, days, desks) stay in the order given."""
    ranks = {key: rank for rank, key in enumerate(DIRECTION)}
    return sorted(names, key=lambda name: ranks.get(prefix(name), len(ranks)))


def _everybody(estimate: Estimate) -> bool:
    return estimate.mean == 1.0 and estimate.low in (None, 1.0) and estimate.high in (None, 1.0)


def _telling(windows: Sequence[str], measures: Sequence[Mapping[str, Estimate]]) -> Sequence[str]:
    """The longest of some windows (ascending) that all strategies tell to within a fifth of its figure; where none is told so
    well, the shortest, and without any intervals the longest.
    """

    def told(name: str) -> bool:
        found = [one[name] for one in measures if name in one]
        return all(
            one.mean is not None and one.low is not None and one.mean - one.low <= SHARP * one.mean for one in found
        )

    if all(one[name].low is None for name in windows for one in measures if name in one):
        return windows[-1:]
    return [name for name in windows if told(name)][-1:] or windows[:1]


def headline(*measures: Mapping[str, Estimate], most: int = 8) -> tuple[str, ...]:
    """At most `most` measures for people, in a sensible order; none that is undefined or zero throughout, no share that
    is 1 throughout, such as that of customers who enter the stage where all of them start, and `reach` of the first
    purchase only as `conversion`.

    Several strategies' measures may be given: a measure is shown where it tells something in any of them.
    """

    def tells(name: str) -> bool:
        means = [one[name].mean for one in measures if name in one]
        return any(means) and not (is_share(name) and all(_everybody(one[name]) for one in measures if name in one))

    known = list(dict.fromkeys(name for one in measures for name in one))
    retention = [name for name in known if prefix(name) == "retention" and tells(name)]
    reach = [name for name in known if prefix(name) == "reach"]
    reach = [name for name in reach if any(one.get(name) != one.get("conversion") for one in measures)]
    desks = [name for name in known if prefix(name) in ("desk.wait", "desk.abandoned")]
    wanted = [
        "profit",
        "revenue",
        "cost",
        "conversion",
        "purchases",
        *_telling(retention, measures),
        "satisfaction",
        "clv",
    ]
    surveys = [name for name in known if prefix(name) in ("survey.nps", "survey.true_nps")]
    more = ["nps", *desks, "referrals", "churn_rate", *reach, *surveys]
    return tuple(name for name in (*wanted, *more) if tells(name))[:most]
