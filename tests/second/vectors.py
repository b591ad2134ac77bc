"""Reads every test vector, writes it again, and checks its name and its signatures; and refuses it with any byte changed.

    python -m second.vectors protocol/tests/fixtures/vectors.json

Prints how many objects were read, by kind. Exit code 1, with the reasons, if one is read otherwise than it is meant.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from . import cbor, documents
from .carried import Countersignature, ForkProof, Introduction, Ticket, read_request, read_response
from .checkpoints import Checkpoint, read_page, write_pages
from .envelopes import Envelope
from .heartbeats import Heartbeat
from .key_log import Entry, KeyLog
from .log import AgencyLog
from .statements import Refused, sha256

STATEMENTS = {
    "checkpoint": Checkpoint.decode, "heartbeat": Heartbeat.decode, "held": Countersignature.decode,
    "introduction": Introduction.decode,
}
# under which document and key a vector's value is put
PLACES = {
    "put/expunged": ("status-list/7", "x/1"), "put/reserved": ("status-list/7", "a/1"),
    "put/reserved by a start": ("status-list/7", "u/1"),
    "put/revoked": ("status-list/7", "r/1"), "put/suspended": ("status-list/7", "s/1"),
    "put/recognition": ("trust-list", "g/r-1"), "put/withdrawal": ("trust-list", "w/r-1"),
}


def read(name: str, data: bytes):
    """Reads an object of the kind that its vector's name says; gives its name, if it has one."""
    kind = name.split("/")[0]
    if name in STATEMENTS:
        return STATEMENTS[name](data).name
    if kind == "checkpoint":
        document, rows = read_page(data)
        if write_pages({document: rows}) != [data]:
            raise Refused("a page is written otherwise")
        return sha256(data)
    if kind == "envelope":
        return Envelope.decode(data).name
    if kind == "key-log-entry":
        return Entry.decode(data).name
    if kind == "fork-proof":
        if ForkProof.decode(data).write() != data:
            raise Refused("a fork proof is written otherwise")
        return None
    if kind in ("request", "response"):
        (read_request if kind == "request" else read_response)(data)
        return None
    if kind == "ticket":
        if Ticket.read(data.decode()).write() != data.decode():
            raise Refused("a ticket is written otherwise")
        return None
    if kind == "put":
        document, key = PLACES.get(name) or ("trust-list", f"i/{documents.id_hash(cbor.decode(data)[0])}")
        if documents.breaks_a_rule(document, key, data):
            raise Refused("a put is void")
        return None
    raise Refused("a kind that nobody reads")


def stays_the_same_with_a_change(name: str, data: bytes, expected: bytes | None) -> bool:
    """A signed or named object with a bit changed somewhere is read as itself."""
    for at in range(len(data)):
        changed = data[:at] + bytes((data[at] ^ (1 << (at % 8)),)) + data[at + 1 :]
        try:
            if read(name, changed) == expected:
                return True
        except (ValueError, UnicodeDecodeError):
            continue
    return False


def entry_with_a_change_counts(entries: list[bytes]) -> bool:
    """A key log with a bit changed in one of its entries is read as the same log."""
    names = KeyLog.from_entries([Entry.decode(data) for data in entries]).entries.keys()
    for which, data in enumerate(entries):
        for at in range(len(data)):
            changed = data[:at] + bytes((data[at] ^ (1 << (at % 8)),)) + data[at + 1 :]
            try:
                log = KeyLog.from_entries([Entry.decode(it) for it in [*entries[:which], changed]])
            except (ValueError, UnicodeDecodeError):
                continue
            if log.entries.keys() <= names:
                return True
    return False


def signed_by_the_root(vectors: dict[str, bytes]) -> None:
    """The vectors' key log and envelopes as one agency's."""
    entries = [Entry.decode(data) for name, data in sorted(vectors.items()) if name.startswith("key-log-entry/")]
    if entry_with_a_change_counts([entry.wire for entry in entries]):
        raise Refused("a changed byte of a key log goes unnoticed")
    log = AgencyLog(KeyLog.from_entries(entries))
    log.take([Envelope.decode(vectors[name]) for name in ("envelope/second", "envelope/first")])
    if log.waiting or log.refused:
        raise Refused(f"the vectors' envelopes are not kept: {log.refused}")
    checkpoint = Checkpoint.decode(vectors["checkpoint"])
    pages = [vectors[name] for name in sorted(vectors) if name.startswith("checkpoint/page")]
    rows = checkpoint.rows({sha256(page): page for page in pages})
    if write_pages(rows) != pages:
        raise Refused("the pages of the checkpoint are written otherwise")


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    wrong, kinds = [], {}
    vectors = {}
    for vector in json.loads(Path(arguments[0]).read_text()):
        name, data = vector["name"], bytes.fromhex(vector["bytes"])
        vectors[name] = data
        kinds[name.split("/")[0]] = kinds.get(name.split("/")[0], 0) + 1
        try:
            if vector["is"] != "text" and cbor.encode(cbor.decode(data)) != data:
                raise Refused("it is encoded otherwise")
            found = read(name, data)
            expected = bytes.fromhex(vector["hash"]) if "hash" in vector else None
            if expected is not None and found != expected:
                raise Refused(f"its name is {found.hex() if found else None}")
            # an entry is signed by keys that stand in the log, not in it
            is_entry = name.startswith("key-log-entry/")
            if found is not None and not is_entry and stays_the_same_with_a_change(name, data, found):
                raise Refused("a changed byte goes unnoticed")
        except ValueError as error:
            wrong.append(f"{name}: {error}")
    try:
        signed_by_the_root(vectors)
    except ValueError as error:
        wrong.append(str(error))
    for line in wrong:
        print(f"second.vectors: {line}", file=sys.stderr)
    print(json.dumps({"read": len(vectors), "kinds": kinds, "wrong": len(wrong)}))
    return 1 if wrong or not vectors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
