"""The files under /federation/: read from a web server and verified, and written into a folder."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path

from . import cbor
from .carried import SUMMARY
from .checkpoints import Checkpoint
from .envelopes import Envelope
from .heartbeats import Heartbeat
from .key_log import Entry, KeyLog
from .log import AgencyLog
from .shapes import HASH, ShapeError, U64, array, exactly, optional, record
from .statements import Refused, sha256

MAX_FILE = 1_048_576
MAX_PAGE = 524_288
MAX_PAGES = 16_384
SECONDS = 30

FILE_PAGE = record(HASH, U64, U64)
LISTING = record(
    exactly(1), SUMMARY, array(FILE_PAGE, most=MAX_PAGES), array(FILE_PAGE, most=MAX_PAGES),
    optional(record(HASH, array(HASH, most=4_096))),
)


class Source:
    """A web server with files: plain GETs, no redirects, at most 1,048,576 bytes and 30 seconds each."""

    def __init__(self, url: str, roots: str | None = None):
        self.parts = urllib.parse.urlsplit(url.rstrip("/"))
        self.context = ssl.create_default_context(cafile=roots) if self.parts.scheme == "https" else None
        self.fetched = 0

    def get(self, path: str) -> bytes:
        host, port = self.parts.hostname, self.parts.port
        if self.context is not None:
            connection = http.client.HTTPSConnection(host, port, timeout=SECONDS, context=self.context)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
        try:
            connection.request("GET", f"{self.parts.path}/federation/{path}")
            reply = connection.getresponse()
            if reply.status != 200:
                raise Refused(f"`{path}` answers {reply.status}")
            data = reply.read(MAX_FILE + 1)
        except (OSError, http.client.HTTPException) as error:
            raise Refused(f"`{path}` cannot be fetched: {error}") from error
        finally:
            connection.close()
        if len(data) > MAX_FILE:
            raise Refused(f"`{path}` has more than {MAX_FILE} bytes")
        self.fetched += 1
        return data

    def named(self, path: str, name: bytes) -> bytes:
        """A file that is named by its hash."""
        data = self.get(f"{path}/{name.hex()}")
        if sha256(data) != name:
            raise Refused(f"`{path}/{name.hex()}` does not hash to its name")
        return data

    def index(self) -> list[dict]:
        try:
            index = json.loads(self.get("index.json"))
            agencies = index["agencies"]
            if index["version"] != 1 or len(agencies) > 1_024:
                raise Refused("an index of another version, or of too many agencies")
            return [{key: agency[key] for key in ("genesis", "agency", "summary")} for agency in agencies]
        except (ValueError, KeyError, TypeError) as error:
            raise Refused(f"no index: {error}") from error


@dataclass
class Listing:
    """The summary file of an agency."""

    genesis: bytes
    tips: list[bytes]
    heads: list[bytes]
    heartbeats: list[Heartbeat]
    key_log: list[list]
    envelopes: list[list]
    checkpoint: list | None
    data: bytes

    @classmethod
    def read(cls, data: bytes) -> "Listing":
        try:
            _, (genesis, tips, heads, heartbeats), key_log, envelopes, checkpoint = LISTING(cbor.decode(data))
        except (ShapeError, cbor.CborError) as error:
            raise Refused(f"no summary: {error}") from error
        return cls(genesis, tips, heads, [Heartbeat.open(it) for it in heartbeats], key_log, envelopes, checkpoint, data)


@dataclass
class Followed:
    """An agency as it follows from a source's files."""

    listing: Listing
    log: AgencyLog
    heartbeats: list[Heartbeat]
    checkpoint: Checkpoint | None = None
    pages: dict[bytes, bytes] = field(default_factory=dict)


def _sequence(source: Source, path: str, page: list) -> list[bytes]:
    data = source.named(path, page[0])
    try:
        items = [wire for _, wire in cbor.split_sequence(data)]
    except cbor.CborError as error:
        raise Refused(f"a page that is no CBOR sequence: {error}") from error
    if (len(items), len(data)) != (page[1], page[2]):
        raise Refused("a page has another size than its summary says")
    return items


def follow(source: Source, genesis: bytes) -> Followed:
    """Reads and verifies everything that a source has of an agency."""
    base = genesis.hex()
    listing = Listing.read(source.get(f"{base}/summary"))
    if listing.genesis != genesis:
        raise Refused("the summary of another agency")
    keys = KeyLog(genesis)
    for page in listing.key_log:
        for wire in _sequence(source, f"{base}/key-log", page):
            keys.add(Entry.decode(wire))
    if not keys.entries or keys.tips() != listing.tips:
        raise Refused("the key log has other tips than the summary says")
    log = AgencyLog(keys)
    for page in listing.envelopes:
        log.take([Envelope.decode(wire) for wire in _sequence(source, f"{base}/envelopes", page)])
        if log.waiting:
            raise Refused("an envelope stands before its parents")
    if log.refused:
        raise Refused(f"envelopes are refused: {log.refused}")
    if log.heads != listing.heads:
        raise Refused("the envelopes have other heads than the summary says")
    for heartbeat in listing.heartbeats:
        if not heartbeat.is_named(log):
            raise Refused("a heartbeat by nobody's writer")
    followed = Followed(listing, log, listing.heartbeats)
    if listing.checkpoint is not None:
        _checkpoint(source, base, followed)
    return followed


def _checkpoint(source: Source, base: str, followed: Followed) -> None:
    name, pages = followed.listing.checkpoint
    checkpoint = Checkpoint.decode(source.get(f"{base}/checkpoints/{name.hex()}"))
    keys = followed.log.keys
    if checkpoint.name != name or checkpoint.agency != keys.genesis or list(checkpoint.pages) != pages:
        raise Refused("another checkpoint than the summary says")
    if not keys.names_writer(checkpoint.entry, checkpoint.writer):
        raise Refused("a checkpoint by nobody's writer")
    followed.checkpoint = checkpoint
    followed.pages = {page: source.named(f"{base}/rows", page) for page in set(checkpoint.pages)}


def paged(items: list[bytes]) -> list[tuple[list, bytes]]:
    """Pages of a CBOR sequence, each with its line in the summary."""
    pages, page = [], []
    for item in [*items, None]:
        if page and (item is None or sum(map(len, page)) + len(item) > MAX_PAGE):
            data = b"".join(page)
            pages.append(([sha256(data), len(page), len(data)], data))
            page = []
        if item is not None:
            page.append(item)
    return pages


class Folder:
    """A folder with files. Pages are written first, then summaries, then the index."""

    def __init__(self, path: str | Path):
        self.root = Path(path) / "federation"
        self.root.mkdir(parents=True, exist_ok=True)
        self.agencies: dict[bytes, dict] = {}

    def write(self, path: str, data: bytes) -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = place.with_name(f".{place.name}.new")
        beside.write_bytes(data)
        beside.replace(place)

    def listing(self, genesis, tips, heads, heartbeats, key_log, envelopes, checkpoint=None) -> bytes:
        """A summary file; nothing is checked, for hostile ones too."""
        fields = [1, [genesis, tips, heads, heartbeats], key_log, envelopes]
        return cbor.encode(fields if checkpoint is None else [*fields, checkpoint])

    def publish(self, genesis: bytes, agency: str, summary: bytes) -> None:
        self.write(f"{genesis.hex()}/summary", summary)
        self.agencies[genesis] = {"genesis": genesis.hex(), "agency": agency, "summary": sha256(summary).hex()}
        index = {"version": 1, "agencies": list(self.agencies.values())}
        self.write("index.json", json.dumps(index).encode())

    def pages(self, genesis: bytes, kind: str, items: list[bytes]) -> list[list]:
        lines = []
        for line, data in paged(items):
            self.write(f"{genesis.hex()}/{kind}/{line[0].hex()}", data)
            lines.append(line)
        return lines
