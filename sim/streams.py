"""Random draws that belong to a customer: Philox 4x32-10 (Salmon et al. 2011), a counter put through ten rounds.

A draw is named, not taken from a sequence: by seed and replication (the key), and by customer, stage, purpose, visit and number
(the counter). So it does not depend on what other customers do, on the engine, or on the order of work.
"""

from typing import Any

import numpy as np

from sojourn.sim.compiling import compiled_once
from sojourn.sim.tables import REPLICATION, SEED, Cells

# What a draw is for. Draws of different purposes never share a counter.
TRAITS, ARRIVING, STAYING, RACING, TOUCHING, SERVICE, MONEY, INVITING, INHERITING, SURVEYING, STAY_TRAITS = range(11)
# Fields of the third and fourth counter word: stage 12 bits, purpose 5, draw 27; visit 20 bits.
MAX_STAGES, MAX_VISITS = 1 << 12, 1 << 20

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_MASK, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)


@compiled_once("UniTuple(uint64, 4)(uint64, uint64, uint64, uint64, uint64, uint64)")
def philox(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Any:
    """Philox 4x32-10: counter and key as 32-bit words (in uint64) to four random 32-bit words."""
    for _ in range(10):
        p0, p1 = c0 * _M0, c2 * _M1
        c0, c1, c2, c3 = (p1 >> _HALF) ^ c1 ^ k0, p1 & _MASK, (p0 >> _HALF) ^ c3 ^ k1, p0 & _MASK
        k0, k1 = (k0 + _W0) & _MASK, (k1 + _W1) & _MASK
    return c0, c1, c2, c3


@compiled_once("UniTuple(uint64, 4)(float64[::1], int64, int64, int64, int64, int64)")
def words(net: Cells, customer: int, stage: int, purpose: int, visit: int, draw: int) -> Any:
    """The four words of one named block; the network holds seed and replication."""
    who = np.uint64(customer)
    return philox(
        who & _MASK,
        who >> _HALF,
        np.uint64(stage | purpose << 12 | (draw & 0x7FFF) << 17),
        np.uint64((visit & 0xFFFFF) | (draw >> 15) << 20),
        np.uint64(int(net[SEED])),
        np.uint64(int(net[REPLICATION])),
    )


@compiled_once("UniTuple(float64, 2)(float64[::1], int64, int64, int64, int64, int64)")
def pair(net: Cells, customer: int, stage: int, purpose: int, visit: int, draw: int) -> Any:
    """Two independent uniforms in the open interval (0, 1), of 52 bits each, from one block."""
    a, b, c, d = words(net, customer, stage, purpose, visit, draw)
    # Half a step up keeps both ends out; 52 bits, so that the largest value does not round to 1.
    first = (np.float64((a << _HALF | b) >> np.uint64(12)) + 0.5) * 2.220446049250313e-16
    second = (np.float64((c << _HALF | d) >> np.uint64(12)) + 0.5) * 2.220446049250313e-16
    return first, second


@compiled_once("float64(float64[::1], int64, int64, int64, int64, int64)")
def uniform(net: Cells, customer: int, stage: int, purpose: int, visit: int, draw: int) -> float:
    """One uniform: draws 2n and 2n + 1 share a block."""
    first, second = pair(net, customer, stage, purpose, visit, draw >> 1)
    return second if draw & 1 else first  # type: ignore[no-any-return]
