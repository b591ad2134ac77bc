"""Heartbeats, and how fresh an agency's lists are."""

from __future__ import annotations

from dataclasses import dataclass

from . import cbor
from .key_log import scope_holds
from .log import AgencyLog
from .shapes import HASH, KEY, ShapeError, TIME, array, exactly, left_out, optional, record
from .statements import HEARTBEAT, Refused, Signer, message, name_of, open_signed, verify, write_signed

MAX_HEADS = 16
LONGEST_TERM = 96 * 3_600_000
TOLERATED_AHEAD = 5 * 60_000

FIELDS = record(exactly(1), HASH, KEY, HASH, array(HASH, most=MAX_HEADS, ascending=True), TIME, TIME, optional(HASH))


@dataclass(frozen=True)
class Heartbeat:
    name: bytes
    agency: bytes
    writer: bytes
    entry: bytes
    heads: tuple[bytes, ...]
    issued: int
    next_by: int
    checkpoint: bytes | None
    signed: list

    @classmethod
    def open(cls, signed) -> "Heartbeat":
        written, fields, signature = open_signed(HEARTBEAT, signed)
        try:
            _, agency, writer, entry, heads, issued, next_by, checkpoint = FIELDS(fields)
        except ShapeError as error:
            raise Refused(f"no heartbeat: {error}") from error
        if not verify(writer, signature, message(HEARTBEAT, written)):
            raise Refused("a heartbeat is not signed by its writer")
        name = name_of(HEARTBEAT, written)
        return cls(name, agency, writer, entry, tuple(heads), issued, next_by, checkpoint, signed)

    @classmethod
    def decode(cls, wire: bytes) -> "Heartbeat":
        try:
            return cls.open(cbor.decode(wire))
        except cbor.CborError as error:
            raise Refused(f"no heartbeat: {error}") from error

    @classmethod
    def sign(cls, agency, signer: Signer, entry, heads, issued, next_by, checkpoint=None) -> "Heartbeat":
        array_ = left_out([1, agency, signer.key, entry, sorted(heads), issued, next_by, checkpoint])
        return cls.open(write_signed(HEARTBEAT, array_, signer))

    @property
    def good_before(self) -> int:
        return min(self.next_by, self.issued + LONGEST_TERM)

    def is_named(self, log: AgencyLog) -> bool:
        return self.agency == log.keys.genesis and log.keys.names_writer(self.entry, self.writer)


def newest_counted(log: AgencyLog, heartbeats: list[Heartbeat], now: int | None = None) -> dict[bytes, Heartbeat]:
    """Of each writer, the newest heartbeat that counts: all its heads are kept, with all values, and it is not dated ahead."""
    newest: dict[bytes, Heartbeat] = {}
    gaps = [log.index[name] for name in log.missing_values()]
    for heartbeat in heartbeats:
        if not heartbeat.is_named(log) or any(head not in log.index for head in heartbeat.heads):
            continue
        reached = log.behind(heartbeat.heads)
        if any(reached >> gap & 1 for gap in gaps):
            continue
        if now is not None and heartbeat.issued > now + TOLERATED_AHEAD:
            continue
        known = newest.get(heartbeat.writer)
        if known is None or heartbeat.issued > known.issued:
            newest[heartbeat.writer] = heartbeat
    return newest


def unknown_because(log: AgencyLog) -> list[str]:
    """Why nothing of this agency is fresh, whatever its heartbeats say."""
    reasons = []
    if all(writer.ended is not None for writer in log.keys.state.writers.values()):
        reasons.append("no_writer")
    if log.keys.dispute:
        reasons.append("dispute")
    if log.missing_cuts():
        reasons.append("missing_cut")
    return reasons


def fresh_before(log: AgencyLog, newest: dict[bytes, Heartbeat], document: str | None = None) -> int | None:
    """The moment before which the agency's lists, or one of its documents, are fresh; None if that is not known."""
    writers = {key: it for key, it in log.keys.state.writers.items() if it.ended is None}
    if document is not None:
        writers = {key: it for key, it in writers.items() if scope_holds(it.terms[-1].scope, document)}
    if not writers or any(key not in newest for key in writers):
        return None
    return min(newest[key].good_before for key in writers)
