"""What is signed: an array with a domain tag."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from . import cbor
from .shapes import BYTES, SIGNATURE, ShapeError, record

KEY_LOG_ENTRY = "comity/1/key-log-entry"
ENVELOPE = "comity/1/envelope"
HEARTBEAT = "comity/1/heartbeat"
CHECKPOINT = "comity/1/checkpoint"
HELD = "comity/1/held"
INTRODUCTION = "comity/1/introduction"

LONGEST = {
    KEY_LOG_ENTRY: 16_384,
    ENVELOPE: 262_144,
    HEARTBEAT: 1_024,
    CHECKPOINT: 262_144,
    HELD: 1_024,
    INTRODUCTION: 262_144,
}


class Refused(ValueError):
    """A statement that no honest agency makes."""


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def message(tag: str, array: bytes) -> bytes:
    """The bytes that are signed."""
    return tag.encode() + b"\0" + array


def name_of(tag: str, array: bytes) -> bytes:
    return sha256(message(tag, array))


def verify(key: bytes, signature: bytes, signed: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass(frozen=True)
class Signer:
    """A key pair."""

    secret: Ed25519PrivateKey
    key: bytes

    @classmethod
    def from_seed(cls, seed: bytes) -> "Signer":
        secret = Ed25519PrivateKey.from_private_bytes(seed)
        return cls(secret, secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def sign(self, signed: bytes) -> bytes:
        return self.secret.sign(signed)


SIGNED = record(BYTES, SIGNATURE)


def write_signed(tag: str, array: list, signer: Signer) -> list:
    """`[array as byte string, signature]`."""
    written = cbor.encode(array)
    return [written, signer.sign(message(tag, written))]


def open_signed(tag: str, value) -> tuple[bytes, list, bytes]:
    """The array's bytes, the array and the signature, not verified yet: whose key it is stands in the array."""
    try:
        written, signature = SIGNED(value)
        if len(written) > LONGEST[tag]:
            raise Refused(f"a {tag} of {len(written)} bytes")
        return written, cbor.decode(written), signature
    except (ShapeError, cbor.CborError) as error:
        raise Refused(f"no {tag}: {error}") from error


def decode_strictly(data: bytes):
    """The value, if its bytes are its one form."""
    value = cbor.decode(data)
    if cbor.encode(value) != data:
        raise cbor.CborError("the bytes are not the one form of their value")
    return value
