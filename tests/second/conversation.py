"""The conversation `/comity/1`: questions and answers. The wire under it is js-libp2p's: tests/interop/peer.mjs."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from pathlib import Path

from . import cbor
from .agency import Agency
from .carried import read_request, read_response
from .envelopes import Envelope
from .heartbeats import Heartbeat
from .key_log import Entry, KeyLog
from .log import AgencyLog
from .statements import Refused

PEER = Path(__file__).resolve().parent.parent / "interop" / "peer.mjs"
SECONDS = 45
MOST_BYTES = 524_288
EXCHANGE, KEY_LOG, ENVELOPES, PUSH, WHOLE, CHECKPOINT, ROWS, HELD = range(8)


def identity(seed: str) -> str:
    """The libp2p identity that follows from a text."""
    said = subprocess.run(["node", PEER, "identity", seed], capture_output=True, check=True, timeout=SECONDS)
    return json.loads(said.stdout)["identity"]


def summary_of(agency: Agency) -> list:
    log = agency.log
    heartbeats = [heartbeat.signed for _, heartbeat in sorted(agency.heartbeats.items())]
    return [agency.genesis, log.keys.tips()[:64], log.heads[:64], heartbeats]


def answer(agency: Agency, request: list) -> list:
    """What this agency answers; of others it holds nothing."""
    kind, fields = request
    log = agency.log
    ours = kind not in (EXCHANGE, HELD) and fields[0] == agency.genesis
    if kind == EXCHANGE:
        return [0, [[summary_of(agency)]]]
    if kind == KEY_LOG:
        known = {it.name for name in fields[1] if name in log.keys.entries for it in log.keys.path_to(name)}
        entries = [entry for entry in log.keys.entries.values() if entry.name not in known] if ours else []
        return [1, [[cbor.decode(entry.wire) for entry in entries], False]]
    if kind in (ENVELOPES, WHOLE):
        found, more = (asked_for(log, fields, kind) if ours else ([], False))
        return [2, [[cbor.decode(envelope.wire) for envelope in found], more]]
    if kind == CHECKPOINT:
        checkpoint = agency.checkpoint
        is_it = ours and checkpoint is not None and checkpoint.name == fields[1]
        return [4, [checkpoint.signed] if is_it else []]
    if kind == ROWS:
        pages = dict(zip(agency.checkpoint.pages, agency.pages)) if ours and agency.checkpoint else {}
        return [5, [pages[fields[1]]] if fields[1] in pages else []]
    return [3, []]


def asked_for(log: AgencyLog, fields: list, kind: int) -> tuple[list[Envelope], bool]:
    here = [name for name in fields[1] if name in log.index]
    if kind == WHOLE:
        return [log.kept[log.index[name]] for name in here], False
    mask = log.behind(here) & ~log.behind([name for name in fields[2] if name in log.index])
    found, size = [], 0
    for at, envelope in enumerate(log.kept):
        if mask >> at & 1:
            size += len(envelope.wire)
            if size > MOST_BYTES:
                return found, True
            found.append(envelope)
    return found, False


class Wire:
    """A connection to a node."""

    def __init__(self, agency: Agency, seed: str, address: str, held: list[bytes], lock: threading.Lock):
        self.agency, self.held, self.lock = agency, held, lock
        self.program = subprocess.Popen(
            ["node", PEER, "converse", seed, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.waiting: dict[int, queue.Queue] = {}
        self.asked: list[int] = []
        self.closed = False
        self.next = 0
        self.writing = threading.Lock()
        line = self.program.stdout.readline()
        if not line:
            raise Refused("the node cannot be reached")
        self.remote = json.loads(line)["connected"]
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        for line in self.program.stdout:
            said = json.loads(line)
            if "id" in said:
                self.waiting[said["id"]].put(said)
            elif "request" in said:
                self.answers(said["inbound"], bytes.fromhex(said["request"]))
            elif said.get("closed"):
                self.closed = True
        self.closed = True

    def answers(self, inbound: int, wire: bytes) -> None:
        request = read_request(wire)
        with self.lock:
            self.asked.append(request[0])
            if request[0] == HELD:
                self.held.append(cbor.encode(request[1][0]))
            response = cbor.encode(answer(self.agency, request))
        self.write({"inbound": inbound, "response": response.hex()})

    def write(self, line: dict) -> None:
        with self.writing:
            self.program.stdin.write(json.dumps(line) + "\n")
            self.program.stdin.flush()

    def asks_raw(self, data: bytes, raw: bool) -> bytes:
        self.next += 1
        waits = self.waiting[self.next] = queue.Queue()
        self.write({"id": self.next, "request": data.hex(), "raw": raw})
        try:
            said = waits.get(timeout=SECONDS)
        except queue.Empty:
            raise Refused("the node does not answer") from None
        if "error" in said:
            raise Refused(f"the node does not answer: {said['error']}")
        return bytes.fromhex(said["response"])

    def asks(self, request: list) -> list:
        written = cbor.encode(request)
        read_request(written)
        return read_response(self.asks_raw(written, False))

    def pushes(self, envelopes: list[Envelope], heartbeat: Heartbeat) -> None:
        """Told as soon as it is written; answered once it is on the node's disk."""
        told = [cbor.decode(envelope.wire) for envelope in envelopes]
        if self.asks([PUSH, [self.agency.genesis, told, heartbeat.signed]]) != [3, []]:
            raise Refused("a push is answered by something else")

    def learns(self, genesis: bytes) -> tuple[AgencyLog, list[Heartbeat]]:
        """All that the node holds of an agency, asked for and verified."""
        _, (summaries,) = self.asks([EXCHANGE, [[summary_of(self.agency)]]])
        found = next((it for it in summaries if it[0] == genesis), None)
        if found is None:
            raise Refused("the node names no such agency")
        _, tips, heads, heartbeats = found
        keys, more = KeyLog(genesis), True
        while more:
            _, (entries, more) = self.asks([KEY_LOG, [genesis, keys.tips()[:64] if keys.entries else []]])
            if more and not entries:
                raise Refused("an empty page with more")
            for entry in entries:
                keys.add(Entry.decode(cbor.encode(entry)))
        log, more = AgencyLog(keys), True
        while more:
            _, (envelopes, more) = self.asks([ENVELOPES, [genesis, heads, log.heads[:64]]])
            log.take([Envelope.decode(cbor.encode(it)) for it in envelopes])
            if (more and not envelopes) or log.waiting or log.refused:
                raise Refused(f"a page that cannot be kept: {log.refused}")
        if keys.tips() != tips or log.heads != heads:
            raise Refused("the node holds something else than it says")
        return log, [Heartbeat.open(it) for it in heartbeats]
