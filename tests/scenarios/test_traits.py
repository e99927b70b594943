"""Traits in the file: numbers below zero, words, what stays have; and mistakes in them, each told at its place."""

import tomllib

import pytest

from sojourn.scenarios.checks import examine
from sojourn.scenarios.model import ByStay, Quantiles, Scenario
from sojourn.scenarios.traits import at_stay, words_of

TEXT = """
format = 1
[scenario]
name = "loop"
start = "a"
horizon_days = 200
[arrivals]
cohort = 10
{tables}
[traits]
{traits}
[history]
effects = [{effect}]
[stages.a]
race = {{ b = {{ law = "exponential", mean = 10 }} }}
[stages.b]
role = "purchase"
dwell = {{ law = "deterministic", value = 1 }}
exits = {{ a = 0.5, gone = 0.5 }}
[stages.gone]
end = true
"""
PLAN = "plan = { free = 0.5, basic = 0.3, pro = 0.2 }"
OF_PRO = '{ exit = "a -> b", per = "plan == pro", hazard_ratio = 2 }'
OF_PLAN = OF_PRO.replace(" == pro", "")


def examined(traits: str, effect: str = OF_PRO, tables: str = "") -> Scenario:
    found = examine(tomllib.loads(TEXT.format(traits=traits, effect=effect, tables=tables)))
    assert found.faults == ()
    assert found.scenario is not None
    return found.scenario


def test_forms_are_told_apart_and_come_back_from_the_document() -> None:
    traits = (
        'price = { law = "gamma", mean = 30, shape = 4 }\n'
        'balance = { law = "quantiles", share = [0, 0.5, 1], value = [-40, 5, 300] }\n'
        "plan = { free = 0.5, law = 0.5 }\n"
        "basket = { each_stay = { web = 0.7, shop = 0.3 } }\n"
        "channel = { in_stage = { a = { web = 0.7, shop = 0.3 }, b = { shop = 0.5, mail = 0.5 } } }"
    )
    scenario = examined(traits, OF_PRO.replace("pro", "law"))
    again = Scenario.model_validate(scenario.document())
    assert again == scenario
    assert isinstance(scenario.traits["balance"], Quantiles)
    assert words_of(scenario.traits["plan"]) == ("free", "law")
    assert isinstance(scenario.traits["basket"], ByStay)
    assert words_of(scenario.traits["channel"]) == ("web", "shop", "mail")
    assert at_stay(scenario.traits["channel"], "gone") is None
    assert at_stay(scenario.traits["plan"], "a") is None
    assert scenario.history is not None
    (effect,) = scenario.history.effects
    assert (effect.of, effect.word) == ("plan", "law")


@pytest.mark.parametrize(
    ("traits", "effect", "path", "said"),
    [
        ("plan = { free = 0.5, pro = 0.4 }", OF_PRO, "traits.plan", "with free = 0.6"),
        ("plan = { free = 0.5, prof = 0.5 }", OF_PRO, "history.effects[0].per", 'did you mean "prof"?'),
        ("plan = { pro = 1 }", OF_PRO, "traits.plan", "needs at least 2 entries"),
        ("plan = { free = 50, pro = 0.5 }", OF_PRO, "traits.plan.free", "write 50 % as 0.5"),
        ("plan = 3", OF_PRO, "traits.plan", "write a law such as"),
        ('plan = { laww = "gamma", mean = 3 }', OF_PLAN, "traits.plan.laww", 'did you mean "law"?'),
        ('plan = { law = "quantile", share = [0, 1] }', OF_PLAN, "traits.plan.law", 'did you mean "quantiles"?'),
        ('plan = { law = "quantiles", share = [0, 1], value = [1, 0] }', OF_PLAN, "traits.plan.value[1]", "the values fall"),
        ('plan = { law = "quantiles", share = [0, 0.9], value = [0, 1] }', OF_PLAN, "traits.plan.share", "last share is not 1"),
        ('plan = { law = "quantiles", share = [0, 1], value = [0] }', OF_PLAN, "traits.plan.value", "at least 2 entries"),
        ('plan = { law = "quantiles", share = [0, 1], value = [-1, 1] }', OF_PRO, "history.effects[0].per", "number, not a word"),
        (PLAN, OF_PLAN, "history.effects[0].per", 'as in per = "plan == pro"'),
        (PLAN, OF_PRO.replace("plan ==", "plam =="), "history.effects[0].per", 'did you mean "plan"?'),
        (PLAN, OF_PRO.replace("==", "is"), "history.effects[0].per", 'write "plan == pro"'),
        (PLAN, OF_PRO.replace("==", "!="), "history.effects[0].per", "is nothing that an effect can count"),
        (PLAN, OF_PRO.replace("= 2", "= 2, around = 0.5"), "history.effects[0].around", "a word has no amount"),
        (PLAN, OF_PRO.replace("plan == pro", "visits == 2"), "history.effects[0].per", 'write per = "visits"'),
        (PLAN, OF_PRO.replace("plan == pro", "visits").replace("2", "2, up_to = -1"), "history.effects[0].up_to", "below 0"),
        ("plan = { each_stay = { free = 0.5, pro = 0.6 } }", OF_PRO, "traits.plan.each_stay", "with pro = 0.5"),
        ("plan = { each_stya = { free = 0.5, pro = 0.5 } }", OF_PRO, "traits.plan.each_stya", 'did you mean "each_stay"?'),
        ("plan = { in_stage = { b = { free = 0.5, pro = 0.5 } } }", OF_PRO, "history.effects[0].per", "no value at stays in a"),
        ("plan = { in_stage = { c = { free = 0.5, pro = 0.5 } } }", OF_PRO, "traits.plan.in_stage", 'no stage named "c"'),
        (
            'plan = { in_stage = { a = { law = "exponential", mean = 1 }, b = { free = 0.5, pro = 0.5 } } }',
            OF_PRO,
            "traits.plan.in_stage",
            "make two traits of it",
        ),
        (
            'plan = { each_stay = { law = "empirical", share = [0, 0.9], days = [0, 4], never = 0.1 } }',
            OF_PLAN,
            "traits.plan.each_stay",
            "cannot be endless",
        ),
    ],
)  # fmt: skip
def test_mistakes_are_told_at_their_place(traits: str, effect: str, path: str, said: str) -> None:
    found = examine(tomllib.loads(TEXT.format(traits=traits, effect=effect, tables="")))
    assert any(fault.path == path and said in f"{fault.message}; {fault.remedy}" for fault in found.faults), (
        found.faults
    )


SEGMENTS = "[segments]\nplain = {{ share = 0.5 }}\nkeen = {{ share = 0.5, override = {{ {} }} }}"


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ('"traits.plan" = { free = 0.6, prof = 0.4 }', 'plan is never "pro"; did you mean "prof"?'),
        ('"traits.plan" = { law = "exponential", mean = 1 }', "plan is a number, not a word"),
        ('"traits.plan.pro" = 0.3', "the shares add up to 1.1"),
    ],
)
def test_what_a_segment_makes_wrong_is_told(override: str, said: str) -> None:
    text = TEXT.format(traits=PLAN, effect=OF_PRO, tables=SEGMENTS.format(override))
    found = examine(tomllib.loads(text))
    assert any(said in f"{fault.message}; {fault.remedy}" for fault in found.faults), found.faults


def test_a_segment_may_have_other_shares_whole_or_number_by_number() -> None:
    for override in (
        '"traits.plan" = { pro = 0.9, free = 0.1, basic = 0 }',
        "traits = { plan = { free = 0.4, pro = 0.3 } }",
    ):
        scenario = examined(PLAN, tables=SEGMENTS.format(override))
        own = scenario.for_segment("keen").traits["plan"]
        assert isinstance(own, dict)
        assert sum(own.values()) == pytest.approx(1.0)
        assert own["pro"] in (0.9, 0.3)
