"""Numbers changed in the text of a file: the right one, nothing else, and what happens where that cannot be done."""

import tomllib
from typing import Any

import pytest

from sojourn.calibration.rewriting import MARK, plain, rewritten, toml
from sojourn.scenarios.files import library, loads, read
from sojourn.scenarios.overrides import Place

from .chains import CHAIN, CONVERSION

TEXT = CHAIN + CONVERSION
CART: Place = ("stages", "product", "exits", "cart")
SAID = f"{MARK} to meet conversion"


def at(document: Any, place: Place) -> Any:
    for step in place:
        document = document[step]
    return document


def test_only_the_number_changes() -> None:
    found = rewritten(TEXT, {CART: 0.2043}, ["stages.product.exits.cart"], SAID)
    assert not found.anew
    assert found.text.startswith(TEXT.replace("cart = 0.30", "cart = 0.2043"))
    assert found.text.removeprefix(TEXT.replace("cart = 0.30", "cart = 0.2043")).split("\n")[1:] == [
        "[[sources]]",
        'paths = ["stages.product.exits.cart"]',
        'evidence = "assumed"',
        f'source = "{SAID}"',
        "",
    ]


def test_of_equal_numbers_the_right_one_changes() -> None:
    """.5 days stands at four stages, and again in a remark, in a text and in a key."""
    text = TEXT.replace("# everybody", "# 0.5 of everybody").replace('"the log', '"0.5 of the log')
    place: Place = ("stages", "checkout", "dwell", "mean")
    found = rewritten(text, {place: 0.75}, ["stages.checkout.dwell.mean"], SAID)
    before, after = tomllib.loads(text), tomllib.loads(found.text)
    assert at(after, place) == 0.75
    after["stages"]["checkout"]["dwell"]["mean"] = 0.5
    del after["sources"]
    assert after == before
    assert found.text.count("0.5 of everybody") == 1


@pytest.mark.parametrize("written", ["3e-1", "+0.3", "0.3_0", "0.30000"])
def test_a_number_may_be_written_in_any_way(written: str) -> None:
    found = rewritten(TEXT.replace("0.30", written), {CART: 0.25}, ["stages.product.exits.cart"], SAID)
    assert not found.anew
    assert "cart = 0.25, leave" in found.text


def test_a_source_of_an_earlier_fit_is_replaced_and_others_stay() -> None:
    other = '\n[[sources]]\npaths = ["stages.product.exits.cart"]\nevidence = "measured"\nsource = "the log"\n'
    once = rewritten(TEXT + other, {CART: 0.2043}, ["stages.product.exits.cart"], SAID)
    twice = rewritten(once.text, {CART: 0.25}, ["stages.product.exits.cart"], f"{SAID} again")
    assert [one["source"] for one in tomllib.loads(twice.text)["sources"]] == ["the log", f"{SAID} again"]
    assert not twice.anew
    third = rewritten(twice.text, {CART: 0.2}, ["stages.*"], SAID)
    assert len(tomllib.loads(third.text)["sources"]) == 3


def test_what_cannot_be_changed_in_place_is_written_anew() -> None:
    """Sources in a list of their own take no further table below."""
    text = TEXT.replace("[scenario]", 'sources = [{ paths = ["stages"], evidence = "assumed" }]\n[scenario]')
    found = rewritten(text, {CART: 0.25}, ["stages.product.exits.cart"], SAID)
    assert found.anew
    assert "#" not in found.text
    document = tomllib.loads(found.text)
    assert at(document, CART) == 0.25
    assert len(document["sources"]) == 2
    assert document["stages"]["cart"] == tomllib.loads(text)["stages"]["cart"]


@pytest.mark.parametrize("name", library())
def test_a_document_written_anew_reads_the_same(name: str) -> None:
    document = tomllib.loads(read(name))
    assert tomllib.loads(toml(document)) == document
    assert loads(toml(document)).digest == loads(read(name)).digest


def test_numbers_are_written_as_people_write_them() -> None:
    values = {0.2043: "0.2043", 1.0: "1.0", 12000.0: "12000.0", 0.0001: "0.0001", -0.5: "-0.5", 0.0: "0.0"}
    assert {value: plain(value) for value in values} == values
    for value in (1e-7, 1.23456789e-5, 2 / 3, 1e300):
        assert float(plain(value)) == value
