"""Documents: which puts are void by their rules, and what rows fold to."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from typing import Callable

from . import cbor
from .policies import POLICY
from .shapes import TEXT, TIME, ShapeError, array, boolean, integer, optional, record, text, variants
from .statements import sha256

SLOTS = 131_072
BLOCKS = 512
UNITS = 8_192
START = integer(0, 2**64 - 1)
REASON = integer(0, 8)
PURPOSES = array(REASON, least=1)
UNSPECIFIED = 8

METHOD = record(TEXT, TEXT, optional(TIME), optional(TIME), optional(TIME))
OWN_KEYS = record(array(TEXT), TIME)
ISSUER = record(TEXT, TEXT, TEXT, array(METHOD), optional(TEXT), optional(integer(0, 4)), optional(OWN_KEYS))


def _scope(name, ids):
    return variants({0: record(), 1: record(ids), 2: record(ids), 3: record(record(name, ids))})


SCOPE_TEXT = text(least=1, most=500)
SCOPE = _scope(SCOPE_TEXT, array(SCOPE_TEXT, least=1, most=200))
# scopes of recognitions of issuers were allowed before they had limits
OPEN_SCOPE = _scope(TEXT, array(TEXT))
BASIS = record(integer(0, 2), boolean, boolean, array(text(least=1, most=500), most=20))
RECOGNITION = record(TEXT, ISSUER, OPEN_SCOPE, PURPOSES, TIME, optional(TIME), boolean, optional(BASIS))
RECOGNIZED_AGENCY = record(
    TEXT, TEXT, text(least=64, most=64), SCOPE, PURPOSES, TIME, optional(TIME), integer(1, 4), optional(BASIS)
)
STANDING = record(text(most=500), integer(0, 2), TIME, optional(TIME))
WITHDRAWAL = record(TIME, boolean)

ID = re.compile(r"[a-z0-9-]{1,64}\Z")
NUMBER = re.compile(r"(0|[1-9][0-9]*)\Z")
Value = object


def _number(digits: str, below: int) -> int:
    if not NUMBER.match(digits) or int(digits) >= below:
        raise ShapeError(f"`{digits}` is no number below {below}")
    return int(digits)


def list_number(document: str) -> int | None:
    """The number of a status list; None for what is no status list."""
    kind, _, digits = document.partition("/")
    try:
        return _number(digits, 2**32) if kind == "status-list" else None
    except ShapeError:
        return None


def id_hash(identifier: str) -> str:
    return sha256(identifier.encode()).hex()[:32]


def _id(key: str) -> str:
    if not ID.match(key):
        raise ShapeError(f"`{key}` is no id")
    return key


def _same(expected, value) -> None:
    if expected != value:
        raise ShapeError(f"the key says `{expected}`, the value `{value}`")


def _status_list(key: str, value) -> None:
    sort, _, digits = key.partition("/")
    if sort == "r":
        _number(digits, SLOTS)
        record(REASON, TIME)(value)
    elif sort == "s":
        _number(digits, SLOTS)
        record(boolean, REASON, TIME)(value)
    elif sort == "a":
        _number(digits, BLOCKS)
        record(TIME, optional(START))(value)
    elif sort == "u":
        _number(digits, UNITS)
        record(TIME, optional(START))(value)
    elif sort == "x":
        _number(digits, SLOTS)
        record(TIME, boolean)(value)
    else:
        raise ShapeError(f"`{key}` is no key of a status list")


def own_keys_are_within_limits(own: list) -> bool:
    """With more, none of its status lists counts; the issuer stays."""
    lists = own[0]
    plain = all(not any(it.isspace() or unicodedata.category(it) == "Cc" for it in url) for url in lists)
    return len(lists) <= 16 and plain and all(1 <= len(url.encode()) <= 300 for url in lists)


def _check_basis(basis) -> None:
    if basis == [0, False, False, []]:
        raise ShapeError("a basis that says nothing but the default is left out")


def _trust_list(key: str, value) -> None:
    sort, _, rest = key.partition("/")
    if sort == "i":
        issuer = ISSUER(value)
        _same(rest, id_hash(issuer[0]))
    elif sort == "g":
        recognition = RECOGNITION(value)
        _same(_id(rest), recognition[0])
        _check_basis(recognition[7])
    elif sort == "a":
        recognition = RECOGNIZED_AGENCY(value)
        _same(_id(rest), recognition[0])
        if not re.match(r"[0-9a-f]{64}\Z", recognition[2]):
            raise ShapeError("a genesis in hexadecimal")
        if recognition[6] is not None and recognition[6] <= recognition[5]:
            raise ShapeError("a term ends before it begins")
        _check_basis(recognition[8])
    elif sort == "e":
        _same(rest, id_hash(STANDING(value)[0]))
    elif sort == "w":
        _id(rest)
        WITHDRAWAL(value)
    else:
        raise ShapeError(f"`{key}` is no key of a trust list")


def rule_of(document: str) -> Callable[[str, object], None] | None:
    """The check of a document's puts; None for documents that are stored and not folded."""
    if list_number(document) is not None:
        return _status_list
    return {"trust-list": _trust_list, "policy": POLICY}.get(document)


def is_known(document: str) -> bool:
    return rule_of(document) is not None


def breaks_a_rule(document: str, key: str, value: bytes) -> bool:
    """Whether a put is void by the rules of its document."""
    rule = rule_of(document)
    if rule is None:
        return False
    if document == "policy" and value == b"":
        return POLICY.is_key(key) is False
    try:
        rule(key, cbor.decode(value))
    except (ShapeError, cbor.CborError):
        return True
    return False


def is_grant(document: str, key: str) -> bool:
    return document == "policy" or (document == "trust-list" and key[:2] in ("g/", "a/"))


def is_restriction(document: str, key: str) -> bool:
    return list_number(document) is not None and key[:2] == "r/"


def restricts_beyond(document: str, key: str, value: bytes | None) -> bool:
    """What counts of a retired key beyond its last envelopes: a revocation, a suspension, a reservation."""
    if list_number(document) is None or (value is not None and breaks_a_rule(document, key, value)):
        return False
    if key.startswith("s/"):
        return value is None or cbor.decode(value)[0]
    return key[:2] in ("r/", "a/", "u/")


def takes_away(document: str, key: str, value: bytes) -> bool:
    """A revocation, or a suspension."""
    if list_number(document) is None or breaks_a_rule(document, key, value):
        return False
    return key.startswith("r/") or (key.startswith("s/") and cbor.decode(value)[0])


Rows = dict[str, dict[str, list[bytes | None]]]


def expunge(rows: Rows) -> Rows:
    """The rows with what tombstones hide hidden."""
    for document, keys in rows.items():
        if list_number(document) is None:
            continue
        for key in [key for key in keys if key.startswith("x/")]:
            slot = key[2:]
            suspended = any(cbor.decode(value)[1] for value in keys[key])
            if f"r/{slot}" in keys:
                keys[f"r/{slot}"] = [cbor.encode(None)]
            if f"s/{slot}" in keys:
                keys[f"s/{slot}"] = [cbor.encode([suspended, UNSPECIFIED, 0])]
    return rows


def fold_status_list(keys: dict[str, list[bytes | None]]) -> dict:
    """Revoked and suspended slots, reserved blocks and tombstones of one list."""
    revoked, suspended, reserved, units, tombstones = {}, {}, [], [], []
    for key, values in keys.items():
        sort, _, rest = key.partition("/")
        known = [cbor.decode(value) for value in values if value is not None]
        if sort == "r":
            told = [value for value in known if value is not None]
            reason, at = min(told, key=lambda it: (it[1], it[0])) if told else (None, None)
            revoked[rest] = {"reason": reason, "at": at}
        elif sort == "s":
            # suspended before reinstated, then the earliest
            found = min(known, key=lambda it: (not it[0], it[2], it[1])) if known else [True, UNSPECIFIED, 0]
            suspended[rest] = {"suspended": found[0], "reason": found[1], "at": found[2]}
        elif sort == "a":
            reserved.append(int(rest))
        elif sort == "u":
            units.append(int(rest))
        elif sort == "x":
            tombstones.append(int(rest))
    return {
        "revoked": by_number(revoked),
        "suspended": by_number({slot: it for slot, it in suspended.items() if it["suspended"]}),
        "reinstated": by_number({slot: it for slot, it in suspended.items() if not it["suspended"]}),
        "reserved": sorted(reserved),
        "reserved_units": sorted(units),
        "expunged": sorted(tombstones),
    }


def by_number(slots: dict[str, dict]) -> dict[str, dict]:
    return {slot: slots[slot] for slot in sorted(slots, key=int)}


def fold_issuer(values: list[bytes], agency: str) -> dict | None:
    """An issuer, with the keys and status lists that all versions name."""
    versions = [ISSUER(cbor.decode(value)) for value in values]
    versions = [version for version in versions if version[2] == agency]
    if not versions:
        return None
    first = versions[0]
    compromised: dict[tuple, list[int]] = defaultdict(list)
    for version in versions:
        for method in version[3]:
            if method[4] is not None:
                compromised[tuple(method[:4])].append(method[4])
    named = [{tuple(method[:4]) for method in version[3]} for version in versions]
    keys = [method for method in first[3] if all(tuple(method[:4]) in names for names in named)]
    own = [version[6] for version in versions]
    lists = None
    if all(it is not None for it in own):
        lists = [url for url in own[0][0] if all(url in it[0] for it in own)]
        lists = lists if own_keys_are_within_limits([lists, 0]) else []
    return {
        "id": first[0], "name": first[1], "agency": first[2], "url": first[4], "provider": first[5],
        "keys": [
            {"id": it[0], "key": it[1], "from": it[2], "until": it[3],
             "compromised": min(compromised[tuple(it[:4])], default=None)}
            for it in keys
        ],
        "own_keys": lists is not None,
        "status_lists": lists,
        "versions": len(versions),
    }


def fold_standing(values: list[bytes]) -> dict:
    """How an issuer stands: the strictest, since the earliest, until the earliest."""
    found = [STANDING(cbor.decode(value)) for value in values]
    strictest = max(it[1] for it in found)
    ends = [it[3] for it in found if it[3] is not None]
    return {
        "issuer": found[0][0], "standing": ("registered", "suspended", "ended")[strictest],
        "at": min(it[2] for it in found), "until": min(ends, default=None),
    }


def fold_withdrawal(values: list[bytes]) -> dict:
    found = [WITHDRAWAL(cbor.decode(value)) for value in values]
    return {"at": min(it[0] for it in found), "earlier_badges_stay_good": all(it[1] for it in found)}


def _basis(basis) -> dict:
    attestation, alone, followed, conditions = basis or [0, False, False, []]
    return {
        "attestation": attestation, "stands_alone": alone, "may_be_followed": followed, "conditions": conditions,
    }


def fold_recognition(values: list[bytes]) -> dict | None:
    """A recognition of an issuer; None while concurrent versions differ."""
    if len(values) != 1:
        return None
    it = RECOGNITION(cbor.decode(values[0]))
    return {
        "id": it[0], "issuer": it[1][0], "issuer_name": it[1][1], "issuer_agency": it[1][2], "scope": it[2],
        "purposes": it[3], "from": it[4], "until": it[5], "accepts_without_status": it[6], "basis": _basis(it[7]),
    }


def fold_recognized_agency(values: list[bytes]) -> dict | None:
    if len(values) != 1:
        return None
    it = RECOGNIZED_AGENCY(cbor.decode(values[0]))
    return {
        "id": it[0], "agency": it[1], "genesis": it[2], "scope": it[3], "purposes": it[4], "from": it[5],
        "until": it[6], "depth": it[7], "basis": _basis(it[8]),
    }
