"""Histories that chance makes: several writers, forks, scopes, ends, rotations, disputes, tombstones, void puts."""

from __future__ import annotations

import random

from . import cbor
from . import key_log as kl
from .agency import ALL, Agency, expunge, recognize, register, reserve, revoke, stand, suspend, withdraw
from .badges import did_key, multikey
from .envelopes import Envelope
from .statements import Refused, Signer

LIST = 7
SCOPES = (ALL, [1, [["status-list"]]], [1, [["trust-list"]]], [1, [["policy", "trust-list"]]])
REASONS = range(9)


class History:
    """A random history of one agency. What is played follows from the seed."""

    def __init__(self, agency: Agency, seed: int):
        self.agency, self.chance = agency, random.Random(seed)
        self.writers: list[Signer] = [agency.writer]
        self.now = agency.founded
        self.done: list[str] = []

    def tick(self) -> int:
        # two of one millisecond now and then
        self.now += self.chance.choice((0, 1, 1, 1_000))
        return self.now

    def issuer(self, number: int) -> list:
        key = self.agency.signer(f"issuer {number}").key
        identifier = did_key(key)
        methods = [[f"{identifier}#{multikey(key)}", multikey(key)]]
        for extra in range(2):
            if self.chance.random() < 0.5:
                other = multikey(self.agency.signer(f"issuer {number} key {extra}").key)
                compromised = self.chance.choice((None, self.now - 5, self.now - 9))
                method = [f"{identifier}#{other}", other, self.chance.choice((None, 5)), None, compromised]
                methods.append(kl.left_out(method))
        name = self.chance.choice(("Palmetto", "Pelican", "Piedmont"))
        agency = self.agency.name if self.chance.random() < 0.9 else "US-XX"
        url = self.chance.choice((None, "https://issuer.example"))
        own = [["https://a.example/1", "https://a.example/2"][: self.chance.randrange(3)], self.now]
        own = own if self.chance.random() < 0.3 else None
        return kl.left_out([identifier, name, agency, methods, url, self.chance.choice((None, 1)), own])

    def one_put(self) -> tuple[str, str, bytes]:
        chance, now = self.chance, self.now
        slot, at = chance.randrange(12), now - chance.randrange(3)
        identifier = f"g-{chance.randrange(4)}"
        sort = chance.randrange(14)
        if sort <= 2:
            return revoke(LIST, slot, chance.choice(REASONS), at)
        if sort <= 4:
            return suspend(LIST, slot, chance.random() < 0.6, chance.choice(REASONS), at)
        if sort == 5:
            return reserve(LIST, chance.randrange(4), at)
        if sort == 6:
            return expunge(LIST, slot, at, chance.random() < 0.5)
        if sort == 7:
            return register(self.issuer(chance.randrange(3)))
        if sort == 8:
            return recognize(identifier, self.issuer(chance.randrange(3)), [chance.randrange(9)], at)
        if sort == 9:
            return withdraw(identifier, at, chance.random() < 0.5)
        if sort == 10:
            issuer = did_key(self.agency.signer(f"issuer {chance.randrange(3)}").key)
            return stand(issuer, chance.randrange(3), at)
        if sort == 11:
            value = [f"c-{chance.randrange(2)}", chance.choice(("one", "two")), "a citation"]
            return "policy", f"criterion/{value[0]}", cbor.encode(value) if chance.random() < 0.8 else b""
        if sort == 12:
            return "notes/of-another-version", f"k{chance.randrange(4)}", bytes([chance.randrange(256)])
        return self.void_put()

    def void_put(self) -> tuple[str, str, bytes]:
        chance = self.chance
        slot = chance.randrange(12)
        return chance.choice((
            (f"status-list/{LIST}", f"r/{slot}", cbor.encode([9, self.now])),
            (f"status-list/{LIST}", f"r/{slot}", cbor.encode([1, self.now, None])),
            (f"status-list/{LIST}", f"r/{slot}", b"\x82\x01\x18\x05"),
            (f"status-list/{LIST}", "r/131072", cbor.encode([1, self.now])),
            (f"status-list/{LIST}", f"r/0{slot}", cbor.encode([1, self.now])),
            ("status-list/4294967296", f"r/{slot}", cbor.encode([1, self.now])),
            ("status-list/07", f"r/{slot}", cbor.encode([1, self.now])),
            (f"status-list/{LIST}", f"s/{slot}", cbor.encode([1, 1, self.now])),
            (f"status-list/{LIST}", "a/512", cbor.encode([self.now])),
            (f"status-list/{LIST}", f"x/{slot}", cbor.encode([self.now])),
            (f"status-list/{LIST}", "y/1", cbor.encode([self.now])),
            ("trust-list", "g/G-1", cbor.encode(["G-1", self.issuer(0), ALL, [1], self.now, None, False])),
            ("trust-list", "g/g-1", cbor.encode(["g-2", self.issuer(0), ALL, [1], self.now, None, False])),
            ("trust-list", "g/g-1", cbor.encode(["g-1", self.issuer(0), ALL, [], self.now, None, False])),
            ("trust-list", "g/g-1", cbor.encode(["g-1", self.issuer(0), [1, [[]]], [1], self.now, None, False])),
            ("trust-list", "w/g-1", cbor.encode([self.now])),
            ("trust-list", "i/" + "0" * 32, cbor.encode(self.issuer(0))),
            ("policy", "criterion/c-1", cbor.encode(["c-1", "", "a citation"])),
            ("policy", "about/x", cbor.encode(["Title", None, "Words"])),
            ("policy", "nothing/c-1", b""),
        ))

    def parents(self, signer: Signer) -> list[bytes]:
        """The heads; or fewer, as a writer has them that did not hear of all; or older ones, as a liar has them."""
        log, chance = self.agency.log, self.chance
        own = [log.kept[at].name for at in log.by_writer.get(signer.key, [])]
        luck = chance.random()
        if luck < 0.6 or not log.kept:
            return log.heads[:16]
        if luck < 0.85:
            newest = own[-1:]
            behind = log.behind(newest)
            beside = [it.name for at, it in enumerate(log.kept) if not behind >> at & 1]
            chosen = chance.sample(beside, min(len(beside), chance.randrange(2)))
            return self.apart(newest + chosen)
        return self.apart([chance.choice(log.kept).name])

    def apart(self, names: list[bytes]) -> list[bytes]:
        """Without those that are ancestors of others."""
        log = self.agency.log
        return [
            name for name in set(names)
            if not any(log.ancestors[log.index[other]] >> log.index[name] & 1 for other in names)
        ]

    def write(self) -> None:
        signer = self.chance.choice(self.writers)
        keys = self.agency.log.keys
        entry = keys.last
        if not keys.names_writer(entry, signer.key):
            entry = next((it for it in keys.entries if keys.names_writer(it, signer.key)), None)
        if entry is None:
            return
        puts = {put[:2]: put for put in (self.one_put() for _ in range(self.chance.randrange(1, 4)))}.values()
        log, parents = self.agency.log, self.parents(signer)
        reaches = [log.reach[log.index[parent]].get(signer.key, -1) for parent in parents]
        envelope = Envelope.sign(
            self.agency.genesis, signer, max(reaches, default=-1) + 1, parents, entry, self.now, list(puts),
            [self.agency.salt() for _ in puts],
        )
        log.take([envelope])
        if envelope.name not in log.index:
            raise Refused(f"an own envelope is not kept: {log.refused}")

    def some_last(self, signer: Signer) -> list[bytes]:
        log = self.agency.log
        own = [log.kept[at].name for at in log.by_writer.get(signer.key, [])]
        luck = self.chance.random()
        if luck < 0.5:
            return log.heads[:16]
        if luck < 0.9:
            return self.chance.sample(own, min(len(own), 1))
        return []

    def change_keys(self) -> None:
        agency, chance, now = self.agency, self.chance, self.tick()
        if agency.log.keys.dispute:
            return
        sort = chance.randrange(6)
        signer = chance.choice(self.writers)
        writer = agency.log.keys.state.writers.get(signer.key)
        if sort <= 1 and len(self.writers) < 5:
            self.writers.append(agency.add_writer(f"writer {len(self.writers)}", now, chance.choice(SCOPES)))
            self.done.append("added")
        elif sort == 2 and writer is not None and writer.ended is None:
            agency.enter(kl.WRITER_SCOPED, [signer.key, chance.choice(SCOPES), sorted(self.some_last(signer))], now)
            self.done.append("scoped")
        elif sort == 3 and writer is not None:
            agency.end_writer(signer.key, self.some_last(signer), chance.random() < 0.5, now)
            self.done.append("ended")
        elif sort == 4:
            agency.rotate(now)
            self.done.append("rotated")
        elif sort == 5 and chance.random() < 0.4:
            self.rivals(chance.randrange(2, 7), now)

    def rivals(self, count: int, now: int) -> None:
        """Several entries after one. A rotation among them, if there is one, counts."""
        keys, chance = self.agency.log.keys, self.chance
        before = keys.entries[keys.last]
        signers = [self.agency.signer(f"rival {before.position} {at}") for at in range(count)]
        for at, signer in enumerate(signers):
            content = [[signer.key, chance.choice(SCOPES)]]
            keys.add(kl.Entry.sign(
                before.position + 1, before.name, now + at, kl.WRITER_ADDED, content, self.agency.roots
            ))
        self.writers += signers[:2]
        if chance.random() < 0.5:
            after = [self.agency.signer(f"root {len(keys.entries) + 1}")]
            content = [[1, [self.agency.next_roots[0].key]], kl.commitment([1, [after[0].key]])]
            keys.add(kl.Entry.sign(
                before.position + 1, before.name, now, kl.ROOT_ROTATED, content, self.agency.next_roots
            ))
            self.agency.roots, self.agency.next_roots = self.agency.next_roots, after
        self.done.append("rivals")

    def play(self, steps: int) -> None:
        for _ in range(steps):
            self.tick()
            if self.chance.random() < 0.12:
                self.change_keys()
            else:
                self.write()
        for signer in self.writers:
            state = self.agency.log.keys.state.writers.get(signer.key)
            if state is not None and state.ended is None and self.chance.random() < 0.9:
                self.agency.beat(self.now, signer=signer, heads=self.agency.log.heads[:16])
