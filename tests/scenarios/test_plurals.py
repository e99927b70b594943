import pytest

from sojourn.scenarios.plurals import plural, verb


@pytest.mark.parametrize(
    ("count", "words", "told"),
    [
        (1, ("stage",), "1 stage"),
        (2, ("stage",), "2 stages"),
        (0, ("way",), "0 ways"),
        (1200, ("mix", "mixes"), "1,200 mixes"),
        (1, ("mix", "mixes"), "1 mix"),
        (0.97, ("invitee",), "1 invitee"),  # reads as 1
        (1.6, ("invitee",), "2 invitees"),
    ],
)
def test_the_noun_agrees_with_the_count_as_it_reads(count: float, words: tuple[str, ...], told: str) -> None:
    assert plural(count, *words) == told


def test_the_verb_agrees_with_the_count() -> None:
    assert [verb(n, "was", "were") for n in (0, 1, 2)] == ["were", "was", "were"]
