"""Every kind of mistake: one fault for one mistake, with the place, the word that matters and the remedy."""

import pickle
from collections.abc import Callable

import pytest

from sojourn.scenarios.faults import Fault, Faults, nearest, shown

FaultsOf = Callable[[str], tuple[Fault, ...]]
Edit = Callable[[str, str], str]

PREMIUM = "spend_ratio = 2.5"
OVERRIDE = f"{PREMIUM}\n[segments.premium.override]\n"
PERSONAL = "log_odds = { central = 0.05, low = 0.0, high = 0.12 }       # at full level; the 90 % interval"
PERKS = "hazard_ratio = { central = 0.85, low = 0.65, high = 1.0 }"
POINTS = "points = { central = 8.0, low = 3.0, high = 13.0 }"
FIRST_DWELL = '{ law = "lognormal", median = 3.0, sigma = 0.8 }'
STEPS = "[{ day = 0, level = 0.0 }, { day = 60, level = 0.9, ramp_days = 30 }]"
WHEN = 'when = "segment == premium and purchases >= 2"'
HARM = '{ exit = "post_purchase -> loyalty", log_odds_per_day_waited = -1.5 },'
CHURN = '{ exit = "loyalty -> churned", hazard_ratio = 0.82 }'
ARRIVALS = "rate_per_day = 40 "

# (what stands in the file, what stands there instead, path of the fault, part of the message, part of the remedy)
FORM = [
    ("format = 1", "format = 2", "format", "format 1, not 2", "write format = 1"),
    ("format = 1\n", "", "format", "is missing", "add format = 1"),
    ("[arrivals]", "[arival]", "arival", "unknown key", 'did you mean "arrivals"?'),
    ("[satisfaction]", "[satisfactoin]", "satisfactoin", "unknown key", 'did you mean "satisfaction"?'),
    ('name = "first"', 'name = "a b"', "scenario.name", "cannot be a name", "letters, digits, _ and -"),
    ('name = "first"', 'name = ""', "scenario.name", "is empty", "letters, digits"),
    ("horizon_days = 365", 'horizon_days = "365"', "scenario.horizon_days", "not", "write 365 without quotes"),
    ("horizon_days = 365", "horizon_days = true", "scenario.horizon_days", "not true", "yes and no only"),
    ("horizon_days = 365", "horizon_days = 2026-01-01", "scenario.horizon_days", "2026-01-01", "numbers of days"),
    ("horizon_days = 365", "horizon_days = nan", "scenario.horizon_days", "finite", "greater than 0"),
    ("horizon_days = 365", "horizon_days = inf", "scenario.horizon_days", "finite", "greater than 0"),
    ("horizon_days = 365", "horizon_days = 1e400", "scenario.horizon_days", "finite", "greater than 0"),
    ("horizon_days = 365", "horizon_days = 0", "scenario.horizon_days", "greater than 0", "in days"),
    ("horizon_days = 365", f"horizon_days = {'9' * 400}", "scenario.horizon_days", "too large", "at most"),
    ("annual_discount_rate = 0.10", "annual_discount_rate = -1", "scenario.annual_discount_rate", "than -1", "rate"),
    ("size = 500000", "size = 1.5", "market.size", "whole number", "give a whole number"),
    ("size = 500000", "size = 0", "market.size", "at least 1", "from 1 to"),
    ("share = 0.8", "share = 80", "segments.regular.share", "at most 1, not 80", "write 80 % as 0.8"),
    (PREMIUM, "spend_ratio = -1", "segments.premium.spend_ratio", "at least 0", "factor on revenue"),
    (FIRST_DWELL, '{ law = "lognorm", median = 3 }', "stages.awareness.dwell.law", '"lognorm"', '"lognormal"?'),
    (FIRST_DWELL, "{ law = 3, median = 3 }", "stages.awareness.dwell.law", "not 3", "exponential, weibull"),
    (FIRST_DWELL, "{ median = 3.0 }", "stages.awareness.dwell.law", "law is missing", "exponential, weibull"),
    (FIRST_DWELL, '{ lw = "lognormal" }', "stages.awareness.dwell.lw", "unknown key", 'did you mean "law"?'),
    (FIRST_DWELL, "3.0", "stages.awareness.dwell", "should be a table that gives a law", 'law = "lognormal"'),
    ("median = 3.0, sigma", "medan = 3.0, sigma", "stages.awareness.dwell.medan", "unknown", '"median"?'),
    ("median = 3.0, sigma", "sigma", "stages.awareness.dwell", "needs a mean or a median", "add mean"),
    ("median = 3.0, sigma", "median = 3.0, mean = 4, sigma", "stages.awareness.dwell", "both", "keep one"),
    ("median = 3.0, sigma = 0.8", "median = 3.0", "stages.awareness.dwell.sigma", "is missing", "add sigma"),
    ("median = 3.0, sigma", "median = -3.0, sigma", "stages.awareness.dwell.median", "greater than 0", "in days"),
    ("sigma = 0.8", "sigma = 0", "stages.awareness.dwell.sigma", "greater than 0", "at most 10"),
    (FIRST_DWELL, '{ law = "loglogistic", mean = 3, shape = 0.9 }', "stages.awareness.dwell.mean", "finite", "median"),
    ("value = 2.0 }", "value = -2.0 }", "stages.purchase.dwell.value", "at least 0", "the value"),
    ("consideration = 0.35", 'consideration = "35 %"', "stages.awareness.exits.consideration", "35", "write 0.35"),
    ("consideration = 0.35", "consideration = [1]", "stages.awareness.exits.consideration", "list", "a probability or"),
    ("consideration = 0.35", "consideration = 1.35", "stages.awareness.exits.consideration", "at most 1", "from 0 to 1"),
    ("probability = 0.25", "probabilty = 0.25", "stages.consideration.exits.purchase.probabilty", "unknown", '"prob'),
    ("exits.lapsed = 0.75", 'exits."la psed" = 0.75', 'stages.consideration.exits."la psed"', "cannot be", "letters"),
    ('role = "purchase"', 'role = "purchse"', "stages.purchase.role", 'no value "purchse"', '"purchase"?'),
    ('role = "purchase"', "role = 1", "stages.purchase.role", "should be one of", "quotes"),
    ("cost = 45.0", "cost = -45.0", "stages.purchase.cost", "at least 0", "from 0"),
    ("cost = 45.0", "cost = false", "stages.purchase.cost", "cannot be false", "yes and no only"),
    ("cost = 45.0", "cst = 45.0", "stages.purchase.cst", "unknown key", '"cost"?'),
    ("cost_per_day = 0.02 ", "cost_per_day = inf ", "stages.consideration.cost_per_day", "finite", "from 0 to"),
    ("performance = 72.0", "performance = 101", "stages.post_purchase.touchpoint.performance", "at most 100", "0 to"),
    ("end = true", 'end = "yes"', "stages.lapsed.end", "true or false", "journey ends"),
    ("[stages.lapsed]\nend = true", "[stages.lapsed]\nend = 1", "stages.lapsed.end", "true or false", "true or false"),
    ("rate_per_day = 0.01", "rate_per_day = -1", "stages.advocacy.referrals.rate_per_day", "at least 0", "invitees"),
    ("gain = 0.3", "gian = 0.3", "satisfaction.gian", "unknown key", '"gain"?'),
    ("learning = 0.3", "learning = 1.3", "satisfaction.learning", "at most 1", "share of the gap"),
    ("sd = 1.8", "sd = 0", "satisfaction.nps.sd", "greater than 0", "spread"),
    ("agents = 1 ", "agents = -1 ", "desks.support.agents", "at least 0", "agents at work"),
    ("unresolved = 0.1", "unresolved = 2", "desks.support.unresolved", "at most 1", "write 2 % as 0.02"),
    ("effects = [\n  { exit = \"post_purchase -> loyalty\", log_odds = 0.30 },            # per 10 points above the start mean"
     "\n  { exit = \"loyalty -> churned\", hazard_ratio = 0.82 },\n]", "effects = 3", "satisfaction.effects",
     "should be a list", "a list in [ ]"),
    (PERSONAL, "log_odds = { centrl = 0.05, low = 0, high = 0 }", "levers.personalization.effects[0].log_odds.centrl",
     "unknown key", '"central"?'),
    ("half = 0.5", "half = 0", "levers.service_quality.response.half", "greater than 0", "level of half effect"),
    ('evidence = "assumed"', 'evidence = "guess"', "levers.service_quality.effects[0].evidence", "no value", "measured"),
    ("arrivals = true", "arrivals = false", "levers.awareness_spend.effects[0].arrivals", "only be true", "take it out"),
    ("[strategies.today]\npersonalization = 0.2", "[strategies.today]\npersonalization = 2",
     "strategies.today.personalization", "at most 1", "write 2 % as 0.02"),
    (STEPS, '"high"', "strategies.service_first.service_quality", "cannot be", "a level from 0 to 1"),
    ("level = 0.9, ramp", "levl = 0.9, ramp", "strategies.service_first.service_quality[1].levl", "unknown", '"level"?'),
    ("day = 60", 'day = "60"', "strategies.service_first.service_quality[1].day", "a number", "write 60 without"),
    ("day = 60", "day = -60", "strategies.service_first.service_quality[1].day", "at least 0", "day of the run"),
]  # fmt: skip

MEANING = [
    ("exits.purchase =", "exits.purchse =", "stages.consideration.exits", 'no stage named "purchse"', '"purchase"?'),
    ('start = "awareness"', 'start = "awarness"', "scenario.start", '"awarness"', 'did you mean "awareness"?'),
    ('start = "awareness"', 'start = "lapsed"', "scenario.start", '"lapsed" is an end', "goes on"),
    ('start = "awareness"', "start = { }", "scenario.start", "at least 1", "add some"),
    ('start = "awareness"', "start = { awareness = 0.9 }", "scenario.start", "add up to 0.9", "awareness = 1"),
    ("[stages.purchase]", "[stages.purchse]", "stages.consideration.exits", "5 places", '"purchse"?'),
    ("lapsed = 0.65", "lapsed = 0.6", "stages.awareness.exits", "add up to 0.95, not 1", "lapsed = 0.65"),
    ("share = 0.8", "share = 0.7", "segments", "add up to 0.9, not 1", "regular = 0.8"),
    ('{ law = "gamma", mean = 80.0, shape = 2.0 }', '{ law = "empirical", share = [0, 0.9], days = [5, 9], never = 0.1 }',
     "stages.purchase.revenue", "cannot be endless", "leave out never"),
    ("[stages.lapsed]\nend = true", "[stages.lapsed]", "stages.lapsed", "no way out", "add exits or race, or end"),
    ("[stages.lapsed]\nend = true", "[stages.lapsed]\nend = true\nexits = { churned = 1 }", "stages.lapsed.exits",
     "an end has no exits", "take out exits"),
    ("[stages.lapsed]\nend = true", '[stages.lapsed]\nend = true\ndesk = { name = "support" }', "stages.lapsed.desk",
     "an end has no desk", "take out desk"),
    ('[stages.loyalty]\nrole = "loyal"', "[stages.loyalty]\nexits = { advocacy = 1.0 }", "stages.loyalty",
     "both exits and race", "keep exits"),
    ('[stages.loyalty]\nrole = "loyal"', '[stages.loyalty]\ndwell = { law = "exponential", mean = 3 }',
     "stages.loyalty.dwell", "race", "take out dwell"),
    (f"dwell = {FIRST_DWELL}\n", "", "stages.awareness", "no dwell law", "add dwell"),
    ("[stages.churned]", '[stages.lost]\nexits = { gone = 1 }\ndwell = { law = "gamma", mean = 1, shape = 1 }\n'
     "[stages.gone]\nend = true\n[stages.churned]", "stages.lost", "ever reaches", 'an exit to "lost"'),
    ('name = "support"', 'name = "suport"', "stages.post_purchase.desk.name", 'no desk named "suport"', '"support"?'),
    ('enters = "consideration"', 'enters = "considration"', "stages.advocacy.referrals.enters", "no stage", '"consid'),
    ('enters = "consideration"', 'enters = "churned"', "stages.advocacy.referrals.enters", "an end", "goes on"),
    ('"loyalty -> churned" = -0.3', '"loyalty -> churnd" = -0.3', 'frailty.loads."loyalty -> churnd"', "no stage",
     '"churned"?'),
    ('"loyalty -> churned" = -0.3', '"loyalty->churned" = -0.3', 'frailty.loads."loyalty->churned"', "names no exit",
     '"loyalty -> churned"'),
    (CHURN, '{ exit = "loyalty -> lapsed", hazard_ratio = 0.8 }', "satisfaction.effects[1].exit", "no exit to",
     "loyalty -> churned"),
    (CHURN, '{ exit = "churned -> loyalty", hazard_ratio = 0.8 }', "satisfaction.effects[1].exit", "no exit to", "end"),
    (CHURN, '{ exit = "loyalty -> churned", log_odds = -0.2 }', "satisfaction.effects[1].log_odds", "race stage",
     "use hazard_ratio = 0.82 there, or make the stage a choice"),
    (CHURN, '{ exit = "loyalty -> churned" }', "satisfaction.effects[1]", "not how", "log_odds, hazard_ratio"),
    (CHURN, '{ exit = "loyalty -> churned", hazard_ratio = 1, log_odds = 1 }', "satisfaction.effects[1]", "and",
     "one effect for each"),
    (PERSONAL, "hazard_ratio = 0.85", "levers.personalization.effects[0].hazard_ratio", "choice stage",
     "use log_odds = -0.16 there, or make the stage a race"),
    (PERKS, "log_odds = { central = -0.2, low = -0.4, high = 0.0 }", "levers.loyalty_perks.effects[0].log_odds",
     "race stage", "use hazard_ratio = { central = 0.82, low = 0.67, high = 1.00 } there"),
    (PERKS, "time_ratio = 0.5", "levers.loyalty_perks.effects[0].time_ratio", "not act on exit",
     'use dwell = "loyalty -> churned"'),
    (PERKS, "hazard_ratio = { central = 0.85, low = 0.9, high = 1.0 }", "levers.loyalty_perks.effects[0].hazard_ratio",
     "does not hold the central value 0.85", "low <= central <= high"),
    (PERKS, "hazard_ratio = -0.85", "levers.loyalty_perks.effects[0].hazard_ratio", "greater than 0", "no effect"),
    (PERKS, "hazard_ratio = 0.8\nrate_ratio = 2", "levers.loyalty_perks.effects[0]", "at once", "one effect for each"),
    (PERKS, 'hazard_ratio = 0.8\nspend = "purchase"', "levers.loyalty_perks.effects[0]", "at once", "for each"),
    (PERKS, "", "levers.loyalty_perks.effects[0]", "not how much", "add log_odds or hazard_ratio"),
    (PERKS, 'hazard_ratio = 0.8\nsince = "loyalty"', "levers.loyalty_perks.effects[0].since", "both", "add days"),
    (PERKS, 'hazard_ratio = 0.8\nsince = "loyalti"\ndays = [0, 7]', "levers.loyalty_perks.effects[0].since",
     "no stage", '"loyalty"?'),
    (PERKS, 'hazard_ratio = 0.8\nsince = "loyalty"\ndays = [7, 7]', "levers.loyalty_perks.effects[0].days", "empty",
     "later"),
    (PERSONAL, 'log_odds = 1\nsince = "awareness"\ndays = [0, 7]', "levers.personalization.effects[0].since",
     "race stages only", "make the stage a race"),
    (POINTS, "rate_ratio = 1.2", "levers.service_quality.effects[0].rate_ratio", "not act on touchpoint", "use points"),
    (POINTS, "points = 800", "levers.service_quality.effects[0].points", "from -100 to 100", "check the unit"),
    ('touchpoint = "post_purchase"', 'touchpoint = "purchase"', "levers.service_quality.effects[0].touchpoint",
     "no touchpoint", "add touchpoint"),
    ('touchpoint = "post_purchase"', 'demand = "purchase"', "levers.service_quality.effects[0].points",
     "not act on demand", "use log_odds there"),
    ('referrals = "advocacy"', 'referrals = "loyalty"', "levers.referral_incentive.effects[0].referrals",
     "no referrals", "add referrals"),
    ('referrals = "advocacy"', 'spend = "loyalty"', "levers.referral_incentive.effects[0].spend", "no revenue", "add"),
    ('referrals = "advocacy"', 'demand = "loyalty"', "levers.referral_incentive.effects[0].rate_ratio", "demand",
     "use log_odds = "),
    ('desk = "support"\nagents', 'desk = "suport"\nagents', "levers.service_quality.effects[1].desk", "no desk", '"sup'),
    ("points_per_day_waited = 0.0", "points_per_day_waited = 2.0\ntolerence = 1", "desks.support.tolerence", "unknown",
     '"tolerance"?'),
    ("touchpoint = { performance = 72.0, sd = 12.0 }", "# none", "levers.service_quality.effects[0].touchpoint",
     "no touchpoint", "add touchpoint"),
    ("failure_days = 90", "# for ever", "desks.support.effects[1]", "how long", "add failure_days"),
    (HARM, '{ exit = "loyalty -> churned", hazard_ratio_per_day_waited = 2 },', "desks.support.effects[0].exit",
     "does not use this desk", 'an exit of "post_purchase", or use hazard_ratio_per_failure'),
    (HARM, '{ exit = "post_purchase -> loyalty", hazard_ratio_per_failure = 2 },',
     "desks.support.effects[0].hazard_ratio_per_failure", "choice stage", "use log_odds_per_failure = 0.69 there"),
    (HARM, '{ exit = "loyalty -> churned", log_odds_per_failure = 1 },', "desks.support.effects[0].log_odds_per_failure",
     "race stage", "use hazard_ratio_per_failure = 2.72 there"),
    ("cost_per_contact = 6.0", 'cost_per_contact = 6.0\npriority = ["segment == premum"]', "desks.support.priority[0]",
     'no segment named "premum"', '"premium"?'),
    ("cost_per_contact = 6.0", 'cost_per_contact = 6.0\npriority = ["segment = premium"]', "desks.support.priority[0]",
     'character 9', 'write "=="'),
    ("loyalty_perks = {", "loyalty_perk = {", "strategies.perks_for_premium.loyalty_perk", "no lever", '"loyalty_perks"?'),
    (WHEN, 'when = "stage == lapse"', "strategies.perks_for_premium.loyalty_perks.when", "no stage", '"lapsed"?'),
    (WHEN, 'when = "source == referal"', "strategies.perks_for_premium.loyalty_perks.when", "source", '"referral"?'),
    (WHEN, 'when = "value >= 0.9"', "strategies.perks_for_premium.loyalty_perks.when", "has not", "add [value]"),
    (WHEN, 'when = "information > 0.5"', "strategies.perks_for_premium.loyalty_perks.when", "no stage gathers", "add gathers"),
    (PERSONAL, f"{PERSONAL}\ninformed = 0.5", "levers.personalization.effects[0].informed", "no stage gathers", "add gathers"),
    (PERSONAL, f"{PERSONAL}\ninformed = 1.5", "levers.personalization.effects[0].informed", "at most 1", "from 0 to 1"),
    ("arrivals = true", "arrivals = true\ninformed = 0.5", "levers.awareness_spend.effects[0].informed", "cannot depend",
     "take it out"),
    (f'touchpoint = "post_purchase"\n{POINTS}', 'information = "post_purchase"\nlog_odds = 1',
     "levers.service_quality.effects[0].information", "nothing that it gathers", "add gathers = 0.5 to stages.post_purchase"),
    (WHEN, 'when = "1 < purchases < 3"', "strategies.perks_for_premium.loyalty_perks.when", "chained", "and"),
    ("personalization = 0.2\nservice_quality", 'awareness_spend = { level = 1, when = "purchases > 1" }\nservice_quality',
     "strategies.service_first.awareness_spend.when", "arrivals, which cannot depend", "take out `when`"),
    (f"service_quality = {STEPS}", 'service_quality = { level = 1, when = "purchases > 1" }',
     "strategies.service_first.service_quality.when", "the agents of desk support", "a lever of its own"),
    ("day = 60", "day = 0", "strategies.service_first.service_quality[1].day", "repeats", "one step a day"),
    ("day = 0, level = 0.0", "day = 70, level = 0.0", "strategies.service_first.service_quality[1].day", "earlier",
     "sort the steps"),
    ("day = 0, level = 0.0", "day = 0, level = 0.0, ramp_days = 70", "strategies.service_first.service_quality[0].ramp_days",
     "the ramp ends on day 70", "at most 60"),
    (STEPS, "[]", "strategies.service_first.service_quality", "at least 1", "add some"),
    (ARRIVALS, "cohort = 10\n", "arrivals.until_day", "a cohort arrives on day 0", "take it out"),
    (ARRIVALS, "rate_per_day = 40\ndaily = [1]\n", "arrivals", "rate_per_day and daily", "keep one"),
    (ARRIVALS, "\n", "arrivals", "nothing about how many", "add one of"),
    (ARRIVALS, "daily = [0, 0]\n", "arrivals.daily", "nobody comes", "positive"),
    (ARRIVALS, "rate_per_day = 0\n", "arrivals.rate_per_day", "nobody comes", "positive"),
    (ARRIVALS, "impressions_per_day = 40\n", "arrivals.impressions_per_day", "click_through", "add click_through"),
    (ARRIVALS, "rate_per_day = 40\nclick_through = 0.1\n", "arrivals.click_through", "impressions", "add impressions"),
    (ARRIVALS, "rate_per_day = 1e9\n", "arrivals", "arrivals are expected", "lower"),
    (FIRST_DWELL, '{ law = "empirical", share = [0, 0.5], days = [0, 4, 5], never = 0.5 }', "stages.awareness.dwell",
     "2 shares but 3 days", "as many"),
    (FIRST_DWELL, '{ law = "empirical", share = [0.1, 1], days = [0, 4] }', "stages.awareness.dwell.share[0]",
     "not 0", "begin with share 0"),
    (FIRST_DWELL, '{ law = "empirical", share = [0, 0.5, 0.5], days = [0, 4, 5] }', "stages.awareness.dwell.share[2]",
     "do not rise", "sort"),
    (FIRST_DWELL, '{ law = "empirical", share = [0, 0.5, 1], days = [0, 4, 3] }', "stages.awareness.dwell.days[2]",
     "fall", "sort"),
    (FIRST_DWELL, '{ law = "empirical", share = [0, 0.5, 0.9], days = [0, 4, 9] }', "stages.awareness.dwell.share",
     "add up to 0.9", "never = 0.1"),
    (FIRST_DWELL, '{ law = "deadline", day = 3, share = 0.2, otherwise = { law = "gama", mean = 3 } }',
     "stages.awareness.dwell.otherwise.law", '"gama"', '"gamma"?'),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "path", "message", "remedy"), [*FORM, *MEANING])
def test_one_mistake_is_one_fault(
    edited: Edit, faults_of: FaultsOf, old: str, new: str, path: str, message: str, remedy: str
) -> None:
    found = faults_of(edited(old, new))
    assert len(found) == 1, "\n".join(map(str, found))
    fault = found[0]
    assert fault.file == "x.toml"
    assert fault.path == path
    assert message in fault.message
    assert remedy in fault.remedy
    assert len(str(fault)) < 700


def test_a_stage_named_like_a_measure(first: str, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(first.replace("churned", "open"))
    assert fault.path == "stages.open"
    assert "rename it" in fault.remedy


def test_a_cycle_in_which_no_time_passes(edited: Edit, faults_of: FaultsOf) -> None:
    loop = """
[stages.a]
dwell = { law = "deterministic", value = 0 }
exits = { b = 0.9, lapsed = 0.1 }
[stages.b]
dwell = { law = "empirical", share = [0, 1], days = [0, 0] }
exits = { a = 1.0, lapsed = 0.0 }
[stages.churned]"""
    text = edited("[stages.churned]", loop).replace("lapsed = 0.65", "lapsed = 0.6, a = 0.05")
    (fault,) = faults_of(text)
    assert fault.path == "stages.a"
    assert "a -> b -> a" in fault.message
    assert "takes time" in fault.remedy
    assert not faults_of(text.replace("days = [0, 0]", "days = [0, 1]"))  # time passes almost surely
    assert not faults_of(text.replace("{ a = 1.0, lapsed = 0.0 }", "{ a = 0.0, lapsed = 1.0 }"))  # never taken


def test_a_cycle_that_asks_a_desk_takes_time(edited: Edit, faults_of: FaultsOf) -> None:
    loop = """
[stages.a]
dwell = { law = "deterministic", value = 0 }
exits = { a = 0.5, lapsed = 0.5 }
[stages.churned]"""
    text = edited("[stages.churned]", loop).replace("lapsed = 0.65", "lapsed = 0.6, a = 0.05")
    assert "no time passes" in faults_of(text)[0].message
    assert not faults_of(text.replace("exits = { a = 0.5", 'desk = { name = "support" }\nexits = { a = 0.5'))


def test_a_hazard_ratio_on_a_deterministic_law(edited: Edit, faults_of: FaultsOf) -> None:
    text = edited(
        'race.churned = { law = "exponential", mean = 200.0 }', 'race.churned = { law = "deterministic", value = 9 }'
    )
    found = faults_of(text)
    assert {fault.path for fault in found} == {
        'frailty.loads."loyalty -> churned"',
        "satisfaction.effects[1].hazard_ratio",
        "desks.support.effects[1].hazard_ratio_per_failure",
        "levers.loyalty_perks.effects[0].hazard_ratio",
    }
    assert all("single value" in fault.message and "time_ratio" in fault.remedy for fault in found)


@pytest.mark.parametrize(
    ("own", "path", "what", "remedy"),
    [
        ('gamma = { "awareness -> lapsed" = 2 }', 'gamma."awareness -> lapsed"', "an exit of a choice stage", "under beta"),
        ('beta = { "loyalty -> churned" = 2 }', 'beta."loyalty -> churned"', "an exit of a race stage", "under gamma"),
        ('speed = { "awareness -> lapsed" = 2 }', 'speed."awareness -> lapsed"', "an exit of a choice stage", "under beta"),
        ('gamma = { "loyalty -> churned" = 2 }\nspeed = { "loyalty -> churned" = 2 }',
         'speed."loyalty -> churned"', "a gamma already", "keep one"),
        ('gamma = { "loyalty -> churnd" = 2 }', 'gamma."loyalty -> churnd"', "no stage", '"churned"?'),
        ('gamma = { "loyalty -> churned" = 0 }', 'gamma."loyalty -> churned"', "at least 0.01", ""),
        ('beta = { "purchase -> post_purchase" = 2 }', 'beta."purchase -> post_purchase"', "probability 1", "between"),
        ('beta = { "awareness -> lapsed" = 2, "awareness -> consideration" = 3 }',
         'beta."awareness -> consideration"', "a beta already", "keep one"),
    ],
)  # fmt: skip
def test_own_draws(edited: Edit, faults_of: FaultsOf, own: str, path: str, what: str, remedy: str) -> None:
    found = faults_of(edited("[frailty]", f"[frailty]\n{own}"))
    assert [fault.path for fault in found] == [f"frailty.{path}"]
    assert what in f"{found[0].message} {found[0].remedy}"
    assert remedy in found[0].remedy


def test_a_frailty_that_says_nothing(edited: Edit, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(edited('loads = { "loyalty -> purchase" = 0.3, "loyalty -> churned" = -0.3 }', ""))
    assert (fault.path, "loads, gamma, speed or beta" in fault.remedy) == ("frailty", True)


def test_points_lost_at_a_desk_need_a_touchpoint(edited: Edit, faults_of: FaultsOf) -> None:
    text = edited("points_per_day_waited = 0.0", "points_per_day_waited = 2.0")
    text = text.replace("race.advocacy = {", 'desk = { name = "support" }\nrace.advocacy = {', 1)
    (fault,) = faults_of(text)
    assert fault.path == "desks.support.points_per_day_waited"
    assert '"loyalty"' in fault.message
    assert "add touchpoint" in fault.remedy


def test_touchpoints_need_satisfaction(first: str, faults_of: FaultsOf) -> None:
    begin, end = first.index("[satisfaction]"), first.index("[desks.support]")
    (fault,) = faults_of(first[:begin] + first[end:])
    assert fault.path == "stages.post_purchase.touchpoint"
    assert "add [satisfaction]" in fault.remedy


def test_all_faults_come_at_once(first: str, faults_of: FaultsOf) -> None:
    text = first
    wrong = [
        ("lapsed = 0.65", "lapsed = 0.6", "stages.awareness.exits"),
        ("gain = 0.3", "gain = -0.3", "satisfaction.gain"),
        ('name = "support"', 'name = "suport"', "stages.post_purchase.desk.name"),
        ("cost = 45.0", "cost = nan", "stages.purchase.cost"),
        (
            "personalization = 0.2\nservice",
            "personalisation = 0.2\nservice",
            "strategies.service_first.personalisation",
        ),
        ("share = 0.2", "share = 0.3", "segments"),
        ("until_day = 365", 'until_day = "365"', "arrivals.until_day"),
    ]
    for old, new, _ in wrong:
        assert old in text
        text = text.replace(old, new, 1)
    assert sorted(fault.path for fault in faults_of(text)) == sorted(path for _, _, path in wrong)


def test_a_broken_stage_draws_no_further_findings(edited: Edit, faults_of: FaultsOf) -> None:
    text = edited("[stages.consideration]\ndwell", "[stages.consideration]\ndwel")
    assert [fault.path for fault in faults_of(text)] == ["stages.consideration.dwel"]


def test_limits(first: str, faults_of: FaultsOf) -> None:
    levers = "".join(f"[levers.l{i}]\n" for i in range(60))
    (fault,) = faults_of(first + levers)
    assert fault.path == "levers"
    assert "at most 62" in fault.message


def test_thousands_of_mistakes_are_counted(first: str, faults_of: FaultsOf) -> None:
    found = faults_of(first + "".join(f"[stages.s{i}]\nexits = {{ t{i} = 1 }}\n" for i in range(500)))
    assert len(found) == 201
    assert "more" in found[-1].message


@pytest.mark.parametrize(
    ("name", "names", "said"),
    [
        ("purchse", ["purchase", "loyalty"], '; did you mean "purchase"?'),
        ("Post-Purchase", ["purchase", "post_purchase"], '; did you mean "post_purchase"?'),
        ("zzz", ["purchase", "loyalty"], "; use one of: purchase, loyalty"),
        ("zzz", ["purchase"], '; the only one is "purchase"'),
        ("zzz", [], "; there are none"),
        ("zzz", [f"n{i}" for i in range(20)], "and 8 more"),
    ],
)
def test_nearest(name: str, names: list[str], said: str) -> None:
    assert nearest(name, names).endswith(said)


def test_a_fault_is_one_line_and_survives_pickling() -> None:
    one = Fault("x.toml", "stages.a", "3", "is wrong", nearest("a", ["b"]))
    assert str(one) == 'x.toml: stages.a: is wrong; the only one is "b"'
    assert str(Fault("", "", "", "is wrong")) == "is wrong"
    several = Faults([one, one])
    assert str(pickle.loads(pickle.dumps(several))) == f"{one}\n{one}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", '"a"'),
        ("a" * 100, f'"{"a" * 57}..."'),
        ("a\x1b", '"a\\u001b"'),
        (True, "true"),
        (10**80, "an integer of about 81 digits"),
        ({}, "an empty table"),
        ([1, 2], "a list of 2 items"),
        ({"a": 1}, "a table with 1 key"),
        (1.5, "1.5"),
    ],
)
def test_values_are_shown_short(value: object, text: str) -> None:
    assert shown(value) == text


def test_an_exit_to_what_cannot_be_a_name_is_not_offered_again(first: str, faults_of: FaultsOf) -> None:
    text = first + '\n[[levers.loyalty_perks.effects]]\nexit = "post_purchase -> v.i.p"\nlog_odds = 0.3\n'
    (fault,) = faults_of(text)
    assert "names no exit" in fault.message
    assert "letters, digits" in fault.remedy
    (fault,) = faults_of(text.replace("post_purchase -> v.i.p", "post_purchase->loyalty", 1))
    assert fault.remedy == 'write "post_purchase -> loyalty"'


def test_failures_that_nobody_feels_cannot_be_asked_for(first: str, faults_of: FaultsOf) -> None:
    lasting, harm = "failure_days = 90", '{ exit = "loyalty -> churned", hazard_ratio_per_failure = 1.3 },'
    assert lasting in first
    assert harm in first
    asking = first.replace(WHEN, 'when = "failures >= 1"').replace(harm, "")
    assert not faults_of(asking)
    (fault,) = faults_of(asking.replace(lasting, ""))
    assert fault.path == "strategies.perks_for_premium.loyalty_perks.when"
    assert "no desk lets be felt" in fault.message
    assert "failure_days" in fault.remedy
    felt_by_some = asking.replace(lasting, "").replace(PREMIUM, f'{OVERRIDE}"desks.support.failure_days" = 30')
    assert not faults_of(felt_by_some)
