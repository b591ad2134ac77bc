"""What follows from the bytes in a node's store, without its registry, replica or merging library.

    python -m second.oracle --sqlite FILE
    python -m second.oracle --postgres URL
    python -m second.oracle --lines        # reads `sqlite FILE` or `postgres URL` from each line, answers each with a line

Prints JSON: for each agency its heads, forks, freshness, status lists, issuers, recognitions and withdrawals, and where the
derived rows (table `entries`) differ from the fold. `--now MS` is the moment at which heartbeats dated ahead are held back;
`--compact` prints one line. Exit code: 0, also if the store is damaged (that stands in the JSON); 1, if it cannot be read.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

from . import cbor
from . import documents as docs
from .checkpoints import Checkpoint
from .envelopes import Envelope
from .heartbeats import Heartbeat
from .key_log import Entry, KeyLog
from .log import AgencyLog
from .shapes import ShapeError
from .statements import Refused
from .stores import NoStore, Store, read_postgres, read_sqlite
from .tell import rows_beside, tell_agency

VERSION = 1


class Damage(list):
    """What in the store does not verify: table, row, why."""

    def note(self, table: str, row: bytes | str, error: Exception | str) -> None:
        shown = row.hex() if isinstance(row, bytes) else row
        self.append({"table": table, "row": shown, "why": str(error)})


def opened(store: Store, damage: dict[bytes, Damage], now: int):
    """Each agency's log, heartbeats and checkpoint, as far as they verify."""
    agencies = {}
    for genesis, entries in sorted(store["key_logs"]):
        noted = damage.setdefault(genesis, Damage())
        keys = KeyLog(genesis)
        try:
            for wire in split_entries(entries):
                keys.add(Entry.decode(wire))
        except (Refused, cbor.CborError) as error:
            noted.note("key_logs", genesis, error)
        if not keys.entries:
            continue
        agencies[genesis] = AgencyLog(keys), [], []
    found: dict[bytes, list[Envelope]] = {}
    for name, genesis, wire in store["envelopes"]:
        noted = damage.setdefault(genesis, Damage())
        try:
            envelope = Envelope.decode(wire)
            if envelope.name != name or envelope.header.agency != genesis:
                raise Refused("the row is named otherwise")
            found.setdefault(genesis, []).append(envelope)
        except Refused as error:
            noted.note("envelopes", name, error)
    for genesis, envelopes in found.items():
        if genesis in agencies:
            agencies[genesis][0].take(envelopes)
        else:
            damage[genesis].note("envelopes", genesis, "an agency without a key log")
    for genesis, writer, wire in store["heartbeats"]:
        read(agencies, damage, "heartbeats", genesis, writer, lambda: [heartbeat_of(genesis, writer, wire)], 1)
    for genesis, wire, pages in store["checkpoints"]:
        pages = [data for of, _, data in store["checkpoint_pages"] if of == genesis] or pages
        read(agencies, damage, "checkpoints", genesis, genesis, lambda: [checkpoint_of(genesis, wire, pages)], 2)
    return agencies


def heartbeat_of(genesis: bytes, writer: bytes, wire: bytes) -> Heartbeat:
    heartbeat = Heartbeat.decode(wire)
    if (heartbeat.agency, heartbeat.writer) != (genesis, writer):
        raise Refused("the row is named otherwise")
    return heartbeat


def checkpoint_of(genesis: bytes, wire: bytes, pages: bytes | list[bytes]) -> tuple[Checkpoint, list[bytes]]:
    checkpoint = Checkpoint.decode(wire)
    if checkpoint.agency != genesis:
        raise Refused("the row is named otherwise")
    # before they had rows of their own, all pages stood beside the statement
    return checkpoint, pages if isinstance(pages, list) else split_pages(pages)


def read(agencies, damage, table, genesis, row, decode, at) -> None:
    try:
        if genesis not in agencies:
            raise Refused("an agency without a key log")
        agencies[genesis][at].extend(decode())
    except (Refused, ShapeError, cbor.CborError) as error:
        damage.setdefault(genesis, Damage()).note(table, row, error)


def split_entries(data: bytes) -> list[bytes]:
    return [cbor.encode(entry) for entry in cbor.decode(data)]


def split_pages(data: bytes) -> list[bytes]:
    return [as_bytes(page) for page in cbor.decode(data)]


def as_bytes(value) -> bytes:
    """A byte string, which the store writes as an array of numbers too."""
    if isinstance(value, list) and all(type(item) is int and 0 <= item < 256 for item in value):
        return bytes(value)
    if not isinstance(value, bytes):
        raise ShapeError(f"{value!r} is no byte string")
    return value


def split_row(data: bytes) -> list[bytes]:
    return [as_bytes(value) for value in cbor.decode(data)]


def differences(rows: docs.Rows, stored: list[tuple[str, str, bytes]], noted: Damage) -> list[dict]:
    """Where the derived rows differ from the fold."""
    found = []
    disk = {}
    for document, key, surviving in stored:
        try:
            row = split_row(surviving)
            # a row that is gone stays as one without values
            disk[document, key] = row or None
        except (ShapeError, cbor.CborError) as error:
            noted.note("entries", f"{document} {key}", error)
    fold = {(document, key): values for document, keys in rows.items() for key, values in keys.items()}
    for place in sorted(disk.keys() | fold.keys()):
        if disk.get(place) != fold.get(place):
            found.append({
                "document": place[0], "key": place[1], "fold": shown(fold.get(place)), "stored": shown(disk.get(place)),
            })
    return found


def shown(values: list[bytes | None] | None) -> list[str | None] | None:
    return None if values is None else [None if value is None else value.hex() for value in values]


def tell_stored(log: AgencyLog, heartbeats, checkpoints, stored, noted: Damage, now: int) -> dict:
    try:
        rows, from_checkpoint = rows_beside(log, checkpoints)
    except Refused as error:
        noted.note("checkpoints", log.keys.genesis, error)
        rows, from_checkpoint = log.rows(), False
    told = tell_agency(log, heartbeats, rows, from_checkpoint, now)
    return {**told, "derived_rows_differ": differences(rows, stored, noted), "damage": noted}


def tell(store: Store, now: int | None = None) -> dict:
    """All that follows from a store."""
    now = int(time.time() * 1000) if now is None else now
    damage: dict[bytes, Damage] = {}
    agencies = opened(store, damage, now)
    stored: dict[bytes, list] = {}
    for genesis, document, key, surviving in store["entries"]:
        stored.setdefault(genesis, []).append((document, key, surviving))
    told = []
    for genesis, (log, heartbeats, checkpoints) in sorted(agencies.items()):
        noted = damage.get(genesis, Damage())
        told.append(tell_stored(log, heartbeats, checkpoints, stored.get(genesis, []), noted, now))
    lost = [
        {"genesis": genesis.hex(), "damage": noted} for genesis, noted in sorted(damage.items())
        if genesis not in agencies and noted
    ]
    return {"version": VERSION, "now": now, "agencies": told, "unreadable": lost}


def _store(kind: str, where: str) -> Store:
    if kind == "sqlite":
        return read_sqlite(where)
    if kind == "postgres":
        return read_postgres(where)
    raise NoStore(f"`{kind}` is no kind of store: write sqlite or postgres")


def _serve(now: int | None) -> None:
    for line in sys.stdin:
        kind, _, where = line.strip().partition(" ")
        try:
            answer = tell(_store(kind, where), now)
        except NoStore as error:
            answer = {"version": VERSION, "error": str(error)}
        print(json.dumps(answer, separators=(",", ":")), flush=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="second.oracle", description=__doc__.split("\n\n")[0])
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--sqlite", metavar="FILE")
    which.add_argument("--postgres", metavar="URL")
    which.add_argument("--lines", action="store_true")
    parser.add_argument("--now", type=int, metavar="MS")
    parser.add_argument("--compact", action="store_true")
    given = parser.parse_args(arguments)
    if given.lines:
        _serve(given.now)
        return 0
    try:
        store = read_sqlite(given.sqlite) if given.sqlite else read_postgres(given.postgres)
    except NoStore as error:
        print(f"second.oracle: {error}", file=sys.stderr)
        return 1
    told = tell(store, given.now)
    print(json.dumps(told, separators=(",", ":")) if given.compact else json.dumps(told, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
