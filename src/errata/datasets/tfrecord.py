"""TFRecord files and the messages in them, read without TensorFlow.

A TFRecord file is records one after the other: the length (8 bytes, little-endian), its checksum
(4 bytes), that many bytes, and their checksum. The checksum is CRC-32C, rotated and moved by a
constant so that it differs from a checksum of checksums; Python has CRC-32 (`zlib`) but not this
one, hence the table.

The bytes are messages of protocol buffers: fields one after the other, each a number that holds
the field's number and its wire type, and then the value. Four wire types occur: 0 a whole number
of variable length, 1 eight bytes, 2 bytes of a given length, 5 four bytes.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from errata.errors import FileError

_POLYNOMIAL = 0x82F63B78
_MOVED_BY = 0xA282EAD8


def _table() -> list[int]:
    """Return the checksum of each single byte."""
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)  # noqa: PLW2901
        table.append(value)
    return table


_TABLE = _table()


def crc32c(data: bytes) -> int:
    """Return the CRC-32C (Castagnoli) of some bytes.

    Examples
    --------
    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    crc, table = 0xFFFFFFFF, _TABLE
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def masked(crc: int) -> int:
    """Return a checksum as TFRecord files hold it."""
    return (((crc >> 15) | (crc << 17)) + _MOVED_BY) & 0xFFFFFFFF


def read_records(path: Path) -> Iterator[tuple[int, bytes | FileError]]:
    """Yield where each record begins and its bytes, or what is wrong with it.

    After a record with a wrong checksum comes the next one; after a broken length comes nothing,
    since nobody knows where the next record begins.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        yield 0, FileError(f"{path} cannot be read: {error}.")
        return
    start = 0
    while start < len(content):
        head = content[start : start + 12]
        if len(head) < 12 or masked(crc32c(head[:8])) != struct.unpack("<I", head[8:])[0]:
            why = "is cut short" if len(head) < 12 else "has a length with a wrong checksum"
            yield start, _damaged(path, start, f"{why}, and nothing after it can be read")
            return
        end = start + 12 + struct.unpack("<Q", head[:8])[0]
        data, crc = content[start + 12 : end], content[end : end + 4]
        if len(crc) < 4:
            yield start, _damaged(path, start, "is cut short")
        elif masked(crc32c(data)) != struct.unpack("<I", crc)[0]:
            yield start, _damaged(path, start, "has a wrong checksum")
        else:
            yield start, data
        start = end + 4


def _damaged(path: Path, start: int, why: str) -> FileError:
    return FileError(f"{path}: the record at byte {start:,} {why}. Download it again.")


# ---------------------------------------------------------------- messages


def fields(message: bytes) -> Iterator[tuple[int, Any]]:
    r"""Yield the number and the value of each field of a message.

    Whole numbers come as ``int``, everything else as bytes.

    Raises
    ------
    ValueError
        It is no message, or is cut short.

    Examples
    --------
    >>> list(fields(b"\x08\x96\x01\x12\x02hi"))
    [(1, 150), (2, b'hi')]
    """
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, place = _varint(message, place)
            yield number, value
            continue
        if wire == 2:
            size, place = _varint(message, place)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise ValueError(f"there is no wire type {wire} here (byte {place:,} of the record)")
        if place + size > len(message):
            raise ValueError(f"field {number} at byte {place:,} is cut short")
        yield number, message[place : place + size]
        place += size


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """Read a whole number, seven bits a byte, the lowest first; return it and where it ends."""
    value = shift = 0
    while True:
        if place >= len(message) or shift > 63:
            raise ValueError(f"a number at byte {place:,} does not end")
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place


def named_features(features: bytes) -> dict[str, list[Any]]:
    """Return the values of a message ``Features`` by their names: bytes, floats or ints."""
    return {name: feature_values(value) for name, value in _entries(features)}


def named_lists(feature_lists: bytes) -> dict[str, list[list[Any]]]:
    """Return the values of each step of a message ``FeatureLists`` by their names."""
    return {
        name: [feature_values(step) for _, step in fields(steps)]
        for name, steps in _entries(feature_lists)
    }


def feature_values(feature: bytes) -> list[Any]:
    """Return the values of one message ``Feature``: bytes (1), floats (2) or ints (3)."""
    values: list[Any] = []
    for kind, listed in fields(feature):
        for _, value in fields(listed):
            if kind == 1:
                values.append(value)
            elif kind == 2:  # one by one, or all in a row
                values.extend(struct.unpack(f"<{len(value) // 4}f", value))
            elif isinstance(value, int):
                values.append(value)
            else:
                values.extend(_numbers(value))
    return values


def _numbers(packed: bytes) -> Iterator[int]:
    place = 0
    while place < len(packed):
        value, place = _varint(packed, place)
        yield value


def _entries(message: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and value of each entry of a map."""
    for _, entry in fields(message):
        parts = dict(fields(entry))
        yield parts[1].decode("utf-8"), parts.get(2, b"")
