"""Follows a node, or a copy of its files, and prints as JSON what follows from them.

    python -m second.follow URL [--roots FILE] [--genesis HEX]…

Everything is verified on the way; exit code 1, with the reason, if anything does not hold.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

from .carried import fork_proof
from .files import Source, follow
from .statements import Refused, sha256
from .tell import tell_agency


def tell(source: Source, genesis: bytes, summary: str, now: int) -> dict:
    followed = follow(source, genesis)
    log = followed.log
    rows = log.rows()
    told = tell_agency(log, followed.heartbeats, rows, False, now)
    if followed.checkpoint is not None:
        told["checkpoint"] = compare(followed, rows)
    told["summary_as_in_index"] = sha256(followed.listing.data).hex() == summary
    told["fork_proofs"] = [
        fork_proof(log.keys, *(log.kept[log.index[name]] for name in names[:2])).hex() for _, _, names in log.forks()
    ]
    return told


def compare(followed, rows) -> dict:
    """What a checkpoint says, beside what the history behind its heads folds to."""
    checkpoint, log = followed.checkpoint, followed.log
    here = all(head in log.index for head in checkpoint.heads)
    same = None
    if here and checkpoint.entry == log.keys.last and not log.missing_values():
        same = log.rows(within=log.behind(checkpoint.heads)) == checkpoint.rows(followed.pages)
    return {"name": checkpoint.name.hex(), "pages": len(checkpoint.pages), "history_is_here": here, "rows_agree": same}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="second.follow", description=__doc__.split("\n\n")[0])
    parser.add_argument("url")
    parser.add_argument("--roots", metavar="FILE", help="certificates that the server's is signed by")
    parser.add_argument("--genesis", action="append", metavar="HEX", help="only this agency; can be given again")
    given = parser.parse_args(arguments)
    try:
        source = Source(given.url, given.roots)
        index = source.index()
        wanted = [it for it in index if not given.genesis or it["genesis"] in given.genesis]
        missing = set(given.genesis or []) - {it["genesis"] for it in index}
        if missing:
            raise Refused(f"the index does not list {', '.join(sorted(missing))}")
        now = int(time.time() * 1000)
        agencies = [tell(source, bytes.fromhex(it["genesis"]), it["summary"], now) for it in wanted]
    except Refused as error:
        print(f"second.follow: {error}", file=sys.stderr)
        return 1
    print(json.dumps({"version": 1, "files": source.fetched, "agencies": agencies}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
