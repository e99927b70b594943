"""Overrides of segments and variants: what they change, and what they may not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sojourn.scenarios.dwell import Exponential
from sojourn.scenarios.faults import Fault, Faults
from sojourn.scenarios.files import load, loads
from sojourn.scenarios.overrides import place_of

FaultsOf = Callable[[str], tuple[Fault, ...]]
PREMIUM = "spend_ratio = 2.5"


def premium(first: str, override: str) -> str:
    """The scenario with an override of the premium segment."""
    return first.replace(PREMIUM, f"{PREMIUM}\n[segments.premium.override]\n{override}", 1)


def test_a_segment_sees_its_own_numbers(first: str) -> None:
    text = premium(first, """
"stages.post_purchase.exits" = { loyalty = 0.7, churned = 0.3 }
"stages.consideration.exits.purchase.probability" = 0.3
"stages.consideration.exits.lapsed" = 0.7
"stages.loyalty.race.churned.mean" = 400
"stages.purchase.revenue" = 100
"stages.consideration.cost_per_day" = 0
"satisfaction.effects[1].hazard_ratio" = 0.9
"frailty.loads.loyalty -> churned" = -0.1
"levers.loyalty_perks.effects[0].hazard_ratio" = 0.7
"desks.support.patience.mean" = 2
""")  # fmt: skip
    scenario = loads(text)
    own, other = scenario.for_segment("premium"), scenario.for_segment("regular")
    assert other is scenario
    assert own is scenario.for_segment("premium")
    assert own.stages["post_purchase"].exits == {"loyalty": 0.7, "churned": 0.3}
    assert own.stages["consideration"].choices["purchase"].probability == 0.3
    assert own.stages["consideration"].choices["purchase"].dwell is not None
    churned = own.stages["loyalty"].race["churned"]
    assert isinstance(churned, Exponential)
    assert churned.mean == 400
    assert own.stages["purchase"].revenue == 100
    assert own.satisfaction is not None
    assert own.satisfaction.effects[1].hazard_ratio == 0.9
    assert own.frailty is not None
    assert own.frailty.loads["loyalty -> churned"] == -0.1
    assert own.levers["loyalty_perks"].effects[0].range.central == 0.7
    churned = scenario.stages["loyalty"].race["churned"]
    assert isinstance(churned, Exponential)
    assert churned.mean == 200
    with pytest.raises(KeyError):
        scenario.for_segment("gold")


def test_nested_tables_say_the_same_as_paths(first: str) -> None:
    paths = premium(first, """
"stages.post_purchase.exits" = { loyalty = 0.7, churned = 0.3 }
"stages.post_purchase.dwell" = { law = "exponential", mean = 3 }
""")  # fmt: skip
    tables = premium(first, """
[segments.premium.override.stages.post_purchase]
exits = { loyalty = 0.7, churned = 0.3 }
dwell = { law = "exponential", mean = 3 }
""")  # fmt: skip
    own = [loads(text).for_segment("premium").stages for text in (paths, tables)]
    assert own[0] == own[1]
    assert own[0]["post_purchase"].dwell != loads(first).stages["post_purchase"].dwell


def test_a_stage_that_only_one_segment_reaches(first: str, faults_of: FaultsOf) -> None:
    vip = '\n[stages.vip]\nend = true\nrole = "loyal"\n'
    (fault,) = faults_of(first + vip)
    assert "ever reaches" in fault.message
    text = premium(first + vip, '"stages.post_purchase.exits" = { loyalty = 0.6, churned = 0.3, vip = 0.1 }')
    assert faults_of(text) == ()
    effect = '\n[[levers.loyalty_perks.effects]]\nexit = "post_purchase -> vip"\nlog_odds = 0.3\n'
    assert faults_of(text + effect) == ()
    assert len(faults_of(text + effect.replace("log_odds", "hazard_ratio"))) == 1


@pytest.mark.parametrize(
    ("override", "message", "remedy"),
    [
        ('"stages.post_purchse.cost" = 3', 'stages has no "post_purchse"', 'did you mean "post_purchase"?'),
        ('"stages.post_purchase.csot" = 3', 'unknown key "csot"', 'did you mean "cost"?'),
        ('"stages.post_purchase.touchpoint.sdd" = 3', 'unknown key "sdd"', 'did you mean "sd"?'),
        ('"stages.post_purchase.exits.loyalty.probability" = 3', "is 0.55", 'override "stages.post_purchase.exits'),
        ('"stages.post_purchase.exits" = { loyalty = 0.7 }', "add up to 0.7", "loyalty = 1"),
        ('"stages.post_purchase.exits" = { loyalty = 0.7, churnd = 0.3 }', "no stage named", '"churned"'),
        ('"stages.post_purchase.touchpoint.sd" = "3"', "not", "write 3 without quotes"),
        ('"stages.post_purchase.touchpoint.sd" = nan', "finite", "from 0 to 100"),
        ('"stages.new" = { end = true }', 'no stage named "new"', "use one of"),
        ('"stages.lapsed.end" = false', '"end" of a stage is shared', "a variant can"),
        ('"stages.lapsed.role" = "loyal"', '"role" of a stage is shared', "a variant can"),
        ('"stages.lapsed" = { end = false }', "would change stages.lapsed.end", "one by one"),
        (
            '"stages.awareness.race" = { lapsed = { law = "gamma", mean = 1, shape = 1 } }',
            "awareness.race",
            "one by one",
        ),
        ('"stage.lapsed.end" = false', 'no table named "stage"', '"stages"'),
        ('"format" = 2', '"format" is shared', "a variant can"),
        ('"scenario.horizon_days" = 10', '"scenario" is shared', "a variant can"),
        ('"arrivals.rate_per_day" = 10', '"arrivals" is shared', "a variant can"),
        ('"market.size" = 10', '"market" is shared', "a variant can"),
        ('"segments.regular.share" = 1', '"segments" is shared', "a variant can"),
        ('"strategies.today.personalization" = 1', '"strategies" is shared', "a variant can"),
        ('"desks.support.agents" = 3', '"agents" of a desk is shared', "a variant can"),
        ('"desks.support.priority" = []', '"priority" of a desk is shared', "a variant can"),
        ('"desks.support.cost_per_agent_day" = 3', '"cost_per_agent_day" of a desk is shared', "a variant can"),
        ('"levers.personalization.cost.per_day" = 3', "cost per day of a lever is shared", "a variant can"),
        ('"levers.personalization.cost" = { per_day = 3 }', "levers.personalization.cost.per_day", "one by one"),
        ('"levers.awareness_spend.effects[0].rate_ratio" = 2', "effect on arrivals or on the agents", "a variant can"),
        ('"levers.service_quality.effects[1].agents" = 2', "effect on arrivals or on the agents", "a variant can"),
        ('"levers.service_quality.response.half" = 0.2', "response of a lever that acts on arrivals", "a variant can"),
        ('"levers.service_quality.effects" = []', "levers.service_quality.effects[1]", "one by one"),
        ('"levers.service_quality.effects[7].points" = 2', "has no entry 7", "from [0] to [1]"),
        ('"levers.loyalty_perks.effects[0].log_odds" = 2', "at once", "one effect for each"),
        ('"stages" = {}', "replaces the whole table", "stages.purchase.cost"),
        ('"stages..cost" = 3', "is no path", "join keys by dots"),
        ('"stages.a[x]" = 3', "is no path", "join keys by dots"),
        ('"" = 3', "is no path", "join keys by dots"),
    ],
)
def test_what_a_segment_cannot_say(first: str, faults_of: FaultsOf, override: str, message: str, remedy: str) -> None:
    found = faults_of(premium(first, override))
    assert len(found) == 1, "\n".join(map(str, found))
    assert found[0].path.startswith("segments.premium.override.")
    assert message in found[0].message
    assert remedy in found[0].remedy


def test_overrides_are_examined_beside_other_faults(first: str, faults_of: FaultsOf) -> None:
    text = premium(first, '"stages.post_purchase.exits" = { loyalty = 0.7 }').replace("lapsed = 0.65", "lapsed = 0.6")
    assert [fault.path for fault in faults_of(text)] == [
        "stages.awareness.exits",
        'segments.premium.override."stages.post_purchase.exits"',
    ]


def test_a_variant_changes_anything(first: str, tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(
        first
        + """
[variants.busy]
title = "Twice the arrivals"
override = { "arrivals.rate_per_day" = 80, "desks.support.agents" = 2, "segments.premium.spend_ratio" = 3 }
[variants.short.override]
"scenario.horizon_days" = 100
"arrivals.until_day" = 50
"""
    )
    assert load(path).arrivals.rate_per_day == 40
    assert set(load(path).variants) == {"busy", "short"}
    busy = load(path, variant="busy")
    assert (busy.arrivals.rate_per_day, busy.desks["support"].agents, busy.segments["premium"].spend_ratio) == (
        80,
        2,
        3,
    )
    assert load(path, variant="short").about.horizon_days == 100
    assert load(path, variant="short").digest != load(path).digest
    with pytest.raises(Faults, match='no variant named "bussy"; did you mean "busy"'):
        load(path, variant="bussy")


def test_faults_of_a_variant_are_told_without_asking_for_it(first: str, faults_of: FaultsOf) -> None:
    text = (
        first
        + """
[variants.busy.override]
"arrivals.rate_per_dya" = 80
"stages.awareness.exits" = { consideration = 0.3, lapsed = 0.6 }
"""
    )
    assert {fault.path for fault in faults_of(text)} == {
        'variants.busy.override."arrivals.rate_per_dya"',
        'variants.busy.override."stages.awareness.exits"',
    }


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("a", ("a",)),
        ("a.b[0].c", ("a", "b", 0, "c")),
        ("a.b -> c", ("a", "b -> c")),
        ("a.b[0][12]", ("a", "b", 0, 12)),
        ("a..b", None),
        ("[0]", None),
        ("a]b", None),
        ("", None),
    ],
)
def test_paths(path: str, place: object) -> None:
    assert place_of(path) == place
