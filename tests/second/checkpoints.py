"""Checkpoints: all rows at some heads, as pages."""

from __future__ import annotations

from dataclasses import dataclass

from . import cbor
from .documents import Rows, list_number
from .shapes import BYTES, HASH, KEY, ShapeError, TEXT, TIME, U64, array, exactly, record
from .statements import CHECKPOINT, Refused, Signer, message, name_of, open_signed, sha256, verify, write_signed

MAX_PAGES = 4_096
MAX_PAGE_BYTES = 524_288
MAX_PART_BYTES = 262_144

FIELDS = record(
    exactly(1), HASH, KEY, HASH, array(HASH, least=1, most=16, ascending=True), U64, TIME, TIME,
    array(HASH, most=MAX_PAGES),
)
PAGE = record(TEXT, BYTES, array(record(TEXT, array(BYTES, least=1, ascending=True))))


@dataclass(frozen=True)
class Checkpoint:
    name: bytes
    agency: bytes
    writer: bytes
    entry: bytes
    heads: tuple[bytes, ...]
    envelopes: int
    issued: int
    next_by: int
    pages: tuple[bytes, ...]
    signed: list

    @classmethod
    def open(cls, signed) -> "Checkpoint":
        written, fields, signature = open_signed(CHECKPOINT, signed)
        try:
            _, agency, writer, entry, heads, envelopes, issued, next_by, pages = FIELDS(fields)
        except ShapeError as error:
            raise Refused(f"no checkpoint: {error}") from error
        if not verify(writer, signature, message(CHECKPOINT, written)):
            raise Refused("a checkpoint is not signed by its writer")
        name = name_of(CHECKPOINT, written)
        return cls(name, agency, writer, entry, tuple(heads), envelopes, issued, next_by, tuple(pages), signed)

    @classmethod
    def decode(cls, wire: bytes) -> "Checkpoint":
        try:
            return cls.open(cbor.decode(wire))
        except cbor.CborError as error:
            raise Refused(f"no checkpoint: {error}") from error

    @classmethod
    def sign(cls, agency, signer: Signer, entry, heads, envelopes, issued, next_by, pages) -> "Checkpoint":
        fields = [1, agency, signer.key, entry, sorted(heads), envelopes, issued, next_by, list(pages)]
        return cls.open(write_signed(CHECKPOINT, fields, signer))

    def rows(self, pages: dict[bytes, bytes]) -> Rows:
        """The rows of its pages, of which all have to be here."""
        rows: Rows = {}
        for name in self.pages:
            if name not in pages or sha256(pages[name]) != name:
                raise Refused("a page of a checkpoint is missing")
            document, keys = read_page(pages[name])
            found = rows.setdefault(document, {})
            if found.keys() & keys.keys():
                raise Refused("a row stands in two pages of a checkpoint")
            found.update(keys)
        return rows


def _leb128(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(0x80 | number & 0x7F)
        number >>= 7
    out.append(number)
    return bytes(out)


def _read_leb128(data: bytes, at: int) -> tuple[int, int]:
    number, shift = 0, 0
    while True:
        if at >= len(data) or shift > 63:
            raise Refused("the revocations of a page end within a time")
        number |= (data[at] & 0x7F) << shift
        shift += 7
        if data[at] < 0x80:
            if data[at] == 0 and shift > 7:
                raise Refused("a time is longer than it needs to be")
            return number, at + 1
        at += 1


def read_page(data: bytes) -> tuple[str, dict[str, list[bytes]]]:
    """The document and the rows of a page."""
    if len(data) > MAX_PAGE_BYTES:
        raise Refused(f"a page of {len(data)} bytes")
    try:
        document, packed, rows = PAGE(cbor.decode(data))
    except (ShapeError, cbor.CborError) as error:
        raise Refused(f"no page: {error}") from error
    found: dict[str, list[bytes]] = {}
    before = (-1, -1)
    at, time = 0, 0
    while at < len(packed):
        if at + 3 > len(packed):
            raise Refused("the revocations of a page end within a slot")
        both = int.from_bytes(packed[at : at + 3], "big")
        index, reason = both >> 4, both & 15
        step, at = _read_leb128(packed, at + 3)
        time += step
        if (time, index) <= before or index >= 131_072 or reason > 8:
            raise Refused("the revocations of a page are not sorted, or are none")
        before = (time, index)
        found[f"r/{index}"] = [cbor.encode([reason, time])]
    if packed and list_number(document) is None:
        raise Refused("revocations outside a status list")
    if any(a[0].encode() >= b[0].encode() for a, b in zip(rows, rows[1:])):
        raise Refused("the rows of a page are not sorted")
    for key, values in rows:
        if key in found:
            raise Refused("a row stands in a page twice")
        found[key] = values
    return document, found


def _is_plain(document: str, key: str, values: list[bytes]) -> bool:
    if list_number(document) is None or not key.startswith("r/") or len(values) != 1:
        return False
    value = cbor.decode(values[0])
    return value is not None and value[1] >= 0


def write_pages(rows: Rows) -> list[bytes]:
    """The pages of all rows, in their order."""
    pages = []
    for document in sorted(rows, key=str.encode):
        keys = {key: values for key, values in rows[document].items() if values}
        plain = []
        for key, values in keys.items():
            if _is_plain(document, key, values):
                reason, at = cbor.decode(values[0])
                plain.append((at, int(key[2:]), reason))
        others = [[key, keys[key]] for key in sorted(keys, key=str.encode) if not _is_plain(document, key, keys[key])]
        pages += _write_document(document, sorted(plain), others)
    return pages


def _write_document(document: str, plain: list[tuple[int, int, int]], others: list) -> list[bytes]:
    pages, packed, rows, size, time = [], bytearray(), [], 0, 0

    def end():
        nonlocal packed, rows, size, time
        if packed or rows:
            pages.append(cbor.encode([document, bytes(packed), rows]))
        packed, rows, size, time = bytearray(), [], 0, 0

    for at, index, reason in plain:
        if len(packed) >= MAX_PART_BYTES:
            end()
        packed += (index << 4 | reason).to_bytes(3, "big") + _leb128(at - time)
        time = at
    for row in others:
        length = len(row[0].encode()) + sum(len(value) + 4 for value in row[1])
        if rows and size + length > MAX_PART_BYTES:
            end()
        rows.append(row)
        size += length
    end()
    return pages
