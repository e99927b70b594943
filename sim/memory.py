"""Room for columns.

numpy asks the system for large pages wherever an array is large. While enough of them are free that is the faster way; for very
large arrays the system tidies its memory first, to find them (10 million customers of benchmark W1: 140 ns a customer, and 35
with pages of the usual size).
"""

import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGE = 16 << 20  # bytes
# glibc gives freed blocks back to the system, page by page, up to the size of the largest that it has seen freed (32 MB at most).
# One large block, never touched, and what a replication leaves behind serves the next one: two threads wait for the system a
# tenth as often (1,000 new pages a replication of first.toml, and 100).
np.empty(31 << 20, dtype=np.uint8)


def zeros(size: int, kind: type) -> NDArray[Any]:
    """An array of zeros, shape (size,)."""
    width = np.dtype(kind).itemsize
    if size * width < LARGE or not hasattr(mmap, "MAP_ANONYMOUS"):
        return np.zeros(size, dtype=kind)
    try:
        memory = mmap.mmap(-1, size * width, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except OSError as error:  # as numpy would say it
        raise MemoryError(f"no room for {size * width:,} bytes") from error
    return np.frombuffer(memory, dtype=kind, count=size)


def empty(size: int, kind: type) -> NDArray[Any]:
    """An array of anything, shape (size,)."""
    return zeros(size, kind) if size * np.dtype(kind).itemsize >= LARGE else np.empty(size, dtype=kind)
