"""Badges: Open Badges 3.0 with an `eddsa-jcs-2022` proof, by a `did:key`."""

from __future__ import annotations

import hashlib
import json

from .statements import Signer

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def base58(data: bytes) -> str:
    number, digits = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        digits = BASE58[digit] + digits
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + digits


def multikey(key: bytes) -> str:
    """An Ed25519 key as Multikey (Controlled Identifiers 1.0, §2.2.2)."""
    return "z" + base58(b"\xed\x01" + key)


def did_key(key: bytes) -> str:
    return f"did:key:{multikey(key)}"


def canonical(value) -> bytes:
    """JCS (RFC 8785), for what has no numbers and only ASCII names."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def badge(signer: Signer, issuer: str, url: str, number: int, index: int, subject: str, achievement: str, at: str) -> dict:
    """A signed badge in slot `index` of list `number` of the agency whose node is at `url`."""
    context = ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"]
    identifier = did_key(signer.key)
    listed = f"{url}/v1/status-lists/{number}"
    document = {
        "@context": context,
        "id": f"urn:uuid:{_uuid(signer.key + index.to_bytes(4, 'big'))}",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"id": identifier, "type": ["Profile"], "name": issuer},
        "name": achievement,
        "validFrom": at,
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "identifier": [
                {"type": "IdentityObject", "hashed": False, "identityHash": subject, "identityType": "name"}
            ],
            "achievement": {
                "id": f"{url}/achievements/second",
                "type": ["Achievement"],
                "name": achievement,
                "description": "Made by a second implementation.",
                "criteria": {"narrative": "It verifies elsewhere."},
            },
        },
        "credentialStatus": [
            {
                "id": f"{listed}-{purpose}#{index}",
                "type": "BitstringStatusListEntry",
                "statusPurpose": purpose,
                "statusListIndex": str(index),
                "statusListCredential": f"{listed}-{purpose}",
            }
            for purpose in ("revocation", "suspension")
        ],
    }
    proof = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": at,
        "verificationMethod": f"{identifier}#{multikey(signer.key)}",
        "proofPurpose": "assertionMethod",
        "@context": context,
    }
    hashed = hashlib.sha256(canonical(proof)).digest() + hashlib.sha256(canonical(document)).digest()
    return {**document, "proof": {**proof, "proofValue": "z" + base58(signer.sign(hashed))}}


def _uuid(seed: bytes) -> str:
    digits = hashlib.sha256(seed).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"
