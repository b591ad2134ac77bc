"""Envelopes: batches of puts by one writer."""

from __future__ import annotations

from dataclasses import dataclass

from . import cbor
from .shapes import HASH, KEY, ShapeError, TIME, U64, array, binary, exactly, nullable, record, text
from .statements import ENVELOPE, Refused, SIGNED, Signer, message, name_of, open_signed, sha256, verify, write_signed

MAX_BYTES = 262_144
MAX_PUTS = 256
MAX_PARENTS = 16
MAX_VALUE_BYTES = 16_384
SALT_BYTES = 16

PUT = record(text(least=1), text(least=1, most=128), HASH)
HEADER = record(
    exactly(1), HASH, KEY, U64, array(HASH, most=MAX_PARENTS, ascending=True), HASH, TIME,
    array(PUT, least=1, most=MAX_PUTS),
)
SALTED = record(binary(SALT_BYTES, SALT_BYTES), binary(0, MAX_VALUE_BYTES))
TRAVELING = record(SIGNED, array(nullable(SALTED), most=MAX_PUTS))


@dataclass(frozen=True)
class Put:
    document: str
    key: str
    digest: bytes
    # None for a value that was expunged, or that somebody left out
    value: bytes | None
    salt: bytes | None

    @property
    def can_be_expunged(self) -> bool:
        return self.document.startswith("status-list/") and self.key[:2] in ("r/", "s/")


@dataclass(frozen=True)
class Header:
    """The signed part of an envelope; it is verified when it is made from bytes."""

    name: bytes
    agency: bytes
    writer: bytes
    number: int
    parents: tuple[bytes, ...]
    entry: bytes
    time: int
    puts: tuple[tuple[str, str, bytes], ...]
    signed: list

    @classmethod
    def open(cls, signed) -> "Header":
        written, fields, signature = open_signed(ENVELOPE, signed)
        try:
            _, agency, writer, number, parents, entry, time, puts = HEADER(fields)
        except ShapeError as error:
            raise Refused(f"no envelope: {error}") from error
        places = [(document.encode(), key.encode()) for document, key, _ in puts]
        if any(a >= b for a, b in zip(places, places[1:])):
            raise Refused("the puts of an envelope are not sorted, each place once")
        if not verify(writer, signature, message(ENVELOPE, written)):
            raise Refused("an envelope is not signed by its writer")
        name = name_of(ENVELOPE, written)
        puts = tuple((document, key, digest) for document, key, digest in puts)
        return cls(name, agency, writer, number, tuple(parents), entry, time, puts, signed)


@dataclass(frozen=True)
class Envelope:
    header: Header
    puts: tuple[Put, ...]
    wire: bytes

    @property
    def name(self) -> bytes:
        return self.header.name

    @property
    def is_whole(self) -> bool:
        return all(put.value is not None for put in self.puts)

    @classmethod
    def decode(cls, wire: bytes) -> "Envelope":
        if len(wire) > MAX_BYTES:
            raise Refused(f"an envelope of {len(wire)} bytes")
        try:
            value = cbor.decode(wire)
            signed, salted = TRAVELING(value)
        except (ShapeError, cbor.CborError) as error:
            raise Refused(f"no envelope: {error}") from error
        header = Header.open(signed)
        if len(salted) != len(header.puts):
            raise Refused("an envelope has one value for each put")
        puts = []
        for (document, key, digest), pair in zip(header.puts, salted):
            salt, content = pair or (None, None)
            put = Put(document, key, digest, content, salt)
            if pair is None and not put.can_be_expunged:
                raise Refused("a value is left out that nobody can expunge")
            if pair is not None and sha256(salt + content) != digest:
                raise Refused("a value does not fit its digest")
            puts.append(put)
        return cls(header, tuple(puts), wire)

    @classmethod
    def sign(cls, agency, signer: Signer, number, parents, entry, time, puts, salts) -> "Envelope":
        """`puts`: (document, key, value); in any order."""
        puts = sorted(puts, key=lambda put: (put[0].encode(), put[1].encode()))
        digests = [[document, key, sha256(salt + value)] for (document, key, value), salt in zip(puts, salts)]
        header = [1, agency, signer.key, number, sorted(parents), entry, time, digests]
        signed = write_signed(ENVELOPE, header, signer)
        return cls.decode(cbor.encode([signed, [[salt, put[2]] for put, salt in zip(puts, salts)]]))

    def stripped(self, places: set[int]) -> bytes:
        """Its bytes without the values of some of its puts."""
        signed, salted = cbor.decode(self.wire)
        return cbor.encode([signed, [None if at in places else pair for at, pair in enumerate(salted)]])
