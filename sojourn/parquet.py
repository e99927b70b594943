"""Writing Parquet as the event log needs it: a few kinds of columns, a group of rows at a time, the same bytes every time.

Ids are written as differences in whole bytes, whatever has few values as places in a dictionary, the rest as it stands; nothing
is compressed, so that writing costs little more than copying. Format: https://parquet.apache.org/docs/file-format/.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.thrift import Long, Struct, varint, zigzag

MAGIC = b"PAR1"
INT32, INT64, DOUBLE, TEXT = 1, 2, 5, 6  # physical types; texts are byte arrays
PLAIN, RUNS, DELTAS, PLACES = 0, 3, 5, 8  # encodings: as it stands, runs, delta binary packed, dictionary
BLOCK = 4096  # differences that share a width
Bytes = bytes | memoryview
DTYPES: dict[int, np.dtype[Any]] = {INT32: np.dtype("<i4"), INT64: np.dtype("<i8"), DOUBLE: np.dtype("<f8")}


class Places(NamedTuple):
    """A column of few values: at each row a place in `values`, below 0 for null."""

    place: NDArray[Any]  # whole numbers
    values: Sequence[str] | NDArray[Any]


class Same(NamedTuple):
    """A column that holds one value throughout."""

    value: str | int | float | None


class Ids(NamedTuple):
    """A column of whole numbers that lie close together or ascend."""

    values: NDArray[np.int64]


Column = Places | Same | Ids | NDArray[Any]  # NaN in an array of numbers is null


class Group(NamedTuple):
    """Rows that have been written, for the footer."""

    columns: list[Struct]
    size: int  # bytes
    rows: int


class ParquetFile:
    """A file to which groups of rows are written. OSError where the system refuses."""

    def __init__(self, path: Path, kinds: Mapping[str, int], nullable: Collection[str] = ()) -> None:
        self._file: BinaryIO = path.open("wb")
        self._kinds, self._nullable = kinds, nullable
        self._at = self._file.write(MAGIC)

    def close(self) -> None:
        """Close the file, finished or not."""
        self._file.close()

    def write(self, rows: int, columns: Mapping[str, Column]) -> Group:
        """Write a group of so many rows (at least one): a column for each of the kinds."""
        begin = self._at
        chunks = [self._chunk(name, kind, columns[name], rows) for name, kind in self._kinds.items()]
        return Group(chunks, self._at - begin, rows)

    def finish(self, groups: Sequence[Group]) -> None:
        """Write the footer, which lists groups in the order in which they are to be read."""
        schema = [Struct((4, "rows"), (5, len(self._kinds)))]
        for name, kind in self._kinds.items():
            text = kind == TEXT
            schema.append(
                Struct(
                    (1, kind),
                    (3, int(name in self._nullable)),
                    (4, name),
                    (6, 0 if text else None),
                    (10, Struct((1, Struct())) if text else None),
                )
            )
        listed = [Struct((1, one.columns), (2, Long(one.size)), (3, Long(one.rows))) for one in groups]
        rows = Long(sum(one.rows for one in groups))
        orders = [Struct((1, Struct()))] * len(self._kinds)  # bounds are by the order of each type
        footer = bytes(Struct((1, 1), (2, schema), (3, rows), (4, listed), (6, "sojourn"), (7, orders)))
        self._file.write(footer + len(footer).to_bytes(4, "little") + MAGIC)
        self._file.flush()

    def _chunk(self, name: str, kind: int, column: Column, rows: int) -> Struct:
        """Write one column of a group; returns what the footer says of it."""
        begin, page = self._at, encoded(column, kind, rows)
        assert page.there is None or name in self._nullable
        places = None
        if page.dictionary is not None:
            count = len(page.dictionary)
            places = self._page(2, (7, Struct((1, count), (2, PLAIN))), _plain(page.dictionary, kind))
        told = (5, Struct((1, rows), (2, page.encoding), (3, RUNS), (4, RUNS)))
        levels = _levels(page.there, rows) if name in self._nullable else b""
        data = self._page(0, told, levels, page.data)
        size, used = Long(self._at - begin), [PLAIN, RUNS, page.encoding] if page.encoding != PLAIN else [PLAIN, RUNS]
        nulls = 0 if page.there is None else rows - int(np.count_nonzero(page.there))
        lowest, highest = (None if one is None else bytes(_plain([one], kind, bare=True)) for one in page.bounds)
        bounds = Struct((3, Long(nulls)), (5, highest), (6, lowest))
        facts = Struct(
            (1, kind), (2, used), (3, [name]), (4, 0), (5, Long(rows)), (6, size), (7, size),
            (9, data), (11, places), (12, bounds),
        )  # fmt: skip
        return Struct((2, Long(begin)), (3, facts))

    def _page(self, kind: int, told: tuple[int, Struct], *content: Bytes) -> Long:
        begin, size = self._at, sum(memoryview(part).nbytes for part in content)
        for part in (bytes(Struct((1, kind), (2, size), (3, size), told)), *content):
            self._at += self._file.write(part)
        return Long(begin)


class Encoded(NamedTuple):
    """A column's values on their way to a page."""

    encoding: int
    data: Bytes
    bounds: tuple[Any, Any] = (None, None)  # least and largest value, None where nobody knows
    there: NDArray[np.bool_] | None = None  # which values are not null, shape (rows,); None: all
    dictionary: Sequence[Any] | NDArray[Any] | None = None


def encoded(column: Column, kind: int, rows: int) -> Encoded:
    """The values of a column that are not null, in the encoding that becomes them."""
    if isinstance(column, Same):
        if column.value is None:
            return Encoded(PLACES, b"\1", there=np.zeros(rows, dtype=np.bool_), dictionary=[])
        data = b"\1" + varint(rows << 1) + b"\0"  # places of one bit; a run of so many 0
        return Encoded(PLACES, data, (column.value, column.value), None, [column.value])
    if isinstance(column, Places):
        there, place = _present(column.place >= 0, column.place)
        bounds = min(column.values), max(column.values)
        return Encoded(PLACES, packed(place, len(column.values)), bounds, there, column.values)
    if isinstance(column, Ids):
        there, ids = _present(column.values >= 0, column.values)
        if not ids.size:
            return encoded(Same(None), kind, rows)
        return Encoded(DELTAS, differences(ids), (ids.min(), ids.max()), there)
    there, values = _present(~np.isnan(column), column)
    if not values.size:
        return encoded(Same(None), kind, rows)
    return Encoded(PLAIN, _plain(values, kind), (values.min(), values.max()), there)


def _present(there: NDArray[np.bool_], values: NDArray[Any]) -> tuple[NDArray[np.bool_] | None, NDArray[Any]]:
    return (None, values) if there.all() else (there, values[there])


def _plain(values: Sequence[Any] | NDArray[Any], kind: int, *, bare: bool = False) -> Bytes:
    """Values as they stand; texts with their length before them, unless bare."""
    if kind != TEXT:
        array: Any = np.ascontiguousarray(values, dtype=DTYPES[kind])
        return memoryview(array).cast("B")
    texts = [value.encode() for value in values]
    return b"".join(texts if bare else (len(text).to_bytes(4, "little") + text for text in texts))


def _levels(there: NDArray[np.bool_] | None, rows: int) -> bytes:
    """Which values are not null: one run, or a bit each."""
    if there is None:
        runs = varint(rows << 1) + b"\1"
    else:
        runs = varint((rows + 7) // 8 << 1 | 1) + np.packbits(there, bitorder="little").tobytes()
    return len(runs).to_bytes(4, "little") + runs


def packed(place: NDArray[Any], count: int) -> bytes:
    """Places among `count` (at most 65,536) values: their width in bits, and one run of bits; a power of 2 packs fast."""
    width = next(bits for bits in (1, 2, 4, 8, 16) if count <= 1 << bits)
    eights = (place.size + 7) // 8
    bits = np.zeros(eights * 8, dtype="<u2" if width == 16 else np.uint8)
    bits[: place.size] = place
    held = width
    while held < 8:  # two neighbours into one, until a byte is full
        bits = bits[0::2] | bits[1::2] << held
        held *= 2
    return bytes([width]) + varint(eights << 1 | 1) + bits.tobytes()


def differences(ids: NDArray[np.int64]) -> bytes:
    """Differences from one to the next less the least of their block, in as many whole bytes as the block takes."""
    head = varint(BLOCK) + varint(1) + varint(ids.size) + zigzag(int(ids[0]))
    if ids.size == 1:
        return head
    steps = np.diff(ids)
    blocks = np.full((-(-steps.size // BLOCK), BLOCK), steps[-1])
    blocks.reshape(-1)[: steps.size] = steps
    least = blocks.min(axis=1)
    blocks -= least[:, None]
    widths = [(int(most).bit_length() + 7) // 8 for most in blocks.view(np.uint64).max(axis=1)]
    octets = blocks.astype("<i8", copy=False).view(np.uint8).reshape(-1, BLOCK, 8)
    return head + b"".join(
        zigzag(int(low)) + bytes([8 * width]) + octets[n, :, :width].tobytes()
        for n, (low, width) in enumerate(zip(least, widths, strict=True))
    )
