"""A measure that is a sum over customers, or a ratio of two."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Groups(NamedTuple):
    """Customers dealt out to groups that are left out in turn; `number` is 0 where none is."""

    of: NDArray[np.int8]  # of each customer, 0 to number - 1, shape (customers,)
    number: int
    sizes: Floats  # customers of each, shape (number,)


NOBODY, NO_AMOUNTS = np.empty(0, dtype=np.int64), np.empty(0)
NO_GROUPS = Groups(np.empty(0, dtype=np.int8), 0, np.empty(0))


class Tally(NamedTuple):
    """What customers add up to: each of `who` (None: everybody, once) adds 1, or its amount."""

    size: int  # of who
    who: Integers | None = None  # index of the customer, as often as it adds something; shape (size,)
    amounts: Floats | None = None  # shape (size,)

    @classmethod
    def of(cls, who: Integers, amounts: Floats | None = None) -> "Tally":
        """What the customers listed add."""
        return cls(who.size, who, amounts)

    @classmethod
    def each(cls, amounts: Floats) -> "Tally":
        """What every customer adds, shape (customers,); none where nobody adds anything."""
        return cls(amounts.size, None, amounts)

    @property
    def total(self) -> float:
        """The sum over all of them."""
        return float(self.size) if self.amounts is None else float(np.sum(self.amounts))

    def by_group(self, groups: Groups) -> Floats:
        """The sum over the customers of each group, shape (groups,)."""
        if self.size == 0 or groups.number == 0:
            return np.zeros(groups.number)
        if self.who is None and self.amounts is None:
            return groups.sizes
        from sojourn.sim import counting  # numba only where something is measured

        who, amounts = NOBODY if self.who is None else self.who, NO_AMOUNTS if self.amounts is None else self.amounts
        return counting.by_group(groups.of, who, amounts, groups.number)


NOTHING = Tally(0)


class Sums(NamedTuple):
    """What adds to the numerator and to the denominator, and what is there whoever comes."""

    numerator: Tally
    denominator: Tally | None  # None for a total
    fixed: float = 0.0
    fixed_below: float = 0.0


class Gap(NamedTuple):
    """One ratio less another over the same customers, in each replication."""

    first: Sums
    second: Sums
