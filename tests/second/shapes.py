"""The arrays of the protocol, checked field by field.

A shape is a function that takes a decoded value and returns it, or raises `ShapeError`. Fields that are "or left out" can
be missing at the end of their array, and are null before its end: nothing ends in null, because that would be a second
form of the same. `record` fills what was left out with None.
"""

from __future__ import annotations

from typing import Callable

Shape = Callable[[object], object]


class ShapeError(ValueError):
    """A value that decodes, and is not what it should be."""


class Optional_:
    """A field that can be absent."""

    def __init__(self, shape: Shape):
        self.shape = shape


def optional(shape: Shape) -> Optional_:
    return Optional_(shape)


def integer(least: int, most: int) -> Shape:
    def check(value):
        if type(value) is not int or not least <= value <= most:
            raise ShapeError(f"{value!r} is no number from {least} to {most}")
        return value

    return check


U8 = integer(0, 2**8 - 1)
U32 = integer(0, 2**32 - 1)
U64 = integer(0, 2**64 - 1)
I64 = integer(-(2**63), 2**63 - 1)
TIME = I64


def boolean(value):
    if type(value) is not bool:
        raise ShapeError(f"{value!r} is neither true nor false")
    return value


def text(most: int | None = None, least: int = 0) -> Shape:
    def check(value):
        if not isinstance(value, str):
            raise ShapeError(f"{value!r} is no text")
        if len(value.encode()) < least or (most is not None and len(value.encode()) > most):
            raise ShapeError(f"a text of {len(value.encode())} bytes")
        return value

    return check


TEXT = text()


def binary(least: int = 0, most: int | None = None) -> Shape:
    def check(value):
        if not isinstance(value, bytes):
            raise ShapeError(f"{value!r} is no byte string")
        if len(value) < least or (most is not None and len(value) > most):
            raise ShapeError(f"a byte string of {len(value)}")
        return value

    return check


BYTES = binary()
HASH = binary(32, 32)
KEY = HASH
SIGNATURE = binary(64, 64)


def exactly(expected) -> Shape:
    def check(value):
        if type(value) is not type(expected) or value != expected:
            raise ShapeError(f"{value!r} is not {expected!r}")
        return value

    return check


def array(shape: Shape, most: int | None = None, least: int = 0, ascending: bool = False) -> Shape:
    """Items of one shape; `ascending`: sorted, and each once."""

    def check(value):
        if not isinstance(value, list):
            raise ShapeError(f"{value!r} is no array")
        if len(value) < least or (most is not None and len(value) > most):
            raise ShapeError(f"an array of {len(value)} items")
        items = [shape(item) for item in value]
        if ascending and any(a >= b for a, b in zip(items, items[1:])):
            raise ShapeError("the items of an array are not sorted, each once")
        return items

    return check


def record(*fields) -> Shape:
    """An array with a place for each field."""

    def check(value):
        if not isinstance(value, list) or len(value) > len(fields):
            raise ShapeError(f"no array of {len(fields)} fields")
        if value and value[-1] is None:
            raise ShapeError("an array ends in a null that is left out")
        read = []
        for position, field in enumerate(fields):
            item = value[position] if position < len(value) else None
            if isinstance(field, Optional_):
                read.append(None if item is None else field.shape(item))
            elif position >= len(value):
                raise ShapeError(f"an array of {len(value)} fields, of which one is missing")
            else:
                read.append(field(item))
        return read

    return check


def variants(cases: dict[int, Shape]) -> Shape:
    """An enumeration: `[number, [fields…]]`."""

    def check(value):
        if not isinstance(value, list) or len(value) != 2 or type(value[0]) is not int or value[0] not in cases:
            raise ShapeError("no case of an enumeration")
        return [value[0], cases[value[0]](value[1])]

    return check


def left_out(fields: list) -> list:
    """The array as it is written: without the nulls at its end."""
    fields = list(fields)
    while fields and fields[-1] is None:
        fields.pop()
    return fields


def nullable(shape: Shape) -> Shape:
    """A value, or null in its place: for items of an array and fields before its end."""

    def check(value):
        return None if value is None else shape(value)

    return check
