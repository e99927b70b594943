"""The grammar of conditions: what it means, and what it refuses."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.scenarios.conditions import Condition, ConditionError, Name, Op, parse

PERSON: dict[Name, float | str] = {
    Name.SEGMENT: "premium",
    Name.STAGE: "loyalty",
    Name.SOURCE: "arrival",
    Name.SATISFACTION: 70.0,
    Name.PURCHASES: 2.0,
    Name.SPEND: 160.0,
    Name.FAILURES: 0.0,
}


def holds(condition: Condition, person: Mapping[Name, float | str]) -> bool:
    """Run the postfix code on a stack, as the engines do."""
    stack: list[bool] = []
    for op, name, value in condition.code:
        if op == Op.NOT:
            stack.append(not stack.pop())
        elif op in (Op.AND, Op.OR):
            right, left = stack.pop(), stack.pop()
            stack.append((left and right) if op == Op.AND else (left or right))
        else:
            mine = person[Name(name)]
            if isinstance(mine, str) or isinstance(value, str):
                stack.append((mine == value) == (op == Op.COMPARE_EQ))
            else:
                stack.append(
                    [mine == value, mine != value, mine < value, mine <= value, mine > value, mine >= value][op]
                )
    assert len(stack) == 1
    return stack[0]


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("segment == premium", True),
        ("premium == segment", True),
        ('segment != "premium"', False),
        ("segment == 'premium' and purchases >= 2", True),
        ("purchases > 2 or spend > 100", True),
        ("purchases > 2 or spend > 100 and satisfaction < 50", False),
        ("(purchases > 2 or spend > 100) and satisfaction < 50", False),
        ("not purchases > 2", True),
        ("not not purchases > 2", False),
        ("not (segment == premium and source == arrival)", False),
        ("2 <= purchases", True),
        ("3 <= purchases", False),
        ("-1.5e1 < satisfaction and .5 < spend", True),
        ("failures == 0", True),
        ("stage == loyalty and stage != lapsed", True),
        ("segment == high-touch", False),
        ('segment == "19-24"', False),
        ('stage == "and"', False),
    ],
)
def test_what_conditions_mean(text: str, truth: bool) -> None:
    assert holds(parse(text), PERSON) is truth


def test_the_code_is_postfix_with_numbers_turned_round() -> None:
    code = parse("2 < purchases and not segment == premium").code
    assert code == (
        (Op.COMPARE_GT, Name.PURCHASES, 2.0),
        (Op.COMPARE_EQ, Name.SEGMENT, "premium"),
        (Op.NOT, -1, 0.0),
        (Op.AND, -1, 0.0),
    )
    assert (int(Op.COMPARE_EQ), int(Op.COMPARE_GE), int(Op.AND), int(Op.OR), int(Op.NOT)) == (0, 5, 6, 7, 8)
    assert [name.value for name in Name] == list(range(9))


@pytest.mark.parametrize(
    ("text", "message", "position", "remedy"),
    [
        ("", "condition ends", 1, "purchases >= 2"),
        ("purchases", "comparison is missing", 10, "compare with"),
        ("purchases >=", "condition ends", 13, "purchases >= 2"),
        ("purchases = 2", "not part of a condition", 11, '"=="'),
        ("purchases > 2 && spend > 1", "not part", 15, '"and"'),
        ("purchases > 2 || spend > 1", "not part", 15, '"or"'),
        ("!(purchases > 2)", "not part", 1, '"not"'),
        ("0 < purchases < 3", "chained", 15, "and"),
        ("purchases == 1 == 2", "chained", 16, "and"),
        ("purchses > 2", "nothing that a condition knows", 1, 'did you mean "purchases"'),
        ("2 > 3", "nothing that a condition knows", 1, "segment"),
        ("segment > premium", "has no order", 9, "== or !="),
        ("segment == 3", "compared with a name", 12, "quotes"),
        ("segment == stage", "itself asked about", 12, "quotes"),
        ("purchases >= 1e400", "too large", 14, "purchases >= 2"),
        ("purchases == premium", "compared with a number", 14, "purchases >= 2"),
        ("purchases >= 2 spend > 1", "not expected here", 16, "and"),
        ("purchases >= 2)", "not expected here", 15, "take it out"),
        ("(purchases >= 2", "never closed", 1, '")"'),
        ("purchases >= 2 and", "condition ends", 19, "purchases >= 2"),
        ("and purchases >= 2", '"and" stands', 1, "purchases >= 2"),
        ("segment == 19-24", "not part", 12, "quotes"),
        ("purchases > 2; import os", "not part", 14, "take it out"),
        ("__import__('os')", "comparison is missing", 11, "compare with"),
        ("(" * 60 + "purchases > 2" + ")" * 60, "50 deep", 52, "simplify"),
        ("not " * 60 + "purchases > 2", "50 deep", 205, "simplify"),
        ("purchases > 2 and " * 200 + "spend > 1", "at most 2000", 2001, "shorten"),
    ],
)
def test_what_conditions_refuse(text: str, message: str, position: int, remedy: str) -> None:
    with pytest.raises(ConditionError) as raised:
        parse(text)
    assert message in raised.value.message
    assert raised.value.position == position
    assert remedy in raised.value.remedy


WORDS = [
    "segment",
    "stage",
    "purchases",
    "spend",
    "premium",
    "and",
    "or",
    "not",
    "(",
    ")",
    "==",
    "<",
    ">=",
    "2",
    "'x'",
    "=",
]


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        condition = parse(text)
    except ConditionError as error:
        refused = error
    else:
        assert holds(condition, PERSON) in (True, False)
        return
    assert refused.message
    assert refused.remedy
    assert 1 <= refused.position <= len(text) + 1
