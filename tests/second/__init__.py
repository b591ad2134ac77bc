"""A second implementation of Comity's protocol, written from protocol/PROTOCOL.md alone.

It shares no line with the node: where both agree, the text says enough; where they do not, one of the three is wrong.

* `cbor`, `shapes`, `statements`: bytes, arrays and signatures.
* `key_log`, `envelopes`, `log`, `documents`, `heartbeats`, `checkpoints`: one agency, from its entries to its rows.
* `carried`: countersignatures, introductions, tickets, messages, fork proofs.
* `oracle`: what follows from the bytes in a node's store, as JSON.
* `files`, `follow`, `agency`, `serve`: the files under /federation/: read, followed, written and served.
* `hostile`: files that no honest agency writes.

Run anything in it from tests/, with the Python of its environment: `python -m second.oracle --sqlite FILE`.
"""
