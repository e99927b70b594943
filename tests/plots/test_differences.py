from typing import Any

from matplotlib.colors import to_hex

from sojourn.plots import style
from sojourn.plots.differences import differences


def some(made: Any) -> Any:
    e = made.Estimate
    return made.comparison(
        {
            "service_first - today": {
                "profit": e(-51_234.0, -58_000.0, -44_000.0),
                "cost": e(-900.0, -1000.0, -800.0),
                "revenue": e(1234.0, -100.0, 2500.0),
                "retention.180": e(0.041, 0.03, 0.052),
                "reach.loyalty": e(0.01, 0.005, 0.015),
                "clv": e(None, None, None),
                "satisfaction": e(0.0, 0.0, 0.0),
            },
            "a rather long name of a strategy that nobody would ever choose - today": {
                "profit": e(1_234_567.0, 1_000_000.0, 1_500_000.0),
                "cost": e(12.0, 10.0, 14.0),
                "revenue": e(0.0, 0.0, 0.0),
                "retention.180": e(0.01, None, None),
                "reach.loyalty": e(0.0, -0.001, 0.001),
                "clv": e(1.0, 0.5, 1.5),
                "satisfaction": e(0.0, 0.0, 0.0),
            },
        }
    )


def test_the_key_says_of_what_is_hollow_what_there_is(made: Any) -> None:
    words = {text for text, _ in made.texts(differences(some(made), measures=["retention.180", "reach.loyalty"]))}
    assert "interval spans 0, or there is none" in words
    words = {text for text, _ in made.texts(differences(some(made), measures=["revenue", "reach.loyalty"]))}
    assert "interval spans 0" in words


def test_a_unit_is_shortened_before_a_name_is_cut(made: Any) -> None:
    e = made.Estimate
    reach = {"reach.loyalty": e(0.01, 0.005, 0.015), "reach.redeemed_again": e(0.01, 0.005, 0.015)}
    words = {text for text, _ in made.texts(differences(made.comparison({"b - a": reach}), measures=list(reach)))}
    assert "Share of customers who ever enter loyalty (percentage points)" in words
    assert "Share of customers who ever enter redeemed again (points)" in words


MEASURES = ["profit", "cost", "revenue", "retention.180", "reach.loyalty", "clv", "satisfaction"]


def test_no_words_overlap_or_leave_the_picture(made: Any) -> None:
    ax = differences(some(made), measures=MEASURES)
    assert made.overlapping(ax) == []
    assert made.outside(ax) == []


def test_a_panel_a_measure_with_its_unit_and_its_own_axis(made: Any) -> None:
    ax = differences(some(made), measures=MEASURES)
    heads = [panel.texts[-1].get_text() for panel in ax.child_axes]
    assert heads[0] == "Profit, discounted to day 0 (USD)"
    assert heads[3] == "Buyers not lost 180 days after the first purchase (percentage points)"
    assert len(heads) == 6  # satisfaction is the same under all
    assert len({panel.get_xlim() for panel in ax.child_axes}) == 6
    assert all(panel.get_xlim()[0] < 0 < panel.get_xlim()[1] for panel in ax.child_axes)


def test_better_and_worse_follow_the_measure_and_unclear_is_grey(made: Any) -> None:
    ax = differences(some(made), measures=MEASURES)

    def ink(panel: int, row: int) -> tuple[str, str]:
        marks = [line for line in ax.child_axes[panel].lines if line.get_linestyle() == "None"]
        return to_hex(marks[row].get_markeredgecolor()), to_hex(marks[row].get_markerfacecolor())

    assert ink(0, 0) == (style.WORSE, style.WORSE)  # less profit
    assert ink(0, 1) == (style.BETTER, style.BETTER)
    assert ink(1, 0) == (style.BETTER, style.BETTER)  # less cost
    assert ink(1, 1) == (style.WORSE, style.WORSE)
    assert ink(2, 0) == (style.UNSURE, style.PAPER)  # spans 0
    assert ink(2, 1) == (style.UNSURE, style.PAPER)  # the same
    assert ink(3, 1) == (style.UNSURE, style.PAPER)  # no interval
    assert ink(4, 0) == (style.INK, style.INK)  # neither better nor worse


def test_figures_are_written_out(made: Any) -> None:
    said = [t for t, _ in made.texts(differences(some(made), measures=MEASURES))]
    for text in (
        "−51,200 [−58,000, −44,000] worse",
        "+1,200 [−100, 2,500]",
        "+4.1 [3.0, 5.2] better",
        "undefined",
        "the same",
    ):
        assert text in said


def test_without_measures_the_verdicts_comes_first_and_there_are_eight_at_most(made: Any) -> None:
    names = [
        "revenue",
        "cost",
        "conversion",
        "purchases",
        "retention.90",
        "satisfaction",
        "clv",
        "nps",
        "churn_rate",
        "roi",
    ]
    found = made.comparison({"b - today": {name: made.about(1.0) for name in [*names, "profit"]}})
    found.verdict.measure = "roi"
    ax = differences(found)
    assert len(ax.child_axes) == 8
    assert ax.child_axes[0].texts[-1].get_text().startswith("Profit per unit of cost")


def test_equal_strategies_are_a_sentence(made: Any) -> None:
    zero = made.Estimate(0.0, 0.0, 0.0)
    ax = differences(made.comparison({"b - today": {"profit": zero, "cost": zero}}))
    assert "no difference to draw" in ax.texts[0].get_text().replace("\n", " ")


def test_axes_that_are_given_are_used(made: Any) -> None:
    ax = style.blank(9.0)
    assert differences(some(made), ax, measures=MEASURES) is ax


def test_large_amounts_are_counted_in_trillions_and_leave_room_for_a_scale(made: Any) -> None:
    e = made.Estimate
    pairs = {f"option_{k} - today": {"profit": e(k * 2e13, k * 1.5e13, k * 2.5e13)} for k in (1, 5, 10)}
    ax = differences(made.comparison(pairs), measures=["profit"])
    (panel,) = ax.child_axes
    told = [text.get_text() for text in panel.texts]
    assert "+200 [150, 250] better" in told
    assert any(text.endswith("(USD, trillions)") for text in told)
    low, high = panel.get_xlim()
    ticks = [
        t.get_text() for t, at in zip(panel.get_xticklabels(), panel.get_xticks(), strict=True) if low <= at <= high
    ]
    assert ticks[:2] == ["0", "+100"]
    assert made.outside(ax) == []
    assert made.overlapping(ax) == []
