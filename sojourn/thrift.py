"""The part of Thrift's compact protocol that the footer of a Parquet file is written in.

Source: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from collections.abc import Iterable, Sequence

TRUE, I32, I64, BINARY, LIST, STRUCT = 1, 5, 6, 8, 9, 12  # types on the wire


class Struct:
    """Fields as (number, value): bool (only True), int (32 bits), Long, str, bytes, a list of one of them, or a Struct.

    A value of None leaves the field out. Numbers ascend.
    """

    def __init__(self, *fields: "tuple[int, Value]") -> None:
        self.fields = [(number, value) for number, value in fields if value is not None]

    def __bytes__(self) -> bytes:
        parts, last = [], 0
        for number, value in self.fields:
            parts.append(bytes([(number - last) << 4 | _kind(value)]))
            if value is not True:
                parts.append(_content(value))
            last = number
        return b"".join(parts) + b"\0"


class Long(int):
    """A whole number of 64 bits."""


Value = bool | int | str | bytes | Struct | Sequence["Value"] | None


def varint(value: int) -> bytes:
    """A whole number from 0 up in as many bytes as it takes, seven bits each, the least first."""
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def zigzag(value: int) -> bytes:
    """A whole number of either sign: 0, -1, 1, -2 and so on count as 0, 1, 2, 3."""
    return varint(value << 1 if value >= 0 else ~value << 1 | 1)


def _kind(value: Value) -> int:
    for kind, wire in ((bool, TRUE), (Long, I64), (int, I32), ((str, bytes), BINARY), (Struct, STRUCT)):
        if isinstance(value, kind):
            return wire
    return LIST


def _content(value: Value) -> bytes:
    if isinstance(value, int):
        return zigzag(value)
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return varint(len(value)) + value
    if isinstance(value, Struct):
        return bytes(value)
    return _list(list(value or ()))


def _list(items: Iterable[Value]) -> bytes:
    values = list(items)
    kind = _kind(values[0]) if values else I32
    size = bytes([len(values) << 4 | kind]) if len(values) < 15 else bytes([0xF0 | kind]) + varint(len(values))
    return size + b"".join(map(_content, values))
