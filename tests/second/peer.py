"""An agency at work, whose files a node can follow: serves them, and does what each line of its input says.

    python -m second.peer --agency US-PY --folder DIR [--seed TEXT] [--http]

Prints a line of JSON when it serves: `genesis`, `url`, `roots`. Then, for each line such as
`{"do": "revoke", "index": 5}`, one line with what it did. Times are milliseconds in `now`; without it, this machine's.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from datetime import datetime, timezone
from pathlib import Path

from . import agency as acts
from .agency import DAY, Agency
from .badges import badge, did_key, multikey
from .carried import Countersignature
from .conversation import Wire, identity
from .envelopes import Envelope
from .files import Folder
from .histories import History
from .hostile import ATTACKS
from .serve import Server, certificates
from .statements import Refused
from .tell import tell_agency

LIST = 7


class Peer:
    def __init__(self, agency: Agency, folder: Folder, server: Server):
        self.agency, self.folder, self.server = agency, folder, server
        self.issuer = agency.signer("an issuer")
        self.wire: Wire | None = None
        self.lock = threading.Lock()
        self.issuer_name = f"{agency.title} Second Institute"

    def described(self) -> list:
        """The issuer as a trust list names it."""
        identifier = did_key(self.issuer.key)
        method = f"{identifier}#{multikey(self.issuer.key)}"
        return [identifier, self.issuer_name, self.agency.name, [[method, multikey(self.issuer.key)]]]

    def put(self, puts, now: int, term: int = DAY) -> dict:
        envelope = self.agency.put(puts, now)
        if term != DAY:
            self.agency.beat(now, term)
        self.agency.publish(self.folder)
        self.to_push.append(envelope)
        return {"envelope": envelope.name.hex(), "heads": [name.hex() for name in self.agency.log.heads]}

    def another(self, seed: int, now: int, steps: int) -> dict:
        """Another agency beside this one, with a history that chance made, in the same files."""
        name = f"{self.agency.name}:s{seed}"
        agency = Agency(name, f"Pythonia {seed}", f"{self.agency.url}/s{seed}", b"history %d" % seed, now)
        history = History(agency, seed)
        history.play(steps)
        agency.publish(self.folder)
        log = agency.log
        return {
            "agency": name, "genesis": agency.genesis.hex(), "kept": len(log.kept), "keys": history.done,
            "heads": [head.hex() for head in log.heads],
        }

    def held(self, wire: bytes) -> dict:
        """A countersignature that somebody posted here; its key is known from nowhere but itself."""
        word = Countersignature.decode(wire)
        own = word.origin == self.agency.genesis
        return {
            "holder": word.holder.hex(), "writer": word.writer.hex(), "is_ours": own, "at": word.at,
            "holds_all": own and list(word.heads) == self.agency.log.heads,
        }

    def do(self, order: dict) -> dict:
        """Carries an order out, and tells the node at the other end of the wire what was written."""
        self.to_push: list[Envelope] = []
        if order["do"] in ("dial", "identity", "learn", "sends", "wire"):
            return self.speak(order)
        with self.lock:
            did = self.do_at_home(order)
        if self.wire is not None and self.to_push:
            self.wire.pushes(self.to_push, self.agency.heartbeats[self.agency.writer.key])
        return did

    def speak(self, order: dict) -> dict:
        """What is said over libp2p."""
        what = order["do"]
        if what == "identity":
            return {"identity": identity(self.agency.name)}
        if what == "dial":
            if self.wire is not None:
                self.wire.program.kill()
            seed = order.get("seed", self.agency.name)
            self.wire = Wire(self.agency, seed, order["address"], self.server.posted, self.lock)
            return {"connected": self.wire.remote}
        if what == "learn":
            log, heartbeats = self.wire.learns(bytes.fromhex(order["genesis"]))
            return {"agencies": [tell_agency(log, heartbeats, log.rows(), False, order["now"])]}
        if what == "sends":
            try:
                return {"response": self.wire.asks_raw(bytes.fromhex(order["bytes"]), order.get("raw", False)).hex()}
            except Refused as error:
                return {"response": None, "why": str(error)}
        return {"closed": self.wire.closed, "asked": self.wire.asked}

    def do_at_home(self, order: dict) -> dict:
        now = order.get("now") or int(time.time() * 1000)
        what, index = order["do"], order.get("index", 0)
        number, reason = order.get("list", LIST), order.get("reason", 0)
        if what == "register":
            described = self.described()
            puts = [acts.register(described), acts.stand(described[0], 0, now), acts.reserve(number, 0, now)]
            return {**self.put(puts, now), "issuer": described[0], "name": described[1], "described": described}
        if what == "badge":
            at = datetime.fromtimestamp(now // 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
            made = badge(
                self.issuer, self.issuer_name, self.agency.url, number, index, order.get("subject", "Sam Rivera"),
                "Reading Elsewhere", at,
            )
            return {"badge": json.dumps(made)}
        if what == "revoke":
            return self.put([acts.revoke(number, index, reason, order.get("at", now))], now)
        if what in ("suspend", "reinstate"):
            return self.put([acts.suspend(number, index, what == "suspend", reason, order.get("at", now))], now)
        if what == "expunge":
            return self.put([acts.expunge(number, index, now, order.get("suspended", False))], now)
        if what == "recognize":
            return self.put([acts.recognize(order["id"], self.described(), [0, 1], now)], now)
        if what == "withdraw":
            return self.put([acts.withdraw(order["id"], now, order.get("earlier_stay", False))], now)
        if what == "beat":
            beat = self.agency.beat(now, order.get("term", DAY))
            self.agency.publish(self.folder)
            return {"issued": beat.issued, "next_by": beat.next_by}
        if what == "checkpoint":
            checkpoint = self.agency.check_point(now)
            self.agency.publish(self.folder)
            return {"checkpoint": checkpoint.name.hex(), "pages": len(checkpoint.pages)}
        if what == "rotate":
            entry = self.agency.rotate(now)
            self.agency.beat(now)
            self.agency.publish(self.folder)
            return {"entry": entry.name.hex()}
        if what == "attack":
            attack = ATTACKS[order["attack"]]
            did = attack.write(self.agency, self.folder, now, order.get("size", 0))
            return {**did, "a_node": attack.a_node, "why": attack.why}
        if what == "play":
            history = History(self.agency, order["seed"])
            history.now = now
            history.play(order.get("steps", 60))
            self.agency.publish(self.folder)
            log = self.agency.log
            return {"kept": len(log.kept), "forks": len(log.forks()), "keys": history.done,
                    "dispute": [name.hex() for name in log.keys.dispute]}
        if what == "crowd":
            seeds = range(order["seed"], order["seed"] + order["count"])
            return {"agencies": [self.another(seed, now, order.get("steps", 60)) for seed in seeds]}
        if what == "held":
            return {"held": [self.held(wire) for wire in self.server.posted]}
        if what == "honest":
            self.agency.beat(now)
            self.agency.publish(self.folder)
            return {}
        if what == "asked":
            return {"asked": sum(self.server.asked.values()), "posted": len(self.server.posted)}
        if what == "attacks":
            return {"attacks": {name: attack.a_node for name, attack in ATTACKS.items()}}
        raise ValueError(f"`{what}` is no order")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="second.peer", description=__doc__.split("\n\n")[0])
    parser.add_argument("--agency", required=True)
    parser.add_argument("--title", default="Pythonia")
    parser.add_argument("--folder", required=True)
    parser.add_argument("--seed", default="second")
    parser.add_argument("--url", help="the URL of its node, as its founding says; without it, where it serves")
    parser.add_argument("--founded", type=int, default=int(time.time() * 1000))
    parser.add_argument("--http", action="store_true", help="serve by plain HTTP")
    given = parser.parse_args(arguments)
    root = Path(given.folder)
    (root / "files").mkdir(parents=True, exist_ok=True)
    roots, *tls = (None,) if given.http else certificates(root)
    server = Server(root / "files", tuple(tls) or None)
    url = given.url or server.url.replace("http:", "https:")
    agency = Agency(given.agency, given.title, url, given.seed.encode(), given.founded)
    folder = Folder(root / "files")
    agency.beat(given.founded)
    agency.publish(folder)
    peer = Peer(agency, folder, server)
    said = {"genesis": agency.genesis.hex(), "url": server.url, "roots": None if roots is None else str(roots)}
    print(json.dumps(said), flush=True)
    for line in sys.stdin:
        try:
            answer = peer.do(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
