"""CBOR in its deterministic form (RFC 8949, §4.2.1): the part of it that this protocol uses.

Integers of 64 bits, byte strings, text, arrays, false, true and null. No maps, floats or tags, and nothing indefinite.
A reader decodes, encodes again and refuses what differs; here the decoder refuses every longer form by itself, which is
the same, and `decode` compares all the same.
"""

from __future__ import annotations

MAX_DEPTH = 64
MAX_INTEGER = 2**64 - 1


class CborError(ValueError):
    """Bytes that are no value of this protocol in their one form."""


def encode(value) -> bytes:
    """The one form of a value. Tuples are arrays too."""
    out = bytearray()
    _encode(value, out)
    return bytes(out)


def _head(major: int, number: int, out: bytearray) -> None:
    major <<= 5
    if number < 24:
        out.append(major | number)
    elif number < 1 << 8:
        out += bytes((major | 24, number))
    elif number < 1 << 16:
        out.append(major | 25)
        out += number.to_bytes(2, "big")
    elif number < 1 << 32:
        out.append(major | 26)
        out += number.to_bytes(4, "big")
    elif number <= MAX_INTEGER:
        out.append(major | 27)
        out += number.to_bytes(8, "big")
    else:
        raise CborError(f"the number {number} is longer than 64 bits")


def _encode(value, out: bytearray) -> None:
    if value is None:
        out.append(0xF6)
    elif value is True:
        out.append(0xF5)
    elif value is False:
        out.append(0xF4)
    elif isinstance(value, int):
        if value >= 0:
            _head(0, value, out)
        else:
            _head(1, -1 - value, out)
    elif isinstance(value, (bytes, bytearray)):
        _head(2, len(value), out)
        out += value
    elif isinstance(value, str):
        text = value.encode("utf-8")
        _head(3, len(text), out)
        out += text
    elif isinstance(value, (list, tuple)):
        _head(4, len(value), out)
        for item in value:
            _encode(item, out)
    else:
        raise CborError(f"a {type(value).__name__} has no form here")


def decode(data: bytes):
    """The value of all of the bytes, if they are its one form."""
    value, end = decode_first(data, 0)
    if end != len(data):
        raise CborError(f"{len(data) - end} bytes follow the value")
    return value


def decode_sequence(data: bytes) -> list:
    """The values of a CBOR sequence (RFC 8742)."""
    return [value for value, _ in split_sequence(data)]


def split_sequence(data: bytes) -> list[tuple[object, bytes]]:
    """The values of a CBOR sequence, each with its bytes."""
    items = []
    position = 0
    while position < len(data):
        value, end = decode_first(data, position)
        items.append((value, bytes(data[position:end])))
        position = end
    return items


def decode_first(data: bytes, position: int):
    """The value that begins at a position, and where it ends."""
    return _decode(bytes(data), position, 0)


def _decode(data: bytes, position: int, depth: int):
    if depth > MAX_DEPTH:
        raise CborError(f"values nest more than {MAX_DEPTH} deep")
    if position >= len(data):
        raise CborError("the bytes end within a value")
    initial = data[position]
    position += 1
    major, short = initial >> 5, initial & 31
    if major == 7:
        if initial == 0xF4:
            return False, position
        if initial == 0xF5:
            return True, position
        if initial == 0xF6:
            return None, position
        raise CborError(f"the byte {initial:#04x} begins no value of this protocol")
    if major > 4:
        raise CborError("there are no maps and no tags in this protocol")
    if short < 24:
        number = short
    elif short <= 27:
        size = 1 << (short - 24)
        if position + size > len(data):
            raise CborError("the bytes end within a number")
        number = int.from_bytes(data[position : position + size], "big")
        position += size
        if number < 24 or (size > 1 and number < 1 << (4 * size)):
            raise CborError("a number is longer than it needs to be")
    else:
        raise CborError("nothing has an indefinite length here")
    if major == 0:
        return number, position
    if major == 1:
        return -1 - number, position
    if major in (2, 3):
        end = position + number
        if end > len(data):
            raise CborError("the bytes end within a string")
        piece = data[position:end]
        if major == 2:
            return piece, end
        try:
            return piece.decode("utf-8"), end
        except UnicodeDecodeError as error:
            raise CborError("a text is no UTF-8") from error
    # Each item has a byte at least: a count beyond that is a lie, and makes no list.
    if number > len(data) - position:
        raise CborError("the bytes end within an array")
    items = []
    for _ in range(number):
        item, position = _decode(data, position, depth + 1)
        items.append(item)
    return items, position
