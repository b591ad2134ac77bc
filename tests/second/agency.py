"""An agency that writes: its keys, its key log, its envelopes, heartbeats and checkpoints."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from . import cbor
from . import key_log as kl
from .checkpoints import Checkpoint, write_pages
from .documents import id_hash
from .envelopes import Envelope
from .files import Folder
from .heartbeats import Heartbeat
from .log import AgencyLog
from .statements import Signer, sha256

ALL = [0, []]
DAY = 24 * 3_600_000


@dataclass
class Agency:
    """One agency with one writer at first. Everything in it follows from `seed`, so that a test can be played again."""

    name: str
    title: str
    url: str
    seed: bytes
    founded: int
    log: AgencyLog = field(init=False)
    heartbeats: dict[bytes, Heartbeat] = field(default_factory=dict)
    checkpoint: Checkpoint | None = None
    pages: list[bytes] = field(default_factory=list)

    def __post_init__(self):
        self.counter = 0
        self.roots = [self.signer("root 0")]
        self.next_roots = [self.signer("root 1")]
        self.writer = self.signer("writer 0")
        root = [1, [self.roots[0].key]]
        content = kl.founding_content(
            self.name, self.title, self.url, root, kl.commitment([1, [self.next_roots[0].key]]),
            [[self.writer.key, ALL]], [],
        )
        entry = kl.Entry.sign(0, None, self.founded, kl.FOUNDED, content, self.roots)
        # a liar founds itself with any URL
        keys = kl.KeyLog(entry.name, trusting=True)
        keys.add(entry)
        self.log = AgencyLog(keys)

    def signer(self, what: str) -> Signer:
        return Signer.from_seed(hashlib.sha256(self.seed + what.encode()).digest())

    def salt(self) -> bytes:
        self.counter += 1
        return hashlib.sha256(self.seed + b"salt %d" % self.counter).digest()[:16]

    @property
    def genesis(self) -> bytes:
        return self.log.keys.genesis

    def enter(self, act: int, content: list, now: int) -> kl.Entry:
        """Signs a key-log entry and takes it in. A rotation is signed by the root that was committed to."""
        keys = self.log.keys
        before = keys.entries[keys.last]
        signers = self.next_roots if act == kl.ROOT_ROTATED else self.roots
        entry = kl.Entry.sign(before.position + 1, before.name, now, act, content, signers)
        keys.add(entry)
        return entry

    def rotate(self, now: int) -> kl.Entry:
        after = [self.signer(f"root {len(self.log.keys.entries) + 1}")]
        content = [[1, [self.next_roots[0].key]], kl.commitment([1, [after[0].key]])]
        entry = self.enter(kl.ROOT_ROTATED, content, now)
        self.roots, self.next_roots = self.next_roots, after
        return entry

    def add_writer(self, what: str, now: int, scope=None) -> Signer:
        signer = self.signer(what)
        self.enter(kl.WRITER_ADDED, [[signer.key, scope or ALL]], now)
        return signer

    def end_writer(self, key: bytes, last: list[bytes], compromised: bool, now: int) -> kl.Entry:
        return self.enter(kl.WRITER_ENDED, [key, sorted(last), int(compromised)], now)

    def make(self, puts, now: int, signer=None, parents=None, number=None) -> Envelope:
        """Signs an envelope without keeping it. `parents` and `number` as a liar has them."""
        signer = signer or self.writer
        parents = self.log.heads if parents is None else parents
        if number is None:
            reaches = [self.log.reach[self.log.index[parent]].get(signer.key, -1) for parent in parents]
            number = max(reaches, default=-1) + 1
        salts = [self.salt() for _ in puts]
        return Envelope.sign(self.genesis, signer, number, parents, self.log.keys.last, now, puts, salts)

    def put(self, puts, now: int, **how) -> Envelope:
        """Signs an envelope, keeps it, and says so in a heartbeat."""
        envelope = self.make(puts, now, **how)
        self.log.take([envelope])
        if envelope.name not in self.log.index:
            raise ValueError(f"an own envelope is not kept: {self.log.refused}")
        self.beat(now, signer=how.get("signer"))
        return envelope

    def beat(self, now: int, term: int = DAY, signer=None, heads=None, checkpoint=None) -> Heartbeat:
        signer = signer or self.writer
        if checkpoint is None and self.checkpoint is not None and self.checkpoint.entry == self.log.keys.last:
            checkpoint = self.checkpoint.name
        before = self.heartbeats.get(signer.key)
        # order is by time: of two of one millisecond, the second is dated one later
        issued = max(now, before.issued + 1) if before is not None and heads is None else now
        heads = self.log.heads if heads is None else heads
        heartbeat = Heartbeat.sign(self.genesis, signer, self.log.keys.last, heads, issued, issued + term, checkpoint)
        self.heartbeats[signer.key] = heartbeat
        return heartbeat

    def check_point(self, now: int, term: int = DAY) -> Checkpoint:
        """Signs a checkpoint of all rows as they are now."""
        self.pages = write_pages(self.log.rows())
        self.checkpoint = Checkpoint.sign(
            self.genesis, self.writer, self.log.keys.last, self.log.heads, len(self.log.kept), now, now + term,
            [sha256(page) for page in self.pages],
        )
        self.beat(now, term)
        return self.checkpoint

    def publish(self, folder: Folder) -> None:
        """Writes all of its files."""
        keys = self.log.keys
        entries = [entry.wire for entry in keys.entries.values()]
        listed = folder.pages(self.genesis, "key-log", entries)
        envelopes = folder.pages(self.genesis, "envelopes", [envelope.wire for envelope in self.log.kept])
        checkpoint = None
        if self.checkpoint is not None:
            folder.write(
                f"{self.genesis.hex()}/checkpoints/{self.checkpoint.name.hex()}", cbor.encode(self.checkpoint.signed)
            )
            for name, page in zip(self.checkpoint.pages, self.pages):
                folder.write(f"{self.genesis.hex()}/rows/{name.hex()}", page)
            checkpoint = [self.checkpoint.name, list(self.checkpoint.pages)]
        heartbeats = [heartbeat.signed for _, heartbeat in sorted(self.heartbeats.items())]
        summary = folder.listing(
            self.genesis, keys.tips(), self.log.heads, heartbeats, listed, envelopes, checkpoint
        )
        folder.publish(self.genesis, self.name, summary)


def revoke(number: int, index: int, reason: int, at: int) -> tuple[str, str, bytes]:
    return f"status-list/{number}", f"r/{index}", cbor.encode([reason, at])


def suspend(number: int, index: int, suspended: bool, reason: int, at: int) -> tuple[str, str, bytes]:
    return f"status-list/{number}", f"s/{index}", cbor.encode([suspended, reason, at])


def reserve(number: int, block: int, at: int) -> tuple[str, str, bytes]:
    return f"status-list/{number}", f"a/{block}", cbor.encode([at])


def expunge(number: int, index: int, at: int, suspended: bool) -> tuple[str, str, bytes]:
    return f"status-list/{number}", f"x/{index}", cbor.encode([at, suspended])


def register(issuer: list) -> tuple[str, str, bytes]:
    return "trust-list", f"i/{id_hash(issuer[0])}", cbor.encode(issuer)


def stand(issuer: str, standing: int, at: int) -> tuple[str, str, bytes]:
    return "trust-list", f"e/{id_hash(issuer)}", cbor.encode([issuer, standing, at])


def recognize(identifier: str, issuer: list, purposes: list[int], start: int) -> tuple[str, str, bytes]:
    return "trust-list", f"g/{identifier}", cbor.encode([identifier, issuer, ALL, purposes, start, None, False])


def withdraw(identifier: str, at: int, earlier_stay: bool) -> tuple[str, str, bytes]:
    return "trust-list", f"w/{identifier}", cbor.encode([at, earlier_stay])
