"""What is spared when rules are compiled changes nothing that numba goes by."""

from typing import Any

import pytest
from numba.core.compiler import Flags

from sojourn.sim.lowering import _Options


def options(nrt: bool) -> Any:
    flags: Any = Flags()  # type: ignore[no-untyped-call]
    flags.nrt = nrt
    return flags


def test_equal_options_are_settled_once() -> None:
    made: Any = _Options
    one, same, other = (made(options(nrt)).copy() for nrt in (True, True, False))
    assert one is same
    assert one != other
    assert other == options(False)
    assert options(True) == one
    assert hash(one) == hash(options(True))
    assert one.nrt
    with pytest.raises(TypeError):
        one.nrt = False
    changed = one.copy()
    changed.nrt = False
    assert changed == other
