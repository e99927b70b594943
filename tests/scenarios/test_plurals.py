import pytest

from sojourn.scenarios.plurals import days, plural, verb


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


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (1, "1 day"),
        (0.5, "0.5 days"),
        (365, "365 days"),
        (364.7, "365 days"),
        (3650, "3,650 days"),
        (30.44, "30.4 days"),
        (0, "0 days"),
    ],
)
def test_days_agree_and_short_times_keep_their_decimals(count: float, told: str) -> None:
    assert days(count) == told
