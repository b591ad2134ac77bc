"""The second implementation against itself: `python -m unittest second.self_test` in tests/."""

from __future__ import annotations

import random
import tempfile
import unittest
from pathlib import Path

from . import cbor, tell
from .agency import Agency, reserve, revoke, suspend
from .checkpoints import MAX_PART_BYTES, read_page, write_pages
from .files import Folder, Source, follow
from .histories import History
from .hostile import ATTACKS
from .log import AgencyLog
from .serve import Server
from .statements import Refused

FOUNDED = 1_767_225_600_000
SEEDS = range(6)


def agency(seed: int) -> Agency:
    return Agency("US-PY", "Pythonia", "https://py.example", b"self test %d" % seed, FOUNDED)


class SelfTest(unittest.TestCase):
    def test_an_order_of_arrival_does_not_matter(self):
        for seed in SEEDS:
            one = agency(seed)
            History(one, seed).play(50)
            shuffled = list(one.log.kept)
            random.Random(seed).shuffle(shuffled)
            other = AgencyLog(one.log.keys)
            for envelope in shuffled:
                other.take([envelope])
            with self.subTest(seed=seed):
                self.assertEqual((other.heads, other.rows(), other.forks()), (one.log.heads, one.log.rows(), one.log.forks()))
                self.assertEqual(other.grants_that_wait(), one.log.grants_that_wait())

    def test_pages_hold_the_rows_that_were_written(self):
        rows = {"status-list/3": {f"r/{at}": [cbor.encode([at % 9, FOUNDED + at * 7])] for at in range(120_000)}}
        rows["status-list/3"]["r/120001"] = [cbor.encode(None)]
        rows["status-list/3"]["s/1"] = [cbor.encode([False, 1, 5]), cbor.encode([True, 1, 5])]
        rows["trust-list"] = {f"g/{at}": [bytes(9_000)] for at in range(70)}
        pages = write_pages(rows)
        self.assertGreater(len(pages), 4)
        found: dict = {}
        for page in pages:
            self.assertLess(len(page), 2 * MAX_PART_BYTES)
            document, keys = read_page(page)
            found.setdefault(document, {}).update(keys)
        self.assertEqual(found, rows)

    def test_a_form_that_is_not_the_one_is_refused(self):
        for text in ("1817", "190017", "f7", "a0", "c000", "5f40ff", "9fff", "fb3ff0000000000000", "62c328", "8200", "0000"):
            with self.subTest(text), self.assertRaises(cbor.CborError):
                cbor.decode(bytes.fromhex(text))
        with self.assertRaises(cbor.CborError):
            cbor.decode(b"\x81" * 100_000 + b"\x00")

    def test_above_a_checkpoint_only_what_takes_away_counts(self):
        one = agency(0)
        first = one.put([suspend(7, 1, True, 1, FOUNDED)], FOUNDED + 1)
        one.put([suspend(7, 1, False, 1, FOUNDED)], FOUNDED + 2)
        checkpoint, pages = one.check_point(FOUNDED + 3), one.pages
        puts = [suspend(7, 3, True, 1, FOUNDED), suspend(7, 4, False, 1, FOUNDED), revoke(7, 5, 1, FOUNDED), reserve(7, 0, 1)]
        newer = one.put(puts, FOUNDED + 4)
        log = AgencyLog(one.log.keys)
        log.take([first, newer])
        rows, based = tell.rows_beside(log, [(checkpoint, pages)])
        self.assertTrue(based)
        self.assertEqual(sorted(rows["status-list/7"]), ["r/5", "s/1", "s/3"])
        self.assertFalse(cbor.decode(rows["status-list/7"]["s/1"][0])[0])

    def test_every_lie_that_is_blamed_is_refused_here(self):
        with tempfile.TemporaryDirectory(prefix="comity-second-") as place:
            folder = Folder(place)
            source = Source(Server(Path(place), None).url)
            for name, attack in ATTACKS.items():
                one = agency(len(name))
                one.put([revoke(7, 400, 2, FOUNDED)], FOUNDED)
                one.publish(folder)
                self.assertEqual(len(follow(source, one.genesis).log.kept), 1)
                attack.write(one, folder, FOUNDED + 1, 8)
                with self.subTest(name):
                    if attack.a_node == "blames":
                        with self.assertRaises(Refused):
                            # more than one page of a name is one page, and its rows stand twice
                            followed = follow(source, one.genesis)
                            followed.checkpoint.rows(followed.pages)


if __name__ == "__main__":
    unittest.main()
