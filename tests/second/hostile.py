"""Files that no honest agency writes. Each function takes an agency with files, and publishes others in their place.

`ATTACKS` names them all, with what a node does about each. Of all of them this is true: whatever a node says of other
agencies, and how long it takes, is as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from . import cbor
from . import key_log as kl
from .agency import ALL, DAY, Agency, reserve, revoke, suspend
from .checkpoints import Checkpoint, write_pages
from .envelopes import Envelope
from .files import Folder
from .heartbeats import Heartbeat
from .statements import sha256


# The name of no envelope: who reads it as a head looks for it in the pages.
NOBODYS = sha256(b"nobody's")


@dataclass(frozen=True)
class Attack:
    """An attack, and in a word what a node does about it: `defers`, `blames`, `keeps` or `waits`."""

    write: Callable[[Agency, Folder, int, int], dict]
    a_node: str
    why: str


def publish(agency: Agency, folder: Folder, **other) -> None:
    """The agency's files, with some parts of them replaced by lies."""
    keys = agency.log.keys
    entries = other.get("entries", [entry.wire for entry in keys.entries.values()])
    envelopes = other.get("envelopes", [envelope.wire for envelope in agency.log.kept])
    heartbeats = other.get("heartbeats", [it.signed for _, it in sorted(agency.heartbeats.items())])
    key_log = other.get("key_log_pages") or folder.pages(agency.genesis, "key-log", entries)
    pages = other.get("envelope_pages") or folder.pages(agency.genesis, "envelopes", envelopes)
    heads = other.get("heads", agency.log.heads[:64])
    checkpoint = other.get("checkpoint")
    summary = folder.listing(agency.genesis, keys.tips()[:64], heads, heartbeats, key_log, pages, checkpoint)
    folder.publish(agency.genesis, agency.name, summary)


def forks(agency: Agency, folder: Folder, now: int, count: int) -> dict:
    """So many siblings: envelopes of one writer, with one number, on one parent."""
    parents, number = agency.log.heads, None
    siblings = [agency.make([revoke(7, at, 2, now)], now, parents=parents, number=number) for at in range(count)]
    wires = [envelope.wire for envelope in agency.log.kept] + [envelope.wire for envelope in siblings]
    names = sorted(envelope.name for envelope in siblings)
    beat = agency.beat(now, heads=names[:16])
    publish(agency, folder, envelopes=wires, heads=names[:64], heartbeats=[beat.signed])
    return {"envelopes": len(wires), "bytes": sum(map(len, wires))}


def _checkpoint(agency: Agency, folder: Folder, now: int, pages: list[bytes], names: list[bytes]) -> None:
    checkpoint = Checkpoint.sign(
        agency.genesis, agency.writer, agency.log.keys.last, agency.log.heads, len(agency.log.kept), now, now + DAY, names
    )
    base = agency.genesis.hex()
    folder.write(f"{base}/checkpoints/{checkpoint.name.hex()}", cbor.encode(checkpoint.signed))
    for page in pages:
        folder.write(f"{base}/rows/{sha256(page).hex()}", page)
    beat = agency.beat(now, checkpoint=checkpoint.name)
    publish(agency, folder, heartbeats=[beat.signed], checkpoint=[checkpoint.name, names])


def _filler(document: str, first: int, size: int) -> bytes:
    """A page of about `size` bytes of rows that nobody folds."""
    rows, at, length = [], first, 0
    while length < size:
        row = [f"{at:012d}", [b"\x00" * 8_000]]
        rows.append(row)
        length += 8_030
        at += 1
    return cbor.encode([document, b"", rows])


def one_page_often(agency: Agency, folder: Folder, now: int, count: int) -> dict:
    """A checkpoint that names one page of half a mebibyte as often as a checkpoint can name pages."""
    page = _filler("x-filler", 0, 500_000)
    _checkpoint(agency, folder, now, [page], [sha256(page)] * count)
    return {"page": len(page), "named": count}


def many_pages(agency: Agency, folder: Folder, now: int, count: int) -> dict:
    """A checkpoint of many pages, each in its form."""
    pages = [_filler("x-filler", at * 100, 500_000) for at in range(count)]
    _checkpoint(agency, folder, now, pages, [sha256(page) for page in pages])
    return {"pages": count, "bytes": sum(map(len, pages))}


def lying_checkpoint(agency: Agency, folder: Folder, now: int, _: int) -> dict:
    """A checkpoint that hides what the log behind it revokes."""
    rows = agency.log.rows()
    for document in rows:
        rows[document] = {key: values for key, values in rows[document].items() if not key.startswith("r/")}
    pages = write_pages(rows)
    _checkpoint(agency, folder, now, pages, [sha256(page) for page in pages])
    return {"pages": len(pages)}


def stripped_values(agency: Agency, folder: Folder, now: int, _: int) -> dict:
    """What a relay does to an agency's envelopes: all revocations and suspensions left out, without a tombstone."""
    wires = []
    for envelope in agency.log.kept:
        places = {at for at, put in enumerate(envelope.puts) if put.can_be_expunged}
        wires.append(envelope.stripped(places) if places else envelope.wire)
    publish(agency, folder, envelopes=wires)
    return {"stripped": sum(1 for one, other in zip(wires, agency.log.kept) if one != other.wire)}


def wrong_hash(agency: Agency, folder: Folder, now: int, _: int) -> dict:
    """A page of envelopes that does not hash to its name."""
    agency.publish(folder)
    lines = folder.pages(agency.genesis, "envelopes", [envelope.wire for envelope in agency.log.kept])
    agency.put([reserve(7, 511, now)], now)
    data = b"".join(envelope.wire for envelope in agency.log.kept)
    name = sha256(b"another page")
    folder.write(f"{agency.genesis.hex()}/envelopes/{name.hex()}", data)
    publish(agency, folder, envelope_pages=[[name, len(agency.log.kept), len(data)]])
    return {"page": name.hex(), "before": len(lines)}


def wrong_count(agency: Agency, folder: Folder, now: int, _: int) -> dict:
    """A summary that says another number of statements, and of bytes, than a page has."""
    agency.put([reserve(7, 510, now)], now)
    lines = folder.pages(agency.genesis, "envelopes", [envelope.wire for envelope in agency.log.kept])
    publish(agency, folder, envelope_pages=[[line[0], line[1] + 1_000, line[2] + 7] for line in lines])
    return {}


def _page(agency: Agency, folder: Folder, data: bytes) -> list[list]:
    folder.write(f"{agency.genesis.hex()}/envelopes/{sha256(data).hex()}", data)
    return [[sha256(data), 1, len(data)]]


def deep_page(agency: Agency, folder: Folder, now: int, depth: int) -> dict:
    """A page of arrays in arrays in arrays."""
    publish(agency, folder, heads=[NOBODYS], envelope_pages=_page(agency, folder, b"\x81" * depth + b"\x00"))
    return {"depth": depth}


def deep_summary(agency: Agency, folder: Folder, now: int, depth: int) -> dict:
    """A summary file of arrays in arrays in arrays."""
    folder.publish(agency.genesis, agency.name, b"\x81" * depth + b"\x00")
    return {"depth": depth}


def long_counts(agency: Agency, folder: Folder, now: int, _: int) -> dict:
    """A page whose first array says that it has 2^62 items."""
    page = _page(agency, folder, b"\x9b" + (2**62).to_bytes(8, "big") + b"\x00" * 64)
    publish(agency, folder, heads=[NOBODYS], envelope_pages=page)
    return {}


def long_strings(agency: Agency, folder: Folder, now: int, _: int) -> dict:
    """A page whose first byte string says that it has 2^62 bytes."""
    page = _page(agency, folder, b"\x82\x5b" + (2**62).to_bytes(8, "big") + b"\x00" * 64)
    publish(agency, folder, heads=[NOBODYS], envelope_pages=page)
    return {}


def long_forms(agency: Agency, folder: Folder, now: int, _: int) -> dict:
    """An envelope that is right but for one number, which is longer than it needs to be."""
    envelope = agency.make([reserve(7, 509, now)], now)
    page = _page(agency, folder, b"\x98\x02" + envelope.wire[1:])
    publish(agency, folder, heads=[envelope.name], envelope_pages=page)
    return {}


def dated_ahead(agency: Agency, folder: Folder, now: int, ahead: int) -> dict:
    """A heartbeat dated ahead, and good for as long again."""
    beat = Heartbeat.sign(
        agency.genesis, agency.writer, agency.log.keys.last, agency.log.heads, now + ahead, now + 2 * ahead + DAY
    )
    publish(agency, folder, heartbeats=[beat.signed])
    return {"issued": beat.issued, "next_by": beat.next_by}


def end_of_time(agency: Agency, folder: Folder, now: int, _: int) -> dict:
    """Heartbeats at both ends of time, and revocations there."""
    ends = 2**63 - 1, -(2**63)
    agency.put([revoke(7, at, 2, end) for at, end in enumerate(ends)], now)
    agency.put([suspend(7, at + 2, True, 2, end) for at, end in enumerate(ends)], now)
    keys, heads = agency.log.keys.last, agency.log.heads
    beats = [Heartbeat.sign(agency.genesis, agency.writer, keys, heads, end, ends[0]) for end in ends]
    publish(agency, folder, heartbeats=[beat.signed for beat in beats])
    return {"revoked": [0, 1], "suspended": [2, 3]}


def incomparable_heads(agency: Agency, folder: Folder, now: int, _: int) -> dict:
    """Two heartbeats of one writer whose heads are two branches."""
    parents = agency.log.heads
    one, other = (agency.make([revoke(7, at, 2, now)], now, parents=parents) for at in (100, 101))
    keys = agency.log.keys.last
    beats = [
        Heartbeat.sign(agency.genesis, agency.writer, keys, [envelope.name], now + at, now + DAY)
        for at, envelope in enumerate((one, other))
    ]
    wires = [envelope.wire for envelope in agency.log.kept] + [one.wire, other.wire]
    heads = sorted([one.name, other.name])
    publish(agency, folder, envelopes=wires, heads=heads, heartbeats=[beat.signed for beat in beats])
    return {"revoked": [100, 101], "heads": [name.hex() for name in heads]}


def unknown_heads(agency: Agency, folder: Folder, now: int, _: int) -> dict:
    """A heartbeat whose heads nobody has, newer than any that counts."""
    beat = Heartbeat.sign(agency.genesis, agency.writer, agency.log.keys.last, [NOBODYS], now + 1_000, now + DAY)
    publish(agency, folder, heads=[NOBODYS], heartbeats=[beat.signed])
    return {}


def foreign_writer(agency: Agency, folder: Folder, now: int, _: int) -> dict:
    """An envelope by a key that the key log does not name."""
    stranger = agency.signer("a stranger")
    envelope = agency.make([revoke(7, 200, 2, now)], now, signer=stranger, number=0)
    publish(agency, folder, envelopes=[it.wire for it in agency.log.kept] + [envelope.wire], heads=[envelope.name])
    return {"never_revoked": [200]}


def wrong_number(agency: Agency, folder: Folder, now: int, _: int) -> dict:
    """An envelope with the highest number that there is."""
    envelope = agency.make([revoke(7, 201, 2, now)], now, number=2**64 - 1)
    publish(agency, folder, envelopes=[it.wire for it in agency.log.kept] + [envelope.wire], heads=[envelope.name])
    return {"never_revoked": [201]}


def rival_entries(agency: Agency, folder: Folder, now: int, count: int) -> dict:
    """So many key-log entries after one: a dispute, of which four can count."""
    keys = agency.log.keys
    before = keys.entries[keys.last]
    rivals = [
        kl.Entry.sign(
            before.position + 1, before.name, now + at, kl.WRITER_ADDED,
            [[agency.signer(f"rival {at}").key, ALL]], agency.roots,
        )
        for at in range(count)
    ]
    entries = [entry.wire for entry in keys.entries.values()] + [entry.wire for entry in rivals]
    publish(agency, folder, entries=entries)
    return {"names": sorted(entry.name.hex() for entry in rivals)[:2]}


def missing_parents(agency: Agency, folder: Folder, now: int, count: int) -> dict:
    """Envelopes whose parents nobody has."""
    orphans = []
    for at in range(count):
        parent = sha256(b"parent %d" % at)
        orphans.append(Envelope.sign(
            agency.genesis, agency.writer, len(agency.log.kept) + 1, [parent], agency.log.keys.last, now,
            [revoke(7, 300 + at, 2, now)], [agency.salt()],
        ))
    wires = [envelope.wire for envelope in orphans]
    publish(agency, folder, envelopes=wires, heads=sorted(envelope.name for envelope in orphans)[:64])
    return {"envelopes": count}


ATTACKS = {
    "forks": Attack(forks, "defers", "branches beyond the bound wait"),
    "one_page_often": Attack(one_page_often, "blames", "a checkpoint names a page once"),
    "many_pages": Attack(many_pages, "defers", "a checkpoint has a budget"),
    "lying_checkpoint": Attack(lying_checkpoint, "keeps", "the history counts"),
    "stripped_values": Attack(stripped_values, "waits", "an incomplete envelope replaces nothing"),
    "wrong_hash": Attack(wrong_hash, "blames", "a page hashes to its name"),
    "wrong_count": Attack(wrong_count, "keeps", "how much a page has is a hint"),
    "deep_page": Attack(deep_page, "blames", "bytes that are no message"),
    "deep_summary": Attack(deep_summary, "blames", "bytes that are no message"),
    "long_counts": Attack(long_counts, "blames", "bytes that are no message"),
    "long_strings": Attack(long_strings, "blames", "bytes that are no message"),
    "long_forms": Attack(long_forms, "keeps", "what is signed has one form; what it travels in may have another"),
    "dated_ahead": Attack(dated_ahead, "waits", "a heartbeat dated ahead is held back"),
    "end_of_time": Attack(end_of_time, "keeps", "a date does not make a revocation less"),
    "incomparable_heads": Attack(incomparable_heads, "keeps", "a fork is kept and told"),
    "unknown_heads": Attack(unknown_heads, "waits", "a heartbeat counts once its heads are kept"),
    "foreign_writer": Attack(foreign_writer, "blames", "the key log names who may write"),
    "wrong_number": Attack(wrong_number, "blames", "numbers follow one another"),
    "rival_entries": Attack(rival_entries, "keeps", "a dispute ends the log before it"),
    "missing_parents": Attack(missing_parents, "waits", "parents are fetched first"),
}
