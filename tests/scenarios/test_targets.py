"""Targets in the file: what they say, what they may name, and that no version of the file carries them on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sojourn.scenarios.faults import Fault
from sojourn.scenarios.files import load, loads, overlay, varied

FaultsOf = Callable[[str], tuple[Fault, ...]]
VARIANTS = """
[variants.good.override]
"stages.post_purchase.touchpoint.performance" = 90
[variants.bad]
override = { "stages.post_purchase.touchpoint.performance" = 60 }
"""
TARGET = """
[[targets]]
name = "more"
statement = "a better product sells 10 % more"
origin = "our own survey"
measure = "purchases"
variant = "good"
against = "bad"
strategy = "today"
value = 1.1
tolerance = 0.02
tuned = ["satisfaction.effects", "satisfaction.effects[0].log_odds", "stages.*.touchpoint.sd"]
cannot_tell = "why"
"""


def test_a_target_says_what_was_to_be_met(first: str) -> None:
    (target,) = loads(first + VARIANTS + TARGET).targets
    assert (target.measure, target.variant, target.against, target.strategy) == ("purchases", "good", "bad", "today")
    assert (target.value, target.tolerance, target.cannot_tell) == (1.1, 0.02, "why")
    assert loads(first).targets == ()


def test_free_numbers_and_their_bounds(first: str, faults_of: FaultsOf) -> None:
    free = '\n[free]\n"satisfaction.effects[0].log_odds" = [0.1, 1]\n'
    whole = loads(first + VARIANTS + free)
    assert whole.free == {"satisfaction.effects[0].log_odds": (0.1, 1.0)}
    assert loads(first).free == {}
    assert varied(whole, "good").free == {}
    (fault,) = faults_of(first + free.replace("effects[0]", "effects[9]"))
    assert "names nothing in this file" in fault.message
    (fault,) = faults_of(first + free.replace("[0.1, 1]", "[1, 0.1]"))
    assert (fault.path, fault.message) == (
        'free."satisfaction.effects[0].log_odds"',
        "the bounds 1 and 0.1 are no range",
    )
    (fault,) = faults_of(first + free.replace("[0.1, 1]", "[1]"))
    assert fault.path.startswith("free.")


def test_much_may_be_left_out(first: str) -> None:
    text = '[[targets]]\nname = "n"\nstatement = "s"\norigin = "o"\nmeasure = "nps"\nvalue = -20\ntolerance = 0.1\n'
    (target,) = loads(first + text).targets
    assert (target.variant, target.against, target.strategy, target.tuned, target.cannot_tell) == (
        None,
        None,
        None,
        (),
        "",
    )


def test_no_version_of_the_file_carries_its_targets_on(first: str, tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(first + VARIANTS + TARGET)
    whole = load(path)
    assert len(whole.targets) == 1
    for name in whole.variants:
        assert load(path, variant=name).targets == ()
        assert varied(whole, name).digest == load(path, variant=name).digest
    touchpoint = varied(whole, "good").stages["post_purchase"].touchpoint
    assert touchpoint is not None
    assert touchpoint.performance == 90
    # Numbers that are changed to meet the targets leave them, and the variants, where they are.
    changed = overlay(whole.document(), {"satisfaction.effects[0].log_odds": 0.5})
    assert changed.targets == whole.targets
    assert varied(changed, "bad").satisfaction == changed.satisfaction


@pytest.mark.parametrize(
    ("old", "new", "path", "message", "remedy"),
    [
        ('variant = "good"', 'variant = "god"', "targets[0].variant", 'no variant named "god"', '"good"'),
        ('against = "bad"', 'against = "bda"', "targets[0].against", 'no variant named "bda"', "good, bad"),
        ('variant = "good"\n', "", "targets[0].against", "a ratio needs two variants", "add variant"),
        ('"bad"\nstrategy', '"good"\nstrategy', "targets[0].against", "always 1", "another variant"),
        ('strategy = "today"', 'strategy = "tday"', "targets[0].strategy", 'no strategy named "tday"', '"today"'),
        ("value = 1.1", "value = 0", "targets[0].value", "0 cannot be met", "share of the value"),
        ("value = 1.1", "value = -1.1", "targets[0].value", "not negative", "1.1 for 10 % more"),
        ("tolerance = 0.02", "tolerance = 0", "targets[0].tolerance", "greater than 0", "give a number"),
        ("tolerance = 0.02", "tolerance = 2", "targets[0].tolerance", "at most 1", "2 % as 0.02"),
        ("tolerance = 0.02\n", "", "targets[0].tolerance", "tolerance is missing", "add tolerance"),
        ('measure = "purchases"', 'measure = "re venue"', "targets[0].measure", "cannot be a name", "letters"),
        ('origin = "our own survey"', 'origin = " "', "targets[0].origin", "says nothing", "take the target out"),
        ('"stages.*.touchpoint.sd"', '"stages.*.tuchpoint"', "targets[0].tuned[2]", "names nothing", "joined by dots"),
        ('"stages.*.touchpoint.sd"', '"a..b"', "targets[0].tuned[2]", "names nothing", "joined by dots"),
        ("cannot_tell", "cant_tell", "targets[0].cant_tell", "unknown key", "cannot_tell"),
    ],
)
def test_what_a_target_cannot_say(
    first: str, faults_of: FaultsOf, old: str, new: str, path: str, message: str, remedy: str
) -> None:
    assert old in TARGET
    found = faults_of(first + VARIANTS + TARGET.replace(old, new))
    assert [fault.path for fault in found] == [path], "\n".join(map(str, found))
    assert message in found[0].message
    assert remedy in found[0].remedy


def test_a_strategy_must_be_there_in_the_version_that_is_measured(first: str, faults_of: FaultsOf) -> None:
    text = first + VARIANTS + '[variants.new]\noverride = { "strategies" = {} }\n' + TARGET
    assert faults_of(text) == ()
    (fault,) = faults_of(text.replace('variant = "good"', 'variant = "new"'))
    assert fault.path == "targets[0].strategy"
    assert 'variant new has no strategy named "today"' in fault.message
    assert '"baseline"' in fault.remedy
    only_new = text.replace(
        'variant = "good"\nagainst = "bad"\nstrategy = "today"', 'variant = "new"\nstrategy = "baseline"'
    )
    assert faults_of(only_new) == ()


def test_each_target_has_a_name_of_its_own(first: str, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(first + VARIANTS + TARGET + TARGET)
    assert fault.path == "targets[1].name"
    assert "targets[0]" in fault.message


@pytest.mark.parametrize("owner", ["segments.premium.override", "variants.good.override"])
def test_nobody_overrides_targets(first: str, faults_of: FaultsOf, owner: str) -> None:
    entry = '"targets[0].value" = 1.2\n'
    text = first + VARIANTS + TARGET
    if owner.startswith("segments"):
        text = text.replace("spend_ratio = 2.5", f"spend_ratio = 2.5\n[{owner}]\n{entry}", 1)
    else:
        text = text.replace(f"[{owner}]\n", f"[{owner}]\n{entry}", 1)
    (fault,) = faults_of(text)
    assert fault.path == f'{owner}."targets[0].value"'
    assert "belongs to the file as a whole" in fault.message


def test_a_mistake_elsewhere_is_told_once(first: str, faults_of: FaultsOf) -> None:
    text = (first + VARIANTS + TARGET).replace("gain = ", "gian = ", 1)
    assert [fault.path for fault in faults_of(text)] == ["satisfaction.gian"]
    text = (first + VARIANTS + TARGET).replace(
        '"stages.post_purchase.touchpoint.performance" = 90', '"stages.x.y" = 90'
    )
    assert [fault.path for fault in faults_of(text)] == ['variants.good.override."stages.x.y"']
