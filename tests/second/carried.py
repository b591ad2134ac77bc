"""What else travels: countersignatures, introductions, tickets, messages and fork proofs."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from . import cbor
from .envelopes import Envelope, Header, TRAVELING
from .key_log import SIGNED_ENTRY, Entry, KeyLog
from .shapes import (
    BYTES, HASH, KEY, ShapeError, TEXT, TIME, array, boolean, exactly, optional, record, variants,
)
from .statements import (
    HELD, INTRODUCTION, Refused, SIGNED, Signer, message, name_of, open_signed, sha256, verify, write_signed,
)

HELD_FIELDS = record(exactly(1), HASH, KEY, HASH, HASH, array(HASH, most=16, ascending=True), TIME)
INTRODUCTION_FIELDS = record(exactly(1), HASH, KEY, HASH, TIME, array(TEXT, most=256))
SUMMARY = record(HASH, array(HASH, most=64), array(HASH, most=64), array(SIGNED))
SUMMARIES = array(SUMMARY, most=1_024)
HASHES = array(HASH, most=64)

REQUESTS = variants({
    0: record(SUMMARIES),
    1: record(HASH, HASHES),
    2: record(HASH, HASHES, HASHES),
    3: record(HASH, array(TRAVELING), optional(SIGNED)),
    4: record(HASH, HASHES),
    5: record(HASH, HASH),
    6: record(HASH, HASH),
    7: record(SIGNED),
})
RESPONSES = variants({
    0: record(SUMMARIES),
    1: record(array(SIGNED_ENTRY), boolean),
    2: record(array(TRAVELING), boolean),
    3: record(),
    4: record(optional(SIGNED)),
    5: record(optional(BYTES)),
})

FORK_PROOF = record(array(SIGNED_ENTRY), record(SIGNED, SIGNED))
TICKET = record(TEXT, TEXT, HASH, TEXT, array(TEXT), TEXT)
MAX_MESSAGE = 1_048_576


def _read(shape, data: bytes):
    try:
        return shape(cbor.decode(data))
    except (ShapeError, cbor.CborError) as error:
        raise Refused(str(error)) from error


def read_request(data: bytes) -> list:
    return _read(REQUESTS, data)


def read_response(data: bytes) -> list:
    return _read(RESPONSES, data)


@dataclass(frozen=True)
class Countersignature:
    name: bytes
    holder: bytes
    writer: bytes
    entry: bytes
    origin: bytes
    heads: tuple[bytes, ...]
    at: int
    signed: list

    @classmethod
    def decode(cls, wire: bytes) -> "Countersignature":
        written, fields, signature = open_signed(HELD, _read(SIGNED, wire))
        try:
            _, holder, writer, entry, origin, heads, at = HELD_FIELDS(fields)
        except ShapeError as error:
            raise Refused(f"no countersignature: {error}") from error
        if not verify(writer, signature, message(HELD, written)):
            raise Refused("a countersignature is not signed by its writer")
        return cls(name_of(HELD, written), holder, writer, entry, origin, tuple(heads), at, [written, signature])

    @classmethod
    def sign(cls, holder, signer: Signer, entry, origin, heads, at) -> bytes:
        return cbor.encode(write_signed(HELD, [1, holder, signer.key, entry, origin, sorted(heads), at], signer))


@dataclass(frozen=True)
class Introduction:
    name: bytes
    agency: bytes
    writer: bytes
    entry: bytes
    at: int
    tickets: tuple[str, ...]

    @classmethod
    def decode(cls, wire: bytes) -> "Introduction":
        written, fields, signature = open_signed(INTRODUCTION, _read(SIGNED, wire))
        try:
            _, agency, writer, entry, at, tickets = INTRODUCTION_FIELDS(fields)
        except ShapeError as error:
            raise Refused(f"no introduction: {error}") from error
        if not verify(writer, signature, message(INTRODUCTION, written)):
            raise Refused("an introduction is not signed by its writer")
        return cls(name_of(INTRODUCTION, written), agency, writer, entry, at, tuple(tickets))


@dataclass(frozen=True)
class Ticket:
    agency: str
    title: str
    genesis: bytes
    identity: str
    addresses: tuple[str, ...]
    url: str

    PREFIX = "comity-ticket:1:"

    @classmethod
    def read(cls, text: str) -> "Ticket":
        text = "".join(text.split())
        if not text.lower().startswith(cls.PREFIX):
            raise Refused("no ticket")
        digits = text[len(cls.PREFIX) :].upper()
        try:
            data = base64.b32decode(digits + "=" * (-len(digits) % 8))
        except ValueError as error:
            raise Refused("no ticket: its base32 is damaged") from error
        content, check = data[:-4], data[-4:]
        if sha256(b"comity ticket\0" + content)[:4] != check:
            raise Refused("a ticket is damaged: its check does not fit")
        agency, title, genesis, identity, addresses, url = _read(TICKET, content)
        return cls(agency, title, genesis, identity, tuple(addresses), url)

    def write(self) -> str:
        fields = [self.agency, self.title, self.genesis, self.identity, list(self.addresses), self.url]
        content = cbor.encode(fields)
        data = content + sha256(b"comity ticket\0" + content)[:4]
        return self.PREFIX + base64.b32encode(data).decode().rstrip("=").lower()


@dataclass(frozen=True)
class ForkProof:
    keys: KeyLog
    headers: tuple[Header, Header]

    @classmethod
    def decode(cls, wire: bytes) -> "ForkProof":
        entries, signed = _read(FORK_PROOF, wire)
        keys = KeyLog.from_entries([Entry.decode(cbor.encode(entry)) for entry in entries])
        first, second = (Header.open(it) for it in signed)
        if not first.name < second.name:
            raise Refused("the headers of a fork proof are not sorted by name")
        same = (first.agency, first.writer, first.number) == (second.agency, second.writer, second.number)
        if not same or first.agency != keys.genesis:
            raise Refused("two headers that prove no fork")
        if not all(keys.names_writer(header.entry, header.writer) for header in (first, second)):
            raise Refused("a header of a fork proof is by nobody's writer")
        if sum(len(entry.signatures) for entry in keys.entries.values()) > 512:
            raise Refused("a fork proof with more than 512 signatures")
        return cls(keys, (first, second))

    def write(self) -> bytes:
        needed = {}
        for header in self.headers:
            for entry in self.keys.path_to(header.entry):
                needed[entry.name] = entry
        entries = sorted(needed.values(), key=lambda entry: (entry.position, entry.name))
        return cbor.encode([[cbor.decode(entry.wire) for entry in entries], [it.signed for it in self.headers]])


def fork_proof(keys: KeyLog, one: Envelope, other: Envelope) -> bytes:
    headers = sorted((one.header, other.header), key=lambda header: header.name)
    return ForkProof(keys, tuple(headers)).write()
