"""Names of customers, kept as one text with offsets: tens of millions of them take a few bytes more than they are long."""

from collections.abc import Iterator
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray


class Names:
    """A column of texts. Indexed by a number it gives a text, by an array or a slice other names."""

    __slots__ = ("_column",)

    def __init__(self, column: Any) -> None:
        """`column` is an Arrow array of strings, or anything that makes one."""
        import pyarrow as pa

        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks()
        if not isinstance(column, pa.Array):
            column = pa.array([str(one) for one in column], pa.string())
        self._column = column

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self._column)

    @property
    def shape(self) -> tuple[int]:
        """As of a numpy array of one dimension."""
        return (len(self._column),)

    def __len__(self) -> int:
        return len(self._column)

    def __iter__(self) -> Iterator[str]:
        return iter(self.tolist())

    @overload
    def __getitem__(self, index: int | np.integer[Any]) -> str: ...
    @overload
    def __getitem__(self, index: slice | NDArray[Any]) -> "Names": ...
    def __getitem__(self, index: Any) -> Any:
        """A text by its place, or other names by an array of places or of truths, or by a slice."""
        import pyarrow as pa

        if isinstance(index, slice):
            return Names(self._column[index])
        if isinstance(index, np.ndarray):
            rows = np.flatnonzero(index) if index.dtype == np.bool_ else index
            return Names(self._column.take(pa.array(np.asarray(rows, dtype=np.int64))))
        return str(self._column[int(index)].as_py())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """As a numpy array of texts."""
        return np.asarray(self.tolist(), dtype=dtype if dtype is not None else np.str_)

    def astype(self, kind: type[str]) -> NDArray[np.str_]:
        """As a numpy array of texts."""
        return np.asarray(self.tolist(), dtype=np.str_) if kind is str else NotImplemented

    def tolist(self) -> list[str]:
        """As a list."""
        return [str(one) for one in self._column.to_pylist()]

    def distinct(self) -> tuple[list[str], NDArray[np.int64]]:
        """The different names in order, and which of them each is, shape (size,): `numpy.unique` with its inverse."""
        encoded = self._column.dictionary_encode()
        names = [str(one) for one in encoded.dictionary.to_pylist()]
        order = sorted(range(len(names)), key=names.__getitem__)
        place = np.empty(len(names), dtype=np.int64)
        place[order] = np.arange(len(names))
        return [names[k] for k in order], place[encoded.indices.to_numpy(zero_copy_only=False)]

    def codes(self) -> NDArray[np.int64]:
        """Which of the different names each is, in the order of the names; shape (size,)."""
        return self.distinct()[1]
