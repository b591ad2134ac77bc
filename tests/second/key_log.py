"""Key logs: who may write for an agency, and which entries count."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field, replace

from . import cbor
from .shapes import (
    HASH, KEY, SIGNATURE, BYTES, TEXT, TIME, U64, ShapeError, array, exactly, integer, left_out, nullable, record, text,
    variants,
)
from .statements import KEY_LOG_ENTRY, LONGEST, Refused, Signer, message, name_of, sha256, verify

FOUNDED, WRITER_ADDED, WRITER_SCOPED, WRITER_ENDED, BADGE_KEY_ADDED, BADGE_KEY_ENDED, ROOT_ROTATED = range(7)
# how a key ended
RETIRED, COMPROMISED = 0, 1

MAX_KEYS = 128
MAX_SIGNATURES = 8
MAX_PLACES = 1_024
PLACES_FOR_ROTATIONS = 64
RIVALS_THAT_COUNT = 4

KIND = text(most=64, least=1)
SCOPE = variants({0: record(), 1: record(array(KIND, least=1, most=16, ascending=True))})
ROOT = record(integer(1, 8), array(KEY, least=1, most=8, ascending=True))
LAST_ENVELOPES = array(HASH, most=16, ascending=True)
ENDED_HOW = integer(0, 1)
FOUNDING = record(
    TEXT, TEXT, TEXT, ROOT, HASH, array(record(KEY, SCOPE), most=MAX_KEYS), array(KEY, most=MAX_KEYS)
)
ACT = variants({
    FOUNDED: record(FOUNDING),
    WRITER_ADDED: record(record(KEY, SCOPE)),
    WRITER_SCOPED: record(KEY, SCOPE, LAST_ENVELOPES),
    WRITER_ENDED: record(KEY, LAST_ENVELOPES, ENDED_HOW),
    BADGE_KEY_ADDED: record(KEY),
    BADGE_KEY_ENDED: record(KEY, ENDED_HOW),
    ROOT_ROTATED: record(ROOT, HASH),
})
ENTRY = record(exactly(1), U64, nullable(HASH), TIME, ACT)
SIGNED_ENTRY = record(BYTES, array(record(KEY, SIGNATURE), most=MAX_SIGNATURES, ascending=True))


def commitment(root: list) -> bytes:
    """The commitment to a root that is shown later."""
    return sha256(b"comity/1/root\0" + cbor.encode(root))


def scope_holds(scope: list, document: str) -> bool:
    return scope[0] == 0 or document.split("/", 1)[0] in scope[1][0]


@dataclass(frozen=True)
class Term:
    """A stretch of a writer's envelopes under one scope; `last` is None while it is open."""

    scope: list
    last: tuple[bytes, ...] | None = None


@dataclass(frozen=True)
class Writer:
    terms: tuple[Term, ...]
    # None, or 0 for retired and 1 for compromised
    ended: int | None = None


@dataclass(frozen=True)
class KeyLogState:
    """What holds after an entry and all before it."""

    root: list
    next_root: bytes
    agency: str
    title: str
    url: str
    writers: dict[bytes, Writer]
    badge_keys: dict[bytes, int | None]


@dataclass(frozen=True)
class Entry:
    """A key-log entry as it travels, not verified yet."""

    name: bytes
    position: int
    before: bytes | None
    time: int
    act: int
    content: list
    array: bytes
    signatures: list
    wire: bytes

    @property
    def is_rotation(self) -> bool:
        return self.act == ROOT_ROTATED

    @classmethod
    def decode(cls, wire: bytes) -> "Entry":
        try:
            written, signatures = SIGNED_ENTRY(cbor.decode(wire))
            if len(written) > LONGEST[KEY_LOG_ENTRY]:
                raise Refused(f"a key-log entry of {len(written)} bytes")
            _, position, before, time, (act, content) = ENTRY(cbor.decode(written))
        except (ShapeError, cbor.CborError) as error:
            raise Refused(f"no key-log entry: {error}") from error
        keys = [key for key, _ in signatures]
        if len(set(keys)) != len(keys):
            raise Refused("one key signs an entry twice")
        name = name_of(KEY_LOG_ENTRY, written)
        return cls(name, position, before, time, act, content, written, signatures, wire)

    @classmethod
    def sign(cls, position: int, before: bytes | None, time: int, act: int, content: list, signers: list[Signer]):
        written = cbor.encode([1, position, before, time, [act, content]])
        signed = message(KEY_LOG_ENTRY, written)
        signatures = sorted([signer.key, signer.sign(signed)] for signer in signers)
        return cls.decode(cbor.encode([written, signatures]))

    def is_signed_by(self, root: list) -> bool:
        threshold, keys = root
        signed = message(KEY_LOG_ENTRY, self.array)
        return len(self.signatures) >= threshold and all(
            key in keys and verify(key, signature, signed) for key, signature in self.signatures
        )


LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
URL = re.compile(
    rf"(https?)://((?:{LABEL}\.)*{LABEL}|\[[0-9a-fA-F:.]+\])(?::([1-9][0-9]{{0,4}}))?((?:/[A-Za-z0-9._~-]+)*)"
)


def is_url_of_a_node(url: str) -> bool:
    """`https://host`, or `http://` and a host that is this machine; a port, a path of plain segments, and nothing else."""
    match = URL.fullmatch(url)
    if match is None or len(url.encode()) > 200:
        return False
    scheme, host, port, path = match.groups()
    if any(segment in (".", "..") for segment in path.split("/")) or int(port or 1) > 65_535:
        return False
    bare = host.strip("[]")
    if host.startswith("[") or host.rsplit(".", 1)[-1][0].isdigit():
        try:
            address = ipaddress.ip_address(bare)
        except ValueError:
            return False
        return scheme == "https" or address.is_loopback
    return scheme == "https" or host == "localhost"


def founding_state(entry: Entry, trusting: bool = False) -> KeyLogState:
    """What holds after the first entry, if it is one. `trusting` takes any URL: for those who lie."""
    if entry.act != FOUNDED or entry.position != 0 or entry.before is not None:
        raise Refused("the first entry founds the agency, at position 0")
    agency, title, url, root, next_root, writers, badge_keys = entry.content[0]
    check_root(root)
    if not entry.is_signed_by(root):
        raise Refused("a founding is signed by its root")
    if not 1 <= len(title.encode()) <= 200:
        raise Refused("a name has 1 to 200 bytes")
    if not trusting and not is_url_of_a_node(url):
        raise Refused("a founding with a URL that no node can have")
    if not 1 <= len(writers) <= 16 or len(badge_keys) > 16:
        raise Refused("an agency begins with 1 to 16 writer keys and at most 16 badge keys")
    if len({key for key, _ in writers}) != len(writers) or len(set(badge_keys)) != len(badge_keys):
        raise Refused("a key is added once")
    return KeyLogState(
        root, next_root, agency, title, url,
        {key: Writer((Term(scope),)) for key, scope in writers}, {key: None for key in badge_keys},
    )


def check_root(root: list) -> None:
    threshold, keys = root
    if threshold > len(keys):
        raise Refused("a root that nobody can sign for")


def follow(state: KeyLogState, before: Entry, entry: Entry) -> KeyLogState:
    """What holds after an entry that follows another."""
    if entry.before != before.name or entry.position != before.position + 1:
        raise Refused("an entry stands one place after the one that it names")
    if entry.position >= MAX_PLACES:
        raise Refused("a log has at most 1,024 places")
    if entry.position >= MAX_PLACES - PLACES_FOR_ROTATIONS and not entry.is_rotation:
        raise Refused("the last 64 places are for rotations")
    after = _act(state, entry)
    if not entry.is_signed_by(after.root if entry.is_rotation else state.root):
        raise Refused("an entry is not signed by its root")
    return after


def _act(state: KeyLogState, entry: Entry) -> KeyLogState:
    content = entry.content
    if entry.act == ROOT_ROTATED:
        root, next_root = content
        check_root(root)
        if commitment(root) != state.next_root:
            raise Refused("the new root is not what was committed to")
        return replace(state, root=root, next_root=next_root)
    if entry.act == FOUNDED:
        raise Refused("an agency is founded once")
    # a writer with its scope is one field
    key, scope = content[0] if entry.act == WRITER_ADDED else (content[0], None)
    if entry.act in (BADGE_KEY_ADDED, BADGE_KEY_ENDED):
        known = key in state.badge_keys
        if entry.act == BADGE_KEY_ADDED and (known or len(state.badge_keys) >= MAX_KEYS):
            raise Refused("a badge key is added once, and an agency has at most 128")
        if entry.act == BADGE_KEY_ENDED and not known:
            raise Refused("a badge key ends that was never added")
        ended = None if entry.act == BADGE_KEY_ADDED else content[1]
        return replace(state, badge_keys={**state.badge_keys, key: ended})
    writer = state.writers.get(key)
    if entry.act == WRITER_ADDED:
        if writer is not None or len(state.writers) >= MAX_KEYS:
            raise Refused("a writer key is added once, and an agency has at most 128")
        writer = Writer((Term(scope),))
    elif writer is None:
        raise Refused("a writer key is named that was never added")
    elif entry.act == WRITER_SCOPED:
        if writer.ended is not None:
            raise Refused("a writer that has ended gets no new scope")
        *earlier, last = writer.terms
        writer = Writer((*earlier, replace(last, last=tuple(content[2])), Term(content[1])))
    else:
        # an end said again counts in place of the earlier one
        *earlier, last = writer.terms
        writer = Writer((*earlier, replace(last, last=tuple(content[1]))), ended=content[2])
    return replace(state, writers={**state.writers, key: writer})


@dataclass
class KeyLog:
    """All entries of one agency that are known here, as the tree that they are."""

    genesis: bytes
    entries: dict[bytes, Entry] = field(default_factory=dict)
    states: dict[bytes, KeyLogState] = field(default_factory=dict)
    children: dict[bytes, list[bytes]] = field(default_factory=dict)
    trusting: bool = False

    @classmethod
    def from_entries(cls, entries: list[Entry]) -> "KeyLog":
        """Verifies entries, each after the one that it names."""
        if not entries:
            raise Refused("a key log without entries")
        log = cls(entries[0].name)
        for entry in entries:
            log.add(entry)
        return log

    def add(self, entry: Entry) -> None:
        if entry.name in self.entries:
            return
        if not self.entries:
            if entry.name != self.genesis:
                raise Refused("the log begins with another entry than the agency's first")
            self.states[entry.name] = founding_state(entry, self.trusting)
        elif entry.before is None:
            raise Refused("a log has one first entry")
        elif entry.before not in self.entries:
            raise Refused("an entry comes before the one that it names")
        else:
            before = self.entries[entry.before]
            self.states[entry.name] = follow(self.states[before.name], before, entry)
            self.children.setdefault(before.name, []).append(entry.name)
        self.entries[entry.name] = entry

    def following(self, name: bytes) -> list[Entry]:
        """What follows an entry and can count: of each sort, the four with the smallest names."""
        found = [self.entries[child] for child in sorted(self.children.get(name, []))]
        rotations = [entry for entry in found if entry.is_rotation][:RIVALS_THAT_COUNT]
        others = [entry for entry in found if not entry.is_rotation][:RIVALS_THAT_COUNT]
        return rotations + others

    def walk(self, name: bytes) -> tuple[bytes, list[bytes]]:
        """The last entry that counts from this one on, and the names of a dispute's sides after it, smallest first."""
        while True:
            found = self.following(name)
            rivals = [entry for entry in found if entry.is_rotation] or found
            if not rivals:
                return name, []
            if len(rivals) > 1:
                return name, [entry.name for entry in rivals]
            name = rivals[0].name

    @property
    def last(self) -> bytes:
        return self.walk(self.genesis)[0]

    @property
    def dispute(self) -> list[bytes]:
        """The names that tell a dispute: the two smallest."""
        return self.walk(self.genesis)[1][:2]

    @property
    def state(self) -> KeyLogState:
        return self.states[self.last]

    def histories(self) -> list[KeyLogState]:
        """What holds at the end of each history that the root signed: one, unless the log is in dispute."""
        ends, due = [], [self.last]
        while due:
            name = due.pop()
            found = self.following(name)
            rivals = [entry for entry in found if entry.is_rotation] or found
            due += [entry.name for entry in rivals]
            if not rivals:
                ends.append(self.states[name])
        return ends

    def tips(self) -> list[bytes]:
        """The entries that no other follows."""
        return sorted(name for name in self.entries if not self.following(name))

    def names_writer(self, entry: bytes, writer: bytes) -> bool:
        state = self.states.get(entry)
        return state is not None and writer in state.writers

    def path_to(self, name: bytes) -> list[Entry]:
        path = []
        at: bytes | None = name
        while at is not None:
            path.append(self.entries[at])
            at = self.entries[at].before
        return path[::-1]


def founding_content(agency, title, url, root, next_root, writers, badge_keys) -> list:
    """The content of a founding act."""
    return [left_out([agency, title, url, root, next_root, writers, badge_keys])]
