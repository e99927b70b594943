"""scipy's special functions, loaded when a gamma law first asks: scipy takes longer to load than most scenarios to check.

`special.gammainc` is `scipy.special.gammainc` itself, for Python and for numba, which looks names up in the same way.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    from scipy import special

    return getattr(special, name)
