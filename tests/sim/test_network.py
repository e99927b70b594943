"""A scenario as cells: names, overrides, who is coupled, and what is compiled from where."""

import ast
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sojourn import sim
from sojourn.scenarios.faults import Faults
from sojourn.sim import compiling, rules
from sojourn.sim.compiling import from_python
from sojourn.sim.network import build

ROOMS = Path(next(iter(sim.__path__)))
BODY = """
[segments.regular]
share = 0.8
[segments.premium]
share = 0.2
[segments.premium.override]
"stages.a.exits" = { b = 0.9, c = 0.1 }
"stages.b.cost" = 4.0
[stages.a]
dwell = { law = "exponential", mean = 5 }
exits = { b = 0.5, c = 0.5 }
[stages.b]
race.c = { law = "exponential", mean = 5 }
cost = 3.0
[stages.c]
end = true
[levers.push]
effects = [{ exit = "a -> b", log_odds = 1.0 }]
[levers.reach]
effects = [{ arrivals = true, rate_ratio = 3.0 }]
[strategies]
plain = {}
pushed = { push = 0.5, reach = [{ day = 10, level = 0.2 }, { day = 40, level = 1.0, ramp_days = 20 }] }
"""

DECORATORS = {"kernel", "allocating", "compiled_once", "compiled", "apart", "inlined", "from_python"}


def test_names_are_those_of_the_file(scenario: Any) -> None:
    network = build(scenario(BODY), "pushed")
    assert network.stages == ("a", "b", "c")
    assert network.segments == ("regular", "premium")
    assert network.levers == ("push", "reach")
    assert network.desks == ()
    assert network.strategy == "pushed"


def test_segments_have_their_own_stages(scenario: Any) -> None:
    network = build(scenario(BODY), "plain")
    assert network.segment_stage(0, 0).choices["b"].probability == 0.5
    assert network.segment_stage(1, 0).choices["b"].probability == 0.9
    assert (network.segment_stage(0, 1).cost, network.segment_stage(1, 1).cost) == (3.0, 4.0)


def test_an_unknown_strategy_is_named_with_those_there_are(scenario: Any) -> None:
    with pytest.raises(Faults) as caught:
        build(scenario(BODY), "pushd")
    (fault,) = caught.value.faults
    assert fault.value == "pushd"
    assert "pushed" in fault.remedy


def test_paths_and_levels(scenario: Any) -> None:
    network = build(scenario(BODY), "pushed")
    days, levels = network.path("reach")
    assert days.tolist() == [0.0, 10.0, 10.0, 40.0, 60.0]
    assert levels.tolist() == [0.0, 0.0, 0.2, 0.2, 1.0]
    assert network.levels("reach", [0, 10, 39.9, 50, 60, 1e4]) == pytest.approx([0, 0.2, 0.2, 0.6, 1.0, 1.0])
    assert build(scenario(BODY), "plain").levels("push", [0.0, 9.0]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("more", "coupled"),
    [
        ("", False),
        ("[market]\nsize = 5000", True),
        ("[market]\ninvitee_cap = 5000", False),
        ('[desks.help]\nagents = 2\nhandle = { law = "exponential", mean = 1 }', True),
    ],
)
def test_who_is_coupled(scenario: Any, more: Any, coupled: Any) -> None:
    body = BODY
    if "desks" in more:
        body = body.replace("[stages.a]\n", '[stages.a]\ndesk = { name = "help", probability = 0.2 }\n')
    assert build(scenario(body + more), "plain").coupled is coupled


def test_arrivals_cannot_be_multiplied_beyond_their_ids(scenario: Any) -> None:
    with pytest.raises(Faults) as caught:
        build(scenario(BODY.replace("rate_ratio = 3.0", "rate_ratio = 65.0")), "pushed")
    assert "arrivals" in str(caught.value)


def test_building_twice_gives_the_same_cells(scenario: Any) -> None:
    one, other = (build(scenario(BODY), "pushed").cells for _ in range(2))
    assert np.array_equal(one, other, equal_nan=True)


def imports(room: Any) -> Any:
    """(module, names) of a room's imports from this project."""
    tree = ast.parse((ROOMS / f"{room}.py").read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sojourn"):
            yield node.module, {name.name for name in node.names}


def test_every_compiled_source_is_in_the_digest_of_the_cache() -> None:
    """A room that compiles, and every room from which one of those takes names, is listed: else an edit would run stale."""
    rooms = {path.stem for path in ROOMS.glob("*.py") if path.stem != "__init__"}
    listed = set(compiling.SOURCES)
    assert listed <= rooms
    for room in sorted(rooms - {"compiling"}):
        taken = dict(imports(room)).get("sojourn.sim.compiling", set())
        if taken & DECORATORS:
            assert room in listed, f"{room}.py is compiled, but its edits would go unnoticed"
    for room in sorted(listed):
        for module, names in imports(room):
            if module == "sojourn.sim":
                assert names <= listed, (room, names)
            elif module.startswith("sojourn.sim."):
                assert module.removeprefix("sojourn.sim.") in listed, (room, module)
            else:
                assert (module, names) == ("sojourn.scenarios", {"laws"}), (room, module)


def test_compiled_code_never_counts_from_the_end() -> None:
    """Compiled code takes indices as they are: -1 would be a place far outside."""
    looked_at = 0
    for room in compiling.SOURCES:
        for function in ast.walk(ast.parse((ROOMS / f"{room}.py").read_text("utf-8"))):
            if not isinstance(function, ast.FunctionDef):
                continue
            names = {ast.unparse(one).split("(")[0] for one in function.decorator_list}
            if not names & DECORATORS:
                continue
            looked_at += 1
            for access in (node for node in ast.walk(function) if isinstance(node, ast.Subscript)):
                assert not re.search(r"(^|[,:( ])-\d", ast.unparse(access.slice)), (
                    room,
                    function.name,
                    ast.unparse(access),
                )
    assert looked_at > 80


def test_the_cache_folder_follows_the_sources(monkeypatch: Any, tmp_path: Any) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    compiling.cache_folder.cache_clear()
    try:
        first = compiling.cache_folder()
        assert first is not None
        assert Path(first).is_relative_to(tmp_path)
        compiling.cache_folder.cache_clear()
        monkeypatch.setattr(compiling, "SOURCES", compiling.SOURCES[:-1])
        assert compiling.cache_folder() != first
    finally:
        monkeypatch.undo()
        compiling.cache_folder.cache_clear()


def test_python_cannot_call_what_is_for_compiled_code() -> None:
    for _ in range(2):
        with pytest.raises(TypeError, match="clamped is for compiled code"):
            rules.clamped(3.0)
    assert from_python(rules.clamped)(103.0) == 100.0
